"""The Dagster executor whose steps are processes of this machine."""

import ctypes
import os
import signal
from collections.abc import Mapping
from typing import Any

import dagster as dg
import psutil
from dagster._core.definitions.executor_definition import multiple_process_executor_requirements
from dagster._core.execution.retries import RetryMode, get_retries_config
from dagster._core.execution.tags import get_tag_concurrency_limits_config
from dagster._core.executor.base import Executor
from dagster._core.executor.init import InitExecutorContext

from vdata_resources.executors.place_settings import with_place_settings

PRELOADED = ("dagster._cli", "dataframely", "vdata_assets.workflows")
"""What every step uses."""

PR_SET_PDEATHSIG = 1


def local_executor(defaults: Mapping[str, Any]) -> dg.ExecutorDefinition:
    """Steps in processes that are forked from one that has imported what they need.

    That is the run's own process, which has loaded the definitions too; where it has threads (a notebook, a
    server), whose locks a fork would copy as they are, a process that is started for it. Steps that were
    forked from the run's process end with it, however it ends.

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

    alone = psutil.Process().num_threads() == 1
    if alone:
        os.register_at_fork(after_in_child=_die_with_parent)
    return MultiprocessExecutor(
        retries=RetryMode.from_config(config["retries"]) or RetryMode.ENABLED,
        max_concurrent=config["max_concurrent"],
        tag_concurrency_limits=config.get("tag_concurrency_limits"),
        start_method="fork" if alone else "forkserver",
        explicit_forkserver_preload=PRELOADED,
    )


def _die_with_parent() -> None:
    """A step whose run was killed would go on unseen, with a GPU and a writer's lock: prctl(2)."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
