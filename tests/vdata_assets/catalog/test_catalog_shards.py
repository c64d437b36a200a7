"""Shards: filled one after another, and kept whatever is added."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vdata_assets.catalog.shards import shard_keys


@given(st.sets(st.integers(0, 99)), st.sets(st.integers(0, 99)), st.integers(1, 7))
def test_shards_are_filled_in_order_and_stay_when_images_are_added(before, added, size):
    paths = [f"{number:02d}.jpg" for number in sorted(before)]
    first = shard_keys(paths, size, {})
    assert list(first.values()) == [f"shard-{place // size:04d}" for place in range(len(paths))]
    grown = shard_keys(sorted({*paths, *(f"{number:02d}.jpg" for number in added)}), size, first)
    assert {path: grown[path] for path in paths} == first
    assert all(list(grown.values()).count(key) <= size for key in grown.values())


@pytest.mark.parametrize(
    ("names", "known", "expected"),
    [
        pytest.param(["a"], {}, {"a": "shard-0000"}, id="the first"),
        pytest.param(
            ["a", "c"],
            {"b": "shard-0000", "c": "shard-0000"},
            {"b": "shard-0000", "c": "shard-0000", "a": "shard-0001"},
            id="a full shard takes none, also not before its own in order",
        ),
        pytest.param(
            ["a"],
            {"b": "shard-0000", "c": "shard-0003"},
            {"b": "shard-0000", "c": "shard-0003", "a": "shard-0003"},
            id="a hole in an earlier shard stays",
        ),
        pytest.param([], {}, {}, id="none"),
    ],
)
def test_only_the_last_shard_takes_more(names, known, expected):
    assert shard_keys(names, 2, known) == expected
