"""Tar archives from anywhere: what is read of them, and what is a problem."""

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from made_rows import told

from vdata_assets.formats.problems import Problem
from vdata_assets.formats.tables.tar_members import MOST_HEADER_BYTES, members

Archive = tarfile.TarFile


def add(archive: Archive, name: str, content: bytes = b"abc", **header: object) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    for key, value in header.items():
        setattr(entry, key, value)
    archive.addfile(entry, io.BytesIO(content))


def read(file: Path) -> tuple[dict[str, bytes], list[str]]:
    problems: list[Problem] = []
    with file.open("rb") as source:
        found = {member.name: member.read(source) for member in members(source, file, problems.append)}
    return found, told(problems)


@pytest.mark.parametrize("kind", [tarfile.USTAR_FORMAT, tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_archives_of_every_kind_are_read(kind: int, tmp_path: Path) -> None:
    long = "x/" * 60 + "é.json" if kind != tarfile.USTAR_FORMAT else "a.json"
    with tarfile.open(tmp_path / "x.tar", "w", format=kind) as archive:
        add(archive, "dir", b"", type=tarfile.DIRTYPE)
        add(archive, long)
        add(archive, "b.json", b"")
        add(archive, "c.json", b"z" * 2000)
    assert read(tmp_path / "x.tar") == ({long: b"abc", "b.json": b"", "c.json": b"z" * 2000}, [])


def pax(**headers: str) -> Callable[[Archive], None]:
    return lambda archive: add(archive, "bad", pax_headers=headers)


def kind(type_: bytes) -> Callable[[Archive], None]:
    return lambda archive: add(archive, "bad", b"", type=type_, linkname="/etc/passwd")


def long_name(archive: Archive) -> None:
    add(archive, "././@LongLink", b"y" * (MOST_HEADER_BYTES + 1), type=tarfile.GNUTYPE_LONGNAME)
    add(archive, "bad")


TOO_LONG = f"is a header of at most {MOST_HEADER_BYTES} bytes; its file is left out"
SPARSE = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}
HOSTILE: dict[str, tuple[Callable[[Archive], None], str]] = {
    "absolute": (
        lambda archive: add(archive, "/bad"),
        "/bad: b'0': has to be relative to the dataset's folder; it is left out",
    ),
    "outside": (
        lambda archive: add(archive, "a/../../bad"),
        "a/../../bad: b'0': must not leave the dataset's folder with ..; it is left out",
    ),
    "outside by pax": (
        pax(path="../é"),
        "../é: b'0': must not leave the dataset's folder with ..; it is left out",
    ),
    "hard link": (kind(tarfile.LNKTYPE), "bad: '/etc/passwd': is a file, not a hard link; it is left out"),
    "symbolic link": (
        kind(tarfile.SYMTYPE),
        "bad: '/etc/passwd': is a file, not a symbolic link; it is left out",
    ),
    "device": (kind(tarfile.CHRTYPE), "bad: '/etc/passwd': is a file, not a device; it is left out"),
    "pipe": (kind(tarfile.FIFOTYPE), "bad: '/etc/passwd': is a file, not a pipe; it is left out"),
    "unknown": (kind(b"Z"), "bad: '/etc/passwd': is a file, not of an unknown kind; it is left out"),
    "sparse": (pax(**SPARSE), "bad: b'0': is a file, not a sparse file; it is left out"),
    "huge pax header": (
        pax(comment="y" * MOST_HEADER_BYTES),
        f"././@PaxHeader: {MOST_HEADER_BYTES + 15}: {TOO_LONG}",
    ),
    "huge name": (long_name, f"././@LongLink: {MOST_HEADER_BYTES + 1}: {TOO_LONG}"),
}


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_member_is_left_out_and_the_rest_is_read(hostile: str, tmp_path: Path) -> None:
    make, problem = HOSTILE[hostile]
    with tarfile.open(tmp_path / "x.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        add(archive, "a.json")
        make(archive)
        add(archive, "b.json")
    found, problems = read(tmp_path / "x.tar")
    assert found == {"a.json": b"abc", "b.json": b"abc"}
    assert problems == [f"x.tar: {problem}"]


def test_a_name_that_is_no_text_is_left_out(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar", "w", format=tarfile.GNU_FORMAT, encoding="latin-1") as archive:
        add(archive, "é.json")
    assert read(tmp_path / "x.tar") == ({}, ["x.tar: \ufffd.json: b'0': has a name in UTF-8; it is left out"])


def sound(file: Path) -> bytes:
    with tarfile.open(file, "w", format=tarfile.USTAR_FORMAT) as archive:
        add(archive, "a.json")
        add(archive, "b.json", b"x" * 9000)
    return file.read_bytes()


CUT = "is as long as its header says: the archive is cut, the rest is not read"
BROKEN: dict[str, tuple[Callable[[bytes], bytes], dict[str, bytes], list[str]]] = {
    "no end": (lambda whole: whole[:1024], {"a.json": b"abc"}, ["byte 1024: 'empty header'"]),
    "cut header": (lambda whole: whole[:1100], {"a.json": b"abc"}, ["byte 1024: 'truncated header'"]),
    "cut content": (lambda whole: whole[:1600], {"a.json": b"abc"}, [f"b.json: 9000: {CUT}"]),
    "checksum": (
        lambda whole: whole[:1024] + b"c" + whole[1025:],
        {"a.json": b"abc"},
        ["byte 1024: 'bad checksum'"],
    ),
    "no tar": (lambda whole: b"x" * 2000, {}, ["byte 0: 'invalid header'"]),
    "gzip": (lambda whole: b"\x1f\x8b" + whole, {}, [": 'gzip': is a plain tar archive: decompress it"]),
    "empty": (lambda whole: b"", {}, ["byte 0: 'empty header'"]),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_archive_ends_where_it_breaks(broken: str, tmp_path: Path) -> None:
    spoil, expected, problems = BROKEN[broken]
    file = tmp_path / "x.tar"
    file.write_bytes(spoil(sound(file)))
    found, said = read(file)
    assert found == expected
    assert [text[: len(f"x.tar: {problem}")] for text, problem in zip(said, problems, strict=True)] == [
        f"x.tar: {problem}" for problem in problems
    ]


def test_a_negative_size_ends_the_archive(tmp_path: Path) -> None:
    entry = tarfile.TarInfo("a.json")
    header = bytearray(entry.tobuf(tarfile.GNU_FORMAT))
    header[124:136] = b"\xff" * 12  # -1 in base 256
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    (tmp_path / "x.tar").write_bytes(bytes(header) + b"\0" * 1024)
    assert read(tmp_path / "x.tar") == ({}, [f"x.tar: a.json: -1: {CUT}"])
