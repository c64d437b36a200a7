"""A code location whose steps are Slurm jobs: assets that end in every way a job can."""

import os
import signal
import sys
import time
from pathlib import Path

import dagster as dg

from vdata_resources.executors.slurm_executor import slurm_executor
from vdata_resources.executors.slurm_orphans import orphans_sensor

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


def _report(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    context.log.info("said by the step")
    print("printed by the step", file=sys.stderr)
    return dg.MaterializeResult(metadata={"job": os.environ["SLURM_JOB_ID"], "folder": os.getcwd()})


@dg.asset
def first(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    return _report(context)


@dg.asset
def second(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    return _report(context)


@dg.asset(deps=[first, second], op_tags={"vdata/gpus": "2", "slurm/mem": "300M", "slurm/time": "3"})
def third(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    return _report(context)


@dg.asset(partitions_def=CATEGORIES, backfill_policy=dg.BackfillPolicy.multi_run(1))
def retrieval(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    return _report(context)


@dg.asset
def refused() -> None:
    """Fails by itself."""
    raise dg.Failure("the photos are too dark", allow_retries=False)


@dg.asset
def killed() -> None:
    print("the last words", file=sys.stderr, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)


@dg.asset
def exits() -> None:
    """Ends its process with success, and without a word to Dagster."""
    os._exit(0)


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
    sensors=[orphans_sensor(minimum_interval_seconds=2)],
    executor=slurm_executor({"poll_seconds": 1, "log_tail_lines": 5}),
)  # fmt: skip
