"""Jobs and spread embeddings on a real Ray cluster of one node, as deploy/ray/cluster.sh starts it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import psutil
import pytest
from waiting import PATIENCE_SECONDS, wait_for

REPOSITORY = Path(__file__).resolve().parents[2]
CLUSTER = REPOSITORY / "deploy/ray/cluster.sh"
KEY = "a-key-that-no-list-shows"
SUCCESS, FAILURE, CANCELED = (dg.DagsterRunStatus[name] for name in ("SUCCESS", "FAILURE", "CANCELED"))


@dataclass(frozen=True)
class Site:
    """A cluster and an instance of Dagster whose steps are its jobs.

    Attributes:
        folder: of the cluster.
        environment: of processes that use both.
        instance: of Dagster.
        processes: that were started here.
    """

    folder: Path
    environment: dict[str, str]
    instance: dg.DagsterInstance
    processes: ExitStack

    def ask(self, path: str, method: str = "GET", token: str | None = None) -> Any:
        """What the job server answers."""
        token = (self.folder / "token").read_text().strip() if token is None else token
        request = urllib.request.Request(
            self.environment["RAY_API_SERVER_ADDRESS"] + path,
            headers={"Authorization": f"Bearer {token}"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            return json.load(answer)

    def start(self, *command: str) -> subprocess.Popen[str]:
        """A process that is killed at the end if it is alive."""
        process = subprocess.Popen(
            [sys.executable, *command],
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.processes.callback(_kill, process.pid)
        return process

    def launch(self, job: str) -> tuple[str, subprocess.Popen[str]]:
        """Start a run of ray_assets.py; gives its id and its worker."""
        before = {run.run_id for run in self.instance.get_runs()}
        worker = self.start("-m", "dagster", "job", "execute", "-m", "ray_assets", "-j", job)
        made = lambda: {run.run_id for run in self.instance.get_runs()} - before  # noqa: E731
        return self.until(made, f"a run of {job}").pop(), worker

    def ended(self, run_id: str, worker: subprocess.Popen[str]) -> dg.DagsterRunStatus:
        """Wait for a run's end."""
        printed = worker.communicate(timeout=PATIENCE_SECONDS)[0]
        run = self.instance.get_run_by_id(run_id)
        assert run.is_finished, printed[-4000:]
        return run.status

    def jobs(self, run_id: str) -> dict[str, dict[str, Any]]:
        """Step -> what Ray says of its job."""
        jobs = [
            job for job in self.ask("/api/jobs/") if (job["metadata"] or {}).get("vdata/run_id") == run_id
        ]
        return {job["metadata"]["vdata/step"]: job for job in jobs}

    def until(self, done: Callable[[], Any], what: str) -> Any:
        """Wait until it is so; gives what it is."""
        return wait_for(done, what, (self.folder / "log").read_text)

    def said(self, run_id: str, step: str) -> str:
        """All messages and errors of a step."""
        entries = [entry for entry in self.instance.all_logs(run_id) if entry.step_key == step]
        return "\n".join(_text(entry) for entry in entries)

    def figures(self, asset: str) -> dict[str, Any]:
        """Metadata of an asset's last materialization."""
        event = self.instance.get_latest_materialization_event(dg.AssetKey(asset))
        return {name: value.value for name, value in event.asset_materialization.metadata.items()}


def _text(entry: dg.EventLogEntry) -> str:
    event = entry.dagster_event
    error = getattr(event.event_specific_data, "error", None) if event else None
    return f"{entry.message} {error.message if error else ''}"


def _kill(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    programs = Path(sys.executable).parent
    if not (programs / "ray").exists():
        pytest.skip("no ray: install vdata[team]")
    top = Path(tempfile.mkdtemp(prefix="vray-", dir="/tmp"))  # Ray's sockets need a short path
    folder, home = top / "c", top / "dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    usual = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    usual["PATH"] = f"{programs}:{usual['PATH']}"
    with ExitStack() as ends:
        ends.callback(shutil.rmtree, top)
        ends.callback(subprocess.run, [CLUSTER, "stop", folder], check=True, timeout=PATIENCE_SECONDS)
        command = [CLUSTER, "start", folder, "3", "2"]
        subprocess.run(command, env=usual | {"OPENAI_API_KEY": KEY}, check=True, timeout=PATIENCE_SECONDS)
        lines = (folder / "environment").read_text().splitlines()
        of_cluster = dict(line.removeprefix("export ").split("=", 1) for line in lines if "=" in line)
        environment = usual | {name: value.strip("'") for name, value in of_cluster.items()}
        environment |= {
            "DAGSTER_HOME": str(home),
            "VDATA_HOME": str(top / "home"),
            "PYTHONPATH": f"{Path(__file__).parent}:{REPOSITORY}",
        }
        instance = ends.enter_context(dg.DagsterInstance.from_config(str(home)))
        yield Site(folder, environment, instance, ends.enter_context(ExitStack()))


@pytest.fixture(scope="module")
def three(site: Site) -> tuple[str, int]:
    """A run of three assets that goes well; its id and the number of its worker's process."""
    run_id, worker = site.launch("three")
    assert site.ended(run_id, worker) == SUCCESS
    return run_id, worker.pid


@pytest.fixture(scope="module")
def ends(site: Site) -> str:
    """A run whose steps end in every way but success."""
    run_id, worker = site.launch("ends")
    assert site.ended(run_id, worker) == FAILURE
    return run_id


def test_every_port_of_the_cluster_is_on_loopback(site: Site):
    group = int((site.folder / "pid").read_text())
    ours = {group, *(process.pid for process in psutil.Process(group).children(recursive=True))}
    ports = [port for port in psutil.net_connections() if port.pid in ours]
    listening = {port.laddr.ip.removeprefix("::ffff:") for port in ports if port.status == psutil.CONN_LISTEN}
    assert listening == {"127.0.0.1"}


def test_who_has_not_the_token_is_refused(site: Site):
    with pytest.raises(urllib.error.HTTPError, match=r"HTTP Error 40[13]"):
        site.ask("/api/jobs/", token="guessed")
    assert (site.folder / "token").stat().st_mode & 0o777 == 0o600


def test_three_assets_are_three_jobs(site: Site, three: tuple[str, int]):
    """What the environment, tags and the executor ask for, and what reaches the instance."""
    run_id, worker = three
    jobs = site.jobs(run_id)
    assert {step: (job["submission_id"], job["status"]) for step, job in jobs.items()} == {
        step: (f"{run_id}-{step}-0", "SUCCEEDED") for step in ("first", "second", "third")
    }
    figures = [site.figures(step) for step in ("first", "second", "third")]
    assert len({figure["process"] for figure in figures} | {worker}) == 4
    assert figures[0]["VDATA_HOME"] == site.environment["VDATA_HOME"]
    assert figures[2]["CUDA_VISIBLE_DEVICES"] in ("0", "1")  # one of the cluster's two
    assert "said by the step" in site.said(run_id, "third")
    captured = (site.folder.parent / "dagster/storage" / run_id / "compute_logs").glob("*.err")
    assert any("printed by the step" in file.read_text() for file in captured)


def test_secrets_come_from_the_nodes_and_are_in_no_list(site: Site, three: tuple[str, int]):
    assert site.figures("first")["OPENAI_API_KEY"] == KEY
    assert KEY not in json.dumps(site.ask("/api/jobs/"))


ENDS = [
    pytest.param("refused", "the photos are too dark", id="step-fails-itself"),
    pytest.param("killed", "FAILED (JOB_ENTRYPOINT_COMMAND_ERROR): Job entrypoint command", id="killed"),
    pytest.param("killed", "exit code 137\nIts log ends:\n", id="killed-code"),
    pytest.param("killed", "Killed", id="killed-log"),
    pytest.param("exits", "SUCCEEDED: ", id="says-nothing"),
    pytest.param("mistagged", "ray/colour: no such option; allowed are ray/num_cpus, ", id="tag"),
]  # fmt: skip


@pytest.mark.parametrize(("step", "reason"), ENDS)
def test_a_job_that_ends_badly_fails_its_step_with_the_reason(site: Site, ends: str, step: str, reason: str):
    assert reason in site.said(ends, step)
    failures = {entry.step_key for entry in site.instance.all_logs(ends, dg.DagsterEventType.STEP_FAILURE)}
    assert step in failures


# A process of its own, as Ray reads its token once a process.
STOP_ORPHANS = """
import json, sys
import dagster as dg
from vdata_resources.executors.ray_client import connected, job_server
from vdata_resources.executors.ray_orphans import stop_orphans
with dg.DagsterInstance.get() as instance:
    client = connected(job_server({}))
    print(json.dumps([stop_orphans(client, instance, grace_seconds=seconds) for seconds in (3600, 0)]))
"""


def test_jobs_of_a_killed_run_are_stopped(site: Site):
    """As the sensor does it: not while the run may still be about to end them."""
    run_id, worker = site.launch("cancelled")
    site.until(lambda: "STEP_START" in _kinds(site, run_id), "the start of the step")
    os.killpg(worker.pid, signal.SIGKILL)
    site.instance.report_run_failed(site.instance.get_run_by_id(run_id), "its process was killed")
    printed = site.start("-c", STOP_ORPHANS).communicate(timeout=PATIENCE_SECONDS)[0]
    assert json.loads(printed.splitlines()[-1]) == [[], [f"{run_id}-outlives-0"]]
    site.until(lambda: site.jobs(run_id)["outlives"]["status"] == "STOPPED", "the stopped orphan")


def test_terminate_stops_the_job(site: Site):
    run_id, worker = site.launch("cancelled")
    site.until(lambda: "STEP_START" in _kinds(site, run_id), "the start of the step")
    worker.send_signal(signal.SIGINT)  # what Terminate in the UI sends to the run's process
    assert site.ended(run_id, worker) in (CANCELED, FAILURE)
    assert f"Stopping Ray job {run_id}-outlives-0." in site.said(run_id, "outlives")
    site.until(lambda: site.jobs(run_id)["outlives"]["status"] == "STOPPED", "the stopped job")


def _kinds(site: Site, run_id: str) -> set[str]:
    entries = site.instance.all_logs(run_id)
    return {entry.dagster_event.event_type_value for entry in entries if entry.dagster_event}


@pytest.fixture(scope="module")
def embedded(site: Site, test_data, tmp_path_factory) -> dict[str, Any]:
    """What ray_embedding.py found."""
    photos = sorted(test_data("dreambooth-concepts").glob("*/*/*.jpg"))[:12]
    script = Path(__file__).with_name("ray_embedding.py")
    process = site.start(str(script), str(tmp_path_factory.mktemp("model")), *map(str, photos))
    printed = process.communicate(timeout=PATIENCE_SECONDS)[0]
    assert process.returncode == 0, printed[-6000:]
    return json.loads(printed.splitlines()[-1])


@pytest.mark.parametrize(
    ("encoder", "broken", "tasks"), [("descriptor", 4, (3, 2)), ("open_clip", 12, (2, 1))]
)
def test_spread_embeddings_are_those_of_one_process(
    embedded, encoder: str, broken: int, tasks: tuple[int, int]
):
    """To the byte, with the same reason of the image that cannot be decoded."""
    found = embedded[encoder]
    assert found["equal"]
    assert [number for number, reason in enumerate(found["reasons"]) if reason] == [broken]
    assert f"encode: 13 images in {tasks[0]} tasks on Ray, {tasks[1]} actors" in found["said"]


def test_spread_text_vectors_are_those_of_one_process(embedded):
    assert embedded["texts"]


def test_an_actor_that_fits_on_no_node_is_said_before_work(embedded):
    assert embedded["too_large"] == (
        "spread.ray: no node of the cluster has the 64 CPUs and 2 GPUs of an actor: lower cpus_per_actor or "
        "gpus_per_actor"
    )


def test_stopping_ends_every_process_and_job(site: Site):
    """Last: the others need the cluster. A second stop finds nothing to do."""
    worker = site.launch("cancelled")[1]
    site.until(lambda: _alive(site, "api execute_step"), "the process of the step")
    os.killpg(worker.pid, signal.SIGKILL)
    for _ in range(2):
        subprocess.run([CLUSTER, "stop", site.folder], check=True, timeout=PATIENCE_SECONDS)
    site.until(lambda: not _alive(site, "api execute_step"), "the end of the step")
    assert _alive(site, "") == []


def _alive(site: Site, command: str) -> list[str]:
    """Command lines of the cluster's processes and of its jobs' that hold the text."""
    found = []
    for process in psutil.process_iter():
        try:
            line, folder = " ".join(process.cmdline()), process.environ().get("DAGSTER_HOME")
        except (psutil.NoSuchProcess, psutil.ZombieProcess, psutil.AccessDenied):
            continue
        if str(site.folder) in line or (
            folder == site.environment["DAGSTER_HOME"] and "execute_step" in line
        ):
            found.append(line)
    return [line for line in found if command in line]
