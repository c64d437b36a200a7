"""The picture that belongs to a run's masks, as a JPEG of exactly their size."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import chain
from pathlib import Path

import xxhash
from PIL import Image

from vdata_assets.formats.convseg.run_files import MaskSize, UnusableFile, read_limited
from vdata_assets.formats.convseg.run_model import FoundRun, Run
from vdata_resources.images import DAMAGED, FORMATS, ImageHeader, UnreadableImage, load_rgb, probe
from vdata_resources.perceptual_hash import perceptual_hash_of

MOST_IMAGE = 1 << 29
QUALITY = 95

NO_IMAGE = "no_image_of_the_masks_size"
SOURCE_GONE = "source_changed_or_unreadable"


@dataclass(frozen=True)
class ConvsegImage:
    """A picture to export.

    Attributes:
        jpeg: upright RGB for any reader.
        size: its height and width.
        phash: 64-bit perceptual hash.
    """

    jpeg: bytes
    size: MaskSize
    phash: int


@dataclass(frozen=True)
class _Picture:
    data: bytes
    header: ImageHeader

    @property
    def size(self) -> MaskSize:
        return MaskSize(self.header.height, self.header.width)


def image_size(path: Path) -> MaskSize | None:
    """Size of a picture's file, upright; None if it is none."""
    picture = _opened(path)
    return None if picture is None else picture.size


def image_of(found: FoundRun, run: Run, size: MaskSize, *, full_size: bool) -> ConvsegImage | str:
    """The picture of a run, or why there is none.

    At working size that is the first of the source, the pictures that summaries name and original_image.png
    that has the masks' size, else the first of the masks' shape, scaled. At full size it is the source or, if
    none is known, the first of the same that has the masks' shape and is not smaller. A JPEG that needs no
    change is taken byte for byte.

    Args:
        found: the run.
        run: its content.
        size: of the masks.
        full_size: not at the masks' size, but at the source's own.
    """
    if full_size:
        exact = (
            _exact(picture)
            for picture in _pictures(found, run, full_size=True)
            if _scales_to(picture.size, size)
        )
        missing = NO_IMAGE if found.source is None else SOURCE_GONE
        return next((image for image in exact if image is not None), missing)
    exact = (
        _exact(picture)
        for picture in _pictures(found, run, full_size=False, size=size)
        if picture.size == size
    )
    scaled = (
        _scaled(picture, size)
        for picture in _pictures(found, run, full_size=False)
        if picture.size != size and _scales_to(picture.size, size)
    )
    return next((image for image in chain(exact, scaled) if image is not None), NO_IMAGE)


def _pictures(
    found: FoundRun, run: Run, *, full_size: bool, size: MaskSize | None = None
) -> Iterator[_Picture]:
    """The pictures that a run's masks could belong to, the likeliest first.

    Args:
        found: the run.
        run: its content.
        full_size: whether a known source is the only one.
        size: if given, pictures with other sides are left out without being read.
    """
    others = dict.fromkeys([*(family.image for family in run.families), run.original])
    for path in [found.source] if full_size and found.source else [found.source, *others]:
        if path is None or (size is not None and _sides(path) != sorted(size)):
            continue
        picture = _opened(path)
        # A source that is another file by now shows something else than the masks.
        known = found.source_hash if path == found.source else None
        if picture is not None and known in (None, xxhash.xxh3_128_hexdigest(picture.data)):
            yield picture


def _sides(path: Path) -> list[int]:
    """Shorter and longer side of a picture's file, from its header alone; empty if it is none."""
    try:
        with Image.open(path, formats=FORMATS) as image:
            return sorted(image.size)
    except DAMAGED:
        return []


def _opened(path: Path) -> _Picture | None:
    try:
        data = read_limited(path, MOST_IMAGE)
        return _Picture(data, probe(data))
    except (UnusableFile, UnreadableImage):
        return None


def _scales_to(size: MaskSize, small: MaskSize) -> bool:
    """Whether a picture of a size has another size when scaled down, each side rounded."""
    if size.height < small.height or size.width < small.width:
        return False
    off_by_width = abs(small.height - size.height * small.width / size.width)
    off_by_height = abs(small.width - size.width * small.height / size.height)
    return min(off_by_width, off_by_height) <= 1


def _exact(picture: _Picture) -> ConvsegImage | None:
    """The picture at its own size; None if it is damaged."""
    try:
        if picture.header.format == "JPEG" and picture.header.upright_rgb:
            # Hashing decodes all of it, so that damage shows.
            return ConvsegImage(picture.data, picture.size, perceptual_hash_of(picture.data))
        return _encoded(load_rgb(picture.data))
    except UnreadableImage:
        return None


def _scaled(picture: _Picture, size: MaskSize) -> ConvsegImage | None:
    try:
        image = load_rgb(picture.data)
    except UnreadableImage:
        return None
    return _encoded(image.resize((size.width, size.height), Image.Resampling.LANCZOS))


def _encoded(image: Image.Image) -> ConvsegImage:
    file = BytesIO()
    image.save(file, "JPEG", quality=QUALITY, subsampling=0)
    jpeg = file.getvalue()
    return ConvsegImage(jpeg, MaskSize(image.height, image.width), perceptual_hash_of(jpeg))
