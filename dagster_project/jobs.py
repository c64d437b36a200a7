"""Jobs of the whole project; those of a dataset are beside its assets."""

import dagster as dg

from vdata_assets.workflows.retention import retention_job


def project_jobs() -> list[dg.JobDefinition]:
    """What is run for the instance and the store as a whole."""
    return [retention_job()]
