"""A code location whose steps are Ray jobs: assets that end in every way a job can."""

import os
import signal
import sys
import time

import dagster as dg

from vdata_resources.executors.ray_executor import ray_executor


def _report(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    context.log.info("said by the step")
    print("printed by the step", file=sys.stderr)
    seen = {
        name: os.environ.get(name, "") for name in ("VDATA_HOME", "CUDA_VISIBLE_DEVICES", "OPENAI_API_KEY")
    }
    return dg.MaterializeResult(metadata={**seen, "process": os.getpid()})


@dg.asset
def first(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    return _report(context)


@dg.asset
def second(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    return _report(context)


@dg.asset(deps=[first, second], op_tags={"vdata/gpus": "1", "ray/num_cpus": "0.25"})
def third(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
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


@dg.asset(op_tags={"ray/colour": "red"})
def mistagged() -> None: ...


@dg.asset
def outlives() -> None:
    time.sleep(300)


defs = dg.Definitions(
    assets=[first, second, third, refused, killed, exits, mistagged, outlives],
    jobs=[
        dg.define_asset_job("three", ["first", "second", "third"]),
        dg.define_asset_job("ends", ["refused", "killed", "exits", "mistagged"]),
        dg.define_asset_job("cancelled", ["outlives"]),
    ],
    executor=ray_executor({"check_seconds": 1, "num_cpus": 0.5}),
)
