"""A ZIP in the inbox becomes a partition and a run, once nobody writes it any more, and once a state."""

from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

from vdata_assets.annotations.inbox import dropped_exports
from vdata_assets.workflows.dataset import Dataset
from vdata_assets.workflows.inbox_sensor import inbox_sensor
from vdata_assets.workflows.resources import StoreResource
from vdata_resources.store import Store

Look = Callable[[], dg.SensorResult]


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


@pytest.fixture
def look(inbox: Path) -> Look:
    """One tick after the other, with what Dagster does in between: keep the cursor, register the keys."""
    instance = dg.DagsterInstance.ephemeral()
    sensor = inbox_sensor(Dataset("clips", inbox, dimension="export"))
    cursor: list[str | None] = [None]

    def tick() -> dg.SensorResult:
        context = dg.build_sensor_context(instance=instance, cursor=cursor[0])
        result = sensor(context, store=StoreResource(home=str(inbox.parent / "home")))
        assert isinstance(result, dg.SensorResult)
        cursor[0] = result.cursor or cursor[0]
        for request in result.dynamic_partitions_requests or []:
            instance.add_dynamic_partitions("clips/export", list(request.partition_keys))
        return result

    return tick


def launched(result: dg.SensorResult) -> list[str]:
    return [str(request.partition_key) for request in result.run_requests or []]


def reason(result: dg.SensorResult) -> str:
    assert isinstance(result.skip_reason, dg.SkipReason)
    return str(result.skip_reason.skip_message)


def registered(result: dg.SensorResult) -> list[str]:
    return [key for request in result.dynamic_partitions_requests or [] for key in request.partition_keys]


def test_an_export_is_launched_when_it_looks_the_same_twice_and_then_never_again(
    inbox: Path, look: Look
) -> None:
    (inbox / "one.zip").write_bytes(b"a")
    first = look()
    assert (launched(first), registered(first)) == ([], [])
    assert reason(first) == "still being written, or new since the last look: one"
    second = look()
    assert (launched(second), registered(second)) == (["one"], ["one"])
    third = look()
    assert launched(third) == []
    assert reason(third) == "nothing new; exports in the inbox, all imported or launched: 1"


def test_a_file_that_grows_is_left_alone_until_it_stands_still(inbox: Path, look: Look) -> None:
    for size in (1, 2, 3):
        (inbox / "one.zip").write_bytes(b"a" * size)
        assert launched(look()) == []
    assert launched(look()) == ["one"]


def test_a_replaced_export_is_launched_again_under_its_key(inbox: Path, look: Look) -> None:
    (inbox / "one.zip").write_bytes(b"a")
    look(), look()
    (inbox / "one.zip").write_bytes(b"another")
    assert launched(look()) == []
    again = look()
    assert (launched(again), registered(again)) == (["one"], [])


def test_a_video_that_comes_later_launches_its_export_again(inbox: Path, look: Look) -> None:
    (inbox / "one.zip").write_bytes(b"a")
    look(), look()
    (inbox / "one.mp4").write_bytes(b"video")
    assert launched(look()) == []
    assert launched(look()) == ["one"]


def test_several_exports_at_once_are_a_run_each(inbox: Path, look: Look) -> None:
    for name in ("b.zip", "a.zip", "notes.txt"):
        (inbox / name).write_bytes(b"a")
    look()
    requests = look().run_requests or []
    assert [request.partition_key for request in requests] == ["a", "b"]
    assert len({request.run_key for request in requests}) == 2


def test_an_inbox_that_is_not_there_is_said_and_nothing_is_forgotten(inbox: Path, look: Look) -> None:
    (inbox / "one.zip").write_bytes(b"a")
    look(), look()
    inbox.rename(inbox.with_name("away"))
    assert "cannot be listed" in reason(look())
    inbox.with_name("away").rename(inbox)
    assert launched(look()) == []
    assert launched(look()) == []


def test_what_is_published_already_is_not_launched_when_the_ui_starts(inbox: Path, look: Look) -> None:
    for name in ("one.zip", "two.zip"):
        (inbox / name).write_bytes(name.encode())
    state = dropped_exports(inbox)["one"].state
    with Store(inbox.parent / "home").artifact("clips", "export", "one").draft("0" * 32) as draft:
        draft.publish({"figures": {"inbox_state": state}}, {})
    look()
    assert launched(look()) == ["two"]
    (inbox / "one.zip").write_bytes(b"replaced")
    look()
    assert launched(look()) == ["one"]
