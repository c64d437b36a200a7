"""The data engine as assets, with the embedded parts: samples, growth, runs from elsewhere, odd input."""

import json

import engine_model
import numpy as np
import pytest
from card_lab import require_card
from engine_lab import (
    EVERYTHING,
    NAME,
    SHARDED,
    definitions,
    failure,
    materialize,
    published,
    table,
)
from PIL import Image
from pydantic import ValidationError

from vdata_assets.dataengine import given_regions
from vdata_assets.samples.tabletops import write_tabletop_samples
from vdata_assets.workflows import ConversationalSegmentation


@pytest.fixture(scope="module")
def tabletops(tmp_path_factory):
    root = tmp_path_factory.mktemp("tabletops")
    truth = write_tabletop_samples(root, images=6, log=lambda line: None)
    return root, truth["path"].n_unique()


def test_samples_become_supervision_without_a_model(lab, tabletops):
    root, count = tabletops
    defs = definitions(root, images={"shard_size": 4})
    shards = ("shard-0000", "shard-0001")
    assert materialize(lab, defs, *EVERYTHING, shards=shards).success
    assert lab.instance.get_dynamic_partitions(f"{NAME}/shard") == list(shards)
    runs = table(lab, "runs", "runs.parquet")
    assert runs.height == count
    export = published(lab, "convseg_export")
    samples = [json.loads(line) for line in (export.path / "dataset.jsonl").read_text().splitlines()]
    items = json.loads((export.path / "items.json").read_text())
    assert len(samples) == items["count"] == runs["accepted"].sum() > 0
    for sample in samples:
        image, mask = (Image.open(export.path / sample[name]) for name in ("image", "mask_merged"))
        assert image.size == mask.size
        assert np.asarray(mask).any()

    require_card(export.path, "mask_merged", "- runs: ", "- dataset.jsonl")

    before = {
        asset: published(lab, asset, shards[0] if asset in SHARDED else None).id for asset in EVERYTHING
    }
    assert materialize(lab, defs, *EVERYTHING, shards=shards).success
    after = {asset: published(lab, asset, shards[0] if asset in SHARDED else None).id for asset in EVERYTHING}
    assert after == before, "the same inputs do no work"


def test_an_added_image_changes_its_shard_alone(lab, tmp_path):
    root = tmp_path / "photos"
    engine_model.write_boxes(root, 3)
    defs = definitions(root, images={"shard_size": 2})
    shards = ("shard-0000", "shard-0001")
    assert materialize(lab, defs, "images", "regions", "prompts", "runs", shards=shards).success
    before = [published(lab, "prompts", shard).digest for shard in shards]
    engine_model.write_boxes(root / "added", 1)
    assert materialize(lab, defs, "images", "regions", "prompts", "runs", shards=shards).success
    after = [published(lab, "prompts", shard).digest for shard in shards]
    assert after[0] == before[0]
    assert after[1] != before[1]
    names = table(lab, "runs", "runs.parquet")["run"].to_list()
    assert len(names) == len(set(names)) == 4
    assert sum(name.startswith("out_region_refine_boxes 0") for name in names) == 2, "one stem, two folders"


def test_a_shard_without_prompts_or_with_older_ones_is_named_and_the_others_are_merged(lab, tmp_path):
    root = tmp_path / "photos"
    engine_model.write_boxes(root, 3)
    defs = definitions(root, images={"shard_size": 2})
    assert materialize(lab, defs, "images").success
    assert materialize(lab, defs, "regions", "prompts", "runs").success
    assert published(lab, "runs").metadata["figures"]["missing"] == {
        "shard-0001": "regions was never materialized"
    }
    assert materialize(
        lab, definitions(root, images={"shard_size": 2}, regions={"max_side": 200}), "regions"
    ).success
    result = materialize(lab, defs, "runs")
    assert result.success
    missing = published(lab, "runs").metadata["figures"]["missing"]
    assert missing["shard-0000"] == "its regions are newer than its prompts: materialize prompts"
    assert ("shards_merged", None, False, "WARN") in lab.verdicts(result)


def test_run_folders_made_elsewhere_are_exported_as_expected(lab, boxes, test_data):
    folder = test_data("dataengine-runs")
    defs = definitions(boxes, runs_root=str(folder), convseg_export={"per_split": False})
    assert materialize(lab, defs, "imported_runs", "convseg_export").success
    expected = json.loads((folder / "EXPECTED.json").read_text())
    export = published(lab, "convseg_export")
    items = json.loads((export.path / "items.json").read_text())["items"]
    found = {
        (item["concept"], item["prompt"]): int((np.asarray(Image.open(export.path / item["mask"])) > 0).sum())
        for item in items
    }
    assert found == {(entry["concept"], entry["prompt"]): entry["merged_area"] for entry in expected}


def test_a_relative_runs_root_starts_at_the_root_and_one_without_run_folders_is_named(lab, boxes):
    (boxes.parent / "runs").mkdir()
    result = materialize(lab, definitions(boxes, runs_root="../runs"), "imported_runs")
    assert result.success
    assert published(lab, "imported_runs").metadata["figures"]["runs_root"] == f"{boxes}/../runs"
    (said,) = [e for e in result.get_asset_check_evaluations() if e.check_name == "imported_runs_complete"]
    assert not said.passed
    assert "set runs_root to a folder of out_region_refine_* folders" in str(said.metadata["first_offenders"])


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        pytest.param({"language_model": {"type": "gpt"}}, "language_model", id="unknown model type"),
        pytest.param({"segmenter": {"type": "sam2"}}, "checkpoint", id="sam2 without a checkpoint"),
        pytest.param(
            {"language_model": {"type": "openai", "model": "m"}}, "base_url", id="server without an address"
        ),
        pytest.param(
            {"language_model": {"type": "gemini", "max_cost_usd": 1}},
            "input_usd_per_million",
            id="budget without prices",
        ),
        pytest.param({"images": {"shard_size": 0}}, "shard_size", id="empty shards"),
        pytest.param({"convseg_export": {"mode": "test"}}, "mode", id="unknown mode"),
        pytest.param(
            {"convseg_export": {"splits": {"strategy": "temporal"}}},
            "images have no time",
            id="temporal splits",
        ),
        pytest.param({"audits": {"no_such": "FAILED"}}, "no such check: no_such", id="unknown check"),
    ],
)
def test_wrong_settings_are_refused_by_field(settings, field):
    with pytest.raises(ValidationError, match=field):
        ConversationalSegmentation(root="photos", **settings)


def test_an_empty_folder_fails_and_a_missing_one_is_named(lab, tmp_path):
    (tmp_path / "empty").mkdir()
    result = materialize(lab, definitions(tmp_path / "empty"), "images")
    assert not result.success
    assert ("images_found", None, False, "ERROR") in lab.verdicts(result)
    result = materialize(lab, definitions(tmp_path / "missing"), "images")
    assert "missing does not exist" in failure(lab, result)


def test_a_shard_of_unreadable_files_is_published_empty_and_holds_up_no_other(lab, tmp_path):
    root = tmp_path / "photos"
    engine_model.write_boxes(root, 2)
    (root / "a.png").write_bytes(b"no picture")
    defs = definitions(root, images={"shard_size": 1})
    shards = tuple(f"shard-000{number}" for number in range(3))
    assert materialize(lab, defs, *EVERYTHING, shards=shards).success
    assert [published(lab, "regions", shard).metadata["figures"]["pictures"] for shard in shards] == [0, 1, 1]
    assert table(lab, "runs", "runs.parquet")["shard"].to_list() == list(shards[1:])


def test_given_regions_are_read_once_for_all_shards(lab, tmp_path, monkeypatch):
    root = tmp_path / "photos"
    engine_model.write_boxes(root, 3)
    x0, y0, x1, y1 = engine_model.RED
    outline = [x0, y0, x1 + 1, y0, x1 + 1, y1 + 1, x0, y1 + 1]
    size = {"width": engine_model.WIDTH, "height": engine_model.HEIGHT}
    given = {
        "images": [{"id": n, "file_name": f"boxes {n}.png", **size} for n in range(3)],
        "categories": [{"id": 1, "name": "box"}],
        "annotations": [{"image_id": n, "category_id": 1, "segmentation": [outline]} for n in range(3)],
    }
    (tmp_path / "given.json").write_text(json.dumps(given))
    reads = []
    read = given_regions.read_given_regions
    monkeypatch.setattr(given_regions, "read_given_regions", lambda file: reads.append(file) or read(file))
    defs = definitions(root, images={"shard_size": 1}, regions={"given_regions": "../given.json"})
    shards = tuple(f"shard-000{number}" for number in range(3))
    assert materialize(lab, defs, "images", "regions", shards=shards).success
    assert len(reads) == 1
    for shard in shards:
        proposals = table(lab, "regions", "proposals.parquet", shard)
        assert proposals.select("label", "box").rows() == [("box", list(engine_model.RED))]


def test_one_image_with_an_odd_name_goes_all_the_way(lab, tmp_path):
    root = tmp_path / "Fotos vom See"
    engine_model.write_boxes(root, 1)
    (root / "boxes 0.png").rename(root / "Zoë & 猫 #1.png")
    assert materialize(lab, definitions(root), *EVERYTHING).success
    assert table(lab, "runs", "runs.parquet")["run"].item() == "out_region_refine_Zoë & 猫 #1"
    export = published(lab, "convseg_export").path
    lines = [json.loads(line) for line in (export / "dataset.jsonl").read_text().splitlines()]
    assert lines
    assert all((export / line["image"]).is_file() for line in lines)
