"""A place of the test's own in a local S3 server, a store of one artifact to mirror there, and its writes."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from s3_server import BUCKET, Keys, serve

from vdata_resources.object_store import Mirror, ObjectStore
from vdata_resources.object_store.connection import connect
from vdata_resources.store import Artifact, Store

NAMES = ("pets", "retrieval", "cat")


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    yield from serve()


@pytest.fixture
def url(s3: str, tmp_path: Path) -> str:
    return f"s3://{BUCKET}/{os.fspath(tmp_path).strip('/')}"


@pytest.fixture
def mirror(url: str) -> Mirror:
    return ObjectStore(url).artifact(*NAMES)


@pytest.fixture
def source(tmp_path: Path) -> Artifact:
    return Store(tmp_path / "home", keep=10).artifact(*NAMES)


@pytest.fixture
def keys(url: str) -> Keys:
    """Objects of the artifact."""
    return Keys("/".join([url.removeprefix(f"s3://{BUCKET}/"), *NAMES]))


@pytest.fixture
def before_write(url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[str], None]], None]:
    """Has something done before each object is written or removed; it is told the key's last part."""
    file_system, _ = connect(url)

    def watch(act: Callable[[str], None]) -> None:
        for name, position in (("put_file", 1), ("pipe_file", 0), ("rm_file", 0)):
            monkeypatch.setattr(file_system, name, _watched(getattr(file_system, name), position, act))

    return watch


def _watched(original: Callable[..., Any], position: int, act: Callable[[str], None]) -> Callable[..., Any]:
    def watched(*args: Any, **options: Any) -> Any:
        act(args[position].rpartition("/")[2])
        return original(*args, **options)

    return watched
