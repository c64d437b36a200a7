"""The subset of k concepts closest to a wanted total: exact, seeded, and clear where it cannot be."""

import json
import random
from itertools import combinations
from pathlib import Path

import dataframely as dy
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from vdata_assets.quality.findings import Status
from vdata_assets.splits.audit import audit_concept_subset
from vdata_assets.splits.concept_subset import choose_concepts, write_concept_subset
from vdata_assets.splits.schema import ConceptCounts
from vdata_assets.splits.settings import ConceptSubsetSettings


def table(sizes: list[tuple[str, int]]) -> dy.DataFrame[ConceptCounts]:
    """Concepts c0000, c0001, ... given their category and number of images."""
    rows = [(category, f"c{number:04}", images) for number, (category, images) in enumerate(sizes)]
    counts = pl.DataFrame(rows, schema=["category", "concept", "images"], orient="row")
    return ConceptCounts.validate(counts.sort("category", "concept"), cast=True)


def random_table(concepts: int, categories: int, largest: int, seed: int) -> dy.DataFrame[ConceptCounts]:
    draw = random.Random(seed)
    return table([(f"g{number % categories:02}", draw.randint(1, largest)) for number in range(concepts)])


def keys(chosen: pl.DataFrame) -> list[tuple[str, str]]:
    return list(chosen.select("category", "concept").iter_rows())


@settings(max_examples=150, deadline=None)
@given(
    sizes=st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 30)), min_size=1, max_size=9),
    wanted=st.integers(1, 9),
    target=st.integers(0, 150),
    cover=st.booleans(),
    seed=st.integers(0, 3),
)
def test_no_other_k_concepts_come_closer(
    sizes: list[tuple[str, int]], wanted: int, target: int, cover: bool, seed: int
) -> None:
    counts = table(sizes)
    categories = counts["category"].n_unique() if cover else 1
    k = min(max(wanted, categories), counts.height)
    totals = [
        sum(images for _, _, images in rows)
        for rows in combinations(counts.iter_rows(), k)
        if not cover or len({category for category, _, _ in rows}) == categories
    ]
    closest = min(totals, key=lambda total: (abs(total - target), total))

    chosen = choose_concepts(counts, k, target, cover_categories=cover, seed=seed)
    assert chosen.height == k
    assert chosen["images"].sum() == closest
    assert not cover or chosen["category"].n_unique() == categories
    assert set(chosen.iter_rows()) <= set(counts.iter_rows())


def milp_distance(counts: pl.DataFrame, k: int, target: int, cover: bool) -> int:
    """The least |total - target| of k concepts by integer programming: least d, -d <= total - target <= d."""
    images = counts["images"].to_numpy().astype(float)
    rows = [
        LinearConstraint(np.r_[images, 1.0], target, np.inf),
        LinearConstraint(np.r_[images, -1.0], -np.inf, target),
        LinearConstraint(np.r_[np.ones(counts.height), 0.0], k, k),
    ]
    if cover:
        category = counts["category"].to_numpy()
        members = (category[None] == np.unique(category)[:, None]).astype(float)
        rows.append(LinearConstraint(np.c_[members, np.zeros(len(members))], 1, np.inf))
    solved = milp(
        np.r_[np.zeros(counts.height), 1.0],
        constraints=rows,
        integrality=np.r_[np.ones(counts.height), 0],
        bounds=Bounds(0, np.r_[np.ones(counts.height), np.inf]),
    )
    assert solved.success, solved.message
    return round(solved.fun)


@pytest.mark.parametrize(
    ("concepts", "k", "target", "cover"),
    [
        pytest.param(60, 8, 431, False, id="reachable"),
        pytest.param(60, 8, 431, True, id="reachable, covering"),
        pytest.param(60, 12, 20, True, id="target too low, covering"),
        pytest.param(60, 12, 9000, True, id="target too high, covering"),
        pytest.param(40, 39, 1700, True, id="nearly all"),
    ],
)
@pytest.mark.parametrize("seed", [1, 2])
def test_integer_programming_finds_nothing_closer(
    concepts: int, k: int, target: int, cover: bool, seed: int
) -> None:
    counts = random_table(concepts, 6, 100, seed)
    counts = ConceptCounts.validate(counts.with_columns(images=pl.col("images") * 7 + 3), cast=True)
    chosen = choose_concepts(counts, k, target, cover_categories=cover)
    assert chosen.height == k
    assert abs(int(chosen["images"].sum()) - target) == milp_distance(counts, k, target, cover)


def test_thousands_of_concepts_and_a_high_target_are_exact() -> None:
    counts = random_table(2000, 20, 7000, seed=1)
    chosen = choose_concepts(counts, 30, 100_000, cover_categories=True)
    assert (chosen.height, chosen["images"].sum(), chosen["category"].n_unique()) == (30, 100_000, 20)


@pytest.mark.parametrize(
    ("sizes", "k", "target", "total"),
    [
        pytest.param([4, 6], 1, 5, 4, id="of two as close the smaller"),
        pytest.param([9, 6], 1, 5, 6, id="above if that is closer"),
        pytest.param([10**9, 3], 1, 5, 3, id="a huge concept costs nothing"),
        pytest.param([10**6, 10**6 + 1], 1, 0, 10**6, id="none can be near"),
        pytest.param([2, 3, 4], 3, 100, 9, id="all"),
    ],
)
def test_totals(sizes: list[int], k: int, target: int, total: int) -> None:
    assert choose_concepts(table([("bag", size) for size in sizes]), k, target)["images"].sum() == total


def test_the_seed_decides_between_equal_concepts_and_nothing_else() -> None:
    counts = table([("bag", 5)] * 12 + [("cup", 50)])
    chosen = [tuple(keys(choose_concepts(counts, 3, 15, seed=seed))) for seed in range(6)]
    assert len(set(chosen)) == 6
    assert all(category == "bag" for concepts in chosen for category, _ in concepts)
    assert (
        choose_concepts(counts.sample(fraction=1, shuffle=True), 3, 15)
        .sort("concept")
        .equals(choose_concepts(counts, 3, 15))
    )


def test_among_equals_a_concept_more_replaces_at_most_one() -> None:
    for number in range(4, 30):
        before = choose_concepts(table([("bag", 5)] * number), 3, 15)
        after = choose_concepts(table([("bag", 5)] * (number + 1)), 3, 15)
        assert len(set(keys(before)) - set(keys(after))) <= 1


@pytest.mark.parametrize(
    ("k", "cover", "message"),
    [
        (0, False, "k = 0 concepts cannot be chosen: set k to 1 or more"),
        (4, False, "k = 4 concepts cannot be chosen from 3: set k to that or lower"),
        (
            1,
            True,
            "k = 1 concepts cannot cover 2 categories: set k to 2 or more, or cover_categories to false",
        ),
    ],
)
def test_an_impossible_k_is_refused(k: int, cover: bool, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        choose_concepts(table([("bag", 1), ("bag", 2), ("cup", 3)]), k, 5, cover_categories=cover)


def images(sizes: dict[tuple[str, str], tuple[int, int]]) -> pl.DataFrame:
    """Rows as of a catalog, given {(category, concept): (train images, test images)}."""
    rows = [
        (category, concept, split, f"{category}/{concept}/{split}{number}.jpg")
        for (category, concept), counts in sizes.items()
        for split, count in zip(("train", "test"), counts, strict=True)
        for number in range(count)
    ]
    return pl.DataFrame(rows, schema=["category", "concept", "split", "path"], orient="row")


ROWS = images(
    {("bag", "red"): (3, 1), ("bag", "blue"): (5, 0), ("cup", "mug"): (0, 2), ("toy", "duck"): (1, 1)}
)


def test_files_say_what_was_chosen(tmp_path: Path) -> None:
    chosen = write_concept_subset(ROWS, ConceptSubsetSettings(k=2, target=5), tmp_path, prefix="data/")
    assert json.loads((tmp_path / "concept_subset.json").read_text()) == {
        "settings": {"k": 2, "target": 5, "cover_categories": False, "seed": 23},
        "n_available": 3,
        "n_chosen": 2,
        "total": 4,
        "target": 5,
        "difference": -1,
        "concepts": {"bag": {"red": 3}, "toy": {"duck": 1}},
    }
    assert json.loads((tmp_path / "concept_subset_catalog.json").read_text()) == {
        "bag": {
            "red": {
                "train": [f"data/bag/red/train{n}.jpg" for n in range(3)],
                "test": ["data/bag/red/test0.jpg"],
            }
        },
        "toy": {"duck": {"train": ["data/toy/duck/train0.jpg"], "test": ["data/toy/duck/test0.jpg"]}},
    }
    assert pl.read_parquet(tmp_path / "concept_subset.parquet").equals(chosen)


@pytest.mark.parametrize(
    ("changes", "statuses", "messages", "offenders"),
    [
        pytest.param(
            {"k": 2, "target": 6},
            (Status.PASSED, Status.PASSED),
            (
                "2 of 3 concepts with 6 train images in all, 6 wanted",
                "2 of 3 categories are in the subset, and need not be",
            ),
            (),
            id="as wanted",
        ),
        pytest.param(
            {},
            (Status.WARNING, Status.PASSED),
            (
                "3 of 3 concepts with 9 train images in all, 1000 wanted",
                "2 of 3 categories are in the subset, and need not be",
            ),
            ("3 concepts with train images, 30 wanted",),
            id="fewer concepts than k: all are taken",
        ),
        pytest.param(
            {"k": 2, "cover_categories": True},
            (Status.PASSED, Status.WARNING),
            (
                "2 of 3 concepts with 6 train images in all, 1000 wanted",
                "2 of 3 categories are in the subset",
            ),
            ("cup",),
            id="a category without train images cannot be covered",
        ),
    ],
)
def test_the_audit_tells_what_was_not_to_be_had(
    tmp_path: Path,
    changes: dict,
    statuses: tuple[Status, ...],
    messages: tuple[str, ...],
    offenders: tuple[str, ...],
) -> None:
    wanted = ConceptSubsetSettings(**changes)
    write_concept_subset(ROWS, wanted, tmp_path)
    findings = audit_concept_subset(tmp_path, ROWS, wanted)
    assert tuple(finding.status for finding in findings) == statuses
    assert tuple(finding.message for finding in findings) == messages
    assert sum((finding.offenders for finding in findings), ()) == offenders


def test_a_dataset_without_train_images_gives_an_empty_subset(tmp_path: Path) -> None:
    rows = images({("bag", "red"): (0, 2)})
    assert write_concept_subset(rows, ConceptSubsetSettings(), tmp_path).is_empty()
    findings = audit_concept_subset(tmp_path, rows, ConceptSubsetSettings())
    assert [finding.status for finding in findings] == [Status.WARNING, Status.PASSED]
