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
    from vdata_assets.formats.samples_of_classes import samples_of_classes

    return Source(
        samples_of_classes(versions["conversations"].file(TABLE)),
        dataset.root,
        "Questions and answers about images by class.",
    )


def retrieval_games(
    step: Step, dataset: Dataset, versions: Versions, settings: "TrainingDatasetSettings"
) -> Source:
    """The reference games of concept retrieval."""
    from vdata_assets.formats.samples_of_retrieval import samples_of_retrieval

    rows = tables.read(versions["retrieval_dataset"].file("retrieval.parquet"))
    return Source(
        samples_of_retrieval(
            rows,
            dataset.root,
            tasks=settings.tasks,
            seed=settings.seed,
            use_description=settings.use_description,
            log=step.log,
        ),
        dataset.root,
        "A query among images that look alike: which shows the same concept.",
    )


def annotated_frames(
    step: Step, dataset: Dataset, versions: Versions, names: Sequence[str], seed: int
) -> Source:
    """Frames with what people marked in them."""
    from vdata_assets.formats.samples_of_annotations import samples_of_annotations

    root = versions["annotations"].path
    splits = tables.read(versions["splits"].file("splits.parquet"))
    return Source(
        samples_of_annotations(root, splits, names=names, seed=seed),
        root,
        "Frames with questions about the objects in them, their boxes and masks.",
    )


def segmentation_prompts(step: Step, dataset: Dataset, versions: Versions) -> Source:
    """Prompts with the masks that satisfy them."""
    from vdata_assets.formats.samples_of_prompts import samples_of_prompts

    root = versions["convseg_export"].path
    return Source(
        samples_of_prompts(root), root, "Prompts about a picture with the mask that satisfies them."
    )


def product_texts(step: Step, dataset: Dataset, versions: Versions) -> Source:
    """Products with their own texts; those whose pictures lie where most do."""
    from vdata_assets.formats.samples_of_products import samples_of_products

    products = tables.read(versions["products"].file("products.parquet"))
    usable = products.filter(products["reason"].is_null())
    embedded = bool(usable["embedded"].sum() * 2 > usable.height)
    return Source(
        samples_of_products(
            products,
            tables.read(versions["splits"].file("splits.parquet")),
            tables.read(versions["attributes"].file("attributes.parquet")),
            embedded=embedded,
        ),
        versions["products"].path if embedded else dataset.root,
        "Product pictures described by their own texts.",
    )
