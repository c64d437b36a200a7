"""Which finished runs there is something to tell of: read from the event log, each once."""

import json
from dataclasses import dataclass, field
from itertools import islice

import dagster as dg
from dagster._core.event_api import EventLogCursor, EventLogRecord
from dagster._core.storage.dagster_run import DagsterRunStatus

from vdata_assets.workflows.alert_message import MAX_CHECKS, MAX_RUNS, MAX_STEPS, FailedCheck, TroubledRun
from vdata_assets.workflows.run_events import run_events

FINISHED = (
    dg.DagsterEventType.RUN_FAILURE,
    dg.DagsterEventType.RUN_CANCELED,
    dg.DagsterEventType.RUN_SUCCESS,
)
# A database may show a row after one with a higher number; so long it takes at most.
SETTLED_S = 10.0
LOOKED_AT = 200


@dataclass
class Position:
    """How far the event log was told of.

    Attributes:
        ids: number of the last event that was dealt with, by the event's type.
    """

    ids: dict[str, int] = field(default_factory=dict)

    @classmethod
    def load(cls, cursor: str | None) -> "Position | None":
        """The position that a cursor holds; None before the first look."""
        return cls(json.loads(cursor)) if cursor else None

    def dump(self) -> str:
        """The position as a cursor."""
        return json.dumps(self.ids)


def here(instance: dg.DagsterInstance) -> Position:
    """The position after all that has happened."""
    position = Position()
    for event_type in FINISHED:
        newest = instance.fetch_run_status_changes(event_type, limit=1).records
        position.ids[event_type.value] = newest[0].storage_id if newest else 0
    return position


def take(instance: dg.DagsterInstance, position: Position, now: float) -> tuple[list[TroubledRun], Position]:
    """The next runs to tell of, at most MAX_RUNS, and the position after them.

    Args:
        instance: whose event log it is.
        position: where to go on.
        now: POSIX time; events that are younger than SETTLED_S are left to the next look.
    """
    troubled: list[TroubledRun] = []
    after = Position(dict(position.ids))
    for event_type in FINISHED:
        for record in _finished_since(instance, event_type, position.ids.get(event_type.value, 0)):
            if record.timestamp > now - SETTLED_S or len(troubled) == MAX_RUNS:
                break
            run = troubled_run(instance, record.run_id)
            if run is not None:
                troubled.append(run)
            after.ids[event_type.value] = record.storage_id
    return troubled, after


def _finished_since(
    instance: dg.DagsterInstance, event_type: dg.DagsterEventType, after: int
) -> list[EventLogRecord]:
    cursor = EventLogCursor.from_storage_id(after).to_string()
    found = instance.fetch_run_status_changes(event_type, limit=LOOKED_AT, cursor=cursor, ascending=True)
    return list(found.records)


def troubled_run(instance: dg.DagsterInstance, run_id: str) -> TroubledRun | None:
    """What there is to tell of a run: failed checks, rejected partitions, or that it failed otherwise.

    A run that was deleted meanwhile has nothing to tell.
    """
    run = instance.get_run_by_id(run_id)
    if run is None:
        return None
    checks: list[FailedCheck] = []
    total = 0
    rejected: dict[tuple[str, str], None] = {}
    for entry in run_events(instance, run_id, dg.DagsterEventType.ASSET_CHECK_EVALUATION):
        found = entry.get_dagster_event().asset_check_evaluation_data
        if found.passed or found.severity is not dg.AssetCheckSeverity.ERROR:
            continue
        total += 1
        asset = found.asset_key.to_user_string()
        if found.partition is not None:
            rejected[asset, found.partition] = None
        if len(checks) < MAX_CHECKS:
            checks.append(FailedCheck(asset, found.check_name, found.partition, found.description or ""))
    failed = run.status is DagsterRunStatus.FAILURE
    if not total and not failed:
        return None
    steps = [] if total else _failed_steps(instance, run_id)
    job = "" if run.job_name.startswith("__") else run.job_name
    return TroubledRun(
        run_id, job, run.status.value, checks, total, list(rejected)[:MAX_CHECKS], len(rejected), steps
    )


def _failed_steps(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    entries = run_events(instance, run_id, dg.DagsterEventType.STEP_FAILURE)
    return [entry.step_key or "" for entry in islice(entries, MAX_STEPS)]
