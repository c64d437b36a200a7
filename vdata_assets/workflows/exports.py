"""``<dataset>/exports``: what a dataset publishes, for any trainer, by the list of formats in its YAML."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from vdata_assets.formats.export_checks import EXPORT_CHECKS, EXPORT_COMPLETE
from vdata_assets.formats.export_settings import FormatSettings
from vdata_assets.quality.findings import Finding
from vdata_assets.workflows import tables
from vdata_assets.workflows.automation import FOLLOWS
from vdata_assets.workflows.cards import about
from vdata_assets.workflows.dataset import Dataset
from vdata_assets.workflows.publish import published_asset
from vdata_assets.workflows.recipe import Built, Recipe, Step, Table
from vdata_resources.store import Version

if TYPE_CHECKING:
    from vdata_assets.formats.conversation import Sample
    from vdata_assets.formats.export import Exported


EXPORTS = "exports"


@dataclass(frozen=True)
class Source:
    """Where a dataset's samples come from.

    Attributes:
        splits: gives the samples by split, from the first one on at every call.
        root: folder that their pictures are relative to.
        told: one sentence about the samples.
        left_out: what could be no sample: its id and why, as a person reads it.
    """

    splits: "Callable[[], Mapping[str, Iterable[Sample]]]"
    root: Path
    told: str
    left_out: Sequence[str] = ()


SourceOf = Callable[[Step, Dataset, Mapping[str, Version]], Source]
"""Makes the samples of published versions. What a ``partial`` holds by name are its settings."""


def exports_assets(
    dataset: Dataset,
    formats: Sequence[FormatSettings],
    deps: Sequence[str],
    source: SourceOf,
) -> list[dg.AssetsDefinition]:
    """The asset ``exports``, if the YAML lists formats.

    Args:
        dataset: whose it is.
        formats: of the YAML.
        deps: assets that the samples are made of.
        source: makes the samples of their published versions.
    """
    settings = source.keywords if isinstance(source, partial) else {}

    def inputs(step: Step) -> dict[str, Any]:
        return {"versions": {dep: step.upstream(dep) for dep in deps}}

    def build(step: Step, out: Path, versions: dict[str, Version]) -> Built:
        """Every split in every format of the list, checked by the rules of its trainer, with a card each."""
        from vdata_assets.formats.export import describe, export, formats_of
        from vdata_assets.formats.export_audit import audit_export

        found = source(step, dataset, versions)
        card = about(dataset, found.told, versions, {"formats": formats, **settings})
        exported = export(found.splits, formats_of(formats), found.root, out, card, step.log)
        findings = [_of_all_rows(finding, found.left_out) for finding in audit_export(exported, out)]
        describe(exported, out, replace(card, findings=tuple(findings)))
        return Built(
            findings,
            figures={
                "formats": [one.name for one in exported.formats],
                "pictures_relative_to": str(found.root),
            },
            pictures={"table of formats": _formats_table(exported)},
            table=Table(sum(one.rows for one in exported.formats), []),
        )

    if not formats:
        return []
    decides = [list(formats), dataset.license, str(dataset.root), settings]
    recipe = Recipe(inputs, build, decides, "2", EXPORT_CHECKS)
    return [
        published_asset(
            dataset, EXPORTS, recipe, deps=deps, kinds={"json", "huggingface"}, automation=FOLLOWS
        )
    ]


def _of_all_rows(finding: Finding, left_out: Sequence[str]) -> Finding:
    """A finding about the samples that were written, with what could be none."""
    if finding.name != EXPORT_COMPLETE.name or not left_out:
        return finding
    return EXPORT_COMPLETE.finding(
        f"{len(left_out):,} are in no format; {finding.message}",
        (*left_out, *finding.offenders),
        {
            **finding.counts,
            "offenders": len(left_out) + finding.counts["offenders"],
            "in_no_format": len(left_out),
        },
    )


def _formats_table(exported: "Exported") -> str:
    """Rows, bytes and what was lost, by format."""
    import polars as pl

    rows = [
        {
            "format": one.name,
            "rows": one.rows,
            "splits": ", ".join(f"{split.name} {split.rows:,}" for split in one.splits),
            "megabytes": one.bytes / 1e6,
            "left out": one.lost.left_out,
            "not said": str(one.lost),
        }
        for one in exported.formats
    ]
    return tables.as_markdown(pl.DataFrame(rows))
