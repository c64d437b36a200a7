"""The full audit: does what is published still hold? Every week, every file of every version is read."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg

from vdata_assets.quality.findings import Check, Finding, Status, at_level
from vdata_assets.workflows import tables
from vdata_assets.workflows.dataset import Dataset
from vdata_assets.workflows.publish import published_asset
from vdata_assets.workflows.raw_files import RawFiles, compare_raw_files
from vdata_assets.workflows.recipe import Built, Recipe, Step, recorded_findings
from vdata_resources.store import DamagedVersion, NotPublished
from vdata_resources.store.integrity import inspect
from vdata_resources.store.survey import Place, places

ASSET = "full_audit"
# A group of its own: "materialize all" of a dataset does not read the whole of it.
GROUP = "upkeep"

DATA_INTACT = Check(
    "published_data_intact",
    "Is every file of every published version there, with the bytes that were written? Delete the folder of "
    "a damaged version; if it is the current one, first point the link `current` to a whole version or "
    "delete it too, then materialize again.",
    Status.FAILED,
)
CHECKS_STILL_PASS = Check(
    "published_checks_pass",
    "Would every published version pass its audit at today's levels, as `audits` has them? Materialize again "
    "what would not, or change the level.",
    Status.FAILED,
)
RAW_UNCHANGED = Check(
    "raw_files_unchanged",
    "Are the raw files that published data was made of still there, with the same content? Bring them back, "
    "or materialize again from the first asset on.",
    Status.WARNING,
)
FULL_AUDIT_CHECKS = (DATA_INTACT, CHECKS_STILL_PASS, RAW_UNCHANGED)


@dataclass
class Tally:
    """What the audit saw of one asset, all its partitions together."""

    partitions: int = 0
    versions: int = 0
    files: int = 0
    bytes: int = 0
    damaged: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


def full_audit(dataset: Dataset) -> dg.Definitions:
    """The asset that holds the newest audit, its job, and its schedule, which is off until turned on."""
    job = dg.define_asset_job(
        f"{dataset.slug}_full_audit",
        selection=[dataset.key(ASSET)],
        description=f"Does what {dataset.name} has published still hold? Reads every file of every version.",
    )
    schedule = dg.ScheduleDefinition(
        name=f"{dataset.slug}_full_audit_weekly",
        job=job,
        cron_schedule=dataset.schedules.full_audit,
        execution_timezone=dataset.schedules.timezone,
        description=f"Audits all that {dataset.name} has published. The run fails, and the check names the "
        "files, when a byte is not what was written.",
    )
    return dg.Definitions(assets=[_full_audit_asset(dataset)], jobs=[job], schedules=[schedule])


def _full_audit_asset(dataset: Dataset) -> dg.AssetsDefinition:
    def build(step: Step, out: Path) -> Built:
        """Does what is published still hold: files undamaged, checks passing, raw files unchanged?"""
        tallies: dict[str, Tally] = {}
        for place in places(step.store, dataset.name):
            if place.asset != ASSET:
                _take(tallies.setdefault(place.asset, Tally()), place, dataset)
                step.log(f"read {place.name}")
        raw = compare_raw_files(step.store, dataset)
        step.log(f"compared {raw.read:,} raw files")
        return Built(
            _findings(tallies, raw),
            figures={
                "versions": sum(tally.versions for tally in tallies.values()),
                "files": sum(tally.files for tally in tallies.values()),
                "bytes": sum(tally.bytes for tally in tallies.values()),
                "raw_files": raw.read,
            },
            pictures={"table of assets": _table(tallies)} if tallies else {},
        )

    recipe = Recipe(
        inputs=_nothing,
        build=build,
        settings=None,
        code_version="1",
        checks=FULL_AUDIT_CHECKS,
        reports=True,
        complete=lambda version: False,  # The disk is read anew every time.
    )
    return published_asset(dataset, ASSET, recipe, deps=[], kinds={"json"}, group=GROUP)


def _nothing(step: Step) -> dict[str, Any]:
    return {}


def _take(tally: Tally, place: Place, dataset: Dataset) -> None:
    tally.partitions += 1
    for found in inspect(place.artifact):
        tally.versions += 1
        tally.files += found.files
        tally.bytes += found.bytes
        tally.damaged |= {f"{place.name}/{file}": problem for file, problem in found.damages.items()}
    try:
        with place.artifact.reading() as version:
            findings = recorded_findings(version)
    except (NotPublished, DamagedVersion):
        return
    for finding in at_level(findings, dataset.levels):
        if finding.status is Status.FAILED:
            tally.refused[f"{place.name}: {finding.name}"] = finding.message


def _findings(tallies: dict[str, Tally], raw: RawFiles) -> list[Finding]:
    files = sum(tally.files for tally in tallies.values())
    damaged = _together(tally.damaged for tally in tallies.values())
    refused = _together(tally.refused for tally in tallies.values())
    return [
        DATA_INTACT.finding(f"{len(damaged)} of {files:,} files are damaged{_first(damaged)}", damaged),
        CHECKS_STILL_PASS.finding(f"{len(refused)} findings would fail today{_first(refused)}", refused),
        RAW_UNCHANGED.finding(
            f"{len(raw.changed)} of {raw.read:,} raw files are not as they were{_first(raw.changed)}",
            raw.changed,
        ),
    ]


def _together(parts: Iterable[dict[str, str]]) -> dict[str, str]:
    return {name: problem for part in parts for name, problem in part.items()}


def _first(problems: dict[str, str]) -> str:
    return "".join(f"; first: {name}: {problem}" for name, problem in list(problems.items())[:1])


def _table(tallies: dict[str, Tally]) -> str:
    import polars as pl

    rows = [
        {
            "asset": asset,
            "partitions": tally.partitions,
            "versions": tally.versions,
            "files": tally.files,
            "bytes": tally.bytes,
            "damaged files": len(tally.damaged),
            "checks that would fail": len(tally.refused),
        }
        for asset, tally in tallies.items()
    ]
    return tables.as_markdown(pl.DataFrame(rows))
