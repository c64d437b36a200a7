"""Concept-level splits: which concepts train, which test images join them, and what the files say."""

import json
import os
import subprocess
import sys
from pathlib import Path

import dataframely as dy
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from vdata_assets.catalog.schema import Images
from vdata_assets.quality.findings import Status
from vdata_assets.splits.audit import audit_concept_splits
from vdata_assets.splits.concept_splits import split_concepts, write_concept_splits
from vdata_assets.splits.settings import ConceptSplitSettings

TRAIN = "train_combined_concepts_subset_seed_23.json"
VALIDATION = "validation_combined_concepts_subset_seed_23.json"
METADATA = "train_val_combined_metadata_seed_23.json"


def catalog(sizes: dict[str, dict[str, tuple[int, int]]]) -> dy.DataFrame[Images]:
    """A catalog of readable images, given {category: {concept: (train images, test images)}}."""
    rows = [
        {
            "image_id": f"id:{category}/{concept}/{split}{number:03}",
            "path": f"{category}/{concept}/{split}{number:03}.jpg",
            "category": category,
            "concept": concept,
            "partition": category.replace(" ", "-"),
            "split": split,
            "content_hash": f"hash:{category}/{concept}/{split}{number:03}",
            "width": 4,
            "height": 3,
            "format": "JPEG",
            "bytes": 100,
            "reason": None,
        }
        for category, concepts in sizes.items()
        for concept, counts in concepts.items()
        for split, count in zip(("train", "test"), counts, strict=True)
        for number in range(count)
    ]
    empty = Images.create_empty()
    return Images.validate(
        pl.DataFrame(rows, schema={**empty.schema, "split": pl.String}).sort("path"), cast=True
    )


def concepts(count: int, train: int = 1, test: int = 2) -> dict[str, tuple[int, int]]:
    return {f"c{number:02}": (train, test) for number in range(count)}


def content(file: Path) -> dict:
    return json.loads(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("count", "changes", "expected"),
    [
        pytest.param(1, {}, 0, id="one concept is too few"),
        pytest.param(2, {}, 0, id="two concepts are too few"),
        pytest.param(3, {}, 2, id="1.95 is rounded up"),
        pytest.param(4, {}, 3, id="2.6 is rounded up"),
        pytest.param(20, {}, 13, id="0.65 of 20 is 13, though 0.65 * 20 > 13 as floats"),
        pytest.param(100, {"concept_frac": 0.07}, 7, id="0.07 of 100 is 7, though 0.07 * 100 > 7 as floats"),
        pytest.param(2, {"min_concepts_threshold": 2}, 2, id="a lower threshold splits two"),
        pytest.param(5, {"concept_frac": 1}, 5, id="all"),
        pytest.param(5, {"concept_frac": 0}, 0, id="none"),
    ],
)
def test_a_share_of_the_concepts_is_for_training(count: int, changes: dict, expected: int) -> None:
    chosen = ConceptSplitSettings(**changes)
    splits = split_concepts(catalog({"bag": concepts(count)}), chosen)
    training = splits.filter(pl.col("role").cast(pl.String) == "train")
    assert training["concept"].n_unique() == expected


@pytest.mark.parametrize(
    ("tests", "changes", "expected"),
    [
        pytest.param(7, {}, 7, id="all by default"),
        pytest.param(201, {}, 200, id="the limit holds"),
        pytest.param(7, {"max_test_images": 3}, 3, id="a lower limit"),
        pytest.param(7, {"max_test_images": 0}, 0, id="a limit of none"),
        pytest.param(7, {"test_sample_frac": 0.5}, 3, id="3.5 is rounded down"),
        pytest.param(100, {"test_sample_frac": 0.29}, 29, id="0.29 of 100 is 29, though less as floats"),
        pytest.param(7, {"test_sample_frac": 0.1}, 1, id="at least one"),
        pytest.param(0, {"test_sample_frac": 0.1}, 0, id="none of none"),
        pytest.param(7, {"test_sample_frac": 0}, 0, id="none if the share is 0"),
    ],
)
def test_test_images_of_training_concepts_are_sampled(tests: int, changes: dict, expected: int) -> None:
    chosen = ConceptSplitSettings(concept_frac=1, **changes)
    splits = split_concepts(catalog({"bag": concepts(3, train=2, test=tests)}), chosen)
    counts = splits.filter(pl.col("concept") == "c00")["split"].cast(pl.String).value_counts()
    expected_counts = {"train": 2 + expected, "unused": tests - expected}
    assert dict(counts.iter_rows()) == {split: n for split, n in expected_counts.items() if n}


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("concept_frac", 1.5, "less than or equal to 1"),
        ("concept_frac", -0.1, "greater than or equal to 0"),
        ("min_concepts_threshold", 0, "greater than or equal to 1"),
        ("test_sample_frac", 2, "less than or equal to 1"),
        ("max_test_images", -1, "greater than or equal to 0"),
        ("concept_fraction", 0.5, "Extra inputs are not permitted"),
    ],
)
def test_settings_out_of_bounds_are_refused(field: str, value: float, message: str) -> None:
    with pytest.raises(ValidationError, match=f"(?s){field}.*{message}"):
        ConceptSplitSettings(**{field: value})


def test_files_have_the_catalogs_shape_and_name_every_category(tmp_path: Path) -> None:
    images = catalog({"bag": concepts(3), "pet animal": {"rex": (1, 1)}})
    splits = write_concept_splits(images, ConceptSplitSettings(), tmp_path, prefix="data/")
    train, validation, metadata = (content(tmp_path / name) for name in (TRAIN, VALIDATION, METADATA))

    assert {name: len(found) for name, found in train.items()} == {"bag": 2, "pet animal": 0}
    for concept, lists in train["bag"].items():
        assert lists == {
            "train": [f"data/bag/{concept}/{name}.jpg" for name in ("test000", "test001", "train000")],
            "test": [],
        }
    (held,) = validation["bag"]
    assert held not in train["bag"]
    assert validation["pet animal"] == {
        "rex": {"train": ["data/pet animal/rex/train000.jpg"], "test": ["data/pet animal/rex/test000.jpg"]}
    }
    assert metadata["seed"] == 23
    assert metadata["settings"] == {
        "concept_frac": 0.65,
        "min_concepts_threshold": 3,
        "test_sample_frac": 1.0,
        "max_test_images": 200,
        "seed": 23,
    }
    assert metadata["categories"]["pet animal"] == {
        "n_concepts": 1,
        "selected_concepts": [],
        "validation_concepts": ["rex"],
        "concepts": {},
    }
    bag = metadata["categories"]["bag"]
    assert (bag["n_concepts"], bag["selected_concepts"]) == (3, sorted(train["bag"]))
    assert bag["validation_concepts"] == [held]
    for concept in train["bag"]:
        sampled = [f"data/bag/{concept}/test{number:03}.jpg" for number in range(2)]
        assert bag["concepts"][concept] == {"n_original_test": 2, "n_sampled": 2, "sampled": sampled}
    assert pl.read_parquet(tmp_path / "concept_splits.parquet").equals(splits)


def test_negatives_stay_with_their_concept_and_unreadable_images_stay_out(tmp_path: Path) -> None:
    images = catalog({"bag": concepts(1), "cup": {"mug": (1, 0)}}).with_columns(
        split=pl.when(pl.col("path").str.ends_with("test001.jpg"))
        .then(pl.lit("negative"))
        .otherwise(pl.col("split").cast(pl.String)),
        reason=pl.when(pl.col("category") == "cup").then(pl.lit("image file is truncated")),
    )
    write_concept_splits(Images.validate(images, cast=True), ConceptSplitSettings(), tmp_path)
    assert content(tmp_path / VALIDATION) == {
        "bag": {
            "c00": {
                "train": ["bag/c00/train000.jpg"],
                "test": ["bag/c00/test000.jpg"],
                "negative": ["bag/c00/test001.jpg"],
            }
        },
        "cup": {},
    }
    assert content(tmp_path / TRAIN) == {"bag": {}, "cup": {}}


SIZES = st.dictionaries(
    st.sampled_from("abcdefgh"), st.tuples(st.integers(0, 3), st.integers(0, 9)), min_size=1, max_size=8
)


@settings(max_examples=40, deadline=None)
@given(bag=SIZES, cup=SIZES, seed=st.integers(0, 5))
def test_a_category_added_elsewhere_moves_nothing(bag: dict, cup: dict, seed: int) -> None:
    chosen = ConceptSplitSettings(test_sample_frac=0.5, seed=seed)
    alone = split_concepts(catalog({"bag": bag}), chosen)
    together = split_concepts(catalog({"ant": cup, "bag": bag}), chosen)
    assert together.filter(pl.col("category") == "bag").equals(alone)


@settings(max_examples=40, deadline=None)
@given(tests=st.integers(1, 30), seed=st.integers(0, 5))
def test_an_image_added_moves_at_most_one_in_and_one_out(tests: int, seed: int) -> None:
    def sampled(count: int) -> set[str]:
        splits = split_concepts(catalog({"bag": concepts(3, test=count)}), chosen)
        mine = splits.filter(pl.col("catalog_split").cast(pl.String) == "test", pl.col("concept") == "c00")
        return set(mine.filter(pl.col("split").cast(pl.String) == "train")["path"])

    chosen = ConceptSplitSettings(concept_frac=1, test_sample_frac=0.5, seed=seed)
    before, after = sampled(tests), sampled(tests + 1)
    assert len(before - after) <= 1
    assert len(after - before) <= 1


def test_a_concept_added_moves_at_most_one_in_and_one_out() -> None:
    def training(count: int) -> set[str]:
        splits = split_concepts(catalog({"bag": concepts(count)}), ConceptSplitSettings())
        return set(splits.filter(pl.col("role").cast(pl.String) == "train")["concept"])

    for count in range(3, 25):
        before, after = training(count), training(count + 1)
        assert len(before - after) <= 1
        assert len(after - before) <= 1


def test_another_seed_chooses_others() -> None:
    images = catalog({"bag": concepts(20)})
    chosen = {
        seed: tuple(split_concepts(images, ConceptSplitSettings(seed=seed))["role"].cast(pl.String))
        for seed in range(5)
    }
    assert len(set(chosen.values())) == 5


def test_files_are_the_same_under_any_hash_seed(tmp_path: Path) -> None:
    images = catalog({"bag": concepts(9, test=5), "cup": concepts(4), "pet animal": concepts(2)})
    images.write_parquet(tmp_path / "catalog.parquet")
    program = (
        "import sys, polars as pl; from pathlib import Path\n"
        "from vdata_assets.splits.concept_splits import *\n"
        "images = pl.read_parquet(sys.argv[1]).sample(fraction=1, shuffle=True, seed=int(sys.argv[3]))\n"
        "write_concept_splits(images, ConceptSplitSettings(test_sample_frac=0.5), Path(sys.argv[2]))\n"
    )
    written = []
    for seed in ("1", "2"):
        folder = tmp_path / seed
        folder.mkdir()
        subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / "catalog.parquet"), str(folder), seed],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
        )
        written.append({file.name: file.read_bytes() for file in sorted(folder.iterdir())})
    assert set(written[0]) == {"concept_splits.parquet", METADATA, TRAIN, VALIDATION}
    assert written[0] == written[1]


def copy_across_roles(images: pl.DataFrame, folder: Path) -> pl.DataFrame:
    """A validation image gets the bytes of a training image."""
    splits = pl.read_parquet(folder / "concept_splits.parquet")
    role = pl.col("role").cast(pl.String)
    used = splits.filter(role == "train")["content_hash"][0]
    held = splits.filter(role == "validation")["image_id"][0]
    return images.with_columns(
        content_hash=pl.when(pl.col("image_id") == held).then(pl.lit(used)).otherwise("content_hash")
    )


def test_a_sound_split_passes_and_names_categories_that_cannot_train(tmp_path: Path) -> None:
    images = catalog({"bag": concepts(3), "pet animal": concepts(2)})
    write_concept_splits(images, ConceptSplitSettings(), tmp_path)
    findings = audit_concept_splits(tmp_path, images, ConceptSplitSettings())
    assert [(finding.name, finding.status, finding.message) for finding in findings] == [
        ("splits_disjoint", Status.PASSED, "0 of 6 training images have the bytes of a validation image"),
        (
            "every_category_in_both",
            Status.PASSED,
            "0 of 2 categories are missing in the training or validation file",
        ),
        ("split_sizes", Status.PASSED, "0 categories or concepts have other sizes than the settings say"),
        ("categories_with_training_concepts", Status.WARNING, "1 of 2 categories have no training concept"),
    ]
    assert findings[-1].offenders == ("pet animal",)


def test_copies_across_the_roles_fail_though_their_paths_differ(tmp_path: Path) -> None:
    images = catalog({"bag": concepts(3)})
    write_concept_splits(images, ConceptSplitSettings(), tmp_path)
    images = Images.validate(copy_across_roles(images, tmp_path))
    splits = write_concept_splits(images, ConceptSplitSettings(), tmp_path)
    finding = audit_concept_splits(tmp_path, images, ConceptSplitSettings())[0]
    first = splits.filter(pl.col("role").cast(pl.String) == "train")["path"][0]
    assert (finding.status, finding.offenders) == (Status.FAILED, (first,))
    assert finding.message == "1 of 6 training images have the bytes of a validation image"


def test_an_unused_test_image_may_stand_in_validation_too(tmp_path: Path) -> None:
    chosen = ConceptSplitSettings(test_sample_frac=0, concept_frac=0.65)
    images = catalog({"bag": concepts(3, train=0)})
    write_concept_splits(images, chosen, tmp_path)
    images = Images.validate(copy_across_roles(images, tmp_path))
    write_concept_splits(images, chosen, tmp_path)
    assert audit_concept_splits(tmp_path, images, chosen)[0].status is Status.PASSED


def drop_category(train: dict, validation: dict) -> None:
    del train["bag"], validation["bag"]


def drop_image(train: dict, validation: dict) -> None:
    next(iter(train["bag"].values()))["train"].pop()


def move_concept(train: dict, validation: dict) -> None:
    concept, lists = train["bag"].popitem()
    validation["bag"][concept] = lists


@pytest.mark.parametrize(
    ("damage", "check", "offenders"),
    [
        pytest.param(drop_category, "every_category_in_both", 1, id="a category is missing"),
        pytest.param(drop_category, "split_sizes", 4, id="its concepts are missing too"),
        pytest.param(drop_image, "split_sizes", 1, id="an image is missing"),
        pytest.param(move_concept, "split_sizes", 2, id="a concept is in the wrong file"),
    ],
)
def test_damaged_files_fail(tmp_path: Path, damage, check: str, offenders: int) -> None:
    images = catalog({"bag": concepts(3)})
    write_concept_splits(images, ConceptSplitSettings(), tmp_path)
    files = [tmp_path / TRAIN, tmp_path / VALIDATION]
    lists = [content(file) for file in files]
    damage(*lists)
    for file, changed in zip(files, lists, strict=True):
        file.write_text(json.dumps(changed))
    findings = {item.name: item for item in audit_concept_splits(tmp_path, images, ConceptSplitSettings())}
    assert findings[check].status is Status.FAILED
    assert findings[check].counts["offenders"] == offenders
