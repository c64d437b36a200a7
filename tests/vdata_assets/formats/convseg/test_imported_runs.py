"""Run folders made elsewhere are taken in as far as they can be used, and nothing else of them."""

import json
from pathlib import Path
from typing import Any

import pytest
from made_runs import edit, files_of, made_run
from PIL import Image

from vdata_assets.dataengine.settings import ConvsegExportSettings
from vdata_assets.formats.convseg.convseg_export import export_runs
from vdata_assets.formats.convseg.convseg_tables import Export
from vdata_assets.formats.convseg.imported_runs import import_runs, imported_runs_complete
from vdata_assets.formats.convseg.run_audit import audit_runs
from vdata_assets.formats.convseg.run_reader import found_runs
from vdata_assets.quality.findings import Status

ACCEPTED = "accepted_regions/accepted.json"
SUMMARY = "entities/summary.json"


def exported(root: Path, out: Path) -> Export:
    return export_runs(found_runs(root), out, ConvsegExportSettings(), place=out)


def test_real_runs_are_exported_alike_before_and_after(test_data: Any, tmp_path: Path) -> None:
    root = test_data("dataengine-runs")
    table = import_runs(root, tmp_path / "in")
    assert table.rows() == [
        (
            "out_region_refine_000000142238",
            "out_region_refine_000000142238",
            18,
            9,
            7,
            6,
            "prompts left out: 1 unknown_index",
        ),
        (
            "out_region_refine_000000439180",
            "out_region_refine_000000439180",
            32,
            6,
            5,
            4,
            "prompts left out: 1 blank_prompt",
        ),
    ]
    before, after = exported(root, tmp_path / "before"), exported(tmp_path / "in", tmp_path / "after")
    assert files_of(tmp_path / "after") == files_of(tmp_path / "before")
    assert after.samples.height == before.samples.height == 9


def test_a_sound_run_stays_a_sound_run(tmp_path: Path) -> None:
    source = made_run(tmp_path / "runs", prompts={"spatial": [("a", [0], "ACCEPT"), ("b", [1], "REJECT")]})
    table = import_runs(tmp_path / "runs", tmp_path / "in")
    assert table.rows() == [("out_region_refine_a", "out_region_refine_a", 3, 2, 1, 1, None)]
    assert files_of(tmp_path / "in/out_region_refine_a") == files_of(source)
    finding = imported_runs_complete(table)
    assert (finding.status, finding.message) == (
        Status.PASSED,
        "0 of 1 run folders are left out, and parts of 0",
    )


def test_known_files_only_are_copied(tmp_path: Path) -> None:
    folder = made_run(tmp_path / "runs")
    expected = files_of(folder)
    (folder / "notes.txt").write_text("private")
    (folder / "accepted_regions/masks/999_mask.png").write_bytes(b"stray")
    (folder / "unknown").mkdir()
    (folder / "unknown/summary.json").write_text("{}")
    edit(folder / SUMMARY, lambda summary: summary.update(conversational_prompts_path="/home/someone"))
    import_runs(tmp_path / "runs", tmp_path / "in")
    assert files_of(tmp_path / "in/out_region_refine_a") == expected


def test_pictures_outside_the_run_folder_come_along(tmp_path: Path) -> None:
    folder = made_run(tmp_path / "runs")
    (folder / "original_image.png").rename(tmp_path / "runs/photo.png")
    path = str(tmp_path / "runs/photo.png")
    edit(folder / SUMMARY, lambda summary: summary.update(image_path=path))
    import_runs(tmp_path / "runs", tmp_path / "in")
    taken = tmp_path / "in/out_region_refine_a"
    assert json.loads((taken / SUMMARY).read_bytes())["image_path"] == "source_image_0.png"
    assert (taken / "source_image_0.png").read_bytes() == (tmp_path / "runs/photo.png").read_bytes()
    assert exported(tmp_path / "in", tmp_path / "out").samples.height == 1


def test_paths_of_another_machine_are_made_right(tmp_path: Path) -> None:
    folder = made_run(tmp_path / "runs")
    old = "/gone/out_region_refine_a"

    def moved(entries: Any) -> None:
        for entry in entries:
            for field in ("path", "mask_path", "mask_npz_path"):
                entry[field] = f"{old}/{entry[field]}"

    def moved_summary(summary: Any) -> None:
        summary["image_path"] = f"{old}/original_image.png"
        summary["accepted_dir"] = f"{old}/accepted_regions"
        for entry in summary["prompt_verifications"]:
            for field in ("src_path", "classified_path"):
                entry[field] = f"{old}/{entry[field]}"

    expected = files_of(folder)
    edit(folder / ACCEPTED, moved)
    edit(folder / SUMMARY, moved_summary)
    import_runs(tmp_path / "runs", tmp_path / "in")
    assert files_of(tmp_path / "in/out_region_refine_a") == expected
    assert all(finding.status is Status.PASSED for finding in audit_runs(found_runs(tmp_path / "in")))


def link_out(folder: Path) -> None:
    folder.rename(folder.parent.parent / "elsewhere")
    folder.symlink_to(folder.parent.parent / "elsewhere")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda folder: (folder / ACCEPTED).unlink(), f"{ACCEPTED}: is missing"),
        (lambda folder: (folder / ACCEPTED).write_text("{"), f"{ACCEPTED}: is no JSON: "),
        (lambda folder: (folder / ACCEPTED).write_text("[]"), f"{ACCEPTED}: no region has a readable mask"),
        (
            lambda folder: [path.write_bytes(b"no") for path in folder.glob("accepted_regions/masks/*")],
            f"{ACCEPTED}: no region has a readable mask",
        ),
        (
            lambda folder: [path.unlink() for path in folder.glob("*/summary.json")],
            "no family has verified prompts",
        ),
        (
            lambda folder: (folder / "original_image.png").write_bytes(b"no"),
            "neither original_image.png nor what image_path names can be read",
        ),
        (link_out, "a symbolic link out of runs_root: copy the folder there"),
    ],
)
def test_a_folder_that_cannot_be_used_is_left_out_with_its_reason(
    tmp_path: Path, spoil: Any, reason: str
) -> None:
    made_run(tmp_path / "runs", "sound")
    spoil(made_run(tmp_path / "runs", "spoilt"))
    table = import_runs(tmp_path / "runs", tmp_path / "in")
    assert table["run"].to_list() == ["out_region_refine_sound", None]
    assert table["reason"][1].startswith(reason)
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["out_region_refine_sound"]
    finding = imported_runs_complete(table)
    assert finding.status is Status.WARNING
    assert finding.message == "1 of 2 run folders are left out, and parts of 0"
    assert finding.offenders[0].startswith(f"out_region_refine_spoilt: {reason}")


def test_parts_that_cannot_be_used_are_named_and_stay_unusable(tmp_path: Path) -> None:
    folder = made_run(
        tmp_path / "runs",
        prompts={
            "entities": [("a", [0], "ACCEPT"), ("b", [1], "ACCEPT"), (" ", [1], "ACCEPT")],
            "physics": [("c", [1], "ACCEPT")],
        },
    )
    for path in folder.glob("accepted_regions/masks/000*"):
        path.write_bytes(b"no")
    (folder / "physics/summary.json").write_text("?")
    edit(folder / SUMMARY, lambda summary: summary["prompt_verifications"].append("x"))
    (row,) = import_runs(tmp_path / "runs", tmp_path / "in").rows(named=True)
    assert (row["regions"], row["prompts"], row["accepted"], row["usable"]) == (2, 4, 4, 1)
    assert row["reason"] == (
        "prompts left out: 1 blank_prompt; prompts left out: 1 invalid_verification; "
        "region 0 has no readable mask; physics: invalid_summary"
    )
    export = exported(tmp_path / "in", tmp_path / "out")
    assert export.samples["prompt"].to_list() == ["b"]
    assert export.skipped() == {
        "blank_prompt": 1,
        "invalid_verification": 1,
        "no_summary": 1,
        "no_verifications": 3,
        "unknown_index": 1,
    }


def test_hostile_names_and_fields_do_no_harm(tmp_path: Path) -> None:
    folder = made_run(tmp_path / "runs", "x" * 200)
    edit(folder / ACCEPTED, lambda entries: entries[0].update(label="../../../\ud800", path="/etc/passwd"))
    edit(folder / SUMMARY, lambda summary: summary["prompt_verifications"][0].update(src_path="/etc/passwd"))
    folder.rename(folder.parent / "a\nb; rm -rf")
    table = import_runs(tmp_path / "runs", tmp_path / "in")
    (taken,) = (tmp_path / "in").iterdir()
    assert taken.name == table["run"][0]
    assert taken.name.startswith("out_region_refine_a_b_rm_-rf-")
    entry = json.loads((taken / ACCEPTED).read_bytes())[0]
    assert (entry["label"], entry["path"]) == ("../../../\ud800", "")
    assert json.loads((taken / SUMMARY).read_bytes())["prompt_verifications"][0]["src_path"] == ""


def test_a_picture_of_any_format_is_kept(tmp_path: Path) -> None:
    folder = made_run(tmp_path / "runs")
    with Image.open(folder / "original_image.png") as image:
        image.save(tmp_path / "runs/photo.bmp")
    edit(folder / SUMMARY, lambda summary: summary.update(image_path="../photo.bmp"))
    import_runs(tmp_path / "runs", tmp_path / "in")
    assert (tmp_path / "in/out_region_refine_a/source_image_0.bmp").exists()


def test_a_root_without_runs(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    finding = imported_runs_complete(import_runs(tmp_path / "runs", tmp_path / "in"))
    assert finding.offenders == ("no run folder: set runs_root to a folder of out_region_refine_* folders",)
