"""The Dagster executor whose steps are Slurm jobs."""

from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster._core.definitions.executor_definition import multiple_process_executor_requirements
from dagster._core.execution.retries import RetryMode
from dagster._core.executor.init import InitExecutorContext
from dagster._core.executor.step_delegating import StepDelegatingExecutor

from vdata_resources.executors.slurm_client import check_commands
from vdata_resources.executors.slurm_settings import SlurmSettings, config_schema
from vdata_resources.executors.slurm_steps import SlurmStepHandler


def slurm_executor(defaults: Mapping[str, Any]) -> dg.ExecutorDefinition:
    """Every step a job of its own, submitted by sbatch from the host of the run's process.

    Args:
        defaults: settings of this place; a launch's run config (``execution: config: …``) has the last word.

    Raises:
        ValueError: an unknown setting in ``defaults``, or a value that is none for it.
    """

    @dg.executor(
        name="slurm",
        config_schema=config_schema(defaults),
        requirements=multiple_process_executor_requirements(),
    )
    def slurm(context: InitExecutorContext) -> StepDelegatingExecutor:
        """Steps as Slurm jobs."""
        config: dict[str, Any] = dict(context.executor_config)
        settings = SlurmSettings.from_config(config)
        check_commands()
        return StepDelegatingExecutor(
            SlurmStepHandler(settings, context.instance),
            retries=RetryMode.from_config(config["retries"]) or RetryMode.ENABLED,
            check_step_health_interval_seconds=settings.poll_seconds,
            max_concurrent=config["max_concurrent"],
            tag_concurrency_limits=config.get("tag_concurrency_limits"),
        )

    return slurm
