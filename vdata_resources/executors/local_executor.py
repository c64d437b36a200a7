"""The Dagster executor whose steps are processes of this machine."""

from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster._core.definitions.executor_definition import multiple_process_executor_requirements
from dagster._core.execution.retries import RetryMode, get_retries_config
from dagster._core.execution.tags import get_tag_concurrency_limits_config
from dagster._core.executor.base import Executor
from dagster._core.executor.init import InitExecutorContext

from vdata_resources.executors.place_settings import with_place_settings

PRELOADED = ("dagster._cli", "dagster_dg_cli.cli", "dataframely", "vdata_assets.workflows")
"""What every step uses, and the two command lines that a step's process imports: its parent's main."""


def local_executor(defaults: Mapping[str, Any]) -> dg.ExecutorDefinition:
    """Steps in processes that are forked from one that has imported what they need.

    That is the run's own process where that was forked itself and so has one thread; elsewhere a process
    that is started for it.

    Args:
        defaults: settings of this place; run config has the last word.

    Raises:
        ValueError: an unknown setting in ``defaults``, or a value that is none for it.
    """
    schema = {
        "max_concurrent": dg.Field(
            dg.Noneable(int), default_value=None, description="Steps of a run at a time; unset, one a core."
        ),
        "retries": get_retries_config(),
        "tag_concurrency_limits": get_tag_concurrency_limits_config(),
    }

    @dg.executor(
        name="local",
        config_schema=with_place_settings(schema, defaults, "local"),
        requirements=multiple_process_executor_requirements(),
    )
    def local(context: InitExecutorContext) -> Executor:
        return _executor(context.executor_config)

    return local


def _executor(config: Mapping[str, Any]) -> Executor:
    from dagster._core.executor.multiprocess import MultiprocessExecutor

    from vdata_resources.executors.forked_runs import in_forked_run

    return MultiprocessExecutor(
        retries=RetryMode.from_config(config["retries"]) or RetryMode.ENABLED,
        max_concurrent=config["max_concurrent"],
        tag_concurrency_limits=config.get("tag_concurrency_limits"),
        start_method="fork" if in_forked_run() else "forkserver",
        explicit_forkserver_preload=PRELOADED,
    )
