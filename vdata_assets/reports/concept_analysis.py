"""The analysis of a dataset of concepts: figures, plots and contact sheets, as files and as a page."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from vdata_assets.reports import plots, statistics
from vdata_assets.reports.concept_page import Picture, page
from vdata_assets.reports.embed import SHEET_BYTES, encoded
from vdata_assets.reports.settings import AnalysisSettings
from vdata_assets.reports.sheets import category_sheet
from vdata_resources.parallel import usable_cores
from vdata_resources.progress import Progress

SHEETS = "contact_sheets"
SHEET_COLUMNS = ("image_id", "path", "concept", "split", "reason")


@dataclass(frozen=True)
class Analysis:
    """What a user interface shows.

    Attributes:
        page: Markdown with embedded pictures, about 1 MB at most.
        figures: whole numbers to plot over time.
    """

    page: str
    figures: dict[str, int]


def analyse(
    images: pl.LazyFrame,
    categories: pl.DataFrame,
    root: Path,
    out: Path,
    *,
    settings: AnalysisSettings,
    log: Callable[[str], object],
    retrieval: pl.LazyFrame | None = None,
    workers: int | None = None,
) -> Analysis:
    """Analyse a catalog, and its retrieval rows if there are any.

    Writes ``analysis.json``, ``counts.parquet`` (:class:`~vdata_assets.reports.schema.Counts`),
    ``plots/*.png`` and ``contact_sheets/<partition>.jpg`` for each category. Of pictures, memory holds
    one sheet a worker.

    Args:
        images: rows of ``catalog.schema.Images``.
        categories: rows of ``catalog.schema.Categories``; a category may be without images.
        root: folder that the images' paths are relative to.
        out: an existing folder for the files.
        settings: what is drawn.
        log: where a line of progress goes.
        retrieval: rows of ``retrieval.schema.RetrievalRows`` or ``CombinedRows``.
    """
    counts = statistics.concept_counts(images)
    counts.write_parquet(out / "counts.parquet")
    by_category = statistics.category_counts(counts, categories)
    slots = statistics.slot_similarities(retrieval) if retrieval is not None else None
    report = {
        "totals": totals(by_category),
        "concept_sizes": statistics.concept_sizes(counts),
        **statistics.image_figures(images),
        "retrieval": statistics.retrieval_figures(slots) if slots is not None else None,
        "categories": by_category.to_dicts(),
    }
    (out / "analysis.json").write_text(json.dumps(report, indent=2, ensure_ascii=False), encoding="utf-8")
    drawn = draw_plots(counts, by_category, statistics.size_counts(images), slots)
    write_plots(drawn, out / "plots")
    write_sheets(images, by_category, root, out / SHEETS, settings.seed, workers, log)
    shown = by_category.head(settings.shown_sheets)
    sheets = [
        Picture(partition, category, (out / SHEETS / f"{partition}.jpg").read_bytes())
        for category, partition in shown.select("category", "partition").iter_rows()
    ]
    return Analysis(page(report, by_category, drawn, sheets), report["totals"])


def totals(by_category: pl.DataFrame) -> dict[str, int]:
    """The figures of the whole dataset."""
    measured = by_category.select(pl.col("concepts", *statistics.MEASURES).sum()).row(0, named=True)
    return {"categories": by_category.height, **measured}


def draw_plots(
    counts: pl.DataFrame, by_category: pl.DataFrame, sizes: pl.DataFrame, slots: pl.DataFrame | None
) -> list[Picture]:
    """All plots of the dataset."""
    categories = by_category.with_columns(name="category")
    concepts = counts.with_columns(name=pl.format("{} / {}", "category", "concept"))
    drawn = [
        Picture(
            "categories", "Images per category", plots.images_per_group(categories, "category", "categories")
        ),
        Picture("concepts", "Images per concept", plots.images_per_group(concepts, "concept", "concepts")),
        Picture("image_sizes", "Image sizes", plots.image_sizes(sizes)),
    ]
    if slots is not None:
        positive, distractors = (
            slots.filter(pl.col("positive") == wanted)["similarity"].to_numpy() for wanted in (True, False)
        )
        picture = plots.similarity_histogram(positive, distractors)
        drawn.append(Picture("similarities", "Similarity to the query", picture))
    return drawn


def write_plots(drawn: list[Picture], folder: Path) -> None:
    """Each plot as a PNG file."""
    folder.mkdir()
    for picture in drawn:
        (folder / f"{picture.name}.png").write_bytes(picture.data)


def write_sheets(
    images: pl.LazyFrame,
    by_category: pl.DataFrame,
    root: Path,
    folder: Path,
    seed: int,
    workers: int | None,
    log: Callable[[str], object],
) -> None:
    """A contact sheet for each category as a JPEG file; threads decode, draw and encode whole sheets."""
    folder.mkdir()
    progress = Progress("contact sheets", by_category.height, "sheets", log)

    def write(row: dict[str, Any]) -> None:
        members = images.filter(pl.col("partition") == row["partition"]).select(SHEET_COLUMNS).collect()
        drawn = category_sheet(members, row["category"], root, seed=seed)
        (folder / f"{row['partition']}.jpg").write_bytes(encoded(drawn, SHEET_BYTES))

    with ThreadPoolExecutor(workers or usable_cores()) as pool:
        for _ in pool.map(write, by_category.select("category", "partition").to_dicts()):
            progress.advance()
