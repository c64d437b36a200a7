"""The job that prunes what nobody needs: old versions, rejected candidates, runs and their logs, ticks."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import dagster as dg
from pydantic import Field

from vdata_assets.workflows import tables
from vdata_assets.workflows.resources import StoreResource
from vdata_assets.workflows.retention_runs import OldRun, forget, old_runs, old_ticks
from vdata_resources.store import Store
from vdata_resources.store.retention import Removable, prune
from vdata_resources.store.survey import places

JOB = "retention"
OP = "prune"
DAY_S = 86_400


class RetentionConfig(dg.Config):
    """What goes. Started by hand, the job only says what would."""

    dry_run: bool = Field(
        default=True, description="Nothing is removed; the log and the tables say what would."
    )
    rejected_days: int = Field(
        default=30,
        ge=1,
        description="Rejected candidates that are older go, once something was published since.",
    )
    runs_days: int = Field(
        default=90,
        ge=1,
        description="Finished runs that are older go, with events and logs, unless one recorded the newest "
        "materialization, observation or check result of an asset or partition.",
    )
    ticks_days: int = Field(default=30, ge=1, description="Ticks of sensors and schedules that are older go.")


@dataclass
class Pruned:
    """What went, or would go."""

    folders: list[Removable] = field(default_factory=list)
    runs: list[OldRun] = field(default_factory=list)
    ticks: dict[str, int] = field(default_factory=dict)


def pruned(instance: dg.DagsterInstance, store: Store, config: RetentionConfig, now: float) -> Pruned:
    """Prune the store and the instance, or with ``dry_run`` say what would go."""
    found = Pruned()
    for place in places(store):
        found.folders += prune(place, now - config.rejected_days * DAY_S, dry_run=config.dry_run)
    # Listed as a whole first: which run is the newest of something does not change by what goes here.
    found.runs = list(old_runs(instance, now - config.runs_days * DAY_S))
    if not config.dry_run:
        for run in found.runs:
            forget(instance, run)
    found.ticks = old_ticks(instance, now - config.ticks_days * DAY_S, dry_run=config.dry_run)
    return found


def retention_job() -> dg.JobDefinition:
    """Prunes the store and the instance; a dry run unless its config says otherwise."""

    @dg.op(name=OP, out=dg.Out(dg.Nothing))
    def prune_all(context: dg.OpExecutionContext, config: RetentionConfig, store: StoreResource) -> None:
        found = pruned(context.instance, store.store(), config, time.time())
        _report(context, found, "would go" if config.dry_run else "went")

    @dg.job(
        name=JOB,
        executor_def=dg.in_process_executor,
        description="Prunes old versions, rejected candidates, runs and their logs, and ticks, as its config "
        "says. Started by hand it is a dry run: set `dry_run: false` to remove. What is published, and the "
        "newest record of every asset and partition, always stays.",
    )
    def retention() -> None:
        prune_all()

    return retention


def _report(context: dg.OpExecutionContext, found: Pruned, verb: str) -> None:
    """Every folder and run in the log, the sums by asset, job and sensor as tables."""
    for folder in found.folders:
        context.log.info(f"{verb}: {folder.kind} {folder.path}, {folder.bytes:,} bytes")
    for run in found.runs:
        context.log.info(f"{verb}: run {run.run_id} of {run.job}, {run.bytes:,} bytes")
    tables_by_name = {
        "folders": _sums(
            (f"{one.place.dataset}/{one.place.asset}", one.kind, one.bytes) for one in found.folders
        ),
        "runs": _sums((run.job, "run", run.bytes) for run in found.runs),
    }
    context.add_output_metadata(
        {
            "verdict": f"{verb}: {len(found.folders):,} folders, {len(found.runs):,} runs, "
            f"{sum(found.ticks.values()):,} ticks",
            "bytes": sum(one.bytes for one in found.folders) + sum(one.bytes for one in found.runs),
            **{
                f"table of {name}": dg.MetadataValue.md(table)
                for name, table in tables_by_name.items()
                if table
            },
            "ticks": found.ticks,
        }
    )


def _sums(items: Iterable[tuple[str, str, int]]) -> str:
    """How many there are of each name and kind, and their bytes, as Markdown; empty if there are none."""
    import polars as pl

    rows = pl.DataFrame(
        list(items), schema={"of": pl.String, "kind": pl.String, "bytes": pl.Int64}, orient="row"
    )
    if rows.is_empty():
        return ""
    sums = rows.group_by("of", "kind").agg(number=pl.len(), bytes=pl.col("bytes").sum())
    return tables.as_markdown(sums.sort("of", "kind"))
