"""Runs that are launched by forking: what they read, how they end, and what is known of them then."""

import json
import logging
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import psutil
import pytest
from dagster._core.launcher import WorkerStatus
from dagster._core.test_utils import create_run_for_test
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import PythonFileTarget
from dagster._daemon.monitoring.run_monitoring import execute_run_monitoring_iteration
from dagster_graphql.cli import execute_query
from waiting import PATIENCE_SECONDS, wait_for

from vdata_resources.executors.forked_runs import WORKER_TAG, ForkedRunLauncher

INSTANCE = """\
telemetry: {enabled: false}
run_coordinator: {module: dagster._core.run_coordinator, class: DefaultRunCoordinator}
run_launcher: {module: vdata_resources.executors.forked_runs, class: ForkedRunLauncher}
run_monitoring: {enabled: true, poll_interval_seconds: 1}
"""
LAUNCH = """
mutation ($job: String!) {
  launchRun(executionParams: {selector: {
    repositoryLocationName: "location", repositoryName: "__repository__", jobName: $job
  }}) { __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } }
}
"""
STATUS = dg.DagsterRunStatus


@dataclass(frozen=True)
class Site:
    """An instance with the launcher, and a copy of forked_location.py that it serves."""

    folder: Path
    workspace: WorkspaceProcessContext

    @property
    def instance(self) -> dg.DagsterInstance:
        return self.workspace.instance

    @property
    def launcher(self) -> ForkedRunLauncher:
        launcher = self.instance.run_launcher
        assert isinstance(launcher, ForkedRunLauncher)
        return launcher

    def launch(self, job: str) -> str:
        """Press Launch, without a queue; gives the run's id."""
        answer = execute_query(self.workspace, LAUNCH, {"job": job})
        assert answer["data"]["launchRun"]["__typename"] == "LaunchRunSuccess", answer
        return answer["data"]["launchRun"]["run"]["runId"]

    def run(self, run_id: str) -> dg.DagsterRun:
        run = self.instance.get_run_by_id(run_id)
        assert run is not None
        return run

    def reaches(self, run_id: str, *statuses: dg.DagsterRunStatus) -> dg.DagsterRunStatus:
        """Wait for one of the statuses."""
        wait_for(lambda: self.run(run_id).status in statuses, f"{statuses} of {run_id}")
        return self.run(run_id).status

    def ended(self, run_id: str) -> dg.DagsterRunStatus:
        return self.reaches(run_id, STATUS.SUCCESS, STATUS.FAILURE, STATUS.CANCELED)

    def figures(self, asset: str) -> dict[str, Any]:
        event = self.instance.get_latest_materialization_event(dg.AssetKey(asset))
        assert event is not None
        assert event.asset_materialization is not None
        return {name: value.value for name, value in event.asset_materialization.metadata.items()}

    def worker(self, run_id: str) -> dict[str, Any]:
        return json.loads(self.run(run_id).tags[WORKER_TAG])

    def steps(self, run_id: str) -> list[psutil.Process]:
        """Processes of a run's steps, once there is one."""
        process = psutil.Process(self.worker(run_id)["pid"])
        wait_for(process.children, "the step's process")
        return process.children()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("forked")
    (folder / "dagster").mkdir()
    (folder / "dagster/dagster.yaml").write_text(INSTANCE)
    location = folder / "location.py"
    shutil.copy(Path(__file__).with_name("forked_location.py"), location)
    with (
        dg.DagsterInstance.from_config(str(folder / "dagster")) as instance,
        WorkspaceProcessContext(
            instance, PythonFileTarget(str(location), None, str(folder), "location")
        ) as workspace,
    ):
        yield Site(folder, workspace)


def test_a_step_is_a_process_of_its_runs_process(site: Site) -> None:
    run_id = site.launch("spoken_job")
    assert site.ended(run_id) is STATUS.SUCCESS
    figures = site.figures("spoken")
    assert figures["parent"] == site.worker(run_id)["pid"] != figures["process"]


def test_a_run_reads_the_code_as_it_is_now(site: Site) -> None:
    """Nothing of a project stays in the process that runs are forked from."""
    location = site.folder / "location.py"
    location.write_text(location.read_text().replace('WORD = "first"', 'WORD = "second"'))
    assert site.ended(site.launch("spoken_job")) is STATUS.SUCCESS
    assert site.figures("spoken")["word"] == "second"


def test_terminate_ends_the_run_and_its_steps(site: Site) -> None:
    run_id = site.launch("endless_job")
    site.reaches(run_id, STATUS.STARTED)
    steps = site.steps(run_id)
    assert site.launcher.terminate(run_id)
    assert site.ended(run_id) is STATUS.CANCELED
    psutil.wait_procs(steps, timeout=PATIENCE_SECONDS)
    assert not any(step.is_running() for step in steps)
    assert not site.launcher.terminate(run_id), "it has ended"


def test_a_killed_run_is_found_and_failed_with_the_reason(site: Site) -> None:
    run_id = site.launch("endless_job")
    site.reaches(run_id, STATUS.STARTED)
    steps = site.steps(run_id)
    assert site.launcher.check_run_worker_health(site.run(run_id)).status is WorkerStatus.RUNNING
    psutil.Process(site.worker(run_id)["pid"]).send_signal(signal.SIGKILL)

    def failed() -> bool:
        list(execute_run_monitoring_iteration(site.workspace, logging.getLogger("monitoring")))
        return site.run(run_id).is_finished

    wait_for(failed, "the run's failure")
    assert site.run(run_id).status is STATUS.FAILURE
    said = "\n".join(entry.message for entry in site.instance.all_logs(run_id))
    assert "its process has ended without a word: it was killed" in said
    psutil.wait_procs(steps, timeout=PATIENCE_SECONDS)
    assert not any(step.is_running() for step in steps), "a step outlived its run"


OURS = {"host": "HERE", "pid": 1, "started": 0.0}


@pytest.mark.parametrize(
    ("worker", "status"),
    [
        pytest.param(None, WorkerStatus.NOT_FOUND, id="not-known"),
        pytest.param(OURS, WorkerStatus.NOT_FOUND, id="number-of-another-process"),
        pytest.param({**OURS, "pid": 2**22 + 1}, WorkerStatus.NOT_FOUND, id="gone"),
        pytest.param({**OURS, "host": "elsewhere"}, WorkerStatus.RUNNING, id="another-host"),
    ],
)
def test_what_is_known_of_a_runs_process(
    site: Site, monkeypatch: pytest.MonkeyPatch, worker: dict[str, Any] | None, status: WorkerStatus
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "HERE")
    tags = {} if worker is None else {WORKER_TAG: json.dumps(worker)}
    run = create_run_for_test(site.instance, status=STATUS.STARTED, tags=tags)
    assert site.launcher.check_run_worker_health(run).status is status
    assert not site.launcher.terminate(run.run_id), "nothing of ours is there to interrupt"
    site.instance.report_run_canceled(site.run(run.run_id))
