"""What the retention job removes from an instance: old runs that hold nothing that is the newest."""

import time
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.event_log import SqliteEventLogStorage

from vdata_assets.workflows.resources import StoreResource
from vdata_assets.workflows.retention import DAY_S, RetentionConfig, pruned, retention_job
from vdata_resources.store import Store

RAW, WHOLE, PART = dg.AssetKey("raw"), dg.AssetKey("whole"), dg.AssetKey("part")
PARTS = dg.DynamicPartitionsDefinition(name="parts")
LATER = time.time() + 100 * DAY_S


@dg.observable_source_asset(name="raw")
def raw() -> dg.DataVersion:
    return dg.DataVersion("same")


@dg.asset(check_specs=[dg.AssetCheckSpec("sound", asset=WHOLE)])
def whole(context: dg.AssetExecutionContext):
    refused = context.run.tags.get("refused") == "yes"
    yield dg.AssetCheckResult(passed=not refused)
    if refused:
        raise dg.Failure("refused", allow_retries=False)
    yield dg.MaterializeResult()


@dg.asset(partitions_def=PARTS)
def part() -> None:
    pass


DEFS = dg.Definitions(assets=[raw, whole, part])


@pytest.fixture
def instance(tmp_path: Path):
    (tmp_path / "dagster").mkdir()
    with dg.instance_for_test(temp_dir=str(tmp_path / "dagster")) as instance:
        instance.add_dynamic_partitions("parts", ["a", "b"])
        yield instance


def run(instance, asset, partition: str | None = None, **tags: str) -> str:
    job = DEFS.resolve_implicit_global_asset_job_def()
    return job.execute_in_process(
        asset_selection=[asset],
        instance=instance,
        partition_key=partition,
        tags=tags,
        raise_on_error=False,
    ).run_id


def prune(instance, store: Store, *, dry_run: bool = False, now: float = LATER) -> list[str]:
    found = pruned(instance, store, RetentionConfig(dry_run=dry_run), now)
    return [run.run_id for run in found.runs]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "home")


def test_superseded_runs_go_and_every_newest_record_stays(instance, store):
    superseded = [run(instance, WHOLE), run(instance, PART, "a"), run(instance, RAW)]
    newest = [run(instance, WHOLE), run(instance, PART, "a"), run(instance, PART, "b"), run(instance, RAW)]
    before = picture(instance)
    assert prune(instance, store, dry_run=True) == superseded
    assert picture(instance) == before
    assert {record.run_id for record in instance.get_runs()} == {*superseded, *newest}
    assert prune(instance, store) == superseded
    assert {record.run_id for record in instance.get_runs()} == set(newest)
    assert picture(instance) == before
    assert prune(instance, store) == []


def picture(instance) -> dict[str, object]:
    """All that the UI shows of the assets' state."""
    storage = instance.event_log_storage
    (history,) = storage.get_asset_check_execution_history(dg.AssetCheckKey(WHOLE, "sound"), limit=1)
    return {
        "partitions": storage.get_materialized_partitions(PART),
        "whole": instance.get_latest_materialization_event(WHOLE).run_id,
        "raw": instance.fetch_observations(RAW, limit=1).records[0].run_id,
        "check": (history.run_id, history.status),
    }


def test_a_refusal_stays_until_the_asset_was_tried_again(instance, store):
    published = run(instance, WHOLE)
    refused = run(instance, WHOLE, refused="yes")
    assert prune(instance, store) == []
    run(instance, WHOLE)
    assert prune(instance, store) == [published, refused]


def test_young_runs_and_those_at_work_stay(instance, store):
    run(instance, WHOLE)
    run(instance, WHOLE)
    assert prune(instance, store, now=time.time() + 89 * DAY_S) == []
    queued = instance.create_run_for_job(DEFS.resolve_implicit_global_asset_job_def())
    assert queued.run_id not in prune(instance, store)


def test_the_files_of_a_forgotten_run_are_gone(instance, store):
    first = run(instance, WHOLE)
    run(instance, WHOLE)
    assert isinstance(instance.event_log_storage, SqliteEventLogStorage)
    shard = Path(instance.event_log_storage.path_for_shard(first))
    logs = Path(instance.compute_log_manager.get_captured_local_path([first, "compute_logs", "whole"], "out"))
    logs.parent.mkdir(parents=True, exist_ok=True)
    logs.write_text("printed")
    assert shard.is_file()
    assert prune(instance, store) == [first]
    assert not shard.exists()
    assert not logs.exists()


def test_started_by_hand_the_job_says_what_would_go_and_removes_nothing(instance, store):
    for number in range(2):
        with store.artifact("shop", "items").draft(f"{number:032x}") as draft:
            (draft.path / "data").write_text("x" * 100)
            draft.publish({}, {})
    resource = {"store": StoreResource(home=str(store.root), keep=1)}
    said = report(retention_job().execute_in_process(instance=instance, resources=resource))
    assert said["verdict"] == "would go: 1 folders, 0 runs, 0 ticks"
    assert "| old version | 1 |" in said["table of folders"]
    assert len(list((store.root / "shop/items/versions").iterdir())) == 2
    config = {"ops": {"prune": {"config": {"dry_run": False}}}}
    done = retention_job().execute_in_process(instance=instance, resources=resource, run_config=config)
    assert report(done)["verdict"] == "went: 1 folders, 0 runs, 0 ticks"
    assert len(list((store.root / "shop/items/versions").iterdir())) == 1


def report(result: dg.ExecuteInProcessResult) -> dict[str, object]:
    (event,) = [event for event in result.all_events if event.is_successful_output]
    return {name: value.value for name, value in event.event_specific_data.metadata.items()}
