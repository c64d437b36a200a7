"""Class conversations as a whole: what is published, what is repeated, what no split may share."""

import json
import shutil
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from vdata_assets.samples.classes import write_class_images
from vdata_assets.workflows import ClassConversations

NAME = "things"
ASSETS = ("catalog", "splits", "look_alikes", "conversations", "report", "exports")
SETTINGS = {
    "conversations": {
        **{"subject": "thing", "kind": "kind", "n_turns": 2},
        **{"negative_share": 0.2, "affirmative_share": 0.2, "choice_share": 0.2},
    },
    "balance": {"priority_classes": ["Utility Lamp"], "priority_copies": 5},
    "license": "cc0-1.0",
    "formats": ["llava", "fireworks", "webdataset"],
}


def key(asset: str) -> dg.AssetKey:
    return dg.AssetKey([NAME, asset])


def definitions(root: Path, **settings) -> dg.Definitions:
    component = ClassConversations.model_validate({"root": str(root), **SETTINGS, **settings})
    return component.definitions(component.dataset(NAME, Path("/")))


def materialize(lab, defs: dg.Definitions, *assets: str) -> dg.ExecuteInProcessResult:
    for asset in assets:
        result = lab.run(defs, key(asset))
        if not result.success:
            return result
    return result


def failure(lab, result: dg.ExecuteInProcessResult) -> str:
    (entry,) = lab.instance.all_logs(result.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    return entry.get_dagster_event().step_failure_data.error.to_string()


def published(lab, asset: str) -> Path:
    return lab.store.artifact(NAME, asset).current().path


@pytest.fixture(scope="module")
def things(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("samples") / "things"
    sizes = {"Amphora": 12, "Café Mug": 8, "Utility Lamp": 5, "Écru Lamp": 2, "Hourglass Vase": 1}
    write_class_images(root, images=sizes, size=64)
    return root


@pytest.fixture(scope="module")
def made(make_module_lab, things):
    lab = make_module_lab()
    result = materialize(lab, definitions(things), *ASSETS)
    assert result.success, failure(lab, result)
    return lab


def samples(lab) -> pl.DataFrame:
    images = pl.read_parquet(published(lab, "catalog") / "images.parquet")
    table = pl.read_parquet(published(lab, "conversations") / "conversations.parquet")
    return table.join(images.select("image_id", "content_hash"), on="image_id")


def test_no_content_of_validation_or_test_is_in_training(made):
    rows = samples(made)
    held_out = set(rows.filter(pl.col("split") != "train")["content_hash"])
    assert held_out
    assert held_out.isdisjoint(rows.filter(pl.col("split") == "train")["content_hash"])


def test_training_images_of_a_priority_class_are_there_five_times_each_with_its_own_id_and_words(made):
    rows = samples(made).filter(pl.col("class") == "Utility Lamp")
    times = dict(rows.group_by("split").agg(pl.len() / pl.col("image_id").n_unique()).iter_rows())
    assert times.pop("train") == 5
    assert set(times.values()) <= {1}
    copies = rows.filter(pl.col("split") == "train")
    assert copies["sample_id"].n_unique() == copies.height
    assert copies.group_by("image_id").agg(pl.col("turns").n_unique())["turns"].max() > 1


def test_the_files_of_the_document_are_there(made):
    folder = published(made, "conversations")
    rows = [json.loads(line) for line in (folder / "train.jsonl").open(encoding="utf-8")]
    assert set(rows[0]) == {"id", "image", "conversations", "metadata"}
    assert rows[0]["conversations"][0]["from"] == "human"
    assert rows[0]["conversations"][0]["value"].startswith("<image>\n")
    assert {path.name for path in folder.glob("*.jsonl")} == {
        "train.jsonl",
        "val.jsonl",
        "test.jsonl",
        "priority_classes.jsonl",
    }
    priority = [json.loads(line) for line in (folder / "priority_classes.jsonl").open(encoding="utf-8")]
    assert {row["metadata"]["class"] for row in priority} == {"Utility Lamp"}


@pytest.mark.parametrize("name", SETTINGS["formats"])
def test_every_format_has_its_files_a_card_a_croissant_and_checksums(made, name):
    folder = published(made, "exports") / name
    for file in ("README.md", "croissant.json", "checksums.sha256"):
        assert (folder / file).stat().st_size > 0
    assert "license: cc0-1.0" in (folder / "README.md").read_text(encoding="utf-8")


def test_the_ui_shows_the_report(made):
    (event,) = made.instance.fetch_materializations(key("report"), limit=1).records
    metadata = event.asset_materialization.metadata
    assert "data:image/" in metadata["Conversations"].value
    assert metadata["report page"].value.endswith("report.html")


def test_a_second_run_does_nothing(made, things):
    before = {asset: published(made, asset) for asset in ASSETS}
    assert materialize(made, definitions(things), *ASSETS).success
    assert before == {asset: published(made, asset) for asset in ASSETS}


def test_one_more_image_changes_no_other_sample(make_lab, things, tmp_path):
    root = tmp_path / "things"
    shutil.copytree(things, root)
    late = sorted((root / "Amphora").iterdir())[0]
    late.rename(tmp_path / late.name)
    lab = make_lab()
    plain = {"conversations": {"subject": "thing", "kind": "kind"}, "formats": []}
    defs = definitions(root, **plain)
    until_said = ("catalog", "splits", "conversations")
    assert materialize(lab, defs, *until_said).success
    before = samples(lab)
    (tmp_path / late.name).rename(late)
    assert materialize(lab, defs, *until_said).success
    after = samples(lab)
    assert after.height == before.height + 1
    assert after.join(before, on=before.columns, how="semi").height == before.height


SAID = {
    "names and mappings": (["llava", {"format": "webdataset", "shard_size_mb": 5}], None),
    "an unknown name": (["lava"], "'lava' is not one of ['llava'"),
    "an unknown format of a mapping": ([{"format": "lava"}], "'lava' is not one of ['coco'"),
    "a wrong option": ([{"format": "parquet", "shard_size_mb": "5"}], "'5' is not of type 'integer'"),
}


@pytest.mark.parametrize(("formats", "message"), SAID.values(), ids=SAID.keys())
def test_dg_check_yaml_names_what_is_wrong_in_the_list_of_formats(formats, message):
    schema = ClassConversations.model_json_schema()
    errors = list(Draft202012Validator(schema).iter_errors({"root": "/data", "formats": formats}))
    assert [error.message[: len(message)] for error in errors] == [message] if message else not errors


WRONG = {
    "an unknown format": ({"formats": ["lava"]}, "format 'lava': use one of llava"),
    "an option that a format lacks": (
        {"formats": [{"format": "llava", "shard_size_mb": 1}]},
        "llava has no option 'shard_size_mb'",
    ),
    "a format twice": ({"formats": ["llava", "llava"]}, "llava is listed twice"),
    "a placeholder that there is not": (
        {"conversations": {"answers": ["This is a {bred}."]}},
        "bred",
    ),
}


@pytest.mark.parametrize(("settings", "message"), WRONG.values(), ids=WRONG.keys())
def test_wrong_settings_are_refused_with_what_is_allowed(settings, message):
    with pytest.raises(ValidationError) as refused:
        ClassConversations.model_validate({"root": "/data", **settings})
    assert message in str(refused.value)
