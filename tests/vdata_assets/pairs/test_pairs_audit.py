from typing import Any

import polars as pl
import pytest
from pair_reference import negative_table, product, product_table

from vdata_assets.pairs.checks import PAIR_CHECKS
from vdata_assets.pairs.pairs_audit import audit_pairs
from vdata_assets.pairs.schema import Pairs
from vdata_assets.pairs.settings import PairKind, PairSettings
from vdata_assets.quality.findings import Finding, Status

PRODUCTS = [
    product("a", material="denim", pattern="plaid", sleeve="long", group_id="g"),
    product("b", material="denim", pattern="plaid", sleeve="long", group_id="g", content_hash="x"),
    product("c", material="denim", pattern="plaid"),
    product("d", material="wool", pattern="plaid", sleeve="long", content_hash="x"),
    product("e", material="denim", pattern="plaid", sleeve="short"),
    product("f"),
    product("s", "shoes", content_hash="x"),
    product("u", None),
    product("v", split="validation"),
    product("w", material="denim", split="validation"),
    product("lost", split=None),
]
NEGATIVES = negative_table([("e", "c", "train", 1), ("d", "a", "train", 1), ("e", "a", "train", 2)])
BY_ID = {each["product_id"]: each for each in PRODUCTS}


def pair(a: str, b: str, kind: str, **other: Any) -> dict[str, Any]:
    """A row of Pairs that says of the two products what is true."""
    left, right = BY_ID.get(a, product(a, None)), BY_ID.get(b, product(b, None))
    known = [name for name in ("material", "pattern", "sleeve") if left[name] and right[name]]
    return {
        "a_id": a,
        "b_id": b,
        "split": left["split"] or "train",
        "kind": kind,
        "label": int(PairKind(kind).positive),
        "category_a": left["category"],
        "category_b": right["category"],
        "shared": [name for name in known if left[name] == right[name]],
        "mismatches": [name for name in known if left[name] != right[name]],
        **other,
    }


SOUND = [
    pair("a", "b", "strong_group"),
    pair("a", "c", "strong_attribute"),
    pair("a", "e", "medium"),
    pair("a", "f", "weak"),
    pair("a", "d", "mined_hard"),
    pair("d", "e", "material_hard"),
    pair("a", "s", "easy"),
    pair("v", "w", "weak"),
]


def audited(
    rows: list[dict[str, Any]], missing: dict[str, str] | None = None, **asked: Any
) -> dict[str, Finding]:
    """The findings by name; by default as many pairs are asked for as there are."""
    if not asked:
        asked = {"num_pairs": {"train": 7}, "shares": dict.fromkeys(PairKind, 1 / 7)}
    pairs = pl.DataFrame(rows, schema=Pairs.create_empty().schema)
    findings = audit_pairs(pairs, product_table(PRODUCTS), NEGATIVES, PairSettings(**asked), missing or {})
    assert [each.name for each in findings] == [check.name for check in PAIR_CHECKS]
    return {each.name: each for each in findings}


def test_true_pairs_of_every_kind_pass():
    findings = audited(SOUND[:7])
    assert {each.status for each in findings.values()} == {Status.PASSED}
    assert findings["pairs_found"].message == (
        "4 positive and 3 negative pairs; 0 times a split has none of one of them"
    )
    assert findings["pairs_sound"].message == (
        "0 of 7 pairs are of one product, there several times, positive and negative, or not of one split; "
        "0 products stand in more than 100 of a kind"
    )
    assert findings["pairs_true"].message == "0 of 7 pairs are not what they say"
    assert findings["quotas_met"].message == "0 of 7 pairs are missing"
    assert findings["categories_mined"].message == "0 of 2 categories have no published hard negatives"


@pytest.mark.parametrize(
    ("rows", "offenders"),
    [
        pytest.param([pair("a", "a", "weak")], ["a, a (train, weak): is of one product"], id="itself"),
        pytest.param(
            [pair("a", "f", "weak"), pair("a", "f", "weak")],
            ["a, f (train, weak): is there several times"] * 2,
            id="twice",
        ),
        pytest.param(
            [pair("a", "f", "weak"), pair("a", "f", "strong_attribute")],
            [
                "a, f (train, weak): is there several times",
                "a, f (train, strong_attribute): is there several times",
            ],
            id="of two kinds",
        ),
        pytest.param(
            [pair("a", "f", "weak"), pair("f", "a", "weak")],
            ["a, f (train, weak): is there several times", "f, a (train, weak): is there several times"],
            id="twice in both orders",
        ),
        pytest.param(
            [pair("a", "e", "medium"), pair("a", "e", "mined_hard")],
            [
                "a, e (train, medium): is positive and negative",
                "a, e (train, mined_hard): is positive and negative",
            ],
            id="contradiction",
        ),
        pytest.param([pair("f", "a", "weak")], ["f, a (train, weak): has the larger id first"], id="order"),
        pytest.param([pair("a", "v", "weak")], ["a, v (train, weak): is of two splits"], id="two splits"),
        pytest.param(
            [pair("a", "f", "weak", split="validation")],
            ["a, f (validation, weak): is not of the split it says"],
            id="another split",
        ),
        pytest.param(
            [pair("a", "lost", "weak")],
            ["a, lost (train, weak): is of a product without a split"],
            id="no split",
        ),
        pytest.param(
            [pair("a", "nobody", "weak")],
            ["a, nobody (train, weak): is of a product without a split"],
            id="no product",
        ),
    ],
)
def test_unsound_pairs_are_named(rows, offenders):
    finding = audited(rows)["pairs_sound"]
    assert (finding.status, list(finding.offenders)) == (Status.FAILED, offenders)


def test_a_product_in_too_many_pairs_of_a_kind_is_named():
    asked = {"num_pairs": {"train": 3}, "max_pairs_per_product": 1}
    rows = [pair("a", "f", "weak"), pair("c", "f", "weak"), pair("a", "s", "easy")]
    finding = audited(rows, **asked)["pairs_sound"]
    assert (finding.status, finding.offenders) == (Status.FAILED, ("f: 2 pairs of weak in train",))


NOT_OF_ITS_KIND = "is not of its kind"


@pytest.mark.parametrize(
    ("row", "why"),
    [
        pytest.param(pair("a", "c", "strong_group"), NOT_OF_ITS_KIND, id="not one group"),
        pytest.param(pair("a", "b", "strong_attribute"), NOT_OF_ITS_KIND, id="one article by attribute"),
        pytest.param(pair("a", "e", "strong_attribute"), NOT_OF_ITS_KIND, id="strong, but one differs"),
        pytest.param(pair("a", "f", "strong_attribute"), NOT_OF_ITS_KIND, id="strong, but none known"),
        pytest.param(pair("a", "c", "medium"), NOT_OF_ITS_KIND, id="medium, but strong"),
        pytest.param(pair("a", "d", "medium"), NOT_OF_ITS_KIND, id="medium, but hard attribute differs"),
        pytest.param(pair("a", "f", "medium"), NOT_OF_ITS_KIND, id="medium, but none equal"),
        pytest.param(pair("a", "c", "weak"), NOT_OF_ITS_KIND, id="weak, but some equal"),
        pytest.param(pair("f", "s", "weak"), NOT_OF_ITS_KIND, id="weak, but two categories"),
        pytest.param(pair("f", "u", "weak"), NOT_OF_ITS_KIND, id="weak, but category unknown"),
        pytest.param(pair("d", "e", "mined_hard"), NOT_OF_ITS_KIND, id="not mined"),
        pytest.param(pair("c", "e", "mined_hard"), NOT_OF_ITS_KIND, id="mined, but nothing differs"),
        pytest.param(pair("a", "e", "material_hard"), NOT_OF_ITS_KIND, id="another attribute differs"),
        pytest.param(pair("b", "d", "material_hard"), NOT_OF_ITS_KIND, id="one picture as a negative"),
        pytest.param(pair("d", "s", "easy"), NOT_OF_ITS_KIND, id="one picture of two categories"),
        pytest.param(pair("a", "c", "easy"), NOT_OF_ITS_KIND, id="easy, but one category"),
        pytest.param(pair("a", "u", "easy"), NOT_OF_ITS_KIND, id="easy, but category unknown"),
        pytest.param(pair("a", "s", "easy", label=1), "has not the label of its kind", id="label"),
        pytest.param(
            pair("a", "s", "easy", category_b="tops"),
            "has another category than its products",
            id="category",
        ),
        pytest.param(
            pair("a", "f", "weak", category_a=None),
            "has another category than its products",
            id="no category",
        ),
        pytest.param(
            pair("a", "f", "weak", shared=["sleeve"]), "says other attributes than its products", id="shared"
        ),
        pytest.param(
            pair("a", "e", "medium", mismatches=[]),
            "says other attributes than its products",
            id="mismatches",
        ),
    ],
)
def test_pairs_that_are_not_what_they_say_are_named(row, why):
    finding = audited([row])["pairs_true"]
    assert finding.status is Status.FAILED
    assert finding.offenders == (f"{row['a_id']}, {row['b_id']} (train, {row['kind']}): {why}",)
    assert finding.counts == {"offenders": 1, "pairs": 1, f"wrong_{row['kind']}": 1}


@pytest.mark.parametrize(
    ("rows", "offenders"),
    [
        pytest.param([], ["train: no positive pair", "train: no negative pair"], id="none"),
        pytest.param([pair("a", "f", "weak")], ["train: no negative pair"], id="no negative"),
        pytest.param([pair("a", "s", "easy")], ["train: no positive pair"], id="no positive"),
        pytest.param([pair("a", "f", "weak"), pair("a", "s", "easy")], [], id="both"),
    ],
)
def test_a_split_without_a_positive_or_a_negative_pair_is_named(rows, offenders):
    finding = audited(rows, num_pairs={"train": 10, "validation": 0})["pairs_found"]
    assert list(finding.offenders) == offenders
    assert finding.status is (Status.FAILED if offenders else Status.PASSED)


def test_a_shortfall_is_named_by_split_and_kind():
    shares = {PairKind.WEAK: 0.5, PairKind.EASY: 0.5}
    rows = [pair("a", "f", "weak"), pair("v", "w", "weak")]
    finding = audited(rows, num_pairs={"train": 4}, shares=shares)["quotas_met"]
    assert finding.status is Status.WARNING
    assert finding.offenders == (
        "train: 1 of 2 weak pairs",
        "train: 0 of 2 easy pairs",
        "validation: 1 of 0 weak pairs",
    )
    assert finding.message == f"3 of 4 pairs are missing: {'; '.join(finding.offenders)}"
    assert finding.counts == {"offenders": 3, "wanted": 4, "missing": 3}


def test_categories_without_published_hard_negatives_are_named():
    finding = audited(SOUND, {"tops": "never run", "shoes": "its audit failed"})["categories_mined"]
    assert finding.status is Status.WARNING
    assert finding.offenders == ("shoes: its audit failed", "tops: never run")
    assert finding.message == "2 of 2 categories have no published hard negatives"


def test_pairs_of_products_without_attributes_are_audited():
    table = product_table(PRODUCTS).drop("material", "pattern", "sleeve")
    rows = [pair("a", "s", "easy"), {**pair("a", "f", "weak"), "shared": [], "mismatches": []}]
    pairs = pl.DataFrame(rows, schema=Pairs.create_empty().schema)
    findings = audit_pairs(pairs, table, NEGATIVES, PairSettings(num_pairs={"train": 2}), {})
    assert [each.status for each in findings[:3]] == [Status.PASSED] * 3
