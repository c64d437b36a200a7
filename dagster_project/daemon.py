"""The part of Dagster's daemon that a headless backfill needs, in this process, where no daemon runs."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import dagster as dg
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster._daemon.backfill import execute_backfill_iteration
from dagster._daemon.controller import DagsterDaemonController, get_daemon_statuses
from dagster._daemon.daemon import BackfillDaemon, DaemonIterator, IntervalDaemon, MonitoringDaemon
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon
from dagster._utils.log import configure_loggers

INTERVAL_SECONDS = 1
# Dagster's own looks at backfills twice a minute; who waits for one would mostly wait for that.
BACKFILL_SECONDS = 3
# Dagster itself calls a daemon healthy for half an hour after it died.
ALIVE_SECONDS = 60


class LocationUnavailable(Exception):  # noqa: N818 - it describes the environment
    """A code location cannot be loaded; the message says why."""


class PromptBackfillDaemon(IntervalDaemon[WorkspaceProcessContext]):
    """Dagster's daemon of backfills, at an interval of its own."""

    @classmethod
    def daemon_type(cls) -> str:
        """Whose heartbeat it has."""
        return BackfillDaemon.daemon_type()

    def run_iteration(self, workspace_process_context: WorkspaceProcessContext) -> DaemonIterator:
        """Create the runs that are due, and note what has ended."""
        yield from execute_backfill_iteration(workspace_process_context, self._logger)


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
    instance = context.instance
    daemons = [
        PromptBackfillDaemon(BACKFILL_SECONDS),
        QueuedRunCoordinatorDaemon(interval_seconds=INTERVAL_SECONDS),
        MonitoringDaemon(interval_seconds=instance.run_monitoring_poll_interval_seconds),
    ]
    configure_loggers(handler="default", log_level="WARNING")
    with ExitStack() as stack:
        for daemon in daemons:
            stack.enter_context(daemon)
        # Who comes next shall not take this daemon for one that is still at work.
        stack.callback(instance.wipe_daemon_heartbeats)
        controller = stack.enter_context(DagsterDaemonController(context, daemons))
        yield lambda: all(thread.is_alive() for thread in controller._daemon_threads.values())
