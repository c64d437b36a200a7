"""What is asked of product groups before they are published, from the products and the files themselves."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl

from vdata_assets.pairs.checks import (
    GROUP_SIZES_PLAUSIBLE,
    GROUPING_WORKS,
    GROUPS_COMPLETE,
    GROUPS_OF_ONE_CATEGORY,
)
from vdata_assets.pairs.groups import JSON, TABLE, Grouped, found_in, ignores_case
from vdata_assets.pairs.settings import GroupPattern, GroupSettings
from vdata_assets.quality.findings import Finding


def audit_groups(
    grouped: Grouped, products: pl.DataFrame, settings: GroupSettings, out: Path
) -> list[Finding]:
    """Answer every check of ``GROUP_CHECKS``, in that order, each at its default level.

    Args:
        grouped: what was found; of it only the values that are too common are believed.
        products: of schema Products, with the columns that were kept.
        settings: with which it was found.
        out: the folder that :func:`~vdata_assets.pairs.groups.write_groups` wrote to. Its table is audited.
    """
    table = pl.read_parquet(out / TABLE)
    usable = products.filter(pl.col("reason").is_null())
    return [
        _complete(table, usable, json.loads((out / JSON).read_text(encoding="utf-8"))),
        _grouping_works(table, usable, settings),
        _sizes_plausible(table, grouped, settings.max_group_size),
        _of_one_category(table, usable),
    ]


def _complete(
    table: pl.DataFrame, usable: pl.DataFrame, content: Mapping[str, Mapping[str, object]]
) -> Finding:
    """Every usable product stands in the table once, under its group's smallest id, and so in the JSON."""
    ids = usable["product_id"]
    missing = usable.join(table, on="product_id", how="anti", maintain_order="left")["product_id"]
    unknown = table.join(usable, on="product_id", how="anti", maintain_order="left")["product_id"]
    twice = table.filter(pl.col("product_id").is_duplicated())["product_id"].unique(maintain_order=True)
    wrong = table.filter(
        (pl.col("group_id") != pl.col("product_id").min().over("group_id"))
        | (pl.col("size") != pl.len().over("group_id"))
    )["product_id"]
    problems = [
        *(f"{name}: in no group" for name in missing),
        *(f"{name}: not a usable product" for name in unknown),
        *(f"{name}: in the table more than once" for name in twice),
        *(f"{name}: its group's name or size is wrong" for name in wrong),
        *_json_differs(table, content),
    ]
    groups = table["group_id"].n_unique()
    return GROUPS_COMPLETE.finding(
        f"{len(ids)} usable products in {groups} groups; {len(problems)} contradictions",
        problems,
        {"products": len(ids), "groups": groups},
    )


def _json_differs(table: pl.DataFrame, content: Mapping[str, Mapping[str, object]]) -> Iterator[str]:
    expected = dict(table.select("product_id", "group_id").iter_rows())
    index = content["index"]
    for name in [*expected, *(name for name in index if name not in expected)]:
        if index.get(name) != expected.get(name):
            yield f"{name}: groups.json says group {index.get(name)!r}, the table {expected.get(name)!r}"
    members: dict[str, list[str]] = {}
    for name, group in expected.items():
        members.setdefault(group, []).append(name)
    several = {group: sorted(names) for group, names in members.items() if len(names) > 1}
    listed = content["groups"]
    for group in [*several, *(group for group in listed if group not in several)]:
        if listed.get(group) != several.get(group):
            yield f"{group}: groups.json lists {listed.get(group)}, the table {several.get(group)}"


def _grouping_works(table: pl.DataFrame, usable: pl.DataFrame, settings: GroupSettings) -> Finding:
    """A pattern works if two products in which it finds the same are in one group."""
    once = table.unique("product_id", keep="first")
    groups = usable.join(once, on="product_id", how="left", maintain_order="left")["group_id"]
    idle: list[str] = []
    counts: dict[str, int] = {}
    for pattern in settings.patterns:
        values = _values(usable, pattern)
        shared = (
            pl.DataFrame({"value": values, "group": groups})
            .drop_nulls()
            .filter(pl.struct("value", "group").is_duplicated())
        )
        used = pattern.confidence >= settings.min_confidence
        counts[pattern.name] = shared.height if used else 0
        if not used:
            idle.append(f"{pattern.name}: its confidence {pattern.confidence:g} is below min_confidence")
        elif shared.is_empty():
            matched = len(values) - values.null_count()
            idle.append(f"{pattern.name}: found in {matched} of {usable.height} products, groups none")
    return GROUPING_WORKS.finding(
        "products grouped by pattern: "
        + (", ".join(f"{name} {count}" for name, count in counts.items()) or "no pattern is configured"),
        idle,
        {f"grouped_by_{name}": count for name, count in counts.items()},
    )


def _values(usable: pl.DataFrame, pattern: GroupPattern) -> pl.Series:
    values = found_in(usable[pattern.column].cast(pl.String), pattern)
    return values.str.to_lowercase() if ignores_case(pattern) else values


def _sizes_plausible(table: pl.DataFrame, grouped: Grouped, limit: int) -> Finding:
    refused = [(use.name, value, count) for use in grouped.keys for value, count in use.refused.items()]
    sizes = table.group_by("group_id").len("products").sort("group_id")
    large = sizes.filter(pl.col("products") > limit)
    largest = max(sizes["products"].to_list(), default=0)
    return GROUP_SIZES_PLAUSIBLE.finding(
        f"the largest group holds {largest} products; {large.height} groups hold more than {limit}, and "
        f"{len(refused)} values that more share group nothing",
        [
            *(f"{key} {value!r}: {count} products, not grouped by it" for key, value, count in refused),
            *(f"group {group}: {count} products" for group, count in large.iter_rows()),
        ],
        {"largest": largest, "refused_values": len(refused), "large_groups": large.height},
    )


def _of_one_category(table: pl.DataFrame, usable: pl.DataFrame) -> Finding:
    """Products of unknown category do not count."""
    counted = (
        table.join(usable.select("product_id", "category"), on="product_id", maintain_order="left")
        .drop_nulls("category")
        .group_by("group_id", "category")
        .agg(products=pl.len(), keys=pl.col("key").unique())
        .sort("group_id", "category")
    )
    mixed = (
        counted.group_by("group_id", maintain_order=True)
        .agg("category", "products", keys=pl.col("keys").explode().drop_nulls().unique().sort())
        .filter(pl.col("category").list.len() > 1)
    )
    several = table.filter(pl.col("group_id").is_duplicated())["group_id"].n_unique()
    return GROUPS_OF_ONE_CATEGORY.finding(
        f"{mixed.height} of {several} groups of several products are of more than one category",
        [
            f"group {group}: "
            + ", ".join(f"{name} ({count})" for name, count in zip(categories, counts, strict=True))
            + f", joined by {', '.join(keys)}"
            for group, categories, counts, keys in mixed.iter_rows()
        ],
        {"mixed_groups": mixed.height, "groups": several},
    )
