"""Regions that people have drawn and named already: a COCO JSON file instead of captions and proposals.

Format: cocodataset.org, "Data format", object detection and panoptic segments as run lengths; polygons too.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
import polars as pl
from msgspec import Meta, Struct
from numpy.typing import NDArray
from PIL import Image

from vdata_assets.annotations.labels import label_problem
from vdata_assets.masks.dense import decoded, dense
from vdata_assets.masks.read import read_lists
from vdata_assets.masks.validate import problems

# Suffixes of COCO's merged stuff classes: "sky-other-merged" is sky.
STUFF = re.compile(r"(-(other|stuff|merged))+$")
Side = Annotated[int, Meta(ge=1, le=65_535)]


class _Mask(Struct):
    size: tuple[Side, Side]
    counts: str | list[int]


class _Annotation(Struct):
    image_id: int | str
    category_id: int | str
    segmentation: _Mask | list[list[float]]
    iscrowd: int = 0


class _Image(Struct):
    id: int | str
    file_name: str
    width: Side
    height: Side


class _Category(Struct):
    id: int | str
    name: str


class _Coco(Struct):
    images: list[_Image]
    annotations: list[_Annotation]
    categories: list[_Category]


@dataclass(frozen=True)
class GivenRegion:
    """A region of the file.

    Attributes:
        label: its category's name, without COCO's suffixes of stuff.
        segmentation: as in the file.
        width: of the image as the file says, in pixels.
        height: likewise.
    """

    label: str
    segmentation: _Mask | list[list[float]]
    width: int
    height: int

    def mask(self, width: int, height: int) -> NDArray[np.bool_]:
        """The mask, bool of shape (height, width), scaled if the picture is not of the file's size.

        Raises:
            ValueError: it is malformed, of another size than its image, or empty.
        """
        mask = self._mask()
        if mask.shape != (height, width):
            image = Image.fromarray(mask).resize((width, height), Image.Resampling.NEAREST)
            mask = np.asarray(image)
        if not mask.any():
            raise ValueError(f"the mask is empty at {width} x {height} pixels")
        return mask

    def _mask(self) -> NDArray[np.bool_]:
        if isinstance(self.segmentation, list):
            return _polygons(self.segmentation, self.width, self.height)
        if self.segmentation.size != (self.height, self.width):
            raise ValueError(
                f"segmentation.size is {list(self.segmentation.size)}, "
                f"its image's {[self.height, self.width]}"
            )
        if isinstance(self.segmentation.counts, str):
            return decoded(self.segmentation.counts, self.height, self.width)
        read = read_lists(pl.Series([self.segmentation.counts], dtype=pl.List(pl.Int64)))
        (unread,) = read.reasons
        (unsound,) = problems(read.runs, np.array([self.height]), np.array([self.width]))
        if problem := unread or unsound:
            raise ValueError(problem)
        return dense(read.runs, 0, self.height, self.width)


def read_given_regions(file: Path) -> Mapping[str, list[GivenRegion]]:
    """The regions of every image, by its file name, in the file's order.

    A label with a crowd segment in an image is left out there: how many of it there are is not known.

    Raises:
        ValueError: the file cannot be read or is not of the format; names the place.
    """
    try:
        coco = msgspec.json.decode(file.read_bytes(), type=_Coco)
    except OSError as error:
        raise ValueError(f"given_regions: {file} cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"given_regions: {file} is no COCO file: {error}") from error
    labels = {category.id: STUFF.sub("", category.name) for category in coco.categories}
    for name in labels.values():
        if problem := label_problem(name):
            raise ValueError(f"given_regions: {file}: category {name!r}: {problem}")
    images = {image.id: image for image in coco.images}
    crowds = {(entry.image_id, labels.get(entry.category_id)) for entry in coco.annotations if entry.iscrowd}
    found: dict[str, list[GivenRegion]] = defaultdict(list, {image.file_name: [] for image in coco.images})
    for number, entry in enumerate(coco.annotations):
        where = f"given_regions: {file}: annotations[{number}]"
        if entry.image_id not in images:
            raise ValueError(f"{where}.image_id {entry.image_id!r} is not among the images")
        if entry.category_id not in labels:
            raise ValueError(f"{where}.category_id {entry.category_id!r} is not among the categories")
        label, image = labels[entry.category_id], images[entry.image_id]
        if (entry.image_id, label) not in crowds:
            found[image.file_name].append(GivenRegion(label, entry.segmentation, image.width, image.height))
    return dict(found)


def _polygons(polygons: list[list[float]], width: int, height: int) -> NDArray[np.bool_]:
    from pycocotools import mask as coco_mask

    for polygon in polygons:
        values = np.array(polygon, dtype=np.float64)
        if len(polygon) < 6 or len(polygon) % 2 or not np.isfinite(values).all():
            raise ValueError(f"a polygon of {len(polygon)} numbers: give x and y of at least three corners")
        if values.min() < -1 or values[0::2].max() > width + 1 or values[1::2].max() > height + 1:
            raise ValueError(f"a polygon leaves its image of {width} x {height} pixels")
    if not polygons:
        raise ValueError("segmentation has no polygon")
    merged = coco_mask.merge(coco_mask.frPyObjects(polygons, height, width))
    return decoded(merged["counts"].decode("ascii"), height, width)
