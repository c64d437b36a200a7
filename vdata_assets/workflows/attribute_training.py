"""What learns from the catalog of attribute retrieval, and what measures it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from vdata_assets.evaluation.checks import (
    CHECKPOINT_CHECKS,
    EVALUATION_CHECKS,
    GALLERY_CHECKS,
    PROMOTION_CHECKS,
    SCOREBOARD_CHECKS,
)
from vdata_assets.evaluation.settings import EvaluationSettings, ScoreboardSettings
from vdata_assets.pairs.checks import HARD_NEGATIVE_CHECKS, PAIR_CHECKS
from vdata_assets.pairs.settings import HardNegativeSettings, PairSettings
from vdata_assets.protocol.checks import PROTOCOL_CHECKS
from vdata_assets.protocol.settings import ProtocolSettings
from vdata_assets.reports.settings import GallerySettings
from vdata_assets.workflows import product_reports, product_tables, tables
from vdata_assets.workflows.automation import FOLLOWS, FOLLOWS_ANY
from vdata_assets.workflows.dataset import Dataset
from vdata_assets.workflows.product_tables import KNOWN_ASSETS
from vdata_assets.workflows.publish import published_asset
from vdata_assets.workflows.recipe import Built, Recipe, Step
from vdata_resources.store import Version

if TYPE_CHECKING:
    from vdata_assets.embeddings.product_vectors import ProductVectors

BEST = "best.pt"
VALIDATION = "validation"
PER_QUERY = "per_query_results.parquet"


def evaluated(
    dataset: Dataset, evaluation: EvaluationSettings, gallery_settings: GallerySettings
) -> list[dg.AssetsDefinition]:
    """The baseline, in figures and in pictures."""
    return [baseline_evaluation(dataset, evaluation), gallery(dataset, gallery_settings)]


def trained(
    dataset: Dataset,
    *,
    hard_negatives: HardNegativeSettings,
    pairs: PairSettings,
    protocol: ProtocolSettings,
    evaluation: EvaluationSettings,
    scoreboard: ScoreboardSettings,
) -> list[dg.AssetsDefinition]:
    """From hard negatives to the model that may be used."""
    return [
        hard_negatives_asset(dataset, hard_negatives),
        training_pairs(dataset, pairs),
        protocol_model(dataset, protocol),
        checkpoint_validation(dataset, evaluation),
        full_evaluation(dataset, evaluation),
        scoreboard_asset(dataset, scoreboard, evaluation),
        promoted_model(dataset, scoreboard),
    ]


def baseline_evaluation(dataset: Dataset, settings: EvaluationSettings) -> dg.AssetsDefinition:
    """How well the frozen encoder retrieves."""

    def inputs(step: Step) -> dict[str, Any]:
        return {"known": product_tables.known_versions(step)}

    def build(step: Step, out: Path, known: dict[str, Version]) -> Built:
        """Two-stage retrieval by the frozen encoder: figures with intervals and chance, in all, by slice."""
        return product_reports.evaluation_built(product_tables.vectors_of(known), settings, out, step.log)

    recipe = Recipe(inputs, build, settings, "1", EVALUATION_CHECKS)
    return published_asset(
        dataset,
        "baseline_evaluation",
        recipe,
        deps=KNOWN_ASSETS,
        kinds={"json", "parquet"},
        automation=FOLLOWS,
    )


def gallery(dataset: Dataset, settings: GallerySettings) -> dg.AssetsDefinition:
    """Queries and what was found for them, to look at."""

    def inputs(step: Step) -> dict[str, Any]:
        return {
            "evaluation": step.upstream("baseline_evaluation"),
            "attributes": step.upstream("attributes"),
            "products": step.upstream("products"),
        }

    def build(step: Step, out: Path, evaluation: Version, attributes: Version, products: Version) -> Built:
        """Queries of every category with their ten best, scores and what matched: `gallery.html`."""
        return product_reports.gallery_built(
            evaluation, attributes, products, dataset, settings, out, step.log
        )

    recipe = Recipe(inputs, build, settings, "1", GALLERY_CHECKS)
    return published_asset(
        dataset,
        "gallery",
        recipe,
        deps=["baseline_evaluation", "attributes", "products"],
        kinds={"html"},
        automation=FOLLOWS,
    )


def hard_negatives_asset(dataset: Dataset, settings: HardNegativeSettings) -> dg.AssetsDefinition:
    """Look-alikes of a category that differ in an attribute."""

    def inputs(step: Step) -> dict[str, Any]:
        category = product_tables.category_name(step)
        # Of the category alone: another one's products leave its negatives as they are.
        vectors = product_tables.vectors_of(product_tables.known_versions(step)).of_category(category)
        return {"vectors": vectors, "category": category}

    def build(step: Step, out: Path, vectors: "ProductVectors", category: str) -> Built:
        """For every product of a category those most like it that differ in a known attribute."""
        from vdata_assets.pairs.hard_negatives import mine_hard_negatives
        from vdata_assets.pairs.hard_negatives_audit import audit_hard_negatives
        from vdata_assets.pairs.schema import HardNegatives

        mined = mine_hard_negatives(vectors, settings, step.log)
        mined.table.write_parquet(out / "hard_negatives.parquet")
        picture_of = product_reports.picture_lookup(step.upstream("products"), dataset)
        return Built(
            audit_hard_negatives(mined.table, vectors, settings),
            figures={"queries": mined.table["query_id"].n_unique(), **mined.skipped, **mined.guards},
            pictures=product_reports.negatives_pictures(mined.table, category, picture_of),
            table=tables.described(mined.table, HardNegatives),
        )

    recipe = Recipe(inputs, build, settings, "1", HARD_NEGATIVE_CHECKS)
    return published_asset(
        dataset,
        "hard_negatives",
        recipe,
        deps=KNOWN_ASSETS,
        kinds={"parquet"},
        partitioned=True,
        automation=FOLLOWS,
    )


def training_pairs(dataset: Dataset, settings: PairSettings) -> dg.AssetsDefinition:
    """What shall be near and what apart."""

    def inputs(step: Step) -> dict[str, Any]:
        negatives, missing = product_tables.published_negatives(step)
        return {
            "known": product_tables.known_versions(step),
            "negatives": negatives,
            "missing": missing,
        }

    def build(
        step: Step, out: Path, known: dict[str, Version], negatives: list[Version], missing: dict[str, str]
    ) -> Built:
        """Pairs of seven kinds in the shares that are set, none across splits: `pairs.parquet` and stats."""
        from vdata_assets.pairs.pairs_audit import audit_pairs
        from vdata_assets.pairs.sample_pairs import sample_pairs, write_pairs
        from vdata_assets.pairs.schema import Pairs

        products = product_tables.vectors_of(known).meta
        mined = product_reports.mined_negatives(negatives)
        sampled = sample_pairs(products, mined, settings, step.log)
        write_pairs(sampled, out)
        return Built(
            audit_pairs(sampled.pairs, products, mined, settings, missing),
            figures={"positive": int(sampled.pairs["label"].sum()), "missing": missing},
            pictures={"table of kinds": product_reports.kinds_table(sampled.pairs)},
            table=tables.described(sampled.pairs, Pairs),
        )

    recipe = Recipe(inputs, build, settings, "1", PAIR_CHECKS)
    return published_asset(
        dataset,
        "training_pairs",
        recipe,
        deps=["hard_negatives"],
        kinds={"parquet", "json"},
        automation=FOLLOWS_ANY,
    )


def protocol_model(dataset: Dataset, settings: ProtocolSettings) -> dg.AssetsDefinition:
    """Projections and heads over the frozen encoder."""

    def inputs(step: Step) -> dict[str, Any]:
        return {"known": product_tables.known_versions(step), "pairs": step.upstream("training_pairs")}

    def build(step: Step, out: Path, known: dict[str, Version], pairs: Version) -> Built:
        """Linear projections and attribute heads, trained on the pairs; taken up again after a kill."""
        from vdata_assets.protocol.protocol_audit import audit_protocol
        from vdata_assets.protocol.schema import TrainLog
        from vdata_assets.protocol.train import train
        from vdata_assets.reports.training_plots import loss_curves

        vectors = product_tables.vectors_of(known)
        values = product_tables.attribute_values(known["attributes"])
        rows = tables.read(pairs.file("pairs.parquet"))
        made = train(vectors, rows, values, settings, out, step.scratch, step.log)
        return Built(
            audit_protocol(made, out, vectors, values),
            figures={"best_epoch": made.best_epoch, "heads": {name: len(values[name]) for name in values}},
            pictures={"plot of the training": loss_curves(made.log)},
            table=tables.described(made.log, TrainLog),
        )

    recipe = Recipe(inputs, build, settings, "1", PROTOCOL_CHECKS)
    return published_asset(
        dataset,
        "protocol_model",
        recipe,
        deps=["training_pairs"],
        kinds={"pytorch"},
        device=settings.device,
    )


def checkpoint_validation(dataset: Dataset, settings: EvaluationSettings) -> dg.AssetsDefinition:
    """How far the checkpoint went from the encoder."""
    validation = settings.model_copy(update={"query_split": VALIDATION})

    def inputs(step: Step) -> dict[str, Any]:
        return {"known": product_tables.known_versions(step), "model": step.upstream("protocol_model")}

    def build(step: Step, out: Path, known: dict[str, Version], model: Version) -> Built:
        """Validation queries by encoder and checkpoint: what was gained, and how far it drifted."""
        return product_reports.validation_built(
            product_tables.vectors_of(known), model.file(BEST), validation, out, step.log
        )

    recipe = Recipe(inputs, build, validation, "1", CHECKPOINT_CHECKS)
    return published_asset(
        dataset,
        "checkpoint_validation",
        recipe,
        deps=["protocol_model"],
        kinds={"json", "parquet"},
        automation=FOLLOWS,
    )


def full_evaluation(dataset: Dataset, settings: EvaluationSettings) -> dg.AssetsDefinition:
    """How well the checkpoint retrieves."""

    def inputs(step: Step) -> dict[str, Any]:
        return {"known": product_tables.known_versions(step), "model": step.upstream("protocol_model")}

    def build(step: Step, out: Path, known: dict[str, Version], model: Version) -> Built:
        """As the baseline, catalog and queries both through the best checkpoint."""
        from vdata_assets.protocol.project import projected

        vectors = projected(product_tables.vectors_of(known), model.file(BEST))
        return product_reports.evaluation_built(vectors, settings, out, step.log)

    recipe = Recipe(inputs, build, settings, "1", EVALUATION_CHECKS)
    return published_asset(
        dataset,
        "full_evaluation",
        recipe,
        deps=["protocol_model"],
        kinds={"json", "parquet"},
        automation=FOLLOWS,
    )


def scoreboard_asset(
    dataset: Dataset, settings: ScoreboardSettings, evaluation: EvaluationSettings
) -> dg.AssetsDefinition:
    """Baseline and checkpoint side by side."""

    def inputs(step: Step) -> dict[str, Any]:
        return {
            "baseline": step.upstream("baseline_evaluation"),
            "checkpoint": step.upstream("full_evaluation"),
        }

    def build(step: Step, out: Path, baseline: Version, checkpoint: Version) -> Built:
        """Every target and facet, baseline beside checkpoint in points, with interval and verdict."""
        from vdata_assets.evaluation.schema import Scoreboard
        from vdata_assets.evaluation.scoreboard import scoreboard
        from vdata_assets.evaluation.scoreboard_audit import audit_scoreboard
        from vdata_assets.reports.scoreboard_page import scoreboard_markdown, write_scoreboard

        table = scoreboard(
            baseline.path, checkpoint.path, settings, bootstrap=evaluation.bootstrap, seed=evaluation.seed
        )
        write_scoreboard(table, out, title=dataset.name)
        return Built(
            audit_scoreboard(table, baseline.path, checkpoint.path),
            figures=product_reports.verdicts(table),
            pictures={"scoreboard": scoreboard_markdown(table)},
            table=tables.described(table, Scoreboard),
            pages={"scoreboard page": "scoreboard.html"},
        )

    recipe = Recipe(inputs, build, [settings, evaluation.bootstrap, evaluation.seed], "1", SCOREBOARD_CHECKS)
    return published_asset(
        dataset,
        "scoreboard",
        recipe,
        deps=["baseline_evaluation", "full_evaluation"],
        kinds={"json", "html"},
        automation=FOLLOWS,
    )


def promoted_model(dataset: Dataset, settings: ScoreboardSettings) -> dg.AssetsDefinition:
    """The model that may be used: the gate."""

    def inputs(step: Step) -> dict[str, Any]:
        return {"model": step.upstream("protocol_model"), "scoreboard": step.upstream("scoreboard")}

    def build(step: Step, out: Path, model: Version, scoreboard: Version) -> Built:
        """The best checkpoint, if the scoreboard lets it through; else the one before stands."""
        from vdata_assets.evaluation.gate import audit_promotion
        from vdata_assets.evaluation.schema import Scoreboard

        for name in (BEST, "config.json"):
            step.link(model, name, name)
        step.link(scoreboard, "scoreboard.json", "scoreboard.json")
        table = tables.read(scoreboard.file("scoreboard.parquet"))
        return Built(
            audit_promotion(table, settings),
            figures=product_reports.verdicts(table),
            table=tables.described(table, Scoreboard),
        )

    recipe = Recipe(inputs, build, settings, "1", PROMOTION_CHECKS)
    return published_asset(
        dataset,
        "promoted_model",
        recipe,
        deps=["protocol_model", "scoreboard"],
        kinds={"pytorch"},
        automation=FOLLOWS,
    )
