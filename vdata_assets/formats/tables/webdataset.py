"""Conversations as WebDataset tar shards, which ``webdataset`` and Hugging Face ``datasets`` both read.

A sample is ``<key>.json`` and ``<key>.<n>.jpg`` for its pictures from 0, one after another:

- a key has no dot, since both readers divide a name at its first; no slash; and does not begin with ``__``,
  which both pass over;
- every picture is under ``.jpg``, also one that is PNG or WebP: a field is a column, ``datasets`` takes the
  columns from the first five samples and drops others without a word, and every reader tells a picture's type
  from its bytes (``PIL.Image.open``);
- in the JSON, what may be empty (``objects``, ``sizes``, ``metadata``) is JSON text, and no label is "": else
  ``datasets`` takes the type of five empty lists for all.

``messages`` are those of :mod:`~vdata_assets.formats.tables.conversation_rows`. Samples with different
numbers of pictures are no table for ``datasets`` unless it is given :func:`features`; ``webdataset`` reads
them as is.
"""

import json
import re
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

from vdata_assets.formats.conversation import Feature, Sample
from vdata_assets.formats.problems import Problem, Report, shown
from vdata_assets.formats.tables.conversation_checks import Placed, check_rows, loaded
from vdata_assets.formats.tables.conversation_rows import EXPRESSES, RowReader, text_row
from vdata_assets.formats.tables.embedded_pictures import Embedded, with_pictures
from vdata_assets.formats.tables.row_batches import in_order
from vdata_assets.formats.tables.tar_samples import TarSample, tar_samples

SHARD = re.compile(r"(\w+(?:\.\w+)*)-(\d{6})\.tar")
SPLIT = re.compile(r"\w+(\.\w+)*")
AS_TEXT = ("objects", "sizes", "metadata")
SLUG = 60
LOOKED_AT = 5
"""``NUM_EXAMPLES_FOR_FEATURES_INFERENCE`` of ``datasets``."""


@dataclass(frozen=True)
class WebDataset:
    """The format: ``<split>-000000.tar`` and so on.

    Attributes:
        shard_bytes: size that an archive has at most, unless one sample has more.
        shard_samples: samples that an archive has at most.
        workers: threads that read, convert and check pictures; None for one a core.
    """

    name: ClassVar[str] = "webdataset"
    expresses: ClassVar[frozenset[Feature]] = EXPRESSES
    inlines: ClassVar[bool] = True

    shard_bytes: int = 500_000_000
    shard_samples: int = 10_000
    workers: int | None = None

    def save(self, splits: Mapping[str, Iterable[Sample]], folder: Path, root: Path) -> list[Path]:
        """Write the splits; see :class:`~vdata_assets.formats.format.Format`.

        The same samples give the same bytes: archives have no times and owners. A split without samples is an
        empty archive.
        """
        written: list[Path] = []
        for split, samples in splits.items():
            if not SPLIT.fullmatch(split):
                raise ValueError(f"split {split!r}: datasets takes letters, digits, _ and dots between them")
            read = with_pictures(samples, root, self.expresses, self.name, self.workers)
            written += self._write(_with_keys(read), folder, split)
        return [path.relative_to(folder) for path in written]

    def splits(self, folder: Path) -> list[str]:
        """The splits that there are archives of."""
        return in_order({match[1] for file in folder.iterdir() if (match := SHARD.fullmatch(file.name))})

    def load(self, folder: Path, split: str, report: Report) -> Iterator[Sample]:
        """The samples of a split; see :class:`~vdata_assets.formats.format.Format`."""
        for file in _shards(folder, split, report):
            yield from self.load_file(file, report)

    def load_file(self, file: Path, report: Report) -> Iterator[Sample]:
        """The samples of a tar archive."""
        reader = RowReader(file.name, report)
        for found, row in _rows(file, report):
            sample = reader.sample(row, found.number)
            if sample is not None:
                yield sample

    def validate(self, folder: Path, split: str, report: Report) -> int:
        """Check every archive and sample by what both readers do; the number of samples.

        Where nothing is wrong, ``datasets.load_dataset("webdataset", streaming=True)`` reads all of them:
        with the same code as without streaming, and no copy is written.
        """
        told: list[Problem] = []

        def heard(problem: Problem) -> None:
            told.append(problem) if not problem.warning and not told else None
            report(problem)

        files = _shards(folder, split, heard)
        fields = _Fields(heard)
        count = 0
        for file in files:
            placed = (
                Placed(file.name, found.number, row) for found, row in fields.minded(_rows(file, heard), file)
            )
            count += check_rows(placed, None, heard, self.workers)
        if not count:
            report(Problem(split, 0, "", "0 samples", "has a sample: webdataset stops without", warning=True))
        elif not told:
            _load(files, split, count, fields.pictures, report)
        return count

    def _write(
        self, samples: Iterator[tuple[str, Sample, list[Embedded]]], folder: Path, split: str
    ) -> list[Path]:
        files: list[Path] = []
        waiting = next(samples, None)
        while waiting is not None or not files:
            files.append(folder / f"{split}-{len(files):06d}.tar")
            count = 0
            with tarfile.open(files[-1], "w", format=tarfile.USTAR_FORMAT) as archive:
                while waiting is not None:
                    contents = _files(*waiting)
                    size = sum(
                        tarfile.BLOCKSIZE * (2 + len(content) // tarfile.BLOCKSIZE)
                        for content in contents.values()
                    )
                    if count and (count == self.shard_samples or archive.offset + size > self.shard_bytes):
                        break
                    for name, content in contents.items():
                        header = tarfile.TarInfo(name)
                        header.size = len(content)
                        archive.addfile(header, BytesIO(content))
                    count += 1
                    waiting = next(samples, None)
        return files


def features(pictures: int) -> Any:
    """Columns and types as ``datasets.load_dataset("webdataset", features=...)`` takes them.

    Args:
        pictures: the most that a sample has.
    """
    from datasets import Features, Image, List, Value

    text = Value("string")
    message = {"role": text, "content": List({"type": text, "text": text})}
    said = {"id": text, "messages": List(message), "label": text} | dict.fromkeys(AS_TEXT, text)
    columns = {"json": said} | {f"{number}.jpg": Image() for number in range(pictures)}
    return Features(columns | {"__key__": text, "__url__": text})


def sample_key(sample_id: str, number: int) -> str:
    """What the names of a sample's files begin with: of a-z, 0-9 and -, the same for the same id.

    Args:
        sample_id: of any characters; ids that look alike have keys that differ.
        number: of the sample, for one without an id.
    """
    if not sample_id:
        return f"row-{number:09d}"
    slug = re.sub(r"[^a-z0-9]+", "-", sample_id.lower())[:SLUG].strip("-")
    return f"{slug or 'sample'}-{blake2b(sample_id.encode(), digest_size=8).hexdigest()}"


def _with_keys(
    samples: Iterable[tuple[Sample, list[Embedded]]],
) -> Iterator[tuple[str, Sample, list[Embedded]]]:
    before = None
    for number, (sample, pictures) in enumerate(samples):
        key = sample_key(sample.id, number)
        if key == before:
            raise ValueError(
                f"sample {sample.id!r}: comes twice in a row, which is one in a tar: name them apart"
            )
        if sample.label == "":
            raise ValueError(f"sample {sample.id!r}: label '' is that of a sample without one: leave it out")
        yield key, sample, pictures
        before = key


def _files(key: str, sample: Sample, pictures: list[Embedded]) -> dict[str, bytes]:
    row = text_row(sample)
    for message in row["messages"]:
        for part in message["content"]:
            part["text"] = part["text"] or ""
    said = {name: row[name] for name in ("id", "messages")} | {"label": sample.label or ""}
    for name in AS_TEXT:
        said[name] = row[name] if isinstance(row[name], str) else json.dumps(row[name], ensure_ascii=False)
    contents = {f"{key}.json": json.dumps(said, ensure_ascii=False).encode()}
    return contents | {f"{key}.{place}.jpg": picture.bytes for place, picture in enumerate(pictures)}


def _shards(folder: Path, split: str, report: Report) -> list[Path]:
    """A split's archives, in order; one that is missing is a problem."""
    matches = (SHARD.fullmatch(file.name) for file in folder.iterdir())
    mine = sorted((int(match[2]), match.string) for match in matches if match and match[1] == split)
    if [number for number, _ in mine] != list(range(len(mine))) or not mine:
        rule = "are numbered from 000000 without a gap"
        report(Problem(split, 0, "archives", shown([name for _, name in mine]), rule))
    return [folder / name for _, name in mine]


def _rows(file: Path, report: Report) -> Iterator[tuple[TarSample, dict[str, Any]]]:
    """The samples of an archive whose JSON can be read, and what it says."""
    with file.open("rb") as source:
        for found in tar_samples(source, file, report):
            row, fault = found.row(source)
            for name in AS_TEXT[:2]:
                if fault is None and isinstance(row.get(name), str):
                    try:
                        row[name] = json.loads(row[name])
                    except (ValueError, RecursionError) as error:
                        fault = f"has {name} in JSON: {error}"
            if fault is not None:
                report(Problem(file.name, found.number, f"{found.key}.json", "", fault))
                continue
            yield found, row | {"label": row.get("label") or None}


class _Fields:
    """What the samples' fields are, as ``datasets`` minds them.

    Attributes:
        pictures: the most of a sample so far.
    """

    def __init__(self, report: Report) -> None:
        self.pictures = 0
        self._report = report
        self._first: set[str] | None = None
        self._seen = 0
        self._told = False

    def minded(
        self, rows: Iterable[tuple[TarSample, dict[str, Any]]], file: Path
    ) -> Iterator[tuple[TarSample, dict[str, Any]]]:
        """The same samples; reports keys that come twice, and once that fields are not those of the first."""
        keys: set[str] = set()
        for found, row in rows:
            name = f"{found.key}.json"
            if found.key in keys:
                self._report(
                    Problem(file.name, found.number, name, "", "has a key of its own: it came before")
                )
            if "/" in found.key:
                self._report(Problem(file.name, found.number, name, "", "has a key without slashes"))
            keys.add(found.key)
            self.pictures = max(self.pictures, len(found.pictures))
            self._compare(set(found.fields), file, found)
            yield found, row

    def _compare(self, names: set[str], file: Path, found: TarSample) -> None:
        self._seen += 1
        self._first = names if self._first is None else self._first
        other = names != self._first if self._seen <= LOOKED_AT else bool(names - self._first)
        if other and not self._told:
            self._told = True
            rule = (
                f"has the files of the first sample, {sorted(self._first)}: datasets needs its features "
                "declared, for it takes them from the first five"
            )
            value = shown(sorted(names))
            self._report(Problem(file.name, found.number, found.key, value, rule, warning=True))


def _load(files: list[Path], split: str, count: int, pictures: int, report: Report) -> None:
    """Read all samples with ``datasets``."""
    from datasets import Features, Image, load_dataset

    raw = {name: Image(decode=False) if "." in name else kind for name, kind in features(pictures).items()}
    names = {split: [str(file) for file in files if file.stat().st_size]}

    def read() -> int:
        with TemporaryDirectory() as cache:
            rows = load_dataset(
                "webdataset",
                data_files=names,
                split=split,
                streaming=True,
                features=Features(raw),
                cache_dir=cache,
            )
            return sum(1 for _ in rows)

    found = loaded(read, split, report)
    if found is not None and found != count:
        report(Problem(split, 0, "", str(found), f"gives datasets the {count} samples that are in it"))
