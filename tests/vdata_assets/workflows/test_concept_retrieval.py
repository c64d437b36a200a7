"""The whole workflow on real photos: what is published, what is reported, what never changes."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from card_lab import require_card
from PIL import Image

from vdata_assets.workflows import ConceptRetrieval

DATASET = "photos"
BY_CATEGORY = ("embeddings", "retrieval")
ROWS = ("catalog", "concept_splits", *BY_CATEGORY, "retrieval_dataset")  # what rows are made of
ASSETS = (*ROWS, "concept_subset", "analysis", "training_dataset")


def key(asset: str) -> dg.AssetKey:
    return dg.AssetKey([DATASET, asset])


def definitions(root: Path, **settings) -> dg.Definitions:
    component = ConceptRetrieval.model_validate({"root": str(root), **settings})
    return component.definitions(component.dataset(DATASET, Path("/")))


def run_all(lab, photos: dg.Definitions, assets=ASSETS) -> list[dg.ExecuteInProcessResult]:
    """The catalog, which registers the categories, then the assets for all of them in one run."""
    first = lab.run(photos, key("catalog"))
    categories = lab.instance.get_dynamic_partitions(f"{DATASET}/category")
    return [first, lab.run(photos, *map(key, assets), span=(categories[0], categories[-1]))]


def published(lab, asset: str, partition: str | None = None) -> Path:
    version = lab.store.artifact(DATASET, asset, partition).current()
    assert version is not None, f"{asset}[{partition}] is not published"
    return version.path


def data_files(home: Path) -> dict[str, bytes]:
    """Content of every published file but the manifests, by its path through `current`."""
    return {
        str(path.relative_to(home)): path.read_bytes()
        for link in sorted(home.rglob("current"))
        for path in sorted(link.rglob("*"))
        if path.is_file() and path.name != "manifest.json"
    }


@pytest.fixture(scope="module")
def photos(test_data, tmp_path_factory) -> Path:
    """The photos at a quarter of their size: the same subjects, decoded in a fraction of the time."""
    root = tmp_path_factory.mktemp("photos")
    source = test_data("dreambooth-concepts")
    for path in source.rglob("*.jpg"):
        target = root / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(path) as image:
            image.draft("RGB", (image.width // 4, image.height // 4))
            image.convert("RGB").resize((224, 224)).save(target, quality=90)
    return root


def test_everything_is_published_in_the_documents_shapes(lab, photos):
    runs = run_all(lab, definitions(photos, catalog={"num_train": 4, "relative": True}))
    assert all(run.success for run in runs)

    catalog = json.loads((published(lab, "catalog") / "catalog.json").read_text())
    assert list(catalog) == ["bag", "cartoon character", "household object", "pet animal", "toy"]
    assert {len(lists["train"]) for concepts in catalog.values() for lists in concepts.values()} == {4}

    splits = published(lab, "concept_splits")
    train = json.loads((splits / "train_combined_concepts_subset_seed_23.json").read_text())
    validation = json.loads((splits / "validation_combined_concepts_subset_seed_23.json").read_text())
    assert {name: len(concepts) for name, concepts in train.items()} == {
        "bag": 0, "cartoon character": 0, "household object": 3, "pet animal": 4, "toy": 2,
    }  # fmt: skip
    assert {name: len(concepts) for name, concepts in validation.items()} == {
        "bag": 1, "cartoon character": 1, "household object": 1, "pet animal": 1, "toy": 1,
    }  # fmt: skip

    entries = json.loads(
        (published(lab, "retrieval", "pet-animal") / "pet animal/seed_23/retrieval_top3.json").read_text()
    )
    assert len(entries) == sum(len(lists["train"]) for lists in train["pet animal"].values())
    for entry in entries:
        assert set(entry) == {"query_path", "ret_paths", "label", "category"}
        concepts = [path.split("/")[1] for path in (entry["query_path"], *entry["ret_paths"])]
        assert concepts[1:].count(concepts[0]) == 1
        assert concepts[1 + entry["label"]] == concepts[0]
        assert len(set(concepts[1:])) == 3

    combined = published(lab, "retrieval_dataset") / "all/seed_42/retrieval_top3_combined_all.json"
    assert {entry["category"] for entry in json.loads(combined.read_text())} == {
        "household object",
        "pet animal",
    }
    name = f"{DATASET}_all_test_subset_seed_23_K_3"
    from datasets import load_from_disk

    speaker = load_from_disk(str(published(lab, "training_dataset") / "speaker" / name))["train"]
    assert speaker.column_names == ["image", "ret_paths", "names", "speaker_problem", "solution", "category"]
    assert speaker.num_rows == len(json.loads(combined.read_text()))
    for task in ("speaker", "listener"):
        folder = published(lab, "training_dataset") / task / name
        require_card(folder, "- train/data-00000-of-00001.arrow", f"{task}_problem", "- retrieval_dataset: ")
    assert (published(lab, "analysis") / "contact_sheets/pet-animal.jpg").is_file()

    (event,) = (
        event
        for event in runs[1].asset_materializations_for_node(f"{DATASET}__retrieval")
        if event.partition == "pet-animal"
    )
    assert event.metadata["contact sheet"].value.startswith(
        "![Queries of pet animal](data:image/jpeg;base64,"
    )
    assert event.metadata["queries"].value == event.metadata["dagster/row_count"].value == 22

    subset = json.loads((published(lab, "concept_subset") / "concept_subset.json").read_text())
    assert subset["n_chosen"] == 9


def test_training_never_shows_what_is_held_out(lab, photos):
    run_all(lab, definitions(photos, catalog={"relative": True}), ROWS)
    splits = pl.read_parquet(published(lab, "concept_splits") / "concept_splits.parquet")
    held_out = set(splits.filter(pl.col("role") == "validation")["path"])
    rows = pl.read_parquet(published(lab, "retrieval_dataset") / "retrieval.parquet")
    shown = {*rows["query_path"], *rows["ret_paths"].explode()}
    assert len(shown) > 20
    assert not shown & held_out


def test_rows_of_the_whole_catalog_say_that_they_show_held_out_concepts(lab, photos):
    whole = definitions(photos, catalog={"num_train": 4}, retrieval={"source": "catalog"})
    runs = run_all(lab, whole, ROWS)
    assert ("held_out_unseen", "pet-animal", False, "WARN") in lab.verdicts(runs[1])


def test_real_explicit_splits(lab, test_data):
    root = test_data("clothing-explicit-split")
    runs = run_all(lab, definitions(root, retrieval={"source": "catalog"}), ROWS)
    assert all(run.success for run in runs)
    images = pl.read_parquet(published(lab, "catalog") / "catalog.parquet")
    assert images.group_by("split").len().sort("split").rows() == [("train", 80), ("test", 80)]
    rows = pl.read_parquet(published(lab, "retrieval_dataset") / "retrieval.parquet")
    assert rows.group_by("category").len().sort("category").rows() == [("bottoms", 24), ("tops", 24)]
    catalog = json.loads((published(lab, "catalog") / "catalog.json").read_text())
    assert Path(catalog["tops"]["shirt"]["train"][0]).is_file()


def test_odd_images_are_catalogued_or_reported_and_nothing_stops(lab, photos, test_data, tmp_path):
    root = tmp_path / "photos"
    shutil.copytree(photos, root)
    (root / "pet animal/odd ünïcode").mkdir()
    odd = [
        path for path in sorted(test_data("edge-images").rglob("*.*")) if path.suffix not in (".txt", ".pgm")
    ]
    for number, path in enumerate(odd):
        shutil.copy(path, root / f"pet animal/odd ünïcode/{number} {path.name}")
    runs = run_all(lab, definitions(root, catalog={"num_train": 40}))
    assert all(run.success for run in runs)
    images = pl.read_parquet(published(lab, "catalog") / "catalog.parquet")
    added = images.filter(pl.col("path").str.contains("odd"))
    unreadable = added.filter(pl.col("reason").is_not_null())
    assert added.height == len(odd)
    assert unreadable.height == 3
    assert ("images_readable", None, False, "WARN") in lab.verdicts(runs[0])
    assert ("extension_matches_content", None, False, "WARN") in lab.verdicts(runs[0])
    embedded = pl.read_parquet(published(lab, "embeddings", "pet-animal") / "embeddings.parquet")
    assert (
        embedded.height
        == images.filter(pl.col("partition") == "pet-animal", pl.col("reason").is_null()).height
    )


def test_one_run_and_one_run_each_give_the_same(make_lab, photos):
    settings = {"catalog": {"num_train": 4, "relative": True}}
    states = []
    for one_run in (True, False):
        lab = make_lab()
        whole = definitions(photos, **settings)
        runs = [lab.run(whole, key("catalog")), lab.run(whole, key("concept_splits"))]
        categories = lab.instance.get_dynamic_partitions(f"{DATASET}/category")
        for asset in BY_CATEGORY:
            if one_run:
                runs.append(lab.run(whole, key(asset), span=(categories[0], categories[-1])))
            else:
                runs += [lab.run(whole, key(asset), partition=category) for category in categories]
        runs.append(lab.run(whole, key("retrieval_dataset")))
        materialized = {asset: lab.instance.get_materialized_partitions(key(asset)) for asset in BY_CATEGORY}
        states.append((materialized, set().union(*map(lab.verdicts, runs)), data_files(lab.home)))
    assert states[0] == states[1]


@pytest.mark.parametrize("one_run", [True, False])
def test_a_rejected_category_is_named_as_missing_and_holds_up_no_other(lab, photos, one_run):
    whole = definitions(photos, catalog={"num_train": 4}, audits={"queries_covered": "FAILED"})
    for asset in ("catalog", "concept_splits"):
        lab.run(whole, key(asset))
    categories = lab.instance.get_dynamic_partitions(f"{DATASET}/category")
    lab.run(whole, key("embeddings"), span=(categories[0], categories[-1]))
    if one_run:
        assert not lab.run(whole, key("retrieval"), span=(categories[0], categories[-1])).success
    else:
        assert [lab.run(whole, key("retrieval"), partition=name).success for name in categories].count(
            False
        ) == 1
    assert lab.instance.get_materialized_partitions(key("retrieval")) == set(categories) - {"toy"}
    combined = lab.run(whole, key("retrieval_dataset"))
    assert combined.success
    (event,) = combined.asset_materializations_for_node(f"{DATASET}__retrieval_dataset")
    assert event.metadata["missing"].value == {
        "toy": "retrieval was rejected: 10 of 10 images (100.0%) have no row as a query; "
        "10 category_has_fewer_concepts_than_top_k: lower top_k or add concepts to the category"
    }


def test_only_new_images_are_encoded_and_rows_elsewhere_stay(lab, photos, tmp_path):
    root = tmp_path / "photos"
    shutil.copytree(photos, root)
    whole = definitions(root, catalog={"relative": True})
    run_all(lab, whole, ROWS)
    before = data_files(lab.home)
    rows_before = pl.read_parquet(published(lab, "retrieval_dataset") / "retrieval.parquet")
    with Image.open(photos / "pet animal/dog2/00.jpg") as image:
        image.rotate(8).crop((20, 20, 200, 200)).save(root / "pet animal/dog2/new.jpg")
    runs = run_all(lab, whole, ROWS)
    assert all(run.success for run in runs)
    encoded = {
        event.partition: event.metadata["encoded"].value
        for event in runs[1].asset_materializations_for_node(f"{DATASET}__embeddings")
        if not event.metadata["reused"].value
    }
    assert encoded == {"pet-animal": 1}
    changed = {name for name, content in data_files(lab.home).items() if before.get(name) != content}
    assert not [
        name for name in changed if name.startswith(("photos/embeddings/toy", "photos/retrieval/house"))
    ]
    rows = pl.read_parquet(published(lab, "retrieval_dataset") / "retrieval.parquet")
    moved = rows.join(rows_before, on=["query_path", "ret_paths", "label"], how="anti")
    involves = pl.concat_list("concept", "ret_concepts").list.contains("dog2")
    assert moved.height
    assert moved.filter(~involves).height == 0


def test_byte_identical_whatever_the_hash_seed_and_the_cores(photos, tmp_path):
    script = tmp_path / "run.py"
    script.write_text(
        "import sys, pathlib, dagster as dg\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from conftest import Lab\n"
        "from test_concept_retrieval import definitions, run_all\n"
        "if __name__ == '__main__':\n"
        "    with dg.DagsterInstance.ephemeral() as instance:\n"
        "        lab = Lab(instance, pathlib.Path(sys.argv[2]))\n"
        "        runs = run_all(lab, definitions(pathlib.Path(sys.argv[1]), catalog={'relative': True}))\n"
        "        assert all(run.success for run in runs)\n"
    )
    homes = []
    for seed, cores in (("0", {0}), ("1", os.sched_getaffinity(0))):
        homes.append(tmp_path / seed)
        subprocess.run(
            [sys.executable, script, photos, homes[-1]],
            env=os.environ | {"PYTHONHASHSEED": seed},
            preexec_fn=lambda cores=cores: os.sched_setaffinity(0, cores),
            check=True,
            capture_output=True,
        )
    first, second = map(data_files, homes)
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        pytest.param({"catalog": {"train_fraction": 0}}, "greater than 0", id="out of range"),
        pytest.param({"catalog": {"num_trian": 5}}, "Extra inputs are not permitted", id="misspelt"),
        pytest.param(
            {"audits": {"images_red": "FAILED"}},
            "no such check: images_red; allowed are categories_present",
            id="unknown check",
        ),
        pytest.param(
            {"audits": {"images_readable": "IGNORE"}},
            "Input should be 'WARNING' or 'FAILED'",
            id="unknown level",
        ),
        pytest.param({"retrieval": {"top_k": 12}}, "cannot give top_k - 1 = 11 distractors", id="too few"),
    ],
)
def test_wrong_settings_are_refused_at_load(settings, message):
    with pytest.raises(ValueError, match=message):
        definitions(Path("/photos"), **settings)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(lambda root: None, "does not exist: set it to the folder", id="missing"),
        pytest.param(lambda root: root.mkdir(), "holds no image", id="empty"),
        pytest.param(lambda root: root.write_text(""), "is a file: set it to the folder", id="a file"),
    ],
)
def test_a_wrong_root_fails_with_what_to_do(lab, tmp_path, make, message):
    root = tmp_path / "photos"
    make(root)
    run = lab.run(definitions(root), key("catalog"))
    assert not run.success
    assert message in str(run.get_step_failure_events()[0].event_specific_data)


def test_one_image_is_enough_to_be_catalogued(lab, photos, tmp_path):
    root = tmp_path / "photos"
    (root / "bag/one").mkdir(parents=True)
    shutil.copy(photos / "bag/backpack/00.jpg", root / "bag/one")
    whole = definitions(root)
    for asset, partition in [
        ("catalog", None),
        ("concept_splits", None),
        ("concept_subset", None),
        ("embeddings", "bag"),
        ("retrieval", "bag"),
        ("analysis", None),
    ]:
        assert lab.run(whole, key(asset), partition=partition).success, asset
    combined = lab.run(whole, key("retrieval_dataset"))
    assert ("combined_not_empty", None, False, "ERROR") in lab.verdicts(combined)


def test_images_are_observed_by_their_listing(lab, photos):
    version = [
        lab.run(definitions(photos), key("images")).asset_observations_for_node(f"{DATASET}__images")
        for _ in range(2)
    ]
    tags = [events[0].tags["dagster/data_version"] for events in version]
    assert tags[0] == tags[1]


def test_vanished_and_invented_partitions_hold_up_no_other(lab, photos, tmp_path):
    root = tmp_path / "photos"
    shutil.copytree(photos, root)
    whole = definitions(root)
    run_all(lab, whole, ROWS)
    shutil.rmtree(root / "bag")
    lab.instance.add_dynamic_partitions(f"{DATASET}/category", ["zebra"])
    for asset in ("catalog", "concept_splits"):
        assert lab.run(whole, key(asset)).success
    assert lab.run(whole, key("embeddings"), span=("bag", "zebra")).success
    run = lab.run(whole, key("retrieval"), span=("bag", "zebra"))
    said = str(run.get_step_failure_events()[0].event_specific_data)
    assert "1 of 6 not published" in said
    assert "the catalog has no category with the key 'zebra'" in said
    assert pl.read_parquet(published(lab, "retrieval", "bag") / "retrieval.parquet").is_empty()
    assert pl.read_parquet(published(lab, "retrieval", "pet-animal") / "retrieval.parquet").height == 22
