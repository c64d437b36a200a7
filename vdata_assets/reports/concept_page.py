"""The page of a dataset's analysis: Markdown with its pictures inside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from vdata_assets.reports import markdown
from vdata_assets.reports.statistics import QUANTILES, SPLITS

MEGABYTE = 1e6
MEASURES = {
    "width": "width, pixels",
    "height": "height, pixels",
    "short_side": "short side, pixels",
    "megapixels": "megapixels",
    "aspect": "width / height",
    "bytes": "file size, bytes",
}


@dataclass(frozen=True)
class Picture:
    """An encoded picture: its file's stem, its title, its bytes."""

    name: str
    title: str
    data: bytes


def page(
    report: Mapping[str, Any],
    by_category: pl.DataFrame,
    plots: Sequence[Picture],
    sheets: Sequence[Picture],
) -> str:
    """The analysis as Markdown.

    Args:
        report: what ``analysis.json`` holds.
        by_category: the counts a category.
        plots: all plots.
        sheets: the contact sheets to show, of as many of the categories.
    """
    blocks = [
        "## Images",
        headline(report["totals"]),
        markdown.table(category_table(by_category)),
        *(markdown.image(plot.title, plot.data) for plot in plots),
        "## Sizes and formats",
        markdown.table(size_table(report)),
        shares(report),
    ]
    if report["reasons"]:
        reasons = pl.DataFrame(
            list(report["reasons"].items()), schema=["unreadable because", "images"], orient="row"
        )
        blocks += ["## Unreadable images", markdown.table(reasons)]
    if report["retrieval"]:
        blocks += ["## Retrieval", retrieval_lines(report["retrieval"])]
    blocks += ["## Contact sheets", f"{len(sheets):,} of {by_category.height:,}; the folder holds all."]
    blocks += [markdown.image(f"Contact sheet of {sheet.title}", sheet.data) for sheet in sheets]
    return "\n\n".join(blocks)


def headline(totals: Mapping[str, int]) -> str:
    """The whole dataset in one sentence."""
    megabytes = totals["bytes"] / MEGABYTE
    splits = ", ".join(f"{totals[part]:,} {part}" for part in (*SPLITS, "unreadable"))
    return (
        f"{totals['images']:,} images ({megabytes:,.1f} MB) of {totals['concepts']:,} concepts "
        f"in {totals['categories']:,} categories: {splits}."
    )


def category_table(by_category: pl.DataFrame) -> pl.DataFrame:
    """The counts a category, with sizes in megabytes."""
    return by_category.select(
        "category",
        "concepts",
        "images",
        "train",
        "test",
        "negative",
        "unreadable",
        (pl.col("bytes") / MEGABYTE).alias("MB"),
    )


def size_table(report: Mapping[str, Any]) -> pl.DataFrame:
    """Sizes, one column a measure, one row a quantile."""
    columns = {title: list(report[measure].values()) for measure, title in MEASURES.items()}
    return pl.DataFrame({"readable images": list(QUANTILES), **columns})


def shares(report: Mapping[str, Any]) -> str:
    """Orientations and formats in two sentences; nothing if no image is readable."""
    if not report["formats"]:
        return "No image is readable."
    shapes = ", ".join(f"{share:.1%} {shape}" for shape, share in report["orientation"].items())
    formats = ", ".join(f"{images:,} {markdown.escaped(name)}" for name, images in report["formats"].items())
    return f"Orientation: {shapes}. Formats: {formats}."


def retrieval_lines(figures: Mapping[str, Any]) -> str:
    """How hard the retrieval rows are."""
    if figures["distractor"] is None:
        return "No query has distractors."
    return (
        f"{figures['queries']:,} queries. Mean similarity to the query: {figures['positive']:.3f} positives, "
        f"{figures['distractor']:.3f} distractors. The positive is the most similar slot of "
        f"{figures['positive_first']:.1%} of the queries."
    )
