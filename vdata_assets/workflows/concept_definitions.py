"""The asset that puts concepts into words, and who writes for it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from vdata_assets.concept_definitions.checks import CONCEPT_DEFINITION_CHECKS
from vdata_assets.concept_definitions.settings import ConceptDefinitionSettings
from vdata_assets.workflows import concept_tables, tables
from vdata_assets.workflows.automation import follows_if_embedded
from vdata_assets.workflows.dataset import Dataset
from vdata_assets.workflows.engine_reports import cost_figures, cost_pictures
from vdata_assets.workflows.engine_tables import answered
from vdata_assets.workflows.model_session import ModelSession, model_session
from vdata_assets.workflows.model_settings import LanguageModelSettings, RulesSettings
from vdata_assets.workflows.publish import published_asset
from vdata_assets.workflows.recipe import Built, Recipe, Step

if TYPE_CHECKING:
    import polars as pl

    from vdata_assets.concept_definitions.define import Defined
    from vdata_assets.concept_definitions.writer import ConceptWriter


def concept_definitions(
    dataset: Dataset, settings: ConceptDefinitionSettings, language_model: LanguageModelSettings, prefix: str
) -> dg.AssetsDefinition:
    """What sets each concept of a category apart, in words, written from training images alone."""

    def inputs(step: Step) -> dict[str, Any]:
        return {
            "images": concept_tables.training_views(step),
            "concepts": concept_tables.concept_names(step),
            "writer": concept_writer(session_of(step, language_model)).identity,
            "prefix": prefix,
        }

    def build(
        step: Step, out: Path, images: "pl.DataFrame", concepts: list[str], writer: str, prefix: str
    ) -> Built:
        """Every concept in words, written from a few training images and verified against another one."""
        from vdata_assets.concept_definitions.audit import audit_definitions
        from vdata_assets.concept_definitions.define import define_concepts
        from vdata_assets.concept_definitions.definitions_json import write_definitions
        from vdata_assets.concept_definitions.schema import ConceptDefinitions

        session, category = session_of(step, language_model), concept_tables.display_name(step)
        estimate = expected_costs(step, language_model, len(concepts), settings)
        work = define_concepts(
            images,
            concepts,
            category,
            dataset.root,
            concept_writer(session),
            settings,
            ahead=session.ahead,
            log=step.log,
        )
        defined, costs = session.run(work, step.log)
        write_definitions(defined.definitions, defined.attempts, out, prefix=prefix)
        shown = concept_tables.category_images(step)
        return Built(
            audit_definitions(defined.definitions, shown, concepts, out, prefix=prefix),
            figures={"writer": writer, "unanswered": unanswered(defined), **cost_figures(costs)},
            pictures={**pictures(defined, category, dataset.root), **estimate, **cost_pictures(costs)},
            table=tables.described(defined.definitions, ConceptDefinitions),
        )

    recipe = Recipe(inputs, build, settings, "1", CONCEPT_DEFINITION_CHECKS, complete=answered)
    return published_asset(
        dataset,
        "concept_definitions",
        recipe,
        deps=["catalog"],
        kinds={"parquet", "json", language_model.type},
        partitioned=True,
        automation=follows_if_embedded(language_model),
    )


def session_of(step: Step, language_model: LanguageModelSettings) -> ModelSession:
    """The language model's session, shared by all steps of a process."""
    return model_session(language_model, step.store.root, step.credentials)


def concept_writer(session: ModelSession) -> "ConceptWriter":
    """Who writes and verifies definitions: the language model, or without one the embedded writer."""
    if session.questioner is None:
        from vdata_assets.concept_definitions.rules import RuleConceptWriter

        return RuleConceptWriter()
    from vdata_assets.concept_definitions.model import ModelConceptWriter

    return ModelConceptWriter(session.questioner, session.identity)


def expected_costs(
    step: Step, language_model: LanguageModelSettings, concepts: int, settings: ConceptDefinitionSettings
) -> dict[str, str]:
    """What a category will cost, said before anything is asked; nothing for the embedded writer."""
    if isinstance(language_model, RulesSettings):
        return {}
    from vdata_assets.concept_definitions.model_costs import expected_calls
    from vdata_resources.language.costs import Prices, estimated_cost

    prices = Prices(language_model.input_usd_per_million, language_model.output_usd_per_million)
    table = estimated_cost(expected_calls(concepts, settings), prices)
    step.log(f"estimate for {concepts} concepts: {table['calls'].sum()} calls, {table['usd'].sum():.2f} USD")
    return {"table of expected costs": tables.as_markdown(table)}


def unanswered(defined: "Defined") -> int:
    """Questions without an answer that may have one another time."""
    import polars as pl

    unaskable = pl.col("kind").is_in(["no_image", "unreadable"])
    return defined.attempts.filter(pl.col("kind").is_not_null() & ~unaskable).height


def pictures(defined: "Defined", category: str, root: Path) -> dict[str, str]:
    """The definitions as a table, and beside their reference images."""
    from vdata_assets.reports import markdown
    from vdata_assets.reports.definition_sheet import definition_sheet
    from vdata_assets.reports.embed import SHEET_BYTES, encoded

    if defined.definitions.is_empty():
        return {}
    sheet = encoded(definition_sheet(defined.definitions, category, root), SHEET_BYTES)
    columns = ("concept", "verdict", "verified", "coarse", "detailed", "reason")
    return {
        "table of definitions": tables.as_markdown(defined.definitions.select(columns)),
        "contact sheet": markdown.image(f"Definitions of {category}", sheet),
    }
