"""What each workflow publishes, as samples for :mod:`~vdata_assets.workflows.exports`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from vdata_assets.workflows import tables
from vdata_assets.workflows.dataset import Dataset
from vdata_assets.workflows.exports import Source
from vdata_assets.workflows.recipe import Step
from vdata_resources.store import Version

if TYPE_CHECKING:
    from vdata_assets.workflows.settings import TrainingDatasetSettings

Versions = Mapping[str, Version]


def class_conversations(step: Step, dataset: Dataset, versions: Versions) -> Source:
    """Questions and answers about classed images."""
    from vdata_assets.conversations.class_files import TABLE
    from vdata_assets.formats.samples_of.samples_of_classes import samples_of_classes

    return Source(
        samples_of_classes(versions["conversations"].file(TABLE)),
        dataset.root,
        "Questions and answers about images by class.",
    )


def retrieval_games(
    step: Step, dataset: Dataset, versions: Versions, settings: "TrainingDatasetSettings"
) -> Source:
    """The reference games of concept retrieval."""
    from vdata_assets.formats.samples_of.samples_of_retrieval import samples_of_retrieval

    unreadable: list[str] = []
    samples = samples_of_retrieval(
        tables.read(versions["retrieval_dataset"].file("retrieval.parquet")),
        dataset.root,
        tasks=settings.tasks,
        seed=settings.seed,
        use_description=settings.use_description,
        log=step.log,
        left_out=lambda row, path, reason: unreadable.append(f"{row}: picture {path}: {reason}"),
    )
    return Source(
        samples,
        dataset.root,
        "A query among images that look alike: which shows the same concept.",
        unreadable,
    )


def annotated_frames(
    step: Step, dataset: Dataset, versions: Versions, names: Sequence[str], seed: int
) -> Source:
    """Frames with what people marked in them."""
    from vdata_assets.formats.segmentation.samples_of_annotations import samples_of_annotations

    root = versions["annotations"].path
    splits = tables.read(versions["splits"].file("splits.parquet"))
    return Source(
        samples_of_annotations(root, splits, names=names, seed=seed),
        root,
        "Frames with questions about the objects in them, their boxes and masks.",
    )


def segmentation_prompts(step: Step, dataset: Dataset, versions: Versions) -> Source:
    """Prompts with the masks that satisfy them."""
    from vdata_assets.formats.samples_of.samples_of_prompts import samples_of_prompts

    root = versions["convseg_export"].path
    return Source(
        samples_of_prompts(root), root, "Prompts about a picture with the mask that satisfies them."
    )


def product_texts(step: Step, dataset: Dataset, versions: Versions) -> Source:
    """Products with their own texts; those whose pictures lie where most do, the others are named."""
    import polars as pl

    from vdata_assets.formats.samples_of.samples_of_products import samples_of_products

    products = tables.read(versions["products"].file("products.parquet"))
    told = products.filter(pl.col("reason").is_null() & pl.col("text").is_not_null())
    embedded = bool(told["embedded"].sum() * 2 > told.height)
    elsewhere = told.filter(pl.col("embedded") != embedded)["product_id"]
    places = ("under the root", "in the source's rows")
    own, most = places if embedded else places[::-1]
    return Source(
        samples_of_products(
            products,
            tables.read(versions["splits"].file("splits.parquet")),
            tables.read(versions["attributes"].file("attributes.parquet")),
            embedded=embedded,
        ),
        versions["products"].path if embedded else dataset.root,
        "Product pictures described by their own texts.",
        [f"{name}: its picture is {own}, most are {most}: make a dataset of each" for name in elsewhere],
    )
