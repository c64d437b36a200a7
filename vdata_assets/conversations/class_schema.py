"""Tables of conversations about classed images."""

import dataframely as dy


class ClassImages(dy.Schema):
    """Every image file of a class folder, readable or not, ordered by path."""

    image_id = dy.String(primary_key=True, description="32 hex digits of blake2b(path, content hash)")
    path = dy.String(description="POSIX, relative to the dataset's root")
    class_ = dy.String(alias="class", description="the folder's name")
    content_hash = dy.String(nullable=True, description="xxh3-128 of the file's bytes, 32 hex digits")
    phash = dy.UInt64(nullable=True, description="64-bit perceptual hash (pHash, DCT) of the decoded image")
    width = dy.UInt32(nullable=True, description="pixels, after EXIF orientation")
    height = dy.UInt32(nullable=True, description="pixels, after EXIF orientation")
    format = dy.String(nullable=True, description="what the bytes are, as Pillow names it: JPEG, PNG, ...")
    bytes = dy.UInt64(nullable=True, description="file size")
    reason = dy.String(nullable=True, description="why the image cannot be used; null if it can")


class ClassSampleRows(dy.Schema):
    """The samples without their texts, split by split, each split in a seeded order."""

    sample_id = dy.String(primary_key=True, description="<class>_<stem>; _copy<n> follows for a copy")
    image_id = dy.String()
    path = dy.String(description="POSIX, relative to the dataset's root")
    class_ = dy.String(alias="class", description="the folder's name")
    split = dy.String(min_length=1)
    copy = dy.UInt32(description="0: the image itself; 1 and on: repeated for a priority or minority class")


class ClassSamples(ClassSampleRows):
    """The samples with their conversations."""

    turns = dy.List(
        dy.Struct({"role": dy.String(), "text": dy.String()}), min_length=2, description="user and assistant"
    )
