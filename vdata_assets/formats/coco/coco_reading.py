"""Images of a COCO file with their annotations as samples."""

import re
from collections.abc import Iterator
from itertools import islice
from math import isfinite
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec import Struct

from vdata_assets.annotations.labels import hidden_character, label_problem
from vdata_assets.formats.coco.coco_document import CocoDocument
from vdata_assets.formats.coco.coco_geometry import Box, Measured, corners, measured
from vdata_assets.formats.conversation import MarkedObject, Picture, Sample, Turn
from vdata_assets.formats.inline_pictures import path_fault
from vdata_assets.formats.problems import BadRow, Problem, Report
from vdata_assets.masks.segmentations import RunLengthMask, Side

PLACE = re.compile(r" - at `\$(.*)`$")
AT_ONCE = 256
OUTSIDE = 1.0
"""Pixels that a box may leave its picture by: COCO's own do."""


class _Image(Struct):
    id: int | str
    file_name: str
    width: Side
    height: Side
    sample_id: Any = None


class _Annotation(Struct):
    image_id: int | str
    category_id: int | str
    segmentation: RunLengthMask | list[list[float]] | None = None
    bbox: list[float] | None = None
    iscrowd: int = 0


class _Category(Struct):
    id: int | str
    name: str


class _Object(NamedTuple):
    label: str
    box: Box | None
    segmentation: RunLengthMask | list[list[float]] | None
    entry: object


class _Row(NamedTuple):
    """An image with the position and content of its annotations, or what is wrong with them."""

    image: _Image
    found: list[tuple[int, _Object | BadRow]]


class _Crowd(BadRow):
    """An annotation of some objects that are not told apart."""


T = TypeVar("T", _Image, _Annotation, _Category)


def read_samples(document: CocoDocument, file: str, report: Report) -> Iterator[Sample]:
    """The samples of a file; see :func:`~vdata_assets.formats.coco.coco_instances.load_coco`.

    Args:
        document: the file's entries.
        file: its name, for problems.
        report: told of every problem.
    """
    reader = _Reader(document, file, report)
    images = document.images()
    while batch := list(islice(images, AT_ONCE)):
        yield from reader.samples(batch)
    for place, entry in document.orphans():
        image = entry.get("image_id") if isinstance(entry, dict) else entry
        reader.tell("annotations", place, BadRow("image_id", image, "is that of one of the images"))


class _Reader:
    def __init__(self, document: CocoDocument, file: str, report: Report) -> None:
        self._document, self._file, self._report = document, file, report
        self._labels: dict[int | str, str] = {}
        for place, entry in enumerate(document.categories):
            try:
                category = _typed(entry, _Category)
                problem = label_problem(category.name)
                if problem is not None:
                    raise BadRow("name", category.name, f"is a label, but {problem}")
                if self._labels.setdefault(category.id, category.name.strip()) != category.name.strip():
                    raise BadRow("id", category.id, "is that of one category")
            except BadRow as bad:
                self.tell("categories", place, bad)

    def tell(self, part: str, place: int, bad: BadRow, warning: bool = False) -> None:
        field = f"{part}[{place}]{'.' if bad.field else ''}{bad.field}"
        self._report(Problem(self._file, place + 1, field, bad.value, bad.rule, warning))

    def samples(self, batch: list[tuple[int, Any, int]]) -> Iterator[Sample]:
        """The samples of some images, their masks looked at all at once."""
        rows = [self._row(*image) for image in batch]
        placed = [(place, row) for (place, _, _), row in zip(batch, rows, strict=True)]
        drawn = [
            (one.segmentation, row.image)
            for _, row in placed
            if isinstance(row, _Row)
            for _, one in row.found
            if isinstance(one, _Object) and one.segmentation
        ]
        masks = iter(
            measured(
                [one for one, _ in drawn],
                [image.height for _, image in drawn],
                [image.width for _, image in drawn],
            )
        )
        for place, row in placed:
            if isinstance(row, BadRow):
                self.tell("images", place, row)
                continue
            image, objects = row.image, []
            for number, one in row.found:
                try:
                    if isinstance(one, BadRow):
                        raise one
                    objects.append(self._marked(number, one, image, masks))
                except BadRow as bad:
                    self.tell("annotations", number, bad, warning=isinstance(bad, _Crowd))
            identity = image.sample_id if isinstance(image.sample_id, str) else str(image.id)
            turn = Turn("user", (Picture(path=image.file_name),))
            yield Sample(identity, (turn,), tuple(objects), ((image.width, image.height),))

    def _row(self, place: int, entry: object, first: int) -> _Row | BadRow:
        try:
            image = _image(entry)
            if first != place:
                raise BadRow("id", image.id, f"is not that of images[{first}] too")
        except BadRow as bad:
            return bad
        found: list[tuple[int, _Object | BadRow]] = []
        for number, annotation in self._document.annotations(image.id):
            try:
                found.append((number, self._object(annotation, image)))
            except BadRow as bad:
                found.append((number, bad))
        return _Row(image, found)

    def _marked(
        self, number: int, one: _Object, image: _Image, masks: Iterator[tuple[str, Measured] | str]
    ) -> MarkedObject:
        """The object; its mask, if it has one, is the next of the masks."""
        if not one.segmentation:
            return MarkedObject(one.label, 0, one.box)
        found = next(masks)
        if isinstance(found, str):
            raise BadRow("segmentation", _brief(one.entry), found)
        mask, own = found
        if one.box is None or own.has_box(one.box, image.width, image.height):
            return MarkedObject(one.label, 0, one.box or own.box, mask)
        rule = f"is its mask's, {[*own.box]} as left, top, right, bottom, which is taken"
        self.tell("annotations", number, BadRow("bbox", [*one.box], rule), warning=True)
        return MarkedObject(one.label, 0, own.box, mask)

    def _object(self, entry: object, image: _Image) -> _Object:
        one = _typed(entry, _Annotation)
        label = self._labels.get(one.category_id)
        if label is None:
            raise BadRow("category_id", one.category_id, "is that of one of the categories")
        if one.iscrowd:
            raise _Crowd("iscrowd", one.iscrowd, "is 0: a crowd is no object, and left out")
        box = _box(one.bbox, image) if one.bbox else None
        if box is None and not one.segmentation:
            raise BadRow("bbox", one.bbox, "is x, y, width, height, or there is a segmentation")
        return _Object(label, box, one.segmentation, entry)


def _image(entry: object) -> _Image:
    image = _typed(entry, _Image)
    fault = path_fault(image.file_name)
    hidden = hidden_character(image.file_name)
    if fault is not None or hidden is not None:
        raise BadRow("file_name", image.file_name, f"the path {fault or f'has the character {hidden}'}")
    return image


def _box(bbox: list[float], image: _Image) -> Box:
    """Left, top, right, bottom, brought within the picture if it is out by less than a pixel."""
    if len(bbox) != 4 or not all(map(isfinite, bbox)) or min(bbox[2:]) <= 0:
        raise BadRow("bbox", bbox, "is x, y, width, height in pixels")
    left, top, right, bottom = corners(bbox)
    if min(left, top) < -OUTSIDE or right > image.width + OUTSIDE or bottom > image.height + OUTSIDE:
        raise BadRow("bbox", bbox, f"lies within its image of {image.width} x {image.height} pixels")
    left, top = max(left, 0.0), max(top, 0.0)
    right, bottom = min(right, float(image.width)), min(bottom, float(image.height))
    if left >= right or top >= bottom:
        raise BadRow("bbox", bbox, f"has a part within its image of {image.width} x {image.height} pixels")
    return left, top, right, bottom


def _typed(entry: object, kind: type[T]) -> T:
    try:
        return msgspec.convert(entry, kind)
    except msgspec.ValidationError as error:
        message = str(error)
        place = PLACE.search(message)
        field = place.group(1).lstrip(".") if place else ""
        raise BadRow(field, _brief(entry), PLACE.sub("", message)) from error


def _brief(entry: object) -> object:
    """An entry without its masks, for a message."""
    if isinstance(entry, dict) and "segmentation" in entry:
        return {key: value for key, value in entry.items() if key != "segmentation"}
    return entry
