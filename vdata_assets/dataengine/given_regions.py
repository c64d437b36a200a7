"""Regions that people have drawn and named already: a COCO JSON file instead of captions and proposals.

Format: cocodataset.org, "Data format", object detection and panoptic segments as run lengths; polygons too.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from PIL import Image

from vdata_assets.annotations.labels import label_problem
from vdata_assets.masks.dense import decoded
from vdata_assets.masks.segmentations import RunLengthMask, Side, compressed

# Suffixes of COCO's merged stuff classes: "sky-other-merged" is sky.
STUFF = re.compile(r"(-(other|stuff|merged))+$")


class _Annotation(Struct):
    image_id: int | str
    category_id: int | str
    segmentation: RunLengthMask | list[list[float]]
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
    segmentation: RunLengthMask | list[list[float]]
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
        return decoded(compressed(self.segmentation, self.height, self.width), self.height, self.width)


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
