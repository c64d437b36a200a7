"""What the assets of attribute retrieval read from each other, and how their tables look in the UI."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vdata_assets.attributes.settings import UNKNOWN
from vdata_assets.workflows import tables
from vdata_assets.workflows.dataset import Dataset
from vdata_assets.workflows.recipe import Step
from vdata_assets.workflows.upstreams import published_partitions, register
from vdata_resources.store import NotPublished, Store, Version

if TYPE_CHECKING:
    import polars as pl

    from vdata_assets.embeddings.product_vectors import ProductVectors

TABLE = "products.parquet"
CATALOG = "catalog"
SHARD, CATEGORY = "shard", "category"
KNOWN_ASSETS = ("catalog_vectors", "product_groups", "splits", "attributes")


def known_keys(store: Store, dataset: Dataset, dimension: str) -> dict[str, str]:
    """Partition keys that products have now: by category, or the shard by product."""
    version = store.artifact(dataset.name, "products").current()
    if version is None:
        return {}
    name, key = ("category", "partition") if dimension == CATEGORY else ("product_id", "shard")
    rows = tables.read(version.file(TABLE)).select(name, key).drop_nulls().unique(maintain_order=True)
    return dict(rows.iter_rows())


def present_keys(store: Store, dataset: Dataset, dimension: str) -> dict[str, str]:
    """Display name by partition key, as the published products have them."""
    keys = known_keys(store, dataset, dimension)
    return {key: key if dimension == SHARD else name for name, key in keys.items()}


def register_keys(step: Step, version: Version) -> None:
    """Register one partition a shard and one a category."""
    rows = tables.read(version.file(TABLE))
    for dimension, column in ((SHARD, "shard"), (CATEGORY, "partition")):
        register(step, rows[column].drop_nulls().unique().sort(), step.dataset.divided_by(dimension))


def usable_products(products: Version) -> "pl.DataFrame":
    """The rows that can be used."""
    import polars as pl

    return tables.read(products.file(TABLE)).filter(pl.col("reason").is_null())


def shard_products(step: Step) -> "pl.DataFrame":
    """The usable products of the step's shard, in order.

    Raises:
        NotPublished: the key was registered by hand, or all its products are gone.
    """
    import polars as pl

    rows = usable_products(step.upstream("products")).filter(pl.col("shard") == step.key)
    if rows.is_empty():
        raise NotPublished(f"no product is in the shard {step.key!r} any more: delete the partition")
    return rows.select("product_id", "picture", "embedded", "content_hash", "text")


def category_name(step: Step) -> str:
    """The name of the step's category.

    Raises:
        NotPublished: the key was registered by hand, or all its products are gone.
    """
    names = present_keys(step.store, step.dataset, CATEGORY)
    if step.key not in names:
        raise NotPublished(f"no product is of the category {step.key!r} any more: delete the partition")
    return names[step.key]


def picture_places(products: Version, root: Path) -> Callable[[bool, str], Path]:
    """Where a picture is: in the version if the source held its bytes, else under the dataset's root."""
    return lambda embedded, picture: (products.path if embedded else root) / picture


@dataclass(frozen=True)
class PublishedShards:
    """The embeddings that a catalog is made of.

    Attributes:
        versions: of the shards that the commonest encoders made.
        missing: partition key of each shard that is not published, and why.
        foreign: partition key of each shard that other encoders made, and which.
    """

    versions: list[Version]
    missing: dict[str, str]
    foreign: dict[str, str]


def published_shards(step: Step) -> PublishedShards:
    """The embeddings of all shards that are published.

    Raises:
        NotPublished: there are none.
    """
    from vdata_assets.embeddings.catalog_vectors import shard_encoders

    keys = sorted(set(usable_products(step.upstream("products"))["shard"]))
    found, missing = published_partitions(step, "catalog_embeddings", {key: key for key in keys})
    if not found:
        raise NotPublished(f"no shard of {step.dataset.name}/catalog_embeddings is published: materialize it")
    encoders = {key: shard_encoders(version.path) for key, _, version in found}
    ((usual, _),) = Counter(encoders.values()).most_common(1)
    return PublishedShards(
        [version for key, _, version in found if encoders[key] == usual],
        missing,
        {key: " and ".join(made) for key, made in encoders.items() if made != usual},
    )


def published_negatives(step: Step) -> tuple[list[Version], dict[str, str]]:
    """The hard negatives of all categories that are published, and by category why not the others."""
    rows = usable_products(step.upstream("products")).select("category", "partition").drop_nulls().unique()
    found, missing = published_partitions(step, "hard_negatives", dict(rows.sort("category").iter_rows()))
    return [version for _, _, version in found], missing


def known_versions(step: Step) -> dict[str, Version]:
    """The versions that :func:`vectors_of` reads."""
    return {name: step.upstream(name) for name in KNOWN_ASSETS}


def attribute_values(attributes: Version) -> dict[str, list[str]]:
    """The values that each attribute may have, in the order of the schema."""
    import json

    content = json.loads(attributes.file("attribute_schema.json").read_text(encoding="utf-8"))
    return {name: entry["values"] for name, entry in content["attributes"].items()}


def vectors_of(known: Mapping[str, Version]) -> "ProductVectors":
    """All products with their vectors, groups, splits and attributes."""
    from vdata_assets.embeddings.catalog_vectors import read_catalog

    return read_catalog(
        known["catalog_vectors"].path / CATALOG,
        groups=tables.read(known["product_groups"].file("groups.parquet")),
        splits=tables.read(known["splits"].file("splits.parquet")),
        attributes=tables.read(known["attributes"].file("attributes.parquet")),
        names=list(attribute_values(known["attributes"])),
        unknown=UNKNOWN,
    )


def previous_splits(step: Step) -> "pl.DataFrame | None":
    """The splits of the version before, if there is one."""
    file = tables.previous_table(step, "splits.parquet")
    return tables.read(file) if file else None


def previous_version(step: Step) -> Path | None:
    """The folder of the version that is published now, if there is one."""
    version = step.artifact.current()
    return version.path if version else None


def counted(table: "pl.DataFrame", *columns: str) -> str:
    """How many rows have each combination of values, most first, as the UI shows it."""
    import polars as pl

    counts = (
        table.group_by(*columns)
        .agg(products=pl.len())
        .sort("products", *columns, descending=[True, *[False] * len(columns)])
    )
    return tables.as_markdown(counts)


def attribute_counts(table: "pl.DataFrame", values: Mapping[str, Any]) -> str:
    """How many products each attribute is known of, and its commonest values."""
    import polars as pl

    rows = []
    for name in values:
        known = table.filter(pl.col(name) != UNKNOWN)
        common = known[name].value_counts(name="times").sort("times", name, descending=[True, False])
        shown = ", ".join(f"{value} {times:,}" for value, times in common.head(6).iter_rows())
        rows.append(
            {
                "attribute": name,
                "known": known.height,
                "unknown": table.height - known.height,
                "values": shown,
            }
        )
    return tables.as_markdown(pl.DataFrame(rows))
