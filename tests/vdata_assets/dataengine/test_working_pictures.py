"""Working size: EXIF applied, the long side bounded, the way back exact."""

import numpy as np
import pytest
import xxhash
from PIL import Image

from vdata_assets.dataengine.pictures import load_picture, working_size
from vdata_resources.images import UnreadableImage


def content_hash(file):
    return xxhash.xxh3_128_hexdigest(file.read_bytes())


@pytest.mark.parametrize(
    ("size", "max_side", "expected"),
    [
        pytest.param((640, 480), 768, (640, 480), id="smaller stays"),
        pytest.param((768, 768), 768, (768, 768), id="just fits"),
        pytest.param((1536, 1024), 768, (768, 512), id="landscape"),
        pytest.param((1024, 1536), 768, (512, 768), id="portrait"),
        pytest.param((4000, 3), 768, (768, 1), id="thin: no side is 0"),
        pytest.param((4000, 3000), 0, (4000, 3000), id="0: full size"),
        pytest.param((1, 1), 768, (1, 1), id="one pixel"),
    ],
)
def test_working_size(size, max_side, expected):
    assert working_size(*size, max_side) == expected


def test_a_turned_photo_is_upright_scaled_and_maps_back(tmp_path):
    # A bright spot at a known place of the upright picture.
    upright = np.zeros((1500, 1000, 3), np.uint8)
    upright[300:320, 700:720] = 255
    stored = Image.fromarray(upright).transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned a quarter clockwise
    file = tmp_path / "turned.png"
    stored.save(file, exif=exif)
    picture = load_picture(file, content_hash(file), 768)
    assert picture.pixels.shape == (768, 512, 3)
    assert (picture.source_width, picture.source_height) == (1000, 1500)
    rows, columns = np.nonzero(picture.pixels[:, :, 0] > 128)
    assert abs((columns.mean() + 0.5) * 1000 / 512 - 710) < 1.5
    assert abs((rows.mean() + 0.5) * 1500 / 768 - 310) < 1.5


def test_a_file_that_changed_since_it_was_catalogued_is_not_worked_on(tmp_path):
    file = tmp_path / "a.png"
    Image.new("RGB", (5, 5)).save(file)
    before = content_hash(file)
    Image.new("RGB", (5, 5), "red").save(file)
    with pytest.raises(
        UnreadableImage, match="changed since `images` was materialized: materialize that again"
    ):
        load_picture(file, before, 768)
    file.unlink()
    with pytest.raises(UnreadableImage, match="cannot be read: No such file or directory"):
        load_picture(file, before, 768)
