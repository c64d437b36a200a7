"""A folder with pictures, and products read from it."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from vdata_assets.products.read import read_products
from vdata_assets.products.settings import ProductSettings


def photo(number: int, kind: str = "JPEG") -> bytes:
    """A picture of noise, the same for the same number."""
    pixels = np.random.default_rng(number).integers(0, 255, (24, 32, 3), dtype=np.uint8)
    file = BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


@pytest.fixture
def make_photo() -> Callable[..., bytes]:
    return photo


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A root with the pictures images/1.jpg to images/3.jpg."""
    root = tmp_path / "shop"
    (root / "images").mkdir(parents=True)
    for number in (1, 2, 3):
        (root / f"images/{number}.jpg").write_bytes(photo(number))
    return root


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., pl.DataFrame]:
    """Reads the products of a root; settings as in a dataset's YAML."""

    def read(
        root: Path,
        known_partitions: dict[str, str] | None = None,
        known_shards: dict[str, str] | None = None,
        log: Callable[[str], object] = lambda line: None,
        **settings: object,
    ) -> pl.DataFrame:
        return read_products(
            root,
            ProductSettings.model_validate(settings),
            tmp_path / "out",
            known_partitions=known_partitions or {},
            known_shards=known_shards or {},
            hashes=tmp_path / "hashes.sqlite",
            log=log,
        )

    return read
