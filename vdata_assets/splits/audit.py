"""What is asked of concept splits and of a concept subset before they are published."""

import json
from pathlib import Path
from typing import Any

import dataframely as dy
import polars as pl

from vdata_assets.catalog.schema import Images
from vdata_assets.quality.findings import Finding
from vdata_assets.splits import checks, concept_subset
from vdata_assets.splits.concept_splits import CONCEPT, TABLE
from vdata_assets.splits.concept_subset import concept_counts
from vdata_assets.splits.settings import ConceptSplitSettings, ConceptSubsetSettings


def audit_concept_splits(
    folder: Path, images: dy.DataFrame[Images], settings: ConceptSplitSettings
) -> list[Finding]:
    """Audit written concept splits against the catalog they were made of, over all rows.

    Args:
        folder: what :func:`~vdata_assets.splits.concept_splits.write_concept_splits` wrote.
        images: the catalog.
        settings: the settings of the split.
    """
    splits = pl.read_parquet(folder / TABLE)
    names = settings.file_names()
    train = _read_json(folder / names["train"])
    validation = _read_json(folder / names["validation"])
    return [
        _disjoint(splits),
        _categories_in_both(images, train, validation),
        _sizes(images, train, validation, settings),
        _training_categories(train),
    ]


def _read_json(path: Path) -> dict[str, Any]:
    """The content of a JSON file."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _disjoint(splits: pl.DataFrame) -> Finding:
    """Content that training uses and validation holds; offenders are the training images' paths."""
    role = pl.col("role").cast(pl.String)
    used = splits.filter((role == "train") & (pl.col("split").cast(pl.String) != "unused"))
    leaked = used.join(splits.filter(role == "validation"), on="content_hash", how="semi")
    return checks.SPLITS_DISJOINT.finding(
        f"{leaked.height} of {used.height} training images have the bytes of a validation image",
        leaked["path"],
        {"training_images": used.height},
    )


def _categories_in_both(images: pl.DataFrame, train: dict[str, Any], validation: dict[str, Any]) -> Finding:
    """Categories that are not a key of both files."""
    categories = sorted(images["category"].unique())
    missing = [name for name in categories if name not in train or name not in validation]
    return checks.EVERY_CATEGORY_IN_BOTH.finding(
        f"{len(missing)} of {len(categories)} categories are missing in the training or validation file",
        missing,
        {"categories": len(categories)},
    )


def _sizes(
    images: pl.DataFrame, train: dict[str, Any], validation: dict[str, Any], settings: ConceptSplitSettings
) -> Finding:
    """Categories with a wrong number of training concepts, and concepts with wrong lists."""
    split = pl.col("split").cast(pl.String)
    concepts = (
        images.filter(pl.col("reason").is_null())
        .group_by(CONCEPT)
        .agg((split == "train").sum().alias("train"), (split == "test").sum().alias("test"))
        .filter(pl.col("train") + pl.col("test") > 0)
        .sort(CONCEPT)
    )
    wrong = []
    for (category,), group in concepts.group_by("category", maintain_order=True):
        expected = settings.training_concepts(group.height)
        held, selected = validation.get(str(category), {}), train.get(str(category), {})
        if len(selected) != expected or len(held) != group.height - expected:
            wrong.append(f"{category}: {len(selected)} training concepts, {expected} expected")
        for _, concept, n_train, n_test in group.iter_rows():
            lists = selected.get(concept) or held.get(concept, {"train": [], "test": []})
            sizes = (len(lists["train"]), len(lists["test"]))
            merged = (n_train + settings.sampled_images(n_test), 0)
            wanted = merged if concept in selected else (n_train, n_test)
            if sizes != wanted:
                wrong.append(
                    f"{category}/{concept}: {sizes[0]} train and {sizes[1]} test images, "
                    f"{wanted[0]} and {wanted[1]} expected"
                )
    return checks.SPLIT_SIZES.finding(
        f"{len(wrong)} categories or concepts have other sizes than the settings say",
        wrong,
        {"concepts": concepts.height},
    )


def _training_categories(train: dict[str, Any]) -> Finding:
    """Categories of which no concept is for training."""
    without = [category for category, concepts in train.items() if not concepts]
    return checks.CATEGORIES_WITH_TRAINING_CONCEPTS.finding(
        f"{len(without)} of {len(train)} categories have no training concept",
        without,
        {"categories": len(train), "training_concepts": sum(len(concepts) for concepts in train.values())},
    )


def audit_concept_subset(
    folder: Path, images: pl.DataFrame, settings: ConceptSubsetSettings
) -> list[Finding]:
    """Audit a written concept subset.

    Args:
        folder: what :func:`~vdata_assets.splits.concept_subset.write_concept_subset` wrote.
        images: the table the subset was chosen from.
        settings: the settings of the subset.
    """
    summary = _read_json(folder / concept_subset.SUMMARY)
    chosen, total = summary["n_chosen"], summary["total"]
    available = concept_counts(images).height
    short = [f"{available} concepts with train images, {settings.k} wanted"] if available < settings.k else []
    categories = images["category"].unique().sort()
    left_out = [name for name in categories if name not in summary["concepts"]]
    return [
        checks.SUBSET_SIZE.finding(
            f"{chosen} of {available} concepts with {total} train images in all, {settings.target} wanted",
            short,
            {"concepts": chosen, "images": total, "difference": summary["difference"]},
        ),
        checks.SUBSET_COVERS_CATEGORIES.finding(
            f"{len(categories) - len(left_out)} of {len(categories)} categories are in the subset"
            + ("" if settings.cover_categories else ", and need not be"),
            left_out if settings.cover_categories else [],
            {"categories": len(categories) - len(left_out)},
        ),
    ]
