"""Samples that look the same are joined and never stand on both sides of a split, whatever their number."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vdata_assets.quality.findings import Check, Status
from vdata_assets.splits.groups import connected_groups
from vdata_assets.splits.near_samples import near_pairs, near_samples_apart, without_links
from vdata_assets.splits.settings import SplitSettings

APART = Check("apart", "Do samples that look the same share a split?", Status.FAILED)

HASHES = st.lists(
    st.one_of(
        st.integers(0, 2**64 - 1),
        # Few bits set: many of these are close to each other, and some are equal.
        st.sets(st.integers(0, 63), max_size=3).map(lambda bits: sum(1 << bit for bit in bits)),
    ),
    max_size=14,
)


def samples_of(hashes: list[int | None]) -> pl.DataFrame:
    return pl.DataFrame(
        {"sample_id": [f"a-{number:06}" for number in range(len(hashes))], "phash": hashes},
        schema={"sample_id": pl.String, "phash": pl.UInt64},
    )


def split(table: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    return table.select("sample_id", split=pl.Series(names, dtype=pl.String))


def close(a: int, b: int, limit: int) -> bool:
    return (a ^ b).bit_count() <= limit


@given(HASHES, st.integers(0, 31))
def test_pairs_join_what_comparing_all_joins_in_fewer_pairs_than_samples(
    hashes: list[int], limit: int
) -> None:
    table = samples_of(list(hashes))
    ids = table["sample_id"].to_list()
    every = [
        (ids[a], ids[b]) for a in range(len(ids)) for b in range(a) if close(hashes[a], hashes[b], limit)
    ]
    samples = table.select("sample_id")
    expected = pl.DataFrame(every, schema={"sample_id": pl.String, "other": pl.String}, orient="row")
    pairs = near_pairs(table, limit)
    assert connected_groups(samples, [], pairs).equals(connected_groups(samples, [], expected))
    assert pairs.height <= max(0, table.height - 1)


@given(HASHES, st.integers(0, 31), st.data())
def test_samples_apart_are_exactly_those_that_comparing_all_finds(
    hashes: list[int], limit: int, data: st.DataObject
) -> None:
    names = [data.draw(st.sampled_from(["train", "val", "test"])) for _ in hashes]
    table = samples_of(list(hashes))
    finding = near_samples_apart(table, split(table, names), limit, APART, "frame")
    apart = sum(
        any(names[a] != names[b] and close(hashes[a], hashes[b], limit) for b in range(len(hashes)))
        for a in range(len(hashes))
    )
    assert finding.message.startswith(f"{apart} of {len(hashes)} frames look like a frame of another split")
    assert finding.status is (Status.FAILED if apart else Status.PASSED)


def test_the_samples_and_their_splits_are_named() -> None:
    table = samples_of([0b1111, 0, 0, 2**60 - 1])
    finding = near_samples_apart(table, split(table, ["train", "val", "train", "test"]), 4, APART, "frame")
    assert finding.message == (
        "3 of 4 frames look like a frame of another split (at most 4 of 64 bits differ)"
    )
    assert finding.offenders == (
        "a-000000 (train) ~ a-000001 (val)",
        "a-000001 (val) ~ a-000002 (train)",
        "a-000002 (train) ~ a-000001 (val)",
    )


@pytest.mark.parametrize(
    "hashes",
    [
        pytest.param([7] * 20_000, id="one hash"),
        pytest.param(range(1 << 12), id="every hash of twelve bits"),
    ],
)
def test_a_film_from_a_fixed_camera_is_one_group_in_few_pairs(hashes: list[int]) -> None:
    table = samples_of(list(hashes))
    pairs = near_pairs(table, 4)
    assert pairs.height == table.height - 1
    assert connected_groups(table.select("sample_id"), [], pairs)["group"].n_unique() == 1


def test_a_new_sample_between_two_splits_is_left_out_and_the_others_stay() -> None:
    table = samples_of([0b1111, 0, 0b0011, 2**60 - 1])
    previous = table.head(2).select("sample_id", split=pl.Series(["train", "test"]))
    settings = SplitSettings(strategy="random", ratios={"train": 0.5, "test": 0.5})
    kept = without_links(table, settings, 2, previous)
    assert kept["sample_id"].to_list() == ["a-000000", "a-000001", "a-000003"]
    assert without_links(table, settings.model_copy(update={"on_growth": "rebalance"}), 2, previous) is table
    assert without_links(table, settings, 2, None) is table


def test_samples_without_a_hash_are_in_no_pair() -> None:
    assert near_pairs(samples_of([None, None, 1]), 4).height == 0


@pytest.mark.parametrize("limit", [-1, 32])
def test_distance_out_of_range(limit: int) -> None:
    with pytest.raises(ValueError, match=rf"^hamming: {limit} is not in 0\.\.31$"):
        near_pairs(samples_of([1]), limit)
