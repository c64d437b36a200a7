"""Pictures of samples as bytes, for formats whose files hold them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from vdata_assets.formats.conversation import Feature, Picture, Sample
from vdata_assets.formats.features import require
from vdata_assets.formats.inline_pictures import path_fault
from vdata_assets.formats.tables.huggingface import upright_rgb
from vdata_resources.images import UnreadableImage, probe
from vdata_resources.parallel import ordered_map

AHEAD = 16
"""Samples whose pictures are read ahead of the writer."""


@dataclass(frozen=True)
class Embedded:
    """A picture as it is written.

    Attributes:
        bytes: of an image file, upright RGB for any reader.
        path: where it came from, relative to the dataset's root; None if it was bytes before.
    """

    bytes: bytes
    path: str | None


def with_pictures(
    samples: Iterable[Sample], root: Path, expresses: frozenset[Feature], name: str, workers: int | None
) -> Iterator[tuple[Sample, list[Embedded]]]:
    """Samples with their pictures read, in order, by threads that are some samples ahead.

    A picture's bytes are its own, or what :func:`~vdata_assets.formats.tables.huggingface.upright_rgb` makes
    of them where a trainer would otherwise see another picture than the encoder did.

    Args:
        samples: read lazily.
        root: folder that paths are relative to.
        expresses: what the format can say.
        name: of the format.
        workers: threads; None for one a core.

    Raises:
        ValueError: a sample that the format cannot say, or a picture that cannot be read; names both.
    """
    yield from ordered_map(
        lambda sample: (sample, _read(sample, root, expresses, name)), samples, workers, AHEAD
    )


def shown_alike(content: bytes) -> bytes:
    """An image file's bytes, or as upright RGB if a trainer would see another picture in them than we do.

    Raises:
        UnreadableImage: they are no image, or a damaged one.
    """
    return content if probe(content).upright_rgb else upright_rgb(content)


def require_text(sample: Sample) -> None:
    """Refuse a sample whose strings are no Unicode text, as half of a surrogate pair is not.

    Raises:
        ValueError: it has such a string.
    """
    texts = [sample.id, sample.label or "", *sample.metadata, *sample.metadata.values()]
    texts += [turn.text for turn in sample.turns]
    texts += [text for one in sample.objects for text in (one.label, one.mask or "")]
    try:
        "".join(texts).encode()
    except UnicodeEncodeError as error:
        bad = error.object[error.start : error.end]
        raise ValueError(f"sample {sample.id!r}: {bad!r} is half a surrogate pair: remove it") from error


def _read(sample: Sample, root: Path, expresses: frozenset[Feature], name: str) -> list[Embedded]:
    require(sample, expresses | {Feature.PATH}, name)
    require_text(sample)
    return [_embedded(picture, root, sample.id, place) for place, picture in enumerate(sample.pictures)]


def _embedded(picture: Picture, root: Path, sample_id: str, place: int) -> Embedded:
    named = f"sample {sample_id!r}: picture {place}"
    if picture.path is not None:
        named += f": {picture.path}"
        fault = path_fault(picture.path)
        if fault is not None:
            raise ValueError(f"{named}: {fault}")
    try:
        content = picture.data if picture.path is None else (root / picture.path).read_bytes()
        assert content is not None  # noqa: S101 - a picture has one of the three
        return Embedded(shown_alike(content), picture.path)
    except UnreadableImage as error:
        raise ValueError(f"{named}: {error.reason}: repair or remove it") from error
    except OSError as error:
        raise ValueError(f"{named}: cannot be read: {error.strerror}") from error
