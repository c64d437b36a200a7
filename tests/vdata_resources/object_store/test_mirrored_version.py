"""Reading versions from object storage: whole, checked, and nothing of what a bucket says is believed."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st
from mirror_content import FILES, number_of, publish
from s3_server import Keys

from vdata_resources.object_store import Mirror, MirroredVersion, ObjectStore
from vdata_resources.object_store.connection import connect
from vdata_resources.store import Artifact, DamagedVersion, NotPublished, Store

PART = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/\0"), min_size=1, max_size=20
)
NAME = st.lists(PART.filter(lambda part: part not in (".", "..")), min_size=1, max_size=3).map("/".join)


def mirrored(source: Artifact, mirror: Mirror, number: int = 1) -> MirroredVersion:
    mirror.publish(publish(source, number))
    current = mirror.current()
    assert current is not None
    return current


def folder_of(version: MirroredVersion, mirror: Mirror) -> str:
    return version.url.removeprefix(f"{mirror.url}/")


def test_a_version_is_fetched_as_it_was_published(tmp_path: Path, source: Artifact, mirror: Mirror) -> None:
    version = mirrored(source, mirror).fetch(tmp_path / "far" / "away")
    published = source.current()
    assert published is not None
    assert version.path == tmp_path / "far" / "away"
    assert (version.id, version.digest, version.files) == (published.id, published.digest, published.files)
    assert (version.metadata, version.report) == (published.metadata, published.report)
    for path in (published.path / name for name in (*FILES, "manifest.json")):
        assert (version.path / path.relative_to(published.path)).read_bytes() == path.read_bytes()
    assert {path.name for path in version.path.parent.iterdir()} == {"away", ".away.lock"}


@given(files=st.dictionaries(NAME, st.binary(max_size=50), max_size=4))
@settings(max_examples=6, deadline=None)
def test_names_and_contents_survive(s3: str, tmp_path_factory: pytest.TempPathFactory, files: Any) -> None:
    above = {"/".join(name.split("/")[:n]) for name in files for n in range(1, name.count("/") + 1)}
    files = {name: content for name, content in files.items() if name not in above | {"manifest.json"}}
    root = tmp_path_factory.mktemp("names")
    mirror = ObjectStore(f"s3://datasets{root}").artifact("pets", "retrieval", "cat")
    mirror.publish(publish(Store(root).artifact("pets", "retrieval"), 1, files))
    current = mirror.current()
    assert current is not None
    fetched = current.fetch(root / "fetched")
    assert {name: fetched.file(name).read_bytes() for name in fetched.files} == files
    assert {name: current.read(name) for name in current.files} == files


def test_parts_of_a_file_are_read(source: Artifact, mirror: Mirror) -> None:
    with mirrored(source, mirror).open("rows.txt") as file:
        file.seek(10)
        assert file.read(9) == b"rows of 1"


@pytest.mark.parametrize("name", ["absent", "../current", "/etc/passwd", "manifest.json"])
def test_only_the_manifest_s_files_are_given_out(source: Artifact, mirror: Mirror, name: str) -> None:
    version = mirrored(source, mirror)
    for read in (version.read, version.open):
        with pytest.raises(FileNotFoundError) as caught:
            read(name)
        assert str(caught.value) == (
            f"no file {name!r} in {version.url}, only c, images/a.txt, images/b b.txt, rows.txt"
        )


def _change(keys: Keys, key: str) -> None:
    keys.put(key, b"x" * len(keys.get(key)))


def _shorten(keys: Keys, key: str) -> None:
    keys.put(key, keys.get(key)[:-1])


@pytest.mark.parametrize("harm", [_change, _shorten, Keys.remove], ids=["changed", "shorter", "removed"])
def test_a_damaged_object_is_noticed_and_a_new_upload_mends_it(
    tmp_path: Path, source: Artifact, mirror: Mirror, keys: Keys, harm: Callable[[Keys, str], None]
) -> None:
    version = mirrored(source, mirror)
    folder = folder_of(version, mirror)
    harm(keys, f"{folder}/rows.txt")
    damaged = (
        f"{version.url}/rows.txt is not what was published: remove {version.url} with all its objects, "
        "then materialize the asset, which uploads them again"
    )
    for read in (lambda: version.fetch(tmp_path / "fetched"), lambda: version.read("rows.txt")):
        with pytest.raises(DamagedVersion) as caught:
            read()
        assert str(caught.value) == damaged
    assert not (tmp_path / "fetched").exists()
    for key in keys.all():
        if key.startswith(folder):
            keys.remove(key)
    published = source.current()
    assert published is not None
    assert mirror.publish(published)
    assert number_of(mirror.current()) == 1
    assert version.fetch(tmp_path / "fetched").missing_files() == []


def test_a_fetch_that_was_stopped_is_completed(
    tmp_path: Path, source: Artifact, mirror: Mirror, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = mirrored(source, mirror)
    file_system, _ = connect(url)
    get_file, fetched = file_system.get_file, []

    def stopped(key: str, target: str) -> None:
        if key.endswith("rows.txt") and not fetched.count("rows.txt"):
            fetched.append("rows.txt")
            raise OSError(errno.ENOSPC, "No space left on device")
        fetched.append(os.path.basename(target))
        get_file(key, target)

    monkeypatch.setattr(file_system, "get_file", stopped)
    with pytest.raises(OSError, match="No space left on device") as caught:
        version.fetch(tmp_path / "fetched")
    assert caught.value.errno == errno.ENOSPC, "the disk's error stays its own"
    assert not (tmp_path / "fetched").exists()
    version.fetch(tmp_path / "fetched")
    assert sorted(fetched) == ["a.txt", "b b.txt", "c", "rows.txt", "rows.txt"], "nothing is fetched twice"


def test_a_folder_that_holds_the_version_is_taken_and_any_other_refused(
    tmp_path: Path, source: Artifact, mirror: Mirror
) -> None:
    first = mirrored(source, mirror, 1)
    second = mirrored(source, mirror, 2)
    fetched = first.fetch(tmp_path / "fetched")
    assert first.fetch(tmp_path / "fetched") == fetched
    refused = f"{tmp_path / 'fetched'} holds something else than "
    with pytest.raises(FileExistsError) as caught:
        second.fetch(tmp_path / "fetched")
    assert str(caught.value) == f"{refused}{second.url}: name a new folder"
    fetched.file("c").unlink()
    with pytest.raises(FileExistsError, match="holds something else than"):
        first.fetch(tmp_path / "fetched")


def test_a_version_that_is_pruned_while_it_is_read_says_so(
    tmp_path: Path, source: Artifact, mirror: Mirror
) -> None:
    first = mirrored(source, mirror, 1)
    mirrored(source, mirror, 2)
    mirror.prune(1)
    for read in (lambda: first.fetch(tmp_path / "fetched"), lambda: first.read("c"), lambda: first.open("c")):
        with pytest.raises(NotPublished) as caught:
            read()
        assert str(caught.value) == f"{first.url} was pruned meanwhile: read the current version"


HOSTILE_NAMES = {
    "parent": "../c",
    "parent inside": "a/../../c",
    "absolute": "/etc/passwd",
    "here": "./c",
    "empty": "",
    "double slash": "a//c",
    "folder": "a/",
    "null": "a\0c",
    "manifest": "manifest.json",
    "below the manifest": "manifest.json/c",
    "below a file": "rows.txt/c",
}


def _manifest(**changes: object) -> bytes:
    record = {"bytes": 1, "xxh3_128": "0" * 32}
    fields = {"fingerprint": "0", "digest": "0", "files": {"rows.txt": record}, "metadata": {}, "report": {}}
    return json.dumps(fields | changes).encode()


def _named(name: str) -> bytes:
    record = {"bytes": 1, "xxh3_128": "0" * 32}
    return _manifest(files={"rows.txt": record, name: record})


def _forge(keys: Keys, manifest: bytes) -> None:
    digest = xxhash.xxh3_128_hexdigest(manifest)
    keys.put(f"versions/000001-aaaaaaaa-{digest}/manifest.json", manifest)
    keys.put("current", json.dumps({"version": "000001-aaaaaaaa", "manifest": digest}).encode())


@pytest.mark.parametrize("name", HOSTILE_NAMES.values(), ids=HOSTILE_NAMES.keys())
def test_a_name_that_leads_elsewhere_is_refused(mirror: Mirror, keys: Keys, name: str) -> None:
    _forge(keys, _named(name))
    with pytest.raises(DamagedVersion) as caught:
        mirror.current()
    assert f"(it lists a file {name!r}, which no version can hold): remove it, then mat" in str(caught.value)


MANIFESTS = {
    "no JSON": b'{"files": ',
    "no object": b"[]",
    "a list of files": _manifest(files=["rows.txt"]),
    "a size that is none": _manifest(files={"a": {"bytes": "1", "xxh3_128": "0"}}),
    "a record without digest": _manifest(files={"a": {"bytes": 1}}),
    "an unknown field": _manifest(path="/etc"),
}


@pytest.mark.parametrize("manifest", MANIFESTS.values(), ids=MANIFESTS.keys())
def test_a_manifest_that_the_store_did_not_write_is_refused(
    mirror: Mirror, keys: Keys, manifest: bytes
) -> None:
    _forge(keys, manifest)
    with pytest.raises(DamagedVersion, match=r"manifest\.json is not what was published \("):
        mirror.current()


def test_a_manifest_that_was_exchanged_is_refused(source: Artifact, mirror: Mirror, keys: Keys) -> None:
    folder = folder_of(mirrored(source, mirror), mirror)
    keys.put(f"{folder}/manifest.json", _manifest())
    with pytest.raises(DamagedVersion, match=r"is not what was published \(its digest is another\)"):
        mirror.current()


POINTERS = {
    "no JSON": b"000001",
    "a path": b'{"version": "../../other", "manifest": "00000000000000000000000000000000"}',
    "no digest": b'{"version": "000001-aaaaaaaa", "manifest": "../x"}',
    "half": b'{"version": "000001-aaaaaaaa"}',
    "more": b'{"version": "000001-aaaaaaaa", "manifest": "00000000000000000000000000000000", "url": "x"}',
}


@pytest.mark.parametrize("pointer", POINTERS.values(), ids=POINTERS.keys())
def test_a_current_that_the_store_did_not_write_is_refused_and_replaced(
    source: Artifact, mirror: Mirror, keys: Keys, pointer: bytes
) -> None:
    keys.put("current", pointer)
    with pytest.raises(DamagedVersion) as caught:
        mirror.current()
    assert str(caught.value).startswith(f"{mirror.url}/current is damaged (")
    assert number_of(mirrored(source, mirror)) == 1


def test_a_current_whose_version_is_gone_is_damage(source: Artifact, mirror: Mirror, keys: Keys) -> None:
    version = mirrored(source, mirror)
    keys.remove(f"{folder_of(version, mirror)}/manifest.json")
    with pytest.raises(DamagedVersion) as caught:
        mirror.current()
    assert str(caught.value) == f"{version.url} was removed: materialize the asset"
