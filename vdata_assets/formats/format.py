"""What every conversation format offers: reading, writing and checking, all a row at a time."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import ClassVar, Protocol

from vdata_assets.formats.conversation import Feature, Sample
from vdata_assets.formats.problems import Report


class Format(Protocol):
    """A way to write conversations for a trainer.

    A dataset is a folder; each split is a file in it, a folder, or a row's column, as the format has it.
    ``load(save(samples)) == samples`` for samples that hold only what ``expresses`` names.
    """

    name: ClassVar[str]
    """As the YAML names it."""

    expresses: ClassVar[frozenset[Feature]]
    """What of a sample it can say."""

    inlines: ClassVar[bool]
    """Whether the pictures' bytes are in its files; else they are referenced by path."""

    def save(self, splits: Mapping[str, Iterable[Sample]], folder: Path, root: Path) -> list[Path]:
        """Write the splits; memory holds some samples and never all.

        Args:
            splits: samples by split, each iterated once, in order; the dataset's order of splits.
            folder: where to; it exists and is empty of this format's files.
            root: folder that the pictures' paths are relative to.

        Returns:
            The files that were written, relative to ``folder``.

        Raises:
            ValueError: a sample that the format cannot say (:mod:`~vdata_assets.formats.convert` prepares
                them), or a picture that cannot be read; names sample and picture.
        """
        ...

    def splits(self, folder: Path) -> list[str]:
        """The splits that are in a folder, in the order in which they were written where that is known."""
        ...

    def load(self, folder: Path, split: str, report: Report) -> Iterator[Sample]:
        """The samples of a split; a row that cannot be read is reported and left out.

        Args:
            folder: of the dataset.
            split: one of :meth:`splits`.
            report: told of every problem.
        """
        ...

    def load_file(self, file: Path, report: Report) -> Iterator[Sample]:
        """The samples of a file that somebody else wrote, of whatever name."""
        ...

    def validate(self, folder: Path, split: str, report: Report) -> int:
        """Check every row of a split by the rules of the trainer; the number of rows.

        Independent of :meth:`save`: it reads the bytes as the trainer would.
        """
        ...
