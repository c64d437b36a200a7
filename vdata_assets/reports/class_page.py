"""The report of conversations about classes as a page that stands alone."""

from collections.abc import Mapping, Sequence

import polars as pl

from vdata_assets.reports import html_page
from vdata_assets.reports.class_figures import ClassFigures
from vdata_assets.reports.class_sheet import Shown
from vdata_assets.reports.class_tables import (
    class_table,
    headline,
    imbalance_line,
    shown_line,
    split_table,
    template_table,
    turns_line,
)
from vdata_assets.reports.concept_page import Picture
from vdata_assets.reports.embed import encoded
from vdata_assets.reports.html_page import text

MAX_ROWS = 2_000
MAX_TEXT = 2_000
THUMBNAIL_BYTES = 12_000
STYLE = """
.samples { display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fill, minmax(min(28rem, 100%), 1fr)); }
article { display: grid; grid-template-columns: 11rem 1fr; gap: 1rem; padding: .8rem;
  border: 1px solid #d9d9d9; border-left: .3rem solid #8c8c8c; }
article.train { border-left-color: #0072b2; } article.val { border-left-color: #56b4e9; }
article.test { border-left-color: #e69f00; }
article h3, article p { margin: 0; overflow-wrap: anywhere; }
.about { color: #595959; font-size: .85rem; }
.turns { margin: .6rem 0 0; } .turns dt { color: #595959; font-size: .85rem; }
.turns dd { margin: 0 0 .4rem; overflow-wrap: anywhere; }
.placeholder { display: flex; align-items: center; justify-content: center; width: 176px; min-height: 176px;
  background: #e8e8e8; border: 1px dashed #595959; font-size: .85rem; overflow-wrap: anywhere; }
th.number { text-align: right; } td { overflow-wrap: anywhere; } td:not(.number) { min-width: 6rem; }
@media (max-width: 40rem) { .samples, article { grid-template-columns: 1fr; } }
"""
KNOWN_SPLITS = frozenset({"train", "val", "test"})


def class_page(
    figures: ClassFigures, plots: Mapping[str, Picture], shown: Sequence[Shown], title: str
) -> str:
    """The whole page; text from outside is escaped, and nothing but the split's known names is in a class.

    Args:
        figures: what tables say.
        plots: by name: classes, templates and turns.
        shown: samples with their conversations.
        title: head line.
    """
    blocks = [
        f"<main>\n<h1>{text(title)}</h1>",
        f"<p><strong>{text(headline(figures))}</strong></p>",
        "<h2>Samples per class</h2>",
        _plot(plots["classes"]),
        f"<p>{imbalance_line(figures, text)}</p>",
        _table("Samples of every split", split_table(figures)),
        _table("Images and samples of every class", class_table(figures)),
        "<h2>Template usage</h2>",
        _plot(plots["templates"]),
        _table("Templates", template_table(figures)),
        "<h2>Turns</h2>",
        f"<p>{text(turns_line(figures))}</p>",
        _plot(plots["turns"]),
        "<h2>Conversations</h2>",
        f"<p>{text(shown_line(figures, shown))}</p>",
        '<div class="samples">',
        *(_sample(each) for each in shown),
        "</div>",
        "<h2>Unreadable images</h2>",
        _table("Why images are not used", figures.unreadable)
        if figures.unreadable.height
        else "<p>Every image is readable.</p>",
        "</main>",
    ]
    return html_page.page(title, "\n".join(blocks), STYLE)


def _plot(plot: Picture) -> str:
    return f"<p>{html_page.picture(plot.title, plot.data)}</p>"


def _table(caption: str, frame: pl.DataFrame) -> str:
    """The frame as a table that scrolls sideways where it must."""
    head = "".join(
        f'<th scope="col" class="{"number" if dtype.is_numeric() else "text"}">{text(name)}</th>'
        for name, dtype in frame.schema.items()
    )
    body = "\n".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in frame.head(MAX_ROWS).iter_rows())
    left = frame.height - MAX_ROWS
    more = f"\n<p>{left:,} more rows are not shown.</p>" if left > 0 else ""
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{text(caption)}">\n<table>\n'
        f"<caption>{text(caption)}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n"
        f"</table>\n</div>{more}"
    )


def _cell(value: object) -> str:
    match value:
        case int():
            return f'<td class="number">{value:,}</td>'
        case float():
            return f'<td class="number">{value:,.2f}</td>'
    return f"<td><bdi>{text(value)}</bdi></td>"


def _sample(shown: Shown) -> str:
    """A sample's picture, or why there is none, beside its conversation."""
    sample = shown.sample
    split = sample["split"] if sample["split"] in KNOWN_SPLITS else "other"
    if shown.picture is None:
        picture = f'<div class="placeholder">no picture: {text(shown.reason)}</div>'
    else:
        width, height = shown.picture.size
        picture = html_page.picture(
            f"Picture of class {sample['class']}",
            encoded(shown.picture, THUMBNAIL_BYTES),
            f'width="{width}" height="{height}"',
        )
    turns = "".join(f'<dt>{text(role)}</dt><dd dir="auto">{_lines(said)}</dd>' for role, said in shown.turns)
    return (
        f'<article class="{split}"><div>{picture}</div>\n<div><h3><bdi>{text(sample["class"])}</bdi></h3>\n'
        f'<p class="about">{text(shown.about)}</p>\n'
        f'<p class="about"><bdi>{text(sample["sample_id"])}</bdi></p>\n'
        f'<dl class="turns">{turns}</dl></div></article>'
    )


def _lines(said: str) -> str:
    """The text with its own line breaks; of a very long one the beginning."""
    shown = "<br>".join(text(line) for line in said[:MAX_TEXT].splitlines())
    left = len(said) - MAX_TEXT
    return f"{shown}… ({left:,} more characters)" if left > 0 else shown
