"""The audit of hard negatives looks both sides up by id and says of each wrong row what is wrong."""

from collections.abc import Mapping
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from mining_tables import CATEGORIES, EAST, NORTH, SETTINGS, UNBOUND, WEST, toward, vectors

from vdata_assets.embeddings.product_vectors import ProductVectors
from vdata_assets.pairs.checks import (
    HARD_NEGATIVE_CHECKS,
    NEGATIVES_DIFFER,
    NEGATIVES_RANKED,
    QUERIES_WITH_NEGATIVES,
)
from vdata_assets.pairs.hard_negatives import mine_hard_negatives
from vdata_assets.pairs.hard_negatives_audit import audit_hard_negatives
from vdata_assets.pairs.settings import HardNegativeSettings
from vdata_assets.quality.findings import Finding, Status

CATEGORY = vectors(
    [
        {"product_id": "a", "image": EAST, "text": EAST, "material": "wool", "pattern": "plaid"},
        {"product_id": "b", "image": toward(20), "text": NORTH, "material": "silk", "pattern": "plaid"},
        {"product_id": "c", "image": toward(50), "material": "silk", "pattern": "dots"},
        {"product_id": "d", "image": EAST, "material": "wool", "group_id": "a"},
        {"product_id": "e", "image": WEST, "material": "silk", "content_hash": "a"},
        {"product_id": "f", "image": NORTH, "material": "lace", "split": "validation"},
        {"product_id": "g", "image": WEST, "material": "lace", "split": "validation"},
        {"product_id": "h", "image": EAST, "material": "silk", "phash": 2**64 - 1},
        {"product_id": "u", "image": toward(99)},
    ],
    ["material", "pattern"],
)
MINING = HardNegativeSettings(near_duplicate_hamming=None)
TABLE = mine_hard_negatives(CATEGORY, MINING).table
A_B = (pl.col("query_id") == "a") & (pl.col("negative_id") == "b")


def audited(
    table: pl.DataFrame = TABLE, category: ProductVectors = CATEGORY, settings: HardNegativeSettings = MINING
) -> dict[str, Finding]:
    findings = audit_hard_negatives(table, category, settings)
    assert [finding.name for finding in findings] == [check.name for check in HARD_NEGATIVE_CHECKS]
    return {finding.name: finding for finding in findings}


def with_a_b(**changes: Any) -> pl.DataFrame:
    """The table with other values in the row of query a and negative b."""
    return TABLE.with_columns(
        pl.when(A_B).then(pl.lit(value, TABLE.schema[name])).otherwise(name).alias(name)
        for name, value in changes.items()
    )


def test_what_was_mined_passes_and_says_which_products_have_none() -> None:
    findings = audited()
    assert {name: finding.message for name, finding in findings.items()} == {
        NEGATIVES_DIFFER.name: "0 of 12 hard negatives are not true ones",
        NEGATIVES_RANKED.name: "0 of 12 hard negatives of 5 queries are not where they belong",
        QUERIES_WITH_NEGATIVES.name: "5 of 9 products have a hard negative; no_known_attribute: 1, say an "
        "attribute in its text, extend the rules, or map a column of the source; no_product_differs: 2, no "
        "other article of its split is known to differ in an attribute: extend the rules, or map a column of "
        "the source; guards_refused_all: 1, loosen max_score, absolute_margin, relative_margin, "
        "near_duplicate_hamming or near_duplicate_cosine",
    }
    assert [finding.status for finding in findings.values()] == [Status.PASSED, Status.PASSED, Status.WARNING]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"negative_id": "z"}, "a -> z: not a product of the category"),
        ({"query_id": "z"}, "z -> b: not a product of the category"),
        ({"negative_id": "a"}, "a -> a: the query itself"),
        ({"negative_id": "f"}, "a -> f: not of its split"),
        ({"split": "validation"}, "a -> b: not of its split"),
        ({"category": "Denim"}, "a -> b: not of its category"),
        ({"negative_id": "d"}, "a -> d: of the query's group"),
        ({"negative_id": "e"}, "a -> e: the query's picture"),
        ({"negative_id": "h"}, "a -> h: a near-duplicate of the query's picture"),
        ({"negative_id": "u"}, "a -> u: differs in nothing that is known"),
        ({"mismatches": ["pattern"]}, "a -> b: its mismatches are others"),
        ({"mismatches": []}, "a -> b: its mismatches are others"),
        ({"query_pattern": None}, "a -> b: its pattern is another"),
        ({"negative_material": "denim"}, "a -> b: its material is another"),
    ],
)
def test_a_row_that_is_no_true_negative_is_named(changes: Mapping[str, Any], problem: str) -> None:
    finding = audited(with_a_b(**changes))[NEGATIVES_DIFFER.name]
    assert finding.status is Status.FAILED
    assert finding.message == "1 of 12 hard negatives are not true ones"
    assert finding.offenders == (problem,)


def test_near_hashes_and_splits_that_are_not_mined_are_found() -> None:
    limits = HardNegativeSettings(near_duplicate_hamming=1, near_duplicate_cosine=None, splits=("train",))
    offenders = audited(settings=limits)[NEGATIVES_DIFFER.name].offenders
    assert "a -> b: a near-duplicate of the query's picture" in offenders
    only_test = HardNegativeSettings(**UNBOUND, splits=("test",))
    assert len(audited(settings=only_test)[NEGATIVES_DIFFER.name].offenders) == TABLE.height


def rank(changed: Mapping[str, int]) -> pl.DataFrame:
    """The table with other ranks of the negatives of query a."""
    new = pl.col("negative_id").replace_strict(changed, default=pl.col("rank"), return_dtype=pl.UInt32)
    return TABLE.with_columns(pl.when(pl.col("query_id") == "a").then(new).otherwise("rank").alias("rank"))


@pytest.mark.parametrize(
    ("table", "offenders"),
    [
        pytest.param(
            pl.concat([TABLE, TABLE.filter(A_B)]),
            ("a -> b: there more than once",) * 2 + ("a -> c: its rank is not the next",),
            id="twice",
        ),
        pytest.param(
            rank({"b": 2, "c": 3}),
            ("a -> b: its rank is not the next", "a -> c: its rank is not the next"),
            id="no first",
        ),
        pytest.param(rank({"b": 2, "c": 1}), ("a -> b: more similar than the one before",), id="swapped"),
        pytest.param(with_a_b(score=0.5), ("a -> b: its score is another",), id="score"),
        pytest.param(with_a_b(image_score=0.5), ("a -> b: its image_score is another",), id="image score"),
        pytest.param(with_a_b(text_score=None), ("a -> b: its text_score is another",), id="text score"),
    ],
)
def test_a_row_out_of_place_is_named(table: pl.DataFrame, offenders: tuple[str, ...]) -> None:
    finding = audited(table)[NEGATIVES_RANKED.name]
    assert finding.status is Status.FAILED
    assert finding.offenders == offenders


def test_ranks_beyond_top_k_are_found() -> None:
    limits = HardNegativeSettings(near_duplicate_hamming=None, top_k=2)
    offenders = audited(settings=limits)[NEGATIVES_RANKED.name].offenders
    assert offenders
    assert all(offender.endswith(": beyond top_k 2") for offender in offenders)


def test_a_tie_in_the_wrong_order_is_found() -> None:
    silks = [{"product_id": name, "image": NORTH, "material": "silk"} for name in ("s", "t")]
    category = vectors([*silks, {"product_id": "q", "image": EAST, "material": "wool"}])
    limits = HardNegativeSettings(**UNBOUND)
    table = mine_hard_negatives(category, limits).table
    swapped = table.with_columns(
        rank=pl.when(pl.col("query_id") == "q").then(3 - pl.col("rank")).otherwise("rank")
    )
    finding = audited(swapped, category, limits)[NEGATIVES_RANKED.name]
    assert finding.offenders == ("q -> s: as similar as the one before and of a smaller id",)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([{"product_id": "a", "material": "wool"}], "alone_in_split"),
        ([{"product_id": "a"}, {"product_id": "b"}], "no_known_attribute"),
        (
            [{"product_id": "a", "material": "wool"}, {"product_id": "b", "material": "wool"}],
            "no_product_differs",
        ),
        (
            [{"product_id": "a", "material": "wool"}, {"product_id": "b", "material": "silk"}],
            "guards_refused_all",
        ),
    ],
)
def test_products_without_negatives_are_named_with_the_reason(rows: list[Any], reason: str) -> None:
    category = vectors([{"image": EAST, **row} for row in rows])
    limits = HardNegativeSettings(max_score=0.5)
    mined = mine_hard_negatives(category, limits)
    finding = audited(mined.table, category, limits)[QUERIES_WITH_NEGATIVES.name]
    assert finding.status is Status.WARNING
    assert finding.message.startswith(
        f"0 of {len(rows)} products have a hard negative; {reason}: {len(rows)}, "
    )
    assert finding.offenders == tuple(f"{row['product_id']}: {reason}" for row in rows)
    assert mined.skipped == {reason: len(rows)}


def test_no_product_passes() -> None:
    category = vectors([])
    table = mine_hard_negatives(category, MINING).table
    assert {finding.status for finding in audited(table, category).values()} == {Status.PASSED}


@given(CATEGORIES, SETTINGS)
def test_whatever_is_mined_passes_and_the_audit_counts_the_same_reasons(
    category: ProductVectors, limits: HardNegativeSettings
) -> None:
    mined = mine_hard_negatives(category, limits)
    findings = audited(mined.table, category, limits)
    assert findings[NEGATIVES_DIFFER.name].status is Status.PASSED
    assert findings[NEGATIVES_RANKED.name].status is Status.PASSED
    counts = findings[QUERIES_WITH_NEGATIVES.name].counts
    assert {name: counts[name] for name in counts if name not in ("offenders", "queries")} == mined.skipped
