"""Pictures as the services take them."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vdata_assets.formats.conversation import Picture
from vdata_assets.formats.inline_pictures import InlinePictures, path_fault
from vdata_resources.images import load_rgb

JPEG_AND_PNG = frozenset({"image/jpeg", "image/png"})
PIXELS = np.random.default_rng(0).integers(0, 255, (6, 8, 4), dtype=np.uint8)


def file_of(kind: str, mode: str = "RGB", **options: Any) -> bytes:
    file = BytesIO()
    image = Image.fromarray(PIXELS, "RGBA")
    (image if "A" in mode else image.convert("RGB")).convert(mode).save(file, kind, **options)
    return file.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data))


PNG = file_of("PNG")


@pytest.mark.parametrize(
    "data", [file_of("JPEG"), file_of("PNG"), file_of("PNG", "RGBA"), file_of("JPEG", "CMYK")]
)
def test_a_type_that_is_taken_goes_in_byte_for_byte(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(data)
    pictures = InlinePictures(tmp_path, JPEG_AND_PNG)
    kind = "image/png" if data.startswith(b"\x89") else "image/jpeg"
    assert pictures.read(Picture(data=data)) == pictures.read(Picture(path="a.bin")) == (data, kind)


@pytest.mark.parametrize(
    ("data", "mode"),
    [
        (file_of("WEBP", lossless=True), "RGB"),
        (file_of("WEBP", "RGBA", lossless=True, exact=True), "RGBA"),
        (file_of("BMP"), "RGB"),
        (file_of("TIFF", "RGBA"), "RGBA"),
        (file_of("GIF", "L"), "RGB"),
    ],
    ids=["webp", "webp with alpha", "bmp", "tiff with alpha", "gif"],
)
def test_another_type_becomes_a_png_of_the_same_pixels(data: bytes, mode: str) -> None:
    content, media_type = InlinePictures(Path(), JPEG_AND_PNG).read(Picture(data=data))
    assert (media_type, opened(content).format, opened(content).mode) == ("image/png", "PNG", mode)
    assert np.array_equal(np.asarray(opened(content)), np.asarray(opened(data).convert(mode)))


@pytest.mark.parametrize(
    ("data", "mode"),
    [
        (file_of("PNG", "L"), "RGB"),
        (file_of("PNG", "P"), "RGB"),
        (file_of("PNG", "LA"), "RGBA"),
        (file_of("JPEG", "L"), "RGB"),
    ],
    ids=["grey", "palette", "grey with alpha", "grey jpeg"],
)
def test_another_mode_becomes_a_png_of_the_same_pixels(data: bytes, mode: str) -> None:
    content, media_type = InlinePictures(Path(), JPEG_AND_PNG, frozenset({"RGB", "RGBA"})).read(
        Picture(data=data)
    )
    assert (media_type, opened(content).mode) == ("image/png", mode)
    assert np.array_equal(np.asarray(opened(content)), np.asarray(opened(data).convert(mode)))


def test_cmyk_becomes_what_the_project_decodes_it_to() -> None:
    data = file_of("JPEG", "CMYK")
    content, _ = InlinePictures(Path(), JPEG_AND_PNG, frozenset({"RGB"})).read(Picture(data=data))
    assert np.array_equal(np.asarray(opened(content)), np.asarray(load_rgb(data)))


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_turned_picture_is_written_upright(mode: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = file_of("WEBP", mode, exif=exif, lossless=True, exact=True)
    content, _ = InlinePictures(Path(), JPEG_AND_PNG).read(Picture(data=data))
    turned = np.rot90(np.asarray(opened(data)), -1)
    assert np.array_equal(np.asarray(opened(content)), turned)
    assert not opened(content).getexif()


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (Picture(path="gone.jpg"), "cannot be read (No such file or directory): leave it out or repair it"),
        (Picture(path="."), "cannot be read (Is a directory): leave it out or repair it"),
        (Picture(path="/etc/hostname"), "the path has to be relative to the dataset's folder"),
        (Picture(path="a/../../b.jpg"), "the path must not leave the dataset's folder with .."),
        (Picture(url="https://example.org/a.jpg"), "its bytes have to be in the file: download it first"),
        (
            Picture(data=b"no image"),
            "no image that can be decoded (not an image in a known format (starts with "
            "6e 6f 20 69 6d 61 67 65)): leave it out or repair it",
        ),
        (
            Picture(data=file_of("BMP")[:60]),
            "no image that can be decoded (image file is truncated (6 bytes not processed)): "
            "leave it out or repair it",
        ),
        (Picture(data=PNG + bytes(500 - len(PNG))), "500 bytes as image/png, at most 400: make it smaller"),
    ],
    ids=["gone", "folder", "absolute", "outside", "url", "text", "cut", "large"],
)
def test_what_cannot_be_written_is_said(picture: Picture, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the whole text is compared
        InlinePictures(tmp_path, JPEG_AND_PNG, None, 400).read(picture)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("a/b c.jpg", None),
        ("./a..b/猫.jpg", None),
        ("", "has to name a file"),
        ("a\0.jpg", "has to name a file"),
        ("/a.jpg", "has to be relative to the dataset's folder"),
        ("\\\\host\\a.jpg", "has to be relative to the dataset's folder"),
        ("C:\\a.jpg", "has to be relative to the dataset's folder"),
        ("C:/a.jpg", "has to be relative to the dataset's folder"),
        ("c:/", "has to be relative to the dataset's folder"),
        ("\\\\?\\C:\\a.jpg", "has to be relative to the dataset's folder"),
        ("C:a.jpg", None),
        ("ab:/c.jpg", None),
        ("é:/a.jpg", None),
        ("..", "must not leave the dataset's folder with .."),
        ("a/..b/c..", None),
        ("../a.jpg", "must not leave the dataset's folder with .."),
        ("a\\..\\b.jpg", "must not leave the dataset's folder with .."),
    ],
)
def test_a_paths_text_tells_whether_it_stays_in_its_folder(path: str, fault: str | None) -> None:
    assert path_fault(path) == fault


def test_the_real_odd_pictures_become_what_the_services_take(test_data: Callable[[str], Path]) -> None:
    folder = test_data("edge-images")
    pictures = InlinePictures(folder, JPEG_AND_PNG, frozenset({"RGB", "RGBA"}))
    read, refused = 0, 0
    for file in sorted(file for file in folder.rglob("*") if file.is_file()):
        try:
            content, media_type = pictures.read(Picture(path=file.relative_to(folder).as_posix()))
        except ValueError:
            refused += 1
            continue
        read += 1
        assert media_type in JPEG_AND_PNG
        assert opened(content).mode in ("RGB", "RGBA")
    assert read > refused > 0
