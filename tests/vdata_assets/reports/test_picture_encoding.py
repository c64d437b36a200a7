"""Pictures fit under their limit, and lose no more than needed."""

import base64
import io
from typing import Literal

import numpy as np
import pytest
from PIL import Image

from vdata_assets.reports.embed import data_uri, encoded

Format = Literal["JPEG", "PNG"]


@pytest.fixture(scope="module")
def noise() -> Image.Image:
    """What compresses worst."""
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (100, 150, 3), dtype=np.uint8))


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
@pytest.mark.parametrize("max_bytes", [60_000, 15_000, 1_000])
def test_the_limit_holds(noise: Image.Image, format: Format, max_bytes: int) -> None:
    data = encoded(noise, max_bytes, format)
    assert len(data) <= max_bytes
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == format
        assert image.width / image.height == pytest.approx(1.5, rel=0.15)
    assert data == encoded(noise, max_bytes, format)


@pytest.mark.parametrize(
    ("max_bytes", "size"),
    [
        pytest.param(60_000, (150, 100), id="fits as it is"),
        pytest.param(9_000, (150, 100), id="less quality"),
        pytest.param(5_000, (120, 80), id="smaller"),
    ],
)
def test_quality_goes_before_size(noise: Image.Image, max_bytes: int, size: tuple[int, int]) -> None:
    with Image.open(io.BytesIO(encoded(noise, max_bytes))) as image:
        assert image.size == size


def test_a_limit_that_nothing_meets_is_refused(noise: Image.Image) -> None:
    with pytest.raises(ValueError, match=r"^max_bytes is 10: no JPEG is that small$"):
        encoded(noise, 10)


@pytest.mark.parametrize(("format", "media_type"), [("JPEG", "image/jpeg"), ("PNG", "image/png")])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "1"])
def test_any_mode_becomes_an_address(format: Format, media_type: str, mode: str) -> None:
    data = encoded(Image.new(mode, (8, 8)), 10_000, format)
    assert data_uri(data) == f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def test_other_bytes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^neither JPEG nor PNG: the picture starts with b'GIF89a'$"):
        data_uri(b"GIF89a")
