"""Annotated frames as a Hugging Face DatasetDict: images, conversations, masks and boxes."""

from collections.abc import Sequence
from itertools import compress, islice
from pathlib import Path
from typing import Any

import polars as pl

from vdata_assets.conversations.segmentation import PHRASES, Phrases, Turn
from vdata_assets.formats.segmentation.segmentation_samples import (
    SPLIT_NAMES,
    Log,
    Samples,
    WrittenSamples,
    picture,
    sample_slices,
    select_samples,
    with_conversations,
)
from vdata_assets.formats.tables.dataset_dict import dataset_dict_writer
from vdata_assets.formats.tables.huggingface import upright_rgb
from vdata_resources.parallel import ordered_map
from vdata_resources.progress import Progress


def features() -> Any:
    """Columns and types of the dataset, as ``datasets.Features``."""
    from datasets import Features, Image, List, Value

    text = Value("string")
    return Features(
        image=Image(),
        id=text,
        video_id=text,
        frame_index=Value("int64"),
        conversations=List({"from": text, "value": text}),
        masks=List({"size": List(Value("int32")), "counts": text}),
        bounding_boxes=List(List(Value("int32"))),
        labels=List(text),
        object_ids=List(text),
        areas=List(Value("int64")),
    )


def write_annotation_hf(
    source: Path,
    splits: pl.DataFrame,
    folder: Path,
    *,
    names: Sequence[str] = SPLIT_NAMES,
    seed: int = 23,
    phrases: Phrases = PHRASES,
    workers: int | None = None,
    log: Log = lambda line: None,
) -> WrittenSamples:
    """Write annotated frames as a DatasetDict that ``datasets.load_from_disk`` takes.

    Each split that has samples is a split of the dataset, in the order of the frames. ``masks`` are COCO
    compressed run lengths with their size as [height, width], ``bounding_boxes`` [x, y, width, height] in
    pixels; they, labels, object_ids and areas are in the order in which the conversation mentions the
    objects. Images are the frames' own bytes, or what
    :func:`~vdata_assets.formats.tables.huggingface.upright_rgb` makes of them. The same annotations, splits
    and seed give the same bytes; memory holds some frames and never the dataset.

    Args:
        source: a version of the annotations.
        splits: columns sample_id (a frame_id) and split.
        folder: where to; it is made or is empty.
        names: of the splits, in the order that the dataset is to have.
        seed: of the conversations.
        phrases: the wording.
        workers: threads that convert pictures; default: the cores this process may use.
        log: where lines of progress go.

    Raises:
        ValueError: a picture is not the one that was imported, or the tables do not fit together.
    """
    selection = select_samples(source, splits, names)
    folder.mkdir(exist_ok=True)
    progress = Progress("dataset_hf: write", selection.samples.height, "samples", log)
    pictures = ordered_map(
        lambda frame: _shown(picture(source / frame[0], frame[1]), frame[2]),
        selection.samples.select("file", "content_hash", "upright_rgb").iter_rows(),
        # To read is to copy: a second thread would only contend with the one that writes.
        1 if selection.samples["upright_rgb"].all() else workers,
        chunk=8,
    )
    columns = features()
    with dataset_dict_writer(folder, columns, selection.splits) as writer:
        for samples in sample_slices(selection):
            images = list(islice(pictures, samples.frames.height))
            for split in selection.splits:
                mine, turns = with_conversations(samples.of_split(split), seed, phrases)
                if turns:
                    shown = compress(images, samples.frames["split"] == split)
                    writer.write(split, _batch(mine, turns, list(shown), writer.schema))
            progress.advance(samples.frames.height)
    return WrittenSamples(folder, selection)


def _shown(content: bytes, is_upright: bool) -> bytes:
    return content if is_upright else upright_rgb(content)


def _batch(samples: Samples, turns: list[list[Turn]], images: list[bytes], schema: Any) -> Any:
    """The samples as a ``pyarrow.RecordBatch``."""
    import numpy as np
    import pyarrow as pa

    frames, objects, offsets = samples.frames, samples.objects, samples.offsets

    def per_frame(name: str, values: Any) -> Any:
        return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values).cast(schema.field(name).type)

    def texts(series: pl.Series) -> Any:
        return pa.array(series.to_list(), pa.string())

    def pieces(values: Any, length: int) -> Any:
        return pa.ListArray.from_arrays(
            pa.array(np.arange(0, len(values) + 1, length), pa.int32()), pa.array(values, pa.int32())
        )

    sizes = np.repeat(frames.select("height", "width").to_numpy(), frames["sound"].to_numpy(), axis=0)
    masks = pa.StructArray.from_arrays(
        [pieces(sizes.ravel(), 2), texts(objects["rle"])], fields=list(schema.field("masks").type.value_type)
    )
    image = schema.field("image").type
    arrays = {
        "image": pa.StructArray.from_arrays(
            [pa.array(images, pa.binary()), pa.nulls(len(images), pa.string())], fields=list(image)
        ),
        "id": texts(frames["frame_id"]),
        "video_id": texts(frames["video_id"]),
        "frame_index": pa.array(frames["frame_index"].to_numpy(), pa.int64()),
        "conversations": pa.array(turns, schema.field("conversations").type),
        "masks": per_frame("masks", masks),
        "bounding_boxes": per_frame("bounding_boxes", pieces(objects["box"].to_numpy().ravel(), 4)),
        "labels": per_frame("labels", texts(objects["label"])),
        "object_ids": per_frame("object_ids", texts(objects["object_id"])),
        "areas": per_frame("areas", pa.array(objects["area"].to_numpy(), pa.int64())),
    }
    return pa.RecordBatch.from_arrays([arrays[name] for name in schema.names], schema=schema)
