"""The whole workflow on real exports: what is published, what is refused, and what never changes."""

import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from card_lab import require_card
from waiting import PATIENCE_SECONDS

from vdata_assets.annotations.inbox import dropped_exports
from vdata_assets.workflows import AnnotationDataset

DATASET = "clips"
MERGED = ("annotations", "splits", "dataset_hf", "dataset_llava", "preparation_summary")
HF, LLAVA = MERGED[:3], (*MERGED[:2], "dataset_llava")  # a dataset of frames and what it is made of
BALL = "31e95181-6046-4ade-a792-a92b5027b88f"
EMPTY = "3b4d8878-6706-40bb-af20-ba61a76ae85e"
FRAMES = "05_default_juggle.clean_frames"


def key(asset: str) -> dg.AssetKey:
    return dg.AssetKey([DATASET, asset])


def definitions(inbox: Path, **settings) -> dg.Definitions:
    component = AnnotationDataset.model_validate({"root": str(inbox), **settings})
    return component.definitions(component.dataset(DATASET, Path("/")))


def run_exports(lab, inbox: Path, **settings) -> dg.ExecuteInProcessResult:
    """The inbox, which registers the exports; and all of them in one run."""
    made = definitions(inbox, **settings)
    assert lab.run(made, key("inbox")).success
    registered = lab.instance.get_dynamic_partitions(f"{DATASET}/export")
    return lab.run(made, key("export"), span=(registered[0], registered[-1]))


def run_all(lab, inbox: Path, assets=MERGED, **settings) -> list[dg.ExecuteInProcessResult]:
    """The exports, and what is made of those published."""
    exports = run_exports(lab, inbox, **settings)
    return [exports, lab.run(definitions(inbox, **settings), *map(key, assets))]


def published(lab, asset: str, partition: str | None = None) -> Path:
    version = lab.store.artifact(DATASET, asset, partition).current()
    assert version is not None, f"{asset}[{partition}] is not published"
    return version.path


def refusal(lab, export: str) -> dict[str, str]:
    """Message by check of the newest candidate's findings that failed."""
    report = lab.store.artifact(DATASET, "export", export).refusal()
    assert report is not None, f"{export} was not refused"
    assert report["status"] == "FAILED"
    return {found["name"]: found["message"] for found in report["findings"] if found["status"] == "FAILED"}


def table(lab, asset: str, name: str) -> pl.DataFrame:
    return pl.read_parquet(published(lab, asset) / f"{name}.parquet")


@pytest.fixture
def inbox(tmp_path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


@pytest.fixture
def drop(inbox, test_data) -> Callable[..., Path]:
    """Drops real exports into the inbox."""

    def into(*names: str) -> Path:
        for name in names:
            shutil.copy(test_data("sam2-export") / f"{name}.zip", inbox)
        return inbox

    return into


@pytest.fixture
def drop_genuine(inbox, test_data) -> Callable[..., Path]:
    """Drops an export of the public tool, with its video or its clean frames."""

    def into(name: str, *, video: bool) -> Path:
        genuine = test_data("sam2-export-genuine")
        shutil.copy(genuine / f"{name}.zip", inbox)
        if video:
            shutil.copy(genuine / "05_default_juggle.mp4", inbox / f"{name}.mp4")
        else:
            shutil.copytree(genuine / FRAMES, inbox / f"{name}.frames")
        return inbox

    return into


def test_end_to_end_data_preparation(lab, drop):
    inbox = drop("bmx-trees", "coco-142238", "coco-439180")
    assert [run.success for run in run_all(lab, inbox)] == [True, True]
    summary = json.loads((published(lab, "preparation_summary") / "summary.json").read_text())
    assert (summary["samples"], summary["objects"], summary["videos"]) == (22, 67, 3)
    config = json.loads((published(lab, "splits") / "split_config.json").read_text())
    assert (config["seed"], config["n_samples"]) == (42, 22)
    report = json.loads((published(lab, "annotations") / "report.json").read_text())
    assert report["status"] == "PASSED_WITH_WARNINGS"
    assert "**PASSED\\_WITH\\_WARNINGS**" in (published(lab, "annotations") / "report.md").read_text()
    assert (published(lab, "preparation_summary") / "contact_sheets" / "overlays.jpg").stat().st_size > 10_000


def test_convert_to_hugging_face_dataset(lab, drop):
    from datasets import load_from_disk

    run_all(lab, drop("bmx-trees", "coco-142238"), HF)
    loaded = load_from_disk(str(published(lab, "dataset_hf") / "dataset"))
    require_card(published(lab, "dataset_hf") / "dataset", "- annotations: ")
    assert sum(split.num_rows for split in loaded.values()) == 21
    samples = {sample["id"]: sample for split in loaded.values() for sample in split}
    person = samples["coco-142238-000000"]
    assert person["image"].size == (640, 427)
    assert len(person["masks"]) == len(person["bounding_boxes"]) == len(person["labels"]) == 17
    assert {tuple(mask["size"]) for mask in person["masks"]} == {(427, 640)}
    assert person["conversations"][0]["value"].startswith("<image>\n")
    (cyclist,) = samples["bmx-trees-000000"]["bounding_boxes"]
    stored = stored_object(drop("bmx-trees") / "bmx-trees.zip", 0)
    assert cyclist == stored["bbox"]
    assert samples["bmx-trees-000000"]["areas"] == [stored["area"]]


def stored_object(archive: Path, frame: int) -> dict:
    with zipfile.ZipFile(archive) as entries:
        annotations = json.loads(entries.read("annotations.json"))["annotations"]
    return next(entry for entry in annotations if entry["frame_index"] == frame)["objects"][0]


def test_convert_to_llava_instruction_format(lab, drop):
    run_all(lab, drop("bmx-trees", "coco-142238"), LLAVA)
    folder = published(lab, "dataset_llava")
    files = sorted(folder.glob("*.jsonl"))
    lines = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    assert {tuple(line) for line in lines} == {("id", "image", "conversations", "masks", "bounding_boxes")}
    assert len({line["id"] for line in lines}) == len(lines) == 21
    assert all((folder / line["image"]).is_file() for line in lines)
    assert len({line["conversations"][0]["value"] for line in lines}) > 5
    arrays = [row for file in files for row in json.loads(file.with_suffix(".json").read_text())]
    assert arrays == lines
    require_card(folder, "bounding_boxes", "- annotations: ")
    manifest = json.loads((folder / "samples_manifest.json").read_text())
    assert sorted(sample["id"] for sample in manifest["samples"]) == sorted(line["id"] for line in lines)


def test_frames_are_kept_once_however_many_versions_hold_them(lab, drop):
    run_all(lab, drop("bmx-trees"), LLAVA)
    name = "bmx-trees/frame_000000.jpg"
    files = [
        published(lab, "export", "bmx-trees") / "frames/frame_000000.jpg",
        published(lab, "annotations") / "frames" / name,
        published(lab, "dataset_llava") / "images" / name,
    ]
    assert len({file.stat().st_ino for file in files}) == 1


def test_the_public_tools_masks_are_read_row_major_and_lie_on_the_ball(lab, drop_genuine):
    run_exports(lab, drop_genuine(BALL, video=True))
    version = lab.store.artifact(DATASET, "export", BALL).current()
    figures = version.metadata["figures"]
    assert figures["rle_order"] == "row"
    assert "42 of 42 masks fit their pictures better" in figures["rle_order_grounds"]
    assert "24 fps, the export says 30" in figures["pictures"]
    assert "overlays" in version.metadata["pictures"]
    assert pl.read_parquet(version.file("frames.parquet"))["timestamp"][1] == pytest.approx(6 / 24)
    objects = pl.read_parquet(version.file("objects.parquet"))
    # The ball of frame 0 on the clean frame, read off by eye: centre (655, 323), about 80 pixels wide.
    x, y, width, height = objects["box"][0]
    assert abs(x + width / 2 - 655) < 10
    assert abs(y + height / 2 - 323) < 10


def test_detect_missing_annotations(lab, drop_genuine):
    exports, merged = run_all(lab, drop_genuine(EMPTY, video=False))
    assert not exports.success
    assert refusal(lab, EMPTY) == {"missing_annotations": "42 frames (100.0%) have no annotations"}
    assert ("missing_annotations", EMPTY, False, "ERROR") in lab.verdicts(exports)
    rejected = lab.store.artifact(DATASET, "export", EMPTY).folder / "rejected"
    assert {"report.json", "report.md"} <= {file.name for file in rejected.glob("*/*")}
    assert not merged.success
    assert lab.store.artifact(DATASET, "dataset_hf").current() is None


def test_a_rejected_export_holds_up_no_other_and_stays_listed(lab, drop, drop_genuine):
    drop_genuine(EMPTY, video=False)
    exports, merged = run_all(lab, drop("bmx-trees"))
    assert (exports.success, merged.success) == (False, True)
    assert table(lab, "annotations", "frames")["export"].unique().to_list() == ["bmx-trees"]
    summary = json.loads((published(lab, "preparation_summary") / "summary.json").read_text())
    listed = {row["export"]: (row["merged"], row["status"]) for row in summary["exports"]}
    assert listed == {"bmx-trees": (True, "PASSED"), EMPTY: (False, "FAILED")}
    assert summary["status"] == "PASSED_WITH_WARNINGS"


def test_frames_without_annotations_are_dropped_where_that_is_asked_for(lab, inbox, drop):
    drop("bmx-trees")
    rewrite(
        inbox / "bmx-trees.zip", lambda frame: frame["objects"].clear() if frame["frame_index"] < 20 else None
    )
    assert refusal_of(lab, inbox) == {"missing_annotations": "5 frames (25.0%) have no annotations"}
    exports, _ = run_all(lab, inbox, ("annotations", "splits"), export={"on_missing_annotations": "drop"})
    assert exports.success
    version = lab.store.artifact(DATASET, "export", "bmx-trees").current()
    assert version.metadata["figures"]["dropped_frames_without_annotations"] == 5
    assert len(list((version.path / "frames").iterdir())) == 15
    assert table(lab, "splits", "splits").height == 15


def test_bad_masks_are_dropped_where_that_is_asked_for(lab, inbox, drop):
    drop("coco-142238")
    rewrite(inbox / "coco-142238.zip", lambda frame: frame["objects"][3].update(mask_rle="12 -4 9"))
    (message,) = refusal_of(lab, inbox).values()
    assert message.startswith("1 object (5.9%) has a bad mask")
    assert run_all(lab, inbox, ["annotations"], export={"on_bad_mask": "drop"})[0].success
    assert table(lab, "annotations", "objects").height == 16


def refusal_of(lab, inbox: Path) -> dict[str, str]:
    assert not run_exports(lab, inbox).success
    (name,) = dropped_exports(inbox)
    return refusal(lab, name)


def rewrite(archive: Path, change: Callable[[dict], object]) -> None:
    """Change every frame's annotation in a ZIP."""
    with zipfile.ZipFile(archive) as entries:
        content = {name: entries.read(name) for name in entries.namelist()}
    document = json.loads(content["annotations.json"])
    for frame in document["annotations"]:
        change(frame)
    content["annotations.json"] = json.dumps(document).encode()
    with zipfile.ZipFile(archive, "w") as entries:
        for name, data in content.items():
            entries.writestr(name, data)


@pytest.mark.parametrize(("level", "succeeds"), [("strict", False), ("standard", True), ("lenient", True)])
def test_the_validation_level_decides_which_findings_fail(lab, drop_genuine, level, succeeds):
    inbox = drop_genuine(BALL, video=True)
    assert run_exports(lab, inbox, validation_level=level).success is succeeds
    if not succeeds:
        assert list(refusal(lab, BALL)) == ["stored_geometry"]


def test_a_single_audit_has_the_last_word_over_the_validation_level(lab, drop_genuine):
    inbox = drop_genuine(BALL, video=True)
    audits = {"stored_geometry": "WARNING"}
    assert run_exports(lab, inbox, validation_level="strict", audits=audits).success


def test_an_archive_that_cannot_be_read_is_named_and_stops_nothing_else(lab, inbox, drop):
    whole = drop("bmx-trees", "coco-142238") / "bmx-trees.zip"
    (inbox / "cut.zip").write_bytes(whole.read_bytes()[:200_000])
    (inbox / "notes.zip").write_text("not a ZIP")
    exports, merged = run_all(lab, inbox, ["annotations"])
    assert (exports.success, merged.success) == (False, True)
    assert "truncated or still being written" in refusal(lab, "cut")["archive_sound"]
    assert "is no ZIP archive" in refusal(lab, "notes")["archive_sound"]
    assert table(lab, "annotations", "frames").height == 21


def test_incremental_data_addition(lab, drop):
    run_all(lab, drop("bmx-trees"), HF)
    frames, splits = table(lab, "annotations", "frames"), table(lab, "splits", "splits")
    first = published(lab, "dataset_hf")
    before = {path: path.read_bytes() for path in first.rglob("*.arrow")}
    assert [run.success for run in run_all(lab, drop("coco-142238"), HF)] == [True, True]
    grown = table(lab, "annotations", "frames")
    assert grown.head(frames.height).equals(frames)
    assert grown.height == frames.height + 1
    moved = splits.join(table(lab, "splits", "splits"), on="sample_id", suffix="_new").filter(
        pl.col("split") != pl.col("split_new")
    )
    assert moved.is_empty()
    assert published(lab, "dataset_hf") != first
    assert {path: path.read_bytes() for path in first.rglob("*.arrow")} == before
    version = lab.store.artifact(DATASET, "annotations").current()
    assert version.metadata["figures"]["added_exports"] == ["coco-142238"]


def test_the_same_export_under_another_name_adds_nothing(lab, inbox, drop):
    run_all(lab, drop("bmx-trees"), ["annotations"])
    shutil.copy(inbox / "bmx-trees.zip", inbox / "copy.zip")
    exports, merged = run_all(lab, inbox, ["annotations"])
    assert ("archive_new", "copy", False, "WARN") in lab.verdicts(exports)
    assert merged.success
    assert table(lab, "annotations", "frames").height == 20
    assert table(lab, "annotations", "objects").height == 20


def test_a_second_run_does_no_work(lab, drop):
    inbox = drop("bmx-trees", "coco-142238")
    run_all(lab, inbox)
    versions = {asset: published(lab, asset) for asset in MERGED}
    again = run_all(lab, inbox)
    assert {asset: published(lab, asset) for asset in MERGED} == versions
    reused = [
        materialization.metadata["reused"].value
        for run in again
        for event in run.get_asset_materialization_events()
        for materialization in [event.step_materialization_data.materialization]
    ]
    assert reused == [True] * 7


def test_an_excluded_export_leaves_the_dataset(lab, drop):
    inbox = drop("bmx-trees", "coco-142238")
    run_all(lab, inbox, ["annotations"])
    assert run_all(lab, inbox, ["annotations"], exclude=["coco-142238"])[1].success
    assert table(lab, "annotations", "exports")["export"].to_list() == ["bmx-trees"]


def test_an_export_whose_zip_is_gone_stays_in_the_dataset(lab, inbox, drop):
    run_all(lab, drop("bmx-trees", "coco-142238"), ["annotations"])
    (inbox / "coco-142238.zip").unlink()
    made = definitions(inbox)
    assert lab.run(made, key("annotations")).success
    assert table(lab, "annotations", "exports").height == 2
    gone = lab.run(made, key("export"), partition="coco-142238")
    assert not gone.success
    assert published(lab, "export", "coco-142238").is_dir()


def test_an_empty_inbox_says_what_to_do(lab, inbox):
    result = lab.run(definitions(inbox), key("annotations"))
    assert not result.success
    failure = result.failure_data_for_node(f"{DATASET}__annotations")
    assert "0 annotated frames of 0 exports" in str(failure.error)


KILLED = """
import os, signal, sys
from pathlib import Path

import dagster as dg

import vdata_assets.annotations.merge as merge
from vdata_assets.workflows import AnnotationDataset
from vdata_assets.workflows.resources import CredentialsResource, StoreResource

inbox, home, where = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
setattr(merge, where, lambda *args, **options: os.kill(os.getpid(), signal.SIGKILL))
component = AnnotationDataset(root=str(inbox))
made = component.definitions(component.dataset("clips", inbox))
resources = {"store": StoreResource(home=home), "credentials": CredentialsResource()}
job = dg.Definitions.merge(made, dg.Definitions(resources=resources)).resolve_implicit_global_asset_job_def()
with dg.DagsterInstance.ephemeral() as instance:
    instance.add_dynamic_partitions("clips/export", ["coco-142238"])
    export, merged = (dg.AssetKey(["clips", asset]) for asset in ("export", "annotations"))
    job.execute_in_process(asset_selection=[export], instance=instance, partition_key="coco-142238")
    job.execute_in_process(asset_selection=[merged], instance=instance)
"""


@pytest.mark.parametrize("where", ["_write_objects", "_frames", "Merged"])
def test_a_merge_that_is_killed_leaves_the_old_dataset_whole(lab, inbox, drop, where):
    run_all(lab, drop("bmx-trees"), LLAVA)
    before = {asset: published(lab, asset) for asset in LLAVA}
    drop("coco-142238")
    command = [sys.executable, "-c", KILLED, str(inbox), str(lab.home), where]
    killed = subprocess.run(command, capture_output=True, env=os.environ, timeout=PATIENCE_SECONDS)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert {asset: published(lab, asset) for asset in LLAVA} == before
    assert table(lab, "annotations", "frames").height == 20
    assert all(
        (before["annotations"] / file).is_file() for file in table(lab, "annotations", "frames")["file"]
    )
    assert [run.success for run in run_all(lab, inbox, ["annotations"])] == [True, True]
    assert table(lab, "annotations", "frames").height == 21


def test_reproducible_splits(make_lab, drop):
    inbox = drop("bmx-trees", "coco-142238", "coco-439180")
    files = []
    for lab in (make_lab(), make_lab()):
        run_all(lab, inbox)
        files.append(
            {
                f"{asset}/{path.relative_to(published(lab, asset))}": path.read_bytes()
                for asset in MERGED
                for path in sorted(published(lab, asset).rglob("*"))
                if path.is_file()
            }
        )
    assert files[0] == files[1]
    assert "splits/split_config.json" in files[0]
