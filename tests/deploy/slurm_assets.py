"""A code location whose steps are Slurm jobs: assets that end in every way a job can."""

import os
import time
from pathlib import Path

import dagster as dg
from ended_assets import exits, killed, refused, report

from vdata_resources.executors.orphans import orphans_sensor
from vdata_resources.executors.slurm_executor import slurm_executor
from vdata_resources.executors.slurm_orphans import cancel_orphans

CATEGORIES = dg.StaticPartitionsDefinition(
    ["bag", "book", "clothe", "cup", "decoration", "pillow", "plant", "retail", "toy", "tumbler", "veg"]
)
MEGABYTE = 1 << 20


def home() -> Path:
    return Path(os.environ["VDATA_HOME"])


def runs_until(released: str) -> None:
    """Run until a test writes the file; a forgotten one ends itself."""
    deadline = time.monotonic() + 300
    while not (home() / released).exists() and time.monotonic() < deadline:
        time.sleep(0.1)


@dg.asset
def first(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    return report(context, "SLURM_JOB_ID")


@dg.asset
def second(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    return report(context, "SLURM_JOB_ID")


@dg.asset(deps=[first, second], op_tags={"vdata/gpus": "2", "slurm/mem": "300M", "slurm/time": "3"})
def third(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    return report(context, "SLURM_JOB_ID")


@dg.asset(partitions_def=CATEGORIES, backfill_policy=dg.BackfillPolicy.multi_run(1))
def retrieval(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    return report(context, "SLURM_JOB_ID")


@dg.asset(op_tags={"slurm/mem": "400M"})
def hungry() -> None:
    taken = []
    while True:
        taken.append(b"x" * 50 * MEGABYTE)
        time.sleep(0.2)


@dg.asset(op_tags={"slurm/partition": "no-such"})
def misdirected() -> None: ...


@dg.asset(op_tags={"slurm/colour": "red"})
def mistagged() -> None: ...


@dg.asset
def late() -> None:
    runs_until("never")


@dg.asset
def waits() -> None:
    runs_until("waits.released")


@dg.asset
def outlives() -> None:
    runs_until("outlives.released")


@dg.asset
def preempted() -> None:
    """Ends by itself at the third attempt only."""
    if not os.environ["SLURM_JOB_NAME"].endswith(".3"):
        runs_until("never")


@dg.asset(deps=[waits])
def follows() -> None: ...


def categories_job() -> dg.JobDefinition:
    return defs.resolve_job_def("categories")


def orchestrate(category: str) -> tuple[str, bool]:
    """What the process of a category's run does; gives the run's id and whether it succeeded."""
    with dg.DagsterInstance.get() as instance:
        of_category, tags = dg.reconstructable(categories_job), {"dagster/partition": category}
        with dg.execute_job(of_category, instance, {"execution": {"config": {"max_jobs": 6}}}, tags) as done:
            return done.run_id, done.success


def job(name: str, *assets: dg.AssetsDefinition):
    return dg.define_asset_job(name, dg.AssetSelection.assets(*assets))


defs = dg.Definitions(
    assets=[
        first, second, third, retrieval, refused, killed, exits, hungry, late, misdirected, mistagged, waits,
        follows, outlives, preempted,
    ],
    jobs=[
        job("categories", retrieval),
        job("three", first, second, third),
        job("ends", refused, killed, exits, hungry, late, misdirected, mistagged),
        job("interrupted", preempted),
        job("cancelled", outlives),
        job("orphaned", outlives),
        job("restarted", waits, follows),
    ],
    sensors=[orphans_sensor("slurm", cancel_orphans, minimum_interval_seconds=2)],
    executor=slurm_executor({"poll_seconds": 1, "log_tail_lines": 5}),
)  # fmt: skip
