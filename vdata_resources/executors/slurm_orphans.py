"""Jobs that nobody waits for any more: their run's process, or the daemon, was killed."""

import time
from collections.abc import Sequence
from uuid import uuid4

import dagster as dg

from vdata_resources.executors import slurm_client as slurm

INSTANCE_ID = "vdata.slurm.instance"
GRACE_SECONDS = 30.0
"""A job whose run has just ended is about to end itself."""


def comment_of(instance: dg.DagsterInstance) -> str:
    """Comment of every job of an instance: two instances on one cluster do not cancel each other's.

    The instance keeps the id that is made here once.
    """
    storage = instance.run_storage
    if not storage.get_cursor_values({INSTANCE_ID}):
        storage.set_cursor_values({INSTANCE_ID: str(uuid4())})
    return f"vdata instance {storage.get_cursor_values({INSTANCE_ID})[INSTANCE_ID]}"


def cancel_orphans(instance: dg.DagsterInstance, grace_seconds: float = GRACE_SECONDS) -> Sequence[slurm.Job]:
    """Cancel jobs of this instance whose run has ended or was deleted; returns them.

    Args:
        instance: whose jobs; others are left alone.
        grace_seconds: since the run's end, for which a job may still be about to end itself.

    Raises:
        vdata_resources.executors.slurm_client.SlurmError: Slurm did not answer, or refused.
    """
    comment = comment_of(instance)
    alive = [job for job in slurm.jobs() if job.comment == comment and not job.ended]
    if not alive:
        return []
    run_ids = sorted({slurm.run_of(job.name) or "" for job in alive})
    records = instance.get_run_records(dg.RunsFilter(run_ids=run_ids))
    over = time.time() - grace_seconds
    waited_for = {
        record.dagster_run.run_id
        for record in records
        if not record.dagster_run.is_finished or (record.end_time or 0) > over
    }
    orphans = [job for job in alive if slurm.run_of(job.name) not in waited_for]
    slurm.cancel(job.id for job in orphans)
    return orphans


def orphans_sensor(minimum_interval_seconds: int = 60) -> dg.SensorDefinition:
    """A sensor that cancels orphans, also at the daemon's start; one squeue a tick.

    Args:
        minimum_interval_seconds: between two looks.
    """

    @dg.sensor(
        name="slurm_orphans",
        minimum_interval_seconds=minimum_interval_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Cancels Slurm jobs of this instance whose run has ended.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        orphans = cancel_orphans(context.instance)
        names = ", ".join(f"{job.id} ({job.name})" for job in orphans)
        return dg.SkipReason(f"cancelled: {names}" if orphans else "no job without a run")

    return sensor
