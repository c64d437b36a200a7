"""Formats that are a file of JSON lines a split, a sample a line."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from vdata_assets.formats.conversation import Feature, Sample
from vdata_assets.formats.features import require
from vdata_assets.formats.json_lines import read_rows, write_lines
from vdata_assets.formats.problems import BadRow, Problem, Report

FIRST_SPLITS = ("train", "val", "validation", "test")
SPLIT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def split_file(split: str, end: str) -> Path:
    """Name of a split's file.

    Raises:
        ValueError: the split's name cannot be part of a file's.
    """
    if not SPLIT.fullmatch(split):
        raise ValueError(f"split {split!r} cannot name a file: use letters, digits, - and _")
    return Path(f"{split}{end}")


def splits_of(folder: Path, end: str) -> list[str]:
    """The splits whose files are in a folder: train, val, validation, test, then others by name."""
    found = {file.name.removesuffix(end) for file in folder.glob(f"*{end}") if file.is_file()}
    first = [split for split in FIRST_SPLITS if split in found]
    return [*first, *sorted(found.difference(first))]


class SplitFiles(ABC):
    """What formats share that have a file ``<split>_<name><ending>`` a split."""

    name: ClassVar[str]
    ending: ClassVar[str] = ".jsonl"

    @abstractmethod
    def load_file(self, file: Path, report: Report) -> Iterator[Sample]:
        """See :class:`~vdata_assets.formats.format.Format`."""

    def splits(self, folder: Path) -> list[str]:
        """See :func:`splits_of`."""
        return splits_of(folder, self._end)

    def load(self, folder: Path, split: str, report: Report) -> Iterator[Sample]:
        """See :class:`~vdata_assets.formats.format.Format`."""
        return self.load_file(folder / split_file(split, self._end), report)

    @property
    def _end(self) -> str:
        return f"_{self.name}{self.ending}"


class LineFormat(SplitFiles):
    """What such formats share; one of them says how a sample is a row and how a row is checked."""

    expresses: ClassVar[frozenset[Feature]]
    inlines: ClassVar[bool] = False

    @abstractmethod
    def row_of(self, sample: Sample, root: Path) -> dict[str, Any]:
        """A sample as a row.

        Raises:
            ValueError: the format cannot say it; names the sample.
        """

    @abstractmethod
    def sample_of(self, row: Mapping[str, Any]) -> Sample:
        """The sample of a row.

        Raises:
            BadRow: it cannot be read.
        """

    @abstractmethod
    def validate_file(self, file: Path, report: Report) -> int:
        """Check every row of a file by the rules of the trainer; the number of rows."""

    def save(self, splits: Mapping[str, Iterable[Sample]], folder: Path, root: Path) -> list[Path]:
        """See :class:`~vdata_assets.formats.format.Format`."""
        files = [split_file(split, self._end) for split in splits]
        for file, samples in zip(files, splits.values(), strict=True):
            write_lines(folder / file, self._rows(samples, root))
        return files

    def load_file(self, file: Path, report: Report) -> Iterator[Sample]:
        """See :class:`~vdata_assets.formats.format.Format`; a JSON array is read too."""
        for number, row in read_rows(file, report):
            try:
                sample = self.sample_of(row)
            except BadRow as bad:
                report(Problem(file.name, number, bad.field, bad.value, bad.rule))
            else:
                yield sample

    def validate(self, folder: Path, split: str, report: Report) -> int:
        """See :class:`~vdata_assets.formats.format.Format`."""
        return self.validate_file(folder / split_file(split, self._end), report)

    def _rows(self, samples: Iterable[Sample], root: Path) -> Iterator[dict[str, Any]]:
        said = self.expresses | {Feature.PATH} if self.inlines else self.expresses
        for sample in samples:
            require(sample, said, self.name)
            yield self.row_of(sample, root)
