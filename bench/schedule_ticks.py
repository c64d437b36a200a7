"""A day of ticks of the real code location: the peak of memory after a warm-up, against the peak within it.

Time is moved over the night from Saturday to Sunday, five minutes at a time: a tick of every sensor takes a
core a tenth of a second, most of it Dagster opening SQLite. At each step the daemon's own iterations run, in
this process and with the code location loaded in it, so that what either kept would show: all schedules and
sensors, automation and freshness. Every hour an export is dropped, a category appears and a run fails, which
a webhook is told of.
"""

import gc
import json
import logging
import os
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import dagster as dg
import psutil
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.test_utils import InProcessTestWorkspaceLoadTarget, freeze_time
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._daemon.asset_daemon import AssetDaemon
from dagster._daemon.freshness import FreshnessDaemon
from dagster._daemon.sensor import execute_sensor_iteration
from dagster._scheduler.scheduler import launch_scheduled_runs
from dagster._time import datetime_from_timestamp
from memory import resident
from report import report

HOURS = int(os.environ.get("VDATA_BENCH_HOURS", "24"))
WARM_UP_HOURS = 4
STEP_S = 300
QUIET = logging.getLogger("bench")
OVERRIDES = {
    # What is asked for waits in the queue: this measures those who ask.
    "run_coordinator": {"module": "dagster.core.run_coordinator", "class": "QueuedRunCoordinator"},
    "telemetry": {"enabled": False},
}


class Webhook(BaseHTTPRequestHandler):
    """Counts the runs that it is told of."""

    told = 0

    def do_POST(self) -> None:
        """Take a message."""
        Webhook.told += len(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["runs"])
        self.send_response(204)
        self.end_headers()

    def log_message(self, *line: object) -> None:
        """Say nothing."""


@dg.op
def refuse(context: dg.OpExecutionContext) -> None:
    """A step whose candidate is rejected."""
    key = dg.AssetKey(["objects", "embeddings"])
    context.log_event(
        dg.AssetCheckEvaluation(asset_key=key, check_name="vectors_unit", passed=False, partition="bag")
    )
    raise dg.Failure("rejected", allow_retries=False)


@dg.job(logger_defs={})
def refused() -> None:
    """A run that is rejected."""
    refuse()


class Day:
    """The daemon's iterations at a time that is moved.

    Attributes:
        instance: a real one, in files.
        home: VDATA_HOME.
        workspace: the code location, loaded in this process.
    """

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self.home = folder / "home"
        server = ThreadingHTTPServer(("127.0.0.1", 0), Webhook)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        stack.callback(server.shutdown)
        os.environ |= {
            "VDATA_HOME": str(self.home),
            "VDATA_ALERT_WEBHOOK": f"http://127.0.0.1:{server.server_port}/",
        }
        (folder / "dagster").mkdir()
        self.instance = stack.enter_context(
            dg.instance_for_test(temp_dir=str(folder / "dagster"), overrides=OVERRIDES)
        )
        origin = LoadableTargetOrigin(module_name="dagster_project.definitions", attribute="defs")
        target = InProcessTestWorkspaceLoadTarget(InProcessCodeLocationOrigin(origin))
        self.workspace = stack.enter_context(WorkspaceProcessContext(self.instance, target))
        self.assets = AssetDaemon({}, 30)
        self.last_schedules: dict = {}

    def turn_on(self, now: float) -> int:
        """Turn everything on; how many sensors and schedules there are."""
        (location,) = self.workspace.create_request_context().code_locations
        (repository,) = location.get_repositories().values()
        with freeze_time(now):
            for schedule in repository.get_schedules():
                self.instance.start_schedule(schedule)
            for sensor in repository.get_sensors():
                self.instance.start_sensor(sensor)
        return len(repository.get_schedules()) + len(repository.get_sensors())

    def something_happens(self, hour: int) -> None:
        """An export, a category, and a run that is rejected."""
        inbox, photos = self.home / "samples/clips", self.home / f"samples/objects/category {hour}/one"
        inbox.mkdir(parents=True, exist_ok=True)
        photos.mkdir(parents=True)
        (inbox / f"export{hour}.zip").write_bytes(b"zip")
        (photos / "1.png").write_bytes(b"png")
        refused.execute_in_process(instance=self.instance, raise_on_error=False)

    def step(self, now: float) -> None:
        """Whatever is due."""
        with freeze_time(now):
            list(execute_sensor_iteration(self.workspace, QUIET, None, None))
            due = datetime_from_timestamp(now)
            list(launch_scheduled_runs(self.workspace, QUIET, due, self.last_schedules))
            list(FreshnessDaemon().run_iteration(self.workspace))
            self.assets._run_iteration_impl(self.workspace, None, {}, {})


def main() -> int:
    """Live through a day and compare the peaks."""
    logging.disable(logging.CRITICAL)
    process = psutil.Process()
    today = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    start = (today + timedelta(days=(5 - today.weekday()) % 7 + 7)).timestamp()
    peaks: list[float] = []
    began = time.perf_counter()
    # In memory where that is possible: how fast the disk is does not matter here.
    fast = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=fast) as folder, ExitStack() as stack:
        day = Day(stack, Path(folder))
        instigators = day.turn_on(start)
        for hour in range(HOURS):
            day.something_happens(hour)
            peak = 0
            for step in range(3600 // STEP_S):
                day.step(start + hour * 3600 + step * STEP_S)
                peak = max(peak, resident(process))
            gc.collect()
            peaks.append(peak / 2**20)
            print(f"hour {hour + 1}: {peaks[-1]:.1f} MB, {time.perf_counter() - began:.0f} s", flush=True)
        runs = day.instance.get_runs_count()
    print(f"{instigators} sensors and schedules, {runs} runs, {Webhook.told} told to the webhook")
    warm, after = max(peaks[:WARM_UP_HOURS]), max(peaks[WARM_UP_HOURS:])
    against = f"the peak of the first {WARM_UP_HOURS} of {HOURS} hours"
    return 0 if report("schedule_ticks", after / warm, against, "<= 1.1", peak_mb=after) else 1


if __name__ == "__main__":
    sys.exit(main())
