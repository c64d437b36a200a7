"""The code location: every dataset under ``defs/``, the store they publish to, and how steps are run."""

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import dagster as dg

from dagster_project.automation import automation_sensor
from dagster_project.executors import chosen_executor, executor_sensors
from dagster_project.jobs import project_jobs
from dagster_project.schedules import retention_schedule
from dagster_project.sensors import alert_resources, alert_sensor
from vdata_assets.workflows.resources import (
    StoreResource,
    environment_credentials,
    publish_to,
    vdata_home,
)

PROJECT = Path(__file__).resolve().parent.parent


@lru_cache(maxsize=1)
def _datasets(environment: frozenset[tuple[str, str]]) -> dg.Definitions:
    """What ``defs/`` defines in an environment: loaded once a process, for ``dg launch`` asks six times."""
    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)


def build_definitions(resources: Mapping[str, Any] | None = None) -> dg.Definitions:
    """Everything the code location serves.

    Args:
        resources: replace the resources of the same name; tests pass a store of their own.
    """
    return dg.Definitions.merge(
        _datasets(frozenset(os.environ.items())),
        dg.Definitions(
            jobs=project_jobs(),
            schedules=[retention_schedule()],
            sensors=[automation_sensor(), alert_sensor(), *executor_sensors()],
            resources={
                "store": StoreResource(home=vdata_home(PROJECT), publish_to=publish_to()),
                "credentials": environment_credentials(),
                **alert_resources(),
                **(resources or {}),
            },
            executor=chosen_executor(),
        ),
    )


@dg.definitions
def defs() -> dg.Definitions:
    """Found by ``make ui``, ``dg`` and the code server."""
    return build_definitions()
