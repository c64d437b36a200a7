"""Whose children the steps of a run are that was started from a command line or a program."""

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import psutil
import pytest
from waiting import PATIENCE_SECONDS, wait_for

HERE = Path(__file__).parent
PROJECT = HERE.parents[2]
# With an argument, the process has a second thread.
RUN = """
import sys, threading
import dagster as dg
from dagster._core.definitions.reconstruct import reconstructable
from forked_location import defs

def job():
    return defs.resolve_job_def("spoken_job")

if __name__ == "__main__":
    if sys.argv[1:]:
        threading.Thread(target=threading.Event().wait, daemon=True).start()
    with dg.DagsterInstance.get() as instance:
        assert dg.execute_job(reconstructable(job), instance).success
"""


@pytest.fixture
def environment(tmp_path):
    (tmp_path / "dagster").mkdir()
    (tmp_path / "dagster/dagster.yaml").write_text("telemetry: {enabled: false}\n")
    (tmp_path / "run.py").write_text(RUN)
    path = os.pathsep.join([str(PROJECT), str(HERE)])
    return {**os.environ, "DAGSTER_HOME": str(tmp_path / "dagster"), "PYTHONPATH": path}


@pytest.mark.parametrize(
    ("arguments", "forked"), [([], True), (["threads"], False)], ids=["one thread", "threads"]
)
def test_steps_are_forked_from_a_run_that_has_one_thread(tmp_path, environment, arguments, forked):
    command = [sys.executable, str(tmp_path / "run.py"), *arguments]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as run:
        said = run.communicate(timeout=PATIENCE_SECONDS)[1]
    assert run.returncode == 0, said[-3000:]
    with dg.DagsterInstance.from_config(environment["DAGSTER_HOME"]) as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey("spoken"))
    parent = event.asset_materialization.metadata["parent"].value
    assert (parent == run.pid) is forked


def test_steps_of_a_command_line_that_was_killed_end(environment):
    command = [
        sys.executable,
        "-m",
        "dagster",
        "job",
        "execute",
        "-m",
        "forked_location",
        "-j",
        "endless_job",
    ]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as run:
        process = psutil.Process(run.pid)
        (step,) = wait_for(process.children, "the step's process")
        with dg.DagsterInstance.from_config(environment["DAGSTER_HOME"]) as instance:
            (known,) = wait_for(instance.get_run_ids, "the run")
            begun = dg.DagsterEventType.STEP_START
            wait_for(lambda: instance.all_logs(known, of_type=begun), "the start of the step")
        run.kill()
        assert psutil.wait_procs([step], timeout=PATIENCE_SECONDS)[1] == []
