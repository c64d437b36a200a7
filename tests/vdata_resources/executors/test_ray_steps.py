"""What a look at a step's Ray job says; jobs that really end are in tests/deploy."""

from types import SimpleNamespace

import dagster as dg
import pytest
from ray.dashboard.modules.job.pydantic_models import JobDetails, JobType
from ray.job_submission import JobStatus
from requests import ConnectionError as NoConnection

from vdata_resources.executors.orphans import instance_id
from vdata_resources.executors.ray_executor import Request
from vdata_resources.executors.ray_orphans import INSTANCE, RUN_ID, stop_orphans
from vdata_resources.executors.ray_steps import RayStepHandler


class Jobs:
    """A job server whose answers are given: a status, or an error."""

    def __init__(self, answer, log="the last words\n"):
        self.answer, self.log, self.stopped = answer, log, []

    def get_job_info(self, job):
        return self._said(self.answer, lambda status: details(status, message="why, last available logs: x"))

    def get_job_logs(self, job):
        return self._said(self.log, str)

    def list_jobs(self):
        return self.answer

    def stop_job(self, job):
        self.stopped.append(job)

    def _said(self, answer, made):
        if isinstance(answer, Exception):
            raise answer
        return made(answer)


def details(status, **more):
    return JobDetails(type=JobType.SUBMISSION, status=status, entrypoint="", **more)


def look(jobs, *, ends=(), attempt=0, unreachable_seconds=60.0):
    """What the handler says of the step `one`, of which the instance has these ends."""
    retries = SimpleNamespace(get_attempt_count=lambda key: attempt)
    arguments = SimpleNamespace(
        run_id="r", step_keys_to_execute=["one"], known_state=SimpleNamespace(get_retry_state=lambda: retries)
    )
    end = dg.DagsterEventType.STEP_SUCCESS
    events = [SimpleNamespace(dagster_event=SimpleNamespace(step_key=key, event_type=end)) for key in ends]
    instance = SimpleNamespace(all_logs=lambda run_id, of_type: events)
    handler = RayStepHandler(jobs, Request(), "python", {}, unreachable_seconds)
    result = handler.check_step_health(SimpleNamespace(execute_step_args=arguments, instance=instance))
    return result.unhealthy_reason


ENDED = "Ray job r-one-0 {}: why\nIts log ends:\nthe last words"


@pytest.mark.parametrize(
    ("jobs", "more", "reason"),
    [
        pytest.param(Jobs(JobStatus.PENDING), {}, None, id="waits"),
        pytest.param(Jobs(JobStatus.RUNNING), {}, None, id="runs"),
        pytest.param(Jobs(JobStatus.SUCCEEDED), {"ends": ["two", "one"]}, None, id="end-not-yet-read"),
        pytest.param(Jobs(JobStatus.FAILED), {"ends": ["one"]}, None, id="died-after-its-end"),
        pytest.param(Jobs(JobStatus.SUCCEEDED), {"ends": ["two"]}, ENDED.format("SUCCEEDED"), id="no-word"),
        pytest.param(Jobs(JobStatus.STOPPED), {}, ENDED.format("STOPPED"), id="stopped-by-others"),
        pytest.param(
            Jobs(JobStatus.FAILED),
            {"ends": ["one"], "attempt": 1},
            ENDED.format("FAILED").replace("one-0", "one-1"),
            id="end-of-another-attempt",
        ),
        pytest.param(
            Jobs(JobStatus.FAILED, RuntimeError("node is gone")),
            {},
            "Ray job r-one-0 FAILED: why\nIts log cannot be read: node is gone",
            id="log-is-gone",
        ),
        pytest.param(
            Jobs(RuntimeError("404")),
            {},
            "Ray does not know its job r-one-0: 404",
            id="cluster-was-restarted",
        ),
        pytest.param(Jobs(NoConnection("refused")), {}, None, id="away-for-a-moment"),
        pytest.param(
            Jobs(NoConnection("refused")),
            {"unreachable_seconds": 0.0},
            "the job server of Ray is away for 0 s: refused",
            id="away-for-long",
        ),
    ],
)
def test_a_look_at_the_job(jobs, more, reason):
    assert look(jobs, **more) == reason


def job_of(instance, run, status):
    return details(status, submission_id=f"{run} {status}", metadata={INSTANCE: instance, RUN_ID: run})


def test_jobs_of_ended_runs_are_stopped_and_no_others():
    with dg.DagsterInstance.ephemeral() as instance:
        own, empty = instance_id(instance), dg.GraphDefinition("empty").to_job()
        ended, alive, just_ended = (
            instance.create_run_for_job(empty, status=dg.DagsterRunStatus[status]).run_id
            for status in ("FAILURE", "STARTED", "STARTED")
        )
        instance.report_run_failed(instance.get_run_by_id(just_ended))
        jobs = Jobs(
            [
                job_of(own, ended, JobStatus.RUNNING),
                job_of(own, ended, JobStatus.SUCCEEDED),
                job_of(own, alive, JobStatus.RUNNING),
                job_of(own, just_ended, JobStatus.RUNNING),
                job_of(own, "deleted", JobStatus.PENDING),
                job_of("another", ended, JobStatus.RUNNING),
                details(JobStatus.RUNNING, submission_id="of somebody else"),
            ]
        )
        assert stop_orphans(jobs, instance) == jobs.stopped == [f"{ended} RUNNING", "deleted PENDING"]
