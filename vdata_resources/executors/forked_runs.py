"""Dagster's run launcher for one machine: a run's process is forked from one that has imported the libraries.

Dagster's default launcher starts an interpreter a run, which imports Dagster and all else for two seconds
of a core before its first step; a backfill has a run a partition. What is imported beforehand are libraries
alone: the code of the project is read anew by every run, so a change of it needs no restart.

Beyond that, a run whose process was killed is found by Dagster's run monitoring, which the default launcher
cannot tell of.
"""

import json
import multiprocessing
import signal
import socket
import threading
from collections.abc import Mapping
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, Self

import dagster as dg
import psutil
from dagster._core.launcher import CheckRunHealthResult, LaunchRunContext, RunLauncher, WorkerStatus
from dagster._core.storage.tags import HIDDEN_TAG_PREFIX
from dagster._grpc.types import ExecuteRunArgs
from dagster._serdes import ConfigurableClass, ConfigurableClassData, serialize_value

LIBRARIES = (
    "dagster._cli.api",
    "dagster._core.executor.multiprocess",
    "dagster._daemon.controller",
    "dagster.components.core.snapshot",
    "alembic.config",
    "dataframely",
    "jinja2",
    "msgspec",
    "sqlalchemy",
    "tomlkit",
    "xxhash",
)
"""What every run imports and no project changes."""

WORKER_TAG = f"{HIDDEN_TAG_PREFIX}vdata_worker"


class ForkedRunLauncher(RunLauncher[dg.DagsterInstance], ConfigurableClass):
    """Runs in processes of the daemon's machine, with the daemon's environment; see the module."""

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        self._inst_data = inst_data
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(list(LIBRARIES))
        self._workers: list[BaseProcess] = []
        self._lock = threading.Lock()
        super().__init__()

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        """As Dagster keeps it."""
        return self._inst_data

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """No settings."""
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]) -> Self:
        """As dagster.yaml names it."""
        return cls(inst_data)

    def launch_run(self, context: LaunchRunContext) -> None:
        """Start the run's process, and do not wait for it."""
        run = context.dagster_run
        if run.job_code_origin is None:
            raise dg.DagsterInvariantViolationError(f"run {run.run_id} does not say where its code is")
        arguments = ExecuteRunArgs(
            job_origin=run.job_code_origin, run_id=run.run_id, instance_ref=self._instance.get_ref()
        )
        gate, opener = self._context.Pipe(duplex=False)
        with gate, opener:
            worker = self._context.Process(target=_work, args=(gate, serialize_value(arguments)))
            worker.start()
            # Before the run changes its own record: of two writers one would undo the other's change.
            known = json.dumps(_named(psutil.Process(worker.pid)))
            self._instance.add_run_tags(run.run_id, {WORKER_TAG: known})
            opener.send(True)
        with self._lock:
            # Asking is what gives back the descriptors of those that have ended.
            self._workers = [one for one in self._workers if one.is_alive()] + [worker]

    def terminate(self, run_id: str) -> bool:
        """Interrupt the run's process, as Ctrl-C does."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        self._instance.report_run_canceling(run)
        process = _worker_of(run)
        if process is None:
            self._instance.report_engine_event(f"No process of this run is on {socket.gethostname()}", run)
            return False
        process.send_signal(signal.SIGINT)
        return True

    @property
    def supports_check_run_worker_health(self) -> bool:
        """It does."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Whether the run's process is alive; of another host's nothing is known."""
        worker = json.loads(run.tags.get(WORKER_TAG, "{}"))
        if worker.get("host", socket.gethostname()) != socket.gethostname():
            return CheckRunHealthResult(WorkerStatus.RUNNING, f"on {worker['host']}, which is not asked")
        if _worker_of(run):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(
            WorkerStatus.NOT_FOUND,
            "its process has ended without a word: it was killed, by hand or for want of memory, or the "
            "machine was restarted",
        )


def _work(gate: Connection, arguments: str) -> None:
    """What the run's process does, once it is known."""
    from dagster._cli.api import execute_run_command

    gate.recv()
    execute_run_command.main([arguments], prog_name="execute_run", standalone_mode=False)


def _named(process: psutil.Process) -> dict[str, Any]:
    """What tells a process from any other, also from one of the same number later."""
    return {"host": socket.gethostname(), "pid": process.pid, "started": process.create_time()}


def _worker_of(run: dg.DagsterRun) -> psutil.Process | None:
    """The process of a run, if it is alive on this host; its number may be another's by now."""
    worker = json.loads(run.tags.get(WORKER_TAG, "{}"))
    if worker.get("host") != socket.gethostname():
        return None
    try:
        process = psutil.Process(worker["pid"])
        same = _named(process) == worker and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return None
    return process if same else None
