"""Masklets of SA-V as an export."""

import json
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import polars as pl
import pytest
from export_zips import read_objects
from pycocotools import mask as coco

from vdata_assets.annotations.archive import open_archive
from vdata_assets.annotations.container import read_container
from vdata_assets.annotations.contents import OBJECT_COLUMNS, Container, Video
from vdata_assets.annotations.errors import BadExport
from vdata_assets.annotations.settings import ExportSettings

HEIGHT, WIDTH = 8, 6


def encoded(x: int, width: int) -> dict[str, Any]:
    """A mask as wide as said, of the whole height."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[:, x : x + width] = 1
    rle = coco.encode(np.asfortranarray(mask))
    return {"size": rle["size"], "counts": rle["counts"].decode()}


def masklets(steps: list[Any], **fields: Any) -> dict[str, Any]:
    head = {
        "video_id": "sav_7",
        "video_duration": 10 / 24,
        "video_frame_count": 10.0,
        "video_height": 8.0,
        "video_width": 6.0,
        "masklet": steps,
    } | fields
    return {name: value for name, value in head.items() if value is not ...}


def pack(folder: Path, files: Mapping[str, Any]) -> Path:
    path = folder / "sav.zip"
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content if isinstance(content, str) else json.dumps(content))
    return path


def read(path: Path) -> tuple[Container, pl.DataFrame]:
    with open_archive(path, ExportSettings()) as archive:
        container = read_container(archive)
        return container, pl.concat([OBJECT_COLUMNS.to_frame(), *container.objects()])


A, B, EMPTY = encoded(0, 2), encoded(3, 1), encoded(0, 0)


def test_both_files_of_a_video_are_one_export(tmp_path: Path) -> None:
    files = {
        "sav_7_auto.json": masklets([[A], [B], [A]], masklet_id=[3]),
        "sav_7_manual.json": masklets([[A, B], [A, EMPTY], [None, B]], masklet_id=[0, 1]),
        "images/frame_000004.jpg": "x",
        "sav_7.mp4": "x",
    }
    container, objects = read(pack(tmp_path, files))
    assert container.video == Video("sav_7.mp4", WIDTH, HEIGHT, 10 / Fraction(str(10 / 24)), 10)
    assert (container.exporter, container.video_member) == ("SA-V", "sav_7.mp4")
    assert container.frames.rows() == [(0, None, None), (4, None, "images/frame_000004.jpg"), (8, None, None)]
    assert objects.select("frame_index", "position", "object_id", "label", "text").rows() == [
        (0, 0, "manual-0", "object", A["counts"]),
        (0, 1, "manual-1", "object", B["counts"]),
        (0, 2, "auto-3", "object", A["counts"]),
        (4, 0, "manual-0", "object", A["counts"]),
        (4, 1, "auto-3", "object", B["counts"]),
        (8, 0, "manual-1", "object", B["counts"]),
        (8, 1, "auto-3", "object", A["counts"]),
    ]


def test_uncompressed_counts_are_read_too(tmp_path: Path) -> None:
    full, empty = {"size": [8, 6], "counts": [0, 48]}, {"size": [8, 6], "counts": [48]}
    _, objects = read(pack(tmp_path, {"v_auto.json": masklets([[full], [empty], []])}))
    assert objects.select("frame_index", "form").rows() == [(0, "list")]


def test_a_bad_mask_keeps_its_row(tmp_path: Path) -> None:
    steps = [[{"size": [8, 6]}, A], [{"size": [8, -6], "counts": "x"}], [7]]
    _, objects = read(pack(tmp_path, {"v_manual.json": masklets(steps)}))
    assert objects.select("frame_index", "object_id", "reason").rows() == [
        (0, "manual-0", "masklet: Object missing required field `counts`"),
        (0, "manual-1", None),
        (4, "manual-0", "masklet.size[1]: Expected `int` >= 1"),
        (8, "manual-0", "masklet: Expected `object | null`, got `int`"),
    ]


@pytest.mark.parametrize(
    ("frames", "steps", "expected"),
    [(483, 121, 4), (480, 120, 4), (9, 3, 4), (10, 10, 1), (12, 2, 6)],
)
def test_the_distance_of_steps_follows_from_their_number(
    tmp_path: Path, frames: int, steps: int, expected: int
) -> None:
    content = masklets([[]] * steps, video_frame_count=float(frames))
    container, _ = read(pack(tmp_path, {"v_auto.json": content}))
    assert container.frames["frame_index"].to_list() == list(range(0, frames, expected))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"v_auto.json": masklets([[]] * 7)},
            "v_auto.json: $.masklet: 7 steps do not fit $.video_frame_count 10: "
            "there is one for each 4 frames",
        ),
        (
            {"v_auto.json": masklets([[]] * 3), "v_manual.json": masklets([[]] * 2)},
            "v_manual.json has 2 steps and v_auto.json 3: keep files of one video",
        ),
        (
            {"v_auto.json": masklets([[]] * 3), "v_manual.json": masklets([[]] * 3, video_id="sav_8")},
            "v_auto.json: $.video_id: 'sav_7', but 'sav_8' in v_manual.json: keep files of one video",
        ),
        (
            {"v_auto.json": masklets([]), "w_auto.json": masklets([])},
            "sav.zip holds masklets of several videos (v, w): drop one ZIP for each",
        ),
        (
            {"a/v_auto.json": masklets([]), "b/v_auto.json": masklets([])},
            "sav.zip holds the same masklets twice (a/v_auto.json and b/v_auto.json): keep one of them",
        ),
        (
            {"v_auto.json": masklets([[A], [A, B], [A]], masklet_id=[0])},
            "v_auto.json: $.masklet[1]: 2 masks, but $.masklet_id names 1: "
            "export it again, or repair the field",
        ),
        (
            {"v_auto.json": masklets([[], {}, []])},
            "v_auto.json: $.masklet[1]: Expected `array`, got `object`: export it again, or repair the field",
        ),
        (
            {"v_auto.json": masklets([[]], video_width=...)},
            "v_auto.json: $: Object missing required field `video_width`: "
            "export it again, or repair the field",
        ),
        (
            {"v_auto.json": masklets([[]], video_width=65_535, video_height=65_535)},
            "v_auto.json: $.video_width: 65535 x 65535 is more than 2147483647 pixels: "
            "export it again, or repair the field",
        ),
        (
            {"v_auto.json": masklets([[]], video_frame_count=float("nan"))},
            "v_auto.json: $.video_frame_count: Expected `float`, got `str`: "
            "export it again, or repair the field",
        ),
    ],
)
def test_what_makes_masklets_unusable_is_named(
    tmp_path: Path, files: Mapping[str, Any], message: str
) -> None:
    with pytest.raises(BadExport) as error:
        read(pack(tmp_path, files))
    assert error.value.reason == message


def test_the_real_masklets(test_data: Callable[[str], Path], tmp_path: Path) -> None:
    sources = sorted((test_data("sam2-assets") / "sav_dataset").glob("*.json"))
    path = pack(tmp_path, {source.name: source.read_text() for source in sources})
    with open_archive(path, ExportSettings()) as archive:
        container = read_container(archive)
        frames = container.frames.select(
            "frame_index",
            frame_id=pl.col("frame_index").cast(pl.String).str.zfill(6),
            height=pl.lit(848, pl.UInt32),
            width=pl.lit(480, pl.UInt32),
        )
        objects = read_objects(container, frames, "row")
    assert container.video == Video("sav_000001.mp4", 480, 848, Fraction(24), 483)
    assert container.frames["frame_index"].to_list() == list(range(0, 484, 4))
    assert objects["reason"].null_count() == objects.height
    stored = {
        (f"{4 * step:06d}", f"{source.stem.rpartition('_')[2]}-{number}"): mask
        for source in sources
        for step, masks in enumerate(json.loads(source.read_text())["masklet"])
        for number, mask in enumerate(masks)
        if coco.area(mask)
    }
    found = {
        (row["frame_id"], row["object_id"]): {"size": [848, 480], "counts": row["rle"]}
        for row in objects.iter_rows(named=True)
    }
    assert stored.keys() == found.keys()
    assert all(
        np.array_equal(coco.decode(stored[key]), coco.decode(found[key])) for key in sorted(stored)[::25]
    )
    assert [coco.area(stored[key]) for key in found] == objects["area"].to_list()
