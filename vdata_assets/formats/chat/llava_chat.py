"""Conversations as LLaVA trains on them: a row is ``{"id", "image", "conversations", "metadata"}``.

``image`` is one path relative to the trainer's ``image_folder``, or is not there. ``conversations`` are turns
``{"from": "human" or "gpt", "value"}``; ``<image>`` and a newline begin the first if there is a picture. A
text of a sample that has ``<image>`` in it is refused, for the trainer would take it for a picture.
``metadata`` has the label and further strings, if any; the trainer passes over them. Read by
``LazySupervisedDataset`` in ``llava/train/train.py`` of haotian-liu/LLaVA, which takes the array; its
successors take lines as well.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from vdata_assets.formats.chat import chat_rows
from vdata_assets.formats.chat.llava_rules import check_row
from vdata_assets.formats.conversation import Feature, Role, Sample
from vdata_assets.formats.features import require
from vdata_assets.formats.image_tokens import IMAGE
from vdata_assets.formats.json_lines import (
    Reader,
    Row,
    Writer,
    check_rows,
    read_array,
    read_lines,
    read_rows,
    write_array,
    write_lines,
)
from vdata_assets.formats.line_format import split_file, splits_of
from vdata_assets.formats.problems import Problem, Report, shown

RESERVED = re.compile(re.escape(IMAGE))
ROLES: dict[Role, str] = {"user": "human", "assistant": "gpt"}


class SplitFile(NamedTuple):
    """How a split's file is named, read and written."""

    ending: str
    read: Reader
    write: Writer


class LlavaLines:
    """LLaVA's rows as JSON lines, ``<split>_llava.jsonl``: :class:`~vdata_assets.formats.format.Format`."""

    name: ClassVar[str] = "llava"
    expresses: ClassVar[frozenset[Feature]] = frozenset(
        {
            Feature.ID,
            Feature.NO_PICTURE,
            Feature.PATH,
            Feature.SEVERAL_ROUNDS,
            Feature.LABEL,
            Feature.METADATA,
        }
    )
    inlines: ClassVar[bool] = False
    _file: ClassVar[SplitFile] = SplitFile("_llava.jsonl", read_lines, write_lines)

    def save(self, splits: Mapping[str, Iterable[Sample]], folder: Path, root: Path) -> list[Path]:
        """Write a file a split; pictures stay where they are, relative to ``root``.

        Raises:
            ValueError: the format cannot say a sample, a text has ``<image>`` in it or is empty, or a split's
                name cannot be a file's.
        """
        files = []
        for split, samples in splits.items():
            file = split_file(split, self._file.ending)
            self._file.write(folder / file, map(self._row, samples))
            files.append(file)
        return files

    def splits(self, folder: Path) -> list[str]:
        """The splits that are in a folder: train, val and test in this order, then others by name."""
        return splits_of(folder, self._file.ending)

    def load(self, folder: Path, split: str, report: Report) -> Iterator[Sample]:
        """The samples of a split; rows that are none are reported and left out."""
        file = folder / split_file(split, self._file.ending)
        return chat_rows.samples(self._file.read(file, report), file, report)

    def load_file(self, file: Path, report: Report) -> Iterator[Sample]:
        """The samples of a file of anybody's, lines or an array; the keys of ShareGPT are taken as well."""
        return chat_rows.samples(read_rows(file, report), file, report)

    def validate(self, folder: Path, split: str, report: Report) -> int:
        """Check every row by the trainer's rules (:mod:`~vdata_assets.formats.chat.llava_rules`)."""
        file = folder / split_file(split, self._file.ending)

        def check(number: int, row: Row) -> None:
            def fault(field: str, value: Any, rule: str, warning: bool = False) -> None:
                report(Problem(file.name, number, field, shown(value), rule, warning))

            check_row(row, fault)

        return check_rows(self._file.read, file, report, check)

    def _row(self, sample: Sample) -> Row:
        require(sample, self.expresses, self.name)
        empty = next((turn for turn in sample.turns if not turn.parts), None)
        if empty is not None:
            raise ValueError(
                f"sample {sample.id!r}: the {empty.role}'s turn is empty, so nothing is trained: leave it out"
            )
        paths = chat_rows.paths_of(sample)
        return {
            **chat_rows.head_of(sample),
            **({"image": paths[0]} if paths else {}),
            "conversations": chat_rows.turns_of(sample, ROLES, "\n", RESERVED),
            **chat_rows.metadata_of(sample),
        }


class LlavaArray(LlavaLines):
    """LLaVA's rows as one JSON array, a row a line, ``<split>_llava_json.json``."""

    name: ClassVar[str] = "llava_json"
    _file: ClassVar[SplitFile] = SplitFile("_llava_json.json", read_array, write_array)
