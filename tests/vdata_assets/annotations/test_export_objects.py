"""Masks of an export: read in every form, put in order, scaled to their pictures, measured; bad ones kept."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from export_zips import HEIGHT, WIDTH, a_frame, an_object, column_text, read_objects, rectangle
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pycocotools import mask as coco

from vdata_assets.annotations.archive import open_archive
from vdata_assets.annotations.container import read_container
from vdata_assets.annotations.grids import text_grids
from vdata_assets.annotations.objects import Order
from vdata_assets.annotations.schema import Objects
from vdata_assets.annotations.settings import ExportSettings

MakeZip = Callable[..., Path]
Mask = NDArray[np.bool_]


def objects_of(
    path: Path, order: Order = "column", size: tuple[int, int] | None = None, only: list[int] | None = None
) -> pl.DataFrame:
    """The table of an export whose pictures have the size (height, width), or are missing."""
    with open_archive(path, ExportSettings()) as archive:
        container = read_container(archive)
        height, width = size or (None, None)
        frames = container.frames.select(
            "frame_index",
            frame_id=pl.format("clip-{}", pl.col("frame_index").cast(pl.String).str.zfill(6)),
            height=pl.lit(height, pl.UInt32),
            width=pl.lit(width, pl.UInt32),
        )
        if only is not None:
            frames = frames.filter(pl.col("frame_index").is_in(only))
        found = read_objects(container, frames, order)
    assert Objects.is_valid(found)
    return found


def decoded(row: dict[str, Any], height: int, width: int) -> Mask:
    """The mask of a row by pycocotools, its box and area checked."""
    rle = {"size": [height, width], "counts": row["rle"]}
    assert coco.area(rle) == row["area"]
    assert coco.toBbox(rle).tolist() == row["box"]
    return coco.decode(rle).astype(np.bool_)


def nearest(mask: Mask, height: int, width: int) -> Mask:
    """The mask at another size: each pixel as the source's under its centre."""
    rows = (2 * np.arange(height) + 1) * mask.shape[0] // (2 * height)
    columns = (2 * np.arange(width) + 1) * mask.shape[1] // (2 * width)
    return mask[np.ix_(rows, columns)]


def a_mask(height: int = HEIGHT, width: int = WIDTH) -> Mask:
    """A mask that is not its own transpose, mirror or complement."""
    rows, columns = np.mgrid[:height, :width]
    ring = ((rows - height / 3) / height) ** 2 * 9 + ((columns - width / 2) / width) ** 2 * 12 < 1
    return ring & ~((rows > height / 4) & (columns < width / 2) & (columns > width / 3))


def stored(mask: Mask, form: str) -> Any:
    if form == "row text":
        return column_text(mask.T)
    if form == "text":
        return column_text(mask)
    if form == "list":
        return {"size": list(mask.shape), "counts": [int(n) for n in column_text(mask).split()]}
    rle = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": rle["size"], "counts": rle["counts"].decode()}


@pytest.mark.parametrize("form", ["text", "row text", "list", "compressed"])
@pytest.mark.parametrize(
    ("grid", "size"),
    [
        ((48, 64), (48, 64)),
        ((48, 64), (96, 128)),
        ((48, 64), (31, 77)),
        ((64, 64), (48, 64)),
        ((256, 256), (90, 160)),
    ],
    ids=["as is", "larger", "odd", "square", "the public tool's"],
)
def test_masks_are_at_the_size_of_their_pictures_whatever_their_form(
    make_zip: MakeZip, form: str, grid: tuple[int, int], size: tuple[int, int]
) -> None:
    mask = a_mask(*grid)
    # An object beside it whose form knows no order: only text is read in another.
    other = an_object(mask_rle=stored(a_mask(), "compressed"))
    path = make_zip([a_frame(0, an_object(mask_rle=stored(mask, form)), other)], pictures=None)
    found = objects_of(path, "row" if form == "row text" else "column", size)
    row, beside = found.rows(named=True)
    assert np.array_equal(decoded(row, *size), nearest(mask, *size))
    assert np.array_equal(decoded(beside, *size), nearest(a_mask(), *size))
    assert (row["source_height"], row["source_width"], row["reason"]) == (*grid, None)


def test_without_a_picture_masks_are_at_the_videos_size(make_zip: MakeZip) -> None:
    mask = a_mask(256, 256)
    path = make_zip([a_frame(0, an_object(mask_rle=column_text(mask)))], pictures=None)
    (row,) = objects_of(path).rows(named=True)
    assert np.array_equal(decoded(row, HEIGHT, WIDTH), nearest(mask, HEIGHT, WIDTH))


def test_text_may_be_of_the_pictures_size_where_the_video_has_another(make_zip: MakeZip) -> None:
    mask = a_mask(30, 50)
    path = make_zip([a_frame(0, an_object(mask_rle=column_text(mask)))], pictures=None)
    (row,) = objects_of(path, size=(30, 50)).rows(named=True)
    assert np.array_equal(decoded(row, 30, 50), mask)


def test_what_the_source_stored_is_kept_beside_what_was_measured(make_zip: MakeZip) -> None:
    path = make_zip([a_frame(0, an_object(bbox=[1, 2, 3, 4], area=5, confidence=0.25))])
    (row,) = objects_of(path, size=(2 * HEIGHT, 2 * WIDTH)).rows(named=True)
    assert (row["source_box"], row["source_area"], row["confidence"]) == ([1.0, 2.0, 3.0, 4.0], 5.0, 0.25)
    assert (row["box"], row["area"]) == ([16, 12, 32, 24], 4 * 192)


PIXELS = WIDTH * HEIGHT
OTHER_SIZE = (
    "run lengths sum to {}, the image has 64 x 48 = 3072 pixels, and it is no square grid: "
    "the mask is of another size"
)


@pytest.mark.parametrize(
    ("mask", "reason"),
    [
        (f"{PIXELS}", "the mask is empty"),
        (f"{PIXELS - 1}", OTHER_SIZE.format(PIXELS - 1)),
        (f"10 {PIXELS}", OTHER_SIZE.format(PIXELS + 10)),
        ("0 900", OTHER_SIZE.format(900)),
        ("", "there are no run lengths"),
        ("10 -5 20", "character '-' at 3 is neither a digit nor a space"),
        ("10 5.5", "character '.' at 4 is neither a digit nor a space"),
        ("NaN", "character 'N' at 0 is neither a digit nor a space"),
        ("\u0661 \u0662", "character '\u0661' at 0 is neither a digit nor a space"),
        ("99999999999999999999 1", "run lengths sum to more than 2147483647 at 0"),
        ({"size": [48, 64], "counts": [3072]}, "the mask is empty"),
        ({"size": [48, 64], "counts": [10, -5, 3067]}, "the run length at 1 is negative"),
        ({"size": [48, 64], "counts": []}, "there are no run lengths"),
        (
            {"size": [48, 64], "counts": [10, 5]},
            "run lengths sum to 15, the image has 64 x 48 = 3072 pixels: the mask is of another size",
        ),
        (
            {"size": [65_535, 32_767], "counts": [10, 5]},
            "run lengths sum to 15, the image has 32767 x 65535 = 2147385345 pixels: "
            "the mask is of another size",
        ),
        ({"size": [48, 64], "counts": "!"}, "character '!' at 0 is no COCO run length"),
        ({"size": [48, 64], "counts": "P"}, "the string ends inside the number at 0"),
        ({"size": [48, 64], "counts": ""}, "there are no run lengths"),
        (None, "mask_rle is missing"),
    ],
)
def test_a_bad_mask_keeps_its_row_and_spoils_no_other(make_zip: MakeZip, mask: object, reason: str) -> None:
    path = make_zip([a_frame(0, an_object(), an_object(mask_rle=mask), an_object()), a_frame(6, an_object())])
    found = objects_of(path)
    assert found.select("frame_id", "position", "reason").rows() == [
        ("clip-000000", 0, None),
        ("clip-000000", 1, reason),
        ("clip-000000", 2, None),
        ("clip-000006", 0, None),
    ]
    assert found.row(1, named=True)["rle"] is None
    assert found.row(1, named=True)["box"] is None
    assert found["area"].to_list() == [192, None, 192, 192]


def test_a_mask_that_shrinks_to_nothing_says_so(make_zip: MakeZip) -> None:
    path = make_zip([a_frame(0, an_object(mask_rle=rectangle(0, 0, 1, 1)), an_object())], pictures=None)
    found = objects_of(path, size=(12, 16))
    assert found["reason"].to_list() == ["the mask has no pixel left at the picture's 16 x 12", None]
    assert found.row(0, named=True)["rle"] is None
    assert found["area"].to_list() == [None, 12]


def test_an_object_with_a_bad_label_has_no_mask_and_the_labels_reason(make_zip: MakeZip) -> None:
    path = make_zip([a_frame(0, an_object(label="<image>"), an_object(label="x", mask_rle="7"))])
    found = objects_of(path)
    assert found["reason"].to_list() == ["label has markup ('<' or '>')", OTHER_SIZE.format(7)]
    assert found["rle"].null_count() == 2


def test_only_objects_of_the_given_frames_are_read(make_zip: MakeZip) -> None:
    path = make_zip(5)
    assert objects_of(path, only=[6, 18])["frame_id"].to_list() == ["clip-000006", "clip-000018"]
    assert objects_of(path, only=[]).height == 0


def test_batches_make_no_difference(make_zip: MakeZip, monkeypatch: pytest.MonkeyPatch) -> None:
    masks = [column_text(a_mask()), "7", stored(a_mask(), "list"), None, stored(a_mask(64, 64), "compressed")]
    path = make_zip([a_frame(index, *(an_object(mask_rle=mask) for mask in masks)) for index in range(7)])
    whole = objects_of(path)
    monkeypatch.setattr("vdata_assets.annotations.export_json.FRAMES_AT_ONCE", 3)
    monkeypatch.setattr("vdata_assets.annotations.objects.PIXELS_AT_ONCE", 4 * PIXELS)
    assert objects_of(path).equals(whole)
    assert whole["reason"].null_count() == 7 * 3


@given(
    totals=st.lists(st.integers(0, 2**31 - 1) | st.integers(1, 3000).map(lambda n: n * n), max_size=20),
    height=st.integers(1, 3000),
    width=st.integers(1, 3000),
)
def test_a_grid_has_the_pixels_that_the_mask_has(totals: list[int], height: int, width: int) -> None:
    totals.append(height * width)
    sizes = np.full(len(totals), height), np.full(len(totals), width)
    heights, widths = text_grids(np.array(totals, np.int64), [sizes])
    for total, rows, columns in zip(totals, heights.tolist(), widths.tolist(), strict=True):
        if total == height * width:
            assert (rows, columns) == (height, width)
        elif rows:
            assert rows == columns >= 32
            assert rows * columns == total
        else:
            assert columns == 0
            assert round(total**0.5) ** 2 != total or total < 32 * 32


def test_the_genuine_export_lies_on_the_juggled_ball(test_data: Callable[[str], Path]) -> None:
    folder = test_data("sam2-export-genuine")
    found = objects_of(folder / "31e95181-6046-4ade-a792-a92b5027b88f.zip", "row", (720, 1280))
    assert (found.height, found["reason"].null_count()) == (42, 42)
    row = found.row(0, named=True)
    mask = decoded(row, 720, 1280)
    # The stored runs, read along the rows of 256 x 256 and enlarged by repetition.
    runs = [25985, 3, 252, 6, 249, 8, 247, 10, 245, 11, 244, 13]
    grid = np.zeros(65536, np.bool_)
    ends = np.cumsum(runs)
    for start, stop in zip(ends[::2], ends[1::2], strict=True):
        grid[start:stop] = True
    first_rows = nearest(grid.reshape(256, 256), 720, 1280)[: 102 * 720 // 256 + 12]
    assert np.array_equal(mask[: len(first_rows)], first_rows)
    assert row["box"] == [615, 284, 80, 79]
    # The box that the tool stored is that of the wrong reading.
    assert row["source_box"] == [101.0, 123.0, 28.0, 16.0]


def test_documented_exports_are_as_their_boxes_and_areas_say(test_data: Callable[[str], Path]) -> None:
    for path in sorted(test_data("sam2-export").glob("*.zip")):
        found = objects_of(path)
        assert found["reason"].null_count() == found.height > 0
        assert found["area"].cast(pl.Float64).to_list() == found["source_area"].to_list()
        assert found["box"].cast(pl.Array(pl.Float64, 4)).to_list() == found["source_box"].to_list()
