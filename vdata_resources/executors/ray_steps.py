"""How a step becomes a Ray job, is watched, and is stopped."""

import re
import shlex
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

import dagster as dg
from dagster._core.events import DagsterEvent, DagsterEventType, EngineEventData
from dagster._core.execution.plan.objects import StepFailureData
from dagster._core.executor.step_delegating import CheckStepHealthResult, StepHandler, StepHandlerContext
from dagster._utils.error import serializable_error_info_from_exc_info

from vdata_resources.executors.ray_executor import Request, requested

if TYPE_CHECKING:
    from ray.job_submission import JobSubmissionClient

RUN_ID = "vdata/run_id"
TAIL_LINES = 40
STEP_NAME_CHARACTERS = 100
ENDS_OF_A_STEP = {
    DagsterEventType.STEP_SUCCESS,
    DagsterEventType.STEP_FAILURE,
    DagsterEventType.STEP_UP_FOR_RETRY,
}


class RayUnavailable(Exception):  # noqa: N818 - it describes the environment
    """The cluster cannot be used from here. The message names the setting to change."""


def connected(address: str) -> "JobSubmissionClient":
    """A client of the cluster's job server, which has answered.

    Raises:
        RayUnavailable: Ray is not installed, nobody answers, or the token is wrong.
    """
    try:
        from ray.job_submission import JobSubmissionClient
    except ImportError as missing:
        raise RayUnavailable(
            f"VDATA_EXECUTOR: 'ray' is set and {missing.name} is not installed: install vdata[team]"
        ) from missing
    from ray.exceptions import AuthenticationError
    from requests import RequestException

    try:
        client = JobSubmissionClient(address)
        client.get_version()
    except AuthenticationError as refused:
        raise RayUnavailable(
            f"address: {address} refuses the token: set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN_PATH to that "
            "of the cluster"
        ) from refused
    except (ConnectionError, RuntimeError, RequestException) as error:
        raise RayUnavailable(
            f"address: no Ray job server answers at {address}: {error}; correct the address "
            "(VDATA_EXECUTOR_CONFIG or RAY_API_SERVER_ADDRESS), or start the cluster"
        ) from error
    return client


def stop_orphans(client: "JobSubmissionClient", instance: dg.DagsterInstance) -> list[str]:
    """Stop jobs of this instance's runs that have ended, whose worker was killed before it could.

    Returns:
        The jobs' ids.
    """
    orphans = []
    for job in client.list_jobs():
        run_id = (job.metadata or {}).get(RUN_ID)
        if job.status.is_terminal() or job.submission_id is None or run_id is None:
            continue
        run = instance.get_run_by_id(run_id)
        if run is not None and run.is_finished:
            client.stop_job(job.submission_id)
            orphans.append(job.submission_id)
    return orphans


class RayStepHandler(StepHandler):
    """Submits each step as one Ray job.

    Args:
        client: of the job server.
        usual: what a step asks for where its tags say nothing.
        python: the interpreter of a step.
        environment: variables of a step, no secrets.
        unreachable_seconds: how long the job server may be away.
    """

    def __init__(
        self,
        client: "JobSubmissionClient",
        usual: Request,
        python: str,
        environment: Mapping[str, str],
        unreachable_seconds: float,
    ) -> None:
        super().__init__()
        self._client = client
        self._usual = usual
        self._python = python
        self._environment = environment
        self._unreachable_seconds = unreachable_seconds
        self._answered = time.monotonic()

    @property
    def name(self) -> str:
        """As the run's log has it."""
        return "RayStepHandler"

    def launch_step(self, step_handler_context: StepHandlerContext) -> Iterator[DagsterEvent]:
        """Submit the step's job; a step with a wrong tag, or whose job Ray refuses, fails with the reason."""
        context = step_handler_context
        key, job = _step_key(context), _job_id(context)
        step = context.get_step_context(key)
        try:
            request = requested(context.step_tags[key], self._usual)
            yield DagsterEvent.step_worker_starting(
                step,
                message=f'Executing step "{key}" in Ray job {job}.',
                metadata={"Ray job": job, "requested": {k: v for k, v in asdict(request).items() if v}},
            )
            self._submit(context, job, request)
        except (ValueError, RuntimeError):
            error = serializable_error_info_from_exc_info(sys.exc_info())
            yield DagsterEvent.step_failure_event(step, StepFailureData(error=error, user_failure_data=None))

    def _submit(self, context: StepHandlerContext, job: str, request: Request) -> None:
        arguments = context.execute_step_args
        # Without Dagster's own entry point: the nodes need no `dagster` in their PATH.
        command = arguments.get_command_args(skip_serialized_namedtuple=True)[-2:]
        self._client.submit_job(
            entrypoint=shlex.join([self._python, "-m", "dagster", *command]),
            submission_id=job,
            metadata={
                RUN_ID: arguments.run_id,
                "vdata/step": _step_key(context),
                "vdata/job": context.dagster_run.job_name,
            },
            runtime_env={
                "env_vars": {
                    **self._environment,
                    **{variable["name"]: variable["value"] for variable in arguments.get_command_env()},
                }
            },
            entrypoint_num_cpus=request.num_cpus,
            entrypoint_num_gpus=request.num_gpus,
            entrypoint_memory=request.memory,
            entrypoint_resources=dict(request.resources) if request.resources else None,
        )

    def check_step_health(self, step_handler_context: StepHandlerContext) -> CheckStepHealthResult:
        """Whether the step's job is alive, or has ended after the step had said how it went."""
        from requests import RequestException

        job = _job_id(step_handler_context)
        try:
            info = self._client.get_job_info(job)
        except RequestException as error:
            away = time.monotonic() - self._answered
            if away < self._unreachable_seconds:
                return CheckStepHealthResult.healthy()
            return CheckStepHealthResult.unhealthy(f"the job server of Ray is away for {away:.0f} s: {error}")
        except RuntimeError as error:
            return CheckStepHealthResult.unhealthy(f"Ray does not know its job {job}: {error}")
        self._answered = time.monotonic()
        if not info.status.is_terminal() or _has_ended(step_handler_context):
            return CheckStepHealthResult.healthy()
        kind = f" ({info.error_type})" if info.error_type else ""
        # Ray's own message holds some last lines of the log, which are below.
        message = (info.message or "").partition(", last available logs")[0]
        return CheckStepHealthResult.unhealthy(
            f"Ray job {job} {info.status}{kind}: {message}\n{self._tail(job)}"
        )

    def terminate_step(self, step_handler_context: StepHandlerContext) -> Iterator[DagsterEvent]:
        """Stop the step's job."""
        from requests import RequestException

        job = _job_id(step_handler_context)
        try:
            stopped = self._client.stop_job(job)
            said = f"Stopping Ray job {job}." if stopped else f"Ray job {job} has ended already."
        except (RuntimeError, RequestException) as error:
            said = f"Ray job {job} could not be stopped: {error}"
        yield DagsterEvent.engine_event(
            step_handler_context.get_step_context(_step_key(step_handler_context)), said, EngineEventData()
        )

    def _tail(self, job: str) -> str:
        """The last lines of the job's log, or why there are none."""
        from requests import RequestException

        try:
            lines = self._client.get_job_logs(job).splitlines()
        except (RuntimeError, RequestException) as error:
            return f"Its log cannot be read: {error}"
        return "\n".join(["Its log ends:", *lines[-TAIL_LINES:]]) if lines else "Its log is empty."


def _step_key(context: StepHandlerContext) -> str:
    (key,) = context.execute_step_args.step_keys_to_execute or ()
    return key


def _attempt(context: StepHandlerContext) -> int:
    known = context.execute_step_args.known_state
    return known.get_retry_state().get_attempt_count(_step_key(context)) if known else 0


def _job_id(context: StepHandlerContext) -> str:
    """Run, step and attempt; the same for the same ones, so that a job is found again."""
    step = re.sub(r"[^A-Za-z0-9_.-]", "_", _step_key(context))[:STEP_NAME_CHARACTERS]
    return f"{context.execute_step_args.run_id}-{step}-{_attempt(context)}"


def _has_ended(context: StepHandlerContext) -> bool:
    """Whether this attempt of the step has reported its end, which the executor is about to read."""
    events = context.instance.all_logs(context.execute_step_args.run_id, of_type=ENDS_OF_A_STEP)
    ends = [event for event in events if event.step_key == _step_key(context)]
    return len(ends) > _attempt(context)
