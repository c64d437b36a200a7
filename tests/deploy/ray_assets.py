"""A code location whose steps are Ray jobs: assets that end in every way a job can."""

import time

import dagster as dg
from ended_assets import exits, killed, refused, report

from vdata_resources.executors.ray_executor import ray_executor

REPORTED = ("VDATA_HOME", "CUDA_VISIBLE_DEVICES", "OPENAI_API_KEY")


@dg.asset
def first(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    return report(context, *REPORTED)


@dg.asset
def second(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    return report(context, *REPORTED)


@dg.asset(deps=[first, second], op_tags={"vdata/gpus": "1", "ray/num_cpus": "0.25"})
def third(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    return report(context, *REPORTED)


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
