"""``vdata``: for people who script. What Dagster's own command lines do is left to them (``dg launch``)."""

import argparse
import json
import sys
import warnings
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import yaml
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph
from dagster._core.errors import DagsterHomeNotSetError

from dagster_project.backfill import WrongRequest, cancel, stages, submit, target, watched
from dagster_project.daemon import LocationUnavailable, backfill_daemon, daemon_runs, workspace_context

PUBLISHED, NOT_PUBLISHED, MISUSED, INTERRUPTED = 0, 1, 2, 130


def say(line: str) -> None:
    """A line on standard output, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def parser() -> argparse.ArgumentParser:
    """The command line's shape."""
    top = argparse.ArgumentParser(prog="vdata", description="vdata from a script.")
    commands = top.add_subparsers(dest="command", required=True)
    backfill = commands.add_parser(
        "backfill",
        help="everything of a dataset, every partition, with progress; fails if one is not published",
        description="Finds the partitions of a dataset, makes all of its assets for all of them, and waits. "
        "It uses the daemon of the instance ($DAGSTER_HOME) if one runs, or its own. The exit status is 0 if "
        "everything was published, 1 if a partition was rejected or a run failed (what depends on it is not "
        "made, what was published before stands), 2 for a wrong request, 130 if interrupted (the backfill "
        "is cancelled).",
    )
    backfill.add_argument("dataset", help="name of its folder under defs/")
    backfill.add_argument(
        "--asset",
        action="append",
        default=[],
        dest="assets",
        metavar="NAME",
        help="only this one; repeatable",
    )
    backfill.add_argument(
        "--partition",
        action="append",
        default=[],
        dest="partitions",
        metavar="KEY",
        help="only this one; repeatable; all that are registered unless given",
    )
    backfill.add_argument(
        "--config", type=Path, metavar="FILE", help="YAML of the run config, e.g. limits of the executor"
    )
    backfill.add_argument(
        "--workspace",
        type=Path,
        default=Path("workspace.yaml"),
        help="file that names the code location (default: %(default)s)",
    )
    backfill.add_argument("--json", action="store_true", help="the outcome as one line of JSON, at the end")
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status."""
    given = parser().parse_args(arguments)
    warnings.filterwarnings("ignore", category=dg.BetaWarning)
    try:
        with dg.DagsterInstance.get() as instance:
            return backfill(instance, given)
    except DagsterHomeNotSetError:
        return _misused('DAGSTER_HOME is not set: eval "$(make -s env)", or name the instance\'s folder')
    except (WrongRequest, LocationUnavailable) as wrong:
        return _misused(str(wrong))


def _misused(message: str) -> int:
    sys.stderr.write(f"vdata: {message}\n")
    return MISUSED


def backfill(instance: dg.DagsterInstance, given: argparse.Namespace) -> int:
    """``vdata backfill``: in two steps, for partitions are known only when the files were listed."""
    run_config = _run_config(given.config)
    if not given.workspace.is_file():
        raise WrongRequest(f"--workspace: no file {given.workspace}: run in the project's folder, or name it")
    with workspace_context(instance, given.workspace) as context, ExitStack() as stack:
        graph = context.create_request_context().asset_graph
        wanted = stages(graph, given.dataset, given.assets)
        if daemon_runs(instance):
            say("the instance's daemon makes the runs")
            at_work: Callable[[], bool] = partial(daemon_runs, instance)
        else:
            say("no daemon is at work on the instance: this process makes the runs")
            at_work = stack.enter_context(backfill_daemon(context))
        for keys, partitions in ((wanted.first, []), (wanted.rest, given.partitions)):
            if not keys:
                continue
            subset = target(graph, keys, instance, partitions)
            backfill_id = submit(instance, subset, f"vdata backfill {given.dataset}", run_config)
            names = ", ".join(sorted(key.path[-1] for key in subset.asset_keys))
            say(f"backfill {backfill_id}: {subset.num_partitions_and_non_partitioned_assets} of {names}")
            status = _ended(instance, graph, backfill_id, at_work, given.json)
            if status != PUBLISHED:
                return status
    return PUBLISHED


def _ended(
    instance: dg.DagsterInstance,
    graph: BaseAssetGraph[Any],
    backfill_id: str,
    at_work: Callable[[], bool],
    as_json: bool,
) -> int:
    """Wait for a backfill and tell what came of it; the exit status."""
    try:
        outcome = watched(instance, graph, backfill_id, say, at_work)
    except KeyboardInterrupt:
        cancel(instance, backfill_id)
        say(f"interrupted: cancelling backfill {backfill_id}")
        watched(instance, graph, backfill_id, say, at_work)
        return INTERRUPTED
    for asset, made in outcome.made.items():
        failed = outcome.failed[asset]
        say(f"  {asset:<40} {made:>6} published" + (f", {failed} not" if failed else ""))
    say("  checks: " + (", ".join(f"{n} {what}" for what, n in sorted(outcome.checks.items())) or "none"))
    for reason in outcome.reasons[:20]:
        say(f"  {reason}")
    if len(outcome.reasons) > 20:
        say(f"  and {len(outcome.reasons) - 20} more; all are in the UI")
    if as_json:
        told = {"backfill": backfill_id, "status": outcome.status.value, "success": outcome.success}
        say(json.dumps({**told, "published": outcome.made, "not_published": outcome.failed}))
    return PUBLISHED if outcome.success else NOT_PUBLISHED


def _run_config(file: Path | None) -> dict[str, Any] | None:
    if file is None:
        return None
    try:
        read = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as unreadable:
        raise WrongRequest(f"--config: {file}: {unreadable}") from unreadable
    if not isinstance(read, dict):
        raise WrongRequest(f"--config: {file}: names with their values are expected")
    return read


if __name__ == "__main__":
    sys.exit(main())
