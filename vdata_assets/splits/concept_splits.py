"""Concept-level splits: some concepts of a category to train on, the others held out for validation."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import dataframely as dy
import polars as pl

from vdata_assets.catalog.catalog_json import catalog_tree, write_json
from vdata_assets.catalog.schema import Images
from vdata_assets.seeding import seeded_int
from vdata_assets.splits.schema import ConceptSplits
from vdata_assets.splits.settings import ConceptSplitSettings

TABLE = "concept_splits.parquet"
CONCEPT = ["category", "concept"]


def split_concepts(
    images: dy.DataFrame[Images], settings: ConceptSplitSettings
) -> dy.DataFrame[ConceptSplits]:
    """Give every readable image of a catalog its role and its list.

    In a category with enough concepts, a share of them, drawn by seed, is for training: a sample of their
    test images joins their train images and the rest is unused. All other concepts are for validation, as
    they are. Only concepts with a readable train or test image count. Draws are by seeded order of the
    concept's and the image's own names, so a category or concept added elsewhere moves nothing.

    Args:
        images: the catalog; rows with a reason are left out.
        settings: shares, limits and seed.
    """
    readable = images.filter(pl.col("reason").is_null()).with_columns(pl.col("split").cast(pl.String))
    usable = readable.filter(pl.col("split") != "negative")
    training = _training_concepts(usable, settings)
    sampled = _sampled_images(usable.join(training, on=CONCEPT, how="semi"), settings)
    split = pl.col("catalog_split")
    table = (
        readable.rename({"split": "catalog_split"})
        .join(usable, on=CONCEPT, how="semi")
        .join(training.with_columns(role=pl.lit("train")), on=CONCEPT, how="left")
        .join(sampled.with_columns(sampled=pl.lit(True)), on="path", how="left")
        .with_columns(
            pl.col("role").fill_null("validation"),
            split=pl.when(pl.col("sampled"))
            .then(pl.lit("train"))
            .when((split == "test") & (pl.col("role") == "train"))
            .then(pl.lit("unused"))
            .otherwise(split),
        )
        .sort("category", "concept", "path")
    )
    return ConceptSplits.validate(table, cast=True)


def _training_concepts(usable: pl.DataFrame, settings: ConceptSplitSettings) -> pl.DataFrame:
    """Category and concept of the concepts drawn for training."""
    rows = [
        (category, concept)
        for category, concepts in usable.group_by("category").agg(pl.col("concept").unique()).iter_rows()
        for concept in _draw(
            settings.seed, "concept", (category,), concepts, settings.training_concepts(len(concepts))
        )
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(CONCEPT, pl.String), orient="row")


def _sampled_images(usable: pl.DataFrame, settings: ConceptSplitSettings) -> pl.DataFrame:
    """Path of the test images that are drawn to join the train images of their concept."""
    tests = usable.filter(pl.col("split") == "test").group_by(CONCEPT).agg("path")
    drawn = [
        path
        for category, concept, paths in tests.iter_rows()
        for path in _draw(
            settings.seed, "test-image", (category, concept), paths, settings.sampled_images(len(paths))
        )
    ]
    return pl.DataFrame({"path": drawn}, schema={"path": pl.String})


def _draw(seed: int, what: str, owner: tuple[str, ...], names: Iterable[str], count: int) -> list[str]:
    """The first ``count`` names in the seeded order that this kind of thing has inside its owner."""
    purpose = f"concept-splits/{what}"
    return sorted(names, key=lambda name: (seeded_int(seed, purpose, *owner, name), name))[:count]


def write_concept_splits(
    images: dy.DataFrame[Images],
    settings: ConceptSplitSettings,
    folder: Path,
    *,
    prefix: str = "",
) -> dy.DataFrame[ConceptSplits]:
    """Split a catalog's concepts and write ``concept_splits.parquet`` and the three JSON files.

    Args:
        images: the catalog.
        settings: shares, limits and seed.
        folder: where the files go; it exists.
        prefix: what stands before each path in the JSON files: empty, or the root with a closing slash.
    """
    splits = split_concepts(images, settings)
    splits.write_parquet(folder / TABLE)
    categories = images["category"].unique().to_list()
    names = settings.file_names()
    for role in ("train", "validation"):
        rows = splits.filter(pl.col("role").cast(pl.String) == role)
        write_json(folder / names[role], catalog_tree(rows, prefix, categories=categories))
    write_json(folder / names["metadata"], _metadata(splits, settings, categories, prefix))
    return splits


def _metadata(
    splits: dy.DataFrame[ConceptSplits],
    settings: ConceptSplitSettings,
    categories: Iterable[str],
    prefix: str,
) -> dict[str, Any]:
    """The settings, and per category and concept what was selected and sampled."""
    metadata: dict[str, Any] = {
        category: {"n_concepts": 0, "selected_concepts": [], "validation_concepts": [], "concepts": {}}
        for category in sorted(categories)
    }
    was_test = pl.col("catalog_split").cast(pl.String) == "test"
    sampled = pl.col("path").filter(was_test & (pl.col("split").cast(pl.String) == "train"))
    for category, concept, role, n_test, paths in (
        splits.group_by(*CONCEPT, pl.col("role").cast(pl.String))
        .agg(was_test.sum().alias("n_test"), sampled.sort().alias("sampled"))
        .sort(CONCEPT)
        .iter_rows()
    ):
        entry = metadata[category]
        entry["n_concepts"] += 1
        if role == "validation":
            entry["validation_concepts"].append(concept)
            continue
        entry["selected_concepts"].append(concept)
        entry["concepts"][concept] = {
            "n_original_test": n_test,
            "n_sampled": len(paths),
            "sampled": [prefix + path for path in paths],
        }
    return {"seed": settings.seed, "settings": settings.model_dump(), "categories": metadata}
