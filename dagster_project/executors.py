"""How steps are run: in processes of this machine, as Slurm jobs or on a Ray cluster, by configuration."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import yaml

EXECUTOR = "VDATA_EXECUTOR"
EXECUTOR_CONFIG = "VDATA_EXECUTOR_CONFIG"
NAMES = ("local", "slurm", "ray")


def chosen_executor() -> dg.ExecutorDefinition:
    """The executor that VDATA_EXECUTOR names (local unless set).

    VDATA_EXECUTOR_CONFIG is a YAML file of its settings. A launch's run config has the last word.

    Raises:
        ValueError: an unknown name, or a settings file that cannot be read.
    """
    name = _name()
    if name == "slurm":
        from vdata_resources.executors.slurm_executor import slurm_executor

        return slurm_executor(_settings())
    if name == "ray":
        from vdata_resources.executors.ray_executor import ray_executor

        return ray_executor(_settings())
    if name != "local":
        raise ValueError(f"{EXECUTOR}: {name!r} is none of {', '.join(NAMES)}")
    from vdata_resources.executors.local_executor import local_executor

    return local_executor(_settings())


def executor_sensors() -> list[dg.SensorDefinition]:
    """What the executor that VDATA_EXECUTOR names wants looked after, whether or not a run is at work."""
    if _name() == "slurm":
        from vdata_resources.executors.orphans import orphans_sensor
        from vdata_resources.executors.slurm_orphans import cancel_orphans

        return [orphans_sensor("slurm", cancel_orphans)]
    if _name() == "ray":
        from vdata_resources.executors.orphans import orphans_sensor
        from vdata_resources.executors.ray_client import connected, job_server
        from vdata_resources.executors.ray_orphans import stop_orphans

        address = job_server(_settings())
        return [orphans_sensor("ray", lambda instance: stop_orphans(connected(address), instance))]
    return []


def _name() -> str:
    return os.environ.get(EXECUTOR) or "local"


def _settings() -> Mapping[str, Any]:
    file = os.environ.get(EXECUTOR_CONFIG)
    if not file:
        return {}
    try:
        read = yaml.safe_load(Path(file).read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as unreadable:
        raise ValueError(f"{EXECUTOR_CONFIG}: {file}: {unreadable}") from unreadable
    if not isinstance(read, dict):
        raise ValueError(f"{EXECUTOR_CONFIG}: {file}: names of settings with their values are expected")
    return read
