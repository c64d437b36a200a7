import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from unittest import mock

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pair_reference import Pair, catalogs, every_pair, negative_table, product, product_table
from polars.testing import assert_frame_equal

from vdata_assets.pairs import pair_blocks, pair_draws
from vdata_assets.pairs.pair_quotas import quotas
from vdata_assets.pairs.pairs_audit import audit_pairs
from vdata_assets.pairs.sample_pairs import Sampled, sample_pairs, write_pairs
from vdata_assets.pairs.settings import POSITIVE_KINDS, PairKind, PairSettings
from vdata_assets.quality.findings import Status

WANTED = st.fixed_dictionaries({"train": st.integers(0, 60), "validation": st.integers(0, 10)})
WAYS = {
    "looking at all pairs": {},
    "drawing, then looking at all": {"EXACT": -1},
    "drawing alone": {"EXACT": -1, "ENUMERABLE": -1},
}


PLAIN = {"material": "denim", "pattern": "solid", "sleeve": "long"}
NO_NEGATIVES = negative_table([])


def silent(_: str) -> None:
    """No log."""


def sampled_by(way: str, products: pl.DataFrame, negatives: pl.DataFrame, asked: PairSettings) -> Sampled:
    """Pairs drawn in one of the ways that the size of a catalog decides between."""
    limits = WAYS[way]
    with (
        mock.patch.multiple(pair_draws, FEWEST=64, **limits),
        mock.patch.object(pair_blocks, "EXACT", limits.get("EXACT", pair_blocks.EXACT)),
    ):
        return sample_pairs(products, negatives, asked, silent)


def by_kind(pairs: pl.DataFrame) -> dict[tuple[str, PairKind], list[Pair]]:
    found: dict[tuple[str, PairKind], list[Pair]] = {}
    for a, b, split, kind in pairs.select("a_id", "b_id", "split", "kind").iter_rows():
        found.setdefault((split, PairKind(kind)), []).append((a, b))
    return found


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=30, deadline=None)
@given(catalog=catalogs(), wanted=WANTED, cap=st.integers(1, 20), strong=st.integers(1, 3))
def test_every_pair_is_of_its_kind_and_there_once(way, catalog, wanted, cap, strong):
    products, negatives = catalog
    asked = PairSettings(num_pairs=wanted, max_pairs_per_product=cap, strong_shared=strong)
    sampled = sampled_by(way, product_table(products), negatives, asked)
    there_are = every_pair(products, negatives, asked)
    drawn = by_kind(sampled.pairs)
    for (split, kind), pairs in drawn.items():
        assert set(pairs) <= there_are[split][kind]
        assert len(pairs) <= quotas(asked, split)[kind]
        assert max(Counter(product_id for pair in pairs for product_id in pair).values()) <= cap
    everything = [pair for pairs in drawn.values() for pair in pairs]
    assert len(everything) == len(set(everything))
    assert all(a < b for a, b in everything)
    labels = {PairKind(kind): label for kind, label in sampled.pairs.select("kind", "label").iter_rows()}
    assert all(label == (kind in POSITIVE_KINDS) for kind, label in labels.items())


@pytest.mark.parametrize("way", ["looking at all pairs", "drawing, then looking at all"])
@settings(max_examples=30, deadline=None)
@given(catalog=catalogs(), wanted=WANTED)
def test_quotas_are_met_whenever_the_pairs_for_it_exist(way, catalog, wanted):
    products, negatives = catalog
    asked = PairSettings(num_pairs=wanted)
    drawn = by_kind(sampled_by(way, product_table(products), negatives, asked).pairs)
    for split, there_are in every_pair(products, negatives, asked).items():
        quota = quotas(asked, split)
        possible = {kind: min(quota[kind], len(there_are[kind])) for kind in PairKind}
        mined = there_are[PairKind.MINED_HARD]
        lost = sum(
            max(0, possible[kind] - len(there_are[kind] - mined))
            for kind in (PairKind.MEDIUM, PairKind.MATERIAL_HARD)
        )
        possible[PairKind.MINED_HARD] = min(quota[PairKind.MINED_HARD], len(mined) - lost)
        assert {kind: len(drawn.get((split, kind), [])) for kind in PairKind} == possible


@pytest.mark.parametrize("way", ["looking at all pairs", "drawing, then looking at all"])
@settings(max_examples=25, deadline=None)
@given(catalog=catalogs(), cap=st.integers(1, 3))
def test_a_shortfall_leaves_only_pairs_of_products_at_the_cap(way, catalog, cap):
    products, negatives = catalog
    asked = PairSettings(num_pairs={"train": 700}, max_pairs_per_product=cap)
    sampled = sampled_by(way, product_table(products), negatives, asked)
    drawn = by_kind(sampled.pairs)
    everything = {pair for pairs in drawn.values() for pair in pairs}
    for kind, there_are in every_pair(products, negatives, asked)["train"].items():
        own = drawn.get(("train", kind), [])
        uses = Counter(product_id for pair in own for product_id in pair)
        # What another kind has drawn may be left only to the one that comes after it.
        left = there_are - (everything if kind is PairKind.MINED_HARD else set(own))
        assert all(cap in (uses[a], uses[b]) for a, b in left)
        stats = sampled.stats["splits"]["train"]["kinds"][kind.value]
        assert stats["shortfall"] == 0 or ("max_pairs_per_product" in stats["why"]) == bool(left)


@settings(max_examples=20, deadline=None)
@given(catalog=catalogs(), wanted=WANTED, cap=st.integers(1, 20))
def test_the_audit_finds_nothing_wrong(catalog, wanted, cap):
    products, negatives = catalog
    asked = PairSettings(num_pairs=wanted, max_pairs_per_product=cap)
    sampled = sampled_by("looking at all pairs", product_table(products), negatives, asked)
    findings = {
        each.name: each for each in audit_pairs(sampled.pairs, product_table(products), negatives, asked, {})
    }
    assert findings["pairs_sound"].status is Status.PASSED
    assert findings["pairs_true"].status is Status.PASSED
    shortfall = sum(split["shortfall"] for split in sampled.stats["splits"].values())
    assert findings["quotas_met"].counts["missing"] == shortfall


def varied(count: int) -> list:
    """Products of two categories whose attributes and groups repeat at different steps."""
    values = [("denim", "wool", None), ("plaid", "solid", None, None), ("long", None)]
    return [
        product(
            f"p{place:03d}",
            "tops" if place % 3 else "shoes",
            group_id=f"g{place // 2}",
            **{
                name: choices[place * 7 % 11 % len(choices)]
                for name, choices in zip(("material", "pattern", "sleeve"), values, strict=True)
            },
        )
        for place in range(count)
    ]


def varied_negatives(products: list) -> pl.DataFrame:
    """Every product's ten next ones as its hard negatives, whether they are some or not."""
    ids = [each["product_id"] for each in products]
    return negative_table(
        [
            (query, negative, "train", rank)
            for place, query in enumerate(ids)
            for rank, negative in enumerate(ids[place + 1 : place + 11], 1)
        ]
    )


@pytest.mark.parametrize("way", WAYS)
def test_the_order_of_rows_and_columns_changes_nothing(way):
    products = varied(80)
    negatives = varied_negatives(products)
    asked = PairSettings(num_pairs={"train": 200})
    straight = sampled_by(way, product_table(products), negatives, asked)
    order = np.random.default_rng(0).permutation(len(products))
    shuffled = product_table([products[place] for place in order])
    other = sampled_by(
        way,
        shuffled.select(reversed(shuffled.columns)),
        negatives.sample(fraction=1, shuffle=True, seed=1),
        asked,
    )
    assert straight.pairs.height == 200
    assert_frame_equal(straight.pairs, other.pairs)
    assert straight.stats == other.stats


def test_the_seed_decides():
    products = varied(80)
    negatives = varied_negatives(products)
    one, same, other = (
        sample_pairs(
            product_table(products), negatives, PairSettings(num_pairs={"train": 100}, seed=seed), silent
        ).pairs
        for seed in (1, 1, 2)
    )
    assert one.equals(same)
    assert not one.equals(other)


def test_files_are_the_same_bytes_under_any_hash_seed(tmp_path):
    tables = {"products": product_table(varied(60)), "negatives": varied_negatives(varied(60))}
    for name, table in tables.items():
        table.write_parquet(tmp_path / f"{name}.parquet")
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    asked = PairSettings(num_pairs={"validation": 20, "train": 150})
    write_pairs(sample_pairs(tables["products"], tables["negatives"], asked, silent), here)
    program = (
        "import sys, pathlib, polars as pl\n"
        "from vdata_assets.pairs.sample_pairs import sample_pairs, write_pairs\n"
        "from vdata_assets.pairs.settings import PairSettings\n"
        "names = ('products', 'negatives')\n"
        "tables = [pl.read_parquet(f'{sys.argv[1]}/{name}.parquet') for name in names]\n"
        "asked = PairSettings.model_validate_json(sys.argv[3])\n"
        "write_pairs(sample_pairs(*tables, asked, print), pathlib.Path(sys.argv[2]))\n"
    )
    # This process has a random hash seed.
    subprocess.run(
        [sys.executable, "-c", program, str(tmp_path), str(there), asked.model_dump_json()],
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "1"},
    )
    for name in ("pairs.parquet", "pairs_stats.json"):
        assert (here / name).read_bytes() == (there / name).read_bytes()
    assert pl.read_parquet(here / "pairs.parquet").height > 100


def test_what_is_written_is_the_pairs_and_their_stats(tmp_path):
    products = varied(30)
    asked = PairSettings(num_pairs={"train": 50})
    sampled = sample_pairs(product_table(products), varied_negatives(products), asked, silent)
    write_pairs(sampled, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pairs.parquet", "pairs_stats.json"]
    assert_frame_equal(pl.read_parquet(tmp_path / "pairs.parquet"), sampled.pairs)
    assert json.loads(Path(tmp_path, "pairs_stats.json").read_text()) == sampled.stats
    order = sampled.pairs.sort("split", "kind", "a_id", "b_id")
    assert_frame_equal(order, sampled.pairs)


def test_the_best_ranks_are_drawn_most_often():
    products = [product(f"p{place:03d}", material=f"m{place}") for place in range(101)]
    negatives = negative_table([("p000", f"p{rank:03d}", "train", rank) for rank in range(1, 101)])
    ranks = []
    for seed in range(40):
        asked = PairSettings(num_pairs={"train": 5}, shares={PairKind.MINED_HARD: 1}, seed=seed)
        pairs = sample_pairs(product_table(products), negatives, asked, silent).pairs
        ranks += [int(name[1:]) for name in pairs["b_id"]]
    assert np.mean(np.array(ranks) <= 10) > 0.4


def test_small_categories_have_their_part():
    sizes = {"common": 400, "rare": 20}
    products = [
        product(f"{category} {place}", category, **PLAIN)
        for category, size in sizes.items()
        for place in range(size)
    ]
    asked = PairSettings(num_pairs={"train": 420}, shares={PairKind.STRONG_ATTRIBUTE: 1})
    pairs = sample_pairs(product_table(products), NO_NEGATIVES, asked, silent).pairs
    rare = pairs.filter(pl.col("category_a") == "rare").height
    assert 5 < rare < 50
