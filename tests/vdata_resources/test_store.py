"""The store's promises to one process: names, versions, rejection, pruning, reuse, damage, moving."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from store_content import artifact, assert_whole, fingerprint, held_number, names, publish, write

from vdata_resources.store import Artifact, DamagedVersion, Draft, NotPublished, Store

BAD_NAMES = {
    "empty": "",
    "slash": "pets/cats",
    "parent": "..",
    "two dots": "a..b",
    "hidden": ".lock",
    "here": ".",
    "backslash": "a\\b",
    "null": "a\0b",
    "newline": "a\nb",
    "long": "é" * 101,
}


@pytest.mark.parametrize("name", BAD_NAMES.values(), ids=BAD_NAMES.keys())
@pytest.mark.parametrize("kind", ["dataset", "asset", "partition"])
def test_a_name_that_cannot_be_a_folder_is_refused(tmp_path: Path, kind: str, name: str) -> None:
    parts = {"dataset": "pets", "asset": "catalog", "partition": "cat"} | {kind: name}
    with pytest.raises(
        ValueError, match=r"use 1 to 200 bytes, no leading dot, no '\.\.', no slash"
    ) as caught:
        Store(tmp_path).artifact(**parts)
    assert str(caught.value).startswith(f"{kind} {name!r} cannot be a folder name: ")


@pytest.mark.parametrize("name", ["versions", "rejected", "current", "scratch"])
def test_a_partition_cannot_be_named_as_the_folders_of_the_store(tmp_path: Path, name: str) -> None:
    folders = "current, rejected, scratch, versions"
    with pytest.raises(ValueError, match=f"is one of the store's own folders: {folders}"):
        Store(tmp_path).artifact("pets", "catalog", name)


@given(st.text(max_size=220))
def test_any_accepted_name_is_one_folder_just_below(name: str) -> None:
    root = Path("/home")
    try:
        folder = Store(root).artifact("pets", "catalog", name).folder
    except ValueError:
        return
    assert Path(os.path.normpath(folder)) == folder
    assert folder.parent == root / "pets" / "catalog"
    assert 0 < len(os.fsencode(name)) <= 200


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"keep": 0}, "keep 0 is below 1: the current version is always kept"),
        ({"lock_timeout": -1}, "lock_timeout -1 is below 0 seconds"),
    ],
    ids=["keep", "lock_timeout"],
)
def test_settings_are_checked(tmp_path: Path, settings: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        Store(tmp_path, **settings)


@pytest.mark.parametrize("bad", ["", "abc", "0123456G", "ABCDEF01", "../0123456", "0123456\n"])
def test_a_fingerprint_is_a_hexadecimal_digest(tmp_path: Path, bad: str) -> None:
    with pytest.raises(ValueError, match="is not a lower-case hexadecimal digest of 8 digits or more"):
        artifact(tmp_path).draft(bad).__enter__()
    with pytest.raises(ValueError, match="is not a lower-case hexadecimal digest of 8 digits or more"):
        artifact(tmp_path).reusable(bad)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("partition", "message"),
    [
        ("cat", "pets/retrieval, partition cat, is not published: materialize it first"),
        (None, "pets/retrieval is not published: materialize it first"),
    ],
)
def test_reading_what_is_not_published_names_it(tmp_path: Path, partition: str | None, message: str) -> None:
    missing = Store(tmp_path).artifact("pets", "retrieval", partition)
    assert missing.current() is None
    assert missing.reusable(fingerprint(1)) is None
    with pytest.raises(NotPublished, match=f"^{message}$"), missing.reading():
        pass
    assert names(tmp_path) == [], "reading creates nothing"


def test_a_published_version_is_read_back(tmp_path: Path) -> None:
    target = artifact(tmp_path)
    version = publish(target, 7)
    assert version.id == f"000001-{fingerprint(7)[:8]}"
    assert version.path == target.folder / "versions" / version.id
    assert target.current() == version
    with target.reading() as held:
        assert held == version
        assert assert_whole(held) == 7
    assert os.readlink(target.folder / "current") == f"versions/{version.id}"
    assert names(target.folder) == [".lock", "current", "versions"]


@pytest.mark.parametrize("name", ["absent", "/etc/passwd", "../manifest.json", "images", "manifest.json"])
def test_only_the_manifest_s_files_are_given_out(tmp_path: Path, name: str) -> None:
    version = publish(artifact(tmp_path), 1)
    with pytest.raises(FileNotFoundError) as caught:
        version.file(name)
    assert (
        str(caught.value) == f"no file {name!r} in {version.path}, only images/a.txt, images/b.txt, rows.txt"
    )


def test_ids_count_published_and_rejected_versions_together(tmp_path: Path) -> None:
    target = artifact(tmp_path)
    publish(target, 1)
    with target.draft(fingerprint(2)) as draft:
        rejected = draft.reject({})
    assert rejected == target.folder / "rejected" / f"000002-{fingerprint(2)[:8]}"
    assert publish(target, 3).id == f"000003-{fingerprint(3)[:8]}"


def test_a_rejected_draft_is_kept_with_its_report(tmp_path: Path) -> None:
    target = artifact(tmp_path)
    publish(target, 1)
    with target.draft(fingerprint(2)) as draft:
        write(draft, 2)
        candidate = draft.reject({"findings": ["leak"]})
    assert names(candidate) == ["images", "report.json", "rows.txt"]
    assert json.loads((candidate / "report.json").read_text()) == {"findings": ["leak"]}
    assert held_number(target) == 1


def test_a_report_of_the_caller_is_not_overwritten(tmp_path: Path) -> None:
    with artifact(tmp_path).draft(fingerprint(1)) as draft:
        (draft.path / "report.json").write_text("mine")
        with pytest.raises(
            ValueError, match=r"^a rejected draft cannot hold a report.json, the store writes"
        ):
            draft.reject({})


@pytest.mark.parametrize("keep", [1, 3])
def test_old_versions_are_pruned(tmp_path: Path, keep: int) -> None:
    target = artifact(tmp_path, keep=keep)
    for number in range(1, 6):
        publish(target, number)
    for number in range(6, 11):
        with target.draft(fingerprint(number)) as draft:
            draft.reject({})
    assert [name[:6] for name in names(target.folder / "versions")] == [f"{n:06}" for n in range(6 - keep, 6)]
    assert [name[:6] for name in names(target.folder / "rejected")] == [
        f"{n:06}" for n in range(11 - keep, 11)
    ]
    assert held_number(target) == 5


def _publish(draft: Draft) -> None:
    draft.publish({"number": 1}, {})


def _reject(draft: Draft) -> None:
    draft.reject({})


@pytest.mark.parametrize("again", [_publish, _reject])
@pytest.mark.parametrize("first", [_publish, _reject])
def test_a_draft_ends_once(
    tmp_path: Path, first: Callable[[Draft], None], again: Callable[[Draft], None]
) -> None:
    closed = f"^draft 000001-{fingerprint(1)[:8]} is closed: it was published, rejected or abandoned before$"
    with artifact(tmp_path).draft(fingerprint(1)) as draft:
        first(draft)
        with pytest.raises(RuntimeError, match=closed):
            again(draft)
    with pytest.raises(RuntimeError, match=closed):
        again(draft)


def _fail_in_draft(target: Artifact, act: Callable[[Draft], None]) -> None:
    with target.draft(fingerprint(1)) as draft:
        write(draft, 1)
        act(draft)
        raise ZeroDivisionError


def test_an_abandoned_draft_is_deleted(tmp_path: Path) -> None:
    target = artifact(tmp_path)
    with target.draft(fingerprint(1)) as draft:
        write(draft, 1)
    assert not draft.path.exists()
    with pytest.raises(ZeroDivisionError):
        _fail_in_draft(target, lambda draft: None)
    assert names(target.folder / "versions") == []
    assert target.current() is None


@pytest.mark.parametrize(("end", "kept"), [(_publish, "versions"), (_reject, "rejected")])
def test_a_failure_after_the_end_of_a_draft_changes_nothing(
    tmp_path: Path, end: Callable[[Draft], None], kept: str
) -> None:
    target = artifact(tmp_path)
    with pytest.raises(ZeroDivisionError):
        _fail_in_draft(target, end)
    assert names(target.folder / kept) == [f"000001-{fingerprint(1)[:8]}"]
    assert (target.current() is not None) is (end is _publish)


def _shorten(folder: Path) -> None:
    (folder / "rows.txt").write_text("1\n")


def _remove_file(folder: Path) -> None:
    (folder / "images/b.txt").unlink()


def _spoil_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_text('{"fingerprint": ')


def _remove_version(folder: Path) -> None:
    shutil.rmtree(folder)


def test_the_same_inputs_are_recognised(tmp_path: Path) -> None:
    target = artifact(tmp_path)
    version = publish(target, 1)
    assert target.reusable(fingerprint(1)) == version
    assert target.reusable(fingerprint(2)) is None
    publish(target, 2)
    assert target.reusable(fingerprint(1)) is None, "only the current version is reused"


@pytest.mark.parametrize("harm", [_shorten, _remove_file, _spoil_manifest, _remove_version])
def test_a_damaged_version_is_not_reused_and_is_mended(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    target = artifact(tmp_path)
    harm(publish(target, 1).path)
    assert target.reusable(fingerprint(1)) is None
    publish(target, 1)
    assert held_number(target) == 1


def _current_is_a_folder(folder: Path) -> None:
    (folder / "current").unlink()
    (folder / "current").mkdir()


def _current_points_elsewhere(folder: Path) -> None:
    (folder / "current").unlink()
    (folder / "current").symlink_to("/etc")


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda folder: _spoil_manifest(folder / "current"), r"manifest.json is damaged \(Expecting value"),
        (lambda folder: shutil.rmtree(folder / "versions"), "was removed: materialize it again$"),
        (_current_is_a_folder, "current is not a link: remove it, then materialize again$"),
        (_current_points_elsewhere, "current points to /etc, not to versions/<id>: remove it, then mat"),
    ],
    ids=["manifest", "removed", "folder", "elsewhere"],
)
def test_damage_is_told_to_readers(tmp_path: Path, harm: Callable[[Path], None], message: str) -> None:
    target = artifact(tmp_path)
    publish(target, 1)
    harm(target.folder)
    with pytest.raises(DamagedVersion, match=message):
        target.current()
    with pytest.raises(DamagedVersion, match=message), target.reading():
        pass


def test_published_partitions_are_listed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.partitions("pets", "retrieval") == []
    for name in ("dog", "cat", "pet animal"):
        publish(store.artifact("pets", "retrieval", name), 1)
    publish(store.artifact("pets", "retrieval"), 1)
    with store.artifact("pets", "retrieval", "fish").draft(fingerprint(1)) as draft:
        draft.reject({})
    (tmp_path / "pets" / "retrieval" / "note.txt").write_text("")
    assert store.partitions("pets", "retrieval") == ["cat", "dog", "pet animal"]


def test_the_store_can_be_moved(tmp_path: Path) -> None:
    publish(artifact(tmp_path / "old"), 1)
    publish(artifact(tmp_path / "old"), 2)
    (tmp_path / "old").rename(tmp_path / "new")
    assert held_number(artifact(tmp_path / "new")) == 2
    shutil.copytree(tmp_path / "new", tmp_path / "copy", symlinks=True)
    publish(artifact(tmp_path / "copy"), 3)
    assert (held_number(artifact(tmp_path / "new")), held_number(artifact(tmp_path / "copy"))) == (2, 3)
