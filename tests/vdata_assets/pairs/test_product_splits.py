"""Splits of products: an article, its pictures and look-alikes never on two sides."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vdata_assets.pairs.product_splits import write_product_splits
from vdata_assets.pairs.split_settings import ProductSplitSettings
from vdata_assets.splits.near_samples import near_pairs


def table(articles: list[int], pictures: list[int] | None = None, hashes: list[int] | None = None):
    """Products of numbered articles with numbered pictures, and their groups."""
    ids = [f"p{row:03d}" for row in range(len(articles))]
    products = pl.DataFrame(
        {
            "product_id": ids,
            "category": [("Tees", "Jeans", None)[article % 3] for article in articles],
            "content_hash": [f"h{picture}" for picture in pictures or range(len(ids))],
            "phash": hashes or [(row * 0x9E3779B97F4A7C15) % 2**64 for row in range(len(ids))],
        },
        schema_overrides={"phash": pl.UInt64, "category": pl.String},
    )
    return products, pl.DataFrame({"product_id": ids, "group_id": [f"g{article}" for article in articles]})


def statuses(made) -> dict[str, str]:
    return {finding.name: finding.status.value for finding in made.findings}


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=3, max_size=60), st.data())
def test_nothing_that_belongs_together_is_parted(tmp_path_factory, articles, data):
    pictures = data.draw(st.lists(st.integers(0, 30), min_size=len(articles), max_size=len(articles)))
    hashes = data.draw(st.lists(st.integers(0, 2**10), min_size=len(articles), max_size=len(articles)))
    products, groups = table(articles, pictures, hashes)
    out = tmp_path_factory.mktemp("splits")
    made = write_product_splits(products, groups, ProductSplitSettings(), 1, out, None)
    side = dict(made.splits.select("sample_id", "split").iter_rows())
    together = [
        *groups.join(groups, on="group_id").select("product_id", "product_id_right").iter_rows(),
        *products.join(products, on="content_hash").select("product_id", "product_id_right").iter_rows(),
        *near_pairs(products.rename({"product_id": "sample_id"}), 1).iter_rows(),
    ]
    assert all(side[one] == side[other] for one, other in together)
    assert statuses(made)["articles_apart"] == statuses(made)["look_alikes_apart"] == "PASSED"


def test_sizes_follow_the_ratios(tmp_path):
    products, groups = table(list(range(200)))
    made = write_product_splits(products, groups, ProductSplitSettings(), 1, tmp_path, None)
    sizes = dict(made.splits["split"].value_counts().iter_rows())
    assert sizes == {"train": 160, "validation": 20, "test": 20}


def test_a_product_that_is_there_already_does_not_move(tmp_path):
    products, groups = table(list(range(40)))
    first = write_product_splits(
        products.head(30), groups.head(30), ProductSplitSettings(), 1, tmp_path, None
    )
    made = write_product_splits(products, groups, ProductSplitSettings(), 1, tmp_path, first.splits)
    both = first.splits.join(made.splits, on="sample_id", suffix="_later")
    assert both.height == 30
    assert (both["split"] == both["split_later"]).all()


def test_a_new_row_that_joins_articles_of_two_splits_fails_instead_of_leaking(tmp_path):
    products, _ = table([0, 1, 2, 3])
    previous = pl.DataFrame({"sample_id": ["p000", "p001"], "split": ["train", "test"]})
    groups = pl.DataFrame({"product_id": products["product_id"], "group_id": ["g", "g", "g", "h"]})
    made = write_product_splits(products, groups, ProductSplitSettings(), 1, tmp_path, previous)
    (finding,) = [finding for finding in made.findings if finding.name == "articles_apart"]
    assert (finding.status.value, finding.offenders) == ("FAILED", ("article of p000: test, train",))


def test_look_alikes_that_were_parted_before_are_named(tmp_path):
    products, groups = table([0, 1], hashes=[0b1111, 0b1110])
    previous = pl.DataFrame({"sample_id": ["p000", "p001"], "split": ["train", "test"]})
    made = write_product_splits(products, groups, ProductSplitSettings(), 1, tmp_path, previous)
    assert statuses(made)["look_alikes_apart"] == "FAILED"


@pytest.mark.parametrize("ratios", [{"train": 0.5}, {"train": 1.2, "test": -0.2}])
def test_ratios_that_are_not_shares_of_one_are_refused(ratios):
    with pytest.raises(ValueError, match="ratio"):
        ProductSplitSettings(ratios=ratios)
