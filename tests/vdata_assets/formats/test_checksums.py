"""Checksums as sha256sum reads and writes them."""

import hashlib
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from made_rows import told

from vdata_assets.formats.checksums import Digest, digests, verify_checksums, write_checksums
from vdata_assets.formats.problems import Problem

SHA_OF_ABC = hashlib.sha256(b"abc").hexdigest()
NAMES = ["b.txt", "a/x y.txt", "ü.txt", "back\\slash.txt", "new\nline.txt", "re\rturn", " lead", "é/*"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in NAMES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"abc")
    return tmp_path


def verified(folder: Path) -> tuple[int, list[str]]:
    problems: list[Problem] = []
    return verify_checksums(folder, problems.append), told(problems)


def test_sha256sum_checks_every_file(folder: Path) -> None:
    sha256sum = shutil.which("sha256sum")
    if sha256sum is None:
        pytest.skip("no sha256sum on this machine: install coreutils")
    assert write_checksums(folder).name == "checksums.sha256"
    checked = subprocess.run(
        [sha256sum, "--check", "--strict", "checksums.sha256"], cwd=folder, capture_output=True, check=True
    )
    assert checked.stdout.count(b": OK\n") == len(NAMES)
    assert verified(folder) == (len(NAMES), [])


def test_lines_are_sorted_and_escaped_as_sha256sum_does(folder: Path) -> None:
    text = write_checksums(folder).read_text(encoding="utf-8")
    assert f"\\{SHA_OF_ABC}  new\\nline.txt\n" in text
    assert f"\\{SHA_OF_ABC}  back\\\\slash.txt\n" in text
    assert f"{SHA_OF_ABC}  a/x y.txt\n" in text
    assert text.index("a/x y.txt") < text.index("b.txt")
    assert write_checksums(folder).read_text(encoding="utf-8") == text


def test_what_sha256sum_writes_is_verified(folder: Path) -> None:
    sha256sum = shutil.which("sha256sum")
    if sha256sum is None:
        pytest.skip("no sha256sum on this machine: install coreutils")
    said = subprocess.run([sha256sum, "--", *NAMES], cwd=folder, capture_output=True, check=True).stdout
    (folder / "checksums.sha256").write_bytes(said.replace(b"\n", b"\r\n"))
    assert verified(folder) == (len(NAMES), [])


def test_known_digests_are_not_computed_again(folder: Path) -> None:
    text = write_checksums(folder, {"b.txt": Digest("0" * 64, 3)}).read_text(encoding="utf-8")
    assert f"{'0' * 64}  b.txt\n" in text
    assert digests(folder)["b.txt"] == Digest(SHA_OF_ABC, 3)
    assert "checksums.sha256" not in digests(folder)


def change(text: str, by: str) -> Callable[[Path], object]:
    def write(folder: Path) -> None:
        file = folder / "checksums.sha256"
        file.write_text(file.read_text(encoding="utf-8").replace(text, by), encoding="utf-8")

    return write


def link(folder: Path) -> None:
    (folder / "b.txt").unlink()
    (folder / "b.txt").symlink_to("/etc/passwd")


LINE = "is 64 hex digits, two spaces and a path"
OUTSIDE = "is of a file in the folder: it is not opened"
BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "changed": (
        lambda folder: (folder / "b.txt").write_bytes(b"abd"),
        f"line: '{SHA_OF_ABC}  b.txt': is of a file with these bytes: "
        f"it has {hashlib.sha256(b'abd').hexdigest()}",
    ),
    "gone": (lambda folder: (folder / "b.txt").unlink(), "b.txt': is of a file that is there"),
    "not listed": (
        lambda folder: (folder / "new").write_bytes(b""),
        "checksums.sha256: files: 'new': is listed: write the checksums again",
    ),
    "short": (change(f"{SHA_OF_ABC}  b.txt", f"{SHA_OF_ABC[1:]}  b.txt"), LINE),
    "no hex": (change(f"{SHA_OF_ABC}  b.txt", f"{'g' * 64}  b.txt"), LINE),
    "outside": (change("  b.txt", "  ../b.txt"), OUTSIDE),
    "absolute": (change("  b.txt", "  /etc/passwd"), OUTSIDE),
    "a link outside": (link, OUTSIDE),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_what_does_not_agree_is_named(broken: str, folder: Path) -> None:
    write_checksums(folder)
    spoil, problem = BROKEN[broken]
    spoil(folder)
    count, problems = verified(folder)
    assert count == len(NAMES)
    assert problem in problems[0]
