"""Ray jobs whose run has ended without them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import dagster as dg

from vdata_resources.executors.orphans import GRACE_SECONDS, ended_runs, instance_id

if TYPE_CHECKING:
    from ray.job_submission import JobSubmissionClient

INSTANCE = "vdata/instance"
RUN_ID = "vdata/run_id"


def stop_orphans(
    client: "JobSubmissionClient", instance: dg.DagsterInstance, grace_seconds: float = GRACE_SECONDS
) -> Sequence[str]:
    """Stop jobs of this instance whose run has ended or was deleted; returns their ids.

    Args:
        client: of the job server.
        instance: whose jobs; others are left alone.
        grace_seconds: since the run's end, for which a job may still be about to end itself.
    """
    own = instance_id(instance)
    alive = {
        job.submission_id: job.metadata[RUN_ID]
        for job in client.list_jobs()
        if job.submission_id
        and job.metadata
        and job.metadata.get(INSTANCE) == own
        and not job.status.is_terminal()
    }
    ended = ended_runs(instance, alive.values(), grace_seconds)
    orphans = [job for job, run_id in alive.items() if run_id in ended]
    for job in orphans:
        client.stop_job(job)
    return orphans
