"""All exports as one dataset: each picture once, nothing that is there already moved or renamed.

Adding an export reads that export's tables; the dataset's own rows are taken over as they are. The masks are
streamed from file to file, never held.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from vdata_assets.annotations.added_objects import added_objects
from vdata_assets.annotations.schema import MergedExports, MergedFrames, Objects
from vdata_resources.progress import Progress

FRAMES, OBJECTS, EXPORTS = "frames.parquet", "objects.parquet", "exports.parquet"
ROWS_AT_ONCE = 65_536  # of the objects table, validated at a time
ROW_GROUP = 16_384  # rows of the objects table that are read and written together


@dataclass(frozen=True)
class Part:
    """A published export.

    Attributes:
        export: its partition key.
        digest: digest of its version; another digest is another content.
        folder: the version's folder, with ``frames.parquet``, ``objects.parquet`` and ``frames/``.
    """

    export: str
    digest: str
    folder: Path


@dataclass(frozen=True)
class Merged:
    """What was written.

    Attributes:
        exports: of schema MergedExports.
        frames: of schema MergedFrames.
        objects: rows of ``objects.parquet``.
        added: exports that were read; all of them if the dataset was rebuilt.
        rebuilt: why the version before could not be built upon; None if it could, or if there is none.
    """

    exports: pl.DataFrame
    frames: pl.DataFrame
    objects: int
    added: tuple[str, ...]
    rebuilt: str | None


@dataclass(frozen=True)
class Source:
    """A table of objects that goes into the merge: an export's, or that of the version before.

    Attributes:
        folder: where it lies.
        part: the export; None for the version before.
        frames: its frames that have a picture, as in MergedFrames but for what is counted over objects, and
            ``picture``: the file within the folder.
        bad_frames: number of those that have none.
    """

    folder: Path
    part: Part | None
    frames: pl.DataFrame
    bad_frames: int

    def objects(self) -> pl.LazyFrame:
        """The table of objects."""
        return pl.scan_parquet(self.folder / OBJECTS)


def merge(
    parts: Sequence[Part],
    previous: Path | None,
    out: Path,
    link: Callable[[Path, str], object],
    log: Callable[[str], object],
) -> Merged:
    """Write ``frames.parquet``, ``objects.parquet`` and ``exports.parquet``, and link the pictures.

    If every export of the version before is still there unchanged, new exports are added to it in the order
    of their keys. Otherwise all is built anew, in the order in which the exports first came; a frame that the
    version before had stands before any copy of it.

    Rows with a reason are left out. Of frames of the same content the first stands. The others' objects are
    added to it, under ``<export>:<object_id>`` if they are of another export, except for those that it has:
    the same label, and the same mask or one that overlaps it by an IoU of 0.8 or more.

    Args:
        parts: the published exports, in any order.
        previous: folder of the version before, or None.
        out: where the tables go; it exists.
        link: puts a file (first argument) under a POSIX path within ``out``.
        log: told of what is done.

    Raises:
        ValueError: an export is named twice, or its objects are not in the order of its frames.
        dataframely.exc.ValidationError: a row breaks its schema.
    """
    order, known, rebuilt = _plan(parts, previous)
    log(_announced(order, known, rebuilt))
    sources = [_export(part) for part in order]
    if previous is not None and known is not None:
        sources.insert(0, Source(previous, None, _pictures(pl.read_parquet(previous / FRAMES)), 0))
    listed = _listed(sources, previous)
    rows = [_rows(source, listed, number) for number, source in enumerate(sources)]
    added = added_objects([source.objects() for source in sources], rows, listed)
    log(f"{added.height} objects of copies are added to the frames that stand")
    total = _write_objects(sources, rows, listed, added, out / OBJECTS)
    frames = _frames(listed, rows, added)
    MergedFrames.validate(frames).write_parquet(out / FRAMES)
    exports = _exports(sources, listed, rows, added, known)
    MergedExports.validate(exports).write_parquet(out / EXPORTS)
    progress = Progress("link", frames.height, "pictures", log)
    kept = listed.filter(pl.col("row") == pl.col("kept")).select("source", "picture", "file")
    for source, picture, file in kept.iter_rows():
        link(sources[source].folder / picture, file)
        progress.advance()
    return Merged(exports, frames, total, tuple(part.export for part in order), rebuilt)


def _plan(parts: Sequence[Part], previous: Path | None) -> tuple[list[Part], pl.DataFrame | None, str | None]:
    """Exports to read, in order; the exports that are taken over as they are; and why none is."""
    current = {part.export: part for part in parts}
    if len(current) < len(parts):
        raise ValueError(f"an export is named twice among {sorted(part.export for part in parts)}")
    if previous is None:
        return [current[export] for export in sorted(current)], None, None
    known = pl.read_parquet(previous / EXPORTS)
    digests = dict(known.select("export", "digest").iter_rows())
    new = [current[export] for export in sorted(current.keys() - digests.keys())]
    gone = [export for export in digests if export not in current]
    changed = [
        export for export in digests if export in current and current[export].digest != digests[export]
    ]
    if not gone and not changed:
        return new, known, None
    reasons = [f"{what}: {', '.join(keys)}" for what, keys in (("gone", gone), ("changed", changed)) if keys]
    return [*(current[export] for export in digests if export in current), *new], None, "; ".join(reasons)


def _announced(order: Sequence[Part], known: pl.DataFrame | None, rebuilt: str | None) -> str:
    names = ", ".join(part.export for part in order) or "none"
    if rebuilt is not None:
        return f"all exports are merged anew ({rebuilt}): {names}"
    return f"{0 if known is None else known.height} exports stay as they are, added: {names}"


def _export(part: Part) -> Source:
    frames = pl.read_parquet(part.folder / FRAMES)
    usable = frames.filter(pl.col("reason").is_null())
    name = pl.col("file").str.split("/").list.last()
    target = pl.format("frames/{}/{}", pl.lit(part.export), name)
    return Source(part.folder, part, _pictures(usable, target), frames.height - usable.height)


def _pictures(frames: pl.DataFrame, target: pl.Expr | None = None) -> pl.DataFrame:
    columns = [name for name in MergedFrames.column_names() if name not in ("labels", "objects")]
    return frames.select(*columns, picture="file").with_columns(
        file=pl.col("file") if target is None else target
    )


def _listed(sources: Sequence[Source], previous: Path | None) -> pl.DataFrame:
    """All frames with a picture, in the order of the merge.

    Returns:
        The sources' columns, ``source`` (its number), ``row`` (the frame's), and ``kept``: the row of the
        frame of the same content that stands.
    """
    empty = MergedFrames.create_empty().drop("labels", "objects").with_columns(picture="file")
    tables = [
        source.frames.with_columns(source=pl.lit(number, pl.UInt32)) for number, source in enumerate(sources)
    ]
    listed = pl.concat([empty.with_columns(source=pl.lit(0, pl.UInt32)), *tables]).with_row_index("row")
    had = empty.select("frame_id", "content_hash")
    if previous is not None:
        had = pl.read_parquet(previous / FRAMES, columns=had.columns)
    listed = listed.join(
        had.with_columns(had=True), on=["frame_id", "content_hash"], how="left", maintain_order="left"
    )
    first = pl.col("row").sort_by(pl.col("had").is_null(), "row").first().over("content_hash")
    return listed.with_columns(kept=first).drop("had")


def _rows(source: Source, listed: pl.DataFrame, number: int) -> pl.DataFrame:
    """Every row of a source's objects without its mask, in the file's order.

    Returns:
        ``position``, ``label``, ``area``, ``digest`` (of the mask), and null where the row is left out:
        ``row`` (its frame's) and ``kept``.
    """
    light = source.objects().select(
        "frame_id", "position", "label", "area", "reason", digest=pl.col("rle").hash()
    )
    places = listed.filter(pl.col("source") == number).select("frame_id", "row", "kept")
    usable = pl.col("reason").is_null()
    rows = (
        light.collect()
        .join(places, on="frame_id", how="left", maintain_order="left")
        .with_columns(row=pl.when(usable).then("row"), kept=pl.when(usable).then("kept"))
    )
    key = rows.filter(pl.col("row").is_not_null()).select(_key("row")).to_series()
    if not key.is_sorted() or key.n_unique() < len(key):
        raise ValueError(
            f"{source.folder / OBJECTS}: objects are not in the order of their frames and positions: "
            "materialize the export again"
        )
    return rows.drop("frame_id", "reason")


def _key(row: str) -> pl.Expr:
    """Place of an object in the merge: by frame, then by position."""
    return pl.col(row).cast(pl.UInt64) * 2**32 + pl.col("position")


def _write_objects(
    sources: Sequence[Source],
    rows: Sequence[pl.DataFrame],
    listed: pl.DataFrame,
    added: pl.DataFrame,
    target: Path,
) -> int:
    """Stream the objects of the frames that stand, and those added to them, into one file.

    Returns:
        Number of rows.
    """
    stands = pl.when(pl.col("row") == pl.col("kept")).then(_key("row"))
    columns = Objects.column_names()
    home = added.join(listed.select(kept="row", home="source"), on="kept", maintain_order="left")
    pieces: list[pl.LazyFrame] = [Objects.create_empty().lazy()]
    for number, source in enumerate(sources):
        keys = rows[number].lazy().select(key=stands)
        piece = pl.concat([source.objects().select(columns), keys], how="horizontal").drop_nulls("key")
        here = home.filter(pl.col("home") == number)
        if here.height:
            piece = piece.merge_sorted(here.select(*columns, key=_key("kept")).sort("key").lazy(), key="key")
        pieces.append(piece.drop("key"))
    pl.concat(pieces).sink_parquet(target, row_group_size=ROW_GROUP)
    table = pl.scan_parquet(target)
    total = int(table.select(pl.len()).collect().item())
    for start in range(0, total, ROWS_AT_ONCE):
        Objects.validate(table.slice(start, ROWS_AT_ONCE).collect())
    return total


def _frames(listed: pl.DataFrame, rows: Sequence[pl.DataFrame], added: pl.DataFrame) -> pl.DataFrame:
    """The frames that stand, of schema MergedFrames."""
    labels = pl.concat(
        [
            added.select("kept", "label"),
            *(table.filter(pl.col("row") == pl.col("kept")).select("kept", "label") for table in rows),
        ]
    )
    counted = labels.group_by("kept").agg(
        objects=pl.len().cast(pl.UInt32), labels=pl.col("label").unique().sort()
    )
    return (
        listed.filter(pl.col("row") == pl.col("kept"))
        .join(counted, on="kept", how="left", maintain_order="left")
        .with_columns(pl.col("objects").fill_null(0), pl.col("labels").fill_null([]))
        .select(MergedFrames.column_names())
    )


def _exports(
    sources: Sequence[Source],
    listed: pl.DataFrame,
    rows: Sequence[pl.DataFrame],
    added: pl.DataFrame,
    known: pl.DataFrame | None,
) -> pl.DataFrame:
    """What every export brought, of schema MergedExports."""
    stands = pl.col("row") == pl.col("kept")
    records = []
    for number, source in enumerate(sources):
        if source.part is not None:
            frames = listed.filter(pl.col("source") == number)
            kept, usable = frames.filter(stands).height, rows[number]["row"].count()
            own = rows[number].filter(stands).height
            records.append(
                (
                    source.part.export,
                    source.part.digest,
                    kept,
                    frames.height - kept,
                    own + added.filter(pl.col("source") == number).height,
                    source.bad_frames + rows[number].height - usable,
                )
            )
    new = pl.DataFrame(records, schema=MergedExports.create_empty().schema, orient="row")
    return new if known is None else pl.concat([known, new])
