"""Tables of the catalog stage."""

import dataframely as dy

from vdata_assets.catalog.partitions import SLUG


class Images(dy.Schema):
    """Every image file found under the dataset's root, readable or not, ordered by path."""

    image_id = dy.String(primary_key=True, description="32 hex digits of blake2b(path, content hash)")
    path = dy.String(description="POSIX, relative to the dataset's root")
    category = dy.String(description="display name: the folder's name")
    concept = dy.String(description="display name: the folder's name")
    partition = dy.String(regex=SLUG, description="partition key of the category")
    split = dy.Enum(["train", "test", "negative"])
    content_hash = dy.String(nullable=True, description="xxh3-128 of the file's bytes, 32 hex digits")
    width = dy.UInt32(nullable=True, description="pixels, after EXIF orientation")
    height = dy.UInt32(nullable=True, description="pixels, after EXIF orientation")
    format = dy.String(nullable=True, description="what the bytes are, as Pillow names it: JPEG, PNG, ...")
    bytes = dy.UInt64(nullable=True, description="file size")
    reason = dy.String(nullable=True, description="why the file cannot be read; null if it can")


class Categories(dy.Schema):
    """The categories and the partition keys that stand for them, ordered by display name.

    A category that is gone keeps its row, with no concepts and no images, and so its key.
    """

    partition = dy.String(primary_key=True, regex=SLUG)
    category = dy.String(description="display name: the folder's name")
    concepts = dy.UInt32(description="concepts with at least one image file, readable or not")
    images = dy.UInt32(description="readable images, all splits")


class Misplaced(dy.Schema):
    """Images and folders that the layout has no place for, ordered by path. None of them is catalogued."""

    path = dy.String(primary_key=True, description="POSIX, relative to the dataset's root")
    problem = dy.String(description="where it lies and what to do about it")
