"""Tables of the samples."""

import dataframely as dy

from vdata_assets.samples.flaws import DUPLICATE, MISNAMED, SINGLE_CONCEPT, SINGLE_IMAGE, TRUNCATED

FLAWS = [TRUNCATED, MISNAMED, DUPLICATE, SINGLE_IMAGE, SINGLE_CONCEPT]
UNANNOTATED, BAD_MASK, TINY = "unannotated", "bad mask", "tiny"
NEAR_DUPLICATE, NOTHING = "near duplicate", "nothing"
OTHER_CLASS = "duplicate in another class"
MISSING, EMPTY_CATEGORY = "missing", "empty category"
UNKNOWN_FORMAT, REPEATED_ID = "unknown format", "repeated id"


class GroundTruth(dy.Schema):
    """What is known of every sample image because it was drawn so."""

    path = dy.String(primary_key=True, description="POSIX, relative to the tree's root")
    category = dy.String()
    concept = dy.String(description="<colour>-<pattern>-<shape>")
    shape = dy.String(description="the silhouette's name; its exact measures vary a little by concept")
    colour = dy.String(description="the main part's colour, a name in patterns.COLOURS")
    accent = dy.String(description="the pattern's colour, and that of small parts")
    pattern = dy.String(description="a name in patterns.PRINTS")
    background = dy.String(description="a name in backgrounds.BACKGROUNDS")
    light = dy.String(description="a name in lighting.LIGHTS")
    light_azimuth = dy.Float64(description="degrees; 0 from the camera's side, 90 from the right")
    light_elevation = dy.Float64(description="degrees above the floor")
    yaw = dy.Float64(description="degrees, the object's turn about the vertical; 0 shows its front")
    pitch = dy.Float64(description="degrees that the camera looks down")
    roll = dy.Float64(description="degrees, the camera's turn about its own axis")
    scale = dy.Float64(description="diameter of the object's bounding sphere over the image's side")
    x = dy.Float64(description="of the object's centre, to the right, in image sides")
    y = dy.Float64(description="of the object's centre, downwards, in image sides")
    perspective = dy.Float64(description="bounding radius over the camera's distance")
    left = dy.Int64(description="the object's box in pixels")
    top = dy.Int64(description="the object's box in pixels")
    right = dy.Int64(description="the object's box in pixels, exclusive")
    bottom = dy.Int64(description="the object's box in pixels, exclusive")
    flaw = dy.Enum(FLAWS, nullable=True, description="the defect that was put in; null for a sound image")


class ExportTruth(dy.Schema):
    """Every object of the sample exports, and the frames without any, as they were drawn.

    Masks are exact, also where the export holds a coarser one.
    """

    export = dy.String(description="stem of the ZIP")
    frame_index = dy.UInt32(description="position in the clip, from 0, at 24 a second")
    width = dy.UInt32(description="of the frame in pixels")
    height = dy.UInt32(description="of the frame in pixels")
    object_id = dy.UInt32(nullable=True, description="null in the row of a frame without objects")
    label = dy.String(nullable=True)
    rle = dy.String(nullable=True, description="COCO compressed run lengths of the object's visible pixels")
    box = dy.Array(dy.Int32(), 4, nullable=True, description="[x, y, width, height] of the mask in pixels")
    area = dy.UInt32(nullable=True, description="pixels of the mask")
    flaw = dy.Enum(
        [UNANNOTATED, BAD_MASK, TINY],
        nullable=True,
        description="what was put in on purpose: objects left out, a spoilt mask, fewer than 64 pixels",
    )


class TabletopTruth(dy.Schema):
    """Every thing in the sample tabletops, and the pictures without any, as they were drawn.

    Coordinates are those of the upright picture at its full size. Boxes are inclusive.
    """

    path = dy.String(description="POSIX, relative to the samples' root")
    width = dy.UInt32(description="of the upright picture in pixels")
    height = dy.UInt32(description="of the upright picture in pixels")
    object = dy.UInt32(
        nullable=True,
        description="number by depth, 0 is nearest; null in the row of a picture without things",
    )
    label = dy.String(nullable=True, description="<colour> <shape>")
    shape = dy.String(nullable=True, description="a name in still_lifes.SHAPES")
    colour = dy.String(nullable=True, description="a name in still_lifes.COLOURS")
    x0 = dy.UInt32(nullable=True)
    y0 = dy.UInt32(nullable=True)
    x1 = dy.UInt32(nullable=True)
    y1 = dy.UInt32(nullable=True)
    area = dy.UInt32(nullable=True, description="visible pixels")
    rle = dy.String(nullable=True, description="COCO compressed run lengths of the visible pixels")
    flaw = dy.Enum(
        [TRUNCATED, NEAR_DUPLICATE, NOTHING],
        nullable=True,
        description="of the picture: half a file, a copy of the first one, no thing on the table",
    )


class ClassTruth(dy.Schema):
    """Every file of the sample classes, as it was drawn."""

    path = dy.String(primary_key=True, description="<class>/<name>: POSIX, relative to the samples' root")
    class_ = dy.String(alias="class", description="the folder's name, in classes.CLASSES")
    kind = dy.String(description="what is drawn, a name in products.KINDS")
    shape = dy.String(description="the kind's shape, which makes the class")
    colour = dy.String(description="the main part's colour, a name in patterns.COLOURS")
    accent = dy.String(description="the pattern's colour, and that of small parts")
    pattern = dy.String(description="a name in patterns.PRINTS")
    copy_of = dy.String(nullable=True, description="path of the file that a flawed one is made of")
    flaw = dy.Enum(
        [DUPLICATE, NEAR_DUPLICATE, OTHER_CLASS, TRUNCATED],
        nullable=True,
        description="what is wrong on purpose; null for a sound picture",
    )


def _said() -> dy.String:
    return dy.String(description="what the text says: a tag, or `unknown` where it is silent")


def _drawn() -> dy.String:
    return dy.String(nullable=True, description="what is drawn: a tag; null where the garment has none")


class GarmentTruth(dy.Schema):
    """Every row of the sample garments' table, in its order.

    Of the flaws, ``missing``, ``truncated``, ``unknown format`` (a Photoshop file) and ``empty category``
    spoil rows that are otherwise as without flaws; ``repeated id`` (another picture and text of the article
    under an id that is there already) and ``duplicate`` (another row's picture and text under the id of a
    further article) are rows at the table's end.
    """

    row = dy.UInt32(primary_key=True, description="position in products.csv, from 0")
    product_id = dy.String(description="<WOMEN or MEN>-<category>-id_<article>-<variant>_<number>_<view>")
    path = dy.String(description="of the picture: POSIX, relative to the samples' root")
    article = dy.UInt32(description="number of the product, from 1; rows of one number show one product")
    variant = dy.UInt32(description="number of the product's colour, from 1")
    view = dy.Enum(["front", "side", "back", "full", "additional"])
    category = dy.String(description="a name in garment_kinds.KINDS; the table's is empty where flaw says so")
    text = dy.String(nullable=True)
    material = _said()
    pattern = _said()
    neckline = _said()
    sleeve = _said()
    true_material = _drawn()
    true_pattern = _drawn()
    true_neckline = _drawn()
    true_sleeve = _drawn()
    colour = dy.String(description="the main colour, a name in garment_kinds.COLOURS")
    lot = dy.String(description="lot_a to lot_f, drawn for each row: it says nothing of anything")
    flaw = dy.Enum(
        [MISSING, TRUNCATED, EMPTY_CATEGORY, UNKNOWN_FORMAT, REPEATED_ID, DUPLICATE],
        nullable=True,
        description="what was spoilt on purpose; null for a sound row",
    )
