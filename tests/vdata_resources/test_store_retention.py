"""Pruning of the store without a publication: what goes, what stays, and what a dry run says."""

import os
import time
from pathlib import Path

import pytest

from vdata_resources.store import Store
from vdata_resources.store.locks import writer_lock
from vdata_resources.store.retention import prune
from vdata_resources.store.survey import Place, places

NOW = time.time()
DAY = 86_400


def publish(store: Store, content: str, partition: str | None = None) -> Path:
    with store.artifact("shop", "items", partition).draft("0" * 32) as draft:
        (draft.path / "data").write_text(content)
        return draft.publish({}, {}).path


def reject(store: Store, days_ago: float, partition: str | None = None) -> Path:
    with store.artifact("shop", "items", partition).draft("1" * 32) as draft:
        (draft.path / "data").write_text("refused")
        candidate = draft.reject({"findings": []})
    os.utime(candidate, (NOW, NOW - days_ago * DAY))
    return candidate


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "home", keep=5)


def place(store: Store, partition: str | None = None) -> Place:
    (found,) = [one for one in places(store) if one.partition == partition]
    return found


def gone(store: Store, *, dry_run: bool = False, partition: str | None = None) -> list[tuple[str, str]]:
    pruned = prune(place(store, partition), NOW - 30 * DAY, dry_run=dry_run)
    return [(one.kind, one.path.name) for one in pruned]


def test_places_are_those_that_were_written_and_nothing_else(store):
    assert list(places(store)) == []
    publish(store, "whole")
    publish(store, "part", "bag")
    reject(store, 0, "shoe")
    (store.root / "samples/photos/versions/000001-00000000").mkdir(parents=True)
    (store.root / "dagster/storage/versions").mkdir(parents=True)
    (store.root / "answers.sqlite").touch()
    assert [(one.dataset, one.name) for one in places(store)] == [
        ("shop", "items"),
        ("shop", "items/bag"),
        ("shop", "items/shoe"),
    ]
    assert list(places(store, "other")) == []


def test_versions_beyond_keep_go_and_the_current_one_and_those_that_are_read_stay(store):
    first, second, third, *_ = [publish(store, str(number)) for number in range(4)]
    fewer = Store(store.root, keep=1)
    expected = [("old version", path.name) for path in (first, second, third)]
    assert gone(fewer, dry_run=True) == expected
    assert first.exists()
    (first / "data").unlink()  # Damaged as it is, it is a version that nobody reads.
    assert gone(fewer) == expected
    assert store.artifact("shop", "items").current().id.startswith("000004")
    held = publish(store, "held")
    with store.artifact("shop", "items").reading():
        publish(store, "newer")
        assert gone(fewer) == [("old version", "000004-00000000")]
        assert held.exists()
    assert gone(fewer) == [("old version", held.name)]


def test_old_rejected_candidates_go_once_something_was_published_since(store):
    old, young = reject(store, 31), reject(store, 29)
    assert gone(store) == []
    publish(store, "sound")
    newest = reject(store, 400)
    assert gone(store) == [("rejected candidate", old.name)]
    assert (young.exists(), newest.exists(), old.exists()) == (True, True, False)
    assert store.artifact("shop", "items").refusal() == {"findings": []}


def test_what_a_killed_writer_left_goes_but_not_while_a_writer_is_at_work(store):
    published = publish(store, "whole")
    versions = published.parent
    (versions / ".draft-000002-00000000").mkdir()
    (versions / "000003-00000000").mkdir()
    folder = store.artifact("shop", "items").folder
    with writer_lock(folder, timeout=1):
        assert gone(store) == gone(store, dry_run=True) == []
    left = [("left by a killed writer", name) for name in (".draft-000002-00000000", "000003-00000000")]
    assert gone(store, dry_run=True) == left
    assert gone(store) == left
    assert os.listdir(versions) == [published.name]


def test_the_bytes_are_those_that_are_freed(store):
    first = publish(store, "x" * 1000)
    (link,) = [folder / "same" for folder in [publish(store, "y")]]
    os.link(first / "data", link)
    (one,) = prune(place(Store(store.root, keep=1)), NOW, dry_run=True)
    manifest = (first / "manifest.json").stat().st_size
    assert one.bytes == manifest


def test_a_vanished_partition_keeps_what_it_published(store):
    publish(store, "part", "bag")
    assert gone(Store(store.root, keep=1), partition="bag") == []
    assert store.artifact("shop", "items", "bag").current() is not None


def test_a_place_whose_link_was_spoilt_is_left_alone(store, caplog):
    publish(store, "a")
    publish(store, "b")
    link = store.artifact("shop", "items").folder / "current"
    link.unlink()
    link.write_text("a file")
    assert gone(Store(store.root, keep=1)) == []
    assert "shop/items is left as it is" in caplog.text
