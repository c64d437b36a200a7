"""The code location: every dataset under ``defs/``, the store they publish to, and how steps are run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from dagster_project.automation import automation_sensor
from vdata_assets.workflows.resources import StoreResource, environment_credentials, vdata_home

PROJECT = Path(__file__).resolve().parent.parent


# Imported once a run in the process that steps are forked from, so that a step starts in a second: what every
# step uses, and the two command lines that a step's process imports because they are its parent's main.
PRELOADED = ["dagster._cli", "dagster_dg_cli.cli", "dataframely", "vdata_assets.workflows"]
EXECUTOR = dg.multiprocess_executor.configured(
    {"start_method": {"forkserver": {"preload_modules": PRELOADED}}}, name="forkserver"
)


def build_definitions(resources: Mapping[str, Any] | None = None) -> dg.Definitions:
    """Everything the code location serves.

    Args:
        resources: replace the resources of the same name; tests pass a store of their own.
    """
    return dg.Definitions.merge(
        dg.load_from_defs_folder(path_within_project=Path(__file__).parent),
        dg.Definitions(
            sensors=[automation_sensor()],
            resources={
                "store": StoreResource(home=vdata_home(PROJECT)),
                "credentials": environment_credentials(),
                **(resources or {}),
            },
            executor=EXECUTOR,
        ),
    )


@dg.definitions
def defs() -> dg.Definitions:
    """Found by ``dagster dev``, ``dg`` and the code server."""
    return build_definitions()
