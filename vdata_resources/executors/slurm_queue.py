"""What a run knows of its jobs: one squeue for all of them, and sacct for those that squeue has forgotten."""

import time
from collections.abc import Mapping

from vdata_resources.executors import slurm_client as slurm


class Queue:
    """Jobs by name, looked up at most twice in ``poll_seconds``."""

    def __init__(self, poll_seconds: float) -> None:
        self._fresh_for = poll_seconds / 2
        self._looked = float("-inf")
        self._seen: Mapping[str, slurm.Job] | slurm.SlurmError = {}
        self._cluster: slurm.Cluster | None = None

    def find(self, name: str, job_id: str | None, since: float) -> slurm.Job | None:
        """A job as it was at a time after ``since``; None when Slurm has none.

        Args:
            name: of the job.
            job_id: its number, where it is known.
            since: ``time.monotonic()`` of the job's submission: what was seen before says nothing about it.

        Raises:
            vdata_resources.executors.slurm_client.SlurmError: Slurm cannot say now.
        """
        if time.monotonic() - self._looked > self._fresh_for or self._looked <= since:
            self._look()
        if isinstance(self._seen, slurm.SlurmError):
            raise self._seen
        job = self._seen.get(name)
        if job is not None or job_id is None or not self.cluster().accounting:
            return job
        kept = {job.name: job for job in slurm.finished([job_id])}
        if name not in kept:
            raise slurm.SlurmUnansweredError(f"job {job_id} is not in the accounting yet")
        return kept[name]

    def cluster(self) -> slurm.Cluster:
        """How the cluster keeps finished jobs; asked for once.

        Raises:
            vdata_resources.executors.slurm_client.SlurmError: Slurm cannot say now.
        """
        if self._cluster is None:
            self._cluster = slurm.cluster()
        return self._cluster

    def _look(self) -> None:
        """Take what squeue says, also that it does not: the next step of this round need not wait again."""
        try:
            self._seen = {job.name: job for job in slurm.jobs()}
        except slurm.SlurmError as unknown:
            self._seen = unknown
        self._looked = time.monotonic()
