"""The walk: what counts as an image file, where links lead, and the data version."""

import os
import re
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from vdata_assets.catalog.listing import display, list_files, listing_digest

Plant = Callable[..., Path]


def found(root: Path) -> dict[str, str | None]:
    """Every image file's path and, where it is refused, why."""
    listing = list_files(root)
    images = {folder.prefix + name: None for folder in listing.folders for name in folder.images}
    refused = {folder.prefix + name: why for folder in listing.folders for name, why in folder.refused}
    return {display(path): why for path, why in sorted({**images, **refused}.items())}


IMAGE_NAMES = ["1.jpg", "1.jpeg", "1.png", "1.bmp", "1.webp", "1.tiff", "1.tif", "1.gif", "1.JPG", "1.TiF"]
ODD_NAMES = ["a.b.png", "猫.png", "é.png", "-rf.png", "jpg.jpg", "with space.png", "with\nnewline.png"]
OTHER_FILES = ["SOURCE.txt", "bag/labels.json", "bag/a/Thumbs.db", "bag/a/jpg", "bag/a/1.jpg.part"]
HIDDEN_FILES = ["bag/a/.1.jpg", ".cache/a/1.jpg", "bag/.git/1.jpg", "__MACOSX/a/1.jpg", "bag/a/._1.jpg"]
BACK = "a linked folder that leads back to a folder above it is not followed: remove the link"
OUT = "a linked folder that leaves the root is not followed: copy the folder into the root"


@pytest.mark.parametrize("name", [*IMAGE_NAMES, *ODD_NAMES])
def test_image_files_are_found_by_extension(plant: Plant, name: str) -> None:
    assert found(plant({f"bag/a/{name}": b""})) == {f"bag/a/{name}": None}


@pytest.mark.parametrize("path", [*OTHER_FILES, *HIDDEN_FILES])
def test_other_and_hidden_files_are_counted(plant: Plant, path: str) -> None:
    root = plant({"bag/a/1.png": 1, path: b"x"})
    assert found(root) == {"bag/a/1.png": None}
    assert list_files(root).other_files == 1


def test_a_link_inside_the_root_is_followed(plant: Plant) -> None:
    root = plant({"bag/a/1.png": 1})
    (root / "bag" / "a" / "2.png").symlink_to("1.png")
    (root / "cup").symlink_to("bag")
    assert found(root) == {f"{top}/a/{n}.png": None for top in ("bag", "cup") for n in (1, 2)}


def test_a_link_that_cannot_be_opened_is_refused(plant: Plant, tmp_path: Path) -> None:
    root = plant({"bag/a/1.png": 1})
    plant({"2.png": 2}, root="rootless")  # begins with the root's name, lies beside it
    (root / "bag/a/out.png").symlink_to(tmp_path / "rootless" / "2.png")
    (root / "bag/a/nowhere.png").symlink_to("missing.png")
    (root / "bag/a/self.png").symlink_to("self.png")
    assert found(root) == {
        "bag/a/1.png": None,
        "bag/a/nowhere.png": "a link that leads nowhere",
        "bag/a/out.png": "a link that leaves the root",
        "bag/a/self.png": "a link that leads nowhere",
    }


def test_what_would_block_its_reader_is_refused(plant: Plant) -> None:
    root = plant({"bag/a/1.png": 1})
    os.mkfifo(root / "bag/a/pipe.jpg")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(root / "bag/a/socket.jpg"))
    assert found(root) == {
        "bag/a/1.png": None,
        "bag/a/pipe.jpg": "not a regular file",
        "bag/a/socket.jpg": "not a regular file",
    }


@pytest.mark.parametrize("path", [b"bag/a/\xff.png", b"bag/\xff/1.png", b"\xff/a/1.png"])
def test_a_path_that_is_not_utf8_is_refused(plant: Plant, path: bytes) -> None:
    root = plant({"bag/a/1.png": 1})
    file = os.path.join(os.fsencode(root), path)
    os.makedirs(os.path.dirname(file), exist_ok=True)
    Path(os.fsdecode(file)).write_bytes(b"x")
    shown = path.decode("utf-8", "backslashreplace")
    assert found(root)[shown] == "its path is not UTF-8"
    assert len(listing_digest(root)) == 32


@pytest.mark.parametrize(
    ("links", "problems"),
    [
        pytest.param(
            {"bag/up": ".."},
            {"bag/up": BACK},
            id="to the root",
        ),
        pytest.param(
            {"bag/a/here": "."},
            {"bag/a/here": BACK},
            id="to itself",
        ),
        pytest.param(
            {"bag/to_cup": "../cup", "cup/to_bag": "../bag"},
            dict.fromkeys(
                ("bag/to_cup/to_bag", "cup/to_bag/to_cup"),
                BACK,
            ),
            id="to each other",
        ),
        pytest.param(
            {"bag/out": "/usr"},
            {"bag/out": OUT},
            id="out of the root",
        ),
        pytest.param(
            {"bag/a/b/c/d": "../../../../cup"},
            {"bag/a/b/c/d": "a linked folder this deep is in no layout and is not followed: remove the link"},
            id="too deep",
        ),
    ],
)
def test_links_to_folders_never_hang(plant: Plant, links: dict[str, str], problems: dict[str, str]) -> None:
    root = plant({"bag/a/1.png": 1, "bag/a/b/c/2.png": 2, "cup/a/1.png": 3})
    for path, target in links.items():
        (root / path).symlink_to(target)
    assert dict(list_files(root).problems) == problems


WANTED = "set it to the folder that holds the images as <category>/<concept>/"


@pytest.mark.parametrize("function", [list_files, listing_digest])
@pytest.mark.parametrize(("name", "fault"), [("photos", "does not exist"), ("1.png", "is a file")])
def test_a_root_that_is_none_is_named(
    plant: Plant, function: Callable[[Path], object], name: str, fault: str
) -> None:
    root = plant({"1.png": 1}) / name
    with pytest.raises(ValueError, match=f"^{re.escape(f'root: {root} {fault}: {WANTED}')}$"):
        function(root)


def test_the_digest_is_that_of_the_listing_not_of_its_order(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = plant({f"c{n % 3}/a/{n}.png": n for n in range(30)})
    before = listing_digest(root)
    assert listing_digest(root) == before

    class Reversed:
        def __init__(self, path: str) -> None:
            self.entries = list(reversed(list(scandir(path))))

        def __enter__(self) -> "list[os.DirEntry[str]]":
            return self.entries

        def __exit__(self, *error: object) -> None:
            return None

    scandir = os.scandir
    monkeypatch.setattr("vdata_assets.catalog.listing.os.scandir", Reversed)
    assert listing_digest(root) == before


@pytest.mark.parametrize(
    ("change", "changes"),
    [
        pytest.param(lambda root: (root / "bag/a/3.png").write_bytes(b"x"), True, id="added"),
        pytest.param(lambda root: (root / "bag/a/1.png").unlink(), True, id="removed"),
        pytest.param(lambda root: (root / "bag/a/1.png").rename(root / "bag/a/9.png"), True, id="renamed"),
        pytest.param(lambda root: (root / "bag").rename(root / "sack"), True, id="category renamed"),
        pytest.param(lambda root: os.utime(root / "bag/a/1.png", ns=(0, 1)), True, id="time, one nanosecond"),
        pytest.param(lambda root: (root / "bag/out").symlink_to("/usr"), True, id="linked folder"),
        pytest.param(lambda root: (root / "bag/a/l.png").symlink_to("gone"), True, id="dead link"),
        pytest.param(lambda root: (root / "notes.txt").write_text("x"), False, id="other file"),
        pytest.param(lambda root: (root / ".DS_Store").write_text("x"), False, id="hidden file"),
        pytest.param(lambda root: (root / "empty").mkdir(), False, id="empty folder"),
        pytest.param(lambda root: (root / "bag/a/1.png").read_bytes(), False, id="read"),
        pytest.param(lambda root: (root / "bag/a/1.png").chmod(0o600), False, id="mode"),
    ],
)
def test_the_digest_changes_with_the_image_files_alone(
    plant: Plant, change: Callable[[Path], object], changes: bool
) -> None:
    root = plant({"bag/a/1.png": 1, "bag/a/2.png": 2})
    os.utime(root / "bag/a/1.png", ns=(0, 0))
    before = listing_digest(root)
    change(root)
    assert (listing_digest(root) != before) is changes
