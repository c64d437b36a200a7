"""The report of conversations about classes: Markdown for the UI, a page that stands alone, and JSON."""

from pathlib import Path

import polars as pl

from vdata_assets.catalog.catalog_json import write_json
from vdata_assets.reports import class_plots, markdown
from vdata_assets.reports.class_figures import ClassFigures, figures_json, figures_of
from vdata_assets.reports.class_page import class_page
from vdata_assets.reports.class_sheet import conversation_sheet, shown_samples
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
from vdata_assets.reports.embed import SHEET_BYTES, encoded

PAGE, FIGURES = "report.html", "figures.json"
MAX_ROWS = 200
MAX_UNREADABLE = 20


def class_report_markdown(
    samples: pl.DataFrame | pl.LazyFrame,
    images: pl.DataFrame,
    templates: pl.DataFrame,
    *,
    root: Path,
    seed: int = 0,
) -> dict[str, str]:
    """The report for the UI: title -> Markdown with its pictures inside; all names in it are escaped.

    Args:
        samples: all samples, those that oversampling added too: ``sample_id``, ``image_id``, ``path``,
            ``class``, ``split``, ``copy`` (0 for an image's own sample, from 1 for an added one) and
            ``turns`` (a list of structs ``role`` and ``text``).
        images: all files of the catalog: ``image_id``, ``path``, ``class`` and ``reason`` (null, or why the
            file is unreadable).
        templates: how often a template was drawn: ``template``, ``kind`` (question, answer, negative,
            choice or others; they are shown in the order of the rows), ``split`` and ``times``.
        root: folder that paths are relative to.
        seed: decides which samples the contact sheet shows.
    """
    figures = figures_of(samples, images, templates)
    drawn = {name: markdown.image(plot.title, plot.data) for name, plot in plots(figures).items()}
    shown = shown_samples(samples, images, root, seed)
    sheet = encoded(conversation_sheet(shown, "Conversations", shown_line(figures, shown)), SHEET_BYTES)
    return {
        "Samples per class": "\n\n".join(
            [
                headline(figures),
                drawn["classes"],
                imbalance_line(figures, markdown.escaped),
                markdown.table(split_table(figures)),
                markdown.table(class_table(figures), MAX_ROWS),
            ]
        ),
        "Template usage": "\n\n".join(
            [
                drawn["templates"],
                markdown.table(template_table(figures), MAX_ROWS),
            ]
        ),
        "Turns": "\n\n".join([turns_line(figures), drawn["turns"]]),
        "Conversations": markdown.image(f"Conversations of {len(shown)} samples", sheet),
        "Unreadable images": markdown.table(figures.unreadable, MAX_UNREADABLE)
        if figures.unreadable.height
        else "Every image is readable.",
    }


def write_class_report(
    samples: pl.DataFrame | pl.LazyFrame,
    images: pl.DataFrame,
    templates: pl.DataFrame,
    *,
    root: Path,
    out: Path,
    title: str,
    seed: int = 0,
) -> None:
    """Write ``report.html``, a page that stands alone, and ``figures.json``, what its tables and plots say.

    Args:
        samples: as for :func:`class_report_markdown`.
        images: likewise.
        templates: likewise.
        root: likewise.
        out: folder; it exists.
        title: head line; from outside, escaped here.
        seed: decides which samples are shown.
    """
    figures = figures_of(samples, images, templates)
    shown = shown_samples(samples, images, root, seed)
    page = class_page(figures, plots(figures), shown, title)
    (out / PAGE).write_text(page, encoding="utf-8")
    write_json(out / FIGURES, figures_json(figures))


def plots(figures: ClassFigures) -> dict[str, Picture]:
    """All plots, by name."""
    every = (
        Picture(
            "classes",
            "Samples per class and split, before and after oversampling",
            class_plots.samples_per_class(figures),
        ),
        Picture("templates", "How often each template was drawn", class_plots.template_usage(figures)),
        Picture("turns", "Turns per sample", class_plots.turns_per_sample(figures)),
    )
    return {picture.name: picture for picture in every}
