"""Prompts of conversational segmentation as samples for any format: a prompt is answered by its mask."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import polars as pl

from vdata_assets.formats.conversation import Picture, Sample, Turn
from vdata_assets.formats.convseg.convseg import ABSENT, FOUND, sample_of
from vdata_assets.formats.convseg.convseg_lists import DATASET, ITEMS, EvalItem, read_list
from vdata_assets.formats.problems import BadRow, Problem
from vdata_assets.formats.tables.row_batches import in_order
from vdata_assets.splits.sample_splits import TABLE
from vdata_resources.parallel import ordered_map

RULE = "materialize convseg_export"


@dataclass(frozen=True)
class Answers:
    """What is answered to a prompt.

    The default has a token ``[SEG]`` for the mask where there is one. Trainers that know none take it for
    plain text: give them other words.

    Attributes:
        found: where the prompt has a mask; it is one, the union of all regions that satisfy the prompt.
        absent: where the prompt's target is not in the picture.
    """

    found: str = FOUND
    absent: str = ABSENT


ANSWERS = Answers()


def samples_of_prompts(
    root: Path, *, answers: Answers = ANSWERS, workers: int | None = None
) -> Callable[[], Mapping[str, Iterator[Sample]]]:
    """The samples of an export of runs in their order, by split.

    The picture and the prompt are asked, ``answers`` says what is answered. The one object is the prompt's
    mask with its box; its label, as the sample's, is the family of the prompt, for prompts are no classes. A
    prompt whose mask is empty has no object. Memory holds the splits of the images and some masks.

    Args:
        root: a version that :func:`~vdata_assets.formats.convseg.convseg_export.export_runs` wrote, in one
            piece or with a folder a split, in any mode and path_mode; the pictures' paths are relative to it.
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
        mine = (row for row in _items(file) if _split(split_of, row, file) == split)
        return ordered_map(partial(_sample, root, file.parent, answers), mine, workers, chunk=4)

    return lambda: {split: samples(split, file) for split, file in found.items()}


def _list(root: Path, folder: str) -> Path | None:
    """The file that lists the samples in a folder: both lists hold the same."""
    return next((root / folder / name for name in (ITEMS, DATASET) if (root / folder / name).is_file()), None)


def _split(split_of: Mapping[str, str], item: EvalItem, file: Path) -> str:
    name = Path(item.image)
    if name.stem not in split_of:
        raise ValueError(f"{file}: {name.name}: is not in {TABLE}: {RULE}")
    return split_of[name.stem]


def _items(file: Path) -> Iterator[EvalItem]:
    """What a list has; a row without a concept has that of its name."""
    for _, item in read_list(file, partial(_refuse, file.parent)):
        if item.concept is None:
            # <image key>_<concept>_<index>, and only the key may have _ in it.
            parts = item.id.rsplit("_", 2)
            if len(parts) != 3:
                raise ValueError(f"{file}: {item.mask}: is no mask of a sample: {RULE}")
            item.concept = parts[1]
        yield item


def _refuse(folder: Path, problem: Problem) -> None:
    raise ValueError(f"{folder}/{problem}: {RULE}")


def _sample(root: Path, folder: Path, answers: Answers, item: EvalItem) -> Sample:
    try:
        sample = sample_of(item, folder)
    except BadRow as bad:
        raise ValueError(f"{folder}: {item.id}: {bad.field}: {bad.value}: {bad.rule}: {RULE}") from bad
    (picture,) = sample.pictures
    shown = Picture((folder.relative_to(root) / str(picture.path)).as_posix())
    answer = answers.found if sample.objects else answers.absent
    return replace(sample, turns=(Turn("user", (shown, item.prompt)), Turn("assistant", (answer,))))
