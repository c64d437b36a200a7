"""Services that are started, started again when they end, and stopped: what systemd does where it runs."""

import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_log = logging.getLogger("run_local")


@dataclass
class Service:
    """A process that is to run for as long as the instance does.

    Attributes:
        name: of the log and the pid file.
        command: what runs.
        environment: all of it.
        folder: where it runs.
        before: commands that run to their end before each start.
        after: commands that run to their end after each start, and are part of it.
        user: who runs it; None: the caller.
        restart_seconds: pause before it is started again.
        stop_seconds: how long it may take to stop.
        stop_signal: what asks it to.
        umask: of the files that it makes.
    """

    name: str
    command: list[str]
    environment: Mapping[str, str]
    folder: Path
    before: list[list[str]] = field(default_factory=list)
    after: list[list[str]] = field(default_factory=list)
    user: str | None = None
    restart_seconds: float = 1.0
    stop_seconds: float = 30.0
    stop_signal: signal.Signals = signal.SIGTERM
    umask: int = 0o027

    def options(self) -> dict[str, Any]:
        """How ``subprocess`` starts the commands."""
        identity = {} if self.user is None else {"user": self.user, "group": self.user, "extra_groups": []}
        return {
            "cwd": self.folder,
            "env": self.environment,
            "stdin": subprocess.DEVNULL,
            "umask": self.umask,
            **identity,
        }


class Supervisor:
    """Starts services in order, keeps each running, and stops them.

    Args:
        logs: folder of a log a service.
        pids: folder of a pid file a service.
    """

    def __init__(self, logs: Path, pids: Path) -> None:
        self.logs, self.pids = logs, pids
        self._running: list[tuple[Service, subprocess.Popen[bytes]]] = []

    def run(self, service: Service, *commands: list[str], **options: object) -> None:
        """Run commands to their end as the service would.

        Raises:
            subprocess.CalledProcessError: one failed; the service's log says why.
        """
        with (self.logs / f"{service.name}.log").open("ab") as log:
            for command in commands:
                settings = {**service.options(), **options}
                subprocess.run(command, check=True, stdout=log, stderr=log, **settings)  # noqa: S603

    def start(self, service: Service) -> None:
        """Start a service; it is kept running by :meth:`keep`."""
        self._running.append((service, self._spawn(service)))
        self.run(service, *service.after)

    def keep(self, stop: threading.Event) -> None:
        """Start again whatever ends, until told to stop."""
        while not stop.wait(0.2):
            for at, (service, process) in enumerate(self._running):
                if process.poll() is None:
                    continue
                _log.warning("%s ended with %s: is started again", service.name, process.returncode)
                self._kill_group(process)
                if stop.wait(service.restart_seconds):
                    return
                try:
                    self._running[at] = (service, self._spawn(service))
                    self.run(service, *service.after)
                except subprocess.CalledProcessError as failed:
                    _log.warning("%s: %s; see its log", service.name, failed)

    def stop(self) -> None:
        """Stop all at once, and after them the first, which they rest on; and whatever they have started."""
        first, others = self._running[:1], self._running[1:]
        for group in (others, first):
            for service, process in group:
                process.send_signal(service.stop_signal)
            for service, process in group:
                try:
                    process.wait(service.stop_seconds)
                except subprocess.TimeoutExpired:
                    seconds = service.stop_seconds
                    _log.warning("%s did not stop within %.0f s: killed", service.name, seconds)
                self._kill_group(process)
                (self.pids / f"{service.name}.pid").unlink(missing_ok=True)
        self._running.clear()

    def _spawn(self, service: Service) -> subprocess.Popen[bytes]:
        self.run(service, *service.before)
        with (self.logs / f"{service.name}.log").open("ab") as log:
            process = subprocess.Popen(  # noqa: S603
                service.command, stdout=log, stderr=log, start_new_session=True, **service.options()
            )
        (self.pids / f"{service.name}.pid").write_text(str(process.pid), encoding="utf-8")
        return process

    @staticmethod
    def _kill_group(process: subprocess.Popen[bytes]) -> None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        process.wait()


def wait_until(what: str, ready: Callable[[], bool], seconds: float, stop: threading.Event) -> None:
    """Wait for a condition.

    Raises:
        TimeoutError: it did not come true in time.
    """
    deadline = time.monotonic() + seconds
    while not ready():
        if stop.wait(0.3):
            raise InterruptedError(f"stopped while waiting for {what}")
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not answer within {seconds:.0f} s")
