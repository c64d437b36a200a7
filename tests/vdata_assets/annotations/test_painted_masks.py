"""Whether masks are painted into pictures."""

import io
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from export_zips import read_objects
from PIL import Image

from vdata_assets.annotations.archive import open_archive
from vdata_assets.annotations.container import read_container
from vdata_assets.annotations.painted_masks import painted, painted_frames
from vdata_assets.annotations.picture_source import find_source
from vdata_assets.annotations.pictures import picture_loader, write_frames
from vdata_assets.annotations.settings import ExportSettings
from vdata_assets.masks.dense import decoded
from vdata_resources.images import load_rgb

COLOURS = [
    (255, 0, 0),
    (30, 144, 255),
    (0, 255, 0),
    (255, 165, 0),
    (128, 0, 128),
    (0, 255, 255),
    (250, 250, 55),
]
EXPORTS = ["bmx-trees", "coco-142238", "coco-439180", "juggle"]


@pytest.fixture(scope="module")
def imported(test_data, tmp_path_factory):
    """Frames, objects and folder of a real export, read once."""
    known = {}

    def read(name):
        if name not in known:
            known[name] = imported_export(name, test_data, tmp_path_factory.mktemp(name))
        return known[name]

    return read


def imported_export(name, test_data, folder):
    path, settings = test_data("sam2-export") / f"{name}.zip", ExportSettings()
    if name == "juggle":
        path = test_data("sam2-export-genuine") / "31e95181-6046-4ade-a792-a92b5027b88f.zip"
        settings = ExportSettings(videos={name: "05_default_juggle.clean_frames"})
    with open_archive(path, settings) as archive:
        container = read_container(archive)
        source = find_source(path, container, settings, name)
        indices = container.frames["frame_index"].to_list()[:20]
        frames = write_frames(archive, container, source, indices, name, folder, settings)
        return frames, read_objects(container, frames, "row" if name == "juggle" else "column"), folder


def burnt(frames, objects, folder, out, opacity, colour=None, quality=85):
    """The same pictures with the masks painted in, each object in its own colour, as JPEG."""
    (out / "frames").mkdir()
    files = dict(frames.select("frame_id", "file").iter_rows())
    sizes = dict(frames.select("frame_id", pl.struct("height", "width")).iter_rows())
    for (frame_id,), rows in objects.group_by("frame_id", maintain_order=True):
        pixels = np.asarray(load_rgb(folder / files[frame_id])).astype(np.float32)
        for place, rle in enumerate(rows["rle"]):
            mask = decoded(rle, sizes[frame_id]["height"], sizes[frame_id]["width"])
            paint = np.array(colour or COLOURS[place % len(COLOURS)], np.float32)
            pixels[mask] = (1 - opacity) * pixels[mask] + opacity * paint
        Image.fromarray(pixels.round().astype(np.uint8)).save(out / files[frame_id], quality=quality)
    return out


@pytest.mark.parametrize("name", EXPORTS)
def test_real_photos_are_clean(imported, name):
    report = painted_frames(*imported(name))
    assert not report.painted
    assert report.share < 0.05
    assert report.grounds.endswith(
        " frames are tinted even in the darkest places inside of their masks, and not around them."
    )


@pytest.mark.parametrize("opacity", [0.4, 0.5, 0.6])
@pytest.mark.parametrize("name", EXPORTS)
def test_masks_painted_in_are_found(imported, tmp_path, name, opacity):
    frames, objects, folder = imported(name)
    report = painted_frames(frames, objects, burnt(frames, objects, folder, tmp_path, opacity))
    assert report.painted
    assert report.share >= 0.9
    assert report.grounds.startswith(f"{len(report.frames)} of {frames.height} frames are tinted ")


@pytest.mark.parametrize("colour", COLOURS, ids=str)
def test_masks_are_found_in_every_colour_of_the_tool(imported, tmp_path, colour):
    frames, objects, folder = imported("bmx-trees")
    report = painted_frames(
        frames, objects, burnt(frames, objects, folder, tmp_path, 0.5, colour, quality=75)
    )
    assert report.painted


@pytest.mark.parametrize("colour", [(255, 255, 255), (128, 128, 128), (30, 144, 255)], ids=str)
def test_with_clean_pictures_any_colour_is_found(imported, tmp_path, colour):
    frames, objects, folder = imported("bmx-trees")
    clean = picture_loader(frames, folder)
    out = burnt(frames, objects, folder, tmp_path, 0.5, colour)
    report = painted_frames(frames, objects, out, clean)
    assert report.painted
    assert report.frames == frames["frame_index"].to_list()
    assert report.grounds == (
        "20 of 20 frames differ from the clean pictures inside of their masks, and not around them."
    )
    assert painted_frames(frames, objects, folder, clean).share == 0


def test_a_picture_encoded_again_is_not_painted():
    pixels = np.random.default_rng(1).integers(0, 256, (60, 80, 3)).astype(np.uint8)
    jpeg = io.BytesIO()
    Image.fromarray(pixels).save(jpeg, "JPEG", quality=40)
    mask = np.zeros((60, 80), np.bool_)
    mask[20:40, 20:50] = True
    assert painted(load_rgb(jpeg.getvalue()), mask, clean=Image.fromarray(pixels)) is False


@pytest.mark.parametrize(
    ("rows", "columns"),
    [(slice(10, 12), slice(10, 12)), (slice(None), slice(None))],
    ids=["tiny", "the whole picture"],
)
def test_where_too_little_is_seen_there_is_no_verdict(rows, columns):
    mask = np.zeros((60, 80), np.bool_)
    mask[rows, columns] = True
    assert painted(Image.new("RGB", (80, 60)), mask) is None


def test_frames_without_pictures_or_masks_are_not_looked_at(imported):
    frames, objects, _ = imported("bmx-trees")
    report = painted_frames(frames.with_columns(file=pl.lit(None, pl.String)), objects, Path("none"))
    assert report == painted_frames(frames, objects.clear(), Path("none"))
    assert (report.painted, report.share, report.grounds) == (False, 0.0, "no mask is large enough to tell.")
