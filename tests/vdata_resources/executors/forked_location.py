"""A code location whose runs are launched by the launcher of forked runs."""

import os
import time
from pathlib import Path

import dagster as dg

from vdata_resources.executors.local_executor import local_executor

HERE = Path(__file__).parent
WORD = "first"


@dg.asset
def spoken() -> dg.MaterializeResult:
    """Says what its code says, and whose child it is."""
    return dg.MaterializeResult(metadata={"word": WORD, "parent": os.getppid(), "process": os.getpid()})


@dg.asset
def endless() -> None:
    while True:
        time.sleep(0.1)


defs = dg.Definitions(
    assets=[spoken, endless],
    jobs=[dg.define_asset_job("spoken_job", [spoken]), dg.define_asset_job("endless_job", [endless])],
    executor=local_executor({}),
)
