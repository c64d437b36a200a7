"""The summary of a prepared dataset: figures, plots and overlays, as files and as a page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from vdata_assets.catalog.catalog_json import write_json
from vdata_assets.reports import annotation_plots
from vdata_assets.reports.annotation_figures import Contents, contents, figures
from vdata_assets.reports.annotation_sheets import overlay_sheet
from vdata_assets.reports.concept_page import Picture
from vdata_assets.reports.embed import SHEET_BYTES, encoded
from vdata_assets.reports.preparation_page import page
from vdata_assets.reports.settings import SummarySettings

PASSED, WITH_WARNINGS, FAILED = "PASSED", "PASSED_WITH_WARNINGS", "FAILED"
SHEET = "contact_sheets/overlays.jpg"
SHEET_COLUMNS = ("frame_id", "export", "video_id", "frame_index", "timestamp", "width", "height", "file")

Findings = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Summary:
    """What a user interface shows.

    Attributes:
        status: PASSED, PASSED_WITH_WARNINGS or FAILED.
        page: Markdown with embedded pictures, about half a MB at most.
        figures: numbers to plot over time.
    """

    status: str
    page: str
    figures: dict[str, int | float]


def summarise(
    source: Path,
    splits: pl.DataFrame,
    split_config: Mapping[str, Any],
    out: Path,
    *,
    reports: Mapping[str, Findings],
    exports: Mapping[str, Findings],
    settings: SummarySettings,
) -> Summary:
    """Summarise a merged and split annotation dataset.

    Writes ``summary.json``, ``summary.md``, ``plots/*.png`` and ``contact_sheets/overlays.jpg``. Memory holds
    a few columns of the tables, and the pictures of one sheet.

    Args:
        source: folder with ``frames.parquet`` (``annotations.schema.MergedFrames``), ``objects.parquet``
            (``Objects``), ``exports.parquet`` (``MergedExports``) and the frames' files.
        splits: columns sample_id and split.
        split_config: content of ``split_config.json``; its ratios name the splits.
        out: an existing folder for the files.
        reports: findings by what was audited, e.g. ``annotations`` and ``splits``: each with name, status,
            message and offenders.
        exports: findings by export key, also of exports that were rejected and are not merged.
        settings: what is drawn.
    """
    frames, objects = (pl.scan_parquet(source / f"{name}.parquet") for name in ("frames", "objects"))
    held = contents(frames, objects, splits, list(split_config["ratios"]))
    merged = pl.read_parquet(source / "exports.parquet")
    listed = export_rows(merged, exports)
    status = overall(reports, listed)
    report: dict[str, Any] = {
        "status": status,
        **figures(held, split_config),
        "exports": listed,
        "findings": open_findings(reports),
    }
    write_json(out / "summary.json", report)
    drawn = plots(held)
    for folder in ("plots", "contact_sheets"):
        (out / folder).mkdir()
    for picture in drawn:
        (out / "plots" / f"{picture.name}.png").write_bytes(picture.data)
    sheet = overlay_sheet(
        frames.select(SHEET_COLUMNS).collect(),
        objects,
        source,
        "Annotated frames",
        seed=settings.seed,
        tiles=settings.tiles,
    )
    overlays = encoded(sheet, SHEET_BYTES)
    (out / SHEET).write_bytes(overlays)
    text = page(report, held, [*drawn, Picture("overlays", "Frames with their masks", overlays)])
    (out / "summary.md").write_text(text + "\n", encoding="utf-8")
    return Summary(status, text, shown_figures(report))


def overall(reports: Mapping[str, Findings], exports: Sequence[Mapping[str, Any]]) -> str:
    """FAILED if a finding of the dataset failed; whatever is wrong with an export is a warning."""
    statuses = {finding["status"] for findings in reports.values() for finding in findings}
    if "FAILED" in statuses:
        return FAILED
    warned = "WARNING" in statuses or any(export["status"] != PASSED for export in exports)
    return WITH_WARNINGS if warned else PASSED


def verdict(findings: Findings) -> str:
    """The status of one audit."""
    statuses = {finding["status"] for finding in findings}
    return FAILED if "FAILED" in statuses else WITH_WARNINGS if "WARNING" in statuses else PASSED


def export_rows(merged: pl.DataFrame, audits: Mapping[str, Findings]) -> list[dict[str, Any]]:
    """Every export that is merged, in the order in which they came, then those that are not.

    Args:
        merged: rows of ``annotations.schema.MergedExports``.
        audits: findings by export key.
    """
    rows = [
        {
            "export": row["export"],
            "merged": True,
            "status": verdict(audits.get(row["export"], ())),
            **{name: row[name] for name in ("frames", "duplicates", "objects", "dropped")},
            "findings": hits(audits.get(row["export"], ())),
        }
        for row in merged.iter_rows(named=True)
    ]
    known = set(merged["export"])
    nothing = dict.fromkeys(("frames", "duplicates", "objects", "dropped"), 0)
    for key in sorted(set(audits) - known):
        audit = audits[key]
        rows.append(
            {"export": key, "merged": False, "status": verdict(audit), **nothing, "findings": hits(audit)}
        )
    return rows


def hits(findings: Findings) -> list[str]:
    """Name and message of the findings that did not pass."""
    return [f"{finding['name']}: {finding['message']}" for finding in findings if finding["status"] != PASSED]


def open_findings(reports: Mapping[str, Findings]) -> list[dict[str, Any]]:
    """The findings that did not pass, the failed ones first, with what they are about."""
    found = [
        {"asset": asset, **{name: finding[name] for name in ("name", "status", "message")}}
        for asset, findings in reports.items()
        for finding in findings
        if finding["status"] != PASSED
    ]
    return sorted(found, key=lambda finding: finding["status"] != "FAILED")


def plots(held: Contents) -> list[Picture]:
    """All plots."""
    return [
        Picture("classes", "Objects per class and split", annotation_plots.class_counts(held)),
        Picture("objects_per_frame", "Objects per frame", annotation_plots.objects_per_frame(held)),
        Picture("mask_areas", "Mask sizes", annotation_plots.mask_areas(held)),
    ]


def shown_figures(report: Mapping[str, Any]) -> dict[str, int | float]:
    """The figures to plot over time."""
    shown = {
        "samples": report["samples"],
        "objects": report["objects"],
        "classes": len(report["classes"]),
        "videos": report["videos"],
        "exports": sum(export["merged"] for export in report["exports"]),
        **{f"{name}_frames": split["frames"] for name, split in report["splits"].items()},
    }
    if report["largest_deviation_points"] is not None:
        shown["largest_deviation_points"] = report["largest_deviation_points"]
    return shown
