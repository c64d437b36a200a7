"""Annotated frames as samples for any format: what is asked about their objects, and these with masks."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import polars as pl

from vdata_assets.conversations.segmentation import ASSISTANT, HUMAN, IMAGE, PHRASES, Phrases
from vdata_assets.conversations.segmentation import Turn as Said
from vdata_assets.formats.coco.coco_geometry import corners
from vdata_assets.formats.conversation import MarkedObject, Picture, Role, Sample, Turn
from vdata_assets.formats.segmentation.segmentation_samples import (
    SPLIT_NAMES,
    Samples,
    SampleSelection,
    sample_slices,
    select_samples,
    with_conversations,
)

ROLES: dict[str, Role] = {HUMAN: "user", ASSISTANT: "assistant"}


def samples_of_annotations(
    root: Path,
    splits: pl.DataFrame,
    *,
    names: Sequence[str] = SPLIT_NAMES,
    seed: int = 23,
    phrases: Phrases = PHRASES,
) -> Callable[[], Mapping[str, Iterator[Sample]]]:
    """The frames that have a split and an object with a mask, in their order, by split.

    :func:`~vdata_assets.formats.segmentation.llava.write_llava` writes them, and
    :func:`~vdata_assets.formats.segmentation.annotation_hf.write_annotation_hf` their texts word for word.
    Objects stand in the order in which the conversation mentions them, with their class, box and mask;
    ``metadata`` has video_id and frame_index. Boxes and masks are those of the upright picture, as ``sizes``
    are; a picture by path is the frame's own file, which its EXIF metadata may rotate. Memory holds the table
    of frames and the objects of some of them.

    Args:
        root: a version of the annotations, that the pictures' paths are relative to.
        splits: columns sample_id (a frame_id) and split.
        names: of the splits, in the order that the dataset is to have.
        seed: of the conversations.
        phrases: the wording.

    Returns:
        Gives at every call the samples of each split that has any, from the first one on.

    Raises:
        ValueError: a split is none of the names, or the tables do not fit together.
    """
    return samples_of_selection(select_samples(root, splits, names), seed, phrases)


def samples_of_selection(
    selection: SampleSelection, seed: int, phrases: Phrases = PHRASES
) -> Callable[[], Mapping[str, Iterator[Sample]]]:
    """The samples that are selected; see :func:`samples_of_annotations`."""
    return lambda: {split: _of_split(selection, split, seed, phrases) for split in selection.splits}


def _of_split(selection: SampleSelection, split: str, seed: int, phrases: Phrases) -> Iterator[Sample]:
    for samples in sample_slices(selection):
        mine = samples.of_split(split)
        if mine.frames.height:
            yield from _samples(*with_conversations(mine, seed, phrases))


def _samples(samples: Samples, conversations: list[list[Said]]) -> Iterator[Sample]:
    offsets = samples.offsets.tolist()
    objects = list(map(_object, *(samples.objects[name].to_list() for name in ("label", "rle", "box"))))
    frames = samples.frames.select("frame_id", "file", "width", "height", "video_id", "frame_index")
    for (frame_id, file, width, height, video_id, index), said, start, end in zip(
        frames.iter_rows(), conversations, offsets[:-1], offsets[1:], strict=True
    ):
        turns = map(partial(_turn, Picture(file)), said)
        yield Sample(
            frame_id,
            tuple(turns),
            tuple(objects[start:end]),
            ((width, height),),
            metadata={"video_id": video_id, "frame_index": str(index)},
        )


def _object(label: str, mask: str, box: Sequence[int]) -> MarkedObject:
    return MarkedObject(label, 0, corners(box), mask)


def _turn(picture: Picture, said: Said) -> Turn:
    text = said["value"].removeprefix(IMAGE)
    return Turn(ROLES[said["from"]], (text,) if text == said["value"] else (picture, text))
