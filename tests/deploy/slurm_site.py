"""A one-node Slurm cluster and a Dagster instance with a code server on it, for tests."""

import logging
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import ModuleTarget
from dagster._daemon.monitoring.run_monitoring import execute_run_monitoring_iteration
from dagster_graphql.cli import execute_query
from waiting import PATIENCE_SECONDS, wait_for

REPOSITORY = Path(__file__).resolve().parents[2]
CLUSTER = REPOSITORY / "deploy/slurm/cluster.sh"
LOCATION = "slurm_assets"
INSTANCE = """\
telemetry: {enabled: false}
run_coordinator: {module: dagster._core.run_coordinator, class: DefaultRunCoordinator}
run_monitoring: {enabled: true}
"""
LAUNCH = """
mutation ($job: String!, $config: RunConfigData!) {
  launchRun(executionParams: {runConfigData: $config, selector: {
    repositoryLocationName: "slurm_assets", repositoryName: "__repository__", jobName: $job
  }}) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on RunConfigValidationInvalid { errors { message } }
    ... on PythonError { message }
  }
}"""
TERMINATE = """
mutation ($run: String!) { terminateRun(runId: $run) { __typename ... on PythonError { message } } }"""


@contextmanager
def cluster() -> Iterator[Path]:
    """A cluster in a folder that every user reaches; gives the folder."""
    if os.geteuid() != 0:
        pytest.skip("slurmd starts jobs as their users: not root")
    if absent := [name for name in ("munged", "slurmctld", "slurmd") if shutil.which(name) is None]:
        pytest.skip(f"no {', '.join(absent)}: run .ci/install-packages")
    folder = Path(tempfile.mkdtemp(prefix="vdata-slurm-")) / "cluster"
    folder.parent.chmod(0o755)
    try:
        subprocess.run([CLUSTER, "start", folder], check=True, timeout=PATIENCE_SECONDS)
        yield folder
    finally:
        subprocess.run([CLUSTER, "stop", folder], check=True, timeout=PATIENCE_SECONDS)
        shutil.rmtree(folder.parent)


@dataclass(frozen=True)
class Site:
    """An instance whose steps are Slurm jobs.

    Attributes:
        cluster: folder of the cluster.
        home: VDATA_HOME.
        workspace: what webserver and daemon know: the instance, and the code server of slurm_assets.py.
    """

    cluster: Path
    home: Path
    workspace: WorkspaceProcessContext

    @property
    def instance(self) -> dg.DagsterInstance:
        return self.workspace.instance

    def slurm(self, *command: str) -> str:
        """What a command of Slurm prints."""
        return subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=PATIENCE_SECONDS
        ).stdout

    def jobs(self, run_id: str) -> dict[str, dict[str, str]]:
        """Job name without its run -> what squeue says of the job."""
        fields = ("JobID", "State", "Name", "Account", "Partition", "cpus-per-task", "MinMemory", "TimeLimit",
                  "tres-per-node", "Comment")  # fmt: skip
        said = self.slurm(
            "squeue", "--noheader", "--states=all", "--Format=" + ",".join(f"{f}:|" for f in fields)
        )
        rows = [dict(zip(fields, line.split("|"), strict=False)) for line in said.splitlines()]
        prefix = f"vdata-{run_id}-"
        return {row["Name"].removeprefix(prefix): row for row in rows if row["Name"].startswith(prefix)}

    def launch(self, job: str, config: Mapping[str, Any] | None = None) -> str:
        """Press Launch: a run in a process of its own; gives its id."""
        run_config = {"execution": {"config": config}} if config else {}
        answer = execute_query(self.workspace, LAUNCH, {"job": job, "config": run_config})
        assert answer["data"]["launchRun"]["__typename"] == "LaunchRunSuccess", answer
        return answer["data"]["launchRun"]["run"]["runId"]

    def terminate(self, run_id: str) -> None:
        """Press Terminate."""
        answer = execute_query(self.workspace, TERMINATE, {"run": run_id})
        assert answer["data"]["terminateRun"]["__typename"] == "TerminateRunSuccess", answer

    def monitor(self) -> None:
        """Look after runs whose process is gone, as the daemon does."""
        for error in execute_run_monitoring_iteration(self.workspace, logging.getLogger("monitoring")):
            assert error is None, error

    def ended(self, run_id: str) -> dg.DagsterRunStatus:
        """Wait for a run's end."""
        wait_for(lambda: self.instance.get_run_by_id(run_id).is_finished, f"the end of {run_id}")
        return self.instance.get_run_by_id(run_id).status

    def running(self, run_id: str, step: str) -> str:
        """Wait for the start of a step's job; gives its number."""
        wait_for(lambda: self.jobs(run_id).get(step, {}).get("State") == "RUNNING", f"the start of {step}")
        return self.jobs(run_id)[step]["JobID"]

    def said(self, run_id: str, step: str | None = None) -> str:
        """All messages and errors of a run's log, or of a step's."""
        entries = [entry for entry in self.instance.all_logs(run_id) if step in (None, entry.step_key)]
        return "\n".join(_text(entry) for entry in entries)

    def attempts(self, run_id: str) -> list[tuple[str, str]]:
        """Step and kind of every end and retry."""
        kinds = {"STEP_SUCCESS", "STEP_FAILURE", "STEP_UP_FOR_RETRY", "STEP_SKIPPED"}
        events = [entry.dagster_event for entry in self.instance.all_logs(run_id) if entry.dagster_event]
        return [(e.step_key or "", e.event_type_value) for e in events if e.event_type_value in kinds]

    def worker(self, run_id: str) -> int:
        """Number of the process that orchestrates a run."""
        return int(wait_for(lambda: re.findall(r"pid: (\d+)", self.said(run_id)), "the run's process")[0])


def _text(entry: dg.EventLogEntry) -> str:
    event = entry.dagster_event
    error = getattr(event.event_specific_data, "error", None) if event else None
    return f"{entry.message} {error.message if error else ''}"


@contextmanager
def site(folder: Path, environment: pytest.MonkeyPatch) -> Iterator[Site]:
    """Serve the code location of slurm_assets.py on a cluster of its own."""
    with cluster() as at:
        home = folder / "home"
        (home / "dagster").mkdir(parents=True)
        (home / "dagster/dagster.yaml").write_text(INSTANCE)
        environment.setenv("SLURM_CONF", str(at / "slurm.conf"))
        environment.setenv("VDATA_HOME", str(home))
        environment.setenv("DAGSTER_HOME", str(home / "dagster"))
        environment.setenv("PYTHONPATH", f"{Path(__file__).parent}:{REPOSITORY}")
        target = ModuleTarget(LOCATION, None, str(folder), LOCATION)
        with dg.DagsterInstance.get() as instance, WorkspaceProcessContext(instance, target) as workspace:
            served = Site(at, home, workspace)
            try:
                yield served
            finally:
                for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
                    served.terminate(run.run_id)
                    served.ended(run.run_id)
