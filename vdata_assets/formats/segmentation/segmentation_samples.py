"""Training samples of annotated frames: which there are, and their texts and objects, slice by slice."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import xxhash

from vdata_assets.conversations.segmentation import PHRASES, Phrases, Turn, segmentation_conversation

Log = Callable[[str], object]
"""Where lines of progress go."""

SPLIT_NAMES = ("train", "val", "test")

FRAMES, OBJECTS = "frames.parquet", "objects.parquet"
FRAME_COLUMNS = (
    "frame_id",
    "export",
    "video_id",
    "frame_index",
    "width",
    "height",
    "file",
    "content_hash",
    "upright_rgb",
    "objects",
)
OBJECT_COLUMNS = {
    "frame_id": pl.String(),
    "object_id": pl.String(),
    "label": pl.String(),
    "rle": pl.String(),
    "box": pl.Array(pl.Int32(), 4),
    "area": pl.UInt32(),
    "reason": pl.String(),
}

SLICE = 256
SLICE_PIXELS = SLICE * 1280 * 720
"""Frames, and pixels of them, whose objects and pictures are in memory at a time."""

ROWS = 4096
"""Rows of the objects table that are read at a time."""


@dataclass(frozen=True)
class SampleSelection:
    """Which annotated frames are samples, and of which split.

    A frame is a sample if it has a split and an object with a mask.

    Attributes:
        source: a version of the annotations.
        frames: all its frames in its order: :data:`FRAME_COLUMNS`, sound (objects with a mask) and split
            (null if none).
        splits: names of the splits that have samples, in the dataset's order.
        classes: objects of the samples by label, the most frequent first.
    """

    source: Path
    frames: pl.DataFrame
    splits: tuple[str, ...]
    classes: dict[str, int]

    @cached_property
    def samples(self) -> pl.DataFrame:
        """The frames that are samples."""
        return self.frames.filter(_is_sample())

    @property
    def without_objects(self) -> pl.Series:
        """Ids of the frames that have no object with a mask."""
        return self.frames.filter(pl.col("sound") == 0)["frame_id"]

    @property
    def without_split(self) -> pl.Series:
        """Ids of the frames that have objects and no split."""
        return self.frames.filter(pl.col("split").is_null() & (pl.col("sound") > 0))["frame_id"]

    @property
    def statistics(self) -> dict[str, Any]:
        """Figures of the dataset: samples, objects, samples by split, objects by class."""
        sizes = Counter(self.samples["split"].to_list())
        return {
            "samples": self.samples.height,
            "objects": int(self.samples["sound"].sum()),
            "splits": {split: sizes[split] for split in self.splits},
            "classes": self.classes,
        }


@dataclass(frozen=True)
class WrittenSamples:
    """A dataset as it was written.

    Attributes:
        folder: where it is.
        selection: the samples that it holds, and those left out.
    """

    folder: Path
    selection: SampleSelection

    @property
    def statistics(self) -> dict[str, Any]:
        """Figures of the dataset, see :attr:`SampleSelection.statistics`."""
        return self.selection.statistics


@dataclass(frozen=True)
class Samples:
    """Some samples.

    Attributes:
        frames: rows of :attr:`SampleSelection.samples`.
        objects: their objects with a mask, frame after frame: object_id, label, rle, box, area.
    """

    frames: pl.DataFrame
    objects: pl.DataFrame

    @property
    def offsets(self) -> Any:
        """Where the objects of each frame begin, and last where they end: int64 of shape (frames + 1,)."""
        return np.concatenate([[0], np.cumsum(self.frames["sound"].to_numpy(), dtype=np.int64)])

    def of_split(self, split: str) -> "Samples":
        """Those of one split."""
        mine = (self.frames["split"] == split).to_numpy()
        objects = np.repeat(mine, self.frames["sound"].to_numpy())
        return Samples(self.frames.filter(mine), self.objects.filter(objects))


def select_samples(source: Path, splits: pl.DataFrame, names: Sequence[str] = SPLIT_NAMES) -> SampleSelection:
    """Find the samples of annotations.

    Args:
        source: a version of the annotations: frames.parquet
            (:class:`~vdata_assets.annotations.schema.MergedFrames`), objects.parquet
            (:class:`~vdata_assets.annotations.schema.Objects`) and the pictures.
        splits: columns sample_id (a frame_id) and split.
        names: of the splits, in the order that the dataset is to have.

    Raises:
        ValueError: a split is none of the names, or the two tables do not fit together.
    """
    unknown = set(splits["split"]).difference(names)
    if unknown:
        raise ValueError(f"splits: {sorted(unknown)} are none of {list(names)}: materialize splits")
    frames = pl.read_parquet(source / FRAMES, columns=list(FRAME_COLUMNS))
    objects = pl.read_parquet(source / OBJECTS, columns=["label", "reason"])
    if frames["objects"].sum() != objects.height:
        raise ValueError(
            f"{source / FRAMES} counts {frames['objects'].sum()} objects and {OBJECTS} has {objects.height}: "
            "materialize annotations"
        )
    frames = frames.join(
        splits.select("sample_id", "split"),
        left_on="frame_id",
        right_on="sample_id",
        how="left",
        maintain_order="left",
        validate="1:1",
    )
    sound = objects["reason"].is_null().to_numpy()
    ends = frames["objects"].cum_sum().cast(pl.Int64).to_numpy()
    until = np.concatenate([[0], np.cumsum(sound)])
    frames = frames.with_columns(sound=until[ends] - until[ends - frames["objects"].to_numpy()])
    chosen = np.repeat(frames.select(_is_sample()).to_series().to_numpy(), frames["objects"].to_numpy())
    classes = objects.filter(chosen & sound)["label"].value_counts(name="count")
    used = set(frames.filter(_is_sample())["split"])
    return SampleSelection(
        source,
        frames,
        tuple(name for name in names if name in used),
        dict(classes.sort("count", "label", descending=[True, False]).iter_rows()),
    )


def _is_sample() -> pl.Expr:
    """Whether a frame is a sample."""
    return pl.col("split").is_not_null() & (pl.col("sound") > 0)


def sample_slices(selection: SampleSelection) -> Iterator[Samples]:
    """The samples in the frames' order, 256 frames or less at a time; memory does not grow with their number.

    Raises:
        ValueError: the objects are not in the order of the frames.
    """
    largest = int(
        selection.frames.select(pl.col("width").cast(pl.Int64) * pl.col("height")).max().item() or 1
    )
    length = min(SLICE, max(1, SLICE_PIXELS // largest))
    slices = list(selection.frames.iter_slices(length)) if selection.frames.height else []
    tables = _object_slices(selection.source / OBJECTS, (int(part["objects"].sum()) for part in slices))
    for frames, objects in zip(slices, tables, strict=True):
        counts = frames["objects"].to_numpy()
        if not np.array_equal(
            np.repeat(frames["frame_id"].to_numpy(), counts), objects["frame_id"].to_numpy()
        ):
            raise ValueError(
                f"{selection.source / OBJECTS}: objects are not in the order of {FRAMES}, near frame "
                f"{frames['frame_id'][0]}: materialize annotations"
            )
        chosen = frames.select(_is_sample()).to_series().to_numpy()
        usable = np.repeat(chosen, counts) & objects["reason"].is_null().to_numpy()
        if chosen.any():
            yield Samples(frames.filter(chosen), objects.filter(usable).drop("frame_id", "reason"))


def _object_slices(file: Path, sizes: Iterable[int]) -> Iterator[pl.DataFrame]:
    """The objects table in pieces of the given sizes."""
    import pyarrow.parquet as pq

    rest = pl.DataFrame(schema=OBJECT_COLUMNS)
    with pq.ParquetFile(file) as table:
        batches = table.iter_batches(ROWS, columns=list(OBJECT_COLUMNS))
        for size in sizes:
            parts = [rest]
            height = rest.height
            while height < size:
                parts.append(pl.DataFrame(next(batches)).cast(OBJECT_COLUMNS))  # type: ignore[arg-type]
                height += parts[-1].height
            read = pl.concat(parts)
            yield read.head(size)
            rest = read.slice(size)


def with_conversations(
    samples: Samples, seed: int, phrases: Phrases = PHRASES
) -> tuple[Samples, list[list[Turn]]]:
    """The samples with their objects in the order of mention, and the conversation of each."""
    turns: list[list[Turn]] = []
    order: list[int] = []
    offsets = samples.offsets.tolist()
    labels, boxes = samples.objects["label"].to_list(), samples.objects["box"].to_list()
    for frame_id, start, end in zip(samples.frames["frame_id"], offsets[:-1], offsets[1:], strict=True):
        conversation = segmentation_conversation(frame_id, labels[start:end], boxes[start:end], seed, phrases)
        turns.append(conversation.turns)
        order += [start + place for place in conversation.order]
    return Samples(samples.frames, samples.objects[order]), turns


def picture(file: Path, content_hash: str) -> bytes:
    """A frame's picture as it was imported.

    Raises:
        ValueError: the file is gone or has other bytes.
    """
    try:
        content = file.read_bytes()
    except FileNotFoundError as error:
        raise ValueError(f"{file}: there is no such file: materialize annotations") from error
    if xxhash.xxh3_128_hexdigest(content) != content_hash:
        raise ValueError(
            f"{file}: its bytes are not those that were imported (xxh3-128 {content_hash}): "
            "materialize annotations"
        )
    return content
