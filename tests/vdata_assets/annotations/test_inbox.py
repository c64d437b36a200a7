"""Which ZIPs of the inbox are exports, which keys they get, and when they count as changed."""

import os
from pathlib import Path

import pytest

from vdata_assets.annotations.inbox import dropped_exports


def drop(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(name.encode())


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("bmx-trees.zip", "bmx-trees"),
        ("31e95181-6046-4ade-a792-a92b5027b88f.zip", "31e95181-6046-4ade-a792-a92b5027b88f"),
        ("Bmx Trees.zip", "bmx-trees-"),
        ("bmx-trees.ZIP", "bmx-trees-zip-"),
        ("当たり.zip", "category-"),
        ("versions.zip", "versions-"),
        (f"{'a' * 80}.zip", f"{'a' * 54}-"),
    ],
)
def test_a_key_is_the_name_if_that_is_a_slug_else_it_has_a_hash(tmp_path: Path, name: str, key: str) -> None:
    drop(tmp_path, name)
    (found,) = dropped_exports(tmp_path)
    assert found.startswith(key)
    assert len(found) == (len(key) + 8 if key.endswith("-") else len(key)) <= 63


def test_keys_are_unique_and_do_not_depend_on_what_else_is_there(tmp_path: Path) -> None:
    names = ["a b.zip", "A B.zip", "a-b.zip", "a b.ZIP", "a_b.zip"]
    alone = {}
    for name in names:
        (tmp_path / "alone").mkdir()
        drop(tmp_path / "alone", name)
        alone |= {key: export.path.name for key, export in dropped_exports(tmp_path / "alone").items()}
        (tmp_path / "alone" / name).unlink()
        (tmp_path / "alone").rmdir()
    (tmp_path / "all").mkdir()
    drop(tmp_path / "all", *names)
    together = {key: export.path.name for key, export in dropped_exports(tmp_path / "all").items()}
    assert together == alone
    assert sorted(together.values()) == sorted(names)


def test_only_visible_zip_files_are_exports(tmp_path: Path) -> None:
    drop(tmp_path, "one.zip", ".hidden.zip", "notes.txt", "one.mp4", "folder.zip/inner.txt")
    assert list(dropped_exports(tmp_path)) == ["one"]


def test_the_state_changes_with_the_zip_its_video_and_its_frames_and_with_nothing_else(
    tmp_path: Path,
) -> None:
    drop(tmp_path, "one.zip", "two.zip")
    states = [dropped_exports(tmp_path)["one"].state]

    def look() -> None:
        states.append(dropped_exports(tmp_path)["one"].state)

    look()
    drop(tmp_path, "two.mp4", "one-more.zip", "one.more.zip", "notes.txt")
    look()
    assert len(set(states)) == 1
    drop(tmp_path, "session_7.mp4")  # the export's video by its own name, for all that we know
    look()
    (tmp_path / "session_7.mp4").unlink()
    drop(tmp_path, "one.mp4")
    look()
    drop(tmp_path, "one.frames/frame_000000.jpg")
    look()
    os.utime(tmp_path / "one.zip", ns=(1, 1))
    look()
    assert len(set(states)) == 5


def test_an_export_with_pictures_of_its_own_heeds_no_other_video(tmp_path: Path) -> None:
    drop(tmp_path, "one.zip", "one.mp4")
    before = dropped_exports(tmp_path)["one"].state
    drop(tmp_path, "session_7.mp4", "videos/session_8.mov")
    assert dropped_exports(tmp_path)["one"].state == before


@pytest.mark.parametrize("exists", [False, True])
def test_an_inbox_that_cannot_be_listed_names_the_setting(tmp_path: Path, exists: bool) -> None:
    inbox = tmp_path / "inbox"
    if exists:
        inbox.touch()
    with pytest.raises(ValueError, match=r"root: the inbox .*inbox cannot be listed \(.*\): make the folder"):
        dropped_exports(inbox)


def test_an_empty_inbox_has_no_exports(tmp_path: Path) -> None:
    assert dropped_exports(tmp_path) == {}
