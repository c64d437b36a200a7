"""The summary says what a prepared dataset holds, in figures that add up, whatever its labels are."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image

from vdata_assets.annotations.schema import MergedExports, MergedFrames, Objects
from vdata_assets.masks.dense import runs_of
from vdata_assets.masks.write import write_compressed
from vdata_assets.reports.preparation_summary import summarise
from vdata_assets.reports.settings import SummarySettings
from vdata_assets.splits.settings import SplitSettings
from vdata_assets.splits.split_config import split_config

HOSTILE = "<script>alert(1)</script> | `x` ![](http://x) 猫"
SMALL, LARGE = (4, 4), (16, 12)


def finding(
    status: str, name: str = "tiny_objects", message: str = "2 of 9 objects are tiny"
) -> dict[str, Any]:
    return {"name": name, "status": status, "message": message, "offenders": ["a-000001#0"], "counts": {}}


def mask_row(size: tuple[int, int]) -> dict[str, Any]:
    mask = np.zeros((24, 32), bool)
    mask[2 : 2 + size[1], 3 : 3 + size[0]] = True
    return {
        "rle": write_compressed(runs_of([mask])).item(),
        "box": [3, 2, *size],
        "area": size[0] * size[1],
    }


class Dataset:
    """Three exports of 32 x 24 frames; labels by frame, as the caller gives them."""

    def __init__(self, folder: Path, labels: list[list[str]]) -> None:
        self.folder = folder
        frames, objects, splits = [], [], []
        (folder / "frames").mkdir()
        for number, of_frame in enumerate(labels):
            export = "abc"[number % 3]
            frame_id, file = f"{export}-{number:06d}", f"frames/{number}.png"
            Image.new("RGB", (32, 24), (number % 200, 90, 90)).save(folder / file)
            frames.append(
                {
                    "frame_id": frame_id,
                    "export": export,
                    "video_id": "one" if export == "a" else "two",
                    "frame_index": number,
                    "timestamp": number / 24,
                    "width": 32,
                    "height": 24,
                    "file": file,
                    "content_hash": f"{number:032x}",
                    "phash": number,
                    "upright_rgb": True,
                    "origin": "archive",
                    "objects": len(of_frame),
                    "reason": None,
                    "labels": sorted(set(of_frame)),
                }
            )
            for position, label in enumerate(of_frame):
                size = mask_row(LARGE if position else SMALL)
                own = {"frame_id": frame_id, "position": position, "object_id": str(position), "label": label}
                objects.append({**dict.fromkeys(Objects.columns()), **own, **size})
            splits.append({"sample_id": frame_id, "split": ("val", "test", "train")[min(number, 2)]})
        exports = [
            {
                "export": export,
                "digest": "0",
                "frames": len(labels),
                "duplicates": 1,
                "objects": 4,
                "dropped": 0,
            }
            for export in "abc"
        ]
        self.frames = self.write("frames", MergedFrames, frames)
        self.write("objects", Objects, objects)
        self.write("exports", MergedExports, exports)
        schema = {"sample_id": pl.String, "split": pl.String}
        self.splits = pl.DataFrame(splits, schema=schema)
        grouped = self.splits.with_columns(group="sample_id")
        samples = self.frames.select("labels", sample_id="frame_id")
        self.config = split_config(samples, grouped, SplitSettings())

    def write(self, name: str, schema: Any, rows: list[dict[str, Any]]) -> pl.DataFrame:
        table = schema.validate(pl.DataFrame(rows, schema=schema.create_empty().schema))
        table.write_parquet(self.folder / f"{name}.parquet")
        return table

    def summarise(self, out: Path, **options: Any) -> Any:
        given = {"reports": {}, "exports": {}, "settings": SummarySettings(), **options}
        return summarise(self.folder, self.splits, self.config, out, **given)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "source").mkdir()
    return tmp_path / "source"


@pytest.fixture
def dataset(source: Path) -> Dataset:
    return Dataset(source, [["ball"], ["ball", "mug"], ["ball", "ball", "mug"], ["mug"], ["ball"], ["ball"]])


def test_the_figures_add_up(dataset, out) -> None:
    made = dataset.summarise(out)
    report = json.loads((out / "summary.json").read_text())
    assert [report[name] for name in ("status", "samples", "objects", "videos")] == ["PASSED", 6, 9, 2]
    assert report["splits"]["train"] == {"frames": 4, "share": 0.666667, "ratio": 0.8}
    assert report["classes"]["ball"] == {
        "instances": 6,
        "frames": 5,
        "instances_by_split": {"train": 4, "val": 1, "test": 1},
        "frames_by_split": {"train": 3, "val": 1, "test": 1},
        "deviation_points": {"train": -8.333, "val": 16.667, "test": 16.667},
    }
    assert list(report["classes"]) == ["ball", "mug"]
    assert report["objects_per_frame"] == {"min": 1, "mean": 1.5, "max": 3}
    assert report["mask_area_share"]["min"] == round(16 / 768, 6)
    assert report["mask_area_share"]["max"] == round(192 / 768, 6)
    assert report["image_sizes"] == [{"width": 32, "height": 24, "frames": 6}]
    assert [export["export"] for export in report["exports"]] == ["a", "b", "c"]
    assert made.figures == {
        "samples": 6,
        "objects": 9,
        "classes": 2,
        "videos": 2,
        "exports": 3,
        "train_frames": 4,
        "val_frames": 1,
        "test_frames": 1,
        "largest_deviation_points": report["largest_deviation_points"],
    }


def test_plots_and_sheet_are_files_and_in_the_page(dataset, out) -> None:
    made = dataset.summarise(out)
    files = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    assert files == [
        "contact_sheets/overlays.jpg",
        "plots/classes.png",
        "plots/mask_areas.png",
        "plots/objects_per_frame.png",
        "summary.json",
        "summary.md",
    ]
    assert (out / "summary.md").read_text() == made.page + "\n"
    assert made.page.count("](data:image/png;base64,") == 3
    assert made.page.count("](data:image/jpeg;base64,") == 1
    assert (
        "6 frames with 9 objects of 2 classes, from 2 videos in 3 exports: 4 train, 1 val, 1 test."
        in made.page
    )


def test_the_same_dataset_gives_the_same_bytes(dataset, tmp_path) -> None:
    contents = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        dataset.summarise(tmp_path / name)
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        contents.append([path.read_bytes() for path in files])
    assert contents[0] == contents[1]


@pytest.mark.parametrize(
    ("reports", "exports", "status"),
    [
        pytest.param({}, {}, "PASSED", id="nothing was audited"),
        pytest.param({"splits": [finding("PASSED")]}, {"a": [finding("PASSED")]}, "PASSED", id="all passed"),
        pytest.param({"splits": [finding("WARNING")]}, {}, "PASSED_WITH_WARNINGS", id="a warning"),
        pytest.param({}, {"a": [finding("WARNING")]}, "PASSED_WITH_WARNINGS", id="an export's warning"),
        pytest.param({}, {"z": [finding("FAILED")]}, "PASSED_WITH_WARNINGS", id="a rejected export"),
        pytest.param(
            {"annotations": [finding("WARNING")], "splits": [finding("FAILED")]}, {}, "FAILED", id="a failure"
        ),
    ],
)
def test_the_overall_status_is_the_worst(dataset, out, reports, exports, status: str) -> None:
    made = dataset.summarise(out, reports=reports, exports=exports)
    assert made.status == status
    assert json.loads((out / "summary.json").read_text())["status"] == status
    assert f"**{status.replace('_', chr(92) + '_')}**" in made.page


def test_exports_are_listed_with_their_status_also_the_rejected(dataset, out) -> None:
    message = "15 frames (1.5%) have no annotations"
    audits = {"z": [finding("FAILED", "missing_annotations", message)], "b": [finding("WARNING")]}
    made = dataset.summarise(out, exports=audits)
    report = json.loads((out / "summary.json").read_text())
    listed = {row["export"]: (row["merged"], row["status"], row["findings"]) for row in report["exports"]}
    assert listed == {
        "a": (True, "PASSED", []),
        "b": (True, "PASSED_WITH_WARNINGS", ["tiny_objects: 2 of 9 objects are tiny"]),
        "c": (True, "PASSED", []),
        "z": (False, "FAILED", [f"missing_annotations: {message}"]),
    }
    assert "15 frames \\(1\\.5\\%\\) have no annotations" in made.page
    assert made.figures["exports"] == 3


def test_failures_are_listed_before_warnings(dataset, out) -> None:
    reports = {"annotations": [finding("WARNING")], "splits": [finding("FAILED", "groups_whole", "bad")]}
    dataset.summarise(out, reports=reports)
    found = json.loads((out / "summary.json").read_text())["findings"]
    assert [(row["asset"], row["name"], row["status"]) for row in found] == [
        ("splits", "groups_whole", "FAILED"),
        ("annotations", "tiny_objects", "WARNING"),
    ]


def test_hostile_labels_and_names_are_text(source, out) -> None:
    made = Dataset(source, [[HOSTILE], [HOSTILE, "a\nb"], ["$x$"]]).summarise(
        out, reports={HOSTILE: [finding("WARNING", HOSTILE, HOSTILE)]}, exports={HOSTILE: [finding("FAILED")]}
    )
    assert "<script>" not in made.page
    assert "http://" not in made.page
    assert "\\<script\\>" in made.page
    assert set(json.loads((out / "summary.json").read_text())["classes"]) == {HOSTILE, "a\nb", "$x$"}


@pytest.mark.parametrize("labels", [pytest.param([], id="no frame"), pytest.param([[]], id="no object")])
def test_an_empty_dataset_is_summarised(source, out, labels) -> None:
    made = Dataset(source, labels).summarise(out)
    assert made.figures["objects"] == 0
    assert "No object is annotated." in made.page


def test_frames_without_a_split_are_counted(dataset, out) -> None:
    dataset.splits = dataset.splits.head(4)
    made = dataset.summarise(out)
    assert json.loads((out / "summary.json").read_text())["without_split"] == 2
    assert "2 in no split" in made.page


def test_many_classes_are_shown_by_size(source, out) -> None:
    labels = [[f"class {number:02d}"] * (1 + number % 7) for number in range(70)]
    made = Dataset(source, labels).summarise(out)
    assert "20 more rows are not shown" in made.page
    assert len(json.loads((out / "summary.json").read_text())["classes"]) == 70


def test_other_splits_than_the_usual_have_colours(source, out) -> None:
    dataset = Dataset(source, [["ball"]] * 4)
    dataset.splits = dataset.splits.with_columns(split=pl.Series(["fit", "dev", "held <b>", "fit"]))
    dataset.config = {"ratios": {"fit": 0.5, "dev": 0.25, "held <b>": 0.25}}
    made = dataset.summarise(out)
    assert "2 fit, 1 dev, 1 held \\<b\\>" in made.page
    assert "The split does not look at classes." in made.page
