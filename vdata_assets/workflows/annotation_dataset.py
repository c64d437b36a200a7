"""SAM2 annotation exports become audited training data.

The assets in the order in which data flows; each says what its result depends on and has a body of a few
lines that loads, calls its stage and writes. The algorithms live in the stages, imported when they run:

    inbox -> export[export] -> annotations -> splits -> dataset_hf
                                                        dataset_llava
                                                        preparation_summary
"""

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import dagster as dg
from pydantic import Field

from vdata_assets.annotations.checks import (
    ANNOTATIONS_CHECKS,
    EXPORT_CHECKS,
    FRAME_SPLITS_CHECKS,
    LEVELS,
    ValidationLevel,
)
from vdata_assets.annotations.settings import AnnotationAuditSettings, ExportSettings
from vdata_assets.conversations.settings import SegmentationSettings
from vdata_assets.formats.checks import ANNOTATION_HF_CHECKS, LLAVA_CHECKS
from vdata_assets.quality.findings import Check, Status
from vdata_assets.reports.settings import SummarySettings
from vdata_assets.splits.checks import SAMPLE_SPLITS_CHECKS
from vdata_assets.splits.settings import SplitSettings
from vdata_assets.workflows import annotation_tables, export_sources, tables
from vdata_assets.workflows.automation import FOLLOWS, FOLLOWS_ANY
from vdata_assets.workflows.cards import about
from vdata_assets.workflows.component import DatasetComponent
from vdata_assets.workflows.dataset import Dataset
from vdata_assets.workflows.exports import exports_assets
from vdata_assets.workflows.inbox_sensor import inbox_sensor
from vdata_assets.workflows.operations import whole_job
from vdata_assets.workflows.publish import published_asset
from vdata_assets.workflows.recipe import Built, Recipe, Step, Table
from vdata_resources.store import Version

TOLD = "Frames with questions about the objects in them, their boxes and masks."
"""What the cards say of the samples."""


class AnnotationDataset(DatasetComponent):
    """Audited segmentation data for training from SAM2 export ZIPs that are dropped into an inbox."""

    DIMENSION: ClassVar[str] = "export"
    CHECKS: ClassVar[tuple[Check, ...]] = (
        *EXPORT_CHECKS,
        *ANNOTATIONS_CHECKS,
        *SAMPLE_SPLITS_CHECKS,
        *FRAME_SPLITS_CHECKS,
        *ANNOTATION_HF_CHECKS,
        *LLAVA_CHECKS,
    )

    validation_level: ValidationLevel = Field(
        default="standard",
        description="Which findings fail. strict: everything but class imbalance and duplicates; standard: "
        "what makes data wrong; lenient: only what cannot be used at all. `audits` has the last word.",
    )
    exclude: list[str] = Field(
        default=[], description="Keys of exports that are left out of the dataset, though they are published."
    )
    export: ExportSettings = ExportSettings()
    annotations: AnnotationAuditSettings = AnnotationAuditSettings()
    splits: SplitSettings = SplitSettings()
    conversations: SegmentationSettings = SegmentationSettings()
    summary: SummarySettings = SummarySettings()

    def usual_levels(self) -> Mapping[str, Status]:
        """Levels that ``validation_level`` sets."""
        return LEVELS[self.validation_level]

    def definitions(self, dataset: Dataset) -> dg.Definitions:
        """All assets, checks, jobs and sensors of a dataset."""
        return dg.Definitions(
            assets=[
                inbox(dataset),
                export(dataset, self.export, self.annotations),
                annotations(dataset, self.annotations, tuple(self.exclude)),
                splits(dataset, self.splits, self.annotations.near_duplicate_hamming),
                dataset_hf(dataset, self.conversations, tuple(self.splits.ratios)),
                dataset_llava(dataset, self.conversations, tuple(self.splits.ratios)),
                preparation_summary(dataset, self.summary),
                *exports_assets(
                    dataset,
                    self.formats,
                    ["annotations", "splits"],
                    partial(
                        export_sources.annotated_frames,
                        names=tuple(self.splits.ratios),
                        seed=self.conversations.seed,
                    ),
                ),
            ],
            jobs=[whole_job(dataset)],
            sensors=[inbox_sensor(dataset)],
        )


def inbox(dataset: Dataset) -> dg.AssetsDefinition:
    """The ZIPs that were dropped, and one partition registered each."""

    def inputs(step: Step) -> dict[str, Any]:
        from vdata_assets.annotations.inbox import dropped_exports

        return {"dropped": {key: export.state for key, export in dropped_exports(dataset.root).items()}}

    def build(step: Step, out: Path, dropped: dict[str, str]) -> Built:
        """The ZIPs in the inbox folder, each with the key of its partition, which is registered."""
        from vdata_assets.annotations.schema import DroppedExports

        table = annotation_tables.dropped_table(dataset)
        table.write_parquet(out / "inbox.parquet")
        return Built(
            [],
            figures={"inbox": str(dataset.root)},
            pictures={"table of exports": tables.as_markdown(table.select("export", "file", "bytes"))},
            table=tables.described(table, DroppedExports),
        )

    recipe = Recipe(inputs, build, None, "1", checks=(), announce=annotation_tables.register_exports)
    return published_asset(dataset, "inbox", recipe, deps=[], kinds={"zip", "parquet"})


def export(dataset: Dataset, settings: ExportSettings, audit: AnnotationAuditSettings) -> dg.AssetsDefinition:
    """The frames and objects of one ZIP."""

    def inputs(step: Step) -> dict[str, Any]:
        from vdata_assets.annotations.inbox import media_state

        dropped = annotation_tables.dropped_export(step)
        named = [dataset.root / path for key, path in settings.videos.items() if key == step.key]
        return {"archive": dropped.path.name, "state": dropped.state, "named": media_state(named)}

    def build(step: Step, out: Path, archive: str, state: str, named: str) -> Built:
        """The frames and objects of one ZIP: masks at image size, boxes and areas recomputed from them."""
        from vdata_assets.annotations.import_export import import_export

        imported = import_export(
            dataset.root / archive,
            step.key,
            out,
            settings,
            audit,
            twins=annotation_tables.imported_archives(step),
            log=step.log,
        )
        return annotation_tables.export_built(imported, out, step.key, state)

    recipe = Recipe(inputs, build, [settings, audit], "1", EXPORT_CHECKS, reports=True)
    return published_asset(
        dataset, "export", recipe, deps=["inbox"], kinds={"zip", "parquet"}, partitioned=True
    )


def annotations(
    dataset: Dataset, settings: AnnotationAuditSettings, exclude: tuple[str, ...]
) -> dg.AssetsDefinition:
    """All exports as one dataset."""

    def inputs(step: Step) -> dict[str, Any]:
        parts, missing = annotation_tables.published_exports(step, exclude)
        return {"parts": parts, "missing": missing}

    def build(step: Step, out: Path, parts: list[Any], missing: dict[str, str]) -> Built:
        """All published exports merged: known frames keep their ids, each content is kept once."""
        from vdata_assets.annotations.merge import Part, merge

        previous = annotation_tables.previous_version(step)
        sources = [version for _, _, version in parts] + ([previous] if previous else [])
        merged = merge(
            [Part(key, version.digest, version.path) for key, _, version in parts],
            previous.path if previous else None,
            out,
            annotation_tables.linker(step, sources),
            step.log,
        )
        return annotation_tables.annotations_built(merged, missing, previous, settings, out)

    recipe = Recipe(inputs, build, settings, "1", ANNOTATIONS_CHECKS, reports=True)
    return published_asset(
        dataset, "annotations", recipe, deps=["export"], kinds={"parquet"}, automation=FOLLOWS_ANY
    )


def splits(dataset: Dataset, settings: SplitSettings, hamming: int) -> dg.AssetsDefinition:
    """Which frames train, which validate and which test."""

    def inputs(step: Step) -> dict[str, Any]:
        return {"annotations": step.upstream("annotations")}

    def build(step: Step, out: Path, annotations: Version) -> Built:
        """A split for every annotated frame: look-alikes together, classes in proportion, none ever moves."""
        from vdata_assets.annotations.frame_splits import write_frame_splits
        from vdata_assets.splits.schema import SampleSplits

        frames = annotation_tables.annotated_frames(annotations)
        previous = annotation_tables.previous_splits(step)
        made = write_frame_splits(frames, settings, hamming, out, previous)
        return Built(
            made.findings,
            pictures={"table of splits": annotation_tables.split_table(made.splits)},
            table=tables.described(made.splits, SampleSplits),
        )

    recipe = Recipe(inputs, build, [settings, hamming], "1", (*SAMPLE_SPLITS_CHECKS, *FRAME_SPLITS_CHECKS))
    return published_asset(
        dataset, "splits", recipe, deps=["annotations"], kinds={"parquet", "json"}, automation=FOLLOWS
    )


def dataset_hf(
    dataset: Dataset, settings: SegmentationSettings, names: tuple[str, ...]
) -> dg.AssetsDefinition:
    """The samples as Hugging Face trainers load them."""

    def build(step: Step, out: Path, annotations: Version, splits: Version, phrases: str) -> Built:
        """A Hugging Face DatasetDict for `load_from_disk`: pictures, conversations, masks, boxes, labels."""
        from vdata_assets.formats.described import describe_dataset_dict
        from vdata_assets.formats.segmentation.annotation_hf import features, write_annotation_hf
        from vdata_assets.formats.segmentation.segmentation_audit import audit_annotation_hf

        table = tables.read(splits.file("splits.parquet"))
        written = write_annotation_hf(
            annotations.path, table, out / "dataset", names=names, seed=settings.seed, log=step.log
        )
        findings = audit_annotation_hf(written, log=step.log)
        card = about(dataset, TOLD, _versions(annotations, splits), settings, findings, asset="dataset_hf")
        describe_dataset_dict(written.folder, card, features(), written.statistics["splits"])
        return annotation_tables.samples_built(written, findings)

    recipe = Recipe(
        annotation_tables.sample_inputs, build, [settings, dataset.license], "2", ANNOTATION_HF_CHECKS
    )
    return published_asset(
        dataset,
        "dataset_hf",
        recipe,
        deps=["annotations", "splits"],
        kinds={"huggingface", "arrow"},
        automation=FOLLOWS,
    )


def _versions(annotations: Version, splits: Version) -> dict[str, Version]:
    return {"annotations": annotations, "splits": splits}


def dataset_llava(
    dataset: Dataset, settings: SegmentationSettings, names: tuple[str, ...]
) -> dg.AssetsDefinition:
    """The samples as LLaVA trainers load them."""

    def build(step: Step, out: Path, annotations: Version, splits: Version, phrases: str) -> Built:
        """LLaVA instruction files, JSON lines and one JSON array a split, with the pictures beside them."""
        from vdata_assets.formats.segmentation.llava import LlavaFrames, describe_llava, write_llava
        from vdata_assets.formats.segmentation.segmentation_audit import audit_llava

        table = tables.read(splits.file("splits.parquet"))
        written = write_llava(
            annotations.path,
            table,
            out,
            annotation_tables.linker(step, [annotations]),
            names=names,
            seed=settings.seed,
            log=step.log,
        )
        findings = audit_llava(written, log=step.log)
        name = LlavaFrames.name
        sources = _versions(annotations, splits)
        describe_llava(
            written, about(dataset, TOLD, sources, settings, findings, format_name="llava", asset=name)
        )
        return annotation_tables.samples_built(written, findings)

    recipe = Recipe(annotation_tables.sample_inputs, build, [settings, dataset.license], "2", LLAVA_CHECKS)
    return published_asset(
        dataset,
        "dataset_llava",
        recipe,
        deps=["annotations", "splits"],
        kinds={"json"},
        automation=FOLLOWS,
    )


def preparation_summary(dataset: Dataset, settings: SummarySettings) -> dg.AssetsDefinition:
    """What there is, to read and to look at."""

    def inputs(step: Step) -> dict[str, Any]:
        names = ("annotations", "splits", "dataset_hf", "dataset_llava")
        return {name: step.upstream(name) for name in names} | {"exports": annotation_tables.verdicts(step)}

    def build(step: Step, out: Path, exports: dict[str, Any], **versions: Version) -> Built:
        """Statistics of the whole dataset, the verdict of every audit, plots, and masks on their frames."""
        from vdata_assets.reports.preparation_summary import summarise

        splits = versions["splits"]
        made = summarise(
            versions["annotations"].path,
            tables.read(splits.file("splits.parquet")),
            json.loads(splits.file("split_config.json").read_bytes()),
            out,
            reports={name: version.report["findings"] for name, version in versions.items()},
            exports=exports,
            settings=settings,
        )
        figures = {"status": made.status, **made.figures}
        return Built([], figures, {"report": made.page}, Table(int(made.figures["samples"]), []))

    recipe = Recipe(inputs, build, settings, "1", checks=())
    return published_asset(
        dataset,
        "preparation_summary",
        recipe,
        deps=["annotations", "splits", "dataset_hf", "dataset_llava"],
        kinds={"json", "png"},
        automation=FOLLOWS,
    )
