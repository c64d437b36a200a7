"""Steps as jobs of a Ray cluster: what can be set, by file, run config and tags."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import dagster as dg
from dagster._core.definitions.executor_definition import multiple_process_executor_requirements
from dagster._core.execution.retries import RetryMode, get_retries_config
from dagster._core.execution.tags import get_tag_concurrency_limits_config
from dagster._core.executor.base import Executor
from dagster._core.executor.init import InitExecutorContext

from vdata_resources.devices import GPUS_TAG
from vdata_resources.executors.place_settings import with_place_settings
from vdata_resources.executors.ray_client import connected, job_server

ENVIRONMENT = ("DAGSTER_HOME", "PYTHONPATH", "VDATA_HOME")
PREFIX = "ray/"
# What is in a job's runtime environment is shown by `ray job list` and the dashboard.
SECRET = ("CREDENTIAL", "KEY", "PASSWORD", "PASSWD", "SECRET", "TOKEN")


@dataclass(frozen=True)
class Request:
    """What a step's job asks of the cluster.

    Attributes:
        num_cpus: CPUs, also a part of one.
        num_gpus: GPUs, also a part of one.
        memory: bytes; None asks for none.
        resources: amounts of the cluster's own resources by name.
    """

    num_cpus: float = 1
    num_gpus: float = 0
    memory: int | None = None
    resources: Mapping[str, float] | None = None


def requested(tags: Mapping[str, str], usual: Request) -> Request:
    """The request of a step: the executor's, changed by ``vdata/gpus`` and then by the tags ``ray/<option>``.

    Raises:
        ValueError: an unknown option, or a value that is not of the option's kind.
    """
    changes: dict[str, Any] = {}
    if GPUS_TAG in tags:
        changes["num_gpus"] = _amount(GPUS_TAG, tags[GPUS_TAG])
    for tag in sorted(tag for tag in tags if tag.startswith(PREFIX)):
        option, value = tag.removeprefix(PREFIX), tags[tag]
        if option in ("num_cpus", "num_gpus"):
            changes[option] = _amount(tag, value)
        elif option == "memory":
            if not value.isdecimal():
                raise ValueError(f"{tag}: {value!r} is no number of bytes")
            changes[option] = int(value)
        elif option == "resources":
            changes[option] = _resources(tag, value)
        else:
            allowed = ", ".join(f"{PREFIX}{field.name}" for field in fields(Request))
            raise ValueError(f"{tag}: no such option; allowed are {allowed}")
    return replace(usual, **changes)


def ray_executor(defaults: Mapping[str, Any]) -> dg.ExecutorDefinition:
    """An executor whose steps are jobs of a Ray cluster.

    Args:
        defaults: settings in place of the usual ones; run config has the last word.

    Raises:
        ValueError: a default of an unknown name, or of a value that its field does not take.
    """
    schema = with_place_settings(_schema(), defaults, "Ray")
    _environment(defaults.get("env", ENVIRONMENT))

    @dg.executor(name="ray", config_schema=schema, requirements=multiple_process_executor_requirements())
    def ray(context: InitExecutorContext) -> Executor:
        return _executor(context)

    return ray


def _executor(context: InitExecutorContext) -> Executor:
    """The executor of a run; the cluster has answered and steps of ended runs are stopped."""
    from dagster._core.executor.step_delegating import StepDelegatingExecutor

    from vdata_resources.executors.ray_orphans import stop_orphans
    from vdata_resources.executors.ray_steps import RayStepHandler

    settings: Mapping[str, Any] = context.executor_config
    environment = _environment(settings["env"])
    client = connected(settings["address"])
    stop_orphans(client, context.instance)
    return StepDelegatingExecutor(
        RayStepHandler(
            client,
            Request(
                settings["num_cpus"], settings["num_gpus"], settings.get("memory"), settings.get("resources")
            ),
            settings["python"],
            environment,
            settings["unreachable_seconds"],
        ),
        retries=RetryMode.from_config(settings["retries"]) or RetryMode.DISABLED,
        max_concurrent=settings.get("max_concurrent"),
        tag_concurrency_limits=settings.get("tag_concurrency_limits"),
        check_step_health_interval_seconds=settings["check_seconds"],
        should_verify_step=True,
    )


def _schema() -> dict[str, dg.Field]:
    return {
        "address": dg.Field(
            str,
            default_value=job_server({}),
            description="URL of the cluster's job server, its dashboard; RAY_API_SERVER_ADDRESS unless set. "
            "The token is read as Ray does: RAY_AUTH_MODE=token with RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH.",
        ),
        "num_cpus": dg.Field(float, default_value=1.0, description="CPUs of a step; tag ray/num_cpus."),
        "num_gpus": dg.Field(
            float, default_value=0.0, description="GPUs of a step; tags vdata/gpus and ray/num_gpus."
        ),
        "memory": dg.Field(int, is_required=False, description="Bytes of memory of a step; tag ray/memory."),
        "resources": dg.Field(
            dict,
            is_required=False,
            description="The cluster's own resources: name: amount; tag ray/resources.",
        ),
        "python": dg.Field(
            str, default_value=sys.executable, description="The Python that runs a step, on every node."
        ),
        "env": dg.Field(
            [str],
            default_value=list(ENVIRONMENT),
            description="Names of environment variables whose values a step gets from the run worker. No "
            "secrets: Ray shows them; those are set in the environment of the nodes.",
        ),
        "check_seconds": dg.Field(
            int, default_value=5, description="Seconds between two looks at whether the jobs are alive."
        ),
        "unreachable_seconds": dg.Field(
            float,
            default_value=300.0,
            description="How long the job server may be away before its steps fail.",
        ),
        "max_concurrent": dg.Field(
            int,
            is_required=False,
            description="Jobs of a run at a time; Ray itself makes those wait that do not fit.",
        ),
        "retries": get_retries_config(),
        "tag_concurrency_limits": get_tag_concurrency_limits_config(),
    }


def _environment(names: Any) -> dict[str, str]:
    """Values of those of the variables that are set.

    Raises:
        ValueError: a name that looks like a secret's.
    """
    for name in names:
        if any(word in name.upper() for word in SECRET):
            raise ValueError(
                f"env: {name} looks like a secret, which Ray would show to everybody who lists jobs: set it "
                "in the environment of the Ray nodes instead"
            )
    return {name: os.environ[name] for name in names if name in os.environ}


def _amount(tag: str, value: str) -> float:
    try:
        amount = float(value)
    except ValueError:
        amount = -1.0
    if not 0 <= amount < float("inf"):
        raise ValueError(f"{tag}: {value!r} is no number of 0 or more")
    return amount


def _resources(tag: str, value: str) -> dict[str, float]:
    try:
        read = json.loads(value)
    except json.JSONDecodeError:
        read = None
    if not isinstance(read, dict):
        raise ValueError(f'{tag}: {value!r} is no JSON object of names with amounts, such as {{"tpu": 1}}')
    return {name: _amount(f"{tag} {name}", str(amount)) for name, amount in read.items()}
