"""Assets that any executor's steps are tried with: what a step reports, and how it can end badly."""

import os
import signal
import sys

import dagster as dg


def report(context: dg.AssetExecutionContext, *variables: str) -> dg.MaterializeResult:
    """A step that speaks, and gives what it has in its environment, its folder and its process."""
    context.log.info("said by the step")
    print("printed by the step", file=sys.stderr)
    seen = {name: os.environ.get(name, "") for name in variables}
    return dg.MaterializeResult(metadata={**seen, "folder": os.getcwd(), "process": os.getpid()})


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
