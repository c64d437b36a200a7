"""Dagster's daemon with prompt backfills: all of it for the UI, or the part that a headless backfill needs.

    python -m dagster_project.daemon workspace.yaml

runs the whole daemon until it is interrupted or its standard input ends: :mod:`.ui` holds it open, and the
kernel closes it when that process ends, however it ends.
"""

import argparse
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import dagster as dg
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster._daemon.backfill import execute_backfill_iteration
from dagster._daemon.controller import DagsterDaemonController, create_daemon_of_type, get_daemon_statuses
from dagster._daemon.daemon import (
    BackfillDaemon,
    DaemonIterator,
    DagsterDaemon,
    IntervalDaemon,
    MonitoringDaemon,
)
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon
from dagster._utils.interrupts import capture_interrupts, setup_interrupt_handlers
from dagster._utils.log import configure_loggers

INTERVAL_SECONDS = 1
# Dagster's own looks at backfills twice a minute; who waits for one would mostly wait for that.
BACKFILL_SECONDS = 3
# A look at a backfill of 10,000 partitions takes seconds itself.
WAIT_PER_LOOK = 4
# Dagster itself calls a daemon healthy for half an hour after it died.
ALIVE_SECONDS = 60


class LocationUnavailable(Exception):  # noqa: N818 - it describes the environment
    """A code location cannot be loaded; the message says why."""


class PromptBackfillDaemon(IntervalDaemon[WorkspaceProcessContext]):
    """Dagster's daemon of backfills, at an interval of its own: seconds, or more where a look takes long."""

    def __init__(self) -> None:
        super().__init__(BACKFILL_SECONDS)

    @classmethod
    def daemon_type(cls) -> str:
        """Whose heartbeat it has."""
        return BackfillDaemon.daemon_type()

    def run_iteration(self, workspace_process_context: WorkspaceProcessContext) -> DaemonIterator:
        """Create the runs that are due, and note what has ended."""
        began = time.monotonic()
        yield from execute_backfill_iteration(workspace_process_context, self._logger)
        self.interval_seconds = max(BACKFILL_SECONDS, WAIT_PER_LOOK * (time.monotonic() - began))


def daemon_runs(instance: dg.DagsterInstance) -> bool:
    """Whether a daemon that makes backfills and starts queued runs is at work on the instance."""
    needed = [BackfillDaemon.daemon_type(), QueuedRunCoordinatorDaemon.daemon_type()]
    statuses = get_daemon_statuses(
        instance,
        needed,
        ignore_errors=True,
        heartbeat_interval_seconds=0,
        heartbeat_tolerance_seconds=ALIVE_SECONDS,
    )
    return all(status.healthy for status in statuses.values())


@contextmanager
def workspace_context(instance: dg.DagsterInstance, workspace: Path) -> Iterator[WorkspaceProcessContext]:
    """The code locations of a workspace, each served by a process of its own while the block lasts.

    Args:
        instance: whose runs they make.
        workspace: workspace.yaml that names them.

    Raises:
        LocationUnavailable: one cannot be loaded; says why.
    """
    target = WorkspaceFileTarget(paths=[str(workspace)])
    with WorkspaceProcessContext(instance, target, code_server_log_level="WARNING") as context:
        for entry in context.create_request_context().get_code_location_entries().values():
            if entry.load_error:
                raise LocationUnavailable(f"{workspace}: {entry.load_error.message.strip()}")
        yield context


@contextmanager
def backfill_daemon(context: WorkspaceProcessContext) -> Iterator[Callable[[], bool]]:
    """Makes backfills and starts their runs while the block lasts; no schedules, no sensors.

    Yields:
        Whether all of its threads are alive.
    """
    daemons = [
        PromptBackfillDaemon(),
        QueuedRunCoordinatorDaemon(interval_seconds=INTERVAL_SECONDS),
        MonitoringDaemon(interval_seconds=context.instance.run_monitoring_poll_interval_seconds),
    ]
    configure_loggers(handler="default", log_level="WARNING")
    with _at_work(context, daemons) as controller:
        yield lambda: all(thread.is_alive() for thread in controller._daemon_threads.values())


@contextmanager
def _at_work(
    context: WorkspaceProcessContext, daemons: Sequence[DagsterDaemon[WorkspaceProcessContext]]
) -> Iterator[DagsterDaemonController]:
    """Daemons, a thread each, while the block lasts."""
    with ExitStack() as stack:
        for daemon in daemons:
            stack.enter_context(daemon)
        # Who comes next shall not take this daemon for one that is still at work.
        stack.callback(context.instance.wipe_daemon_heartbeats)
        yield stack.enter_context(DagsterDaemonController(context, daemons))


def run(workspace: Path) -> None:
    """All that the instance of $DAGSTER_HOME needs: queue, schedules, sensors, automation, backfills.

    Args:
        workspace: workspace.yaml that names the code locations.

    Raises:
        KeyboardInterrupt: SIGINT or SIGTERM.
    """
    with (
        capture_interrupts(),
        dg.DagsterInstance.get() as instance,
        WorkspaceProcessContext(instance, WorkspaceFileTarget(paths=[str(workspace)])) as context,
    ):
        prompt = BackfillDaemon.daemon_type()
        daemons = [
            PromptBackfillDaemon() if kind == prompt else create_daemon_of_type(kind, instance)
            for kind in instance.get_required_daemon_types()
        ]
        configure_loggers(handler="default", formatter="colored", log_level="INFO")
        with _at_work(context, daemons) as controller:
            controller.check_daemon_loop()


def _interrupt_at_end_of_input() -> None:
    # Not by sys.stdin: Python could not end while a thread holds its lock.
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until interrupted; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m dagster_project.daemon", description="Dagster's daemon.")
    parser.add_argument("workspace", type=Path, help="file that names the code locations")
    given = parser.parse_args(arguments)
    warnings.filterwarnings("ignore", category=dg.BetaWarning)
    setup_interrupt_handlers()
    threading.Thread(target=_interrupt_at_end_of_input, daemon=True).start()
    with suppress(KeyboardInterrupt):
        run(given.workspace)
    return 0


if __name__ == "__main__":
    sys.exit(main())
