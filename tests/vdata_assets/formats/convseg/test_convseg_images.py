"""Pictures of an export: which belongs to the masks, at working size and at its own."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xxhash
from made_exports import SUMMARY, exported, jpeg, mask, size
from made_runs import HEIGHT, MASKS, WIDTH, edit, made_run, picture
from numpy.typing import NDArray
from PIL import Image

from vdata_assets.formats.convseg.run_model import FoundRun
from vdata_assets.formats.convseg.run_reader import found_runs


def with_source(root: Path, pixels: NDArray[np.uint8], **options: Any) -> tuple[FoundRun, Path]:
    """A run whose source is a JPEG of these pixels."""
    folder = made_run(root / "runs")
    source = root / "source.jpg"
    source.write_bytes(jpeg(pixels, **options))
    known = xxhash.xxh3_128_hexdigest(source.read_bytes())
    return FoundRun(folder, root / "runs", "runs", source, known), source


def test_a_source_of_working_size_is_copied_byte_for_byte(tmp_path: Path) -> None:
    found, source = with_source(tmp_path, picture())
    exported([found], tmp_path / "out")
    assert (tmp_path / "out/images/a.jpg").read_bytes() == source.read_bytes()


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda source: source.write_bytes(jpeg(picture(9))), id="another picture by now"),
        pytest.param(lambda source: source.write_bytes(source.read_bytes()[:300]), id="truncated"),
        pytest.param(lambda source: source.unlink(), id="gone"),
    ],
)
def test_a_source_that_changed_is_not_used(tmp_path: Path, spoil: Any) -> None:
    found, source = with_source(tmp_path, picture())
    spoil(source)
    export = exported([found], tmp_path / "out")
    with Image.open(tmp_path / "out/images/a.jpg") as image:
        assert np.abs(np.asarray(image).astype(int) - picture()).mean() < 3
    assert export.samples.height == 1
    at_full_size = exported([found], tmp_path / "full", full_size=True)
    assert at_full_size.skipped()["source_changed_or_unreadable"] == 1
    assert at_full_size.samples.height == 0


def test_full_size_scales_masks_to_the_upright_source(tmp_path: Path) -> None:
    # Three times the working size, and stored on its side: EXIF orientation 6 turns it upright.
    upright = picture(0, HEIGHT * 3, WIDTH * 3)
    exif = Image.Exif()
    exif[0x0112] = 6
    found, source = with_source(tmp_path, np.rot90(upright).copy(), exif=exif)
    assert size(source) == (HEIGHT * 3, WIDTH * 3)
    export = exported([found], tmp_path / "out", full_size=True)
    with Image.open(tmp_path / "out/images/a.jpg") as image:
        assert image.getexif().get(0x0112) is None
        assert image.size == (WIDTH * 3, HEIGHT * 3)
        assert np.abs(np.asarray(image).astype(int) - upright).mean() < 3
    scaled = mask(tmp_path / "out/masks/a_entities_000.png")
    assert np.array_equal(scaled == 255, np.kron(MASKS[0], np.ones((3, 3), np.bool_)))
    assert export.samples["area"].to_list() == [MASKS[0].sum() * 9]
    assert export.images.select("width", "height").row(0) == (WIDTH * 3, HEIGHT * 3)
    working = exported([found], tmp_path / "working")
    assert working.images.select("width", "height").row(0) == (WIDTH, HEIGHT)
    assert size(tmp_path / "working/masks/a_entities_000.png") == (WIDTH, HEIGHT)


def test_the_named_picture_is_scaled_where_no_other_fits(tmp_path: Path) -> None:
    folder = made_run(tmp_path / "runs")
    (folder / "original_image.png").unlink()
    (tmp_path / "runs/big.jpg").write_bytes(jpeg(picture(0, HEIGHT * 2, WIDTH * 2)))
    edit(folder / SUMMARY, lambda summary: summary.update(image_path="../big.jpg"))
    exported(found_runs(tmp_path / "runs"), tmp_path / "out")
    assert size(tmp_path / "out/images/a.jpg") == size(tmp_path / "out/masks/a_entities_000.png")
