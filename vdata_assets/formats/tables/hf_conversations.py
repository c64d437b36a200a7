"""Conversations as a Hugging Face DatasetDict on disk, for ``datasets.load_from_disk`` and TRL's trainers.

Columns and the convention for pictures are in :mod:`~vdata_assets.formats.tables.conversation_rows`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

from vdata_assets.formats.conversation import Feature, Sample
from vdata_assets.formats.declared import declared_problems
from vdata_assets.formats.problems import Problem, Report, shown
from vdata_assets.formats.tables.conversation_checks import Placed, check_rows, loaded
from vdata_assets.formats.tables.conversation_rows import EXPRESSES, RowReader, features
from vdata_assets.formats.tables.dataset_dict import (
    DATASET_DICT,
    DATASET_INFO,
    DATASET_STATE,
    dataset_dict_writer,
)
from vdata_assets.formats.tables.row_batches import label_names, names_in, record_batches, rows_of
from vdata_assets.formats.tables.sample_spool import with_classes

MOST_JSON_BYTES = 1 << 26
CHECKED_ROWS = 16


@dataclass(frozen=True)
class HuggingFace:
    """The format: a folder with ``dataset_dict.json`` and a folder of Arrow files a split.

    Attributes:
        classes: all labels, if they are known; then samples do not wait in a file until they are.
        workers: threads that read, convert and check pictures; None for one a core.
    """

    name: ClassVar[str] = "huggingface"
    expresses: ClassVar[frozenset[Feature]] = EXPRESSES
    inlines: ClassVar[bool] = True

    classes: Sequence[str] | None = None
    workers: int | None = None

    def save(self, splits: Mapping[str, Iterable[Sample]], folder: Path, root: Path) -> list[Path]:
        """Write the splits; see :class:`~vdata_assets.formats.format.Format`.

        ``label`` is a ClassLabel with the sorted labels of all splits, and absent where no sample has one.
        """
        with with_classes(splits, folder, self.classes) as (names, samples):
            declared, codes = features(names), {name: code for code, name in enumerate(names)}
            with dataset_dict_writer(folder, declared, list(splits)) as writer:
                for split, some in samples.items():
                    for batch in record_batches(some, root, writer.schema, codes, self.name, self.workers):
                        writer.write(split, batch)
        written = [folder / DATASET_DICT]
        for split in splits:
            written += sorted((folder / split).iterdir())
        return [path.relative_to(folder) for path in written]

    def splits(self, folder: Path) -> list[str]:
        """The splits that ``dataset_dict.json`` lists, in its order.

        Raises:
            ValueError: it is no such file, or names a split that leaves the folder.
        """
        file = folder / DATASET_DICT
        listed = _json(file).get("splits")
        if not isinstance(listed, list) or not all(isinstance(split, str) for split in listed):
            raise ValueError(f"{file}: splits: {shown(listed)}: is a list of names")
        for split in listed:
            if not _is_name(split):
                raise ValueError(f"{file}: splits: {shown(split)}: is the name of a folder beside it")
        return listed

    def load(self, folder: Path, split: str, report: Report) -> Iterator[Sample]:
        """The samples of a split, from its Arrow files; see :class:`~vdata_assets.formats.format.Format`."""
        yield from _samples(folder / split, split, report)

    def load_file(self, file: Path, report: Report) -> Iterator[Sample]:
        """The samples of an Arrow stream file, or of a folder that ``save_to_disk`` wrote, all its splits."""
        if (file / DATASET_DICT).exists():
            for split in self.splits(file):
                yield from self.load(file, split, report)
        elif file.is_dir():
            yield from _samples(file, file.name, report)
        else:
            yield from _read([file], (), file.name, report)

    def validate(self, folder: Path, split: str, report: Report) -> int:
        """Load a split with ``datasets`` and check its columns and every row; the number of rows.

        Rules: Arrow files hold valid arrays; ``datasets.load_from_disk`` takes the folder; ``images`` and
        ``messages`` are declared as TRL's trainers need them; and those of
        :mod:`~vdata_assets.formats.tables.conversation_checks` for each row.
        """
        from datasets import DatasetDict, load_from_disk

        files = _files(folder / split, split, report)
        if files is None:
            return 0
        unsound: list[Problem] = []
        for _ in _batches(files, split, unsound.append):
            pass
        for problem in unsound:
            report(problem)
        if unsound:
            return 0
        data = loaded(lambda: load_from_disk(str(folder)), split, report)
        if not isinstance(data, DatasetDict) or split not in data:
            if data is not None:
                report(Problem(split, 0, DATASET_DICT, shown(list(data)), f"lists the split {split}"))
            return 0
        rows = data[split]
        problems = declared_problems(rows.features, split)
        for problem in problems:
            report(problem)
        if any(not problem.warning for problem in problems):
            return int(rows.num_rows)
        tables = rows.with_format("arrow").iter(CHECKED_ROWS)
        placed = (
            Placed(split, number, row)
            for number, row in enumerate((row for table in tables for row in rows_of(table)), 1)
        )
        names = getattr(rows.features.get("label"), "names", None)
        return check_rows(placed, None if names is None else len(names), report, self.workers)


def _json(file: Path) -> dict[str, Any]:
    """A JSON object.

    Raises:
        ValueError: the file is none, or has more than 64 MiB.
    """
    if file.stat().st_size > MOST_JSON_BYTES:
        raise ValueError(f"{file}: has more than {MOST_JSON_BYTES >> 20} MiB")
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{file}: is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise ValueError(f"{file}: {shown(found)}: is an object")
    return found


def _is_name(name: object) -> bool:
    """Whether this names a file in a folder and nothing outside."""
    return isinstance(name, str) and name not in ("", ".", "..") and PurePosixPath(name).name == name


def _files(folder: Path, split: str, report: Report) -> list[Path] | None:
    """The Arrow files that a split's ``state.json`` lists; None, and a problem, if it cannot be read."""
    try:
        listed = _json(folder / DATASET_STATE).get("_data_files")
    except (ValueError, OSError) as error:
        report(Problem(split, 0, DATASET_STATE, "", f"lists the Arrow files: {error}"))
        return None
    entries = listed if isinstance(listed, list) else [listed]
    names: list[Any] = [one.get("filename") if isinstance(one, dict) else one for one in entries]
    for name in names:
        if not _is_name(name):
            report(Problem(split, 0, "_data_files", shown(name), "is the name of a file in the folder"))
            return None
        if not (folder / name).is_file() or (folder / name).is_symlink():
            report(Problem(split, 0, "_data_files", shown(name), "is a file that is there, and no link"))
            return None
    return [folder / name for name in names]


def _samples(folder: Path, split: str, report: Report) -> Iterator[Sample]:
    files = _files(folder, split, report)
    if files is None:
        return
    try:
        names = names_in(_json(folder / DATASET_INFO).get("features"))
    except (ValueError, OSError) as error:
        report(Problem(split, 0, DATASET_INFO, "", f"describes the columns: {error}", warning=True))
        names = []
    yield from _read(files, names, split, report)


def _read(files: Iterable[Path], names: Sequence[str], named: str, report: Report) -> Iterator[Sample]:
    number = 0
    for batch in _batches(files, named, report):
        reader = RowReader(named, report, names or label_names(batch.schema))
        for row in rows_of(batch):
            number += 1
            sample = reader.sample(row, number)
            if sample is not None:
                yield sample


def _batches(files: Iterable[Path], named: str, report: Report) -> Iterator[Any]:
    """The record batches of Arrow stream files, from the disk as they are looked at.

    Arrow trusts its files: only a full validation keeps offsets of a hostile one from reading other memory.
    """
    import pyarrow as pa

    for file in files:
        try:
            with pa.memory_map(str(file)) as source, pa.ipc.open_stream(source) as stream:
                for batch in stream:
                    batch.validate(full=True)
                    yield batch
        except (pa.ArrowException, OSError) as error:
            report(Problem(named, 0, file.name, type(error).__name__, f"is an Arrow stream: {error}"))
