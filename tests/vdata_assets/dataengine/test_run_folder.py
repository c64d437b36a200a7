"""A run folder has the contract's tree, names and fields, the same bytes in every run."""

import json
from pathlib import Path

import numpy as np
import pytest
from made_runs import HEIGHT, MASKS, WIDTH, files_of, judged, made_run, picture, view
from PIL import Image

from vdata_assets.dataengine.annotator import Caption, Prompt, Region
from vdata_assets.dataengine.run_folder import (
    JudgedPrompt,
    overlay_name,
    slug,
    write_family,
    write_regions,
)
from vdata_assets.masks.dense import inclusive_box


def test_the_tree_is_the_contracts(tmp_path: Path) -> None:
    folder = made_run(
        tmp_path,
        prompts={
            "entities": [
                ("Segment the box", [0], "ACCEPT"),
                ("Segment a cat", [], "REJECT"),
                ("?", [1], "ERROR"),
            ]
        },
    )
    regions = [
        f"accepted_regions/{name}"
        for number in range(3)
        for name in (
            f"00{number}_box_{number}.png",
            f"bboxes/00{number}_bbox.txt",
            f"masks/00{number}_mask.npz",
            f"masks/00{number}_mask.png",
        )
    ]
    assert sorted(files_of(folder)) == sorted(
        [
            "original_image.png",
            "all_regions_colored.png",
            "accepted_regions/accepted.json",
            *regions,
            "entities/conversational_segmentation_prompts.json",
            "entities/generated_prompts_viz/000_Segment_the_box.jpg",
            "entities/generated_prompts_viz/001_Segment_a_cat.jpg",
            "entities/generated_prompts_viz/002_unnamed.jpg",
            "entities/generated_prompts_viz/ACCEPTED/000_Segment_the_box.jpg",
            "entities/generated_prompts_viz/REJECTED/001_Segment_a_cat.jpg",
            *(f"{family}/summary.json" for family in ("entities", "spatial", "affordances", "relations")),
            "physics/summary.json",
        ]
    )


def test_pictures_and_masks_are_lossless_and_boxes_inclusive(tmp_path: Path) -> None:
    folder = made_run(tmp_path, seed=7)
    with Image.open(folder / "original_image.png") as image:
        assert image.mode == "RGB"
        assert np.array_equal(np.asarray(image), picture(7))
    accepted = json.loads((folder / "accepted_regions/accepted.json").read_bytes())
    for entry, mask in zip(accepted, MASKS, strict=True):
        with Image.open(folder / entry["mask_path"]) as image:
            assert image.mode == "L"
            assert np.array_equal(np.asarray(image), mask * np.uint8(255))
        with np.load(folder / entry["mask_npz_path"]) as packed:
            assert packed.files == ["mask"]
            assert packed["mask"].dtype == np.uint8
            assert np.array_equal(packed["mask"], mask)
        x0, y0, x1, y1 = entry["bbox"]
        assert mask[y0 : y1 + 1, x0 : x1 + 1].sum() == mask.sum() == (x1 - x0 + 1) * (y1 - y0 + 1)
        text = (folder / f"accepted_regions/bboxes/{entry['index']:03d}_bbox.txt").read_bytes()
        assert text == f"{x0} {y0} {x1} {y1}\n".encode()
        with Image.open(folder / entry["path"]) as image:
            assert image.size == (WIDTH, HEIGHT)


def test_json_is_laid_out_as_in_real_runs(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    region = Region(0, Caption("wooden chair", ("red",), "lower left"), MASKS[0])
    write_regions(folder, picture(), [region])
    assert (folder / "accepted_regions/accepted.json").read_text() == (
        '[\n {\n  "index": 0,\n  "label": "wooden chair",\n'
        '  "description": "wooden chair (red), lower left",\n'
        '  "path": "accepted_regions/000_wooden_chair.png",\n'
        '  "bbox": [\n   2,\n   3,\n   9,\n   8\n  ],\n'
        '  "mask_path": "accepted_regions/masks/000_mask.png",\n'
        '  "mask_npz_path": "accepted_regions/masks/000_mask.npz"\n }\n]'
    )


def test_a_summary_has_the_documents_fields(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    prompts = judged([("a", [0], "ACCEPT"), ("b", [1], "ERROR"), ("c", [], "REJECT")])
    write_family(folder, "spatial", prompts)
    assert json.loads((folder / "spatial/summary.json").read_bytes()) == {
        "image_path": "original_image.png",
        "accepted_dir": "accepted_regions",
        "conversational_prompts": [
            {"prompt": "a", "candidates": [0, 1, 2], "satisfying": [0]},
            {"prompt": "b", "candidates": [0, 1, 2], "satisfying": [1]},
            {"prompt": "c", "candidates": [0, 1, 2], "satisfying": []},
        ],
        "prompt_verifications": [
            {
                "index": 0,
                "prompt": "a",
                "satisfying": [0],
                "verdict": "ACCEPT",
                "reason": "because",
                "src_path": "spatial/generated_prompts_viz/000_a.jpg",
                "classified_path": "spatial/generated_prompts_viz/ACCEPTED/000_a.jpg",
            },
            {
                "index": 2,
                "prompt": "c",
                "satisfying": [],
                "verdict": "REJECT",
                "reason": "because",
                "src_path": "spatial/generated_prompts_viz/002_c.jpg",
                "classified_path": "spatial/generated_prompts_viz/REJECTED/002_c.jpg",
            },
        ],
    }


@pytest.mark.parametrize(
    ("note", "extra"), [("", {}), ("no label affords anything", {"note": "no label affords anything"})]
)
def test_a_silent_family_says_why(tmp_path: Path, note: str, extra: dict[str, str]) -> None:
    write_family(tmp_path, "physics", [], note=note)
    assert json.loads((tmp_path / "physics/summary.json").read_bytes()) == {
        "image_path": "original_image.png",
        "accepted_dir": "accepted_regions",
        "conversational_prompts": None,
        "prompt_verifications": None,
        **extra,
    }
    assert sorted(files_of(tmp_path)) == ["physics/summary.json"]


def test_nothing_judged_is_null(tmp_path: Path) -> None:
    write_family(tmp_path, "physics", judged([("a", [0], "ERROR")]))
    assert json.loads((tmp_path / "physics/summary.json").read_bytes())["prompt_verifications"] is None


def test_a_picture_without_regions_is_a_whole_run(tmp_path: Path) -> None:
    write_regions(tmp_path, picture(), [])
    assert json.loads((tmp_path / "accepted_regions/accepted.json").read_bytes()) == []
    assert sorted(files_of(tmp_path)) == [
        "accepted_regions/accepted.json",
        "all_regions_colored.png",
        "original_image.png",
    ]


def test_the_same_content_is_the_same_bytes(tmp_path: Path) -> None:
    assert files_of(made_run(tmp_path / "one")) == files_of(made_run(tmp_path / "two"))


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("sports ball", "000_sports_ball.png"),
        ("tree-merged", "000_tree-merged.png"),
        ("../../etc/passwd", "000_etc_passwd.png"),
        ("a\\b:c*?", "000_a_b_c.png"),
        ("..", "000_unnamed.png"),
        ("", "000_unnamed.png"),
        ("a\x00b\nc", "000_a_b_c.png"),
        ("Bäcker Café", "000_Backer_Cafe.png"),
        ("包", "000_unnamed.png"),
        ("x" * 300, f"000_{'x' * 60}.png"),
    ],
)
def test_labels_are_safe_in_file_names(label: str, name: str) -> None:
    assert overlay_name(0, label) == f"accepted_regions/{name}"


def test_hostile_labels_and_prompts_are_written(tmp_path: Path) -> None:
    region = Region(0, Caption("../\ud800"), MASKS[0])
    write_regions(tmp_path, picture(), [region])
    write_family(tmp_path, "entities", judged([("/etc/\x00 \ud800", [0], "ACCEPT")]))
    entry = json.loads((tmp_path / "accepted_regions/accepted.json").read_bytes())[0]
    assert entry["label"] == "../\ud800"
    assert (tmp_path / "entities/generated_prompts_viz/ACCEPTED/000_etc.jpg").read_bytes() == view()


def test_views_may_be_png_and_nothing_else(tmp_path: Path) -> None:
    def prompt(content: bytes) -> JudgedPrompt:
        return JudgedPrompt(4, Prompt("a", (), ()), True, "ACCEPT", "", content)

    write_family(tmp_path, "entities", [prompt(b"\x89PNG\r\n\x1a\n...")])
    assert (tmp_path / "entities/generated_prompts_viz/ACCEPTED/004_a.png").exists()
    with pytest.raises(
        ValueError, match=r"^view of prompt 4 of .*/entities starts with 47 49 46 38: give a JPEG or PNG$"
    ):
        write_family(tmp_path, "entities", [prompt(b"GIF8")])


def test_a_prompt_without_a_view_has_no_pictures(tmp_path: Path) -> None:
    write_family(tmp_path, "entities", [JudgedPrompt(0, Prompt("a", (), ()), True, "ACCEPT", "")])
    (entry,) = json.loads((tmp_path / "entities/summary.json").read_bytes())["prompt_verifications"]
    assert (entry["src_path"], entry["classified_path"]) == ("", "")


def test_regions_that_cannot_be_written(tmp_path: Path) -> None:
    def region(index: int, mask: np.ndarray) -> Region:
        return Region(index, Caption("box"), mask)

    with pytest.raises(ValueError, match=r"^regions of run have the indices \[1, 1\]: number them apart$"):
        write_regions(tmp_path / "run", picture(), [region(1, MASKS[0]), region(1, MASKS[1])])
    with pytest.raises(ValueError, match=r"its mask has shape \(3, 4\), its picture \(40, 60\)$"):
        write_regions(tmp_path / "run", picture(), [region(0, np.ones((3, 4), np.bool_))])
    with pytest.raises(ValueError, match=r"^the mask is empty: it has no box$"):
        inclusive_box(np.zeros((3, 4), np.bool_))


def test_slugs_are_bounded_after_folding() -> None:
    assert slug("ﬀ" * 40, 60) == "f" * 60
