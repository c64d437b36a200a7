"""The job server of a Ray cluster."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ray.job_submission import JobSubmissionClient

ADDRESS = "http://127.0.0.1:8265"


class RayUnavailable(Exception):  # noqa: N818 - it describes the environment
    """The cluster cannot be used from here. The message names the setting to change."""


def job_server(settings: Mapping[str, Any]) -> str:
    """URL of the job server that a place's settings name, else its environment, else Ray's usual one."""
    return settings.get("address") or os.environ.get("RAY_API_SERVER_ADDRESS") or ADDRESS


def connected(address: str) -> "JobSubmissionClient":
    """A client of the cluster's job server, which has answered.

    Raises:
        RayUnavailable: Ray is not installed, nobody answers, or the token is wrong.
    """
    try:
        from ray.job_submission import JobSubmissionClient
    except ImportError as missing:
        raise RayUnavailable(
            f"VDATA_EXECUTOR: 'ray' is set and {missing.name} is not installed: install vdata[team]"
        ) from missing
    from ray.exceptions import AuthenticationError
    from requests import RequestException

    try:
        client = JobSubmissionClient(address)
        client.get_version()
    except AuthenticationError as refused:
        raise RayUnavailable(
            f"address: {address} refuses the token: set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN_PATH to that "
            "of the cluster"
        ) from refused
    except (ConnectionError, RuntimeError, RequestException) as error:
        raise RayUnavailable(
            f"address: no Ray job server answers at {address}: {error}; correct the address "
            "(VDATA_EXECUTOR_CONFIG or RAY_API_SERVER_ADDRESS), or start the cluster"
        ) from error
    return client
