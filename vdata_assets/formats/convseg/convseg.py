"""Conversational segmentation as train.py and eval.py of the data engine read it: a prompt and its mask.

A dataset is a folder with ``<split>_convseg.jsonl``, which has the lines of ``dataset.jsonl``,
``<split>_convseg.json``, which is the same as ``items.json``, the masks in ``masks`` and the pictures under
the paths that the samples have. So ``train.py --data-dir . --dataset-jsonl train_convseg.jsonl`` finds all.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryFile
from threading import get_ident
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from vdata_assets.formats.about import DESCRIPTIONS
from vdata_assets.formats.coco.coco_geometry import corners
from vdata_assets.formats.conversation import Feature, MarkedObject, Picture, Sample, Turn
from vdata_assets.formats.convseg.convseg_lists import (
    ENCODER,
    EvalItem,
    inside,
    read_list,
    train_line,
    write_items,
)
from vdata_assets.formats.convseg.convseg_masks import MASKS, read_mask, write_mask
from vdata_assets.formats.convseg.convseg_rules import check_lists
from vdata_assets.formats.features import require
from vdata_assets.formats.inline_pictures import path_fault
from vdata_assets.formats.line_format import split_file, splits_of
from vdata_assets.formats.problems import BadRow, Problem, Report
from vdata_assets.formats.tables.embedded_pictures import require_text
from vdata_assets.formats.tables.huggingface import upright_rgb
from vdata_assets.masks.dense import decoded, runs_of
from vdata_assets.masks.measure import boxes
from vdata_assets.masks.write import write_compressed
from vdata_resources.images import ImageHeader, UnreadableImage, probe
from vdata_resources.parallel import ordered_map

LINES, ITEMS = "_convseg.jsonl", "_convseg.json"
RESERVED = frozenset({MASKS, *DESCRIPTIONS})

FOUND = "It is [SEG]."
"""What is answered to a prompt with a mask, by the convention of trainers of language models with masks: a
token ``[SEG]`` that the mask is decoded from (LISA: ``ANSWER_LIST`` in ``utils/utils.py`` of
dvlab-research/LISA)."""

ABSENT = "There is nothing like that in the image."
"""What is answered to a prompt whose target is not in the picture."""


@dataclass(frozen=True)
class Convseg:
    """The format; a prompt a row.

    A row holds a picture, the user's text and one mask, the union of the sample's objects; ``concept`` is the
    sample's class or, without one, that of all its objects. What is answered is not held: :data:`FOUND` or
    :data:`ABSENT` comes back, and one object with the mask, its box and the class. A sample without objects
    is one whose answer is :data:`ABSENT`: that a picture is not marked does not mean that nothing is there. A
    sample without an id gets the mask's name for one.

    Pictures are copied to their paths below the folder, upright RGB as the masks are, unless they lie there.

    Attributes:
        workers: threads that read and write masks and pictures; None for one a core.
    """

    name: ClassVar[str] = "convseg"
    expresses: ClassVar[frozenset[Feature]] = frozenset(
        {Feature.ID, Feature.PATH, Feature.BOXES, Feature.MASKS, Feature.SIZES, Feature.LABEL}
    )
    inlines: ClassVar[bool] = False

    workers: int | None = None

    def save(self, splits: Mapping[str, Iterable[Sample]], folder: Path, root: Path) -> list[Path]:
        """See :class:`~vdata_assets.formats.format.Format`; the lists are what is returned.

        Raises:
            ValueError: the format cannot say a sample, an object has no mask, a mask is not sound or not of
                the picture's size, or a picture cannot be read or has the path of another file of the format.
        """
        (folder / MASKS).mkdir(exist_ok=True)
        written = []
        for split, samples in splits.items():
            lines, items = (split_file(split, end) for end in (LINES, ITEMS))
            names = ((sample, f"{split}_{number:06d}") for number, sample in enumerate(samples))
            rows = ordered_map(
                lambda given: self._written(*given, folder, root), names, self.workers, chunk=4
            )
            count = 0
            with (folder / lines).open("wb") as file, TemporaryFile() as spool:
                for item in rows:
                    count += 1
                    file.write(train_line(item))
                    spool.write(ENCODER.encode(item) + b"\n")
                spool.seek(0)
                write_items(folder / items, split, count, (line.rstrip(b"\n") for line in spool))
            written += [lines, items]
        return written

    def splits(self, folder: Path) -> list[str]:
        """See :func:`~vdata_assets.formats.line_format.splits_of`."""
        return splits_of(folder, LINES)

    def load(self, folder: Path, split: str, report: Report) -> Iterator[Sample]:
        """The samples of a split by its list for eval.py, which alone has ids and classes."""
        return self.load_file(folder / split_file(split, ITEMS), report)

    def load_file(self, file: Path, report: Report) -> Iterator[Sample]:
        """The samples of ``dataset.jsonl`` or ``items.json`` of whatever name; masks are read, pictures not.

        Pictures' paths are relative to the file's folder. Without a concept the object's class is ``""``.
        """

        def read(row: tuple[int, EvalItem]) -> Sample | Problem:
            number, item = row
            try:
                return sample_of(item, file.parent)
            except BadRow as bad:
                return Problem(file.name, number, bad.field, bad.value, bad.rule)

        for found in ordered_map(read, read_list(file, report), self.workers, chunk=4):
            if isinstance(found, Problem):
                report(found)
            else:
                yield found

    def validate(self, folder: Path, split: str, report: Report) -> int:
        """See :func:`~vdata_assets.formats.convseg.convseg_rules.check_lists`."""
        lines, items = (folder / split_file(split, end) for end in (LINES, ITEMS))
        return check_lists(lines, items, report, self.workers)

    def marked(self, sample: Sample, root: Path) -> tuple[NDArray[np.bool_], bytes, ImageHeader]:
        """A sample's mask, bool of shape (height, width), and its picture as a file's bytes with its header.

        Raises:
            ValueError: as of :meth:`save`; names the sample.
        """
        require(sample, self.expresses, self.name)
        require_text(sample)
        try:
            _require_prompt(sample)
            content, header = _picture(str(sample.pictures[0].path), root)
            size = header.width, header.height
            if sample.sizes and sample.sizes[0] != size:
                raise ValueError(f"size {sample.sizes[0]}: the picture has {size} upright")
            return _union(sample.objects, header), content, header
        except ValueError as error:
            raise ValueError(f"sample {sample.id!r}: {error}") from error

    def _written(self, sample: Sample, name: str, folder: Path, root: Path) -> EvalItem:
        mask, content, header = self.marked(sample, root)
        path = str(sample.pictures[0].path)
        _place(folder / path, root / path, content, header, sample.id)
        shown = f"{MASKS}/{name}.png"
        write_mask(folder / shown, mask)
        return EvalItem(sample.id or name, path, shown, sample.turns[0].text, _concept(sample))


def sample_of(item: EvalItem, folder: Path) -> Sample:
    """The sample that a row of a list stands for, with the standard answer.

    Args:
        item: of the list.
        folder: that the list is in.

    Raises:
        BadRow: a path leaves the folder, or the mask cannot be read.
    """
    path, name = inside(item.image, folder, "image"), inside(item.mask, folder, "mask")
    mask = read_mask(folder / name)
    if isinstance(mask, str):
        raise BadRow("mask", item.mask, mask)
    height, width = mask.shape
    objects = (_object(item.concept or "", mask),) if mask.any() else ()
    asked = Turn("user", (Picture(path), item.prompt) if item.prompt else (Picture(path),))
    answered = Turn("assistant", (FOUND if objects else ABSENT,))
    return Sample(item.id, (asked, answered), objects, ((width, height),), label=item.concept)


def joins(sample: Sample) -> bool:
    """Whether a sample's objects lose something by becoming one mask with the sample's class."""
    return len(sample.objects) > 1 or any(one.label != (_concept(sample) or "") for one in sample.objects)


def keeps_answer(sample: Sample) -> bool:
    """Whether what is answered comes back."""
    return sample.turns[-1].text == (FOUND if sample.objects else ABSENT)


def _concept(sample: Sample) -> str | None:
    if sample.label is not None:
        return sample.label
    labels = {one.label for one in sample.objects}
    return (labels.pop() or None) if len(labels) == 1 else None


def _object(label: str, mask: NDArray[np.bool_]) -> MarkedObject:
    runs = runs_of([mask])
    (box,) = boxes(runs, np.array([mask.shape[0]])).tolist()
    return MarkedObject(label, 0, corners(box), write_compressed(runs)[0])


def _require_prompt(sample: Sample) -> None:
    """Refuse what is no prompt about marked pixels."""
    if [turn.role for turn in sample.turns] != ["user", "assistant"]:
        raise ValueError("turns have to be one of a user and one of an assistant")
    if not sample.turns[0].text.strip():
        raise ValueError("there is no prompt beside the picture: add one or leave it out")
    unmarked = next((one for one in sample.objects if one.mask is None or one.picture), None)
    if unmarked is not None:
        raise ValueError(f"object {unmarked.label!r} has no mask in the picture: leave the sample out")
    if not sample.objects and not keeps_answer(sample):
        raise ValueError(f"no mask, and the answer is not {ABSENT!r}: nothing says what is to be marked")


def _picture(path: str, root: Path) -> tuple[bytes, ImageHeader]:
    fault = path_fault(path)
    if fault is None and (
        path.endswith((LINES, ITEMS)) or RESERVED.intersection(PurePosixPath(path).parts[:1])
    ):
        fault = f"is that of another file of the format ({MASKS}/, lists and descriptions): rename it"
    if fault is not None:
        raise ValueError(f"picture {path}: the path {fault}")
    try:
        content = (root / path).read_bytes()
        return content, probe(content)
    except UnreadableImage as error:
        raise ValueError(f"picture {path}: {error.reason}: repair or remove it") from error
    except OSError as error:
        raise ValueError(f"picture {path}: cannot be read: {error.strerror}") from error


def _union(objects: Iterable[MarkedObject], header: ImageHeader) -> NDArray[np.bool_]:
    union = np.zeros((header.height, header.width), np.bool_)
    for one in objects:
        try:
            union |= decoded(str(one.mask), header.height, header.width)
        except ValueError as error:
            raise ValueError(f"mask of {one.label!r}: {error}") from error
    return union


def _place(target: Path, source: Path, content: bytes, header: ImageHeader, sample_id: str) -> None:
    """Put a picture where the list says that it is, unless it is there.

    Raises:
        ValueError: another file is there.
    """
    shown = content if header.upright_rgb else upright_rgb(content)
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        # Several threads may come to one picture: each file is whole before it has its name.
        part = target.with_name(f".{get_ident()}.part")
        part.write_bytes(shown)
        os.replace(part, target)
    elif target.read_bytes() != shown:
        why = "is not upright RGB" if target.samefile(source) else "is another picture"
        raise ValueError(f"sample {sample_id!r}: {target}: {why}: save to an empty folder")
