"""Settings of the Slurm executor: their defaults, a place's own ones, and a launch's last word."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.execution.retries import get_retries_config
from dagster._core.execution.tags import get_tag_concurrency_limits_config

from vdata_resources.executors.place_settings import SOURCE, with_place_settings
from vdata_resources.executors.slurm_client import ENDED
from vdata_resources.executors.slurm_options import OPTIONS, sbatch_options

_OPTION_HELP = {
    "gres": "of every step, such as nvme:1; GPUs are asked for by an asset's tag",
    "cpus": "cores of a step",
    "mem": "memory of a step, such as 16G",
    "time": "time limit of a step, such as 2:00:00",
    "licenses": "that a step holds while it runs, such as vdata:1",
}


@dataclass(frozen=True)
class SlurmSettings:
    """How steps become jobs.

    Attributes:
        options: of every step, by the names of :data:`~vdata_resources.executors.slurm_options.OPTIONS`.
        gpu_gres: generic resource that a GPU is here; None: this cluster has none, and none is asked for.
        max_jobs: jobs of this Dagster instance in the queue, waiting or running, at a time; None: no limit.
        poll_seconds: between two looks at the queue, each one call for all steps of a run.
        patience_seconds: for which a controller that does not answer is waited for.
        retry_on: ends after which a step is submitted again.
        job_retries: how often at most.
        log_tail_lines: of a job's log that its step's failure quotes.
        log_dir: one folder a run with one log a job; on a file system that all nodes share.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    gpu_gres: str | None = "gpu"
    max_jobs: int | None = None
    poll_seconds: int = 5
    patience_seconds: int = 600
    retry_on: tuple[str, ...] = ("PREEMPTED", "NODE_FAIL")
    job_retries: int = 2
    log_tail_lines: int = 30
    log_dir: Path | None = None

    def __post_init__(self) -> None:
        limits = {
            "poll_seconds": 1,
            "patience_seconds": 0,
            "job_retries": 0,
            "log_tail_lines": 0,
            "max_jobs": 1,
        }
        for name, least in limits.items():
            value = getattr(self, name)
            if value is not None and value < least:
                raise ValueError(f"{name}: {value}: at least {least} is expected")
        if wrong := sorted(set(self.retry_on) - ENDED):
            raise ValueError(
                f"retry_on: {', '.join(wrong)}: no such state; known are {', '.join(sorted(ENDED))}"
            )
        sbatch_options(self.options, self.gpu_gres, {})

    @staticmethod
    def from_config(config: Mapping[str, Any]) -> "SlurmSettings":
        """Settings from an executor's resolved config.

        Raises:
            ValueError: a value that is out of range.
        """
        given = {name: config[name] for name in _OWN if name in config}
        given["retry_on"] = tuple(config.get("retry_on", SlurmSettings.retry_on))
        given["log_dir"] = Path(config["log_dir"]) if config.get("log_dir") else None
        return SlurmSettings(options={name: config.get(name) for name in OPTIONS}, **given)

    def logs(self) -> Path:
        """Folder of the jobs' logs.

        Raises:
            ValueError: neither log_dir nor VDATA_HOME says where.
        """
        home = os.environ.get("VDATA_HOME")
        if self.log_dir is None and not home:
            raise ValueError("log_dir: jobs need a folder for logs that all nodes share: set VDATA_HOME")
        return (self.log_dir or Path(home or "") / "slurm").absolute()


_OWN: dict[str, tuple[Any, str]] = {
    "gpu_gres": (
        dg.Noneable(str),
        "generic resource that a GPU is here, such as gpu:a100; null: there is none",
    ),
    "max_jobs": (dg.Noneable(int), "jobs of this Dagster instance in the queue at a time, over all runs"),
    "poll_seconds": (int, "between two looks at the queue, each one call for all steps of a run"),
    "patience_seconds": (int, "for which a controller that does not answer is waited for"),
    "retry_on": ([str], "ends after which a step is submitted again"),
    "job_retries": (int, "how often a step is submitted again at most"),
    "log_tail_lines": (int, "lines of a job's log that its step's failure quotes"),
    "log_dir": (
        dg.Noneable(str),
        "folder of the jobs' logs that all nodes share; $VDATA_HOME/slurm unless set",
    ),
}


def config_schema(defaults: Mapping[str, Any]) -> dict[str, dg.Field]:
    """Schema of the executor's config, with a place's own defaults.

    Args:
        defaults: setting -> value, as a settings file has them.

    Raises:
        ValueError: an unknown setting, or a value that is none for it.
    """
    own = SlurmSettings()
    kinds: dict[str, tuple[Any, Any, str]] = {
        name: (
            dg.Noneable(int if name in ("cpus", "nice") else str),
            None,
            _OPTION_HELP.get(name, "of every step"),
        )
        for name in OPTIONS
    }
    for name, (kind, help_text) in _OWN.items():
        value = getattr(own, name)
        kinds[name] = (kind, list(value) if isinstance(value, tuple) else value, help_text)
    kinds["max_concurrent"] = (dg.Noneable(int), None, "steps of a run at a time")
    schema = {
        name: dg.Field(kind, default_value=value, description=help_text)
        for name, (kind, value, help_text) in kinds.items()
    }
    schema["retries"] = get_retries_config()
    schema["tag_concurrency_limits"] = get_tag_concurrency_limits_config()
    placed = with_place_settings(schema, defaults, "Slurm")
    try:
        SlurmSettings.from_config({name: placed[name].default_value for name in kinds})
    except ValueError as wrong:
        raise ValueError(f"{SOURCE}: {wrong}") from wrong
    return placed
