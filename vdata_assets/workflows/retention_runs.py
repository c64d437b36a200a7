"""Which finished runs an instance can forget, and forgetting them: their events, logs and ticks.

Deleting a run deletes its events, and with them what Dagster knows of the assets: that a partition is
materialized, what its raw files looked like, how its checks ended. So a run stays as long as anything that it
recorded is the newest of its kind for an asset or partition.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import dagster as dg
from dagster._core.event_api import PartitionKeyFilter
from dagster._core.storage.asset_check_execution_record import COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES
from dagster._core.storage.dagster_run import FINISHED_STATUSES
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._time import datetime_from_timestamp

from vdata_assets.workflows.run_events import run_events

RECORDED = {
    dg.DagsterEventType.ASSET_MATERIALIZATION,
    dg.DagsterEventType.ASSET_OBSERVATION,
    dg.DagsterEventType.ASSET_CHECK_EVALUATION,
}


@dataclass(frozen=True)
class OldRun:
    """A run that can be forgotten.

    Attributes:
        run_id: Dagster's.
        job: its job's name.
        bytes: of its event log, where that is a file of its own (SQLite); else 0.
    """

    run_id: str
    job: str
    bytes: int


class Newest:
    """Which run recorded the newest of everything; each question is asked of the event log once."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance
        self._last_run_ids = {
            record.asset_entry.last_run_id for record in instance.get_asset_records() if record.asset_entry
        }
        self._check = lru_cache(maxsize=100_000)(self._newest_check)
        self._event = lru_cache(maxsize=100_000)(self._newest_event)

    def holds(self, run_id: str) -> bool:
        """Whether the run recorded anything that is still the newest of its kind."""
        recorded = run_events(self._instance, run_id, RECORDED)
        return run_id in self._last_run_ids or any(
            self._recorder(entry.get_dagster_event()) == run_id for entry in recorded
        )

    def _recorder(self, event: dg.DagsterEvent) -> str | None:
        if event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            found = event.asset_check_evaluation_data
            return self._check(dg.AssetCheckKey(found.asset_key, found.check_name), found.partition)
        if event.asset_key is None:
            return None
        return self._event(event.event_type, event.asset_key, event.partition)

    def _newest_check(self, key: dg.AssetCheckKey, partition: str | None) -> str | None:
        records = self._instance.event_log_storage.get_asset_check_execution_history(
            key,
            limit=1,
            status=set(COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES),
            partition_filter=PartitionKeyFilter(key=partition),
        )
        return records[0].run_id if records else None

    def _newest_event(self, kind: dg.DagsterEventType, key: dg.AssetKey, partition: str | None) -> str | None:
        wanted = dg.AssetRecordsFilter(key, asset_partitions=None if partition is None else [partition])
        if kind is dg.DagsterEventType.ASSET_MATERIALIZATION:
            records = self._instance.fetch_materializations(wanted, limit=1).records
        else:
            records = self._instance.fetch_observations(wanted, limit=1).records
        return records[0].run_id if records else None


def old_runs(instance: dg.DagsterInstance, before: float) -> Iterator[OldRun]:
    """Finished runs that ended before a POSIX time and hold nothing that is the newest, oldest first."""
    newest = Newest(instance)
    wanted = dg.RunsFilter(statuses=FINISHED_STATUSES, updated_before=datetime_from_timestamp(before))
    # All ids first: a page's cursor is a run that may be deleted before the next page is asked for.
    for record in instance.get_run_records(wanted, order_by="update_timestamp", ascending=True):
        run = record.dagster_run
        if not newest.holds(run.run_id):
            yield OldRun(
                run.run_id, run.job_name, sum(file.stat().st_size for file in _files(instance, run.run_id))
            )


def forget(instance: dg.DagsterInstance, run: OldRun) -> None:
    """Delete a run, its events, and what its steps wrote to stdout and stderr."""
    files = _files(instance, run.run_id)
    instance.delete_run(run.run_id)
    instance.compute_log_manager.delete_logs(prefix=[run.run_id])
    # SQLite keeps the events of a run in a file of its own, which deletion empties and does not shrink.
    for file in files:
        file.unlink(missing_ok=True)


def old_ticks(instance: dg.DagsterInstance, before: float, *, dry_run: bool) -> dict[str, int]:
    """Ticks that were evaluated before a POSIX time, by the sensor's or schedule's name; deleted, or counted.

    Those of a sensor that is on go by themselves, as `retention` in dagster.yaml says; these are of any.
    """
    counts: dict[str, int] = {}
    for state in instance.all_instigator_state():
        place = (state.instigator_origin_id, state.selector_id)
        count = len(instance.get_ticks(*place, before=before))
        if count:
            counts[state.instigator_name] = count
            if not dry_run:
                instance.purge_ticks(*place, before=before)
    return counts


def _files(instance: dg.DagsterInstance, run_id: str) -> list[Path]:
    storage = instance.event_log_storage
    if not isinstance(storage, SqliteEventLogStorage):
        return []
    shard = storage.path_for_shard(run_id)
    return [Path(shard + end) for end in ("", "-wal", "-shm") if os.path.exists(shard + end)]
