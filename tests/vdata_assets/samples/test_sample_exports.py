"""Sample exports are what the layouts say, and their masks are exact."""

import io
import json
import os
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pytest
from PIL import Image
from pycocotools import mask as coco

from vdata_assets.quality.near_duplicates import near_duplicate_pairs
from vdata_assets.samples import __main__ as command
from vdata_assets.samples.clips import shots
from vdata_assets.samples.exports import write_export, write_export_samples
from vdata_assets.samples.scenes import EXPORTS, FLAWED, SampleExport
from vdata_assets.splits.groups import connected_groups
from vdata_resources.perceptual_hash import perceptual_hash

# pycocotools 2.0.11 hands numpy 2 an array of the old protocol.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

BY_NAME = {export.name: export for export in (*EXPORTS, *FLAWED)}


class Inbox(NamedTuple):
    root: Path
    truth: pl.DataFrame

    def json(self, name: str) -> dict[str, Any]:
        prefix = f"{name}/" if BY_NAME[name].layout == "nested" else ""
        with zipfile.ZipFile(self.root / f"{name}.zip") as archive:
            return json.loads(archive.read(f"{prefix}annotations.json"))

    def masks(self, name: str) -> dict[tuple[int, int], np.ndarray]:
        rows = self.truth.filter(pl.col("export") == name, pl.col("rle").is_not_null())
        return {
            (row["frame_index"], row["object_id"]): decoded(row["rle"], row["height"], row["width"])
            for row in rows.iter_rows(named=True)
        }


def decoded(counts: str, height: int, width: int) -> np.ndarray:
    return coco.decode({"size": [height, width], "counts": counts}).astype(bool)


def pixels(text: str) -> np.ndarray:
    runs = np.array(text.split(), int)
    return np.repeat(np.arange(runs.size) % 2 == 1, runs)


@pytest.fixture(scope="module")
def inbox(tmp_path_factory) -> Inbox:
    root = tmp_path_factory.mktemp("samples") / "inbox"
    return Inbox(root, write_export_samples(root, flaws=True))


def layout(name: str) -> list[SampleExport]:
    return [export for export in EXPORTS if export.layout == name]


def test_every_layout_occurs_twice() -> None:
    assert all(len(layout(name)) >= 2 for name in ("documented", "public tool", "nested"))
    assert len(EXPORTS) >= 6


def test_documented_exports_hold_exact_column_major_masks(inbox) -> None:
    for export in layout("documented"):
        truth = inbox.masks(export.name)
        content = inbox.json(export.name)
        height, width = content["video"]["height"], content["video"]["width"]
        found = {}
        for frame in content["annotations"]:
            for item in frame["objects"]:
                mask = pixels(item["mask_rle"]).reshape(width, height).T
                found[frame["frame_index"], item["object_id"]] = mask
                assert item["area"] == mask.sum()
                assert item["bbox"] == coco.toBbox(coco.encode(np.asfortranarray(mask, np.uint8))).tolist()
        assert found.keys() == truth.keys()
        assert all((found[key] == truth[key]).all() for key in truth)


def test_the_public_tool_writes_a_row_major_grid_and_boxes_of_the_other_reading(inbox) -> None:
    for export in layout("public tool"):
        truth = inbox.masks(export.name)
        with zipfile.ZipFile(inbox.root / f"{export.name}.zip") as archive:
            assert archive.namelist() == ["annotations.json", "metadata.json"]
        content = inbox.json(export.name)
        assert content["video"]["source_fps"] == 30
        for frame in content["annotations"]:
            for item in frame["objects"]:
                mask = pixels(item["mask_rle"]).reshape(256, 256)
                wrong = pixels(item["mask_rle"]).reshape(256, 256).T
                exact = truth[frame["frame_index"], item["object_id"]]
                height, width = exact.shape
                large = Image.fromarray(mask).resize((width, height), Image.Resampling.NEAREST)
                overlap = (np.asarray(large) & exact).sum() / (np.asarray(large) | exact).sum()
                assert overlap > 0.8 or exact.sum() < 200
                assert item["bbox"] == coco.toBbox(coco.encode(np.asfortranarray(wrong, np.uint8))).tolist()


def test_the_video_beside_an_export_shows_its_frames_at_its_own_rate(inbox) -> None:
    av = pytest.importorskip("av")
    export = layout("public tool")[0]
    with av.open(str(inbox.root / f"{export.name}.mp4")) as container:
        assert container.streams.video[0].average_rate == 24
        frames = [np.asarray(frame.to_image(), float) for frame in container.decode(video=0)]
    assert len(frames) == export.indices[-1] + 1
    for shot in shots(export.clip, [0, export.indices[-1]], 68):
        assert np.abs(frames[shot.index] - np.asarray(shot.image)).mean() < 6


def test_nested_exports_hold_cocos_masks_and_what_macos_adds(inbox) -> None:
    for export in layout("nested"):
        with zipfile.ZipFile(inbox.root / f"{export.name}.zip") as archive:
            names = archive.namelist()
            assert archive.testzip() is None
        assert sum(name.startswith("__MACOSX/") for name in names) == len(export.indices) + 2
        assert f"{export.name}/frames/frame_{export.indices[-1]:06d}.png" in names
        truth = inbox.masks(export.name)
        for frame in inbox.json(export.name)["annotations"]:
            for item in frame["objects"]:
                height, width = item["mask_rle"]["size"]
                mask = decoded(item["mask_rle"]["counts"], height, width)
                assert (mask == truth[frame["frame_index"], item["object_id"]]).all()


def test_masks_lie_on_what_moves(inbox) -> None:
    """Where two frames of a still camera differ, an object or its shadow is or was."""
    export = BY_NAME["workbench"]
    first, second = shots(export.clip, [0, 30], 68)
    differs = np.abs(np.asarray(first.image, int) - np.asarray(second.image, int)).max(axis=2) > 60
    shown = np.any([*first.masks.values(), *second.masks.values()], axis=0)
    assert differs.sum() > 1000
    assert (differs & shown).sum() / differs.sum() > 0.95


def test_objects_of_a_frame_do_not_overlap(inbox) -> None:
    for export in EXPORTS:
        frames: dict[int, np.ndarray] = {}
        for (frame, _), mask in inbox.masks(export.name).items():
            frames[frame] = frames.get(frame, 0) + mask
        assert frames.keys() == set(export.indices)
        assert all(covered.max() == 1 for covered in frames.values())


def test_flaws_that_only_warn_are_there(inbox) -> None:
    sound = inbox.truth.filter(pl.col("export").is_in([export.name for export in EXPORTS]))
    classes = dict(sound.group_by("label").len().iter_rows())
    assert max(classes.values()) / classes["candle"] >= 9
    assert set(sound["flaw"].drop_nulls()) == {"tiny"}
    pictures = []
    for export in (*layout("documented"), *layout("nested")):
        with zipfile.ZipFile(inbox.root / f"{export.name}.zip") as archive:
            names = [name for name in archive.namelist() if "/frame_" in name]
            pictures += [archive.read(name) for name in names if "MACOSX" not in name]
    assert len(pictures) - len(set(pictures)) == 1


def test_flawed_exports_have_the_stated_flaws(inbox) -> None:
    frames = inbox.json("unannotated")["annotations"]
    assert [len(frames), sum(not frame["objects"] for frame in frames)] == [40, 15]
    bad = inbox.truth.filter(pl.col("flaw") == "bad mask")
    assert bad.select("export", "frame_index", "object_id").rows() == [
        ("broken-masks", 64, 0),
        ("broken-masks", 72, 1),
    ]
    masks = {
        (frame["frame_index"], item["object_id"]): item["mask_rle"]
        for frame in inbox.json("broken-masks")["annotations"]
        for item in frame["objects"]
    }
    assert sum(map(int, masks[64, 0].split())) == 416 * 240 - 416
    assert "x" in masks[72, 1]


def test_frames_are_varied_enough_to_split_and_alike_enough_to_group(inbox) -> None:
    hashes = {}
    for export in (*layout("documented"), *layout("nested")):
        with zipfile.ZipFile(inbox.root / f"{export.name}.zip") as archive:
            for name in archive.namelist():
                if "/frame_" in name and "MACOSX" not in name:
                    picture = Image.open(io.BytesIO(archive.read(name)))
                    hashes[f"{export.name}:{name}"] = perceptual_hash(picture)
    rows = pl.DataFrame(
        {"image_id": list(hashes), "phash": list(hashes.values())}, schema_overrides={"phash": pl.UInt64}
    )
    pairs = near_duplicate_pairs(rows, rows, 4).rename({"image_id": "sample_id", "other_id": "other"})
    groups = connected_groups(rows.select(sample_id="image_id"), (), pairs)["group"].value_counts()
    assert groups.height >= 30
    assert groups["count"].max() >= 5


def test_pictures_are_of_the_stated_size(inbox) -> None:
    with zipfile.ZipFile(inbox.root / "hall.zip") as archive:
        assert Image.open(io.BytesIO(archive.read("images/frame_000004.jpg"))).size == (416, 240)


def test_the_bytes_depend_on_the_seed_alone(inbox, tmp_path) -> None:
    for name in ("photo-studio", "garden"):
        write_export(tmp_path, BY_NAME[name], 68)
        for file in tmp_path.glob(f"{name}.*"):
            assert (
                sha256(file.read_bytes()).digest() == sha256((inbox.root / file.name).read_bytes()).digest()
            )
    write_export(tmp_path, BY_NAME["photo-studio"], 69)
    assert (tmp_path / "photo-studio.zip").read_bytes() != (inbox.root / "photo-studio.zip").read_bytes()


def test_a_folder_in_use_is_refused(tmp_path) -> None:
    (tmp_path / "mine.txt").touch()
    with pytest.raises(FileExistsError) as refused:
        write_export_samples(tmp_path)
    assert str(refused.value) == f"{tmp_path} is not an empty folder: name another, or remove it first"


def test_the_command_writes_exports(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("vdata_assets.samples.exports.EXPORTS", EXPORTS[:1])
    root = tmp_path / "inbox"
    monkeypatch.setattr(sys, "argv", ["samples", "--kind", "exports", "--root", str(root)])
    command.main()
    assert capsys.readouterr().out == f"{root}: 1 exports of 11 frames\n"
    assert os.listdir(root) == ["breakfast-1.zip"]


def test_samples_load_without_heavy_libraries() -> None:
    code = "import sys, vdata_assets.samples.exports; print({'av', 'pycocotools'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
