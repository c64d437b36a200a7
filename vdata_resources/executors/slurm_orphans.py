"""Slurm jobs whose run has ended without them."""

from collections.abc import Sequence

import dagster as dg

from vdata_resources.executors import slurm_client as slurm
from vdata_resources.executors.orphans import GRACE_SECONDS, ended_runs, instance_id


def comment_of(instance: dg.DagsterInstance) -> str:
    """Comment of every job of an instance."""
    return f"vdata instance {instance_id(instance)}"


def cancel_orphans(instance: dg.DagsterInstance, grace_seconds: float = GRACE_SECONDS) -> Sequence[str]:
    """Cancel jobs of this instance whose run has ended or was deleted; returns ``number (name)`` of each.

    Args:
        instance: whose jobs; others are left alone.
        grace_seconds: since the run's end, for which a job may still be about to end itself.

    Raises:
        vdata_resources.executors.slurm_client.SlurmError: Slurm did not answer, or refused.
    """
    comment = comment_of(instance)
    alive = {
        job: slurm.run_of(job.name) or "" for job in slurm.jobs() if job.comment == comment and not job.ended
    }
    ended = ended_runs(instance, alive.values(), grace_seconds)
    orphans = [job for job, run_id in alive.items() if run_id in ended]
    slurm.cancel(job.id for job in orphans)
    return [f"{job.id} ({job.name})" for job in orphans]
