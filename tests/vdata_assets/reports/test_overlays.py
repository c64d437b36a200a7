"""Overlays show what a mask covers, and sheets of them the whole dataset evenly."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from vdata_assets.masks.dense import runs_of
from vdata_assets.masks.write import write_compressed
from vdata_assets.reports.annotation_sheets import chosen_frames, overlay_sheet, shared_out
from vdata_assets.reports.overlays import label_colour, overlay
from vdata_assets.reports.palette import FAULTY, LABEL_COLOURS, UNREADABLE

GREY = (128, 128, 128)


def rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue


def rectangle(height: int, width: int, left: int, top: int, right: int, bottom: int) -> np.ndarray:
    mask = np.zeros((height, width), bool)
    mask[top:bottom, left:right] = True
    return mask


def changed(drawn: Image.Image, ground: Image.Image) -> np.ndarray:
    return (np.asarray(drawn) != np.asarray(ground)).any(axis=2)


def test_a_mask_is_filled_translucent_and_outlined_in_its_colour() -> None:
    ground = Image.new("RGB", (200, 100), GREY)
    drawn = overlay(ground, [("ball", rectangle(100, 200, 80, 40, 120, 80))])
    colour = rgb(label_colour("ball"))
    mixed = tuple(round(0.6 * below + 0.4 * above) for below, above in zip(GREY, colour, strict=True))
    assert np.abs(np.subtract(drawn.getpixel((100, 60)), mixed)).max() <= 1
    assert drawn.getpixel((80, 60)) == colour
    assert drawn.getpixel((79, 60)) in {colour, rgb("#1A1A1A")}
    assert not changed(drawn, ground)[85:, :].any()


@pytest.mark.parametrize(
    "size",
    [
        pytest.param((400, 200), id="larger"),
        pytest.param((50, 25), id="smaller"),
        pytest.param((90, 20), id="another shape"),
    ],
)
def test_picture_and_masks_are_scaled_together(size: tuple[int, int]) -> None:
    width, height = size
    quarter = rectangle(100, 200, 0, 50, 100, 100)
    drawn = overlay(Image.new("RGB", (200, 100), GREY), [("", quarter)], size)
    assert drawn.size == size
    assert drawn.getpixel((width // 4, height * 7 // 8)) != GREY
    assert drawn.getpixel((width * 7 // 8, height * 7 // 8)) == GREY


def test_a_mask_may_be_of_another_size_than_the_picture() -> None:
    ground = Image.new("RGB", (128, 72), GREY)
    drawn = overlay(ground, [("ball", rectangle(256, 256, 128, 128, 256, 256))])
    assert drawn.getpixel((100, 60)) != GREY
    assert drawn.getpixel((20, 60)) == GREY


@pytest.mark.parametrize("side", [50, 400, 4000])
def test_an_object_of_one_pixel_is_seen_at_any_scale(side: int) -> None:
    ground = Image.new("RGB", (64, 64), GREY)
    drawn = overlay(ground, [("", rectangle(side, side, side // 2, side // 2, side // 2 + 1, side // 2 + 1))])
    assert changed(drawn, ground)[30:34, 30:34].any()


def test_an_empty_mask_draws_nothing() -> None:
    ground = Image.new("RGB", (64, 64), GREY)
    assert overlay(ground, [("ball", np.zeros((64, 64), bool))]).tobytes() == ground.tobytes()


def test_a_small_object_stays_visible_in_front_of_a_large_one() -> None:
    ground = Image.new("RGB", (64, 64), GREY)
    small, large = ("a", rectangle(64, 64, 30, 40, 40, 50)), ("b", np.ones((64, 64), bool))
    assert overlay(ground, [small, large]).tobytes() == overlay(ground, [large, small]).tobytes()


@pytest.mark.parametrize(
    "shape", [pytest.param((4, 4, 3), id="three dimensions"), pytest.param((0, 4), id="no pixels")]
)
def test_what_is_no_mask_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"^mask of 'ball' has shape \(.*\): give one of \(height, width\)$"):
        overlay(Image.new("RGB", (4, 4)), [("ball", np.zeros(shape, bool))])


@pytest.mark.parametrize(
    "label", ["", "\x00\u202e", "猫 🐈", "<img src=x>", "$\\frac{1}{2}$", "a" * 1000, "line\nline"]
)
def test_hostile_labels_are_drawn_inside_the_picture(label: str) -> None:
    drawn = overlay(Image.new("RGB", (40, 30), GREY), [(label, rectangle(30, 40, 5, 5, 9, 9))])
    assert drawn.size == (40, 30)


def test_a_label_has_one_colour_in_every_picture() -> None:
    assert {label_colour(f"class {number}") for number in range(100)} == set(LABEL_COLOURS)
    assert label_colour("person") == label_colour("person")


def frames_table(videos: dict[tuple[str, str], int], size: tuple[int, int] = (64, 48)) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "frame_id": f"{export}-{video}-{index:06d}",
                "export": export,
                "video_id": video,
                "frame_index": index,
                "timestamp": index / 24,
                "width": size[0],
                "height": size[1],
                "file": f"{export}-{video}-{index:06d}.png",
                "reason": None,
            }
            for (export, video), count in videos.items()
            for index in range(count)
        ],
        schema_overrides={"reason": pl.String},
    )


@pytest.mark.parametrize(
    ("tiles", "sizes", "expected"),
    [
        pytest.param(12, {"a": 100, "b": 100, "c": 100}, [4, 4, 4], id="even"),
        pytest.param(12, {"a": 1, "b": 100, "c": 2}, [1, 9, 2], id="small groups give what they have"),
        pytest.param(12, {"a": 2, "b": 3}, [2, 3], id="fewer frames than tiles"),
        pytest.param(2, {"a": 5, "b": 5, "c": 5}, [0, 1, 1], id="more groups than tiles"),
        pytest.param(5, {}, [], id="nothing"),
    ],
)
def test_tiles_are_shared_out_evenly(tiles: int, sizes: dict[str, int], expected: list[int]) -> None:
    assert sorted(shared_out(tiles, sizes, 0).values()) == sorted(expected)


def test_frames_are_spread_over_exports_videos_and_time() -> None:
    frames = frames_table({("a", "x"): 1000, ("a", "y"): 1000, ("b", "z"): 10})
    chosen = chosen_frames(frames, [], seed=3, tiles=12)
    assert dict(chosen.group_by("video_id").len().iter_rows()) == {"x": 3, "y": 3, "z": 6}
    steps = chosen.filter(video_id="x")["frame_index"].diff().drop_nulls()
    assert all(333 <= step <= 334 for step in steps)


def test_faulty_frames_get_a_quarter_of_the_tiles() -> None:
    frames = frames_table({("a", "x"): 100})
    faulty = frames["frame_id"].tail(50).to_list()
    chosen = chosen_frames(frames.head(60), faulty[:10], seed=0, tiles=12)
    assert chosen.filter(pl.col("frame_id").is_in(faulty[:10])).height >= 3
    assert chosen.height == 12


def test_the_choice_does_not_depend_on_the_order_of_rows() -> None:
    frames = frames_table({("a", "x"): 40, ("b", "y"): 40})
    shuffled = frames.sample(fraction=1, shuffle=True, seed=1)
    chosen = chosen_frames(frames, [], 5, 12)["frame_id"]
    assert sorted(chosen_frames(shuffled, [], 5, 12)["frame_id"]) == chosen.to_list()


def compressed(mask: np.ndarray) -> str:
    return write_compressed(runs_of([mask])).item()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for index in range(3):
        Image.new("RGB", (64, 48), GREY).save(tmp_path / f"a-x-{index:06d}.png")
    return tmp_path


@pytest.mark.parametrize(
    ("fault", "colour"),
    [
        pytest.param("none", None, id="sound"),
        pytest.param("mask", FAULTY, id="an object that cannot be used"),
        pytest.param("picture", FAULTY, id="no picture"),
        pytest.param("file", FAULTY, id="a file that is gone"),
    ],
)
def test_faulty_frames_are_framed_red(folder: Path, fault: str, colour: str | None) -> None:
    frames = frames_table({("a", "x"): 3})
    bad = fault == "mask"
    objects = pl.DataFrame(
        {
            "frame_id": frames["frame_id"],
            "position": [0, 0, 0],
            "label": ["ball"] * 3,
            "rle": [None if bad else compressed(rectangle(48, 64, 20, 20, 40, 40))] * 3,
            "reason": ["run lengths sum to 3" if bad else None] * 3,
        },
        schema_overrides={"rle": pl.String, "reason": pl.String},
    )
    if fault == "picture":
        frames = frames.with_columns(
            *(pl.lit(None, frames.schema[name]).alias(name) for name in ("file", "width", "height")),
            reason=pl.lit("the JPEG is truncated"),
        )
    if fault == "file":
        (folder / "a-x-000001.png").unlink()
    drawn = overlay_sheet(frames, objects, folder, "title", seed=0, tile_size=128)
    pixels = {colour: count for count, colour in drawn.getcolors(1 << 16)}
    assert (rgb(FAULTY) in pixels) == (colour is not None)
    assert (pixels.get(rgb(UNREADABLE), 0) > 1000) == (fault in {"picture", "file"})
    lazy = overlay_sheet(frames, objects.lazy(), folder, "title", seed=0, tile_size=128)
    assert drawn.tobytes() == lazy.tobytes()


def test_a_dataset_without_frames_gives_a_sheet(tmp_path: Path) -> None:
    frames = frames_table({("a", "x"): 1})
    objects = pl.DataFrame(schema={"frame_id": pl.String, "position": pl.UInt32, "label": pl.String})
    objects = objects.with_columns(rle=pl.lit(None, pl.String), reason=pl.lit(None, pl.String))
    assert overlay_sheet(frames.clear(), objects, tmp_path, "nothing", seed=0).height < 100


def test_the_juggled_ball_is_covered(test_data) -> None:
    """The public tool's 256 x 256 row-major masks, laid over the clean frames, lie on the white ball."""
    root = test_data("sam2-export-genuine")
    with zipfile.ZipFile(root / "31e95181-6046-4ade-a792-a92b5027b88f.zip") as archive:
        annotated = json.loads(archive.read("annotations.json"))["annotations"]
    contrasts = []
    for frame in annotated[::6]:
        runs = np.array(frame["objects"][0]["mask_rle"].split(), int)
        mask = np.repeat(np.arange(runs.size) % 2 == 1, runs).reshape(256, 256)
        name = f"frame_{frame['frame_index']:06d}.jpg"
        clean = Image.open(root / "05_default_juggle.clean_frames" / name).resize((640, 360))
        covered = changed(overlay(clean, [("", mask)]), clean)
        inner = np.asarray(Image.fromarray(mask).resize(clean.size, Image.Resampling.NEAREST))
        assert covered[inner].mean() > 0.98
        grey = np.asarray(clean.convert("L"), float)
        rows, columns = np.nonzero(inner)
        around = grey[rows.min() - 8 : rows.max() + 9, columns.min() - 8 : columns.max() + 9]
        contrasts.append(grey[inner].mean() - around.mean())
    # The ball is white, the ground, the trousers and the shirt are dark.
    assert np.mean(contrasts) > 25


def test_a_crowd_is_drawn_at_sheet_size(test_data) -> None:
    with zipfile.ZipFile(test_data("sam2-export") / "coco-439180.zip") as archive:
        objects = json.loads(archive.read("annotations.json"))["annotations"][0]["objects"]
        picture = Image.open(io.BytesIO(archive.read("images/frame_000000.jpg")))
    masks = []
    for item in objects:
        runs = np.array(item["mask_rle"].split(), int)
        masks.append((item["label"], np.repeat(np.arange(runs.size) % 2 == 1, runs).reshape(640, 360).T))
    drawn = overlay(picture, iter(masks), (288, 162))
    assert changed(drawn, picture.resize((288, 162), Image.Resampling.LANCZOS)).mean() > 0.8
    assert drawn.tobytes() == overlay(picture, masks, (288, 162)).tobytes()
