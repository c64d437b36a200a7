"""What a published version holds: its manifest, its digest, which files, and that they are on the disk."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from store_content import artifact, fingerprint, held_number, names, publish, write

from vdata_resources.store import Artifact


def test_an_empty_draft_is_published_as_its_metadata(tmp_path: Path) -> None:
    digests = set()
    for listing in ("a", "b"):
        with artifact(tmp_path).draft(fingerprint(1)) as draft:
            version = draft.publish({"listing": listing}, {})
        assert (version.files, version.metadata) == ({}, {"listing": listing})
        digests.add(version.digest)
    assert len(digests) == 2
    with pytest.raises(FileNotFoundError, match="only metadata"):
        version.file("rows.txt")


def _publish_parts(target: Artifact, order: list[str], metadata: dict[str, object]) -> bytes:
    with target.draft(fingerprint(1)) as draft:
        for name in order:
            path = draft.path / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(name.rpartition("/")[2])
        return (draft.publish(metadata, {"ok": True}).path / "manifest.json").read_bytes()


def test_the_manifest_depends_on_content_alone(tmp_path: Path) -> None:
    first = _publish_parts(artifact(tmp_path / "one"), ["b", "a", "sub/ü"], {"x": 1, "y": [2.5, None]})
    publish(artifact(tmp_path / "two"), 5)
    second = _publish_parts(artifact(tmp_path / "two"), ["sub/ü", "a", "b"], {"y": (2.5, None), "x": 1})
    assert first == second
    assert json.loads(first) == {
        "fingerprint": fingerprint(1),
        "digest": "d9e35bfd527d205dea51778e9429fdd6",
        "files": {
            "a": {"bytes": 1, "xxh3_128": "a96faf705af16834e6c632b61e964e1f"},
            "b": {"bytes": 1, "xxh3_128": "4b2212e31ac97fd4575a0b1c44d8843f"},
            "sub/ü": {"bytes": 2, "xxh3_128": "1ff1d08eb72983a65da81d070ce09f6e"},
        },
        "metadata": {"x": 1, "y": [2.5, None]},
        "report": {"ok": True},
    }


@pytest.mark.parametrize(
    ("order", "metadata", "same"),
    [
        (["a", "b"], {"seconds": 2}, True),
        (["a", "c"], {"seconds": 1}, False),
        (["a", "sub/b"], {"seconds": 1}, False),
        (["a"], {"seconds": 1}, False),
    ],
    ids=["metadata does not count", "renamed", "moved", "missing"],
)
def test_the_digest_is_of_the_files(
    tmp_path: Path, order: list[str], metadata: dict[str, object], same: bool
) -> None:
    digests = [
        json.loads(_publish_parts(artifact(tmp_path), *content))["digest"]
        for content in ((["a", "b"], {"seconds": 1}), (order, metadata))
    ]
    assert (digests[0] == digests[1]) is same


def test_names_and_texts_that_are_not_utf_8_survive(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.txt")
    with artifact(tmp_path).draft(fingerprint(1)) as draft:
        (draft.path / name).write_text("x")
        draft.publish({"first": name}, {"note": "Käse"})
    with artifact(tmp_path).reading() as version:
        assert version.file(name).read_text() == "x"
        assert (version.metadata, version.report) == ({"first": name}, {"note": "Käse"})
    text = (version.path / "manifest.json").read_text(encoding="utf-8")
    assert "Käse" in text
    assert r'"caf\udce9.txt"' in text


def _link_to_file(folder: Path) -> None:
    (folder / "link").symlink_to(folder / "rows.txt")


def _link_to_folder(folder: Path) -> None:
    (folder / "images" / "link").symlink_to("..")


def _dangling_link(folder: Path) -> None:
    (folder / "link").symlink_to("nowhere")


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe")


def _manifest(folder: Path) -> None:
    (folder / "manifest.json").write_text("{}")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_link_to_file, "a draft cannot hold a symbolic link, 'link': write a copy of its target"),
        (_link_to_folder, "a draft cannot hold a symbolic link, 'images/link': write a copy of its target"),
        (_dangling_link, "a draft cannot hold a symbolic link, 'link': write a copy of its target"),
        (_pipe, "a draft cannot hold 'pipe', which is neither file nor folder"),
        (_manifest, "a draft cannot hold a manifest.json, the store writes it: rename yours"),
    ],
)
def test_what_no_version_may_hold_is_refused(
    tmp_path: Path, spoil: Callable[[Path], None], message: str
) -> None:
    target = artifact(tmp_path)
    publish(target, 1)
    with target.draft(fingerprint(2)) as draft:
        write(draft, 2)
        spoil(draft.path)
        with pytest.raises(ValueError, match=f"^{message}$"):
            draft.publish({}, {})
    assert held_number(target) == 1
    assert names(target.folder / "versions") == [f"000001-{fingerprint(1)[:8]}"]


@pytest.mark.parametrize(
    ("metadata", "error"),
    [({"mean": float("nan")}, ValueError), ({"path": Path("x")}, TypeError)],
    ids=["not finite", "not JSON"],
)
def test_metadata_is_json(tmp_path: Path, metadata: dict[str, object], error: type[Exception]) -> None:
    target = artifact(tmp_path)
    with pytest.raises(error, match="JSON"), target.draft(fingerprint(1)) as draft:
        draft.publish(metadata, {})
    assert target.current() is None


def test_everything_is_on_the_disk_before_it_is_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = artifact(tmp_path)
    events: list[str] = []
    sync, replace = os.fsync, os.replace

    def spy_sync(descriptor: int) -> None:
        path = os.path.relpath(os.readlink(f"/proc/self/fd/{descriptor}"), target.folder)
        events.append(re.sub(r"(\.draft-\d{6}-[0-9a-f]{8})-[0-9a-f]{8}", r"\1", path))
        sync(descriptor)

    def spy_replace(source: Path, link: Path) -> None:
        events.append(f"publish {link.name}")
        replace(source, link)

    monkeypatch.setattr(os, "fsync", spy_sync)
    monkeypatch.setattr(os, "replace", spy_replace)
    version = publish(target, 1)
    draft = f"versions/.draft-{version.id}"
    above, written = events[:4], events[4:]
    assert above == ["../../..", "../..", "..", "."]
    assert sorted(written[:3]) == [f"{draft}/images/a.txt", f"{draft}/images/b.txt", f"{draft}/rows.txt"]
    assert written[3:] == [
        f"{draft}/manifest.json",
        f"{draft}/images",
        draft,
        "versions",
        "publish current",
        ".",
    ]


@pytest.mark.parametrize("count", [3, 100])
def test_every_file_is_synced_however_many_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    synced: set[str] = set()
    sync = os.fsync

    def spy(descriptor: int) -> None:
        synced.add(Path(os.readlink(f"/proc/self/fd/{descriptor}")).name)
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", spy)
    with artifact(tmp_path).draft(fingerprint(1)) as draft:
        for number in range(count):
            (draft.path / f"{number}.txt").write_text("x")
        draft.publish({}, {})
    assert {f"{number}.txt" for number in range(count)} < synced
