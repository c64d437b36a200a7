"""The scoreboard for people and programs: text to paste, JSON, a page, and Markdown for the UI."""

import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from vdata_assets.catalog.catalog_json import write_json
from vdata_assets.evaluation.schema import Verdict
from vdata_assets.reports import html_page, markdown
from vdata_assets.reports.names import one_line
from vdata_assets.reports.scoreboard_plots import changes_plot, figures_plot

NONE = "-"
HEAD = {
    "figure": "Figure",
    "measures": "Measures",
    "n": "Queries",
    "baseline": "Baseline",
    "checkpoint": "Checkpoint",
    "change": "Change",
    "interval": "95 % interval",
    "target": "Target",
    "chance": "Chance",
    "verdict": "Verdict",
}
LEFT = ("figure", "measures", "verdict")
UNITS = (
    "Values and changes are points from 0 to 100 over the queries that count on both sides; intervals are "
    "from a paired bootstrap; chance is what a random order would give. A gain is above zero by its whole "
    "interval, and the checkpoint above chance by its own."
)
PLOTS = (
    ("Baseline, checkpoint and chance of every figure, in points", figures_plot),
    ("Change of every figure with its 95 % interval, its target and its verdict", changes_plot),
)
TABLE_STYLE = """
.met, .gain { color: #00664a; font-weight: 600; } .missed, .loss { color: #a34700; font-weight: 600; }
.not-measurable, .missing { color: #595959; font-weight: 600; }
"""


def write_scoreboard(
    table: pl.DataFrame, out: Path, *, title: str, about: Mapping[str, str] | None = None
) -> None:
    """Write ``scoreboard.parquet``, ``.json``, ``.txt`` and ``.html``, a page that stands alone.

    Args:
        table: of schema Scoreboard.
        out: folder; it exists.
        title: head line.
        about: what is compared, by name, e.g. dataset, encoder and checkpoint; from outside, escaped here.
    """
    about = about or {}
    table.write_parquet(out / "scoreboard.parquet")
    write_json(out / "scoreboard.json", _content(table, title, about))
    (out / "scoreboard.txt").write_text(scoreboard_text(table, title, about), encoding="utf-8")
    (out / "scoreboard.html").write_text(_page(table, title, about), encoding="utf-8")


def headline(table: pl.DataFrame) -> str:
    """How many targets are met, missed, not measurable and missing."""
    targets = table.filter("target")["verdict"].cast(pl.String).to_list()
    others = [
        f"{targets.count(verdict.value)} {verdict.value}"
        for verdict in (Verdict.MISSED, Verdict.NOT_MEASURABLE, Verdict.MISSING)
        if verdict.value in targets
    ]
    met = f"{targets.count(Verdict.MET.value)} of {len(targets)} targets met"
    return f"{met}; {', '.join(others)}" if others else met


def scoreboard_text(table: pl.DataFrame, title: str, about: Mapping[str, str]) -> str:
    """The table in plain text, its columns aligned, as people paste it into a message."""
    rows = [tuple(HEAD.values()), *(tuple(cells.values()) for cells in _cells(table))]
    widths = [max(_width(row[column]) for row in rows) for column in range(len(HEAD))]
    left = [name in LEFT for name in HEAD]
    lines = [f"{one_line(title)}: {headline(table)}", UNITS, ""]
    lines += [f"{one_line(name)}: {one_line(value)}" for name, value in about.items()]
    lines += [""] * bool(about)
    for number, row in enumerate(rows):
        padded = [
            cell + " " * (width - _width(cell)) if to_left else " " * (width - _width(cell)) + cell
            for cell, width, to_left in zip(row, widths, left, strict=True)
        ]
        lines.append("  ".join(padded).rstrip())
        if not number:
            lines.append("  ".join("-" * width for width in widths))
    return "\n".join(lines) + "\n"


def scoreboard_markdown(table: pl.DataFrame) -> str:
    """The table with verdicts, and both plots, for the UI."""
    cells = pl.DataFrame(
        [dict(zip(HEAD.values(), row.values(), strict=True)) for row in _cells(table)],
        schema=dict.fromkeys(HEAD.values(), pl.String),
    )
    blocks = [
        f"**{headline(table)}**",
        markdown.table(cells),
        UNITS,
        *(markdown.image(title, plot(table)) for title, plot in PLOTS),
    ]
    return "\n\n".join(blocks)


def _cells(table: pl.DataFrame) -> list[dict[str, str]]:
    """Every row as people read it, on one line; keys as in ``HEAD``."""
    return [
        {
            "figure": one_line(row["name"]),
            "measures": _measures(row),
            "n": f"{row['n']:,}",
            "baseline": _number(row["baseline"]),
            "checkpoint": _number(row["checkpoint"]),
            "change": _number(row["delta"], "+"),
            "interval": _range(row["low"], row["high"]),
            "target": _target(row),
            "chance": _number(row["chance"]),
            "verdict": row["verdict"],
        }
        for row in table.with_columns(pl.col("verdict").cast(pl.String)).iter_rows(named=True)
    ]


def _measures(row: Mapping[str, Any]) -> str:
    figure = f"{row['facet']} {row['metric']}@{row['k']}"
    where = "" if row["slice_by"] is None else f" where {row['slice_by']} is {row['slice_value']}"
    return one_line(figure + where)


def _number(value: float | None, sign: str = "") -> str:
    # Rounded first, so that no figure is shown as -0.0.
    return NONE if value is None else f"{round(value, 1) + 0.0:{sign}.1f}"


def _range(low: float | None, high: float | None) -> str:
    return NONE if low is None or high is None else f"{_number(low, '+')} to {_number(high, '+')}"


def _target(row: Mapping[str, Any]) -> str:
    if row["min_gain"] is None:
        return NONE
    if row["max_gain"] is None:
        return f"{row['min_gain']:+g}"
    return f"{row['min_gain']:+g} to {row['max_gain']:+g}"


def _width(text: str) -> int:
    """How many places the text takes in a fixed-width font: wide characters two, combining ones none."""
    return sum(
        0 if unicodedata.combining(character) else 1 + (unicodedata.east_asian_width(character) in "FW")
        for character in text
    )


def _content(table: pl.DataFrame, title: str, about: Mapping[str, str]) -> dict[str, Any]:
    rows = table.with_columns(pl.col("verdict").cast(pl.String)).to_dicts()
    verdicts = [row["verdict"] for row in rows if row["target"]]
    return {
        "title": title,
        "about": dict(about),
        "unit": "points, 0 to 100",
        "targets": {verdict.value: verdicts.count(verdict.value) for verdict in list(Verdict)[:4]},
        "figures": rows,
    }


def _page(table: pl.DataFrame, title: str, about: Mapping[str, str]) -> str:
    facts = "".join(
        f"<dt>{html_page.text(name)}</dt><dd>{html_page.text(value)}</dd>" for name, value in about.items()
    )
    head = "".join(f'<th scope="col">{html_page.text(name)}</th>' for name in HEAD.values())
    body = "\n".join(f"<tr>{_row(cells)}</tr>" for cells in _cells(table))
    plots = "\n".join(f"<p>{html_page.picture(name, plot(table))}</p>" for name, plot in PLOTS)
    content = (
        f"<main>\n<h1>{html_page.text(title)}</h1>\n<p><strong>{html_page.text(headline(table))}</strong></p>\n"
        + (f"<dl>{facts}</dl>\n" if facts else "")
        + f'<div class="scroll" tabindex="0" role="region" aria-label="Scoreboard">\n<table>\n'
        f"<caption>{html_page.text(UNITS)}</caption>\n<thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{body}\n</tbody>\n</table>\n</div>\n{plots}\n</main>"
    )
    return html_page.page(title, content, TABLE_STYLE)


def _row(cells: Mapping[str, str]) -> str:
    parts = [f'<th scope="row"><bdi>{html_page.text(cells["figure"])}</bdi></th>']
    for name, cell in list(cells.items())[1:]:
        kind = cell.replace(" ", "-") if name == "verdict" else "" if name in LEFT else "number"
        parts.append(f'<td class="{kind}">{html_page.text(cell)}</td>')
    return "".join(parts)
