"""The export holds exactly the accepted prompts, each with the union of its regions at its image's size."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_exports import exported, lines, many, mask, size
from made_runs import HEIGHT, MASKS, WIDTH, files_of, made_run, picture, rectangle
from PIL import Image

from vdata_assets.formats.convseg.convseg_keys import image_keys
from vdata_assets.formats.convseg.run_model import FoundRun
from vdata_assets.formats.convseg.run_reader import found_runs

ACCEPTED = "accepted_regions/accepted.json"


def test_real_runs_give_exactly_what_is_expected(test_data: Any, tmp_path: Path) -> None:
    root = test_data("dataengine-runs")
    export = exported(found_runs(root), tmp_path / "out")
    manifest = json.loads((tmp_path / "out/export_manifest.json").read_bytes())
    found = [
        {
            "run": run,
            "concept": concept,
            "prompt_index": index,
            "prompt": prompt,
            "merged_area": int((mask(tmp_path / "out" / name) == 255).sum()),
        }
        for run, concept, index, prompt, name in export.samples.join(
            export.images, on="image_key", maintain_order="left"
        )
        .select("run", "concept", "index", "prompt", "mask")
        .iter_rows()
    ]
    assert found == json.loads((root / "EXPECTED.json").read_bytes())
    assert manifest["skipped_reason_counts"] == {
        "blank_prompt": 1,
        "no_satisfying": 1,
        "no_verifications": 3,
        "unknown_index": 1,
        "verdict_not_accept": 3,
    }
    for name in ("000000142238", "000000439180"):
        assert (tmp_path / f"out/images/{name}.jpg").read_bytes() == (
            root / f"inputs/{name}.jpg"
        ).read_bytes()


def test_files_are_as_the_document_has_them(tmp_path: Path) -> None:
    made_run(
        tmp_path / "runs",
        prompts={"entities": [("A \u201ebox\u201c", [0], "ACCEPT")], "physics": [("b", [1, 2], "ACCEPT")]},
    )
    exported(found_runs(tmp_path / "runs"), tmp_path / "out")
    assert (tmp_path / "out/dataset.jsonl").read_text() == (
        '{"image":"images/a.jpg","mask_merged":"masks/a_entities_000.png","prompt":"A „box“"}\n'
        '{"image":"images/a.jpg","mask_merged":"masks/a_physics_000.png","prompt":"b"}\n'
    )
    assert (tmp_path / "out/items.json").read_text() == (
        '{\n  "dataset": "convseg_export",\n  "count": 2,\n  "items": [\n'
        '    {"id":"a_entities_000","image":"images/a.jpg","mask":"masks/a_entities_000.png",'
        '"prompt":"A „box“","concept":"entities"},\n'
        '    {"id":"a_physics_000","image":"images/a.jpg","mask":"masks/a_physics_000.png",'
        '"prompt":"b","concept":"physics"}\n'
        "  ]\n}\n"
    )
    assert np.array_equal(
        mask(tmp_path / "out/masks/a_physics_000.png"), (MASKS[1] | MASKS[2]) * np.uint8(255)
    )
    assert sorted(files_of(tmp_path / "out")) == [
        "dataset.jsonl",
        "export_manifest.json",
        "images/a.jpg",
        "items.json",
        "masks/a_entities_000.png",
        "masks/a_physics_000.png",
        "split_config.json",
        "splits.parquet",
    ]


def test_the_manifest_accounts_for_every_prompt(tmp_path: Path) -> None:
    made_run(
        tmp_path,
        prompts={
            "entities": [("a", [0], "ACCEPT"), ("b", [0], "REJECT"), ("c", [], "ACCEPT")],
            "spatial": [(" A ", [1], "ACCEPT")],
        },
    )
    made_run(tmp_path, "silent", {}, seed=1)
    exported(found_runs(tmp_path), tmp_path / "out", mode="train")
    manifest = json.loads((tmp_path / "out/export_manifest.json").read_bytes())
    assert manifest["counts"] == {
        "runs": 2,
        "verified_prompts": 4,
        "images": 1,
        "masks": 1,
        "train_rows": 1,
        "eval_items": 0,
        "negatives": 0,
        "by_concept": {"entities": 1, "spatial": 0, "affordances": 0, "relations": 0, "physics": 0},
        "by_split": {"train": 1, "val": 0, "test": 0},
    }
    assert manifest["skipped_reason_counts"] == {
        "duplicate_prompt": 1,
        "no_satisfying": 1,
        "no_verifications": 8,
        "verdict_not_accept": 1,
    }
    assert manifest["per_run"] == [
        {
            "run": "out_region_refine_a",
            "origin": "runs",
            "image_key": "a",
            "split": "train",
            "exported_samples": 1,
            "skipped": {
                "duplicate_prompt": 1,
                "no_satisfying": 1,
                "no_verifications": 3,
                "verdict_not_accept": 1,
            },
        },
        {
            "run": "out_region_refine_silent",
            "origin": "runs",
            "image_key": "silent",
            "split": None,
            "exported_samples": 0,
            "skipped": {"no_verifications": 5},
        },
    ]
    assert manifest["written_files"] == ["dataset.jsonl"]
    assert not (tmp_path / "out/images/silent.jpg").exists()


@pytest.mark.parametrize(
    ("mode", "files"),
    [
        ("train", ["dataset.jsonl"]),
        ("eval", ["items.json"]),
        ("both", ["dataset.jsonl", "items.json"]),
    ],
)
def test_modes(tmp_path: Path, mode: str, files: list[str]) -> None:
    made_run(tmp_path / "runs")
    exported(found_runs(tmp_path / "runs"), tmp_path / "out", mode=mode)
    written = sorted(path.name for path in (tmp_path / "out").glob("*.json*"))
    assert written == sorted([*files, "export_manifest.json", "split_config.json"])


def test_absolute_paths_are_those_of_the_final_place(tmp_path: Path) -> None:
    made_run(tmp_path / "runs")
    exported(found_runs(tmp_path / "runs"), tmp_path / "out", path_mode="absolute")
    assert lines(tmp_path / "out/dataset.jsonl") == [
        {
            "image": "/data/export/current/images/a.jpg",
            "mask_merged": "/data/export/current/masks/a_entities_000.png",
            "prompt": "Segment the box",
        }
    ]


def test_negatives_are_samples_with_an_empty_mask_only_when_asked(tmp_path: Path) -> None:
    made_run(
        tmp_path / "runs",
        prompts={"entities": [("a", [], "ACCEPT"), ("b", [], "REJECT"), ("c", [0], "ACCEPT")]},
    )
    export = exported(found_runs(tmp_path / "runs"), tmp_path / "out", include_negatives=True)
    assert export.samples["prompt"].to_list() == ["a", "c"]
    assert not mask(tmp_path / "out/masks/a_entities_000.png").any()
    assert mask(tmp_path / "out/masks/a_entities_000.png").shape == (HEIGHT, WIDTH)
    without = exported(found_runs(tmp_path / "runs"), tmp_path / "without")
    assert without.samples["prompt"].to_list() == ["c"]


def test_a_picture_with_negatives_alone_is_exported(tmp_path: Path) -> None:
    made_run(tmp_path / "runs", prompts={"entities": [("a", [], "ACCEPT")]}, masks=[])
    export = exported(found_runs(tmp_path / "runs"), tmp_path / "out", include_negatives=True)
    assert export.samples["area"].to_list() == [0]
    assert size(tmp_path / "out/images/a.jpg") == (WIDTH, HEIGHT)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    boxes=st.lists(
        st.tuples(st.integers(0, 50), st.integers(0, 30), st.integers(1, 9), st.integers(1, 9)),
        min_size=1,
        max_size=5,
    ),
    data=st.data(),
)
def test_a_mask_is_the_union_of_its_regions(
    tmp_path_factory: pytest.TempPathFactory, boxes: list[tuple[int, int, int, int]], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("union")
    masks = [rectangle(*box) for box in boxes]
    chosen = st.lists(st.integers(0, len(masks) - 1), min_size=1, max_size=4)
    asked = data.draw(st.lists(chosen, min_size=1, max_size=3))
    said = [(f"prompt {number}", satisfying, "ACCEPT") for number, satisfying in enumerate(asked)]
    made_run(folder / "runs", prompts={"relations": said}, masks=masks)
    export = exported(found_runs(folder / "runs"), folder / "out")
    assert export.samples.height == len(asked)
    for name, area, satisfying in zip(export.samples["mask"], export.samples["area"], asked, strict=True):
        union = np.logical_or.reduce([masks[index] for index in satisfying])
        assert np.array_equal(mask(folder / "out" / name), union * np.uint8(255))
        assert area == union.sum()


def spoil_masks(folder: Path, index: int, change: Any) -> None:
    """Both files of a mask changed alike."""
    stem = folder / f"accepted_regions/masks/{index:03d}_mask"
    pixels = change(MASKS[index])
    Image.fromarray(pixels.astype(np.uint8) * 255).save(f"{stem}.png")
    np.savez_compressed(f"{stem}.npz", mask=pixels.astype(np.uint8))


@pytest.mark.parametrize(
    ("spoil", "reason", "left"),
    [
        pytest.param(
            lambda run: spoil_masks(run, 0, lambda mask: np.pad(mask, ((0, 1), (0, 0)))),
            "size_mismatch",
            ["other"],
            id="a mask of another size",
        ),
        pytest.param(lambda run: spoil_masks(run, 0, np.zeros_like), "empty_mask", ["other"], id="empty"),
        pytest.param(
            lambda run: [path.write_bytes(b"no") for path in run.glob("accepted_regions/masks/000*")],
            "unreadable_mask",
            ["other"],
            id="damaged",
        ),
        pytest.param(
            lambda run: (run / "original_image.png").write_bytes(b"no"),
            "no_image_of_the_masks_size",
            [],
            id="damaged picture",
        ),
        pytest.param(
            lambda run: (run / "original_image.png").unlink(),
            "no_image_of_the_masks_size",
            [],
            id="no picture",
        ),
        pytest.param(
            lambda run: Image.new("RGB", (WIDTH, WIDTH)).save(run / "original_image.png"),
            "no_image_of_the_masks_size",
            [],
            id="a picture of another shape",
        ),
        pytest.param(
            lambda run: Image.new("RGB", (WIDTH // 2, HEIGHT // 2)).save(run / "original_image.png"),
            "no_image_of_the_masks_size",
            [],
            id="a smaller picture",
        ),
        pytest.param(lambda run: (run / ACCEPTED).unlink(), "unknown_index", [], id="no regions"),
    ],
)
def test_what_cannot_be_exported_is_counted_and_the_rest_is(
    tmp_path: Path, spoil: Any, reason: str, left: list[str]
) -> None:
    said = [("spoilt", [0], "ACCEPT"), ("other", [1, 2], "ACCEPT")]
    spoil(made_run(tmp_path / "runs", prompts={"entities": said}))
    made_run(tmp_path / "runs", "sound", seed=3)
    export = exported(found_runs(tmp_path / "runs"), tmp_path / "out")
    assert export.samples["prompt"].to_list() == [*left, "Segment the box"]
    assert export.skipped()[reason] == 2 - len(left)
    assert export.samples.height + sum(
        count
        for reason, count in export.skipped().items()
        if reason not in ("no_verifications", "no_accepted_json")
    ) == (export.prompts)


def test_of_runs_of_one_name_none_is_lost(tmp_path: Path) -> None:
    for root, seed in (("runs", 0), ("imported", 1)):
        made_run(tmp_path / root, seed=seed)
    runs = [*found_runs(tmp_path / "runs"), *found_runs(tmp_path / "imported", "imported_runs")]
    export = exported(runs, tmp_path / "out")
    first, second = export.images["image_key"]
    assert first == "a"
    assert second.startswith("a-")
    for key, seed in ((first, 0), (second, 1)):
        with Image.open(tmp_path / f"out/images/{key}.jpg") as image:
            assert np.abs(np.asarray(image).astype(int) - picture(seed)).mean() < 3
    assert export.samples["sample_id"].to_list() == [f"{first}_entities_000", f"{second}_entities_000"]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("out_region_refine_000000142238", "000000142238"),
        ("a.b-c_d", "a.b-c_d"),
        ("out_region_refine_my photo", r"my_photo-[0-9a-f]{8}"),
        ("out_region_refine_包", r"unnamed-[0-9a-f]{8}"),
        ("out_region_refine_" + "x" * 200, r"x{80}-[0-9a-f]{8}"),
        ("..", r"unnamed-[0-9a-f]{8}"),
        (".hidden", r"hidden-[0-9a-f]{8}"),
        ("out_region_refine_\udcff", r"unnamed-[0-9a-f]{8}"),
    ],
)
def test_keys_are_safe_names(name: str, key: str) -> None:
    (found,) = image_keys([FoundRun(Path("/runs") / name, Path("/runs"))])
    assert re.fullmatch(key, found)


def test_keys_differ_also_where_case_does_not_count() -> None:
    runs = [FoundRun(Path(root) / name, Path(root), root) for root in ("x", "y") for name in ("a", "A")]
    keys = image_keys(runs)
    assert len({key.casefold() for key in keys}) == 4
    assert list(keys.values()) == runs
    with pytest.raises(ValueError, match=r"^run a of x is given twice: give it once$"):
        image_keys([runs[0], runs[0]])


@pytest.mark.parametrize("per_split", [False, True])
def test_an_export_of_nothing_is_written(tmp_path: Path, per_split: bool) -> None:
    export = exported([], tmp_path / "out", per_split=per_split)
    folder = tmp_path / "out" / ("train" if per_split else "")
    assert export.samples.height == 0
    assert (folder / "dataset.jsonl").read_bytes() == b""
    assert json.loads((folder / "items.json").read_bytes())["count"] == 0


@pytest.mark.parametrize("per_split", [False, True])
def test_the_same_runs_are_the_same_bytes(tmp_path: Path, per_split: bool) -> None:
    runs = many(tmp_path / "runs", 5)
    exported(runs, tmp_path / "one", per_split=per_split)
    exported(runs, tmp_path / "two", per_split=per_split)
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")
