"""A dataset written in every format of a list, each with a card, a Croissant file and checksums."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path

from vdata_assets.formats.about import About, split_about
from vdata_assets.formats.conversation import Feature, Sample
from vdata_assets.formats.convert import Lost, adapted
from vdata_assets.formats.described import describe_folder
from vdata_assets.formats.export_settings import FormatSettings
from vdata_assets.formats.format import Format
from vdata_assets.formats.registry import FORMATS, format_named
from vdata_assets.formats.tables.row_columns import columns

Splits = Callable[[], Mapping[str, Iterable[Sample]]]
"""Gives the samples by split, from the first one on at every call."""


@dataclass
class IdDigest:
    """The ids of samples in their order, as a number: so many are not held to be compared.

    Attributes:
        rows: number of samples.
        known: whether each has an id.
    """

    rows: int = 0
    known: bool = True
    _hash: "blake2b" = field(default_factory=lambda: blake2b(digest_size=16))

    def add(self, sample: Sample) -> None:
        """Take the next sample."""
        self.rows += 1
        self.known = self.known and bool(sample.id)
        name = sample.id.encode("utf-8", "surrogatepass")
        self._hash.update(len(name).to_bytes(8, "big") + name)

    @property
    def ids(self) -> str | None:
        """The digest; None if a sample has no id."""
        return self._hash.hexdigest() if self.known else None


@dataclass(frozen=True)
class ExportedSplit:
    """A split as it was written.

    Attributes:
        name: of it.
        rows: samples in it.
        ids: digest of their ids in order; None if they have none or the format does not keep them.
        files: relative to the format's folder.
    """

    name: str
    rows: int
    ids: str | None
    files: tuple[Path, ...]


@dataclass(frozen=True)
class ExportedFormat:
    """A dataset as it was written in one format, in the folder of the format's name.

    Attributes:
        format: what wrote it.
        splits: in order.
        bytes: of all files but the descriptions.
        classes: labels of the samples, sorted.
        lost: what the format could not say.
    """

    format: Format
    splits: tuple[ExportedSplit, ...]
    bytes: int
    classes: tuple[str, ...]
    lost: Lost

    @property
    def name(self) -> str:
        """Of the format."""
        return self.format.name

    @property
    def rows(self) -> int:
        """Of all splits."""
        return sum(split.rows for split in self.splits)


@dataclass(frozen=True)
class Exported:
    """A dataset's exports.

    Attributes:
        formats: in the order of the settings.
    """

    formats: tuple[ExportedFormat, ...]


def formats_of(entries: Iterable[FormatSettings], classes: Sequence[str] | None = None) -> list[Format]:
    """The formats of a ``formats:`` list.

    Args:
        entries: of the settings.
        classes: all labels, if they are known; formats that name them at the beginning of a file then need
            not go through the samples for them.
    """
    found = []
    for entry in entries:
        options = entry.options()
        if classes is not None and "classes" in FORMATS[entry.format].options:
            options["classes"] = classes
        found.append(format_named(entry.format, options))
    return found


def export(
    splits: Splits,
    formats: Sequence[Format],
    root: Path,
    out: Path,
    about: About,
    log: Callable[[str], object] = lambda line: None,
    *,
    own_pictures: bool = False,
) -> Exported:
    """Write ``<out>/<format>/`` for every format; memory holds some samples and never all.

    The same samples give the same bytes. A sample that a format cannot say is left out of it and named
    (:mod:`~vdata_assets.formats.convert`).

    Args:
        splits: called once a format; each split's samples are iterated once.
        formats: each once.
        root: folder that pictures' paths are relative to.
        out: folder that exists and has none of the formats' folders.
        about: of the dataset; its format, splits, columns, features and classes are filled in here.
        log: where a line goes before and after each format.
        own_pictures: give formats of paths the pictures as files in their folder, for samples that hold
            pictures' bytes. Else such samples are left out of these formats.

    Raises:
        FileExistsError: a format's folder is there.
        ValueError: a split's name is none for a format.
    """
    done = []
    for format_ in formats:
        log(f"exports: {format_.name}: writing")
        one = _written(splits(), format_, root, out / format_.name, own_pictures)
        done.append(one)
        log(f"exports: {one.name}: {one.rows:,} rows, {one.bytes:,} bytes; {one.lost}")
    exported = Exported(tuple(done))
    describe(exported, out, about)
    return exported


def describe(exported: Exported, out: Path, about: About) -> None:
    """Write README.md, croissant.json and checksums.sha256 of every format, over those that are there.

    Args:
        exported: what was written.
        out: folder that it is in.
        about: of the dataset; with the findings of its audits once they are known.
    """
    for one in exported.formats:
        folder = out / one.name
        described, features = columns(one.name, one.classes)
        told = replace(
            about,
            format=one.name,
            splits=tuple(split_about(folder, split.name, split.rows, split.files) for split in one.splits),
            columns=described,
            features=features,
            classes=one.classes,
        )
        describe_folder(folder, told)


def _written(
    splits: Mapping[str, Iterable[Sample]], format_: Format, root: Path, folder: Path, own_pictures: bool
) -> ExportedFormat:
    folder.mkdir()
    lost, labels = Lost(), set[str]()
    counted = {split: IdDigest() for split in splits}
    own = folder if own_pictures and Feature.DATA not in format_.expresses else None

    def samples(split: str) -> Iterator[Sample]:
        for sample in adapted(splits[split], format_, root, lost, own):
            counted[split].add(sample)
            if sample.label is not None:
                labels.add(sample.label)
            yield sample

    files = format_.save({split: samples(split) for split in splits}, folder, own or root)
    keeps_ids = Feature.ID in format_.expresses
    declared: Sequence[str] | None = getattr(format_, "classes", None)
    return ExportedFormat(
        format=format_,
        splits=tuple(
            ExportedSplit(split, seen.rows, seen.ids if keeps_ids else None, _files_of(split, files, format_))
            for split, seen in counted.items()
        ),
        bytes=sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()),
        classes=tuple(sorted(labels if declared is None else set(declared))),
        lost=lost,
    )


def _files_of(split: str, files: Iterable[Path], format_: Format) -> tuple[Path, ...]:
    """Those of the files that are a split's: a folder of its name, a file, or numbered files."""
    own = re.compile(rf"{re.escape(split)}(_{format_.name}\.jsonl?|-\d+(-of-\d+)?\.(parquet|tar))")
    return tuple(file for file in files if file.parts[0] == split or own.fullmatch(file.name))
