"""The classes of samples that can be looked at once: they wait in a file until all classes are known."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

import msgspec

from vdata_assets.formats.conversation import Sample
from vdata_assets.formats.tables.embedded_pictures import require_text

LENGTH_BYTES = 8


@contextmanager
def with_classes(
    splits: Mapping[str, Iterable[Sample]], folder: Path, classes: Sequence[str] | None
) -> Iterator[tuple[list[str], dict[str, Iterator[Sample]]]]:
    """The classes of all splits, sorted, and the samples of each split.

    Arrow files begin with their schema, and a ClassLabel's schema names all classes. Pictures by path are not
    read for that; those by their bytes are written to the file and read back.

    Args:
        splits: each iterated once.
        folder: where the file may be; it is gone afterwards.
        classes: the classes, if they are known: then nothing waits.
    """
    if classes is not None:
        yield sorted(set(classes)), {split: iter(samples) for split, samples in splits.items()}
        return
    with TemporaryDirectory(prefix=".waiting-", dir=folder) as waiting:
        files = {split: Path(waiting) / f"{place}.msgpack" for place, split in enumerate(splits)}
        found: set[str] = set()
        for split, file in files.items():
            with file.open("wb") as target:
                _append(splits[split], target, found)
        yield sorted(found), {split: _read(file) for split, file in files.items()}


def _append(samples: Iterable[Sample], target: BinaryIO, classes: set[str]) -> None:
    encoder = msgspec.msgpack.Encoder()
    for sample in samples:
        require_text(sample)
        content = encoder.encode(sample)
        target.write(len(content).to_bytes(LENGTH_BYTES, "big"))
        target.write(content)
        if sample.label is not None:
            classes.add(sample.label)


def _read(file: Path) -> Iterator[Sample]:
    decoder = msgspec.msgpack.Decoder(Sample)
    with file.open("rb") as source:
        while length := source.read(LENGTH_BYTES):
            yield decoder.decode(source.read(int.from_bytes(length, "big")))
