"""What the catalog and the encoders may rely on when a file is read."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from vdata_resources.images import ImageHeader, UnreadableImage, load_luma, load_rgb, probe, probe_luma

ORIENTATION = 0x0112


def photo(width=64, height=48):
    """A picture whose corners differ: red, green, blue and gray."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2] = (220, 0, 0)
    pixels[: height // 2, width // 2 :] = (0, 220, 0)
    pixels[height // 2 :, : width // 2] = (0, 0, 220)
    pixels[height // 2 :, width // 2 :] = 110
    return Image.fromarray(pixels)


def encoded(image, image_format, orientation=None, **options):
    if orientation is not None:
        exif = Image.Exif()
        exif[ORIENTATION] = orientation
        options["exif"] = exif.tobytes()
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


def refusal(read, data):
    with pytest.raises(UnreadableImage) as caught:
        read(data)
    return caught.value.reason


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000"])
def test_probe_names_the_format_and_size_of_the_bytes(image_format):
    assert probe(encoded(photo(), image_format)) == ImageHeader(
        image_format, 64, 48, upright_rgb=image_format != "GIF"
    )


def test_a_jpeg_with_further_pictures_is_a_jpeg():
    data = encoded(photo(), "MPO", save_all=True, append_images=[photo()])
    assert probe(data) == ImageHeader("JPEG", 64, 48, upright_rgb=True)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_both_readers_turn_an_image_upright(image_format, orientation):
    data = encoded(photo(), image_format, orientation)
    header, image = probe(data), load_rgb(data)
    assert (header.width, header.height) == image.size == ((64, 48) if orientation < 5 else (48, 64))
    assert header.upright_rgb == (orientation == 1)
    # Where the red corner of the stored picture belongs (EXIF 2.3, tag 0x0112).
    corner = {1: (0, 0), 2: (1, 0), 3: (1, 1), 4: (0, 1), 5: (0, 0), 6: (1, 0), 7: (1, 1), 8: (0, 1)}
    x, y = ((size - 1) * side for size, side in zip(image.size, corner[orientation], strict=True))
    red, green, blue = image.getpixel((x, y))
    assert red > 150 > 80 > max(green, blue)


def test_orientation_behind_the_pixels_of_a_png_counts():
    data = encoded(photo(), "PNG", 6)
    start = data.index(b"eXIf") - 4
    end = start + 12 + int.from_bytes(data[start : start + 4], "big")
    iend = data.index(b"IEND") - 4
    moved = data[:start] + data[end:iend] + data[start:end] + data[iend:]
    assert probe(moved) == ImageHeader("PNG", 48, 64, upright_rgb=False)
    assert load_rgb(moved).size == (48, 64)


@pytest.mark.parametrize(
    ("name", "size"),
    [
        *((f"pillow/hopper_orientation_{n}.jpg", (128, 128)) for n in range(2, 9)),
        ("pillow/pil_sample_cmyk.jpg", (100, 100)),
        ("pillow/pil123p.png", (162, 150)),
        ("pillow/transparent.png", (200, 150)),
        ("pillow/hopper_bad_exif.jpg", (500, 500)),
        ("pillow/invalid-exif.jpg", (200, 200)),
        ("pillow/broken_exif_dpi.jpg", (100, 100)),
        ("pillow/multiple_exif.jpg", (1, 1)),
        ("pillow/16_bit_binary.pgm", (20, 100)),
        ("alpha_channel_image.png", (640, 480)),
        ("formats/giphy.gif", (314, 400)),
        ("formats/ukbench09380.bmp", (640, 480)),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_odd_files_are_read(test_data, name, size):
    path = test_data("edge-images") / name
    header, image = probe(path.read_bytes()), load_rgb(path)
    assert (header.width, header.height) == image.size == size
    assert image.mode == "RGB"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("pillow/truncated_jpeg.jpg", "image file is truncated (8 bytes not processed)"),
        ("pillow/broken.png", "not an image in a known format (starts with 89 50 4e 47 0d 0a 1a 0a)"),
        (
            "duplicates/ukbench09268_corrupt.jpg",
            "not an image in a known format (starts with 38 f2 af 67 ce b1 c7 72)",
        ),
        ("SOURCE.txt", "not an image in a known format (starts with 53 6f 75 72 63 65 3a 20)"),
    ],
)
def test_bad_files_are_refused_by_both_with_the_same_reason(test_data, name, reason):
    path = test_data("edge-images") / name
    assert refusal(probe, path.read_bytes()) == refusal(load_rgb, path) == reason


def test_what_is_no_file_is_refused(tmp_path):
    assert refusal(probe, b"") == refusal(load_rgb, b"") == "the file is empty"
    assert refusal(load_rgb, tmp_path / "gone.jpg") == "cannot be read: No such file or directory"
    assert refusal(load_rgb, tmp_path) == "cannot be read: Is a directory"


def test_a_decompression_bomb_is_refused_and_the_limit_is_left_alone():
    limit = Image.MAX_IMAGE_PIXELS
    bomb = bytearray(encoded(Image.new("1", (8, 8)), "BMP"))
    bomb[18:26] = (20_000).to_bytes(4, "little") * 2
    reason = refusal(probe, bytes(bomb))
    assert reason == refusal(load_rgb, bytes(bomb))
    assert reason.startswith("Image size (400000000 pixels) exceeds limit of 178956970 pixels")
    assert limit == Image.MAX_IMAGE_PIXELS


TRUNCATED = [
    pytest.param(image_format, options, id=f"{image_format} {options or ''}")
    for image_format, options in (
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("PNG", {}),
        ("GIF", {}),
        ("BMP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("WEBP", {}),
    )
]


@pytest.mark.parametrize(("image_format", "options"), TRUNCATED)
def test_a_file_cut_in_half_is_refused_and_trailing_bytes_are_not(image_format, options):
    data = encoded(photo(), image_format, **options)
    refusal(probe, data[: len(data) // 2])
    for tail in (b"\0" * 7, b"trailing text"):
        assert probe(data + tail) == ImageHeader(image_format, 64, 48, upright_rgb=image_format != "GIF")


SAMPLES = [
    encoded(photo(), image_format, 6 if image_format in ("JPEG", "PNG", "WEBP", "TIFF") else None)
    for image_format in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
]


@pytest.mark.filterwarnings("ignore")
@given(
    st.sampled_from(SAMPLES),
    st.integers(0, 60),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=4),
)
def test_damage_raises_nothing_else_and_what_can_be_decoded_is_catalogued(data, cut, changes):
    damaged = bytearray(data[: len(data) - cut])
    for position, value in changes:
        damaged[int(position * len(damaged))] = value
    try:
        header = probe(bytes(damaged))
    except UnreadableImage:
        header = None
    if header is not None and header.width * header.height > 1_000_000:
        return  # a damaged size: decoding it takes too long for a test
    try:
        image = load_rgb(bytes(damaged))
    except UnreadableImage:
        return
    assert header is not None
    assert (header.width, header.height) == image.size


def lab_image():
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    return ImageCms.profileToProfile(Image.new("RGB", (8, 8), (90, 120, 150)), srgb, lab, outputMode="LAB")


def gray(values, dtype):
    return Image.fromarray(np.tile(np.array(values, dtype), (8, 4)))


TRANSPARENT_PALETTE = Image.new("P", (8, 8))
TRANSPARENT_PALETTE.putpalette([220, 0, 0])

CONVERSIONS = {
    "RGB": (Image.new("RGB", (8, 8), (220, 0, 0)), "PNG", {}, (220, 0, 0)),
    "gray": (Image.new("L", (8, 8), 90), "PNG", {}, (90, 90, 90)),
    "1 bit": (Image.new("1", (8, 8), 1), "PNG", {}, (255, 255, 255)),
    "transparent RGBA": (Image.new("RGBA", (8, 8), (220, 0, 0, 0)), "PNG", {}, (255, 255, 255)),
    "half transparent RGBA": (Image.new("RGBA", (8, 8), (255, 0, 0, 127)), "PNG", {}, (255, 128, 128)),
    "transparent LA": (Image.new("LA", (8, 8), (0, 0)), "PNG", {}, (255, 255, 255)),
    "palette": (TRANSPARENT_PALETTE, "PNG", {}, (220, 0, 0)),
    "transparent palette": (TRANSPARENT_PALETTE, "PNG", {"transparency": 0}, (255, 255, 255)),
    "transparent colour": (Image.new("RGB", (8, 8)), "PNG", {"transparency": (0, 0, 0)}, (255, 255, 255)),
    "CMYK": (Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "TIFF", {}, (255, 0, 0)),
    "YCbCr": (Image.new("RGB", (8, 8), (220, 0, 0)).convert("YCbCr"), "TIFF", {}, (220, 0, 0)),
    "LAB": (lab_image(), "TIFF", {}, (90, 120, 150)),
    "16 bit": (gray([0x8080, 0xFFFF], np.uint16), "PNG", {}, (128, 128, 128)),
    "16 bit TIFF": (gray([0x8080, 0xFFFF], np.uint16), "TIFF", {}, (128, 128, 128)),
    "32 bit of 8": (gray([100, 255], np.int32), "TIFF", {}, (100, 100, 100)),
    "32 bit of 16": (gray([0x8080, 0xFFFF], np.int32), "TIFF", {}, (128, 128, 128)),
    "float to 1": (gray([0.5, 1.0], np.float32), "TIFF", {}, (128, 128, 128)),
    "float to 255": (gray([100, 255], np.float32), "TIFF", {}, (100, 100, 100)),
    "float beyond": (gray([1e6, 2e6], np.float32), "TIFF", {}, (128, 128, 128)),
    "not a number": (gray([np.nan, 1], np.float32), "TIFF", {}, (0, 0, 0)),
    "negative": (gray([-5, 1], np.float32), "TIFF", {}, (0, 0, 0)),
    "black float": (gray([0, 0], np.float32), "TIFF", {}, (0, 0, 0)),
}


@pytest.mark.parametrize(
    ("image", "image_format", "options", "colour"), CONVERSIONS.values(), ids=CONVERSIONS
)
def test_every_mode_becomes_rgb(image, image_format, options, colour):
    rgb = load_rgb(encoded(image, image_format, **options))
    assert rgb.mode == "RGB"
    assert np.abs(np.subtract(rgb.getpixel((0, 0)), colour)).max() <= 1


def test_the_first_frame_of_an_animation_is_taken():
    red, blue = (Image.new("RGB", (8, 8), colour) for colour in ("red", "blue"))
    for image_format in ("GIF", "WEBP", "PNG"):
        data = encoded(red, image_format, save_all=True, append_images=[blue])
        assert load_rgb(data).getpixel((4, 4))[0] > 200


@pytest.mark.parametrize(
    ("size", "min_side", "decoded"),
    [
        ((1280, 960), None, (1280, 960)),
        ((1280, 960), 224, (320, 240)),
        ((1280, 960), 241, (640, 480)),
        ((1280, 960), 960, (1280, 960)),
        ((100, 80), 224, (100, 80)),
    ],
)
def test_a_jpeg_is_scaled_down_no_further_than_asked(tmp_path, size, min_side, decoded):
    path = Path(tmp_path / "photo.jpg")
    path.write_bytes(encoded(photo(*size), "JPEG"))
    assert load_rgb(path, min_side).size == decoded
    assert load_rgb(encoded(photo(*size), "PNG"), min_side).size == size


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "GIF", "TIFF"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_one_look_gives_what_the_header_and_the_luminance_give(image_format, orientation):
    data = encoded(photo(), image_format, None if image_format == "GIF" else orientation)
    header, luma = probe_luma(data, 16)
    assert header == probe(data)
    assert luma.mode == "L"
    assert luma == load_luma(data, 16)
    assert min(luma.size) >= 16
    away = np.abs(np.asarray(load_luma(data), float) - np.asarray(load_rgb(data).convert("L"), float))
    assert away.mean() < 2
