"""The audit of groups reads what was written, asks it of the products, and names what is wrong."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from group_tables import a_product, products

from vdata_assets.pairs.checks import (
    GROUP_CHECKS,
    GROUP_SIZES_PLAUSIBLE,
    GROUPING_WORKS,
    GROUPS_COMPLETE,
    GROUPS_OF_ONE_CATEGORY,
)
from vdata_assets.pairs.groups import product_groups, write_groups
from vdata_assets.pairs.groups_audit import audit_groups
from vdata_assets.pairs.settings import SKU, GroupPattern, GroupSettings
from vdata_assets.quality.findings import Finding, Status

TEXT = GroupSettings(patterns=(SKU,))
PAIR = [a_product("a", text="SKU: 10023"), a_product("b", text="SKU: 10023"), a_product("c")]


def audited(
    folder: Path,
    rows: Sequence[Mapping[str, Any]],
    settings: GroupSettings = TEXT,
    table: Callable[[pl.DataFrame], pl.DataFrame] = lambda table: table,
    content: Callable[[Any], object] = lambda content: None,
) -> dict[str, Finding]:
    """Findings by name; ``table`` and ``content`` alter the files first."""
    all_products = products(rows)
    grouped = product_groups(all_products, settings)
    write_groups(grouped, settings, folder)
    table(pl.read_parquet(folder / "groups.parquet")).write_parquet(folder / "groups.parquet")
    written = json.loads((folder / "groups.json").read_text())
    content(written)
    (folder / "groups.json").write_text(json.dumps(written))
    findings = audit_groups(grouped, all_products, settings, folder)
    assert [finding.name for finding in findings] == [check.name for check in GROUP_CHECKS]
    return {finding.name: finding for finding in findings}


def hits(findings: Mapping[str, Finding]) -> set[str]:
    return {name for name, finding in findings.items() if finding.status is not Status.PASSED}


def test_good_groups_pass_with_their_figures(tmp_path: Path) -> None:
    findings = audited(tmp_path, [*PAIR, a_product("d", reason="no image")])
    assert hits(findings) == set()
    assert [finding.message for finding in findings.values()] == [
        "3 usable products in 2 groups; 0 contradictions",
        "products grouped by pattern: text_sku 2",
        "the largest group holds 2 products; 0 groups hold more than 50, and 0 values that more share group "
        "nothing",
        "0 of 1 groups of several products are of more than one category",
    ]
    assert findings["grouping_works"].counts == {"offenders": 0, "grouped_by_text_sku": 2}


def test_no_product_and_no_pattern_pass(tmp_path: Path) -> None:
    assert hits(audited(tmp_path, [], GroupSettings(patterns=()))) == set()


@pytest.mark.parametrize(
    ("table", "content", "offenders"),
    [
        pytest.param(
            lambda table: table.filter(pl.col("product_id") != "c"),
            lambda content: content["index"].pop("c"),
            ("c: in no group",),
            id="a product is missing",
        ),
        pytest.param(
            lambda table: pl.concat([table, table.tail(1).with_columns(size=pl.lit(2, pl.UInt32))]),
            lambda content: None,
            ("c: in the table more than once", "c: its group's name or size is wrong"),
            id="a product stands twice",
        ),
        pytest.param(
            lambda table: table.with_columns(pl.col("product_id", "group_id").replace("c", "other")),
            lambda content: content["index"].update(other=content["index"].pop("c")),
            (
                "c: in no group",
                "other: not a usable product",
                "other: groups.json says group 'c', the table 'other'",
            ),
            id="an unknown product",
        ),
        pytest.param(
            lambda table: table.with_columns(pl.col("group_id").replace("a", "b")),
            lambda content: None,
            (
                "a: its group's name or size is wrong",
                "b: its group's name or size is wrong",
                "a: groups.json says group 'a', the table 'b'",
                "b: groups.json says group 'a', the table 'b'",
                "b: groups.json lists None, the table ['a', 'b']",
                "a: groups.json lists ['a', 'b'], the table None",
            ),
            id="a group of another name",
        ),
        pytest.param(
            lambda table: table,
            lambda content: content["index"].update(c="a", z="a"),
            ("c: groups.json says group 'a', the table 'c'", "z: groups.json says group 'a', the table None"),
            id="the index says otherwise",
        ),
    ],
)
def test_a_product_without_exactly_one_group_is_found(
    tmp_path: Path, table: Any, content: Any, offenders: tuple[str, ...]
) -> None:
    finding = audited(tmp_path, PAIR, table=table, content=content)[GROUPS_COMPLETE.name]
    assert finding.status is Status.FAILED
    assert finding.offenders == offenders


def test_patterns_that_group_nothing_are_named(tmp_path: Path) -> None:
    never = GroupPattern(name="never", pattern="^x(?P<product>.)", confidence=0.9)
    unique = GroupPattern(name="unique", pattern="(?P<product>.+)", confidence=0.9)
    unsure = GroupPattern(name="unsure", column="category", pattern="(?P<product>.+)", confidence=0.5)
    finding = audited(tmp_path, PAIR, GroupSettings(patterns=(never, SKU, unique, unsure)))[
        GROUPING_WORKS.name
    ]
    assert finding.status is Status.WARNING
    assert finding.message == "products grouped by pattern: never 0, text_sku 2, unique 0, unsure 0"
    assert finding.offenders == (
        "never: found in 0 of 3 products, groups none",
        "unique: found in 3 of 3 products, groups none",
        "unsure: its confidence 0.5 is below min_confidence",
    )


def test_values_that_too_many_share_and_groups_that_grew_too_large_are_named(tmp_path: Path) -> None:
    rows = [
        *(a_product(f"a{n}", text="SKU: AB-1111") for n in range(3)),
        a_product("b", text="SKU: 2222", content_hash="x"),
        a_product("c", text="SKU: 2222"),
        a_product("d", content_hash="x"),
    ]
    finding = audited(tmp_path, rows, GroupSettings(patterns=(SKU,), max_group_size=2))[
        GROUP_SIZES_PLAUSIBLE.name
    ]
    assert finding.status is Status.WARNING
    assert finding.offenders == ("text_sku 'ab-1111': 3 products, not grouped by it", "group b: 3 products")
    assert finding.counts == {"offenders": 2, "largest": 3, "refused_values": 1, "large_groups": 1}


def test_groups_of_several_categories_are_named_and_unknown_ones_do_not_count(tmp_path: Path) -> None:
    rows = [
        a_product("a", text="SKU: 10023", category="Tees"),
        a_product("b", text="SKU: 10023", category="Denim"),
        a_product("c", text="SKU: 10023", category=None),
        a_product("d", text="SKU: 77777"),
        a_product("e", text="SKU: 77777", category=None),
    ]
    finding = audited(tmp_path, rows)[GROUPS_OF_ONE_CATEGORY.name]
    assert finding.status is Status.WARNING
    assert finding.message == "1 of 2 groups of several products are of more than one category"
    assert finding.offenders == ("group a: Denim (1), Tees (1), joined by text_sku",)
