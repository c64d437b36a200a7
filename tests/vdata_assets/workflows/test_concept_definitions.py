"""The definitions within their workflow: from training photos alone, and into the training data."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from model_server import ModelServer
from PIL import Image

from vdata_assets.concept_definitions import define
from vdata_assets.concept_definitions.rules import RuleConceptWriter
from vdata_assets.workflows import ConceptRetrieval
from vdata_assets.workflows import concept_definitions as definitions_asset
from vdata_assets.workflows.resources import CredentialsResource
from vdata_resources.language.protocol import QuotaError

DATASET = "photos"
CATEGORIES = ("pet animal", "toy")
PARTITIONS = ("pet-animal", "toy")
SETTINGS = {
    "catalog": {"num_train": 3, "relative": True},
    "concept_splits": {"min_concepts_threshold": 9},
    "concept_definitions": {"views": 2},
    "retrieval": {"source": "catalog"},
}
DESCRIBED = {**SETTINGS, "retrieval": {"source": "catalog", "descriptions": True}}


def key(asset: str) -> dg.AssetKey:
    return dg.AssetKey([DATASET, asset])


def definitions(root: Path, **settings) -> dg.Definitions:
    component = ConceptRetrieval.model_validate({"root": str(root), **settings})
    return component.definitions(component.dataset(DATASET, Path("/")))


def published(lab, asset: str, partition: str | None = None) -> Path:
    version = lab.store.artifact(DATASET, asset, partition).current()
    assert version is not None, f"{asset}[{partition}] is not published"
    return version.path


def entries(lab, partition: str) -> list[dict[str, str]]:
    file = published(lab, "concept_definitions", partition) / "concept_definitions.json"
    return json.loads(file.read_text(encoding="utf-8"))


def run(lab, whole, *assets, partition=None):
    span = None if partition else PARTITIONS
    return lab.run(whole, *map(key, assets), partition=partition, span=span)


def metadata(result, partition):
    (event,) = (
        event
        for event in result.asset_materializations_for_node(f"{DATASET}__concept_definitions")
        if event.partition == partition
    )
    return event.metadata


@pytest.fixture
def photos(test_data, tmp_path) -> Path:
    """The photos of two categories at a fraction of their size."""
    root = tmp_path / "photos"
    source = test_data("dreambooth-concepts")
    for path in (path for category in CATEGORIES for path in (source / category).rglob("*.jpg")):
        target = root / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(path) as image:
            image.draft("RGB", (256, 256))
            image.convert("RGB").resize((160, 160)).save(target, quality=90)
    return root


@pytest.fixture
def catalogued(lab, photos):
    """The catalog and its splits are published."""
    whole = definitions(photos, **SETTINGS)
    assert lab.run(whole, key("catalog")).success
    assert lab.run(whole, key("concept_splits")).success
    return lab


def test_descriptions_reach_the_listener_and_no_test_photo_is_looked_at(catalogued, photos, monkeypatch):
    opened = []
    load = define.load_rgb
    monkeypatch.setattr(define, "load_rgb", lambda path, **how: opened.append(path) or load(path, **how))
    whole = definitions(photos, **DESCRIBED, training_dataset={"use_description": True})
    defined = run(catalogued, whole, "concept_definitions")
    assert defined.success
    images = pl.read_parquet(published(catalogued, "catalog") / "catalog.parquet")
    training = {photos / path for path in images.filter(pl.col("split") == "train")["path"]}
    assert opened
    assert set(opened) <= training
    assert {(name, level) for name, _, passed, level in catalogued.verdicts(defined) if not passed} <= {
        ("definitions_written", "WARN")
    }

    written = {entry["name"]: entry for partition in PARTITIONS for entry in entries(catalogued, partition)}
    assert len(written) >= 6
    for name, entry in written.items():
        assert list(entry) == [
            "name", "category", "display_category", "coarse", "detailed", "reference_image",
        ]  # fmt: skip
        assert entry["reference_image"].startswith(f"{entry['category']}/{name}/")
        assert photos / entry["reference_image"] in training
    shown = metadata(defined, "pet-animal")
    assert shown["contact sheet"].value.startswith("![Definitions of pet animal](data:image/jpeg;base64,")
    assert "| concept | verdict |" in shown["table of definitions"].value
    assert shown["writer"].value == RuleConceptWriter().identity
    assert shown["dagster/row_count"].value == 5

    rest = run(catalogued, whole, "embeddings", "retrieval", "retrieval_dataset", "training_dataset")
    assert rest.success
    rows = json.loads(
        (
            published(catalogued, "retrieval_dataset") / "all/seed_42/retrieval_top3_combined_all.json"
        ).read_text()
    )
    assert {row["category"] for row in rows} == set(CATEGORIES)
    told = {}
    for row in rows:
        for path, text in zip(row["ret_paths"], row["ret_descs"], strict=True):
            name = path.split("/")[1]
            sentence = written[name]["detailed"] if name in written else "No description available."
            assert text == f"Name: {name}\nDescription: {sentence}"
            told[path] = text
    from datasets import load_from_disk

    folder = published(catalogued, "training_dataset") / "listener" / f"{DATASET}_all_test_subset_seed_23_K_3"
    for row in load_from_disk(str(folder))["train"].remove_columns(["query_image", "reference_image"]):
        assert told[row["reference_image_path"]] in row["listener_problem"]


@pytest.mark.parametrize(("settings", "needed"), [(SETTINGS, False), (DESCRIBED, True)])
def test_retrieval_depends_on_definitions_only_for_descriptions(settings, needed):
    whole = definitions(Path("/photos"), **settings)
    (asset,) = (asset for asset in whole.assets if asset.key == key("retrieval"))
    assert (key("concept_definitions") in asset.asset_deps[key("retrieval")]) is needed


def test_what_was_made_without_descriptions_is_named(catalogued, photos):
    assert run(
        catalogued, definitions(photos, **SETTINGS), "embeddings", "retrieval", "retrieval_dataset"
    ).success
    table = pl.read_parquet(published(catalogued, "retrieval", "toy") / "retrieval.parquet")
    assert "ret_descs" not in table.columns
    whole = definitions(photos, **DESCRIBED, training_dataset={"use_description": True})
    alone = catalogued.run(whole, key("training_dataset"))
    assert "retrieval_dataset was made without descriptions: materialize it again" in str(
        alone.get_step_failure_events()[0].event_specific_data
    )
    blocked = run(catalogued, whole, "retrieval", partition="toy")
    assert "concept_definitions" in str(blocked.get_step_failure_events()[0].event_specific_data)
    assert run(catalogued, whole, "concept_definitions", "retrieval", partition="toy").success
    combined = catalogued.run(whole, key("retrieval_dataset"))
    (event,) = combined.asset_materializations_for_node(f"{DATASET}__retrieval_dataset")
    assert event.metadata["missing"].value == {
        "pet animal": "retrieval was made without descriptions: materialize it again"
    }


def test_a_further_test_photo_changes_nothing_and_a_training_photo_only_its_category(catalogued, photos):
    whole = definitions(photos, **SETTINGS)
    assert run(catalogued, whole, "concept_definitions").success
    images = pl.read_parquet(published(catalogued, "catalog") / "catalog.parquet")
    tested = images.filter(pl.col("split") == "test", pl.col("category") == "toy")["path"][0]
    (photos / tested).unlink()
    assert catalogued.run(whole, key("catalog")).success
    again = run(catalogued, whole, "concept_definitions")
    assert [metadata(again, partition)["reused"].value for partition in PARTITIONS] == [True, True]
    trained = images.filter(pl.col("split") == "train", pl.col("category") == "toy")["path"][0]
    (photos / trained).unlink()
    assert catalogued.run(whole, key("catalog")).success
    again = run(catalogued, whole, "concept_definitions")
    assert [metadata(again, partition)["reused"].value for partition in PARTITIONS] == [True, False]


def test_one_photo_unicode_names_and_odd_files(lab, photos):
    shutil.copytree(photos / "toy/duck_toy", photos / "früh_stück/Ülo 猫")
    (photos / "früh_stück/einzig").mkdir()
    shutil.copy(photos / "toy/rc_car/00.jpg", photos / "früh_stück/einzig/ä.jpg")
    (photos / "früh_stück/kaputt").mkdir()
    whole_photo = (photos / "toy/rc_car/01.jpg").read_bytes()
    (photos / "früh_stück/kaputt/0.jpg").write_bytes(whole_photo[: len(whole_photo) // 2] + b"\xff\xd9")
    named = {"display_categories": {"früh_stück": "Frühstück"}}
    whole = definitions(photos, catalog={"num_train": 3}, concept_definitions=named)
    assert lab.run(whole, key("catalog")).success
    partition = next(
        partition
        for partition, category in pl.read_parquet(published(lab, "catalog") / "categories.parquet")
        .select("partition", "category")
        .iter_rows()
        if category == "früh_stück"
    )
    result = run(lab, whole, "concept_definitions", partition=partition)
    assert result.success
    table = pl.read_parquet(published(lab, "concept_definitions", partition) / "definitions.parquet")
    assert table["concept"].to_list() == sorted(table["concept"])
    rows = {row["concept"]: row for row in table.to_dicts()}
    assert rows["einzig"]["verified"] is False
    assert rows["Ülo 猫"]["verdict"] == "ACCEPT"
    (entry,) = (entry for entry in entries(lab, partition) if entry["name"] == "Ülo 猫")
    assert entry["display_category"] == "Frühstück"
    assert entry["coarse"].startswith("A photo of a ")
    assert entry["coarse"].endswith(" Frühstück")
    assert entry["reference_image"].startswith(f"{photos}/früh_stück/Ülo 猫/")


def test_unanswered_questions_are_asked_again_when_materialized_again(catalogued, photos, monkeypatch):
    quota = {"left": 0}

    class Limited(RuleConceptWriter):
        async def write(self, concept, views, objection=None):
            if concept.name == "duck_toy" and not quota["left"]:
                raise QuotaError("429: too many requests")
            return await super().write(concept, views, objection)

    monkeypatch.setattr(definitions_asset, "concept_writer", lambda session: Limited())
    whole = definitions(photos, **SETTINGS)
    first = run(catalogued, whole, "concept_definitions", partition="toy")
    assert first.success
    assert metadata(first, "toy")["unanswered"].value == 1
    assert ("definitions_written", "toy", False, "WARN") in catalogued.verdicts(first)
    names = {entry["name"] for entry in entries(catalogued, "toy")}
    attempts = pl.read_parquet(published(catalogued, "concept_definitions", "toy") / "attempts.parquet")
    assert attempts.filter(pl.col("verdict") == "ERROR").select("concept", "stage", "kind").rows() == [
        ("duck_toy", "concept_definitions", "quota")
    ]
    quota["left"] = 1
    second = run(catalogued, whole, "concept_definitions", partition="toy")
    assert metadata(second, "toy")["reused"].value is False
    assert {entry["name"] for entry in entries(catalogued, "toy")} == names | {"duck_toy"}
    third = run(catalogued, whole, "concept_definitions", partition="toy")
    assert metadata(third, "toy")["reused"].value is True


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        pytest.param(
            {"training_dataset": {"use_description": True}},
            "training_dataset.use_description needs descriptions: set retrieval.descriptions",
            id="nothing to use",
        ),
        pytest.param({"concept_definitions": {"views": 0}}, "greater than or equal to 1", id="no view"),
        pytest.param({"concept_definitions": {"view": 3}}, "Extra inputs are not permitted", id="misspelt"),
    ],
)
def test_wrong_settings_are_refused_at_load(settings, message):
    with pytest.raises(ValueError, match=message):
        definitions(Path("/photos"), **settings)


def model_answer(asked):
    """A description, and a verdict that accepts it."""
    if "coarse" in asked.schema["properties"]:
        return {"coarse": "A photo of a small toy", "detailed": "It has two round eyes and a short tail."}
    return {"reason": "the eyes are there", "verdict": "ACCEPT"}


def test_a_service_writes_and_verifies_through_the_real_sdk(lab, photos):
    lab = replace(lab, credentials=CredentialsResource(google_api_key="AIza-secret-of-the-tests"))
    with ModelServer(answer=model_answer) as server:
        model = {"type": "gemini", "model": "gemini-test", "base_url": server.url}
        whole = definitions(photos, **SETTINGS, language_model=model)
        assert run(lab, whole, "catalog").success
        assert run(lab, whole, "concept_definitions").success
        asked = len(server.requests)
        assert run(lab, whole, "concept_definitions").success
        assert len(server.requests) == asked > 0, "the same inputs do no work"
    for partition in PARTITIONS:
        for entry in entries(lab, partition):
            assert entry["coarse"] == "A photo of a small toy"
            assert entry["detailed"] == "It has two round eyes and a short tail."
            assert (photos / entry["reference_image"]).is_file()
