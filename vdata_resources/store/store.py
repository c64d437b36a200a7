"""The store as a whole: names of artifacts, and which partitions are published."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vdata_resources.store.artifact import Artifact
from vdata_resources.store.names import CURRENT, RESERVED, check_name
from vdata_resources.store.shared import look_again

if TYPE_CHECKING:
    from vdata_resources.object_store import ObjectStore


@dataclass(frozen=True)
class Store:
    """All published data below one folder. Nothing is created before something is published.

    Attributes:
        root: the folder, VDATA_HOME; it may be moved as a whole.
        keep: number of published versions kept of each artifact, and of rejected candidates; at least 1.
        lock_timeout: seconds that a writer waits for another one of the same artifact.
        objects: where published versions are mirrored, by whoever publishes them; None for nowhere.

    Raises:
        ValueError: ``keep`` is below 1, or ``lock_timeout`` below 0.
    """

    root: Path
    keep: int = 3
    lock_timeout: float = 3600
    objects: "ObjectStore | None" = None

    def __post_init__(self) -> None:
        if self.keep < 1:
            raise ValueError(f"keep {self.keep} is below 1: the current version is always kept")
        if self.lock_timeout < 0:
            raise ValueError(f"lock_timeout {self.lock_timeout} is below 0 seconds")

    def artifact(self, dataset: str, asset: str, partition: str | None = None) -> Artifact:
        """Where an asset, or one partition of it, is published.

        Raises:
            ValueError: a name cannot be a folder name, or is one of the store's own.
        """
        folder = self._asset_folder(dataset, asset)
        name = f"{dataset}/{asset}"
        if partition is not None:
            folder /= check_name("partition", partition)
            name += f", partition {partition},"
        return Artifact(name, folder, self.keep, self.lock_timeout)

    def partitions(self, dataset: str, asset: str) -> list[str]:
        """Partitions of an asset that are published, sorted.

        Raises:
            ValueError: a name cannot be a folder name.
        """
        folder = self._asset_folder(dataset, asset)
        if not look_again(folder):
            return []
        return sorted(
            name for name in os.listdir(folder) if name not in RESERVED and _published(folder / name)
        )

    def _asset_folder(self, dataset: str, asset: str) -> Path:
        return self.root / check_name("dataset", dataset) / check_name("asset", asset)


def _published(folder: Path) -> bool:
    """Whether an artifact has a published version; one that has keeps it, so only a "no" may be stale."""
    link = folder / CURRENT
    return link.is_symlink() or (look_again(folder) and link.is_symlink())
