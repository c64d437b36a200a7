"""The catalog of attribute retrieval: products, what is known of them, and their vectors."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from vdata_assets.attributes.checks import ATTRIBUTE_CHECKS
from vdata_assets.attributes.settings import AttributeSettings
from vdata_assets.embeddings.checks import CATALOG_VECTORS_CHECKS, PRODUCT_EMBEDDINGS_CHECKS
from vdata_assets.pairs.checks import GROUP_CHECKS
from vdata_assets.pairs.settings import GroupSettings
from vdata_assets.pairs.split_checks import PRODUCT_SPLIT_CHECKS
from vdata_assets.pairs.split_settings import ProductSplitSettings
from vdata_assets.products.checks import PRODUCT_CHECKS
from vdata_assets.products.settings import ProductSettings
from vdata_assets.workflows import product_tables, tables
from vdata_assets.workflows.automation import FOLLOWS, FOLLOWS_ANY, follows_if_embedded
from vdata_assets.workflows.cards import about
from vdata_assets.workflows.dataset import Dataset
from vdata_assets.workflows.file_states import file_state, tree_state
from vdata_assets.workflows.product_tables import CATEGORY, SHARD, TABLE
from vdata_assets.workflows.publish import published_asset
from vdata_assets.workflows.recipe import Built, Recipe, Step
from vdata_assets.workflows.settings import EncoderSettings, step_device
from vdata_resources.store import Version

if TYPE_CHECKING:
    import polars as pl


def assets(
    dataset: Dataset,
    *,
    products: ProductSettings,
    groups: GroupSettings,
    attributes: AttributeSettings,
    splits: ProductSplitSettings,
    encoder: EncoderSettings,
) -> list[dg.AssetsDefinition]:
    """From the source to the vectors of the whole catalog."""
    return [
        source(dataset),
        products_asset(dataset, products),
        product_groups(dataset, groups),
        attributes_asset(dataset, attributes),
        splits_asset(dataset, splits, groups.near_duplicate_hamming),
        catalog_embeddings(dataset, encoder),
        catalog_vectors(dataset),
    ]


def source(dataset: Dataset) -> dg.AssetsDefinition:
    """The raw tree. Its data version is a digest of its listing, so untouched files trigger nothing."""

    @dg.observable_source_asset(
        key=dataset.key("source"),
        group_name=dataset.slug,
        tags={"dagster/kind/jpeg": "", "dagster/kind/csv": ""},
        description=f"Products and pictures under {dataset.root}, observed: path, size and time of files.",
    )
    def source(context: dg.OpExecutionContext) -> dg.DataVersion:
        return dg.DataVersion(tree_state(dataset.root))

    return source  # type: ignore[return-value]


def products_asset(dataset: Dataset, settings: ProductSettings) -> dg.AssetsDefinition:
    """Every row of the source, and one partition registered a shard and a category."""

    def inputs(step: Step) -> dict[str, Any]:
        return {"files": tree_state(dataset.root)}

    def build(step: Step, out: Path, files: str) -> Built:
        """Every row of the source once: its picture, text and category, and why not if it cannot be used."""
        from vdata_assets.formats.described import describe_dataset_dict
        from vdata_assets.formats.tables.products_hf import (
            ALL,
            audit_products_dataset,
            features,
            kept_columns,
            write_products_dataset,
        )
        from vdata_assets.products.audit import audit_products
        from vdata_assets.products.read import read_products
        from vdata_assets.products.schema import Products

        table = read_products(
            dataset.root,
            settings,
            out,
            known_partitions=product_tables.known_keys(step.store, dataset, CATEGORY),
            known_shards=product_tables.known_keys(step.store, dataset, SHARD),
            hashes=step.store.root / "perceptual_hashes.sqlite",
            log=step.log,
        )
        table.write_parquet(out / TABLE)
        usable = table.filter(table["reason"].is_null())

        def place(embedded: bool, picture: str) -> Path:
            return (out if embedded else dataset.root) / picture

        write_products_dataset(usable, place, out / "hf", log=step.log)
        findings = [*audit_products(table, settings), audit_products_dataset(usable, place, out / "hf")]
        told = "Products with their pictures, texts and categories."
        card = about(dataset, told, {}, settings, findings, asset="products")
        describe_dataset_dict(out / "hf", card, features(kept_columns(usable)), {ALL: usable.height})
        return Built(
            findings,
            figures={"usable": usable.height, "shards": usable["shard"].n_unique(), "dataset": "hf"},
            pictures={"table of categories": product_tables.counted(usable, "category")},
            table=tables.described(table, Products),
        )

    recipe = Recipe(
        inputs,
        build,
        [settings, dataset.license],
        "2",
        PRODUCT_CHECKS,
        announce=product_tables.register_keys,
    )
    return published_asset(
        dataset,
        "products",
        recipe,
        deps=["source"],
        kinds={"parquet", "huggingface", settings.source.type},
        automation=FOLLOWS,
    )


def product_groups(dataset: Dataset, settings: GroupSettings) -> dg.AssetsDefinition:
    """Which products show one article."""

    def inputs(step: Step) -> dict[str, Any]:
        return {"products": step.upstream("products")}

    def build(step: Step, out: Path, products: Version) -> Built:
        """Views and colours of one article, by ids, SKUs in the text and pictures that are nearly equal."""
        from vdata_assets.pairs.groups import product_groups, write_groups
        from vdata_assets.pairs.groups_audit import audit_groups
        from vdata_assets.pairs.schema import ProductGroups

        rows = product_tables.usable_products(products)
        grouped = product_groups(rows, settings)
        write_groups(grouped, settings, out)
        return Built(
            audit_groups(grouped, rows, settings, out),
            figures={"groups": grouped.table["group_id"].n_unique()},
            pictures={"table of group sizes": product_tables.counted(grouped.table, "size")},
            table=tables.described(grouped.table, ProductGroups),
        )

    recipe = Recipe(inputs, build, settings, "1", GROUP_CHECKS)
    return published_asset(
        dataset, "product_groups", recipe, deps=["products"], kinds={"parquet", "json"}, automation=FOLLOWS
    )


def attributes_asset(dataset: Dataset, settings: AttributeSettings) -> dg.AssetsDefinition:
    """What texts and columns say of every product."""
    own_rules = None if settings.rules in (None, "fashion") else dataset.root / str(settings.rules)

    def inputs(step: Step) -> dict[str, Any]:
        from vdata_assets.attributes.rules import load_rules

        rules = load_rules(own_rules) if settings.rules else None
        return {"products": step.upstream("products"), "rules": rules, "state": file_state(own_rules)}

    def build(step: Step, out: Path, products: Version, rules: Any, state: str) -> Built:
        """Attributes by rules over the text, and by columns of the source, with the words they rest on."""
        from vdata_assets.attributes.audit import audit_attributes
        from vdata_assets.attributes.schema import Attributes
        from vdata_assets.attributes.table import attribute_table, attribute_values, write_attribute_schema

        rows = product_tables.usable_products(products)
        table = attribute_table(rows, settings, rules)
        values = attribute_values(table, settings, rules)
        table.write_parquet(out / "attributes.parquet")
        write_attribute_schema(values, settings, rules, out)
        return Built(
            audit_attributes(table, rows, values, settings, rules),
            figures={"attributes": list(values)},
            pictures={"table of attributes": product_tables.attribute_counts(table, values)},
            table=tables.described(table, Attributes),
        )

    recipe = Recipe(inputs, build, settings, "1", ATTRIBUTE_CHECKS)
    return published_asset(
        dataset, "attributes", recipe, deps=["products"], kinds={"parquet", "json"}, automation=FOLLOWS
    )


def splits_asset(dataset: Dataset, settings: ProductSplitSettings, hamming: int) -> dg.AssetsDefinition:
    """Which products train, which choose the best epoch, and which measure."""

    def inputs(step: Step) -> dict[str, Any]:
        return {"products": step.upstream("products"), "groups": step.upstream("product_groups")}

    def build(step: Step, out: Path, products: Version, groups: Version) -> Built:
        """A split for every product: articles, colours and look-alike pictures whole, none ever moves."""
        from vdata_assets.pairs.product_splits import write_product_splits
        from vdata_assets.splits.schema import SampleSplits

        made = write_product_splits(
            product_tables.usable_products(products),
            tables.read(groups.file("groups.parquet")),
            settings,
            hamming,
            out,
            product_tables.previous_splits(step),
        )
        return Built(
            made.findings,
            pictures={"table of splits": product_tables.counted(made.splits, "split")},
            table=tables.described(made.splits, SampleSplits),
        )

    recipe = Recipe(inputs, build, [settings, hamming], "1", PRODUCT_SPLIT_CHECKS)
    return published_asset(
        dataset,
        "splits",
        recipe,
        deps=["products", "product_groups"],
        kinds={"parquet", "json"},
        automation=FOLLOWS,
    )


def catalog_embeddings(dataset: Dataset, settings: EncoderSettings) -> dg.AssetsDefinition:
    """Image and text vectors of a shard's products."""
    load_encoders = cache(settings.build_with_texts)  # once a process, however many shards a run has

    def inputs(step: Step) -> dict[str, Any]:
        images, texts = load_encoders()
        return {
            "shard": product_tables.shard_products(step),
            "encoders": [images.identity, texts.identity],
        }

    def build(step: Step, out: Path, shard: "pl.DataFrame", encoders: list[str]) -> Built:
        """A unit vector of every picture and every text; only what is new or changed is encoded."""
        from vdata_assets.embeddings.embed_products import embed_products

        place = product_tables.picture_places(step.upstream("products"), dataset.root)
        made = embed_products(
            shard,
            place,
            load_encoders(),
            product_tables.previous_version(step),
            out,
            step.log,
        )
        return Built(
            made.findings,
            figures={"encoders": encoders, "encoded": made.encoded, "vectors_reused": made.reused},
            table=tables.described(made.images),
        )

    recipe = Recipe(inputs, build, settings, "1", PRODUCT_EMBEDDINGS_CHECKS)
    return published_asset(
        dataset,
        "catalog_embeddings",
        recipe,
        deps=["products"],
        kinds={"parquet", settings.type},
        partitioned=True,
        device=step_device(settings),
        automation=follows_if_embedded(settings),
    )


def catalog_vectors(dataset: Dataset) -> dg.AssetsDefinition:
    """The vectors of all shards as arrays."""

    def inputs(step: Step) -> dict[str, Any]:
        shards = product_tables.published_shards(step)
        return {
            "products": step.upstream("products"),
            "shards": shards.versions,
            "missing": shards.missing,
            "foreign": shards.foreign,
        }

    def build(
        step: Step,
        out: Path,
        products: Version,
        shards: list[Version],
        missing: dict[str, str],
        foreign: dict[str, str],
    ) -> Built:
        """`catalog_img.npy`, `catalog_txt.npy` (float32, unit rows), `catalog_meta.parquet`, a manifest."""
        from vdata_assets.embeddings.catalog_vectors import audit_catalog, write_catalog

        folder = out / product_tables.CATALOG
        meta = write_catalog(
            product_tables.usable_products(products), [shard.path for shard in shards], folder, step.log
        )
        return Built(
            audit_catalog(folder, missing, foreign, len(shards) + len(missing) + len(foreign)),
            figures={"folder": folder.name, "with_text": int(meta["has_text"].sum())},
            table=tables.described(meta),
        )

    recipe = Recipe(inputs, build, None, "1", CATALOG_VECTORS_CHECKS)
    return published_asset(
        dataset,
        "catalog_vectors",
        recipe,
        deps=["catalog_embeddings"],
        kinds={"numpy", "parquet"},
        automation=FOLLOWS_ANY,
    )
