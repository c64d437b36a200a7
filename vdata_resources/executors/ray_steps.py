"""How a step becomes a Ray job, is watched, and is stopped."""

import re
import shlex
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from dagster._core.events import DagsterEvent, EngineEventData
from dagster._core.execution.plan.objects import StepFailureData
from dagster._core.executor.step_delegating import CheckStepHealthResult, StepHandler, StepHandlerContext
from dagster._utils.error import serializable_error_info_from_exc_info

from vdata_resources.executors.handed_step import attempt, has_ended, step_key
from vdata_resources.executors.orphans import instance_id
from vdata_resources.executors.ray_executor import Request, requested
from vdata_resources.executors.ray_orphans import INSTANCE, RUN_ID

if TYPE_CHECKING:
    from ray.job_submission import JobSubmissionClient

TAIL_LINES = 40
STEP_NAME_CHARACTERS = 100


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
        key, job = step_key(context), _job_id(context)
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
                INSTANCE: instance_id(context.instance),
                RUN_ID: arguments.run_id,
                "vdata/step": step_key(context),
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
        if not info.status.is_terminal() or has_ended(step_handler_context):
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
            step_handler_context.get_step_context(step_key(step_handler_context)), said, EngineEventData()
        )

    def _tail(self, job: str) -> str:
        """The last lines of the job's log, or why there are none."""
        from requests import RequestException

        try:
            lines = self._client.get_job_logs(job).splitlines()
        except (RuntimeError, RequestException) as error:
            return f"Its log cannot be read: {error}"
        return "\n".join(["Its log ends:", *lines[-TAIL_LINES:]]) if lines else "Its log is empty."


def _job_id(context: StepHandlerContext) -> str:
    """Run, step and attempt; the same for the same ones, so that a job is found again."""
    step = re.sub(r"[^A-Za-z0-9_.-]", "_", step_key(context))[:STEP_NAME_CHARACTERS]
    return f"{context.execute_step_args.run_id}-{step}-{attempt(context)}"
