"""Product pictures and texts become attribute-aware retrieval, measured against an honest baseline.

The assets in the order in which data flows; each says what its result depends on and has a body of a few
lines that loads, calls its stage and writes. The algorithms live in the stages, imported when they run:

    source -> products -> product_groups -> splits
              products -> attributes
              products -> catalog_embeddings[shard] -> catalog_vectors
    catalog_vectors, product_groups, splits, attributes -> baseline_evaluation -> gallery
                                                        -> hard_negatives[category] -> training_pairs
    training_pairs -> protocol_model -> checkpoint_validation
                      protocol_model -> full_evaluation -> scoreboard -> promoted_model

Those that make the catalog are in :mod:`~vdata_assets.workflows.product_catalog`, those that train and
measure in :mod:`~vdata_assets.workflows.attribute_training`.
"""

from functools import partial
from typing import ClassVar, Self

import dagster as dg
from pydantic import model_validator

from vdata_assets.attributes.checks import ATTRIBUTE_CHECKS
from vdata_assets.attributes.settings import AttributeSettings
from vdata_assets.embeddings.checks import CATALOG_VECTORS_CHECKS, PRODUCT_EMBEDDINGS_CHECKS
from vdata_assets.evaluation.checks import (
    CHECKPOINT_CHECKS,
    EVALUATION_CHECKS,
    GALLERY_CHECKS,
    PROMOTION_CHECKS,
    SCOREBOARD_CHECKS,
)
from vdata_assets.evaluation.settings import EvaluationSettings, ScoreboardSettings
from vdata_assets.pairs.checks import GROUP_CHECKS, HARD_NEGATIVE_CHECKS, PAIR_CHECKS
from vdata_assets.pairs.settings import GroupSettings, HardNegativeSettings, PairSettings
from vdata_assets.pairs.split_checks import PRODUCT_SPLIT_CHECKS
from vdata_assets.pairs.split_settings import ProductSplitSettings
from vdata_assets.products.checks import PRODUCT_CHECKS
from vdata_assets.products.settings import OWN_COLUMNS, ProductSettings
from vdata_assets.protocol.checks import PROTOCOL_CHECKS
from vdata_assets.protocol.settings import ProtocolSettings
from vdata_assets.quality.findings import Check
from vdata_assets.reports.settings import GallerySettings
from vdata_assets.workflows import attribute_training, export_sources, product_catalog, product_tables
from vdata_assets.workflows.component import DatasetComponent
from vdata_assets.workflows.dataset import Dataset
from vdata_assets.workflows.exports import EXPORTS, exports_assets
from vdata_assets.workflows.operations import observation_schedule, part_job, partition_sensor
from vdata_assets.workflows.product_tables import CATEGORY, SHARD
from vdata_assets.workflows.settings import DescriptorSettings, EncoderSettings

TRAIN, VALIDATION = "train", attribute_training.VALIDATION
CATALOG_PART = (
    "products",
    "product_groups",
    "attributes",
    "splits",
    "catalog_embeddings",
    "catalog_vectors",
    "baseline_evaluation",
    "gallery",
)
TRAINING_PART = (
    "hard_negatives",
    "training_pairs",
    "protocol_model",
    "checkpoint_validation",
    "full_evaluation",
    "scoreboard",
    "promoted_model",
)


class AttributeRetrieval(DatasetComponent):
    """Attribute-aware product retrieval: catalog, baseline, pairs, a trained protocol model, scoreboard."""

    DIMENSION: ClassVar[str] = SHARD
    CHECKS: ClassVar[tuple[Check, ...]] = (
        *PRODUCT_CHECKS,
        *GROUP_CHECKS,
        *ATTRIBUTE_CHECKS,
        *PRODUCT_SPLIT_CHECKS,
        *PRODUCT_EMBEDDINGS_CHECKS,
        *CATALOG_VECTORS_CHECKS,
        *EVALUATION_CHECKS,
        *GALLERY_CHECKS,
        *HARD_NEGATIVE_CHECKS,
        *PAIR_CHECKS,
        *PROTOCOL_CHECKS,
        *CHECKPOINT_CHECKS,
        *SCOREBOARD_CHECKS,
        *PROMOTION_CHECKS,
    )

    products: ProductSettings = ProductSettings()
    product_groups: GroupSettings = GroupSettings()
    attributes: AttributeSettings = AttributeSettings()
    splits: ProductSplitSettings = ProductSplitSettings()
    encoder: EncoderSettings = DescriptorSettings()
    evaluation: EvaluationSettings = EvaluationSettings()
    gallery: GallerySettings = GallerySettings()
    hard_negatives: HardNegativeSettings = HardNegativeSettings()
    training_pairs: PairSettings = PairSettings()
    protocol_model: ProtocolSettings = ProtocolSettings()
    scoreboard: ScoreboardSettings = ScoreboardSettings()

    @model_validator(mode="after")
    def _splits_exist(self) -> Self:
        named = {
            "evaluation.query_split": [self.evaluation.query_split],
            "evaluation.catalog_splits": self.evaluation.catalog_splits,
            "hard_negatives.splits": self.hard_negatives.splits,
            "training_pairs.num_pairs": self.training_pairs.num_pairs,
            "protocol_model, which trains on one split and chooses its best epoch by another": (
                TRAIN,
                VALIDATION,
            ),
        }
        for field, splits in named.items():
            if unknown := [split for split in splits if split not in self.splits.ratios]:
                raise ValueError(
                    f"{field}: there is no split {unknown[0]!r}, splits.ratios has "
                    f"{', '.join(self.splits.ratios)}"
                )
        if self.evaluation.query_split == TRAIN:
            raise ValueError(
                "evaluation.query_split is 'train': a model is not measured by what it was trained on; "
                "take another split"
            )
        return self

    @model_validator(mode="after")
    def _attributes_have_their_own_columns(self) -> Self:
        for attribute, column in self.attributes.columns.items():
            if column in OWN_COLUMNS:
                raise ValueError(
                    f"attributes.columns.{attribute}: {column!r} is a column of the products table: "
                    "rename it in the source"
                )
        return self

    def _products_with_their_columns(self) -> ProductSettings:
        """The products' settings, keeping what attributes and group patterns read as well."""
        read = [
            *self.attributes.columns.values(),
            *(pattern.column for pattern in self.product_groups.patterns),
        ]
        kept = dict.fromkeys([*self.products.keep, *(column for column in read if column not in OWN_COLUMNS)])
        return self.products.model_copy(update={"keep": tuple(kept)})

    def definitions(self, dataset: Dataset) -> dg.Definitions:
        """All assets, checks, jobs, schedules and sensors of a dataset."""
        by_category = dataset.divided_by(CATEGORY)
        jobs = [
            part_job(
                dataset,
                "catalog",
                (*CATALOG_PART, *([EXPORTS] if self.formats else [])),
                f"The catalog of {dataset.name} and its baseline, for the shards you choose, in one run.",
            ),
            part_job(
                by_category,
                "training",
                TRAINING_PART,
                f"Hard negatives of {dataset.name} for the categories you choose, then pairs, training, "
                "evaluation and scoreboard, in one run.",
            ),
        ]
        shards = partial(product_tables.present_keys, dataset=dataset, dimension=SHARD)
        categories = partial(product_tables.present_keys, dataset=dataset, dimension=CATEGORY)
        return dg.Definitions(
            assets=[
                *product_catalog.assets(
                    dataset,
                    products=self._products_with_their_columns(),
                    groups=self.product_groups,
                    attributes=self.attributes,
                    splits=self.splits,
                    encoder=self.encoder,
                ),
                *attribute_training.evaluated(dataset, self.evaluation, self.gallery),
                *attribute_training.trained(
                    by_category,
                    hard_negatives=self.hard_negatives,
                    pairs=self.training_pairs,
                    protocol=self.protocol_model,
                    evaluation=self.evaluation,
                    scoreboard=self.scoreboard,
                ),
                *exports_assets(
                    dataset,
                    self.formats,
                    ["products", "splits", "attributes"],
                    export_sources.product_texts,
                ),
            ],
            jobs=jobs,
            schedules=[observation_schedule(dataset, "source")],
            sensors=[
                partition_sensor(dataset, shards, "shards", job=f"{dataset.slug}_catalog"),
                partition_sensor(by_category, categories, "categories", job=f"{dataset.slug}_training"),
            ],
        )
