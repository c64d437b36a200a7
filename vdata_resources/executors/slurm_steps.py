"""Steps as Slurm jobs, for Dagster's step delegating executor: submit, look, cancel."""

import os
import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg
from dagster._core.events import DagsterEvent, EngineEventData
from dagster._core.execution.plan.objects import StepRetryData
from dagster._core.executor.step_delegating import CheckStepHealthResult, StepHandler, StepHandlerContext
from dagster._utils.error import SerializableErrorInfo
from filelock import FileLock, Timeout

from vdata_resources.executors import slurm_client as slurm
from vdata_resources.executors.handed_step import attempt, has_ended, step_key
from vdata_resources.executors.slurm_options import sbatch_options
from vdata_resources.executors.slurm_orphans import cancel_orphans, comment_of
from vdata_resources.executors.slurm_queue import Queue
from vdata_resources.executors.slurm_settings import SlurmSettings

COMMAND = shlex.join([sys.executable, "-m", "vdata_resources.executors.slurm_process"])
HEALTHY = CheckStepHealthResult.healthy()
LOCK_SECONDS = 10
TAIL_BYTES = 16_384


@dataclass
class _Step:
    """A step that was handed over.

    Attributes:
        key: of the step.
        attempt: from 0.
        name: of its job.
        log: file of its job.
        job_id: None until sbatch has answered.
        tried: when it was last submitted; with or without an answer.
        refused: why there is no job and will be none.
        unknown_since: when Slurm could not say any more what became of the job.
        told: what the run's log says already about this step's waiting.
    """

    key: str
    attempt: int
    name: str
    log: Path
    job_id: str | None = None
    tried: float = float("-inf")
    refused: str | None = None
    unknown_since: float | None = None
    told: set[str] = field(default_factory=set)


class SlurmStepHandler(StepHandler):
    """Hands steps to Slurm.

    A step that cannot be submitted yet (``max_jobs``, a controller that does not answer) is tried again with
    every look at the queue. The look itself is one squeue for all steps of the run.
    """

    def __init__(self, settings: SlurmSettings, instance: dg.DagsterInstance) -> None:
        self._settings = settings
        self._comment = comment_of(instance)
        self._logs = settings.logs()
        self._queue = Queue(settings.poll_seconds)
        self._steps: dict[str, _Step] = {}
        self._began = False

    @property
    def name(self) -> str:
        """Shown in the run's log."""
        return "Slurm"

    def launch_step(self, step_handler_context: StepHandlerContext) -> Iterator[DagsterEvent]:
        """Submit the step's job."""
        step = self._step(step_handler_context)
        step.log.parent.mkdir(parents=True, exist_ok=True)
        if not self._began:
            self._began = True
            yield from self._begin(step_handler_context)
        yield from self._submit(step_handler_context, step)

    def check_step_health(self, step_handler_context: StepHandlerContext) -> CheckStepHealthResult:
        """Whether the step's job waits or runs; the end of one whose step has not told its own end."""
        context, step = step_handler_context, self._step(step_handler_context)
        if step.refused:
            return self._over(context, step, step.refused)
        try:
            job = self._queue.find(step.name, step.job_id, step.tried)
        except slurm.SlurmError as unknown:
            return self._unknown(context, step, unknown)
        if step.unknown_since is not None:
            self._say(context, step.key, "Slurm answers again")
            step.unknown_since = None
        if job is None and step.job_id is None:
            list(self._submit(context, step))
            return HEALTHY
        if job is None:
            return self._over(context, step, f"Slurm does not know job {step.job_id} any more")
        step.job_id = job.id
        if job.ended:
            return self._over(context, step, job.described(), job.state)
        if job.state == "PENDING":
            self._tell(context, step, f"Slurm job {job.id} waits: {job.reason}")
        return HEALTHY

    def terminate_step(self, step_handler_context: StepHandlerContext) -> Iterator[DagsterEvent]:
        """Cancel the step's job."""
        step = self._step(step_handler_context)
        try:
            known = step.job_id or next((job.id for job in slurm.jobs() if job.name == step.name), None)
            slurm.cancel([known] if known else [])
            said = f"Cancelled Slurm job {known}" if known else "There is no Slurm job to cancel"
        except slurm.SlurmError as failed:
            said = f"Slurm job {step.job_id or step.name} is left to be cancelled as an orphan: {failed}"
        yield self._say(step_handler_context, step.key, said)

    def _begin(self, context: StepHandlerContext) -> Iterator[DagsterEvent]:
        """What is said, and cleared away, once a run."""
        key = step_key(context)
        try:
            cluster = self._queue.cluster()
            age = f"squeue knows finished jobs for {cluster.min_job_age} s"
            ask = ", then sacct is asked" if cluster.accounting else "; this cluster has no accounting to ask"
            yield self._say(
                context, key, f"Jobs are looked up every {self._settings.poll_seconds} s: {age}{ask}"
            )
            for job in cancel_orphans(context.instance):
                yield self._say(context, key, f"Cancelled Slurm job of an ended run: {job}")
        except slurm.SlurmError as unknown:
            yield self._say(context, key, f"Jobs of ended runs were not looked for: {unknown}")

    def _step(self, context: StepHandlerContext) -> _Step:
        """The step's record; of one that a former process of the run submitted, what its job's name says."""
        key, tried = step_key(context), attempt(context)
        step = self._steps.get(key)
        if step is None or step.attempt != tried:
            run_id = context.execute_step_args.run_id
            name = slurm.job_name(run_id, key, tried)
            log = self._logs / run_id / f"{name.removeprefix(f'{slurm.PREFIX}{run_id}-')}.log"
            step = self._steps[key] = _Step(key, tried, name, log)
        return step

    def _submit(self, context: StepHandlerContext, step: _Step) -> Iterator[DagsterEvent]:
        arguments = context.execute_step_args.get_command_env()
        try:
            options = sbatch_options(
                self._settings.options, self._settings.gpu_gres, context.step_tags[step.key]
            )
            with self._room() as room:
                if not room:
                    self._tell(
                        context,
                        step,
                        f"Waits for an end of other jobs: max_jobs is {self._settings.max_jobs}",
                    )
                    return
                step.job_id = slurm.submit(
                    COMMAND,
                    name=step.name,
                    comment=self._comment,
                    log=step.log,
                    options=options,
                    environment={**os.environ, **{entry["name"]: entry["value"] for entry in arguments}},
                )
        except slurm.SlurmUnansweredError as unanswered:
            self._tell(context, step, f"Not submitted yet, it is tried again: {unanswered}")
            return
        except (slurm.SlurmError, ValueError) as refused:
            step.refused = str(refused)
            return
        finally:
            step.tried = time.monotonic()
        yield DagsterEvent.step_worker_starting(
            context.get_step_context(step.key),
            message=f"Slurm job {step.job_id}: {step.name}",
            metadata={
                "Slurm job": dg.MetadataValue.text(step.job_id),
                "sbatch options": dg.MetadataValue.text(shlex.join(options)),
                "log": dg.MetadataValue.path(step.log),
            },
        )

    @contextmanager
    def _room(self) -> Iterator[bool]:
        """Whether ``max_jobs`` allows one job more; nobody else of this instance submits meanwhile."""
        if self._settings.max_jobs is None:
            yield True
            return
        try:
            with FileLock(self._logs / "submit.lock", timeout=LOCK_SECONDS):
                alive = sum(job.comment == self._comment and not job.ended for job in slurm.jobs())
                yield alive < self._settings.max_jobs
        except Timeout:
            yield False

    def _unknown(
        self, context: StepHandlerContext, step: _Step, unknown: slurm.SlurmError
    ) -> CheckStepHealthResult:
        """An unknown state is no end, for a while."""
        patience = self._settings.patience_seconds
        if step.unknown_since is None:
            step.unknown_since = time.monotonic()
            self._say(
                context,
                step.key,
                f"Slurm cannot say what its job does, waiting up to {patience} s: {unknown}",
            )
        if time.monotonic() - step.unknown_since < patience:
            return HEALTHY
        return self._over(
            context, step, f"no answer from Slurm in {patience} s (patience_seconds): {unknown}"
        )

    def _over(
        self, context: StepHandlerContext, step: _Step, reason: str, state: str = ""
    ) -> CheckStepHealthResult:
        """The job has ended: nothing to add if the step has told so itself, else a failure or another try."""
        if has_ended(context):
            return HEALTHY
        message = f"{reason}. {self._tail(step.log)}" if step.job_id else reason
        settings, step_context = self._settings, context.get_step_context(step.key)
        may_retry = state in settings.retry_on and not step_context.retry_mode.disabled
        if may_retry and step.attempt < settings.job_retries:
            error = SerializableErrorInfo(message=message, stack=[], cls_name=None)
            DagsterEvent.step_retry_event(step_context, StepRetryData(error=error, seconds_to_wait=None))
            return HEALTHY
        return CheckStepHealthResult.unhealthy(message)

    def _tail(self, log: Path) -> str:
        try:
            with log.open("rb") as file:
                file.seek(max(0, log.stat().st_size - TAIL_BYTES))
                lines = file.read().decode(errors="replace").splitlines()
        except FileNotFoundError:
            return f"It has no log at {log}."
        tail = lines[-self._settings.log_tail_lines :] if self._settings.log_tail_lines else []
        return "\n".join([f"The end of its log, {log}:", *tail])

    def _tell(self, context: StepHandlerContext, step: _Step, message: str) -> None:
        """Say it once a step."""
        if message not in step.told:
            step.told.add(message)
            self._say(context, step.key, message)

    @staticmethod
    def _say(context: StepHandlerContext, key: str, message: str) -> DagsterEvent:
        return DagsterEvent.engine_event(context.get_step_context(key), message, EngineEventData())
