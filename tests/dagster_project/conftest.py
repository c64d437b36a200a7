"""The daemon's own iterations over the real code location, on an instance and a store of their own."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.remote_representation.external import RemoteRepository
from dagster._core.storage.dagster_run import DagsterRun
from dagster._core.test_utils import InProcessTestWorkspaceLoadTarget, freeze_time
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._daemon.sensor import execute_sensor_iteration
from dagster._scheduler.scheduler import launch_scheduled_runs
from dagster._time import datetime_from_timestamp, get_current_timestamp
from dagster._utils.error import SerializableErrorInfo

QUIET = logging.getLogger("quiet daemon")
QUIET.propagate = False
QUIET.addHandler(logging.NullHandler())
OVERRIDES = {
    # Runs are asked for and wait; these tests launch none of them.
    "run_coordinator": {"module": "dagster.core.run_coordinator", "class": "QueuedRunCoordinator"},
    "telemetry": {"enabled": False},
}


@dataclass
class Daemon:
    """Time that a test moves, and what Dagster's daemon does at that time.

    Attributes:
        instance: a real one, in files.
        home: VDATA_HOME of the code location.
        workspace: the code location, loaded.
        now: POSIX time.
    """

    instance: dg.DagsterInstance
    home: Path
    workspace: WorkspaceProcessContext
    now: float = field(default_factory=get_current_timestamp)
    last_schedules: dict[str, object] = field(default_factory=dict)

    def sensors(self, after: float) -> None:
        """All sensors that are on and due that many seconds later."""
        self.now += after
        with freeze_time(self.now):
            list(execute_sensor_iteration(self.workspace, QUIET, None, None))

    def schedules(self, until: float) -> None:
        """All schedules that are on and due until a time."""
        self.now = until
        with freeze_time(self.now):
            list(
                launch_scheduled_runs(
                    self.workspace, QUIET, datetime_from_timestamp(self.now), self.last_schedules
                )
            )

    def sensor(self, name: str):
        """A sensor as the daemon knows it."""
        return self._instigator(name, "get_sensors")

    def schedule(self, name: str):
        """A schedule as the daemon knows it."""
        return self._instigator(name, "get_schedules")

    @property
    def repository(self) -> RemoteRepository:
        """The code location's definitions as the daemon knows them."""
        (location,) = self.workspace.create_request_context().code_locations
        (repository,) = location.get_repositories().values()
        return repository

    def _instigator(self, name: str, kind: str):
        (found,) = [one for one in getattr(self.repository, kind)() if one.name == name]
        return found

    def alone(self, name: str) -> "Daemon":
        """Turn off all sensors but one: each tick of each takes its time."""
        for sensor in self.repository.get_sensors():
            if sensor.name != name:
                self.instance.stop_sensor(sensor.get_remote_origin_id(), sensor.selector_id, sensor)
        return self

    def turn_on(self, schedule: str) -> None:
        """As the switch in the UI does."""
        with freeze_time(self.now):
            self.instance.start_schedule(self.schedule(schedule))

    def ticks(self, name: str, kind: str = "sensor") -> list[tuple[str, str]]:
        """Status and word of every tick, oldest first."""
        remote = getattr(self, kind)(name)
        ticks = self.instance.get_ticks(remote.get_remote_origin_id(), remote.selector_id)
        return [
            (tick.status.value, tick.skip_reason or (tick.error.message.strip() if tick.error else ""))
            for tick in reversed(ticks)
        ]

    def errors(self, name: str) -> list[str]:
        """What the ticks of a sensor that failed say of it, oldest first."""
        remote = self.sensor(name)
        ticks = self.instance.get_ticks(remote.get_remote_origin_id(), remote.selector_id)
        return [_last_cause(tick.error) for tick in reversed(ticks) if tick.error]

    def runs(self) -> list[DagsterRun]:
        """What was asked for, oldest first."""
        return list(reversed(self.instance.get_runs()))


def _last_cause(error: SerializableErrorInfo) -> str:
    while error.cause:
        error = error.cause
    return error.to_string()


StartDaemon = Callable[[], Daemon]


@pytest.fixture
def start_daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StartDaemon]:
    """Starts a daemon; another one finds the instance and the store that the one before left."""
    home = tmp_path / "home"
    monkeypatch.setenv("VDATA_HOME", str(home))
    (tmp_path / "dagster").mkdir()
    with ExitStack() as stack:

        def start() -> Daemon:
            instance = stack.enter_context(
                dg.instance_for_test(temp_dir=str(tmp_path / "dagster"), overrides=OVERRIDES)
            )
            origin = LoadableTargetOrigin(module_name="dagster_project.definitions", attribute="defs")
            workspace = stack.enter_context(
                WorkspaceProcessContext(
                    instance, InProcessTestWorkspaceLoadTarget(InProcessCodeLocationOrigin(origin))
                )
            )
            return Daemon(instance, home, workspace)

        yield start
