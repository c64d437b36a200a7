"""What the assets of concept retrieval read from each other: slices of published tables, and their looks."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vdata_assets.workflows.dataset import Dataset
from vdata_assets.workflows.recipe import Step
from vdata_assets.workflows.tables import read
from vdata_assets.workflows.upstreams import published_partitions, register
from vdata_resources.store import NotPublished, Store, Version

if TYPE_CHECKING:
    import polars as pl

    from vdata_assets.catalog.settings import CatalogSettings
    from vdata_assets.workflows.settings import RetrievalSettings

WITHOUT_DESCRIPTIONS = "retrieval was made without descriptions: materialize it again"


def known_categories(store: Store, dataset: Dataset) -> dict[str, str]:
    """Partition key by category, of all that were ever published."""
    import polars as pl

    version = store.artifact(dataset.name, "catalog").current()
    if version is None:
        return {}
    table = pl.read_parquet(version.file("categories.parquet"), columns=["category", "partition"])
    return dict(table.iter_rows())


def register_categories(step: Step, version: Version) -> None:
    """Register one partition a category; keys of vanished ones stay, for their data still stands."""
    import polars as pl

    keys = pl.read_parquet(version.file("categories.parquet"), columns=["partition"]).to_series()
    register(step, sorted(set(keys)))


def category_images(step: Step) -> "pl.DataFrame":
    """The readable images of the step's category, in the catalog's order."""
    import polars as pl

    return (
        pl.scan_parquet(step.upstream("catalog").file("catalog.parquet"))
        .filter(pl.col("partition") == step.key, pl.col("reason").is_null())
        .select("image_id", "path", "category", "concept", "split", "content_hash")
        .collect()
    )


def training_views(step: Step) -> "pl.DataFrame":
    """The images of the step's category that the catalog trains on: what a concept is known by.

    The sampled test images that concept_splits adds to training are not among them.
    """
    import polars as pl

    return category_images(step).filter(pl.col("split") == "train").drop("split", "category")


def concept_names(step: Step) -> list[str]:
    """The concepts of the step's category that have an image, of whichever split."""
    import polars as pl

    return sorted(set(category_images(step).filter(pl.col("split") != "negative")["concept"]))


def training_images(splits: Version) -> "pl.DataFrame":
    """The images that training concepts train on, their sampled test images included."""
    import polars as pl

    return (
        pl.scan_parquet(splits.file("concept_splits.parquet"))
        .filter(pl.col("role") == "train", pl.col("split") == "train")
        .collect()
    )


def role_counts(splits: "pl.DataFrame") -> "pl.DataFrame":
    """Concepts and images of each category that train and that validate."""
    import polars as pl

    training = pl.col("role") == "train"
    return (
        splits.group_by("category")
        .agg(
            pl.col("concept").filter(training).n_unique().alias("training concepts"),
            pl.col("concept").filter(~training).n_unique().alias("validation concepts"),
            (training & (pl.col("split") == "train")).sum().alias("training images"),
            (~training).sum().alias("validation images"),
        )
        .sort("category")
    )


def present_partitions(store: Store, dataset: Dataset, settings: "CatalogSettings") -> dict[str, str]:
    """Display name by partition key of the categories there are now, by their folders; no file is opened.

    Raises:
        ValueError: the root cannot be listed.
    """
    from vdata_assets.catalog.layout import present_categories
    from vdata_assets.catalog.partitions import partition_keys

    names = present_categories(dataset.root, settings)
    return {key: name for name, key in partition_keys(names, known_categories(store, dataset)).items()}


def display_name(step: Step) -> str:
    """The folder's name of the step's category, which may be gone or have no readable image.

    Raises:
        NotPublished: the key was registered by hand and no category ever had it.
    """
    table = read(step.upstream("catalog").file("categories.parquet"))
    names = dict(table.select("partition", "category").iter_rows())
    if step.key not in names:
        raise NotPublished(f"the catalog has no category with the key {step.key!r}: delete the partition")
    return names[step.key]


def source_images(step: Step, settings: "RetrievalSettings") -> "pl.DataFrame":
    """The images of the step's category: whether rows are mined from them, and whether they are held out.

    Held out are the concepts for validation and the images of no list, unless it is them that are mined;
    and every image outside the source.
    """
    import polars as pl

    rows = pl.scan_parquet(step.upstream("concept_splits").file("concept_splits.parquet")).filter(
        pl.col("partition") == step.key, pl.col("catalog_split") != "negative"
    )
    wanted = ["train", "test"] if settings.split == "all" else [settings.split]
    if settings.source == "catalog":
        in_source = pl.col("catalog_split").cast(pl.String).is_in(wanted)
    else:
        role = pl.col("role") == settings.source.removesuffix("_concepts")
        in_source = role & pl.col("split").cast(pl.String).is_in(wanted)
    validates = pl.col("role") == "validation"
    held_out = ~in_source | (validates & (settings.source != "validation_concepts"))
    return rows.select(
        "image_id", "path", "category", "concept", in_source=in_source, held_out=held_out
    ).collect()


def with_vectors(images: "pl.DataFrame", embeddings: Version) -> "pl.DataFrame":
    """The images that could be decoded, with their hashes and vectors."""
    import polars as pl

    encoded = pl.read_parquet(embeddings.file("embeddings.parquet"), columns=["image_id", "phash", "vector"])
    return images.join(encoded.drop_nulls("vector"), on="image_id", maintain_order="left")


def published_categories(
    step: Step, asset: str, wanted: tuple[str, ...] | None
) -> tuple[list[tuple[str, str, Version]], dict[str, str]]:
    """Partition key, display name and published version of each category, and why the others have none.

    Args:
        step: whose upstream ``asset`` is.
        asset: partitioned by category.
        wanted: display names, in order; None: all of the catalog.
    """
    keys = _catalog_categories(step)
    known = {category: keys[category] for category in wanted or keys if category in keys}
    absent = {category: "not in the catalog" for category in wanted or () if category not in keys}
    parts, missing = published_partitions(step, asset, known)
    return parts, absent | missing


def maybe_described(rows: "pl.DataFrame", definitions: Version | None) -> "pl.DataFrame":
    """The rows with what the accepted definitions say of each slot's concept, if there are definitions."""
    from vdata_assets.concept_definitions.definitions_json import TABLE, accepted
    from vdata_assets.retrieval.descriptions import with_descriptions

    if definitions is None:
        return rows
    texts = accepted(read(definitions.file(TABLE))).select("name", "detailed")
    return with_descriptions(rows, dict(texts.iter_rows()))


def described_categories(
    parts: Sequence[tuple[str, str, Version]], missing: Mapping[str, str]
) -> tuple[list[tuple[str, str, Version]], dict[str, str]]:
    """The parts that have descriptions; the others are missing too, for the reason that they have none."""
    described = [part for part in parts if _has_descriptions(part[2])]
    kept = {name for _, name, _ in described}
    without = {name: WITHOUT_DESCRIPTIONS for _, name, _ in parts if name not in kept}
    return described, {**missing, **without}


def require_descriptions(rows: Version) -> None:
    """See to it that the combined rows have descriptions.

    Raises:
        NotPublished: they were made without.
    """
    if not _has_descriptions(rows):
        raise NotPublished("retrieval_dataset was made without descriptions: materialize it again")


def _has_descriptions(rows: Version) -> bool:
    import polars as pl

    return "ret_descs" in pl.read_parquet_schema(rows.file("retrieval.parquet"))


def hashed_images(step: Step, partitions: Sequence[str]) -> "pl.DataFrame":
    """Id, path, category, concept and perceptual hash of the decoded images of some categories."""
    import polars as pl

    files = [step.upstream("embeddings", partition).file("embeddings.parquet") for partition in partitions]
    images = read(step.upstream("catalog").file("catalog.parquet")).select(
        "image_id", "path", "category", "concept"
    )
    if not files:
        return images.clear().with_columns(phash=pl.lit(0, dtype=pl.UInt64))
    hashes = pl.scan_parquet(files).select("image_id", "phash").drop_nulls().collect()
    return images.join(hashes, on="image_id", maintain_order="left")


def retrieval_pictures(rows: "pl.DataFrame", title: str, root: Path) -> dict[str, str]:
    """Some queries with their slots, and how similar positives and distractors are."""
    from vdata_assets.reports import markdown, plots
    from vdata_assets.reports.embed import SHEET_BYTES, encoded
    from vdata_assets.reports.sheets import retrieval_sheet
    from vdata_assets.reports.statistics import slot_similarities

    if rows.is_empty():
        return {}
    slots = slot_similarities(rows.lazy())
    positive, distractors = (
        slots.filter(positive=wanted)["similarity"].to_numpy() for wanted in (True, False)
    )
    sheet = encoded(retrieval_sheet(rows, title, root, seed=0), SHEET_BYTES)
    return {
        "contact sheet": markdown.image(f"Queries of {title}", sheet),
        "similarity plot": markdown.image(
            "Similarity to the query", plots.similarity_histogram(positive, distractors)
        ),
    }


def _catalog_categories(step: Step) -> dict[str, str]:
    """Partition key by display name of the categories of the published catalog that have images."""
    import polars as pl

    table = pl.read_parquet(step.upstream("catalog").file("categories.parquet"))
    return dict(table.filter(pl.col("images") > 0).select("category", "partition").iter_rows())
