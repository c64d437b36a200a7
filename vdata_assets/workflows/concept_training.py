"""What training reads: retrieval rows by category, those of all categories, and the dataset made of them."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from vdata_assets.formats.checks import TRAINING_DATASET_CHECKS
from vdata_assets.retrieval.checks import COMBINED_CHECKS, HELD_OUT_UNSEEN, RETRIEVAL_CHECKS
from vdata_assets.retrieval.settings import CombineSettings
from vdata_assets.workflows import concept_tables, tables
from vdata_assets.workflows.automation import FOLLOWS, FOLLOWS_ANY
from vdata_assets.workflows.cards import about
from vdata_assets.workflows.dataset import Dataset
from vdata_assets.workflows.publish import published_asset
from vdata_assets.workflows.recipe import Built, Recipe, Step, Table
from vdata_assets.workflows.settings import RetrievalSettings, TrainingDatasetSettings
from vdata_resources.store import Version

if TYPE_CHECKING:
    import polars as pl


def retrieval(dataset: Dataset, settings: RetrievalSettings, prefix: str) -> dg.AssetsDefinition:
    """One positive and its hard negatives for every image of a category."""

    def inputs(step: Step) -> dict[str, Any]:
        found = {
            "images": concept_tables.source_images(step, settings),
            "embeddings": step.upstream("embeddings", step.key),
            "prefix": prefix,
        }
        if settings.descriptions:
            found["definitions"] = step.upstream("concept_definitions", step.key)
        return found

    def build(
        step: Step,
        out: Path,
        images: "pl.DataFrame",
        embeddings: Version,
        prefix: str,
        definitions: Version | None = None,
    ) -> Built:
        """One positive and its hard negatives for every image, as JSON for trainers and as a table."""
        from vdata_assets.retrieval.audit import audit_retrieval
        from vdata_assets.retrieval.held_out import audit_held_out
        from vdata_assets.retrieval.mine import mine
        from vdata_assets.retrieval.retrieval_json import retrieval_name, write_retrieval
        from vdata_assets.retrieval.schema import DescribedRows

        category = concept_tables.display_name(step)
        encoded = concept_tables.with_vectors(images, embeddings)
        source = encoded.filter("in_source")
        mined = mine(source, settings, log=step.log)
        rows = concept_tables.maybe_described(mined.rows, definitions)
        name = retrieval_name(category, settings.seed, settings.top_k)
        write_retrieval([rows], out, name, prefix=prefix)
        return Built(
            [
                *audit_retrieval(rows, source, settings),
                audit_held_out(rows, encoded, settings.near_duplicate_hamming),
            ],
            figures={"file": str(name), "queries": mined.queries, **mined.skipped, **mined.guards},
            pictures=concept_tables.retrieval_pictures(rows, category, dataset.root),
            table=tables.described(rows, DescribedRows),
        )

    recipe = Recipe(inputs, build, settings, "1", (*RETRIEVAL_CHECKS, HELD_OUT_UNSEEN))
    return published_asset(
        dataset,
        "retrieval",
        recipe,
        deps=["embeddings", "concept_splits", *(["concept_definitions"] if settings.descriptions else [])],
        kinds={"parquet", "json"},
        partitioned=True,
        automation=FOLLOWS,
    )


def retrieval_dataset(
    dataset: Dataset, settings: CombineSettings, retrieval: RetrievalSettings, prefix: str
) -> dg.AssetsDefinition:
    """The rows of all published categories as one file."""
    top_k = retrieval.top_k

    def inputs(step: Step) -> dict[str, Any]:
        parts, missing = concept_tables.published_categories(step, "retrieval", settings.categories)
        if not retrieval.descriptions:
            return {"parts": parts, "missing": missing, "prefix": prefix}
        parts, missing = concept_tables.described_categories(parts, missing)
        return {"parts": parts, "missing": missing, "prefix": prefix, "described": True}

    def build(
        step: Step,
        out: Path,
        parts: list[Any],
        missing: dict[str, str],
        prefix: str,
        described: bool = False,
    ) -> Built:
        """All categories' rows, sampled by seed if so set; says which categories are missing and why."""
        from vdata_assets.retrieval.audit import audit_combined
        from vdata_assets.retrieval.combine import Part, combine
        from vdata_assets.retrieval.retrieval_json import TABLE, combined_name, write_retrieval
        from vdata_assets.retrieval.schema import DescribedCombinedRows

        files = [Part(key, category, version.file(TABLE)) for key, category, version in parts]
        name = combined_name(settings.seed, top_k, settings.num_samples)
        write_retrieval(combine(files, settings, described=described), out, name, prefix=prefix)
        rows = tables.read(out / TABLE)
        hashes = concept_tables.hashed_images(step, [key for key, _, _ in parts])
        return Built(
            audit_combined(rows, hashes, files, missing, settings, top_k),
            figures={"file": str(name), "categories": len(parts), "missing": missing},
            pictures=concept_tables.retrieval_pictures(rows, dataset.name, dataset.root),
            table=tables.described(rows, DescribedCombinedRows),
        )

    recipe = Recipe(inputs, build, settings, "1", COMBINED_CHECKS)
    return published_asset(
        dataset,
        "retrieval_dataset",
        recipe,
        deps=["retrieval"],
        kinds={"parquet", "json"},
        automation=FOLLOWS_ANY,
    )


def training_dataset(
    dataset: Dataset, settings: TrainingDatasetSettings, retrieval: RetrievalSettings
) -> dg.AssetsDefinition:
    """The combined rows with their images, as trainers load them."""

    def inputs(step: Step) -> dict[str, Any]:
        from vdata_assets.conversations.reference_game import QUESTIONS

        rows = step.upstream("retrieval_dataset")
        if settings.use_description:
            concept_tables.require_descriptions(rows)
        return {"rows": rows, "questions": QUESTIONS.version}

    def build(step: Step, out: Path, rows: Version, questions: str) -> Built:
        """Hugging Face DatasetDicts of the speaker's and the listener's task, for `load_from_disk`."""
        from vdata_assets.formats.described import describe_dataset_dict
        from vdata_assets.formats.tables.huggingface import (
            SPLIT,
            features,
            folder_name,
            write_training_dataset,
        )
        from vdata_assets.formats.tables.huggingface_audit import audit_training_datasets

        combined = tables.read(rows.file("retrieval.parquet"))
        name = folder_name(dataset.name, retrieval.seed, retrieval.top_k)
        written = []
        for task in settings.tasks:
            (out / task).mkdir()
            written.append(
                write_training_dataset(
                    combined,
                    dataset.root,
                    out / task / name,
                    task,
                    seed=settings.seed,
                    use_description=settings.use_description,
                    log=step.log,
                )
            )
        findings = audit_training_datasets(written, log=step.log)
        for data in written:
            told = f"Reference games of look-alikes: the {data.task}'s task."
            card = about(
                dataset, told, {"retrieval_dataset": rows}, settings, findings, asset="training_dataset"
            )
            describe_dataset_dict(data.folder, card, features(data.task), {SPLIT: data.rows})
        return Built(
            findings,
            figures={f"{data.task}_rows": data.rows for data in written} | {"folder": f"<task>/{name}"},
            table=Table(sum(data.rows for data in written), []),
        )

    recipe = Recipe(inputs, build, [settings, retrieval, dataset.license], "2", TRAINING_DATASET_CHECKS)
    return published_asset(
        dataset,
        "training_dataset",
        recipe,
        deps=["retrieval_dataset"],
        kinds={"huggingface", "arrow"},
        automation=FOLLOWS,
    )
