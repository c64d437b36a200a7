"""Whatever is missing or wrong in a run folder is found, and nothing in a sound one."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_runs import HEIGHT, MASKS, WIDTH, edit, made_run
from PIL import Image

from vdata_assets.formats.convseg.run_audit import audit_runs, run_problems
from vdata_assets.formats.convseg.run_model import FoundRun
from vdata_assets.formats.convseg.run_reader import found_runs
from vdata_assets.quality.findings import Status

ACCEPTED = "accepted_regions/accepted.json"
SUMMARY = "entities/summary.json"
VIEW = "entities/generated_prompts_viz/000_Segment_the_box.jpg"
MASK = "accepted_regions/masks/000_mask"


def test_written_runs_are_sound(tmp_path: Path) -> None:
    for name in "ab":
        made_run(tmp_path, name)
    complete, masks, prompts = audit_runs(found_runs(tmp_path))
    assert [finding.status for finding in (complete, masks, prompts)] == [Status.PASSED] * 3
    assert complete.message == "0 files or fields are missing or wrong in 2 run folders"
    assert masks.message == "0 problems in 6 masks"
    assert prompts.message == "0 of 2 accepted prompts are empty or asked twice of a picture"


def test_real_runs_are_sound_but_for_what_was_put_into_them(test_data: Any) -> None:
    complete, masks, prompts = audit_runs(found_runs(test_data("dataengine-runs")))
    assert complete.offenders == (
        "out_region_refine_000000142238/relations/summary.json: $.prompt_verifications[1]: unknown_index",
    )
    assert masks.message == "0 problems in 50 masks"
    assert prompts.offenders == ("out_region_refine_000000439180/spatial: prompt 1 is empty",)


@pytest.mark.parametrize(
    ("file", "problems"),
    [
        ("original_image.png", [f"{SUMMARY}: $.image_path", "original_image.png: is missing"]),
        ("all_regions_colored.png", ["all_regions_colored.png: is missing"]),
        ("accepted_regions/000_box_0.png", [f"{ACCEPTED}: $[0].path: leads to no file of the runs"]),
        ("accepted_regions/bboxes/000_bbox.txt", ["accepted_regions/bboxes/000_bbox.txt: is missing"]),
        (f"{MASK}.npz", [f"{ACCEPTED}: $[0].mask_npz_path: "]),
        (f"{MASK}.png", [f"{ACCEPTED}: $[0].mask_path: "]),
        ("physics/summary.json", ["physics/summary.json: is missing"]),
        (VIEW, [f"{SUMMARY}: $.prompt_verifications[0].src_path: leads to no file of the runs"]),
        (
            "entities/conversational_segmentation_prompts.json",
            ["entities/conversational_segmentation_prompts.json: is missing or no JSON"],
        ),
    ],
)
def test_missing_files_are_named(tmp_path: Path, file: str, problems: list[str]) -> None:
    folder = made_run(tmp_path)
    (folder / file).unlink()
    found = run_problems(FoundRun(folder, tmp_path)).incomplete
    assert all(any(line.startswith(problem) for line in found) for problem in problems)
    assert run_problems(FoundRun(folder, tmp_path)).masks == ()


@pytest.mark.parametrize(
    ("file", "change", "problem"),
    [
        (ACCEPTED, lambda c: c[0].pop("bbox"), f"{ACCEPTED}: $[0].bbox: is missing"),
        (ACCEPTED, lambda c: c[0].pop("path"), f"{ACCEPTED}: $[0].path: is no text"),
        (
            ACCEPTED,
            lambda c: c[0].update(bbox=[0, 0, 1, 1]),
            f"accepted_regions/bboxes/000_bbox.txt: is b'2 3 9 8\\n', and {ACCEPTED} has [0, 0, 1, 1]",
        ),
        (SUMMARY, lambda c: c.pop("accepted_dir"), f"{SUMMARY}: $.accepted_dir: is missing"),
        (
            SUMMARY,
            lambda c: c.update(accepted_dir="x"),
            f"{SUMMARY}: $.accepted_dir: leads to no folder with accepted.json",
        ),
        (
            SUMMARY,
            lambda c: c.update(conversational_prompts=3),
            f"{SUMMARY}: $.conversational_prompts: is neither list nor object nor null",
        ),
        (
            SUMMARY,
            lambda c: c["prompt_verifications"][0].pop("reason"),
            f"{SUMMARY}: $.prompt_verifications[0].reason: is no text",
        ),
        (
            SUMMARY,
            lambda c: c["prompt_verifications"][0].update(verdict="accept"),
            f"{SUMMARY}: $.prompt_verifications[0].verdict: is neither ACCEPT nor REJECT",
        ),
        (
            SUMMARY,
            lambda c: c["prompt_verifications"][0].update(satisfying=0),
            f"{SUMMARY}: $.prompt_verifications[0].satisfying: is no list",
        ),
    ],
)
def test_missing_and_wrong_fields_are_named(tmp_path: Path, file: str, change: Any, problem: str) -> None:
    folder = made_run(tmp_path)

    def changed(content: Any) -> None:
        change(content)

    edit(folder / file, changed)
    assert problem in run_problems(FoundRun(folder, tmp_path)).incomplete


def write_mask(folder: Path, mask: Any, *, png: bool = True, npz: bool = True) -> None:
    if png:
        Image.fromarray(mask.astype(np.uint8) * 255).save(folder / f"{MASK}.png")
    if npz:
        np.savez_compressed(folder / f"{MASK}.npz", mask=mask.astype(np.uint8))


@pytest.mark.parametrize(
    ("spoil", "problems"),
    [
        pytest.param(
            lambda folder: write_mask(folder, MASKS[1], npz=False),
            ["PNG and NPZ differ", "its box is [2, 3, 9, 8], its mask's [6, 5, 13, 10]"],
            id="differ",
        ),
        pytest.param(
            lambda folder: write_mask(folder, np.zeros((HEIGHT, WIDTH))), ["its mask is empty"], id="empty"
        ),
        pytest.param(
            lambda folder: write_mask(folder, np.pad(MASKS[0], ((0, 1), (0, 0)))),
            ["its mask is 60 x 41, the picture 60 x 40"],
            id="size",
        ),
        pytest.param(
            lambda folder: (folder / f"{MASK}.npz").write_bytes(b"GIF"),
            ["000_mask.npz is neither PNG nor NPZ: it starts with 47 49 46"],
            id="damaged",
        ),
    ],
)
def test_bad_masks_are_named(tmp_path: Path, spoil: Any, problems: list[str]) -> None:
    folder = made_run(tmp_path)
    spoil(folder)
    found = run_problems(FoundRun(folder, tmp_path)).masks
    assert found == tuple(f"accepted_regions: region 0: {problem}" for problem in problems)


def test_prompts_asked_twice_or_empty_are_named_in_any_family(tmp_path: Path) -> None:
    made_run(
        tmp_path,
        prompts={
            "entities": [("Segment the box", [0], "ACCEPT"), ("Segment it", [0], "REJECT")],
            "spatial": [(" segment  THE box ", [1], "ACCEPT"), ("Segment it", [0], "ACCEPT")],
            "physics": [(" ", [1], "ACCEPT")],
        },
    )
    *_, finding = audit_runs(found_runs(tmp_path))
    assert finding.offenders == (
        "out_region_refine_a/spatial: prompt 0 is asked twice: segment  THE box",
        "out_region_refine_a/physics: prompt 0 is empty",
    )
    assert finding.message == "2 of 4 accepted prompts are empty or asked twice of a picture"
