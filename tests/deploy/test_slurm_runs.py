"""Runs on a real Slurm cluster of one node, launched and cancelled as the UI does it."""

import multiprocessing
import os
import signal
import subprocess
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta

import dagster as dg
import pytest
from slurm_assets import CATEGORIES, orchestrate
from slurm_site import CLUSTER, Site, site
from waiting import PATIENCE_SECONDS, wait_for

from vdata_resources.executors.orphans import orphans_sensor
from vdata_resources.executors.slurm_orphans import cancel_orphans

SUCCESS, FAILURE = dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("slurm")
    with pytest.MonkeyPatch.context() as environment, site(folder, environment) as served:
        yield served


@pytest.fixture(scope="module")
def ends(served: Site) -> str:
    """A run whose steps end in every way but success; one of them at a time limit that is brought forward."""
    run_id = served.launch("ends")
    job_id = served.running(run_id, "late")
    soon = (datetime.now() + timedelta(seconds=2)).strftime("%Y-%m-%dT%H:%M:%S")
    served.slurm("scontrol", "update", f"JobId={job_id}", f"EndTime={soon}")
    return run_id


def test_three_assets_are_three_jobs(served: Site, ends: str):
    """What a launch asks for, what an asset's tags ask for, and what reaches the UI."""
    config = {"account": "research", "cpus": 2, "mem": "1000M", "time": "10", "max_jobs": 9}
    run_id = served.launch("three", config)
    assert served.ended(run_id) == SUCCESS, served.said(run_id)
    jobs = served.jobs(run_id)
    asked = {
        step: [job[name] for name in ("Account", "cpus-per-task", "MinMemory", "TimeLimit", "tres-per-node")]
        for step, job in jobs.items()
    }
    of_config = ["research", "2", "1000M", "10:00", "N/A"]
    assert asked == {
        "first": of_config,
        "second": of_config,
        "third": ["research", "2", "300M", "3:00", "gres:gpu:2"],
    }
    events = served.instance.get_latest_materialization_event(dg.AssetKey("third"))
    metadata = {name: value.value for name, value in events.asset_materialization.metadata.items()}
    assert metadata["SLURM_JOB_ID"] == jobs["third"]["JobID"]
    assert "said by the step" in served.said(run_id, "third")
    assert f"Slurm job {jobs['third']['JobID']}: vdata-{run_id}-third" in served.said(run_id, "third")
    captured = (served.home / "dagster/storage" / run_id / "compute_logs").glob("*.err")
    assert any("printed by the step" in file.read_text() for file in captured)


def test_eleven_categories_are_eleven_jobs(served: Site):
    """A run and a job a category, as a backfill makes them; six jobs at a time."""
    categories = CATEGORIES.get_partition_keys()
    forks = multiprocessing.get_context("forkserver")
    forks.set_forkserver_preload(["slurm_assets"])
    with ProcessPoolExecutor(len(categories), forks) as processes:
        done = dict(processes.map(orchestrate, categories))
    assert list(done.values()) == [True] * 11
    assert served.instance.get_materialized_partitions(dg.AssetKey("retrieval")) == set(categories)
    assert len({served.jobs(run_id)["retrieval"]["JobID"] for run_id in done}) == 11
    assert any("Waits for an end of other jobs: max_jobs is 6" in served.said(run_id) for run_id in done)


def test_terminate_cancels_the_job(served: Site):
    run_id = served.launch("cancelled")
    job_id = served.running(run_id, "outlives")
    served.terminate(run_id)
    assert served.ended(run_id) == dg.DagsterRunStatus.CANCELED
    assert f"Cancelled Slurm job {job_id}" in served.said(run_id, "outlives")
    wait_for(lambda: served.jobs(run_id)["outlives"]["State"] == "CANCELLED", "the cancelled job")


def test_kill_9_of_the_runs_process_leaves_no_job_behind(served: Site):
    """Dagster's daemon finds the run dead, and the sensor cancels its job; not that of another instance."""
    run_id = served.launch("orphaned")
    job_id = served.running(run_id, "outlives")
    foreign = f"vdata-{run_id}-foreign"
    served.slurm(
        "sbatch",
        "--output=/dev/null",
        f"--job-name={foreign}",
        "--comment=vdata instance other",
        "--wrap=sleep 300",
    )
    os.kill(served.worker(run_id), signal.SIGKILL)
    wait_for(
        lambda: served.monitor() or served.instance.get_run_by_id(run_id).is_finished,
        "the run's failure",
    )
    assert cancel_orphans(served.instance, grace_seconds=3600) == []
    assert cancel_orphans(served.instance, grace_seconds=0) == [f"{job_id} (vdata-{run_id}-outlives)"]
    wait_for(lambda: served.jobs(run_id)["outlives"]["State"] == "CANCELLED", "the cancelled orphan")
    context = dg.build_sensor_context(instance=served.instance)
    assert orphans_sensor("slurm", cancel_orphans)(context).skip_message == "no job without a run"
    served.running(run_id, "foreign")
    served.slurm("scancel", f"--name={foreign}")


ENDS = [
    pytest.param("refused", "the photos are too dark", id="step-fails-itself"),
    pytest.param("killed", "FAILED (JobLaunchFailure), signal 9 (SIGKILL). The end of its log", id="killed"),
    pytest.param("killed", "the last words", id="killed-log"),
    pytest.param("exits", "ended COMPLETED, exit code 0. ", id="says-nothing"),
    pytest.param("hungry", "error: Exceeded job memory limit", id="too-much-memory"),
    pytest.param("late", "ended TIMEOUT (TimeLimit), signal 15 (SIGTERM).", id="time-limit"),
    pytest.param("late", "DUE TO TIME LIMIT ***", id="time-limit-log"),
    pytest.param("misdirected", "error: invalid partition specified: no-such", id="refused-by-sbatch"),
    pytest.param("mistagged", "tag slurm/colour: no such option; allowed are slurm/partition, ", id="tag"),
]  # fmt: skip


@pytest.mark.parametrize(("step", "reason"), ENDS)
def test_a_job_that_ends_badly_fails_its_step_with_the_reason(
    served: Site, ends: str, step: str, reason: str
):
    assert served.ended(ends) == FAILURE
    assert reason in served.said(ends, step)
    assert [kind for of, kind in served.attempts(ends) if of == step] == ["STEP_FAILURE"]


def test_a_preempted_job_and_one_of_a_lost_node_run_again(served: Site, ends: str):
    served.ended(ends)
    run_id = served.launch("interrupted")
    served.running(run_id, "preempted")
    served.slurm("sbatch", "--output=/dev/null", "--partition=urgent", "--exclusive", "--wrap=sleep 1")
    served.running(run_id, "preempted.2")
    node = served.slurm("sinfo", "--noheader", "--format=%n").split()[0]
    served.slurm("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=test")
    wait_for(lambda: served.jobs(run_id)["preempted.2"]["State"] == "NODE_FAIL", "the lost node")
    # It may have come back by itself (ReturnToService): there is nothing to resume then, which is an error.
    with suppress(subprocess.CalledProcessError):
        served.slurm("scontrol", "update", f"NodeName={node}", "State=RESUME")
    assert served.ended(run_id) == SUCCESS, served.said(run_id)
    kinds = [kind for _, kind in served.attempts(run_id)]
    assert kinds == ["STEP_UP_FOR_RETRY", "STEP_UP_FOR_RETRY", "STEP_SUCCESS"]
    for reason in ("ended PREEMPTED", "ended NODE_FAIL"):
        assert reason in served.said(run_id, "preempted")


def test_a_restart_of_the_controller_fails_nothing(served: Site):
    """A step ends while nobody answers, and the next one is submitted when somebody does."""
    run_id = served.launch("restarted")
    served.running(run_id, "waits")
    subprocess.run([CLUSTER, "stop-controller", served.cluster], check=True, timeout=PATIENCE_SECONDS)
    wait_for(lambda: "Slurm cannot say what its job does" in served.said(run_id, "waits"), "the silence")
    (served.home / "waits.released").touch()
    wait_for(lambda: "Not submitted yet" in served.said(run_id, "follows"), "a vain submission")
    subprocess.run([CLUSTER, "start-controller", served.cluster], check=True, timeout=PATIENCE_SECONDS)
    assert served.ended(run_id) == SUCCESS, served.said(run_id)
    assert sorted(served.jobs(run_id)) == ["follows", "waits"]
