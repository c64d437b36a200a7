"""Prompts of conversational segmentation as samples for any format: a prompt is answered by its mask."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray
from PIL import Image

from vdata_assets.annotations.json_stream import ArrayStream
from vdata_assets.formats.coco_geometry import corners
from vdata_assets.formats.conversation import MarkedObject, Picture, Sample, Turn
from vdata_assets.formats.convseg_audit import EVAL, TRAIN
from vdata_assets.formats.convseg_files import DATASET, ITEMS
from vdata_assets.formats.convseg_samples import IMAGES, MASKS
from vdata_assets.formats.row_batches import in_order
from vdata_assets.masks.dense import runs_of
from vdata_assets.masks.measure import boxes
from vdata_assets.masks.write import write_compressed
from vdata_assets.splits.sample_splits import TABLE
from vdata_resources.images import DAMAGED
from vdata_resources.parallel import ordered_map

PIECE = 1 << 20


@dataclass(frozen=True)
class Answers:
    """What is answered to a prompt.

    The default is what trainers of language models with masks teach: a token ``[SEG]`` for every mask, that
    the mask is decoded from (LISA: ``ANSWER_LIST`` in ``utils/utils.py`` of dvlab-research/LISA). Where
    nothing is marked there is no token. Other trainers take ``[SEG]`` for plain text: give them other words.

    Attributes:
        found: where the prompt has a mask; it is one, the union of all regions that satisfy the prompt.
        absent: where the prompt's target is not in the picture.
    """

    found: str = "It is [SEG]."
    absent: str = "There is nothing like that in the image."


ANSWERS = Answers()


def samples_of_prompts(
    root: Path, *, answers: Answers = ANSWERS, workers: int | None = None
) -> Callable[[], Mapping[str, Iterator[Sample]]]:
    """The samples of an export of runs in their order, by split.

    The picture and the prompt are asked, ``answers`` says what is answered. The one object is the prompt's
    mask with its box; its label, as the sample's, is the family of the prompt, for prompts are no classes. A
    prompt whose mask is empty has no object. Memory holds the splits of the images and some masks.

    Args:
        root: a version that :func:`~vdata_assets.formats.convseg_export.export_runs` wrote, in one piece or
            with a folder a split, in any mode and path_mode; the pictures' paths are relative to it.
        answers: the wording.
        workers: threads that read masks; default: the cores this process may use.

    Returns:
        Gives at every call the samples from the first one on, of each split that has images; train,
        validation and test in this order. Reading them raises ValueError if a list or a mask is not as it was
        written.

    Raises:
        ValueError: the folder has no list of samples.
    """
    split_of = dict(pl.read_parquet(root / TABLE).select("sample_id", "split").iter_rows())
    lists = {split: (_list(root, split) or _list(root, "")) for split in in_order(set(split_of.values()))}
    missing = [split for split, file in lists.items() if file is None]
    if missing:
        raise ValueError(f"{root}: has no {DATASET} or {ITEMS} of {missing[0]}: materialize convseg_export")
    found = {split: file for split, file in lists.items() if file is not None}

    def samples(split: str, file: Path) -> Iterator[Sample]:
        mine = (row for row in _rows(file) if _split(split_of, row, file) == split)
        return ordered_map(partial(_sample, root, file.parent, answers), mine, workers, chunk=4)

    return lambda: {split: samples(split, file) for split, file in found.items()}


@dataclass(frozen=True)
class _Row:
    """A sample as a list has it; image and mask are the files' names."""

    image: str
    mask: str
    prompt: str

    @property
    def sample_id(self) -> str:
        return Path(self.mask).stem

    @property
    def image_key(self) -> str:
        return Path(self.image).stem

    @property
    def concept(self) -> str:
        # <image key>_<concept>_<index>, and only the key may have _ in it.
        return self.sample_id.rsplit("_", 2)[1]


def _list(root: Path, folder: str) -> Path | None:
    """The file that lists the samples in a folder: both lists hold the same."""
    return next((root / folder / name for name in (DATASET, ITEMS) if (root / folder / name).is_file()), None)


def _split(split_of: Mapping[str, str], row: _Row, file: Path) -> str:
    if row.image_key not in split_of:
        raise ValueError(f"{file}: {row.image}: is not in {TABLE}: materialize convseg_export")
    return split_of[row.image_key]


def _rows(file: Path) -> Iterator[_Row]:
    with file.open("rb") as source:
        pieces = iter(lambda: source.read(PIECE), b"")
        rows = source if file.name == DATASET else ArrayStream(pieces, "items", ITEMS)
        for number, content in enumerate(rows, 1):
            try:
                yield _row(content, file.name)
            except msgspec.MsgspecError as error:
                raise ValueError(f"{file}: sample {number}: {error}: materialize convseg_export") from error


def _row(content: bytes, name: str) -> _Row:
    if name == DATASET:
        row = TRAIN.decode(content)
        return _Row(Path(row.image).name, Path(row.mask_merged).name, row.prompt)
    item = EVAL.decode(content)
    return _Row(Path(item.image).name, Path(item.mask).name, item.prompt)


def _sample(root: Path, folder: Path, answers: Answers, row: _Row) -> Sample:
    mask = _mask(folder / MASKS / row.mask)
    height, width = mask.shape
    objects = (_object(row.concept, mask),) if mask.any() else ()
    picture = Picture((folder.relative_to(root) / IMAGES / row.image).as_posix())
    answer = answers.found if objects else answers.absent
    return Sample(
        row.sample_id,
        (Turn("user", (picture, row.prompt)), Turn("assistant", (answer,))),
        objects,
        ((width, height),),
        label=row.concept,
    )


def _object(label: str, mask: NDArray[np.bool_]) -> MarkedObject:
    runs = runs_of([mask])
    (box,) = boxes(runs, np.array([mask.shape[0]])).tolist()
    return MarkedObject(label, 0, corners(box), write_compressed(runs)[0])


def _mask(file: Path) -> NDArray[np.bool_]:
    try:
        with Image.open(file, formats=("PNG",)) as image:
            return np.asarray(image.convert("L")) > 0
    except (FileNotFoundError, *DAMAGED) as error:
        raise ValueError(f"{file}: cannot be read ({error}): materialize convseg_export") from error
