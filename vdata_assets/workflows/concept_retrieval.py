"""Photos in ``<category>/<concept>/`` folders become hard-negative retrieval data.

The assets in the order in which data flows; each says what its result depends on and has a body of a few
lines that loads, calls its stage and writes. The algorithms live in the stages, imported when they run:

    images -> catalog -> concept_splits -> concept_subset
              catalog -> embeddings[category] -> retrieval[category] -> retrieval_dataset -> training_dataset
              catalog -> concept_definitions[category] ---^
              catalog -> analysis

Those that training reads are in :mod:`~vdata_assets.workflows.concept_training`, the definitions in
:mod:`~vdata_assets.workflows.concept_definitions`.
"""

from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import dagster as dg
from pydantic import model_validator

from vdata_assets.catalog.checks import CATALOG_CHECKS
from vdata_assets.catalog.settings import CatalogSettings
from vdata_assets.concept_definitions.checks import CONCEPT_DEFINITION_CHECKS
from vdata_assets.concept_definitions.settings import ConceptDefinitionSettings
from vdata_assets.embeddings.checks import EMBEDDINGS_CHECKS, NEAR_DUPLICATE_CHECKS
from vdata_assets.formats.checks import TRAINING_DATASET_CHECKS
from vdata_assets.quality.findings import Check
from vdata_assets.reports.settings import AnalysisSettings
from vdata_assets.retrieval.checks import COMBINED_CHECKS, HELD_OUT_UNSEEN, RETRIEVAL_CHECKS
from vdata_assets.retrieval.settings import CombineSettings
from vdata_assets.splits.checks import CONCEPT_SPLITS_CHECKS, CONCEPT_SUBSET_CHECKS
from vdata_assets.splits.settings import ConceptSplitSettings, ConceptSubsetSettings
from vdata_assets.workflows import concept_tables, export_sources, tables
from vdata_assets.workflows.automation import FOLLOWS, follows_if_embedded
from vdata_assets.workflows.component import DatasetComponent
from vdata_assets.workflows.concept_definitions import concept_definitions
from vdata_assets.workflows.concept_training import retrieval, retrieval_dataset, training_dataset
from vdata_assets.workflows.dataset import Dataset
from vdata_assets.workflows.exports import exports_assets
from vdata_assets.workflows.model_settings import LanguageModelSettings, RulesSettings
from vdata_assets.workflows.operations import observation_schedule, partition_sensor, whole_job
from vdata_assets.workflows.publish import published_asset
from vdata_assets.workflows.recipe import Built, Recipe, Step
from vdata_assets.workflows.settings import (
    DescriptorSettings,
    EncoderSettings,
    RetrievalSettings,
    TrainingDatasetSettings,
    step_device,
)
from vdata_resources.store import Version

if TYPE_CHECKING:
    import polars as pl


class ConceptRetrieval(DatasetComponent):
    """Hard-negative retrieval data and a training-ready dataset from photos in concept folders."""

    CHECKS: ClassVar[tuple[Check, ...]] = (
        *CATALOG_CHECKS,
        *CONCEPT_SPLITS_CHECKS,
        *CONCEPT_SUBSET_CHECKS,
        *EMBEDDINGS_CHECKS,
        *NEAR_DUPLICATE_CHECKS,
        *CONCEPT_DEFINITION_CHECKS,
        *RETRIEVAL_CHECKS,
        HELD_OUT_UNSEEN,
        *COMBINED_CHECKS,
        *TRAINING_DATASET_CHECKS,
    )

    catalog: CatalogSettings = CatalogSettings()
    concept_splits: ConceptSplitSettings = ConceptSplitSettings()
    concept_subset: ConceptSubsetSettings = ConceptSubsetSettings()
    encoder: EncoderSettings = DescriptorSettings()
    concept_definitions: ConceptDefinitionSettings = ConceptDefinitionSettings()
    language_model: LanguageModelSettings = RulesSettings()
    retrieval: RetrievalSettings = RetrievalSettings()
    retrieval_dataset: CombineSettings = CombineSettings()
    training_dataset: TrainingDatasetSettings = TrainingDatasetSettings()
    analysis: AnalysisSettings = AnalysisSettings()

    @model_validator(mode="after")
    def _descriptions_are_there_to_be_used(self) -> Self:
        if self.training_dataset.use_description and not self.retrieval.descriptions:
            raise ValueError(
                "training_dataset.use_description needs descriptions: set retrieval.descriptions"
            )
        return self

    def definitions(self, dataset: Dataset) -> dg.Definitions:
        """All assets, checks, jobs, schedules and sensors of a dataset."""
        prefix = "" if self.catalog.relative else f"{dataset.root}/"
        present = partial(concept_tables.present_partitions, dataset=dataset, settings=self.catalog)
        return dg.Definitions(
            assets=[
                images(dataset),
                catalog(dataset, self.catalog, prefix),
                concept_splits(dataset, self.concept_splits, prefix),
                concept_subset(dataset, self.concept_subset, prefix),
                embeddings(dataset, self.encoder),
                concept_definitions(dataset, self.concept_definitions, self.language_model, prefix),
                retrieval(dataset, self.retrieval, prefix),
                retrieval_dataset(dataset, self.retrieval_dataset, self.retrieval, prefix),
                training_dataset(dataset, self.training_dataset, self.retrieval),
                analysis(dataset, self.analysis),
                *exports_assets(
                    dataset,
                    self.formats,
                    ["retrieval_dataset"],
                    partial(export_sources.retrieval_games, settings=self.training_dataset),
                ),
            ],
            jobs=[whole_job(dataset)],
            schedules=[observation_schedule(dataset, "images")],
            sensors=[partition_sensor(dataset, present)],
        )


def images(dataset: Dataset) -> dg.AssetsDefinition:
    """The raw tree. Its data version is a digest of its listing, so untouched files trigger nothing."""

    @dg.observable_source_asset(
        key=dataset.key("images"),
        group_name=dataset.slug,
        tags={"dagster/kind/jpeg": ""},
        description=f"The photos under {dataset.root}, observed: path, size and time of every image file.",
    )
    def images(context: dg.OpExecutionContext) -> dg.DataVersion:
        from vdata_assets.catalog.listing import listing_digest

        return dg.DataVersion(listing_digest(dataset.root))

    return images  # type: ignore[return-value]


def catalog(dataset: Dataset, settings: CatalogSettings, prefix: str) -> dg.AssetsDefinition:
    """Every image file once, and one partition registered a category."""

    def inputs(step: Step) -> dict[str, Any]:
        from vdata_assets.catalog.listing import listing_digest

        return {"listing": listing_digest(dataset.root), "prefix": prefix}

    def build(step: Step, out: Path, listing: str, prefix: str) -> Built:
        """Every image file once: where it is, what it is, its split, and why not if it cannot be read."""
        from vdata_assets.catalog.audit import audit
        from vdata_assets.catalog.build import build_catalog, write_catalog
        from vdata_assets.catalog.schema import Images

        known = concept_tables.known_categories(step.store, dataset)
        built = build_catalog(dataset.root, settings, settings, known_partitions=known, log=step.log)
        write_catalog(built, out, prefix=prefix)
        findings = audit(
            built, min_train_images=settings.min_train_images, max_imbalance=settings.max_imbalance
        )
        return Built(
            findings,
            figures={"categories": built.present.height, "layout": built.resolved},
            pictures={"table of categories": tables.as_markdown(built.present)},
            table=tables.described(built.images, Images),
        )

    recipe = Recipe(inputs, build, settings, "1", CATALOG_CHECKS, announce=concept_tables.register_categories)
    return published_asset(
        dataset, "catalog", recipe, deps=["images"], kinds={"parquet", "json"}, automation=FOLLOWS
    )


def concept_splits(dataset: Dataset, settings: ConceptSplitSettings, prefix: str) -> dg.AssetsDefinition:
    """Which concepts are for training, and which are held out for validation."""

    def inputs(step: Step) -> dict[str, Any]:
        return {"catalog": step.upstream("catalog"), "prefix": prefix}

    def build(step: Step, out: Path, catalog: Version, prefix: str) -> Built:
        """Concept-level splits: training concepts with their test images merged in; the rest validates."""
        from vdata_assets.catalog.schema import Images
        from vdata_assets.splits.audit import audit_concept_splits
        from vdata_assets.splits.concept_splits import write_concept_splits
        from vdata_assets.splits.schema import ConceptSplits

        rows = Images.validate(tables.read(catalog.file("catalog.parquet")))
        splits = write_concept_splits(rows, settings, out, prefix=prefix)
        counts = concept_tables.role_counts(splits)
        return Built(
            audit_concept_splits(out, rows, settings),
            pictures={"table of categories": tables.as_markdown(counts)},
            table=tables.described(splits, ConceptSplits),
        )

    recipe = Recipe(inputs, build, settings, "1", CONCEPT_SPLITS_CHECKS)
    return published_asset(
        dataset, "concept_splits", recipe, deps=["catalog"], kinds={"parquet", "json"}, automation=FOLLOWS
    )


def concept_subset(dataset: Dataset, settings: ConceptSubsetSettings, prefix: str) -> dg.AssetsDefinition:
    """The k concepts whose train images come closest to a wanted total."""

    def inputs(step: Step) -> dict[str, Any]:
        return {"splits": step.upstream("concept_splits"), "prefix": prefix}

    def build(step: Step, out: Path, splits: Version, prefix: str) -> Built:
        """The k training concepts whose train images come closest to the target, found exactly."""
        from vdata_assets.splits.audit import audit_concept_subset
        from vdata_assets.splits.concept_subset import write_concept_subset
        from vdata_assets.splits.schema import ConceptCounts

        rows = concept_tables.training_images(splits)
        chosen = write_concept_subset(rows, settings, out, prefix=prefix)
        return Built(
            audit_concept_subset(out, rows, settings),
            figures={"images": int(chosen["images"].sum()), "target": settings.target},
            pictures={"table of concepts": tables.as_markdown(chosen)},
            table=tables.described(chosen, ConceptCounts),
        )

    recipe = Recipe(inputs, build, settings, "1", CONCEPT_SUBSET_CHECKS)
    return published_asset(
        dataset,
        "concept_subset",
        recipe,
        deps=["concept_splits"],
        kinds={"parquet", "json"},
        automation=FOLLOWS,
    )


def embeddings(dataset: Dataset, settings: EncoderSettings) -> dg.AssetsDefinition:
    """A vector and a perceptual hash for every image of a category."""
    load_encoder = cache(settings.build)  # once a process, however many categories a run has

    def inputs(step: Step) -> dict[str, Any]:
        return {"images": concept_tables.category_images(step), "encoder": load_encoder().identity}

    def build(step: Step, out: Path, images: "pl.DataFrame", encoder: str) -> Built:
        """A unit vector and a perceptual hash for every image; only what is new or changed is encoded."""
        from vdata_assets.embeddings.audit import audit
        from vdata_assets.embeddings.embed import TABLE, embed
        from vdata_assets.embeddings.near_duplicates import audit_near_duplicates
        from vdata_assets.embeddings.schema import Embeddings

        embedded = embed(
            images, dataset.root, load_encoder(), tables.previous_table(step, TABLE), log=step.log
        )
        embedded.table.write_parquet(out / TABLE)
        return Built(
            [
                *audit(embedded.table, images, load_encoder()),
                *audit_near_duplicates(embedded.table, images),
            ],
            figures={"encoder": encoder, "encoded": embedded.encoded, "vectors_reused": embedded.reused},
            table=tables.described(embedded.table, Embeddings),
        )

    recipe = Recipe(inputs, build, settings, "1", (*EMBEDDINGS_CHECKS, *NEAR_DUPLICATE_CHECKS))
    return published_asset(
        dataset,
        "embeddings",
        recipe,
        deps=["catalog"],
        kinds={"parquet", settings.type},
        partitioned=True,
        device=step_device(settings),
        automation=follows_if_embedded(settings),
    )


def analysis(dataset: Dataset, settings: AnalysisSettings) -> dg.AssetsDefinition:
    """What there is, to look at."""

    def inputs(step: Step) -> dict[str, Any]:
        return {"catalog": step.upstream("catalog")}

    def build(step: Step, out: Path, catalog: Version) -> Built:
        """Counts a category and concept, image sizes, plots, and a contact sheet a category."""
        from vdata_assets.reports.concept_analysis import analyse
        from vdata_assets.reports.schema import Counts

        made = analyse(
            tables.scan(catalog.file("catalog.parquet")),
            tables.read(catalog.file("categories.parquet")),
            dataset.root,
            out,
            settings=settings,
            log=step.log,
        )
        return Built(
            findings=[],
            figures=made.figures,
            pictures={"report": made.page},
            table=tables.described(tables.read(out / "counts.parquet"), Counts),
        )

    recipe = Recipe(inputs, build, settings, "1", checks=())
    return published_asset(
        dataset, "analysis", recipe, deps=["catalog"], kinds={"json", "png"}, automation=FOLLOWS
    )
