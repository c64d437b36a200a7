"""Raw images become verified prompts with masks: supervision for conversational segmentation.

The assets in the order in which data flows; each says what its result depends on and has a body of a few
lines that loads, calls its stage and writes. The algorithms live in the stages, imported when they run:

    images -> regions[shard] -> prompts[shard] -> runs ----> convseg_export
                                         imported_runs --^
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import dagster as dg
from pydantic import Field

from vdata_assets.dataengine.checks import (
    EXPORT_CHECKS,
    IMAGES_CHECKS,
    IMPORTED_RUNS_CHECKS,
    PROMPTS_CHECKS,
    REGIONS_CHECKS,
    RUNS_CHECKS,
)
from vdata_assets.dataengine.settings import (
    ConvsegExportSettings,
    EngineImageSettings,
    PromptSettings,
    RegionSettings,
)
from vdata_assets.quality.findings import Check
from vdata_assets.workflows import engine_reports, engine_tables, export_sources, tables
from vdata_assets.workflows.automation import FOLLOWS_ANY, follows_if_embedded
from vdata_assets.workflows.cards import about
from vdata_assets.workflows.component import DatasetComponent
from vdata_assets.workflows.dataset import Dataset
from vdata_assets.workflows.engine import Engine
from vdata_assets.workflows.exports import exports_assets
from vdata_assets.workflows.file_states import file_state, tree_state
from vdata_assets.workflows.model_settings import (
    ClassicalSegmenterSettings,
    LanguageModelSettings,
    RulesSettings,
    SegmenterSettings,
)
from vdata_assets.workflows.operations import observation_schedule, partition_sensor, whole_job
from vdata_assets.workflows.publish import published_asset
from vdata_assets.workflows.recipe import Built, Recipe, Step
from vdata_resources.store import Version

if TYPE_CHECKING:
    import polars as pl

    from vdata_assets.dataengine.given_regions import GivenRegion


class ConversationalSegmentation(DatasetComponent):
    """Verified (image, prompt, mask) supervision from raw images, by SAM2 and Gemini or without any model."""

    DIMENSION: ClassVar[str] = "shard"
    CHECKS: ClassVar[tuple[Check, ...]] = (
        *IMAGES_CHECKS,
        *REGIONS_CHECKS,
        *PROMPTS_CHECKS,
        *RUNS_CHECKS,
        *IMPORTED_RUNS_CHECKS,
        *EXPORT_CHECKS,
    )

    images: EngineImageSettings = EngineImageSettings()
    segmenter: SegmenterSettings = ClassicalSegmenterSettings()
    language_model: LanguageModelSettings = RulesSettings()
    regions: RegionSettings = RegionSettings()
    prompts: PromptSettings = PromptSettings()
    runs_root: str | None = Field(
        default=None,
        description="Folder of run folders that were made elsewhere, exported as well; absolute, or relative "
        "to root.",
    )
    convseg_export: ConvsegExportSettings = ConvsegExportSettings()

    def definitions(self, dataset: Dataset) -> dg.Definitions:
        """All assets, checks, jobs and sensors of a dataset."""
        engine = Engine(self.language_model, self.segmenter)
        present = partial(engine_tables.present_shards, dataset=dataset, settings=self.images)
        imported = [] if self.runs_root is None else [imported_runs(dataset, dataset.root / self.runs_root)]
        return dg.Definitions(
            assets=[
                images(dataset, self.images, engine, self.prompts),
                regions(dataset, self.regions, engine, self.prompts),
                prompts(dataset, self.prompts, engine),
                runs(dataset, self.prompts),
                *imported,
                convseg_export(dataset, self.convseg_export, with_imported=bool(imported)),
                *exports_assets(
                    dataset,
                    self.formats,
                    ["convseg_export"],
                    export_sources.segmentation_prompts,
                ),
            ],
            jobs=[whole_job(dataset)],
            schedules=[observation_schedule(dataset, "images")],
            sensors=[partition_sensor(dataset, present, "shards")],
        )


def images(
    dataset: Dataset, settings: EngineImageSettings, engine: Engine, prompting: PromptSettings
) -> dg.AssetsDefinition:
    """Every image once, and one partition registered a shard."""

    def inputs(step: Step) -> dict[str, Any]:
        from vdata_assets.catalog.listing import listing_digest

        return {"listing": listing_digest(dataset.root)}

    def build(step: Step, out: Path, listing: str) -> Built:
        """Every image file once: what it is, its shard and run folder, and why not if it cannot be read."""
        from vdata_assets.dataengine.image_table import TABLE, audit_images, image_table
        from vdata_assets.dataengine.schema import EngineImages

        before = tables.previous_table(step, TABLE)
        table = image_table(
            dataset.root,
            settings,
            step.store.root / "perceptual_hashes.sqlite",
            tables.read(before) if before else None,
            step.log,
        )
        table.write_parquet(out / TABLE)
        usable = int(table["reason"].is_null().sum())
        return Built(
            audit_images(table),
            figures={"shards": table["shard"].n_unique()},
            pictures=engine.estimate(usable, prompting, step.log),
            table=tables.described(table, EngineImages),
        )

    recipe = Recipe(inputs, build, settings, "1", IMAGES_CHECKS, announce=engine_tables.register_shards)
    return published_asset(dataset, "images", recipe, deps=[], kinds={"parquet", "jpeg"})


def regions(
    dataset: Dataset, settings: RegionSettings, engine: Engine, prompting: PromptSettings
) -> dg.AssetsDefinition:
    """The regions of a shard's images."""
    given = dataset.root / settings.given_regions if settings.given_regions else None

    @lru_cache(maxsize=1)  # the file is for all shards of a run; it is read again when it changes
    def given_regions(state: str) -> "Mapping[str, Sequence[GivenRegion]]":
        from vdata_assets.dataengine.given_regions import read_given_regions

        return read_given_regions(given) if given else {}

    def inputs(step: Step) -> dict[str, Any]:
        return {
            "images": engine_tables.shard_images(step),
            "annotator": engine.annotator(step).identity,
            "segmenter": engine.load_segmenter().identity,
            "given_state": file_state(given),
        }

    def build(
        step: Step, out: Path, images: "pl.DataFrame", annotator: str, segmenter: str, given_state: str
    ) -> Built:
        """Regions named, proposed, refined and verified, with their masks, boxes and overlays."""
        from vdata_assets.dataengine.find_regions import RegionFinder

        session = engine.session(step)
        engine.estimate(images.height, prompting, step.log)
        finder = RegionFinder(
            engine.annotator(step),
            engine.load_segmenter(),
            settings,
            given_regions(given_state),
        )
        work = finder.shard(images, dataset.root, out, ahead=session.ahead, log=step.log)
        found, costs = session.run(work, step.log)
        return engine_reports.regions_built(found, costs, out, settings, step.key)

    recipe = Recipe(inputs, build, settings, "1", REGIONS_CHECKS, complete=engine_tables.answered)
    return published_asset(
        dataset,
        "regions",
        recipe,
        deps=["images"],
        kinds={"png", "parquet", engine.segmenter.type},
        partitioned=True,
        device=engine.segmenter.device,
        automation=follows_if_embedded(engine.segmenter, engine.language_model),
    )


def prompts(dataset: Dataset, settings: PromptSettings, engine: Engine) -> dg.AssetsDefinition:
    """The prompts of a shard's images."""

    def inputs(step: Step) -> dict[str, Any]:
        return {
            "regions": step.upstream("regions", step.key),
            "annotator": engine.annotator(step).identity,
        }

    def build(step: Step, out: Path, regions: Version, annotator: str) -> Built:
        """Prompts of five concept families and negatives, each verified on an overlay: ACCEPT or REJECT."""
        from vdata_assets.dataengine.write_prompts import PromptWriter

        session = engine.session(step)
        writer = PromptWriter(engine.annotator(step), settings)
        work = writer.shard(
            tables.read(regions.file("pictures.parquet")),
            tables.read(regions.file("proposals.parquet")),
            regions.path,
            out,
            ahead=session.ahead,
            log=step.log,
        )
        written, costs = session.run(work, step.log)
        return engine_reports.prompts_built(written, regions, costs, out, settings, step.key)

    recipe = Recipe(inputs, build, settings, "1", PROMPTS_CHECKS, complete=engine_tables.answered)
    return published_asset(
        dataset,
        "prompts",
        recipe,
        deps=["regions"],
        kinds={"json", "parquet"},
        partitioned=True,
        automation=follows_if_embedded(engine.language_model),
    )


def runs(dataset: Dataset, settings: PromptSettings) -> dg.AssetsDefinition:
    """All run folders in one place."""

    def inputs(step: Step) -> dict[str, Any]:
        shards, missing = engine_tables.worked_shards(step)
        return {"images": step.upstream("images"), "shards": shards, "missing": missing}

    def build(
        step: Step,
        out: Path,
        images: Version,
        shards: list[tuple[str, Version, Version]],
        missing: dict[str, str],
    ) -> Built:
        """The run folders of all shards, `out_region_refine_<image>/`, by the run output contract."""
        for _, found, written in shards:
            engine_tables.link_runs(step, [found, written])
        return engine_reports.runs_built(step, out, images, shards, missing, settings)

    recipe = Recipe(inputs, build, settings, "1", RUNS_CHECKS)
    return published_asset(
        dataset, "runs", recipe, deps=["prompts"], kinds={"json", "png"}, automation=FOLLOWS_ANY
    )


def imported_runs(dataset: Dataset, runs_root: Path) -> dg.AssetsDefinition:
    """Run folders that were made elsewhere."""

    def inputs(step: Step) -> dict[str, Any]:
        return {"state": tree_state(runs_root)}

    def build(step: Step, out: Path, state: str) -> Built:
        """Run folders from `runs_root`, copied as far as they are sound; what is left out is named."""
        from vdata_assets.formats.convseg.imported_runs import (
            ImportedRuns,
            import_runs,
            imported_runs_complete,
        )

        table = import_runs(runs_root, out, log=step.log)
        table.write_parquet(out / "imported_runs.parquet")
        return Built(
            [imported_runs_complete(table)],
            figures={"runs_root": str(runs_root), "usable": int(table["usable"].sum())},
            pictures={"table of runs": tables.as_markdown(table)},
            table=tables.described(table, ImportedRuns),
        )

    recipe = Recipe(inputs, build, str(runs_root), "1", IMPORTED_RUNS_CHECKS)
    return published_asset(dataset, "imported_runs", recipe, deps=[], kinds={"json", "png"})


def convseg_export(
    dataset: Dataset, settings: ConvsegExportSettings, *, with_imported: bool
) -> dg.AssetsDefinition:
    """The samples for train.py and eval.py."""
    sources = ["runs", "imported_runs"] if with_imported else ["runs"]

    def inputs(step: Step) -> dict[str, Any]:
        return {"versions": engine_tables.published_sources(step, sources)}

    def build(step: Step, out: Path, versions: dict[str, Version]) -> Built:
        """Images, masks and prompts as train.py (`dataset.jsonl`) and eval.py (`items.json`) take them."""
        from vdata_assets.formats.convseg.convseg_export import export_runs
        from vdata_assets.formats.convseg.convseg_files import describe_export

        export = export_runs(
            engine_tables.all_runs(versions, dataset.root),
            out,
            settings,
            place=step.artifact.folder / "current",
            previous=engine_tables.previous_splits(step),
            log=step.log,
        )
        built = engine_reports.export_built(export, dataset.name, step.log)
        told = "Prompts about a picture with the mask that satisfies them."
        name = "convseg_export"
        describe_export(
            export,
            about(dataset, told, versions, settings, built.findings, format_name="convseg", asset=name),
        )
        return built

    recipe = Recipe(inputs, build, [settings, dataset.license], "2", EXPORT_CHECKS)
    return published_asset(
        dataset,
        "convseg_export",
        recipe,
        deps=sources,
        kinds={"json", "jpeg", "png"},
        automation=FOLLOWS_ANY,
    )
