"""What the assets of an annotation dataset read from each other, and how their results look in the UI."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vdata_assets.annotations.inbox import Dropped, dropped_exports
from vdata_assets.workflows.dataset import Dataset
from vdata_assets.workflows.recipe import Built, Step, Table
from vdata_assets.workflows.tables import as_markdown, described, read
from vdata_assets.workflows.upstreams import published_partitions, refused, register
from vdata_resources.store import NotPublished, Store, Version

if TYPE_CHECKING:
    import polars as pl

    from vdata_assets.annotations.import_export import Imported
    from vdata_assets.annotations.merge import Merged
    from vdata_assets.annotations.settings import AnnotationAuditSettings
    from vdata_assets.formats.segmentation.segmentation_samples import WrittenSamples
    from vdata_assets.quality.findings import Finding


INBOX_STATE = "inbox_state"


def imported_state(store: Store, dataset: Dataset, key: str) -> str | None:
    """State of the ZIP from which the published version of an export was made; None if there is none."""
    version = store.artifact(dataset.name, "export", key).current()
    return version.metadata["figures"][INBOX_STATE] if version else None


def dropped_table(dataset: Dataset) -> "pl.DataFrame":
    """The ZIPs of the inbox, of schema DroppedExports."""
    import polars as pl

    from vdata_assets.annotations.schema import DroppedExports

    rows = [
        {"export": key, "file": export.path.name, "bytes": export.path.stat().st_size, "state": export.state}
        for key, export in dropped_exports(dataset.root).items()
    ]
    return DroppedExports.validate(pl.DataFrame(rows, schema=DroppedExports.create_empty().schema))


def register_exports(step: Step, version: Version) -> None:
    """Register one partition a ZIP; keys of ZIPs that are gone stay, for their data still stands."""
    register(step, read(version.file("inbox.parquet"))["export"].to_list())


def dropped_export(step: Step) -> Dropped:
    """The ZIP of the step's partition.

    Raises:
        NotPublished: the inbox has none; says which there are.
    """
    dropped = dropped_exports(step.dataset.root)
    if step.key not in dropped:
        raise NotPublished(
            f"no ZIP in {step.dataset.root} has the key {step.key!r}: there are "
            f"{', '.join(dropped) or 'none'}; drop it there, or delete the partition"
        )
    return dropped[step.key]


def known_exports(step: Step) -> list[str]:
    """Keys of all exports: by their ZIPs in the inbox, and by what was published, which stands without."""
    published = step.store.partitions(step.dataset.name, "export")
    return sorted({*dropped_exports(step.dataset.root), *published})


def imported_archives(step: Step) -> dict[str, str]:
    """Key of every other published export by the digest of its ZIP's bytes."""
    keys = step.store.partitions(step.dataset.name, "export")
    versions = {key: step.store.artifact(step.dataset.name, "export", key).current() for key in keys}
    return {
        version.metadata["figures"]["archive_digest"]: key
        for key, version in versions.items()
        if version is not None and key != step.key
    }


def published_exports(
    step: Step, exclude: Sequence[str]
) -> tuple[list[tuple[str, str, Version]], dict[str, str]]:
    """Key, name and version of every published export, and by key why others are not, or not anew, merged."""
    wanted = {key: key for key in known_exports(step) if key not in exclude}
    parts, missing = published_partitions(step, "export", wanted)
    stale = {key: refused(step, "export", key) for key, _, _ in parts}
    outdated = {key: f"its last version stands, for the newer {why}" for key, why in stale.items() if why}
    return parts, missing | outdated


def previous_version(step: Step) -> Version | None:
    """The published version of the step's own asset, held until the step ends, or None."""
    try:
        return step.leases.enter_context(step.artifact.reading())
    except NotPublished:
        return None


def linker(step: Step, versions: Sequence[Version]) -> Callable[[Path, str], None]:
    """A function that puts a file of one of the versions into the candidate, under a name."""
    by_folder = {version.path: version for version in versions}

    @cache
    def place(folder: Path) -> tuple[Version, str]:
        """The version that a folder is in, and what stands before the names of its files there."""
        root = next(parent for parent in (folder, *folder.parents) if parent in by_folder)
        return by_folder[root], f"{folder.relative_to(root).as_posix()}/"

    def link(source: Path, target: str) -> None:
        version, prefix = place(source.parent)
        step.link(version, prefix + source.name, target)

    return link


def export_built(imported: "Imported", out: Path, name: str, state: str) -> Built:
    """What is to be said of an export: its findings, its figures, and its masks on its frames."""
    import polars as pl

    from vdata_assets.annotations.schema import Objects
    from vdata_assets.reports import markdown
    from vdata_assets.reports.annotation_sheets import overlay_sheet
    from vdata_assets.reports.embed import SHEET_BYTES, encoded

    if imported.frames is None or imported.objects is None:
        return Built(imported.findings)
    objects = pl.scan_parquet(out / "objects.parquet")
    sheet = overlay_sheet(imported.frames, objects, out, name, seed=0)
    return Built(
        imported.findings,
        figures={
            "frames": imported.frames.height,
            "objects": imported.objects,
            INBOX_STATE: state,
            **imported.figures,
        },
        pictures={"overlays": markdown.image(f"Masks of {name}", encoded(sheet, SHEET_BYTES))},
        table=described(Objects.create_empty(), Objects, rows=imported.objects),
    )


def annotations_built(
    merged: "Merged",
    missing: dict[str, str],
    previous: Version | None,
    settings: "AnnotationAuditSettings",
    out: Path,
) -> Built:
    """What is to be said of the merge."""
    import polars as pl

    from vdata_assets.annotations.merge_audit import audit_annotations, known_frames
    from vdata_assets.annotations.schema import MergedFrames

    known = known_frames(previous.path) if previous else None
    objects = pl.scan_parquet(out / "objects.parquet")
    findings = audit_annotations(
        merged.frames, objects, merged.exports, missing=missing, previous=known, audit=settings
    )
    return Built(
        findings,
        figures={
            "objects": merged.objects,
            "added_exports": list(merged.added),
            "rebuilt": merged.rebuilt or "no",
            "missing": missing,
        },
        pictures={
            "table of exports": as_markdown(merged.exports.drop("digest")),
            "table of classes": as_markdown(class_table(objects).collect()),
        },
        table=described(merged.frames, MergedFrames),
    )


def class_table(objects: "pl.LazyFrame") -> "pl.LazyFrame":
    """Objects and frames of each class."""
    import polars as pl

    counts = objects.group_by("label").agg(
        pl.len().alias("objects"), pl.col("frame_id").n_unique().alias("frames")
    )
    return counts.sort("objects", "label", descending=[True, False])


def samples_built(written: "WrittenSamples", findings: Sequence["Finding"]) -> Built:
    """What is to be said of a training format."""
    figures = written.statistics
    return Built(findings, figures=figures, table=Table(figures["samples"], []))


def previous_splits(step: Step) -> "pl.DataFrame | None":
    """The splits that are published now, or None."""
    previous = previous_version(step)
    return read(previous.file("splits.parquet")) if previous else None


def verdicts(step: Step) -> dict[str, list[dict[str, Any]]]:
    """Findings of every export: of its newest candidate if that was rejected, else of what is published."""
    found = {}
    for key in known_exports(step):
        artifact = step.store.artifact(step.dataset.name, "export", key)
        version = artifact.current()
        report = artifact.refusal() or (version.report if version else None)
        if report is not None:
            found[key] = report["findings"]
    return found


def annotated_frames(annotations: Version) -> "pl.DataFrame":
    """The frames that become samples: those with objects, their id as the sample's."""
    import polars as pl

    frames = pl.scan_parquet(annotations.file("frames.parquet")).filter(pl.col("objects") > 0)
    return frames.select("frame_id", "video_id", "phash", "labels", sample_id="frame_id").collect()


def sample_inputs(step: Step) -> dict[str, Any]:
    """What the training formats are made from."""
    from vdata_assets.conversations.segmentation import PHRASES

    return {
        "annotations": step.upstream("annotations"),
        "splits": step.upstream("splits"),
        "phrases": PHRASES.version,
    }


def split_table(splits: "pl.DataFrame") -> str:
    """Samples and groups of each split."""
    import polars as pl

    counts = splits.group_by("split", maintain_order=True).agg(
        pl.len().alias("samples"), pl.col("group").n_unique().alias("groups")
    )
    return as_markdown(counts.sort("samples", descending=True))
