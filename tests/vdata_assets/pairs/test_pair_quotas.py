import pytest
from hypothesis import given
from hypothesis import strategies as st

from vdata_assets.pairs.pair_quotas import quotas
from vdata_assets.pairs.settings import PairKind, PairSettings

KINDS = list(PairKind)


@pytest.mark.parametrize(
    ("shares", "wanted", "counts"),
    [
        pytest.param(
            PairSettings().shares, 50_000, [10_000, 10_000, 5_000, 2_500, 12_500, 5_000, 5_000], id="usual"
        ),
        pytest.param(PairSettings().shares, 0, [0] * 7, id="none wanted"),
        pytest.param({"easy": 1}, 3, [0, 0, 0, 0, 0, 0, 3], id="one kind"),
        pytest.param({"weak": 0.29, "easy": 0.71}, 100, [0, 0, 0, 29, 0, 0, 71], id="decimals are exact"),
        pytest.param({"weak": 0.4, "easy": 0.6}, 2, [0, 0, 0, 1, 0, 0, 1], id="largest remainder"),
        pytest.param({"weak": 0.5, "easy": 0.5}, 3, [0, 0, 0, 2, 0, 0, 1], id="the earlier kind on a tie"),
        pytest.param({"weak": 0.3333333, "easy": 0.6666666}, 3, [0, 0, 0, 1, 0, 0, 2], id="nearly one"),
    ],
)
def test_quotas_are_the_shares_of_what_is_wanted(shares, wanted, counts):
    settings = PairSettings(num_pairs={"train": wanted}, shares=shares)
    assert list(quotas(settings, "train").values()) == counts


def test_a_split_that_is_not_named_wants_nothing():
    assert set(quotas(PairSettings(), "test").values()) == {0}


@given(parts=st.lists(st.integers(0, 100), min_size=7, max_size=7).filter(any), wanted=st.integers(0, 10**7))
def test_quotas_sum_to_what_is_wanted_and_miss_the_share_by_less_than_one(parts, wanted):
    shares = {kind: part / sum(parts) for kind, part in zip(KINDS, parts, strict=True)}
    counts = quotas(PairSettings(num_pairs={"train": wanted}, shares=shares), "train")
    assert sum(counts.values()) == wanted
    assert all(abs(counts[kind] - shares[kind] * wanted) < 1.001 for kind in PairKind)
    assert all(counts[kind] == 0 for kind in PairKind if not shares[kind])
