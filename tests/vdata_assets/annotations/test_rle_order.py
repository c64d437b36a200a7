"""Whether run lengths are read row by row or column by column, and on what grounds."""

import io
import zipfile
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from PIL import Image

from vdata_assets.annotations.archive import open_archive
from vdata_assets.annotations.container import read_container
from vdata_assets.annotations.contents import OBJECT_COLUMNS
from vdata_assets.annotations.rle_order import decide_order
from vdata_assets.annotations.settings import ExportSettings
from vdata_assets.masks.dense import runs_of
from vdata_assets.masks.write import write_text
from vdata_resources.images import load_rgb

JUGGLE = "31e95181-6046-4ade-a792-a92b5027b88f.zip"


def container(masks, order, size=None, form="text"):
    """An export of one mask a frame; ``size`` is the video's height and width if not the masks'."""
    height, width = size or masks[0].shape
    texts = write_text(runs_of(masks, order))
    rows = pl.DataFrame({"frame_index": range(len(masks)), "text": texts}).with_columns(form=pl.lit(form))
    missing = [
        pl.lit(None, kind).alias(name) for name, kind in OBJECT_COLUMNS.items() if name not in rows.columns
    ]
    table = rows.with_columns(missing).select(OBJECT_COLUMNS.names()).cast(dict(OBJECT_COLUMNS))

    def objects(indices=None):
        chosen = table if indices is None else table.filter(pl.col("frame_index").is_in(list(indices)))
        return (chunk for chunk in chosen.iter_slices(10))

    return SimpleNamespace(
        objects=objects,
        frames=table.select("frame_index"),
        video=SimpleNamespace(height=height, width=width),
    )


def disc(x, y, radius, height, width):
    rows, columns = np.mgrid[:height, :width]
    return (rows - y) ** 2 + (columns - x) ** 2 <= radius**2


def scene(mask, colour=(200, 40, 30), seed=0):
    """A noisy picture, twice the mask's size, in which the mask's object is seen."""
    noise = np.random.default_rng(seed).integers(80, 120, (*mask.shape, 3)).astype(np.uint8)
    noise[mask] = colour
    return Image.fromarray(noise).resize((2 * mask.shape[1], 2 * mask.shape[0]))


ROUND = [disc(20 + 3 * n, 15, 6, 90, 160) for n in range(6)]
SQUARE = [disc(20 + 8 * n, 30, 9, 128, 128) for n in range(6)]


@pytest.fixture(scope="module")
def decided(test_data):
    """What is decided on a real export, with pictures or without."""

    def decide(folder, name, pictures=None):
        with open_archive(test_data(folder) / name, ExportSettings()) as archive:
            return decide_order(read_container(archive), pictures, "auto")

    return decide


@pytest.mark.parametrize("setting", ["row", "column"])
def test_the_setting_comes_first(setting):
    decision = decide_order(container(ROUND, "column"), None, setting)
    assert (decision.order, decision.clear) == (setting, True)
    assert decision.grounds == f"rle_order is set to {setting}."


@pytest.mark.parametrize("form", ["list", "compressed", "none"])
def test_other_forms_are_column_major_by_definition(form):
    decision = decide_order(container(ROUND, "row", form=form), None, "auto")
    assert (decision.order, decision.clear) == ("column", True)
    assert decision.grounds == "No mask is a text of run lengths; COCO's forms are column-major."


@pytest.mark.parametrize("order", ["row", "column"])
def test_on_an_uneven_grid_shapes_tell(order):
    decision = decide_order(container(ROUND, order), None, "auto")
    assert (decision.order, decision.clear) == (order, True)
    assert decision.grounds.startswith(f"Read {order}-major, the outlines of 6 masks are 312 pixels long; ")


@pytest.mark.parametrize("name", ["bmx-trees.zip", "coco-142238.zip", "coco-439180.zip"])
def test_documented_exports_are_column_major(decided, name):
    decision = decided("sam2-export", name)
    assert (decision.order, decision.clear) == ("column", True)


@pytest.mark.parametrize("order", ["row", "column"])
@pytest.mark.parametrize("masks", [SQUARE, SQUARE[5:]], ids=["six masks", "one mask"])
def test_on_a_square_grid_pictures_tell(order, masks):
    pictures = dict(enumerate(map(scene, masks)))
    decision = decide_order(container(masks, order), pictures.get, "auto")
    assert (decision.order, decision.clear) == (order, True)
    assert decision.grounds.startswith(
        f"Read {order}-major, {len(masks)} of {len(masks)} masks fit their pictures better: edges and "
        "contrast at their outlines are "
    )


def test_the_genuine_export_is_row_major_beyond_doubt_with_clean_frames(decided, test_data):
    folder = test_data("sam2-export-genuine") / "05_default_juggle.clean_frames"
    decision = decided(
        "sam2-export-genuine", JUGGLE, lambda index: load_rgb(folder / f"frame_{index:06d}.jpg")
    )
    assert (decision.order, decision.clear) == ("row", True)
    assert decision.grounds.startswith("Read row-major, 42 of 42 masks fit their pictures better: ")
    assert decision.figures["margin_of_row"] > 3


def test_the_genuine_export_is_row_major_with_doubt_without_them(decided):
    decision = decided("sam2-export-genuine", JUGGLE)
    assert (decision.order, decision.clear) == ("row", False)
    assert decision.grounds == (
        "Neither shapes nor pictures tell the order of 42 masks; run lengths that add up to a square which "
        "is not the video's size are what the public tool writes, row by row whatever its documents say."
    )


def test_a_square_video_without_pictures_is_read_as_documented():
    decision = decide_order(container(SQUARE, "row"), None, "auto")
    assert (decision.order, decision.clear) == ("column", False)
    assert decision.grounds == (
        "Neither shapes nor pictures tell the order of 6 masks; column-major is what is documented."
    )


def test_pictures_without_the_objects_settle_nothing():
    noise = scene(np.zeros((128, 128), np.bool_))
    decision = decide_order(container(SQUARE, "row"), lambda index: noise, "auto")
    assert (decision.order, decision.clear) == ("column", False)
    assert decision.grounds.startswith(
        "6 of 6 masks could be compared with pictures, without a clear result; "
    )


def test_a_mask_that_is_its_own_transpose_is_no_evidence():
    masks = [disc(64, 64, radius, 128, 128) for radius in range(8, 30, 4)]
    decision = decide_order(container(masks, "row"), dict(enumerate(map(scene, masks))).get, "auto")
    assert not decision.clear
    assert decision.figures == {"masks": 6}


def test_bands_across_the_whole_picture_are_no_evidence_of_shape():
    masks = [np.arange(90)[:, None].repeat(160, 1) < 10 * n for n in range(1, 6)]
    decision = decide_order(container(masks, "row"), None, "auto")
    assert not decision.clear


def test_masks_painted_into_the_pictures_are_evidence_too(test_data):
    path = test_data("sam2-export") / "bmx-trees.zip"
    with zipfile.ZipFile(path) as archive:
        photo = load_rgb(archive.read("images/frame_000000.jpg")).resize((128, 128))
    painted = {}
    for index, mask in enumerate(SQUARE):
        pixels = np.asarray(photo).copy()
        pixels[mask] = (pixels[mask] + np.array([30, 144, 255])) // 2
        jpeg = io.BytesIO()
        Image.fromarray(pixels).save(jpeg, "JPEG", quality=80)
        painted[index] = load_rgb(jpeg.getvalue())
    assert decide_order(container(SQUARE, "row"), lambda index: photo, "auto").clear is False
    decision = decide_order(container(SQUARE, "row"), painted.get, "auto")
    assert (decision.order, decision.clear) == ("row", True)


def test_only_the_named_frames_are_looked_at():
    asked = []
    decide_order(container(SQUARE, "row"), asked.append, "auto", [1, 4])
    assert asked == [1, 4]


def test_at_most_64_masks_spread_over_the_export_are_looked_at():
    masks = [disc(20 + n % 50, 30, 9, 64, 128)[:, :64] for n in range(300)]
    asked = []
    decision = decide_order(container(masks, "row"), asked.append, "auto")
    assert decision.figures["masks"] == 64
    assert asked[0] == 0
    assert asked[-1] > 290
    assert max(np.diff(asked)) < 12


def test_masks_on_rare_frames_are_found():
    export = container(SQUARE[:1] * 1500, "row")
    whole = pl.concat(export.objects()).filter(pl.col("frame_index") == 1001)
    export.objects = lambda indices: iter([whole.filter(pl.col("frame_index").is_in(list(indices)))])
    assert decide_order(export, None, "auto").figures == {"masks": 1}


def test_texts_that_cannot_be_read_decide_nothing():
    export = container(SQUARE, "row")
    broken = next(export.objects()).with_columns(text=pl.lit("5 x"))
    export.objects = lambda indices: iter([broken])
    decision = decide_order(export, None, "auto")
    assert (decision.order, decision.clear) == ("column", False)
    assert decision.grounds == "No text of run lengths can be read; column-major is what is documented."
