"""Photos in ``<class>/`` folders become conversations that teach a model the classes.

The assets in the order in which data flows; each says what its result depends on and has a body of a few
lines that loads, calls its stage and writes. The algorithms live in the stages, imported when they run:

    images -> catalog -> splits -> conversations -> exports
                         splits -> look_alikes --^  conversations -> report
"""

from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import dagster as dg
from pydantic import Field

from vdata_assets.conversations.class_checks import CLASS_IMAGES_CHECKS, CLASS_SAMPLES_CHECKS
from vdata_assets.conversations.class_settings import (
    ClassAuditSettings,
    ClassBalanceSettings,
    ClassWordingSettings,
)
from vdata_assets.embeddings.checks import EMBEDDINGS_CHECKS
from vdata_assets.formats.export_settings import FormatList, PlainFormat
from vdata_assets.quality.findings import Check
from vdata_assets.splits.class_split_checks import CLASS_SPLITS_CHECKS
from vdata_assets.splits.settings import SplitSettings
from vdata_assets.workflows import class_tables, export_sources, tables
from vdata_assets.workflows.automation import FOLLOWS, follows_if_embedded
from vdata_assets.workflows.component import DatasetComponent
from vdata_assets.workflows.dataset import Dataset
from vdata_assets.workflows.exports import exports_assets
from vdata_assets.workflows.operations import observation_schedule, whole_job
from vdata_assets.workflows.publish import published_asset
from vdata_assets.workflows.recipe import Built, Recipe, Step
from vdata_assets.workflows.settings import DescriptorSettings, EncoderSettings, step_device
from vdata_resources.store import Version


class ClassConversations(DatasetComponent):
    """Conversations about classed images, for any trainer, from photos in class folders."""

    CHECKS: ClassVar[tuple[Check, ...]] = (
        *CLASS_IMAGES_CHECKS,
        *CLASS_SPLITS_CHECKS,
        *EMBEDDINGS_CHECKS,
        *CLASS_SAMPLES_CHECKS,
    )

    splits: SplitSettings = SplitSettings()
    near_duplicate_hamming: int = Field(
        4, ge=0, le=31, description="Bits in which perceptual hashes of look-alike pictures differ at most."
    )
    conversations: ClassWordingSettings = ClassWordingSettings()
    balance: ClassBalanceSettings = ClassBalanceSettings()
    audit: ClassAuditSettings = ClassAuditSettings()
    encoder: EncoderSettings = DescriptorSettings()
    formats: FormatList = (PlainFormat(format="llava"), PlainFormat(format="fireworks"))

    def definitions(self, dataset: Dataset) -> dg.Definitions:
        """All assets, checks, jobs and schedules of a dataset."""
        near = bool(self.conversations.negative_share or self.conversations.choice_share)
        seed = self.conversations.seed
        return dg.Definitions(
            assets=[
                images(dataset),
                catalog(dataset, self.balance, self.conversations),
                splits(dataset, self.splits, self.balance, self.near_duplicate_hamming, seed),
                *(
                    [look_alikes(dataset, self.encoder, self.conversations.look_alikes, self.splits)]
                    if near
                    else []
                ),
                conversations(dataset, self.conversations, self.balance, self.splits, self.audit, near=near),
                report(dataset, self.conversations, self.balance, self.splits, near=near),
                *exports_assets(dataset, self.formats, ["conversations"], export_sources.class_conversations),
            ],
            jobs=[whole_job(dataset)],
            schedules=[observation_schedule(dataset, "images")],
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


def catalog(
    dataset: Dataset, balance: ClassBalanceSettings, wording: ClassWordingSettings
) -> dg.AssetsDefinition:
    """Every image file of a class folder."""

    def inputs(step: Step) -> dict[str, Any]:
        from vdata_assets.catalog.listing import listing_digest

        return {"listing": listing_digest(dataset.root)}

    def build(step: Step, out: Path, listing: str) -> Built:
        """Every image file once: its class, what it is, and why not if it cannot be read."""
        from vdata_assets.conversations.class_audit import audit_class_images
        from vdata_assets.conversations.class_images import class_images
        from vdata_assets.conversations.class_schema import ClassImages

        found = class_images(dataset.root, step.store.root / "perceptual_hashes.sqlite", log=step.log)
        found.images.write_parquet(out / class_tables.IMAGES)
        return Built(
            audit_class_images(found, balance, wording),
            figures={"classes": found.images["class"].n_unique()},
            pictures={"table of classes": class_tables.counted(found.images, "class")},
            table=tables.described(found.images, ClassImages),
        )

    named = [balance.priority_classes, wording.names]
    recipe = Recipe(inputs, build, named, "1", CLASS_IMAGES_CHECKS)
    return published_asset(dataset, "catalog", recipe, deps=["images"], kinds={"parquet"}, automation=FOLLOWS)


def splits(
    dataset: Dataset, settings: SplitSettings, balance: ClassBalanceSettings, hamming: int, seed: int
) -> dg.AssetsDefinition:
    """Which images train, which validate and which test."""

    def inputs(step: Step) -> dict[str, Any]:
        return {"catalog": step.upstream("catalog")}

    def build(step: Step, out: Path, catalog: Version) -> Built:
        """A split for every image: class shares kept, copies and look-alikes together, none ever moves."""
        from vdata_assets.conversations.class_balance import chosen_images
        from vdata_assets.splits.class_splits import class_splits
        from vdata_assets.splits.schema import SampleSplits

        chosen = chosen_images(tables.read(catalog.file(class_tables.IMAGES)), balance, seed)
        made = class_splits(chosen, settings, hamming, out, class_tables.previous_splits(step))
        return Built(
            made.findings,
            pictures={"table of splits": class_tables.counted(made.splits, "split")},
            table=tables.described(made.splits, SampleSplits),
        )

    chosen = [settings, balance.max_per_class, hamming, seed]
    recipe = Recipe(inputs, build, chosen, "1", CLASS_SPLITS_CHECKS)
    return published_asset(
        dataset, "splits", recipe, deps=["catalog"], kinds={"parquet", "json"}, automation=FOLLOWS
    )


def look_alikes(
    dataset: Dataset, encoder: EncoderSettings, number: int, split_settings: SplitSettings
) -> dg.AssetsDefinition:
    """Which classes look most like each."""
    load_encoder = cache(encoder.build)

    def inputs(step: Step) -> dict[str, Any]:
        return {
            "catalog": step.upstream("catalog"),
            "splits": step.upstream("splits"),
            "encoder": load_encoder().identity,
        }

    def build(step: Step, out: Path, catalog: Version, splits: Version, encoder: str) -> Built:
        """For every class the nearest ones, by the mean vectors of their training images."""
        from vdata_assets.conversations.class_look_alikes import look_alikes
        from vdata_assets.embeddings.audit import audit
        from vdata_assets.embeddings.embed import TABLE, embed

        trained = class_tables.training_images(catalog, splits, split_settings)
        embedded = embed(
            trained, dataset.root, load_encoder(), tables.previous_table(step, TABLE), log=step.log
        )
        embedded.table.write_parquet(out / TABLE)
        before = tables.previous_table(step, class_tables.LOOK_ALIKES)
        near = look_alikes(trained, [embedded.table], number, tables.read(before) if before else None)
        near.write_parquet(out / class_tables.LOOK_ALIKES)
        return Built(
            audit(embedded.table, trained, load_encoder()),
            figures={"encoder": encoder, "encoded": embedded.encoded, "vectors_reused": embedded.reused},
            pictures={"table of look-alikes": tables.as_markdown(class_tables.listed(near))},
            table=tables.described(near),
        )

    recipe = Recipe(inputs, build, [encoder, number, split_settings], "1", EMBEDDINGS_CHECKS)
    return published_asset(
        dataset,
        "look_alikes",
        recipe,
        deps=["splits"],
        kinds={"parquet", encoder.type},
        device=step_device(encoder),
        automation=follows_if_embedded(encoder),
    )


def conversations(
    dataset: Dataset,
    wording: ClassWordingSettings,
    balance: ClassBalanceSettings,
    split_settings: SplitSettings,
    audit: ClassAuditSettings,
    *,
    near: bool,
) -> dg.AssetsDefinition:
    """What is asked and answered about every image."""

    def inputs(step: Step) -> dict[str, Any]:
        return class_tables.conversation_inputs(step, near=near)

    def build(
        step: Step, out: Path, catalog: Version, splits: Version, look_alikes: Version | None = None
    ) -> Built:
        """Questions and answers from the templates; training images of priority classes are repeated."""
        from vdata_assets.conversations.class_audit import audit_class_samples
        from vdata_assets.conversations.class_files import TABLE, write_conversations
        from vdata_assets.conversations.class_schema import ClassSamples
        from vdata_assets.splits.class_split_audit import largest_split

        said = class_tables.conversations_of(
            step, catalog, splits, look_alikes, wording, balance, split_settings
        )
        train = largest_split(split_settings)
        names = [name for name, ratio in split_settings.ratios.items() if ratio]
        write_conversations(said, names, train, balance.priority_classes, out, step.log)
        samples = tables.scan(out / TABLE)
        return Built(
            audit_class_samples(
                samples, tables.read(catalog.file(class_tables.IMAGES)), split_settings, wording, audit
            ),
            figures={"copies": int((said.rows["copy"] > 0).sum()), "classes": said.rows["class"].n_unique()},
            pictures={"table of samples": class_tables.sample_counts(said.rows)},
            table=tables.described(samples.head(0).collect(), ClassSamples, said.rows.height),
        )

    recipe = Recipe(inputs, build, [wording, balance, split_settings, audit], "1", CLASS_SAMPLES_CHECKS)
    return published_asset(
        dataset,
        "conversations",
        recipe,
        deps=["splits", *(["look_alikes"] if near else [])],
        kinds={"parquet", "json"},
        automation=FOLLOWS,
    )


def report(
    dataset: Dataset,
    wording: ClassWordingSettings,
    balance: ClassBalanceSettings,
    split_settings: SplitSettings,
    *,
    near: bool,
) -> dg.AssetsDefinition:
    """What there is, to look at."""

    def inputs(step: Step) -> dict[str, Any]:
        return {**class_tables.conversation_inputs(step, near=near), "said": step.upstream("conversations")}

    def build(
        step: Step,
        out: Path,
        catalog: Version,
        splits: Version,
        said: Version,
        look_alikes: Version | None = None,
    ) -> Built:
        """Samples a class and split before and after repeating, templates' usage, samples to look at."""
        from vdata_assets.conversations.class_files import TABLE, template_usage
        from vdata_assets.reports.class_report import class_report_markdown, write_class_report

        usage = template_usage(
            class_tables.conversations_of(
                step, catalog, splits, look_alikes, wording, balance, split_settings
            )
        )
        shown = (
            tables.scan(said.file(TABLE)),
            tables.read(catalog.file(class_tables.IMAGES)),
            usage,
        )
        write_class_report(*shown, root=dataset.root, out=out, title=dataset.name, seed=wording.seed)
        return Built(
            findings=[],
            pictures=class_report_markdown(*shown, root=dataset.root, seed=wording.seed),
            table=tables.described(usage),
            pages={"report page": "report.html"},
        )

    recipe = Recipe(inputs, build, [wording, balance, split_settings], "1", checks=())
    return published_asset(
        dataset, "report", recipe, deps=["conversations"], kinds={"html", "png"}, automation=FOLLOWS
    )
