"""Product groups: the views and colours of one article, found by ids, texts and pictures."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import dataframely as dy
import polars as pl

from vdata_assets.catalog.catalog_json import write_json
from vdata_assets.pairs.schema import ProductGroups
from vdata_assets.pairs.settings import GroupPattern, GroupSettings
from vdata_assets.splits.groups import connected_groups
from vdata_assets.splits.near_samples import near_pairs

SAME_PICTURE = "same_picture"
NEAR_PICTURE = "near_picture"
TABLE, JSON = "groups.parquet", "groups.json"


@dataclass(frozen=True)
class KeyUse:
    """What one key found.

    Attributes:
        name: of the pattern; or ``same_picture``, ``near_picture``.
        confidence: how sure it is that equal values are one article.
        used: whether that is enough for ``min_confidence``.
        products: in how many products it found a value.
        joined: how many of these it joined to another.
        groups: how many values did so.
        refused: values that more than ``max_group_size`` products share, and by how many; they join none. A
            cluster of nearly equal pictures is named by its smallest product_id.
    """

    name: str
    confidence: float
    used: bool
    products: int
    joined: int
    groups: int
    refused: Mapping[str, int]


@dataclass(frozen=True)
class Grouped:
    """Groups, and what each key did for them.

    Attributes:
        table: every usable product, ordered by product_id.
        keys: the patterns in their order, then equal and nearly equal pictures.
    """

    table: dy.DataFrame[ProductGroups]
    keys: tuple[KeyUse, ...]


def product_groups(products: pl.DataFrame, settings: GroupSettings) -> Grouped:
    """Join usable products that share a key, directly or over others.

    The keys are the patterns, equal bytes of the pictures, and perceptual hashes that differ in few bits
    (directly or over others). A key below ``min_confidence`` joins none, nor does a value that more than
    ``max_group_size`` products share. So a picture that stands for many articles, such as "no photo", joins
    none of them: a splitter that shall keep it on one side needs ``content_hash`` as a further key.

    Patterns are tried on one text after another by Python's backtracking ``re``: one that nests quantifiers
    can take exponential time on some texts, and no limit is set on it.

    Args:
        products: of schema Products, with the columns that were kept; rows with a reason take no part.
        settings: keys and limits.

    Raises:
        ValueError: a pattern reads a column that is not there, or two keys have one name.
    """
    usable = products.filter(pl.col("reason").is_null()).sort("product_id")
    found = [(pattern.name, pattern.confidence, *_found(usable, pattern)) for pattern in _checked(settings)]
    found.append(
        (SAME_PICTURE, settings.same_picture_confidence, usable["content_hash"], usable["content_hash"])
    )
    clusters, shown = _near_pictures(usable, settings.near_duplicate_hamming)
    found.append((NEAR_PICTURE, settings.near_picture_confidence, clusters, shown))

    uses: list[KeyUse] = []
    samples = usable.select(sample_id="product_id")
    best = usable.select("product_id").with_columns(
        key=pl.lit(None, pl.String), value=pl.lit(None, pl.String), confidence=pl.lit(None, pl.Float64)
    )
    for number, (name, confidence, keys, values) in enumerate(found):
        used = confidence >= settings.min_confidence
        use, joining = _use(name, confidence, keys, settings.max_group_size, used=used)
        uses.append(use)
        if not used:
            continue
        samples = samples.with_columns(joining.alias(f"key_{number}"))
        better = joining.is_not_null() & (best["confidence"].fill_null(-1.0) < confidence)
        best = best.with_columns(
            key=pl.when(better).then(pl.lit(name)).otherwise("key"),
            value=pl.when(better).then(values).otherwise("value"),
            confidence=pl.when(better).then(confidence).otherwise("confidence"),
        )
    groups = connected_groups(samples, [name for name in samples.columns if name != "sample_id"])
    table = best.with_columns(groups["group"].alias("group_id")).with_columns(size=pl.len().over("group_id"))
    table = table.select(ProductGroups.column_names())
    return Grouped(ProductGroups.validate(table, cast=True), tuple(uses))


def found_in(values: pl.Series, pattern: GroupPattern) -> pl.Series:
    """What the group ``product`` of a pattern finds first in each value, as it stands there; null if nothing.

    Args:
        values: of the pattern's column, as strings.
        pattern: tried by :func:`re.search`.
    """
    search = re.compile(pattern.pattern).search
    matches = (search(value) if value else None for value in values)
    return pl.Series(
        [match["product"] or None if match else None for match in matches], dtype=pl.String, strict=True
    )


def ignores_case(pattern: GroupPattern) -> bool:
    """Whether a pattern is told to ignore case, ``(?i)``; then its values are compared so as well."""
    return bool(re.compile(pattern.pattern).flags & re.IGNORECASE)


def write_groups(grouped: Grouped, settings: GroupSettings, out: Path) -> None:
    """Write ``groups.parquet`` and ``groups.json``.

    The JSON has ``groups`` (group_id: product_ids, of groups of at least two), ``index`` (product_id:
    group_id, of all), ``stats`` and ``config``, the settings.

    Args:
        grouped: what was found.
        settings: with which.
        out: an existing folder.
    """
    table = grouped.table
    table.write_parquet(out / TABLE)
    several = (
        table.filter(pl.col("size") > 1).group_by("group_id", maintain_order=True).agg("product_id").rows()
    )
    write_json(
        out / JSON,
        {
            "groups": dict(several),
            "index": dict(table.select("product_id", "group_id").iter_rows()),
            "stats": _stats(grouped),
            "config": settings.model_dump(mode="json"),
        },
    )


def _stats(grouped: Grouped) -> dict[str, object]:
    sizes = (
        grouped.table.select(pl.col("size").cast(pl.Int64))
        .group_by("size")
        .agg(groups=pl.len() // pl.col("size").first())
        .sort("size")
    )
    return {
        "products": grouped.table.height,
        "groups": int(sizes.filter(pl.col("size") > 1)["groups"].sum()),
        "singletons": int(sizes.filter(pl.col("size") == 1)["groups"].sum()),
        "sizes": {str(size): groups for size, groups in sizes.iter_rows()},
        "by_key": {
            use.name: {
                "confidence": use.confidence,
                "used": use.used,
                "products": use.products,
                "joined": use.joined,
                "groups": use.groups,
                "refused": dict(use.refused),
            }
            for use in grouped.keys
        },
    }


def _checked(settings: GroupSettings) -> tuple[GroupPattern, ...]:
    taken = {SAME_PICTURE, NEAR_PICTURE}
    for pattern in settings.patterns:
        if pattern.name in taken:
            raise ValueError(f"patterns: another key is named {pattern.name!r}: give it a name of its own")
        taken.add(pattern.name)
    return settings.patterns


def _found(usable: pl.DataFrame, pattern: GroupPattern) -> tuple[pl.Series, pl.Series]:
    """What makes products equal by a pattern, and what it found in them."""
    if pattern.column not in usable.columns:
        raise ValueError(
            f"patterns: {pattern.name} reads column {pattern.column!r}, which the products do not have: add "
            f"it to `keep` of the products, or name one of {usable.columns}"
        )
    values = found_in(usable[pattern.column].cast(pl.String), pattern)
    return values.str.to_lowercase() if ignores_case(pattern) else values, values


def _near_pictures(usable: pl.DataFrame, hamming: int) -> tuple[pl.Series, pl.Series]:
    """A name for each cluster of nearly equal pictures, and the pictures' own hashes."""
    samples = usable.select("phash", sample_id="product_id")
    groups = connected_groups(samples, [], near_pairs(samples, hamming))["group"]
    hashed = usable["phash"].is_not_null()
    names = pl.select(pl.when(hashed).then(groups)).to_series()
    return names, pl.Series(
        [None if value is None else f"{value:016x}" for value in usable["phash"]], dtype=pl.String
    )


def _use(
    name: str, confidence: float, keys: pl.Series, limit: int, *, used: bool
) -> tuple[KeyUse, pl.Series]:
    """What a key does, and its values without those that join none."""
    counts = keys.drop_nulls().alias("value").value_counts(name="products").sort("value")
    shared = counts.filter(pl.col("products").is_between(2, limit))
    joining = pl.select(pl.when(keys.is_in(shared["value"].implode())).then(keys)).to_series()
    use = KeyUse(
        name=name,
        confidence=confidence,
        used=used,
        products=len(keys) - keys.null_count(),
        joined=int(shared["products"].sum()) if used else 0,
        groups=shared.height if used else 0,
        refused=dict(counts.filter(pl.col("products") > limit).iter_rows()) if used else {},
    )
    return use, joining
