"""What trainers and COCO's evaluation ask of an instances file, checked on its entries.

Sources: cocodataset.org, "Data format"; ``pycocotools`` 2.0.11 (``COCO.createIndex``, ``COCO.annToRLE``,
``COCOeval.evaluateImg``); detectron2's ``load_coco_json`` in ``detectron2/data/datasets/coco.py``. They are
apart from :mod:`~vdata_assets.formats.coco.coco_reading` on purpose: what reads an entry must not be what
judges it.
"""

import math
from collections.abc import Iterator, Mapping, Set
from itertools import islice
from typing import Any, NamedTuple

from vdata_assets.formats.coco.coco_document import CocoDocument
from vdata_assets.formats.coco.coco_geometry import Measured, corners, measured
from vdata_assets.formats.inline_pictures import path_fault
from vdata_assets.formats.problems import Problem, Report, shown
from vdata_assets.masks.run_lengths import MOST_PIXELS
from vdata_assets.masks.segmentations import RunLengthMask, Segmentation

LONGEST_SIDE = 65_535
OUTSIDE = 1.0
AT_ONCE = 256


class Broken(NamedTuple):
    """Something that is wrong with an entry."""

    field: str
    value: object
    rule: str
    warning: bool = False


def check_document(document: CocoDocument, file: str, report: Report) -> int:
    """Check every entry of a file; the number of images.

    Args:
        document: the file's entries.
        file: its name, for problems.
        report: told of every problem; its row is the position in the entry's array, from 1.
    """

    def tell(part: str, place: int, found: Iterator[Broken]) -> None:
        for field, value, rule, warning in found:
            name = f"{part}[{place}]{'.' if field else ''}{field}"
            report(Problem(file, place + 1, name, shown(value), rule, warning))

    categories: set[int] = set()
    names: set[str] = set()
    for place, entry in enumerate(document.categories):
        tell("categories", place, _category(entry, categories, names))
    count = 0
    images = document.images()
    while batch := list(islice(images, AT_ONCE)):
        count += len(batch)
        annotations = [
            list(document.annotations(entry.get("id")))
            if place == first and isinstance(entry, Mapping)
            else []
            for place, entry, first in batch
        ]
        masks = iter(
            _masks(
                [
                    (annotation.get("segmentation"), entry)
                    for (_, entry, _), found in zip(batch, annotations, strict=True)
                    for _, annotation in found
                ]
            )
        )
        for (place, entry, first), found in zip(batch, annotations, strict=True):
            tell("images", place, _image(entry, place, first))
            for number, annotation in found:
                tell("annotations", number, _annotation(annotation, entry, categories, next(masks)))
    for place, entry in document.orphans():
        image = entry.get("image_id") if isinstance(entry, Mapping) else entry
        tell("annotations", place, iter([Broken("image_id", image, "is the id of one of the images")]))
    for place, first, identity in document.repeated_annotations():
        rule = f"is not that of annotations[{first}] too: detectron2 refuses the file"
        tell("annotations", place, iter([Broken("id", identity, rule)]))
    return count


def _category(entry: Any, ids: set[int], names: set[str]) -> Iterator[Broken]:
    if not isinstance(entry, Mapping):
        yield Broken("", entry, "has an id and a name")
        return
    identity, name = entry.get("id"), entry.get("name")
    if type(identity) is not int:
        yield Broken("id", identity, "is a whole number")
    elif identity in ids:
        yield Broken("id", identity, "is that of one category")
    else:
        ids.add(identity)
    if not isinstance(name, str) or not name.strip():
        yield Broken("name", name, "is a text, and not empty")
    elif name in names:
        yield Broken("name", name, "is that of one category: classes are told apart by it", warning=True)
    else:
        names.add(name)


def _image(entry: Any, place: int, first: int) -> Iterator[Broken]:
    if not isinstance(entry, Mapping):
        yield Broken("", entry, "has id, file_name, width and height")
        return
    identity, name = entry.get("id"), entry.get("file_name")
    if type(identity) is not int:
        yield Broken("id", identity, "is a whole number")
    elif first != place:
        yield Broken("id", identity, f"is not that of images[{first}] too")
    fault = path_fault(name) if isinstance(name, str) else "has to be a text"
    if fault is not None:
        yield Broken("file_name", name, f"the path {fault}")
    for side in ("width", "height"):
        if not _is_side(entry.get(side)):
            yield Broken(side, entry.get(side), f"is the picture's pixels, 1 to {LONGEST_SIDE}")


def _annotation(
    entry: Any, image: Mapping[str, Any], categories: Set[int], mask: Measured | str | None
) -> Iterator[Broken]:
    identity, category = entry.get("id"), entry.get("category_id")
    if type(identity) is not int:
        yield Broken("id", identity, "is a whole number")
    elif identity < 1:
        rule = "is 1 or more: COCO's evaluation takes an object 0 for one that was not found"
        yield Broken("id", identity, rule, warning=True)
    if type(category) is not int or category not in categories:
        yield Broken("category_id", category, "is the id of one of the categories")
    if type(entry.get("iscrowd")) is not int or entry["iscrowd"] not in (0, 1):
        yield Broken("iscrowd", entry.get("iscrowd"), "is 0 or 1")
    width: Any = image.get("width")
    height: Any = image.get("height")
    if not _is_side(width) or not _is_side(height):
        return  # the image's fault
    if isinstance(mask, str):
        kind = "run lengths" if isinstance(entry["segmentation"], Mapping) else "polygons"
        yield Broken("segmentation", kind, mask)
        mask = None
    yield from _box(entry.get("bbox"), mask, width, height)
    area = entry.get("area")
    if not _is_number(area) or area <= 0:
        yield Broken("area", area, "is a number of pixels, more than 0")
    elif mask is not None and not mask.has_area(area):
        yield Broken("area", area, f"is its mask's, {mask.area}", warning=True)


def _box(bbox: Any, mask: Measured | None, width: int, height: int) -> Iterator[Broken]:
    if not isinstance(bbox, list) or len(bbox) != 4 or not all(map(_is_number, bbox)) or min(bbox[2:]) <= 0:
        yield Broken("bbox", bbox, "is x, y, width, height in pixels")
        return
    left, top, right, bottom = corners(bbox)
    if min(left, top) < -OUTSIDE or right > width + OUTSIDE or bottom > height + OUTSIDE:
        yield Broken("bbox", bbox, f"lies within its image of {width} x {height} pixels")
    elif mask is not None and not mask.has_box((left, top, right, bottom), width, height):
        x, y, right, bottom = mask.box
        rule = f"is its mask's, {[x, y, right - x, bottom - y]} as x, y, width, height"
        yield Broken("bbox", bbox, rule, warning=True)


def _masks(drawn: list[tuple[Any, Mapping[str, Any]]]) -> list[Measured | str | None]:
    """What masks measure, or what is wrong with them; None for one that is not there or whose image is bad.

    Args:
        drawn: segmentation and image of annotations.
    """
    found: list[Measured | str | None] = [None] * len(drawn)
    asked: list[tuple[int, Segmentation, int, int]] = []
    for place, (segmentation, image) in enumerate(drawn):
        width: Any = image.get("width")
        height: Any = image.get("height")
        if segmentation is None or segmentation == [] or not _is_side(width) or not _is_side(height):
            continue
        try:
            asked.append((place, _typed(segmentation, height, width), height, width))
        except ValueError as error:
            found[place] = str(error)
    masks = measured(
        [one for _, one, _, _ in asked],
        [height for _, _, height, _ in asked],
        [width for _, _, _, width in asked],
    )
    for (place, *_), mask in zip(asked, masks, strict=True):
        found[place] = mask if isinstance(mask, str) else mask[1]
    return found


def _typed(segmentation: Any, height: int, width: int) -> Segmentation:
    if isinstance(segmentation, list):
        if not all(isinstance(polygon, list) and all(map(_is_number, polygon)) for polygon in segmentation):
            raise ValueError("is a list of polygons, each a list of x and y in turn")
        return segmentation
    if not isinstance(segmentation, Mapping) or segmentation.get("size") != [height, width]:
        size = segmentation.get("size") if isinstance(segmentation, Mapping) else segmentation
        raise ValueError(f"size is {shown(size)}, its image's {[height, width]}")
    counts: Any = segmentation.get("counts")
    runs = isinstance(counts, list) and all(type(run) is int and abs(run) <= MOST_PIXELS for run in counts)
    if not isinstance(counts, str) and not runs:
        raise ValueError("counts is a text, or a list of run lengths")
    return RunLengthMask((height, width), counts)


def _is_side(value: object) -> bool:
    return type(value) is int and 1 <= value <= LONGEST_SIDE


def _is_number(value: object) -> bool:
    if type(value) is int:
        return abs(value) < 1 << 62
    return type(value) is float and math.isfinite(value)
