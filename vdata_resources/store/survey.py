"""What a store holds, found on the disk: also what no definition names any more."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vdata_resources.store.artifact import Artifact
from vdata_resources.store.locks import LOCK
from vdata_resources.store.names import RESERVED, VERSIONS
from vdata_resources.store.store import Store


@dataclass(frozen=True)
class Place:
    """An asset, or one partition of it, that somebody has written at least once.

    Attributes:
        dataset: its dataset's name.
        asset: the asset's name.
        partition: partition key, or None.
        artifact: what is published there.
    """

    dataset: str
    asset: str
    partition: str | None
    artifact: Artifact

    @property
    def name(self) -> str:
        """Asset and partition as one path within the dataset."""
        return self.asset if self.partition is None else f"{self.asset}/{self.partition}"


def places(store: Store, dataset: str | None = None) -> Iterator[Place]:
    """Every place of one dataset, or of the whole store, in the order of their names."""
    for folder in _folders(store.root) if dataset is None else [store.root / dataset]:
        for asset in _folders(folder):
            partitions = [part.name for part in _folders(asset) if part.name not in RESERVED]
            for partition in (None, *partitions):
                if _written(asset if partition is None else asset / partition):
                    artifact = store.artifact(folder.name, asset.name, partition)
                    yield Place(folder.name, asset.name, partition, artifact)


def _folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))


def _written(folder: Path) -> bool:
    # Both are there as soon as a writer has begun; together they are in no folder of raw files.
    return (folder / LOCK).is_file() and (folder / VERSIONS).is_dir()
