"""Tables of the annotations stage."""

import dataframely as dy

from vdata_assets.catalog.partitions import SLUG


class DroppedExports(dy.Schema):
    """The ZIPs of the inbox, ordered by key."""

    export = dy.String(primary_key=True, regex=SLUG, description="partition key: the file's name as a slug")
    file = dy.String(unique=True, description="name of the ZIP in the inbox")
    bytes = dy.UInt64(description="size of the ZIP")
    state = dy.String(description="digest of name, size and time of the ZIP and of what is named like it")


class Frames(dy.Schema):
    """The annotated frames of one export, ordered by frame index."""

    frame_id = dy.String(
        primary_key=True, description="the export's key, a dash, the frame index in 6 digits"
    )
    export = dy.String(regex=SLUG, description="partition key of the export")
    video_id = dy.String(min_length=1, description="the video's name as the export gives it, without ending")
    frame_index = dy.UInt32(description="position in the video, from 0")
    timestamp = dy.Float64(min=0, description="seconds from the video's start")
    width = dy.UInt32(nullable=True, description="pixels, after EXIF orientation; null if unreadable")
    height = dy.UInt32(nullable=True, description="pixels, after EXIF orientation; null if unreadable")
    file = dy.String(nullable=True, description="POSIX, relative to the version's folder; null if unreadable")
    content_hash = dy.String(nullable=True, description="xxh3-128 of the file's bytes, 32 hex digits")
    phash = dy.UInt64(nullable=True, description="64-bit perceptual hash")
    upright_rgb = dy.Bool(
        nullable=True, description="whether the file is RGB and upright for any reader; null if unreadable"
    )
    origin = dy.Enum(
        ["archive", "video", "folder"],
        description="where the picture is from: the ZIP, its video, or a folder of frames beside it",
    )
    objects = dy.UInt32(description="rows of the objects table")
    reason = dy.String(nullable=True, description="why there is no picture; null if there is")


class Objects(dy.Schema):
    """The annotated objects, ordered by frame and then as the export lists them."""

    frame_id = dy.String(primary_key=True, description="frame_id of the frames table")
    position = dy.UInt32(primary_key=True, description="place in the frame's list, from 0")
    object_id = dy.String(description="the source's id of the object, the same over a video's frames")
    label = dy.String(description="class of the object, as the source names it, trimmed")
    rle = dy.String(
        nullable=True,
        description="COCO compressed run lengths, column-major, at the frame's height and width; "
        "null if there is a reason",
    )
    box = dy.Array(
        dy.Int32(),
        4,
        nullable=True,
        description="[x, y, width, height] of the mask in pixels, as COCO; null if there is a reason",
    )
    area = dy.UInt32(nullable=True, description="pixels of the mask; null if there is a reason")
    confidence = dy.Float64(nullable=True, min=0, max=1, description="as stored by the source")
    source_box = dy.Array(
        dy.Float64(), 4, nullable=True, description="as stored by the source, on the stored mask's grid"
    )
    source_area = dy.Float64(nullable=True, description="as stored by the source, on the stored mask's grid")
    source_height = dy.UInt32(nullable=True, description="rows of the stored mask's grid")
    source_width = dy.UInt32(nullable=True, description="columns of the stored mask's grid")
    reason = dy.String(nullable=True, description="why the object cannot be used; null if it can")


class MergedFrames(Frames):
    """The frames of all exports, ordered by export as they came, and by frame index; each content once."""

    file = dy.String(description="POSIX, relative to the version's folder: frames/<export>/<name>")
    width = dy.UInt32(min=1, description="pixels, after EXIF orientation")
    height = dy.UInt32(min=1, description="pixels, after EXIF orientation")
    content_hash = dy.String(unique=True, description="xxh3-128 of the file's bytes, 32 hex digits")
    phash = dy.UInt64(description="64-bit perceptual hash")
    upright_rgb = dy.Bool(description="whether the file is RGB and upright for any reader")
    labels = dy.List(dy.String(), description="classes in the frame, sorted, each once")


class MergedExports(dy.Schema):
    """The exports that the merge holds, in the order in which they came."""

    export = dy.String(primary_key=True, regex=SLUG, description="partition key of the export")
    digest = dy.String(description="digest of the export's version that was merged")
    frames = dy.UInt32(description="frames that this export brought")
    duplicates = dy.UInt32(description="frames left out, their content being there already")
    objects = dy.UInt32(description="objects that this export brought, those on known frames included")
    dropped = dy.UInt32(description="frames and objects left out for a reason that the export names")
