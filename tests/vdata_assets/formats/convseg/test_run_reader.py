"""Run folders from anywhere are read: what is wrong in them is named, and nothing outside is opened."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_runs import HEIGHT, MASKS, WIDTH, edit, made_run
from PIL import Image

from vdata_assets.formats.convseg.run_files import MOST_JSON, read_json
from vdata_assets.formats.convseg.run_reader import found_runs, read_run, whole_number

ACCEPTED = "accepted_regions/accepted.json"


SUMMARY = "entities/summary.json"


def test_a_written_run_is_read_back(tmp_path: Path) -> None:
    folder = made_run(tmp_path, prompts={"spatial": [("left", [0, 2], "ACCEPT"), ("right", [1], "REJECT")]})
    run = read_run(folder, tmp_path)
    assert run.problems == ()
    assert run.unusable is None
    assert run.original == folder / "original_image.png"
    assert list(run.regions) == [0, 1, 2]
    for region, mask in zip(run.regions.values(), MASKS, strict=True):
        assert region.size() == (HEIGHT, WIDTH)
        assert np.array_equal(region.mask(), mask)
        assert np.array_equal(region.mask(npz_first=True), mask)
    assert [family.name for family in run.families] == [
        "entities",
        "spatial",
        "affordances",
        "relations",
        "physics",
    ]
    spatial = run.families[1]
    assert [(prompt.index, prompt.text, prompt.satisfying, prompt.skip) for prompt in spatial.prompts] == [
        (0, "left", (0, 2), None),
        (1, "right", (), "verdict_not_accept"),
    ]
    assert {family.unusable for family in run.families} == {None, "no_verifications"}


def verification(**changes: Any) -> Callable[[Any], None]:
    return lambda summary: summary["prompt_verifications"][0].update(changes)


@pytest.mark.parametrize(
    ("changes", "skip", "satisfying"),
    [
        pytest.param({"verdict": " accept\n"}, None, (0,), id="verdict trimmed, any case"),
        pytest.param({"verdict": "ACCEPTED"}, "verdict_not_accept", (), id="another verdict"),
        pytest.param({"verdict": True}, "verdict_not_accept", (), id="verdict is no text"),
        pytest.param({"prompt": " \n "}, "blank_prompt", (), id="blank prompt"),
        pytest.param({"prompt": None}, "blank_prompt", (), id="no prompt"),
        pytest.param({"prompt": "\ud800"}, "prompt_not_text", (), id="half a surrogate pair"),
        pytest.param({"prompt": "zwei\nZeilen é"}, None, (0,), id="two lines"),
        pytest.param({"satisfying": []}, None, (), id="negative"),
        pytest.param({"satisfying": None}, "no_satisfying", (), id="satisfying is null"),
        pytest.param({"satisfying": 0}, "no_satisfying", (), id="satisfying is a number"),
        pytest.param({"satisfying": [1.0, "2", 1]}, None, (1, 2), id="integral, twice"),
        pytest.param({"satisfying": [0, 99]}, "unknown_index", (), id="no such region"),
        pytest.param({"satisfying": [0, 1.5]}, "unknown_index", (), id="fraction"),
        pytest.param({"satisfying": [-1]}, "unknown_index", (), id="negative index"),
        pytest.param({"satisfying": [True]}, "unknown_index", (), id="boolean"),
        pytest.param({"satisfying": [[0]]}, "unknown_index", (), id="nested"),
    ],
)
def test_prompts(
    tmp_path: Path, changes: dict[str, Any], skip: str | None, satisfying: tuple[int, ...]
) -> None:
    folder = made_run(tmp_path)
    edit(folder / SUMMARY, verification(**changes))
    (prompt,) = read_run(folder, tmp_path).families[0].prompts
    assert (prompt.skip, prompt.satisfying) == (skip, satisfying)


@pytest.mark.parametrize(
    ("indices", "read"),
    [
        ([0, 1, 2], [0, 1, 2]),
        ([5, 3, 3], [5, 3, 4]),
        ([None, 0, "1"], [3, 0, 1]),
        ([3, -1, 3], [3, 4, 5]),
        ([10**30, 1e300, 2.0], [3, 4, 2]),
    ],
)
def test_every_prompt_has_an_index_of_its_own(tmp_path: Path, indices: list[Any], read: list[int]) -> None:
    folder = made_run(tmp_path, prompts={"entities": [(text, [0], "ACCEPT") for text in "abc"]})

    def change(summary: Any) -> None:
        for entry, index in zip(summary["prompt_verifications"], indices, strict=True):
            entry["index"] = index

    edit(folder / SUMMARY, change)
    assert [prompt.index for prompt in read_run(folder, tmp_path).families[0].prompts] == read


@pytest.mark.parametrize(
    ("file", "change", "problem"),
    [
        (ACCEPTED, lambda c: {"regions": c}, f"{ACCEPTED}: $: an object of 1 is no list"),
        (ACCEPTED, lambda c: [*c[1:], 7], f"{ACCEPTED}: $[2]: 7 is no object"),
        (ACCEPTED, lambda c: c[0].update(index="x"), f"{ACCEPTED}: $[0].index: 'x' is no index"),
        (ACCEPTED, lambda c: c[1].update(index=0), f"{ACCEPTED}: $[1].index: 0 occurs twice"),
        (ACCEPTED, lambda c: c[0].update(label=" "), f"{ACCEPTED}: $[0].label: ' ' is no label"),
        (
            ACCEPTED,
            lambda c: c[0].update(bbox=[1, 2, 3, "x"]),
            f"{ACCEPTED}: $[0].bbox: a list of 4 is not four whole numbers",
        ),
        (
            ACCEPTED,
            lambda c: c[0].update(mask_path="nowhere.png"),
            f"{ACCEPTED}: $[0].mask_path: 'nowhere.png' leads to no file of the runs",
        ),
        (SUMMARY, lambda c: [c], f"{SUMMARY}: $: a list of 1 is no object"),
        (
            SUMMARY,
            lambda c: c.update(prompt_verifications={}),
            f"{SUMMARY}: $.prompt_verifications: an object of 0 is no list",
        ),
        (
            SUMMARY,
            lambda c: c["prompt_verifications"].append("x" * 80),
            f"{SUMMARY}: $.prompt_verifications[1]: '{'x' * 56}... is no object",
        ),
        (
            SUMMARY,
            lambda c: c.update(image_path="../../../etc/passwd"),
            f"{SUMMARY}: $.image_path: '../../../etc/passwd' leads to no file of the runs",
        ),
    ],
)
def test_wrong_shapes_are_named(tmp_path: Path, file: str, change: Any, problem: str) -> None:
    folder = made_run(tmp_path)
    edit(folder / file, change)
    assert problem in read_run(folder, tmp_path).problems


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
        (b'{"a": ' * 100_000, "is no JSON"),
        (b"\xff\xfe\xfd", "is no JSON"),
        (b"[" + b"1" * 5000 + b"]", "is no JSON"),
        (b" " * (MOST_JSON + 1), "has more than 16 MiB"),
    ],
    ids=["empty", "deep", "deep objects", "no text", "huge number", "huge file"],
)
def test_damaged_json(tmp_path: Path, content: bytes, reason: str) -> None:
    folder = made_run(tmp_path)
    (folder / SUMMARY).write_bytes(content)
    (folder / ACCEPTED).write_bytes(content)
    run = read_run(folder, tmp_path)
    assert run.unusable == "invalid_accepted_json"
    assert run.families[0].unusable == "invalid_summary"
    assert [
        problem.startswith((f"{ACCEPTED}: {reason}", f"{SUMMARY}: {reason}")) for problem in run.problems
    ] == [
        True,
        True,
    ]


def test_numbers_that_json_has_not_are_null(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[NaN, -Infinity, 1e999, 1.5]")
    assert read_json(tmp_path / "a.json") == [None, None, None, 1.5]


def test_missing_files(tmp_path: Path) -> None:
    folder = made_run(tmp_path)
    (folder / SUMMARY).unlink()
    (folder / ACCEPTED).unlink()
    (folder / "original_image.png").unlink()
    run = read_run(folder, tmp_path)
    assert (run.unusable, run.original, run.families[0].unusable) == ("no_accepted_json", None, "no_summary")
    assert run.problems[:2] == (f"{ACCEPTED}: is missing", f"{SUMMARY}: is missing")


def test_either_mask_file_suffices(tmp_path: Path) -> None:
    folder = made_run(tmp_path)
    masks = folder / "accepted_regions/masks"
    (masks / "000_mask.png").unlink()
    (masks / "001_mask.png").write_bytes(b"\x89PNG\r\n\x1a\nno")
    (masks / "002_mask.npz").write_bytes(b"PK\x03\x04no")
    regions = read_run(folder, tmp_path).regions
    assert [np.array_equal(regions[index].mask(), mask) for index, mask in enumerate(MASKS)] == [True] * 3
    assert [
        np.array_equal(regions[index].mask(npz_first=True), mask) for index, mask in enumerate(MASKS)
    ] == [True] * 3
    assert [regions[index].size() for index in range(3)] == [(HEIGHT, WIDTH)] * 3


def test_a_region_without_mask_files_is_none(tmp_path: Path) -> None:
    folder = made_run(tmp_path)
    for ending in ("png", "npz"):
        (folder / f"accepted_regions/masks/000_mask.{ending}").unlink()
    run = read_run(folder, tmp_path)
    assert list(run.regions) == [1, 2]
    assert run.families[0].prompts[0].skip == "no_mask_file"


def test_a_region_of_an_index_that_occurs_twice_is_none(tmp_path: Path) -> None:
    folder = made_run(tmp_path)
    edit(folder / ACCEPTED, lambda content: content[1].update(index=0))
    run = read_run(folder, tmp_path)
    assert list(run.regions) == [2]
    assert run.families[0].prompts[0].skip == "ambiguous_index"


@pytest.mark.parametrize(
    "recorded",
    [
        "/gone/out_region_refine_a/accepted_regions/masks/000_mask.png",
        "out/out_region_refine_a/accepted_regions/masks/000_mask.png",
        "C:\\runs\\out_region_refine_a\\accepted_regions\\masks\\000_mask.png",
        "accepted_regions\\masks\\000_mask.png",
        "../out_region_refine_a/accepted_regions/masks/000_mask.png",
    ],
)
def test_paths_of_runs_that_moved_are_found(tmp_path: Path, recorded: str) -> None:
    folder = made_run(tmp_path)
    edit(folder / ACCEPTED, lambda content: content[0].update(mask_path=recorded))
    run = read_run(folder, tmp_path)
    assert run.problems == ()
    assert run.regions[0].png == folder / "accepted_regions/masks/000_mask.png"


@pytest.mark.parametrize(
    "recorded",
    [
        "{outside}/secret.png",
        "../../outside/secret.png",
        "link.png",
        "folder/secret.png",
        "pipe",
        "accepted_regions",
        "a\0b",
        "x" * 5000,
        "y" * 300,
        "",
        7,
        None,
        ["original_image.png"],
        "loop",
    ],
)
def test_no_path_leads_outside(tmp_path: Path, recorded: Any) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    outside.mkdir()
    Image.new("L", (WIDTH, HEIGHT), 255).save(outside / "secret.png")
    folder = made_run(root)
    (folder / "link.png").symlink_to(outside / "secret.png")
    (folder / "folder").symlink_to(outside)
    (folder / "loop").symlink_to(folder / "loop")
    os.mkfifo(folder / "pipe")
    path = recorded.format(outside=outside) if isinstance(recorded, str) else recorded
    edit(folder / ACCEPTED, lambda content: content[0].update(mask_path=path))
    edit(folder / SUMMARY, lambda content: content.update(image_path=path))
    run = read_run(folder, root)
    # The mask that stands in its usual place is taken instead.
    assert run.regions[0].png == folder / "accepted_regions/masks/000_mask.png"
    assert run.families[0].image is None
    assert len(run.problems) == 2


def test_links_that_lead_outside_are_no_files_of_a_run(tmp_path: Path) -> None:
    folder = made_run(tmp_path / "elsewhere")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / folder.name).symlink_to(folder)
    (found,) = found_runs(tmp_path / "root")
    run = read_run(found.folder, found.inside)
    assert (run.unusable, run.original, dict(run.regions)) == ("no_accepted_json", None, {})


def test_runs_are_found_by_name_or_content(tmp_path: Path) -> None:
    made_run(tmp_path, "b")
    made_run(tmp_path, "a").rename(tmp_path / "renamed")
    (tmp_path / "out_region_refine_empty").mkdir()
    (tmp_path / "inputs").mkdir()
    (tmp_path / "out_region_refine_file").write_text("")
    names = [found.name for found in found_runs(tmp_path)]
    assert names == ["out_region_refine_b", "out_region_refine_empty", "renamed"]
    (alone,) = found_runs(tmp_path / "renamed")
    assert (alone.folder, alone.inside) == (tmp_path / "renamed", tmp_path / "renamed")


def test_a_root_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"gone cannot be listed \(No such file or directory\): set it to a folder of runs$"
    ):
        found_runs(tmp_path / "gone")


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("ACCEPT"),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "index",
                    "label",
                    "bbox",
                    "mask_path",
                    "prompt",
                    "satisfying",
                    "verdict",
                    "prompt_verifications",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(accepted=JSON_VALUES, summary=JSON_VALUES)
def test_no_json_is_too_odd(tmp_path_factory: pytest.TempPathFactory, accepted: Any, summary: Any) -> None:
    folder = tmp_path_factory.mktemp("odd") / "run"
    (folder / "entities").mkdir(parents=True)
    (folder / "accepted_regions").mkdir()
    (folder / ACCEPTED).write_text(json.dumps(accepted))
    (folder / SUMMARY).write_text(json.dumps(summary))
    run = read_run(folder, folder)
    assert run.problems
    indices = [prompt.index for prompt in run.families[0].prompts]
    assert len(set(indices)) == len(indices)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (3, 3),
        (3.0, 3),
        ("3", 3),
        (" 03 ", 3),
        (True, None),
        (3.5, None),
        ("٣", None),
        (-1, None),
        (10**6, None),
    ],
)
def test_whole_numbers(value: object, number: int | None) -> None:
    assert whole_number(value) == number
