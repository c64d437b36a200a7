"""Files of a published version in the next one: linked, not copied, and never read again."""

import errno
import os
from pathlib import Path

import pytest
from store_content import artifact, fingerprint, publish

from vdata_resources.store import Artifact, Version


def published_text(target: Artifact, text: str) -> Version:
    with target.draft(fingerprint(1)) as draft:
        (draft.path / "a.txt").write_text(text)
        return draft.publish({}, {})


def linked(source: Version, target: Artifact, to: str = "kept/a.txt") -> Version:
    with target.draft(fingerprint(2)) as draft:
        draft.link(source, "a.txt", to)
        return draft.publish({}, {})


def test_a_link_is_the_same_file_and_has_the_same_record(tmp_path: Path) -> None:
    source = published_text(artifact(tmp_path / "one"), "content")
    version = linked(source, artifact(tmp_path / "two"))
    assert version.file("kept/a.txt").samefile(source.file("a.txt"))
    assert version.files["kept/a.txt"] == source.files["a.txt"]


def test_a_linked_file_is_not_read_again(tmp_path: Path, monkeypatch) -> None:
    source = published_text(artifact(tmp_path / "one"), "content")
    opened: list[str] = []
    read = Path.open
    monkeypatch.setattr(Path, "open", lambda self, *a, **k: opened.append(self.name) or read(self, *a, **k))
    linked(source, artifact(tmp_path / "two"))
    assert "a.txt" not in opened
    assert "manifest.json" in opened


def test_a_link_outlives_the_version_it_came_from(tmp_path: Path) -> None:
    one = artifact(tmp_path / "one")
    version = linked(published_text(one, "content"), artifact(tmp_path / "two"))
    for number in range(5):
        publish(one, number)
    assert version.file("kept/a.txt").read_text() == "content"
    assert version.missing_files() == []


@pytest.mark.parametrize("code", [errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP])
def test_where_there_can_be_no_link_there_is_a_copy(tmp_path: Path, monkeypatch, code: int) -> None:
    def refuse(source: Path, target: Path) -> None:
        raise OSError(code, os.strerror(code))

    source = published_text(artifact(tmp_path / "one"), "content")
    monkeypatch.setattr(os, "link", refuse)
    version = linked(source, artifact(tmp_path / "two"))
    assert not version.file("kept/a.txt").samefile(source.file("a.txt"))
    assert version.files["kept/a.txt"] == source.files["a.txt"]


def test_a_link_that_was_removed_again_is_not_in_the_manifest(tmp_path: Path) -> None:
    source = published_text(artifact(tmp_path / "one"), "content")
    with artifact(tmp_path / "two").draft(fingerprint(2)) as draft:
        draft.link(source, "a.txt", "a.txt")
        (draft.path / "a.txt").unlink()
        assert draft.publish({}, {}).files == {}


def test_a_name_that_the_version_lacks_and_one_that_is_taken_are_refused(tmp_path: Path) -> None:
    source = published_text(artifact(tmp_path / "one"), "content")
    with artifact(tmp_path / "two").draft(fingerprint(2)) as draft:
        with pytest.raises(FileNotFoundError, match=r"no file '\.\./secret'"):
            draft.link(source, "../secret", "a.txt")
        draft.link(source, "a.txt", "a.txt")
        with pytest.raises(FileExistsError):
            draft.link(source, "a.txt", "a.txt")
