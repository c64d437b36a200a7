"""The page of a prepared dataset: Markdown with its pictures inside."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from vdata_assets.reports import markdown
from vdata_assets.reports.annotation_figures import Contents
from vdata_assets.reports.concept_page import Picture

SHOWN_HITS = 3


def page(report: Mapping[str, Any], held: Contents, pictures: Sequence[Picture]) -> str:
    """The summary as Markdown.

    Args:
        report: what ``summary.json`` holds.
        held: the tables that it was made of.
        pictures: plots and the overlay sheet, in the order in which they are shown.
    """
    blocks = [
        "# Prepared dataset",
        f"**{markdown.escaped(report['status'])}** · {headline(report)}",
        *finding_blocks(report["findings"]),
        "## Splits",
        markdown.table(split_table(report)),
        deviation_line(report),
        "## Classes",
        markdown.table(class_table(report, held)) if report["classes"] else "No object is annotated.",
        "## Pictures and objects",
        size_lines(report),
        *(markdown.image(picture.title, picture.data) for picture in pictures),
        "## Exports",
        markdown.table(export_table(report["exports"])),
    ]
    return "\n\n".join(blocks)


def headline(report: Mapping[str, Any]) -> str:
    """The whole dataset in one sentence."""
    merged = sum(export["merged"] for export in report["exports"])
    splits = ", ".join(
        f"{split['frames']:,} {markdown.escaped(name)}" for name, split in report["splits"].items()
    )
    unsplit = f", {report['without_split']:,} in no split" if report["without_split"] else ""
    classes = counted(len(report["classes"]), "class", "classes")
    return (
        f"{counted(report['samples'], 'frame')} with {counted(report['objects'], 'object')} of {classes}, "
        f"from {counted(report['videos'], 'video')} in {counted(merged, 'export')}: {splits}{unsplit}."
    )


def counted(number: int, singular: str, plural: str | None = None) -> str:
    """``1 frame``, ``2,000 frames``."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def finding_blocks(findings: Sequence[Mapping[str, str]]) -> list[str]:
    """The findings that did not pass."""
    if not findings:
        return []
    rows = pl.DataFrame(
        {
            "asset": [finding["asset"] for finding in findings],
            "check": [finding["name"] for finding in findings],
            "status": [finding["status"] for finding in findings],
            "what was found": [finding["message"] for finding in findings],
        }
    )
    return ["## Findings", markdown.table(rows)]


def split_table(report: Mapping[str, Any]) -> pl.DataFrame:
    """Frames a split, as many as wanted and as there are."""
    splits = report["splits"]
    return pl.DataFrame(
        {
            "split": list(splits),
            "frames": [split["frames"] for split in splits.values()],
            "percent": [percent(split["share"]) for split in splits.values()],
            "wanted percent": [percent(split["ratio"]) for split in splits.values()],
        },
        schema_overrides={"percent": pl.Float64, "wanted percent": pl.Float64},
    )


def percent(share: float | None) -> float | None:
    """A share in percent."""
    return None if share is None else share * 100


def deviation_line(report: Mapping[str, Any]) -> str:
    """How evenly classes are spread over the splits."""
    largest = report["largest_deviation_points"]
    if largest is None:
        return "The split does not look at classes."
    return (
        f"Shares of the classes in the splits are off the whole's by at most {largest:.2f} percentage points."
    )


def class_table(report: Mapping[str, Any], held: Contents) -> pl.DataFrame:
    """Objects a class, and frames that show it, by split; the largest class first."""
    instances = (f"instances {name}" for name in held.names)
    objects = report["objects"]
    return held.classes.select(
        pl.col("label").alias("class"),
        pl.col("instances").alias("objects"),
        (pl.col("instances") / objects * 100).alias("percent"),
        "frames",
        *(pl.col(column).alias(f"objects in {column.removeprefix('instances ')}") for column in instances),
    )


def size_lines(report: Mapping[str, Any]) -> str:
    """Objects a frame, mask sizes and picture sizes in three sentences; nothing if there is no frame."""
    if not report["samples"]:
        return "There is no frame."
    objects, areas = report["objects_per_frame"], report["mask_area_share"]
    sizes = [
        f"{size['width']} x {size['height']} ({counted(size['frames'], 'frame')})"
        for size in report["image_sizes"]
    ]
    shown, more = sizes[:SHOWN_HITS], len(sizes) - SHOWN_HITS
    lines = [f"{objects['min']} to {objects['max']:,} objects a frame, {objects['mean']:.2f} on average."]
    if areas["median"] is not None:
        lines.append(
            f"Masks cover {areas['min']:.2%} to {areas['max']:.2%} of their picture, half of them at most "
            f"{areas['median']:.2%}."
        )
    lines.append(f"Pictures: {', '.join(shown)}{f' and {more} more sizes' if more > 0 else ''}.")
    return " ".join(lines)


def export_table(exports: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Every export, what it brought, and what its audit found."""
    columns = ("export", "merged", "status", "frames", "duplicates", "objects", "dropped")
    table: dict[str, list[Any]] = {name: [export[name] for export in exports] for name in columns}
    table["findings"] = [
        "; ".join(export["findings"][:SHOWN_HITS])
        + (f"; {len(export['findings']) - SHOWN_HITS} more" if len(export["findings"]) > SHOWN_HITS else "")
        for export in exports
    ]
    return pl.DataFrame(table)
