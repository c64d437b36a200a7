"""Near-duplicate pairs are exactly those that comparing all pairs finds."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vdata_assets.quality.near_duplicates import near_duplicate_pairs

HASHES = st.lists(
    st.one_of(
        st.none(),
        st.integers(0, 2**64 - 1),
        # Few bits set: many of these are close to each other.
        st.sets(st.integers(0, 63), max_size=4).map(lambda bits: sum(1 << bit for bit in bits)),
    ),
    max_size=12,
)


def table(hashes, prefix):
    ids = [f"{prefix}{number}" for number in range(len(hashes))]
    return pl.DataFrame(
        {"image_id": ids, "phash": hashes}, schema={"image_id": pl.String, "phash": pl.UInt64}
    )


def compared_one_by_one(left, right, limit):
    return sorted(
        (a, b, (x ^ y).bit_count())
        for a, x in left.iter_rows()
        for b, y in right.iter_rows()
        if a != b and x is not None and y is not None and (x ^ y).bit_count() <= limit
    )


@given(HASHES, HASHES, st.integers(0, 12))
def test_same_pairs_as_comparing_all(left, right, limit):
    left, right = table(left, "a"), table(right, "b")
    assert near_duplicate_pairs(left, right, limit).rows() == compared_one_by_one(left, right, limit)


@given(HASHES, st.integers(0, 6))
def test_an_image_is_no_pair_with_itself(hashes, limit):
    images = table(hashes, "a")
    assert near_duplicate_pairs(images, images, limit).rows() == compared_one_by_one(images, images, limit)


@pytest.mark.parametrize("limit", [-1, 32])
def test_distance_out_of_range(limit):
    with pytest.raises(ValueError, match=rf"^max_distance: {limit} is not in 0\.\.31$"):
        near_duplicate_pairs(table([1], "a"), table([2], "b"), limit)
