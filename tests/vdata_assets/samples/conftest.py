"""A shelf of samples, drawn once."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest

from vdata_assets.samples.concepts import write_concept_images

CATEGORIES, CONCEPTS, VIEWS = 6, 5, 6


class Shelf(NamedTuple):
    root: Path
    truth: pl.DataFrame


@pytest.fixture(scope="session")
def shelf(tmp_path_factory) -> Shelf:
    root = tmp_path_factory.mktemp("samples") / "shelf"
    truth = write_concept_images(
        root, categories=CATEGORIES, concepts_per_category=CONCEPTS, views_per_concept=VIEWS, size=128
    )
    return Shelf(root, truth)


@pytest.fixture(scope="session")
def file_digests() -> Callable[[Path], dict[str, str]]:
    """SHA-256 of every image of a tree, by relative path."""

    def digests(root: Path) -> dict[str, str]:
        return {
            file.relative_to(root).as_posix(): sha256(file.read_bytes()).hexdigest()
            for file in sorted(root.rglob("*"))
            if file.is_file() and file.suffix != ".csv"
        }

    return digests
