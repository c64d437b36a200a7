"""Conversations in the ShareGPT layout as LLaMA-Factory trains on them.

A split is a JSON array, ``<split>_sharegpt.json``, of rows ``{"id", "conversations", "images", "metadata"}``:
turns ``{"from": "system", "human" or "gpt", "value"}``, the system's first if there is one, and the paths of
the pictures in the order of their ``<image>`` in the turns. ``images`` is always there, for the trainer reads
it of every row. ``dataset_info.json`` has an entry a split, named as the split; train with ``dataset_dir`` as
the format's folder and ``media_dir`` as the folder that the paths are relative to.

A text of a sample that has a placeholder of the trainer in it (``<image>``, ``<video>``, ``<audio>``,
``{{image}}`` ...) is refused, for it would be taken for a picture or end the run.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from vdata_assets.formats.chat import chat_rows
from vdata_assets.formats.chat.dataset_info import INFO, Columns, Entry, Tags, read_info, write_info
from vdata_assets.formats.chat.sharegpt_rules import RESERVED, check_row, entry_fault
from vdata_assets.formats.conversation import CHAT, Feature, Role, Sample
from vdata_assets.formats.features import require
from vdata_assets.formats.inline_pictures import path_fault
from vdata_assets.formats.json_lines import FILE, Row, check_rows, read_rows, write_array
from vdata_assets.formats.line_format import split_file
from vdata_assets.formats.problems import Problem, Report, shown

ROLES: dict[Role, str] = {"system": "system", "user": "human", "assistant": "gpt"}
COLUMNS = Columns(messages="conversations", images="images")
TAGS = Tags("from", "value", "human", "gpt", system_tag="system")
TAKEN = re.compile("|".join(map(re.escape, RESERVED)))
ENDINGS = (".json", ".jsonl")


class ShareGpt:
    """ShareGPT's rows with ``dataset_info.json``: :class:`~vdata_assets.formats.format.Format`."""

    name: ClassVar[str] = "sharegpt"
    expresses: ClassVar[frozenset[Feature]] = CHAT | {
        Feature.ID,
        Feature.ASSISTANT_PICTURE,
        Feature.PATH,
        Feature.LABEL,
        Feature.METADATA,
    }
    inlines: ClassVar[bool] = False

    def save(self, splits: Mapping[str, Iterable[Sample]], folder: Path, root: Path) -> list[Path]:
        """Write an array a split and ``dataset_info.json``; pictures stay in ``root``.

        Raises:
            ValueError: the format cannot say a sample, a text has a placeholder in it, or a split's name
                cannot be a file's.
        """
        files = {split: split_file(split, "_sharegpt.json") for split in splits}
        for split, samples in splits.items():
            write_array(folder / files[split], map(self._row, samples))
        entries = {
            split: Entry(str(file), "sharegpt", columns=COLUMNS, tags=TAGS) for split, file in files.items()
        }
        write_info(folder, entries)
        return [*files.values(), Path(INFO)]

    def splits(self, folder: Path) -> list[str]:
        """The names of the ShareGPT datasets in ``dataset_info.json`` whose file is there, in its order.

        Raises:
            ValueError: ``dataset_info.json`` is of another form.
        """
        return [
            name
            for name, entry in read_info(folder).items()
            if entry.formatting == "sharegpt"
            and not entry.ranking
            and entry.file_name is not None
            and path_fault(entry.file_name) is None
            and (folder / entry.file_name).is_file()
        ]

    def load(self, folder: Path, split: str, report: Report) -> Iterator[Sample]:
        """The samples of a dataset of ``dataset_info.json``, by its columns and tags.

        Raises:
            ValueError: ``dataset_info.json`` is of another form.
        """
        entry = _entry(folder, split, report)
        if entry is None or entry.file_name is None:
            return iter(())
        return _samples(folder / entry.file_name, entry, report)

    def load_file(self, file: Path, report: Report) -> Iterator[Sample]:
        """The samples of a file of anybody's, an array or lines.

        Columns and tags are those of an entry for the file in a ``dataset_info.json`` beside it; without one,
        each row tells which of the usual keys it has, LLaVA's among them.

        Raises:
            ValueError: ``dataset_info.json`` is of another form.
        """
        entries = read_info(file.parent).values()
        mine = (one for one in entries if one.file_name == file.name and one.formatting == "sharegpt")
        return _samples(file, next(mine, None), report)

    def validate(self, folder: Path, split: str, report: Report) -> int:
        """Check ``dataset_info.json`` and every row (:mod:`~vdata_assets.formats.chat.sharegpt_rules`).

        Raises:
            ValueError: ``dataset_info.json`` is of another form.
        """
        entry = _entry(folder, split, report)
        if entry is None or entry.file_name is None:
            return 0
        wrong = entry_fault(entry)
        if wrong is not None:
            field, value, rule = wrong
            report(Problem(INFO, 0, f"{split}.{field}", shown(value), rule))
            return 0
        file = folder / entry.file_name

        def check(number: int, row: Row) -> None:
            def fault(field: str, value: Any, rule: str, warning: bool = False) -> None:
                report(Problem(file.name, number, field, shown(value), rule, warning))

            check_row(row, entry, fault)

        rows = check_rows(read_rows, file, report, check, strict=False)
        if not rows:
            report(
                Problem(file.name, 0, FILE, "no rows", "the trainer fails at an empty dataset: leave it out")
            )
        return rows

    def _row(self, sample: Sample) -> Row:
        require(sample, self.expresses, self.name)
        return {
            **chat_rows.head_of(sample),
            "conversations": chat_rows.turns_of(sample, ROLES, "", TAKEN),
            "images": chat_rows.paths_of(sample),
            **chat_rows.metadata_of(sample),
        }


def _entry(folder: Path, split: str, report: Report) -> Entry | None:
    """A split's entry with a file that can be read; None if it was reported."""
    entry = read_info(folder).get(split)
    if entry is None:
        report(Problem(INFO, 0, split, "no such entry", "has to describe the dataset"))
        return None
    name = entry.file_name
    fault = "has to name a file in the folder" if name is None else path_fault(name)
    if name is not None and fault is None:
        if not name.endswith(ENDINGS):
            fault = f"has to end with {' or '.join(ENDINGS)}"
        elif not (folder / name).is_file():
            fault = "there is no such file"
    if fault is not None:
        report(Problem(INFO, 0, f"{split}.file_name", shown(name), fault))
        return None
    return entry


def _samples(file: Path, entry: Entry | None, report: Report) -> Iterator[Sample]:
    if entry is None:
        return chat_rows.samples(read_rows(file, report), file, report)
    columns, tags = entry.columns, entry.tags
    words: dict[str | None, Role] = {
        tags.user_tag: "user",
        tags.assistant_tag: "assistant",
        tags.system_tag: "system",
    }
    shape = chat_rows.Shape(
        columns.messages or "conversations",
        columns.images or "images",
        tags.role_tag or "from",
        tags.content_tag or "value",
        {word: role for word, role in words.items() if word is not None},
        columns.system or "system",
    )
    return chat_rows.samples(read_rows(file, report), file, report, lambda row: shape)
