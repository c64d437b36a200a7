"""Dagster resources: how a run reaches the store."""

import os
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg
from pydantic import Field

from vdata_resources.object_store import ObjectStore
from vdata_resources.store import Store


def vdata_home(project: Path) -> str:
    """Folder of all published data: VDATA_HOME, or ``.vdata`` in the project's folder."""
    return os.environ.get("VDATA_HOME") or str(project / ".vdata")


def publish_to() -> str:
    """Where published versions are mirrored, VDATA_PUBLISH_TO; empty for nowhere."""
    return os.environ.get("VDATA_PUBLISH_TO", "")


class StoreResource(dg.ConfigurableResource):
    """Where published data lives: versions, the current one of each, and what was rejected."""

    home: str = Field(description="folder of all datasets; VDATA_HOME unless set")
    keep: int = Field(default=3, ge=1, description="published versions kept of every asset and partition")
    lock_timeout: float = Field(
        default=3600, gt=0, description="seconds to wait for another run of the same asset and partition"
    )
    publish_to: str = Field(
        default="",
        description="object storage that every published version is copied to, e.g. s3://bucket/prefix; "
        "VDATA_PUBLISH_TO unless set, empty for none; credentials and endpoint come from AWS_* variables",
    )

    def store(self) -> Store:
        """The store as a plain object that stages and notebooks use too."""
        return Store(
            root=Path(self.home).absolute(),
            keep=self.keep,
            lock_timeout=self.lock_timeout,
            objects=ObjectStore(self.publish_to) if self.publish_to else None,
        )


@dataclass(frozen=True)
class Credentials:
    """Keys of services, never shown; an empty one is not set."""

    google_api_key: str = field(default="", repr=False)
    openai_api_key: str = field(default="", repr=False)


class CredentialsResource(dg.ConfigurableResource):
    """Keys of services, from the environment of the process that runs a step."""

    google_api_key: str = Field(default="", repr=False, description="of Gemini: GOOGLE_API_KEY")
    openai_api_key: str = Field(default="", repr=False, description="of an OpenAI-compatible server")

    def credentials(self) -> Credentials:
        """The keys as plain values."""
        return Credentials(self.google_api_key, self.openai_api_key)


def environment_credentials() -> CredentialsResource:
    """Keys that the environment has; only their variables' names are ever stored."""
    variables = {"google_api_key": "GOOGLE_API_KEY", "openai_api_key": "OPENAI_API_KEY"}
    present = {name: dg.EnvVar(variable) for name, variable in variables.items() if os.environ.get(variable)}
    return CredentialsResource(**present)
