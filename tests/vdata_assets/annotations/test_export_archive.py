"""Export ZIPs: whole ones are read, hostile and damaged ones refused with a sentence that helps."""

import io
import os
import random
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
import xxhash
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vdata_assets.annotations import zip_directory
from vdata_assets.annotations.archive import open_archive
from vdata_assets.annotations.errors import BadExport
from vdata_assets.annotations.settings import ExportSettings

SETTINGS = ExportSettings()


def zipped(path: Path, entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def read_all(path: Path, limits: ExportSettings) -> dict[str, bytes]:
    with open_archive(path, limits) as archive:
        return {name: archive.read(name) for name in archive.names}


def refusal(path: Path, **limits: float) -> str:
    """Why a ZIP is refused, when it is opened or when all of it is read."""
    with pytest.raises(BadExport) as error:
        read_all(path, ExportSettings.model_validate(limits))
    assert error.value.reason == str(error.value)
    return error.value.reason


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED], ids=["stored", "deflated"])
def test_entries_are_read_as_they_were_written(tmp_path: Path, method: int) -> None:
    contents = {f"images/frame_{n:06d}.jpg": os.urandom(70_000) for n in range(20)} | {"empty": b""}
    path = zipped(tmp_path / "a.zip", contents, method)
    with open_archive(path, SETTINGS) as archive:
        assert list(archive.names) == list(contents)
        assert {name: archive.read(name) for name in archive.names} == contents
        assert {name: b"".join(archive.pieces(name)) for name in archive.names} == contents
        assert {name: archive.size(name) for name in archive.names} == {
            name: len(content) for name, content in contents.items()
        }
        copied = io.BytesIO()
        archive.copy("images/frame_000003.jpg", copied)
        assert copied.getvalue() == contents["images/frame_000003.jpg"]
        assert archive.digest == xxhash.xxh3_128_hexdigest(path.read_bytes())


def test_threads_read_at_once(tmp_path: Path) -> None:
    contents = {f"{n}": bytes([n]) * 50_000 + os.urandom(1000) for n in range(64)}
    path = zipped(tmp_path / "a.zip", contents)
    with open_archive(path, SETTINGS) as archive, ThreadPoolExecutor(8) as pool:
        assert list(pool.map(archive.read, list(archive.names) * 4)) == list(contents.values()) * 4


def test_folders_and_what_desktops_leave_are_no_entries(tmp_path: Path) -> None:
    names = ["images/", "images/1.jpg", "__MACOSX/._1.jpg", "images/.DS_Store", "a/__MACOSX/x", "Thumbs.db"]
    with open_archive(zipped(tmp_path / "a.zip", dict.fromkeys(names, b"")), SETTINGS) as archive:
        assert archive.names == ("images/1.jpg",)


def test_bytes_before_and_after_the_archive_do_no_harm(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"a": b"content"})
    path.write_bytes(b"#!/bin/sh\n" + path.read_bytes() + b"\n")
    with open_archive(path, SETTINGS) as archive:
        assert archive.read("a") == b"content"


def test_large_archives_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 100)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 2)
    contents = {f"{n}": os.urandom(500) for n in range(5)}
    path = zipped(tmp_path / "a.zip", contents)
    assert zip_directory.END_64_MARK in path.read_bytes()
    for prefix in (b"", b"before"):
        path.write_bytes(prefix + path.read_bytes())
        with open_archive(path, SETTINGS) as archive:
            assert {name: archive.read(name) for name in archive.names} == contents


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("../../etc/passwd", "leads out of the archive: pack it without '..' in names"),
        ("images/../../x.jpg", "leads out of the archive: pack it without '..' in names"),
        ("..", "leads out of the archive: pack it without '..' in names"),
        ("/etc/passwd", "has an absolute name: pack the archive with relative names"),
        ("C:/x.jpg", "has an absolute name: pack the archive with relative names"),
        ("c:x.jpg", "has an absolute name: pack the archive with relative names"),
        ("..\\x.jpg", "has a backslash in its name: pack the archive with forward slashes"),
        ("\\\\host\\x.jpg", "has a backslash in its name: pack the archive with forward slashes"),
        ("images//x.jpg", "has an empty or '.' folder in its name: pack the archive with plain names"),
        ("./x.jpg", "has an empty or '.' folder in its name: pack the archive with plain names"),
        ("a\nb", "has the control character U+000A in its name: rename it"),
        ("a\x1b[2Jb", "has the control character U+001B in its name: rename it"),
        ("a\u202egpj.exe", "has the control character U+202E in its name: rename it"),
        ("x" * 1025, "has a name of more than 1024 bytes: shorten it"),
    ],
)
def test_hostile_names_are_refused(tmp_path: Path, name: str, problem: str) -> None:
    path = zipped(tmp_path / "a.zip", {"annotations.json": b"{}", name: b"x"})
    assert refusal(path) == f"a.zip: entry {name!r} {problem}"


def test_a_name_that_a_nul_would_cut_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"frame_1.jpg~.exe": b"x"})
    path.write_bytes(path.read_bytes().replace(b".jpg~", b".jpg\0"))
    message = "a.zip: entry 'frame_1.jpg\\x00.exe' has the control character U+0000 in its name: rename it"
    assert refusal(path) == message


@pytest.mark.parametrize(
    ("mode", "problem"),
    [
        (stat.S_IFLNK | 0o777, "is a symbolic link: pack the file that it leads to"),
        (stat.S_IFIFO | 0o644, "is no regular file: pack the archive without it"),
        (stat.S_IFCHR | 0o644, "is no regular file: pack the archive without it"),
    ],
    ids=["link", "pipe", "device"],
)
def test_links_and_special_files_are_refused(tmp_path: Path, mode: int, problem: str) -> None:
    info = zipfile.ZipInfo("frame_000000.jpg")
    info.create_system, info.external_attr = 3, mode << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    assert refusal(tmp_path / "a.zip") == f"a.zip: entry 'frame_000000.jpg' {problem}"


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("images/a.jpg", "images/a.jpg"),
        ("a", "a"),
        ("images/a.jpg", "Images/A.JPG"),
        ("images/\u00e9.jpg", "images/e\u0301.jpg"),
    ],
    ids=["same", "one letter", "case", "normalisation"],
)
def test_duplicate_entries_are_refused(tmp_path: Path, one: str, other: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(one, "1")
        archive.writestr(other, "2")
    message = f"a.zip: entries {one!r} and {other!r} have the same name: keep one of them"
    assert refusal(tmp_path / "a.zip") == message


def test_a_bomb_by_ratio_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"frame_000000.jpg": bytes(2_000_000)})
    packed = zipfile.ZipFile(path).infolist()[0].compress_size
    message = (
        f"a.zip: entry 'frame_000000.jpg' unpacks from {packed} to 2000000 bytes, more than 200 times: "
        "it is taken for a bomb; raise max_ratio if it is none"
    )
    assert refusal(path) == message
    with open_archive(path, ExportSettings(max_ratio=2000)) as archive:
        assert archive.read("frame_000000.jpg") == bytes(2_000_000)


def test_small_entries_may_shrink_as_they_like(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"annotations.json": bytes(1_000_000)})
    with open_archive(path, SETTINGS) as archive:
        assert archive.read("annotations.json") == bytes(1_000_000)


def test_total_size_is_limited(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"a": bytes(600), "b": bytes(600)})
    message = (
        "a.zip unpacks to 1200 bytes, more than the 1000 of max_total_bytes: "
        "raise it if the archive is meant to be so large"
    )
    assert refusal(path, max_total_bytes=1000) == message


def test_the_number_of_entries_is_limited(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {f"{n}": b"" for n in range(11)})
    assert refusal(path, max_entries=10) == "a.zip has more than 10 entries: raise max_entries, or split it"
    with open_archive(path, ExportSettings(max_entries=11)) as archive:
        assert len(archive.names) == 11


def test_a_directory_out_of_proportion_is_not_read(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"x" * 5000: b""})
    size = len(path.read_bytes()) - 5000 - 30 - 2 - zip_directory.END.size
    message = f"a.zip: its directory has {size} bytes, too many for 1 entries: raise max_entries"
    assert refusal(path, max_entries=1) == message


def test_entries_that_share_bytes_are_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"a": b"x" * 100, "b": b"y" * 100}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    second = data.rfind(zip_directory.CENTRAL_MARK)
    data[second + 42 : second + 46] = struct.pack("<L", 10)  # where b starts: inside a
    path.write_bytes(data)
    assert refusal(path) == (
        "a.zip: entry 'a' overlaps what follows it: the archive is damaged or a bomb; export it again"
    )


def patched(path: Path, field: int, value: bytes, *, header: bytes = zip_directory.CENTRAL_MARK) -> Path:
    """Overwrite a field of the first entry's directory record (or of another header)."""
    data = bytearray(path.read_bytes())
    at = data.find(header) + field
    data[at : at + len(value)] = value
    path.write_bytes(data)
    return path


CONTENT = b"abc" * 1000
DEFLATER = zlib.compressobj(wbits=-zlib.MAX_WBITS)
PACKED = DEFLATER.compress(CONTENT) + DEFLATER.flush()
HALF = len(PACKED) // 2
UNPACKED = len(zlib.decompressobj(-zlib.MAX_WBITS).decompress(PACKED[:HALF]))
CENTRAL_FLAGS, CENTRAL_METHOD, CENTRAL_CRC, CENTRAL_PACKED, CENTRAL_SIZE = 8, 10, 16, 20, 24


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        (CENTRAL_FLAGS, b"\x01\0", "is encrypted: pack the archive without a password"),
        (CENTRAL_FLAGS, b"\x40\0", "is encrypted: pack the archive without a password"),
        (
            CENTRAL_METHOD,
            b"\x0c\0",
            "is packed with bzip2: pack the archive with deflate, as ZIP tools do by default",
        ),
        (
            CENTRAL_METHOD,
            b"\x63\0",
            "is packed with method 99: pack the archive with deflate, as ZIP tools do by default",
        ),
        (
            CENTRAL_METHOD,
            b"\0\0",
            f"declares 3000 bytes and holds {len(PACKED)}: the archive is damaged; export it again",
        ),
        (
            CENTRAL_CRC,
            b"\0\0\0\0",
            f"has the CRC {zlib.crc32(CONTENT):08x}, not 00000000 as it declares; "
            "copy or export the ZIP again",
        ),
        (
            CENTRAL_SIZE,
            struct.pack("<L", 2999),
            "unpacks to more than the 2999 bytes it declares; copy or export the ZIP again",
        ),
        (
            CENTRAL_SIZE,
            struct.pack("<L", 3001),
            "unpacks to 3000 of the 3001 bytes it declares; copy or export the ZIP again",
        ),
        (
            CENTRAL_PACKED,
            struct.pack("<L", HALF),
            f"unpacks to {UNPACKED} of the 3000 bytes it declares; copy or export the ZIP again",
        ),
    ],
    ids=["encrypted", "strongly", "bzip2", "unknown", "stored", "CRC", "larger", "smaller", "cut"],
)
def test_entries_that_cannot_be_read_are_refused(
    tmp_path: Path, field: int, value: bytes, problem: str
) -> None:
    path = patched(zipped(tmp_path / "a.zip", {"a.jpg": CONTENT}), field, value)
    assert refusal(path) == f"a.zip: entry 'a.jpg' {problem}"


def test_a_bomb_whose_directory_lies_is_never_unpacked_further_than_declared(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"a.jpg": bytes(50_000_000)})
    patched(path, CENTRAL_SIZE, struct.pack("<L", 1000))
    with open_archive(path, SETTINGS) as archive:
        for read in (archive.read, lambda name: b"".join(archive.pieces(name))):
            with pytest.raises(BadExport, match="unpacks to more than the 1000 bytes it declares"):
                read("a.jpg")


def test_a_flipped_bit_is_found(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"a.jpg": b"abcdefgh"}, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"abcdefgh", b"abcdeFgh"))
    assert "has the CRC" in refusal(path)


def test_an_entry_that_is_not_deflated_is_damaged(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"a.jpg": os.urandom(100)})
    patched(path, 30 + len("a.jpg"), b"\xff" * 8, header=zip_directory.LOCAL_MARK)
    message = "a.zip: entry 'a.jpg' cannot be unpacked: it is damaged; copy or export the ZIP again"
    assert refusal(path) == message


def test_the_two_names_of_an_entry_agree(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"a.jpg": b"x"})
    patched(path, 30, b"b", header=zip_directory.LOCAL_MARK)
    assert refusal(path) == (
        "a.zip: entry 'a.jpg' has another name in its own header than in the directory; "
        "copy or export the ZIP again"
    )


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty: it is still being written, or was not copied; copy it again"),
        (
            b"\x89PNG\r\n",
            "is no ZIP archive (it starts with 89 50 4e 47): drop the ZIP that the tool exported",
        ),
        (
            b"PK\x03\x04 and so on",
            "has no end: it is truncated or still being written; copy it again, whole",
        ),
    ],
    ids=["empty", "PNG", "cut off"],
)
def test_files_that_are_no_archive_are_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(content)
    assert refusal(path) == f"a.zip {problem}"


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"a": b"x"})
    with (
        pytest.raises(
            BadExport,
            match=r"^a\.zip changed while it was read: it is still being written; wait, then retry$",
        ),
        open_archive(path, SETTINGS),
        path.open("ab") as file,
    ):
        file.write(b"more")


def test_another_part_of_an_archive_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"a": b"x"})
    patched(path, 4, b"\1\0", header=zip_directory.END_MARK)
    assert refusal(path) == "a.zip is one part of several: join them to one ZIP"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    contents = {"annotations.json": b'{"a": [1, 2]}' * 20, "images/frame_000000.jpg": os.urandom(300)}
    return zipped(tmp_path_factory.mktemp("whole") / "a.zip", contents)


@pytest.mark.parametrize("share", [0.01, 0.3, 0.7, 0.99])
def test_a_truncated_archive_is_refused_wherever_it_is_cut(whole: Path, tmp_path: Path, share: float) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * share)])
    assert refusal(path).startswith("a.zip has no end: it is truncated or still being written")


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_damage_anywhere_is_refused_or_harmless(whole: Path, tmp_path: Path, seed: int) -> None:
    """Bytes changed, cut out or doubled: content that is returned is what was packed."""
    data = bytearray(whole.read_bytes())
    with zipfile.ZipFile(whole) as archive:
        contents = {archive.read(name) for name in archive.namelist()}
    random_of = random.Random(seed)
    for _ in range(random_of.randint(1, 4)):
        at, length = random_of.randrange(len(data)), random_of.randint(1, 8)
        data[at : at + length] = random_of.choice([random_of.randbytes(length), b"", bytes(length)])
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    with suppress(BadExport):
        assert contents.issuperset(read_all(path, SETTINGS).values())


@pytest.mark.parametrize("folder", ["sam2-export", "sam2-export-genuine"])
def test_real_exports_are_read_as_the_standard_library_reads_them(
    test_data: Callable[[str], Path], folder: str
) -> None:
    for path in sorted(test_data(folder).glob("*.zip")):
        with open_archive(path, SETTINGS) as archive, zipfile.ZipFile(path) as reference:
            assert list(archive.names) == reference.namelist()
            assert all(archive.read(name) == reference.read(name) for name in archive.names)
