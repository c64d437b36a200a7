"""Masks in files of run folders: numbers of any type and mode, and nothing that is none or a bomb."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vdata_assets.formats.convseg.run_files import UnusableFile, mask_size, read_mask


def npz(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def zipped(name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return file.getvalue()


def npy(header: str, content: bytes = b"") -> bytes:
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + content


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


MASK = np.array([[0, 1, 0], [1, 0, 1]], np.uint8)


@pytest.mark.parametrize(
    "content",
    [
        npz(mask=MASK),
        npz(mask=MASK.astype(bool)),
        npz(mask=np.asfortranarray(MASK)),
        npz(mask=MASK * 0.25),
        npz(mask=MASK.astype(">i4")),
        npz(arr_0=MASK),
        npz(other=1 - MASK, mask=MASK),
        png(Image.fromarray(MASK * 255)),
        png(Image.fromarray(MASK)),
        png(Image.fromarray(MASK * 255).convert("1")),
        png(Image.fromarray(MASK * 255).convert("RGB")),
        png(Image.fromarray(MASK * 255).convert("P")),
        png(Image.fromarray(MASK.astype(np.uint16))),
    ],
)
def test_masks_of_any_number_type_and_mode(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "mask").write_bytes(content)
    assert np.array_equal(read_mask(tmp_path / "mask"), MASK == 1)
    assert mask_size(tmp_path / "mask") == (2, 3)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is neither PNG nor NPZ: it starts with "),
        (b"GIF89a..", "is neither PNG nor NPZ: it starts with 47 49 46 38 39 61 2e 2e"),
        (npz(mask=MASK)[:-30], "is a damaged NPZ: File is not a zip file"),
        (npz(mask=np.array([{}, {}], object)), "is an NPZ without a plain array of two dimensions"),
        (npz(mask=np.ones(3)), "is an NPZ without a plain array of two dimensions"),
        (npz(mask=np.ones((0, 3))), "has 3 x 0 pixels, not 1 to 80000000"),
        (npz(a=MASK, b=MASK), "is an NPZ without an array 'mask'"),
        (zipped("mask.npy", b"cos\nsystem\n(S'ls'\ntR."), "is an NPZ without a plain array"),
        (
            zipped("mask.npy", npy("{'descr': '|u1', 'fortran_order': False, 'shape': (99999, 99999), }")),
            "has 99999 x 99999 pixels, not 1 to 80000000",
        ),
        (
            zipped("mask.npy", npy("{'descr': '|u1', 'fortran_order': False, 'shape': (9, 9), }", b"1")),
            "is an NPZ whose array has not the 81 bytes that it declares",
        ),
        (
            zipped("mask.npy", npy("{'descr': '|u1', 'fortran_order': False, 'shape': (1, 1), }", bytes(9))),
            "is an NPZ whose array has not the 1 bytes that it declares",
        ),
        (bytes(17 << 20), "has more than 16 MiB"),
        (png(Image.new("1", (9_000, 9_000))), "has 9000 x 9000 pixels, not 1 to 80000000"),
        (png(Image.fromarray(MASK))[:40], "is a damaged PNG: "),
    ],
)
def test_files_that_are_no_masks(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "mask").write_bytes(content)
    with pytest.raises(UnusableFile) as caught:
        read_mask(tmp_path / "mask")
    assert str(caught.value).startswith(reason)


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    header = npy("{'descr': '|u1', 'fortran_order': False, 'shape': (9, 9), }")
    (tmp_path / "mask").write_bytes(zipped("mask.npy", header + bytes(1 << 26)))
    with pytest.raises(UnusableFile, match=r"^is an NPZ whose array has not the 81 bytes that it declares$"):
        read_mask(tmp_path / "mask")
