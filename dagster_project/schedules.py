"""Schedules of the whole project; those of a dataset are beside its assets."""

import dagster as dg

from vdata_assets.workflows.retention import JOB, OP


def retention_schedule() -> dg.ScheduleDefinition:
    """Prunes every night, for real. Off until turned on: nothing is deleted that nobody asked to delete."""
    return dg.ScheduleDefinition(
        name="retention_nightly",
        job_name=JOB,
        cron_schedule="0 5 * * *",
        run_config={"ops": {OP: {"config": {"dry_run": False}}}},
        description="Prunes what the job `retention` lists. Look at a dry run first: launch the job by hand.",
    )
