"""Objects in pictures as COCO instances JSON, the format of detection and segmentation trainers.

Format: cocodataset.org, "Data format", object detection. It holds no conversation: what turns say is not
written, and a sample that is read has one turn of the user with the picture and nothing else.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, ClassVar

from vdata_assets.annotations.labels import label_problem
from vdata_assets.formats.coco.coco_document import CocoDocument
from vdata_assets.formats.coco.coco_geometry import Measured, measured, sides
from vdata_assets.formats.coco.coco_reading import read_samples
from vdata_assets.formats.coco.coco_rules import check_document
from vdata_assets.formats.conversation import Feature, MarkedObject, Sample
from vdata_assets.formats.features import require
from vdata_assets.formats.inline_pictures import path_fault
from vdata_assets.formats.line_format import SplitFiles, split_file
from vdata_assets.formats.problems import Report
from vdata_assets.masks.segmentations import RunLengthMask
from vdata_resources.images import UnreadableImage, probe

PIECE = 1 << 20
AT_ONCE = 256


def save_coco(samples: Iterable[Sample], root: Path, file: Path) -> None:
    """Write samples with one picture each as one COCO file; memory holds some of them.

    Images and annotations are numbered from 1 in the samples' order, categories from 1 as their labels come
    up. A sample's id is the image's ``sample_id``. Masks are compressed run lengths, ``area`` is the mask's
    (the box's without one), ``bbox`` the object's or, if it is not known, the mask's; ``iscrowd`` is 0. Where
    the sample has no sizes they are read from the picture, upright by its EXIF orientation, as detectron2
    reads it.

    Args:
        samples: iterated once.
        root: folder that the pictures' paths are relative to.
        file: is written anew.

    Raises:
        ValueError: a sample without exactly one picture by path, a picture that cannot be read, an object
            without box and mask, a mask that is not sound or does not fit its box, a label that is none, or a
            class or metadata of the sample; names the sample.
    """
    Coco().save_files({file: samples}, root)


def load_coco(file: Path, report: Report) -> Iterator[Sample]:
    """The samples of a COCO file, one for each image in the file's order; memory holds some of them.

    Masks may be polygons, compressed or uncompressed run lengths, and become compressed ones. Left out and
    reported: images and annotations that are malformed or point nowhere, masks that are not sound. A box that
    is not its mask's is reported as a warning, and the mask's is taken. Crowds (``iscrowd`` 1) are left out
    with a warning: how many objects they are is not known.

    Args:
        file: of any order of its parts; other keys are left out.
        report: told of every problem; its row is the position in ``images`` or ``annotations``, from 1.

    Raises:
        OSError: the file cannot be opened.
    """
    with closing(CocoDocument(file, report)) as document:
        yield from read_samples(document, file.name, report)


def validate_coco(file: Path, report: Report) -> int:
    """Check a COCO file; the number of images. See :mod:`~vdata_assets.formats.coco.coco_rules`.

    Raises:
        OSError: the file cannot be opened.
    """
    with closing(CocoDocument(file, report)) as document:
        return check_document(document, file.name, report)


class Coco(SplitFiles):
    """A file ``<split>_coco.json`` a split; category numbers are the same in all of them.

    See :func:`save_coco`, :func:`load_coco` and :func:`validate_coco`.
    """

    name: ClassVar[str] = "coco"
    ending: ClassVar[str] = ".json"
    expresses: ClassVar[frozenset[Feature]] = frozenset(
        {Feature.ID, Feature.PATH, Feature.BOXES, Feature.MASKS, Feature.SIZES}
    )
    inlines: ClassVar[bool] = False

    def save(self, splits: Mapping[str, Iterable[Sample]], folder: Path, root: Path) -> list[Path]:
        """See :class:`~vdata_assets.formats.format.Format`."""
        files = {split_file(split, self._end): samples for split, samples in splits.items()}
        self.save_files({folder / file: samples for file, samples in files.items()}, root)
        return list(files)

    def save_files(self, files: Mapping[Path, Iterable[Sample]], root: Path) -> None:
        """Write samples by file; see :func:`save_coco`."""
        categories: dict[str, int] = {}
        for file, samples in files.items():
            with file.open("wb") as target, TemporaryFile() as annotations:
                _write(target, annotations, samples, root, categories)
        listed = [{"id": number, "name": label} for label, number in categories.items()]
        for file in files:
            with file.open("ab") as target:
                target.write(b'"categories": ' + _encoded(listed) + b"\n}\n")

    def load_file(self, file: Path, report: Report) -> Iterator[Sample]:
        """See :func:`load_coco`."""
        return load_coco(file, report)

    def validate(self, folder: Path, split: str, report: Report) -> int:
        """See :func:`validate_coco`."""
        return validate_coco(folder / split_file(split, self._end), report)


def _write(
    target: IO[bytes],
    annotations: IO[bytes],
    samples: Iterable[Sample],
    root: Path,
    categories: dict[str, int],
) -> None:
    """Write all of a file but its categories, which further files may add to."""
    target.write(b'{\n"images": [')
    images = count = 0
    given = iter(samples)
    while batch := list(islice(given, AT_ONCE)):
        shown = [_image(sample, images + number, root) for number, sample in enumerate(batch, 1)]
        for image in shown:
            images += 1
            target.write((b",\n" if images > 1 else b"\n") + _encoded(image))
        for one in _annotations(batch, shown, categories):
            count += 1
            annotations.write((b",\n" if count > 1 else b"\n") + _encoded({"id": count, **one}))
    target.write(b'\n],\n"annotations": [')
    annotations.seek(0)
    while piece := annotations.read(PIECE):
        target.write(piece)
    target.write(b"\n],\n")


def _encoded(entry: object) -> bytes:
    return json.dumps(entry, ensure_ascii=False).encode()


def _image(sample: Sample, number: int, root: Path) -> dict[str, Any]:
    require(sample, frozenset(Feature) - {Feature.LABEL, Feature.METADATA}, Coco.name)
    named = f"sample {sample.id!r}"
    path = sample.pictures[0].path if len(sample.pictures) == 1 else None
    if path is None:
        raise ValueError(f"{named}: {len(sample.pictures)} pictures: COCO takes one a sample, by path")
    fault = path_fault(path)
    if fault is not None:
        raise ValueError(f"{named}: picture {path}: the path {fault}")
    if sample.sizes:
        ((width, height),) = sample.sizes
    else:
        try:
            header = probe((root / path).read_bytes())
        except (OSError, UnreadableImage) as error:
            raise ValueError(f"{named}: picture {path}: cannot be read: {error}") from error
        width, height = header.width, header.height
    identity = {"sample_id": sample.id} if sample.id else {}
    return {"id": number, **identity, "file_name": path, "width": width, "height": height}


def _annotations(
    samples: Sequence[Sample], images: Sequence[Mapping[str, Any]], categories: dict[str, int]
) -> Iterator[dict[str, Any]]:
    """The annotations of some samples, their masks looked at all at once."""
    objects = [
        (f"sample {sample.id!r}: object {place} ({one.label})", one, image)
        for sample, image in zip(samples, images, strict=True)
        for place, one in enumerate(sample.objects)
    ]
    drawn = [
        (RunLengthMask((image["height"], image["width"]), one.mask), image)
        for _, one, image in objects
        if one.mask is not None
    ]
    masks = iter(
        measured(
            [mask for mask, _ in drawn],
            [image["height"] for _, image in drawn],
            [image["width"] for _, image in drawn],
        )
    )
    for named, one, image in objects:
        problem = label_problem(one.label)
        if problem is not None or one.label != one.label.strip():
            raise ValueError(f"{named}: label {problem or 'has blanks at its ends'}: rename it")
        mask = None if one.mask is None else next(masks)
        try:
            if isinstance(mask, str):
                raise ValueError(f"mask: {mask}")
            geometry = _geometry(one, mask and mask[1], image["width"], image["height"])
        except ValueError as error:
            raise ValueError(f"{named}: {error}") from error
        category = categories.setdefault(one.label, len(categories) + 1)
        yield {"image_id": image["id"], "category_id": category, **geometry, "iscrowd": 0}


def _geometry(one: MarkedObject, mask: Measured | None, width: int, height: int) -> dict[str, Any]:
    """Segmentation, area and bbox.

    Raises:
        ValueError: they do not fit together; does not name the object.
    """
    if one.picture != 0:
        raise ValueError(f"is in picture {one.picture}: there is only picture 0")
    if one.box is not None:
        left, top, right, bottom = one.box
        if not (0 <= left < right <= width and 0 <= top < bottom <= height):
            raise ValueError(
                f"box {one.box} is not left, top, right, bottom within {width} x {height} pixels"
            )
    if mask is None:
        if one.box is None:
            raise ValueError("has neither box nor mask: leave it out")
        bbox = sides(one.box)
        return {"segmentation": [], "area": bbox[2] * bbox[3], "bbox": bbox}
    if one.box is not None and not mask.has_box(one.box, width, height):
        raise ValueError(f"box {one.box} is not that of its mask, {mask.box}: correct one of them")
    segmentation = {"size": [height, width], "counts": one.mask}
    return {"segmentation": segmentation, "area": mask.area, "bbox": sides(one.box or mask.box)}
