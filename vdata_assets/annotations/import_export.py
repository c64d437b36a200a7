"""One export ZIP, read whole: its frames written, its masks at image size, and what is wrong with it."""

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl

from vdata_assets.annotations.archive import Archive, open_archive
from vdata_assets.annotations.container import Container, read_container
from vdata_assets.annotations.errors import BadExport
from vdata_assets.annotations.export_audit import archive_broken, archive_sound, audit_export, drop
from vdata_assets.annotations.objects import object_parts
from vdata_assets.annotations.painted_masks import PaintedReport, painted_frames
from vdata_assets.annotations.picture_source import Source, find_source
from vdata_assets.annotations.pictures import DEFAULT_FPS, picture_loader, write_frames
from vdata_assets.annotations.rle_order import OrderDecision, decide_order
from vdata_assets.annotations.sampling import kept
from vdata_assets.annotations.schema import Frames, Objects
from vdata_assets.annotations.settings import AnnotationAuditSettings, ExportSettings
from vdata_assets.quality.findings import Finding

FRAMES = "frames.parquet"
OBJECTS = "objects.parquet"
SPOOL = ".objects"
ROW_GROUP = 16_384


@dataclass(frozen=True)
class Imported:
    """What became of an export.

    Attributes:
        frames: of schema Frames; None if the archive cannot be used at all.
        objects: number of rows of ``objects.parquet``; likewise.
        findings: answers to the export's checks; the first alone if the archive cannot be used.
        figures: what was decided and on what grounds, and what was dropped.
    """

    frames: pl.DataFrame | None
    objects: int | None
    findings: Sequence[Finding]
    figures: Mapping[str, Any]


def import_export(
    path: Path,
    key: str,
    out: Path,
    settings: ExportSettings,
    audit: AnnotationAuditSettings,
    *,
    twins: Mapping[str, str],
    log: Callable[[str], object] = lambda line: None,
) -> Imported:
    """Read an export ZIP into ``frames.parquet``, ``objects.parquet`` and the folder ``frames``.

    Args:
        path: the ZIP; its video or clean frames may lie beside it.
        key: its partition key.
        out: where the files go.
        settings: how it is read.
        audit: what counts as odd.
        twins: key of each other export by the digest of its ZIP.
        log: where lines of progress go.
    """
    try:
        with open_archive(path, settings) as archive:
            return _imported(archive, path, key, out, settings, audit, twins, log)
    except BadExport as bad:
        return Imported(None, None, [archive_broken(path.name, bad.reason)], {})


def _imported(
    archive: Archive,
    path: Path,
    key: str,
    out: Path,
    settings: ExportSettings,
    audit: AnnotationAuditSettings,
    twins: Mapping[str, str],
    log: Callable[[str], object],
) -> Imported:
    container = read_container(archive)
    source = find_source(path, container, settings, key)
    wanted = _sampled(container, source, settings)
    log(f"{container.frames.height} annotated frames, {len(wanted)} kept. {source.why}")
    frames = write_frames(archive, container, source, wanted, key, out, settings, log)
    order = decide_order(container, picture_loader(frames, out), settings.rle_order, frames["frame_index"])
    log(f"masks are read in {order.order}-major order: {order.grounds}")
    objects = _spooled(object_parts(container, frames, order.order), out)
    painted = painted_frames(frames, objects, out) if source.origin == "archive" else None
    light = objects.drop("rle").collect()
    kept_frames, kept_objects, dropped = drop(frames, light, settings)
    _remove_files(frames.join(kept_frames, on="frame_id", how="anti"), out)
    Frames.validate(kept_frames).write_parquet(out / FRAMES)
    if kept_objects.height < light.height:
        keys = kept_objects.select("frame_id", "position").lazy()
        objects = objects.join(keys, on=["frame_id", "position"], how="semi", maintain_order="left")
    objects.sink_parquet(out / OBJECTS, row_group_size=ROW_GROUP)
    shutil.rmtree(out / SPOOL)
    findings = audit_export(
        kept_frames,
        pl.scan_parquet(out / OBJECTS),
        audit=audit,
        order=order,
        painted=painted,
        twin=twins.get(archive.digest),
        dropped=dropped,
    )
    figures = _figures(archive, container, source, order, painted, dropped)
    return Imported(kept_frames, kept_objects.height, [archive_sound(path.name), *findings], figures)


def _spooled(parts: Iterable[pl.DataFrame], out: Path) -> pl.LazyFrame:
    """The parts one after the other, on the disk instead of in memory: masks are many."""
    (out / SPOOL).mkdir()
    files = [out / SPOOL / "000000.parquet"]
    Objects.create_empty().write_parquet(files[0])
    for number, part in enumerate(parts, start=1):
        files.append(out / SPOOL / f"{number:06d}.parquet")
        part.write_parquet(files[-1])
    return pl.scan_parquet(files)


def _sampled(container: Container, source: Source, settings: ExportSettings) -> list[int]:
    """The annotated frames that are kept."""
    indices = container.frames["frame_index"]
    if settings.target_fps is None:
        return indices.to_list()
    rate = source.fps or container.video.fps or DEFAULT_FPS
    return indices.filter(kept(indices, rate, Fraction(str(settings.target_fps)))).to_list()


def _remove_files(dropped: pl.DataFrame, folder: Path) -> None:
    for file in dropped["file"].drop_nulls():
        (folder / file).unlink()


def _figures(
    archive: Archive,
    container: Container,
    source: Source,
    order: OrderDecision,
    painted: PaintedReport | None,
    dropped: Mapping[str, int],
) -> dict[str, Any]:
    return {
        "archive_digest": archive.digest,
        "video": container.video.name,
        "exporter": container.exporter,
        "annotated_frames": container.frames.height,
        "pictures": source.why,
        "rle_order": order.order,
        "rle_order_grounds": order.grounds,
        **{f"rle_order_{name}": value for name, value in order.figures.items()},
        **({"painted_masks": painted.grounds} if painted else {}),
        **{f"dropped_{name}": count for name, count in dropped.items()},
    }
