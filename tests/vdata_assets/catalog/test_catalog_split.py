"""The draw of training images."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vdata_assets.catalog.settings import AutoSplit
from vdata_assets.catalog.split import auto_split, train_images

Contents = dict[tuple[str, str], list[str | None]]


def rows(contents: Contents) -> pl.DataFrame:
    """One row a file: its concept and content hash; None is an unreadable file."""
    files = [
        (category, concept, content, None if content else "the file is empty")
        for (category, concept), hashes in contents.items()
        for content in hashes
    ]
    schema = dict.fromkeys(["category", "concept", "content_hash", "reason"], pl.String)
    return pl.DataFrame(files, schema=schema, orient="row")


def trained(contents: Contents, **settings: float) -> dict[tuple[str, str], list[str]]:
    """Content hashes of the training files by concept."""
    table = rows(contents)
    train = table.filter(auto_split(table, AutoSplit.model_validate(settings)) == "train")
    result: dict[tuple[str, str], list[str]] = {key: [] for key in contents}
    for category, concept, content, _ in train.iter_rows():
        result[category, concept].append(content)
    return result


@pytest.mark.parametrize(
    ("images", "settings", "expected"),
    [
        (1, {}, 1),
        (2, {}, 1),
        (7, {}, 1),
        (8, {}, 2),
        (12, {}, 2),
        (13, {}, 3),
        (100, {}, 20),
        (5, {"train_fraction": 0.5}, 3),
        (5, {"train_fraction": 1}, 5),
        (5, {"num_train": 3}, 3),
        (5, {"num_train": 9}, 5),
        (5, {"num_train": 1, "train_fraction": 1}, 1),
    ],
)
def test_number_of_training_images(images: int, settings: dict[str, float], expected: int) -> None:
    assert train_images(images, AutoSplit.model_validate(settings)) == expected
    concept = {("bag", "a"): [f"{n:032}" for n in range(images)]}
    assert len(trained(concept, **settings)["bag", "a"]) == expected


@pytest.mark.parametrize(
    ("hashes", "settings", "size"),
    [
        pytest.param(["x", "x", "y", "z", "v"], {"num_train": 3}, 3, id="a pair and singles fit exactly"),
        pytest.param(["x", "x", "y", "y"], {"num_train": 3}, 2, id="pairs alone fall short"),
        pytest.param(["x", "x", "x"], {"num_train": 1}, 3, id="at least one content"),
        pytest.param([None, None, "x", "y"], {"train_fraction": 0.5}, 1, id="unreadable files do not count"),
        pytest.param([None], {}, 0, id="nothing to draw"),
    ],
)
def test_copies_stay_together(hashes: list[str | None], settings: dict[str, float], size: int) -> None:
    assert len(trained({("bag", "a"): hashes}, **settings)["bag", "a"]) == size


def test_no_images() -> None:
    assert auto_split(rows({}), AutoSplit()).to_list() == []


HASHES = st.lists(st.sampled_from([*"abcdefghijklmnop", None]), max_size=20)
TREES = st.dictionaries(st.tuples(st.sampled_from("ABC"), st.sampled_from("123")), HASHES, max_size=6)
SETTINGS = st.fixed_dictionaries(
    {
        "train_fraction": st.floats(0.01, 1),
        "num_train": st.none() | st.integers(1, 9),
        "seed": st.integers(0, 9),
    }
)


@given(TREES, SETTINGS)
def test_splits_are_disjoint_by_content_and_never_without_training(contents: Contents, settings) -> None:
    train = trained(contents, **settings)
    for concept, hashes in contents.items():
        readable = [content for content in hashes if content]
        test = [content for content in readable if content not in train[concept]]
        assert sorted(train[concept] + test) == sorted(readable)
        assert bool(train[concept]) is bool(readable)


@given(TREES, TREES, SETTINGS, st.randoms())
def test_order_and_other_concepts_do_not_matter(
    contents: Contents, others: Contents, settings, random
) -> None:
    train = trained(contents, **settings)
    shuffled = [(key, random.sample(hashes, len(hashes))) for key, hashes in {**others, **contents}.items()]
    random.shuffle(shuffled)
    again = trained(dict(shuffled), **settings)
    assert {key: sorted(again[key]) for key in contents} == {key: sorted(train[key]) for key in contents}


@given(st.sets(st.integers(0, 999), min_size=1, max_size=40), st.integers(1000, 1999))
def test_one_more_image_moves_at_most_one(numbers: set[int], new: int) -> None:
    before = trained({("bag", "a"): [f"{n}" for n in numbers]})["bag", "a"]
    after = trained({("bag", "a"): [f"{n}" for n in {*numbers, new}]})["bag", "a"]
    assert len(set(before) ^ set(after)) <= 2
    assert len(set(before) - set(after)) <= 1


def test_another_seed_draws_others() -> None:
    concept = {("bag", "a"): [f"{n:032}" for n in range(100)]}
    draws = {tuple(trained(concept, seed=seed)["bag", "a"]) for seed in range(20)}
    assert len(draws) == 20
