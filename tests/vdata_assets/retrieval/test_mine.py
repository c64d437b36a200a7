"""Mining a category: the same rows as the obvious loop, odd inputs, stability."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mining_reference import Reference, category, random_category

from vdata_assets.retrieval import blocks
from vdata_assets.retrieval.mine import mine
from vdata_assets.retrieval.settings import MiningSettings

COMPARED = ("label", "ret_paths", "ret_concepts", "similarities", "ranks")
GUARDS = {
    "no guard": {"near_duplicate_hamming": None, "near_duplicate_cosine": None},
    "near-duplicates by default": {},
    "near-duplicates by hash": {"near_duplicate_hamming": 20, "near_duplicate_cosine": None},
    "near-duplicates by cosine": {"near_duplicate_hamming": None, "near_duplicate_cosine": 0.7},
    "max score": {"max_score": 0.3},
    "absolute margin": {"absolute_margin": 0.05},
    "relative margin": {"relative_margin": 0.1},
    "all": {"max_score": 0.8, "absolute_margin": 0.0, "relative_margin": 0.0, "near_duplicate_hamming": 8},
}


def mined_rows(mined):
    return {row["query_path"]: {name: row[name] for name in COMPARED} for row in mined.rows.to_dicts()}


@pytest.mark.parametrize("guard", GUARDS.values(), ids=GUARDS)
@pytest.mark.parametrize("strategy", ["similar", "dissimilar", "random", "mixed"])
@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 1 << 30),
    sizes=st.lists(st.integers(1, 6), min_size=1, max_size=7),
    copies=st.integers(0, 6),
    top_k=st.integers(2, 4),
    candidates=st.integers(3, 6),
    easy=st.sampled_from([0.0, 0.5, 1.0]),
)
def test_same_rows_reasons_and_counts_as_the_obvious_loop(
    strategy, guard, seed, sizes, copies, top_k, candidates, easy
):
    images = random_category(seed, sizes, copies=copies)
    chosen = MiningSettings(
        seed=seed % 100,
        strategy=strategy,
        top_k=top_k,
        candidate_concepts=candidates,
        easy_positive_prob=easy,
        **guard,
    )
    reference = Reference(images, chosen)
    rows, reasons = reference.rows()
    mined = mine(images.sample(fraction=1, shuffle=True, seed=seed), chosen)
    assert mined_rows(mined) == rows
    assert mined.rows["query_path"].to_list() == sorted(rows)
    assert mined.skipped == reasons
    assert mined.queries == len(images)
    assert {guard: count for guard, count in mined.guards.items() if count} == reference.guards


@pytest.mark.parametrize(
    ("sizes", "top_k", "rows", "skipped"),
    [
        pytest.param([4], 3, 0, {"category_has_one_concept": 4}, id="one concept"),
        pytest.param([1], 2, 0, {"category_has_one_concept": 1}, id="one image"),
        pytest.param([3, 3], 3, 0, {"category_has_fewer_concepts_than_top_k": 6}, id="fewer concepts than K"),
        pytest.param([3, 3], 2, 6, {}, id="two concepts, K = 2"),
        pytest.param([1, 3, 3], 3, 6, {"concept_has_one_image": 1}, id="a concept with one image"),
        pytest.param([1, 1, 1], 3, 0, {"concept_has_one_image": 3}, id="every concept with one image"),
        pytest.param([2, 2, 1], 3, 4, {"concept_has_one_image": 1}, id="its image still is a distractor"),
    ],
)
def test_what_gives_no_row_is_counted_by_reason(sizes, top_k, rows, skipped):
    mined = mine(random_category(1, sizes), MiningSettings(top_k=top_k, near_duplicate_cosine=None))
    assert mined.rows.height == rows
    assert mined.skipped == skipped
    assert mined.queries == rows + sum(skipped.values())


def test_an_empty_category_gives_no_rows():
    mined = mine(random_category(0, [2, 2]).clear(), MiningSettings())
    assert (mined.rows.height, mined.queries, mined.skipped) == (0, 0, {})


def test_guards_that_refuse_everything_leave_a_reason_not_a_row():
    mined = mine(random_category(2, [3, 3, 3]), MiningSettings(max_score=-1.0))
    assert mined.rows.height == 0
    assert mined.skipped == {"guards_left_too_few_distractors": 9}
    assert mined.guards["max_score"] == 9 * 6


def test_the_next_nearest_image_stands_in_for_a_refused_one():
    images = category(
        ["a", "a", "b", "b", "c", "c"],
        [[1, 0, 0], [0.6, 0.8, 0], [0.999, 0.045, 0], [0.8, 0, 0.6], [0, 0, 1], [0, 1, 0]],
    )
    row = mine(images, MiningSettings(top_k=2)).rows.row(0, named=True)
    assert row["query_path"] == "cats/a/00.jpg"
    assert row["ret_paths"][1 - row["label"]] == "cats/b/01.jpg"


def test_a_copy_of_the_positive_is_no_distractor():
    images = category(
        ["a", "a", "b", "b", "c", "c"],
        [[1, 0, 0], [0.6, 0.8, 0], [0.6, 0.8, 0.01], [0.3, 0, 0.95], [0, 0, 1], [0, 0.1, 1]],
    )
    row = mine(images, MiningSettings(top_k=2)).rows.row(0, named=True)
    assert row["ret_paths"][1 - row["label"]] == "cats/b/01.jpg"


@pytest.mark.parametrize(
    ("easy", "hashes", "positive", "counted"),
    [
        pytest.param(0.0, [0, 255, 65280], "cats/a/02.jpg", (0, 0), id="hard: the least similar view"),
        pytest.param(1.0, [0, 255, 65280], "cats/a/01.jpg", (0, 0), id="easy: the most similar view"),
        pytest.param(1.0, [0, 1, 65280], "cats/a/02.jpg", (2, 0), id="a copy is passed over"),
        pytest.param(1.0, [0, 1, 2], "cats/a/01.jpg", (0, 3), id="a copy is better than none"),
    ],
)
def test_the_positive(easy, hashes, positive, counted):
    far = [1 << 40, (1 << 60) - 1]
    images = category(["a", "a", "a", "b", "b"], [[1, 0], [0.9, 0.3], [0, 1], [-1, 0], [0, -1]], hashes + far)
    mined = mine(images, MiningSettings(top_k=2, easy_positive_prob=easy))
    row = mined.rows.row(0, named=True)
    assert row["ret_paths"][row["label"]] == positive
    counts = mined.guards["positive_copies_passed_over"], mined.guards["positive_is_copy"]
    assert counts[1] == counted[1]
    assert counts[0] == counted[0]


def test_equal_images_tie_and_the_first_path_wins():
    same = [[1, 0, 0]] * 2 + [[0, 1, 0]] * 3 + [[0, 1, 0]] * 2
    images = category(["a", "a", "b", "b", "b", "c", "c"], same)
    settings = MiningSettings(near_duplicate_cosine=None)
    row = mine(images, settings).rows.row(0, named=True)
    assert sorted(row["ret_paths"]) == ["cats/a/01.jpg", "cats/b/00.jpg", "cats/c/00.jpg"]


@pytest.mark.parametrize("strategy", ["similar", "dissimilar", "random", "mixed"])
def test_an_image_more_changes_only_rows_that_involve_its_concept(strategy):
    settings = MiningSettings(strategy=strategy, candidate_concepts=4, easy_positive_prob=0.3)
    images = random_category(3, [5] * 12)
    without = images.filter(pl.col("path") != "cats/c5/02.jpg")
    before, after = (mined_rows(mine(table, settings)) for table in (without, images))
    reference = Reference(images, settings), Reference(without, settings)
    moved = [path for path, row in before.items() if after[path] != row]
    for path in moved:
        assert (
            "c5" in path
            or any("c5" in ret for ret in before[path]["ret_paths"] + after[path]["ret_paths"])
            or any("c5" in nearest(one, path, 4) for one in reference)
        )
    assert len(moved) < len(before) / 2


def nearest(reference, path, wanted):
    """Names of the concepts whose means are nearest to the image at a path."""
    query = next(i for i, image in enumerate(reference.images) if image["path"] == path)
    others = [name for name in reference.means if name != reference.images[query]["concept"]]
    return sorted(others, key=lambda name: -float(reference.means[name] @ reference.vectors[query]))[:wanted]


@pytest.mark.parametrize("strategy", ["similar", "mixed"])
def test_neither_blocks_nor_threads_nor_row_order_change_a_bit(strategy, monkeypatch):
    images = random_category(4, [9, 1, 17, 3, 8, 12], dim=64, copies=5)
    settings = MiningSettings(strategy=strategy, max_score=0.4)
    expected = mine(images, settings)
    monkeypatch.setattr(blocks, "BLOCK_VALUES", 100)
    monkeypatch.setattr(blocks, "MAX_WORKERS", 1)
    again = mine(images.reverse(), settings)
    assert again.rows.equals(expected.rows)
    assert again.guards == expected.guards


def test_labels_are_spread_evenly_over_the_slots():
    rows = mine(random_category(5, [10] * 60), MiningSettings()).rows
    counts = np.bincount(rows["label"], minlength=3)
    assert counts.min() > 160


def test_progress_is_told(monkeypatch):
    lines = []
    monkeypatch.setattr("vdata_resources.progress.Progress.every", 0.0)
    monkeypatch.setattr("vdata_resources.progress.Progress.__init__.__defaults__", (0.0,))
    mine(random_category(6, [3, 3, 3]), MiningSettings(), log=lines.append)
    assert lines[-1].startswith("mine: 18/18 candidate concepts (100.0%)")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(
            {"category": pl.Series(["cats", "dogs"] * 3)},
            r"images of one category are mined at a time, but these are of \['cats', 'dogs'\]",
            id="two categories",
        ),
        pytest.param(
            {"vector": pl.Series([[3.0, 4.0]] * 6, dtype=pl.Array(pl.Float32, 2))},
            "vectors must be L2-normalised: the one in row 0 has norm 5",
            id="not normalised",
        ),
        pytest.param(
            {"vector": pl.Series([[1.0, 0.0]] * 5 + [None], dtype=pl.Array(pl.Float32, 2))},
            "1 images have no vector: leave them out",
            id="no vector",
        ),
    ],
)
def test_wrong_input_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        mine(random_category(7, [2, 2, 2]).with_columns(**change), MiningSettings())
