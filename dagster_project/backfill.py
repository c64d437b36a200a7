"""A backfill of one dataset, asked for and watched from a program; Dagster's daemon makes the runs.

``vdata backfill`` (:mod:`dagster_project.command_line`) is its user.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
from dagster._core.definitions.assets.graph.asset_graph_subset import AssetGraphSubset
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph
from dagster._core.definitions.events import AssetKeyPartitionKey
from dagster._core.execution.asset_backfill import (
    AssetBackfillData,
    AssetBackfillStatus,
    PartitionedAssetBackfillStatus,
)
from dagster._core.execution.backfill import (
    BULK_ACTION_TERMINAL_STATUSES,
    BulkActionStatus,
    PartitionBackfill,
)
from dagster._core.storage.tags import BACKFILL_ID_TAG
from dagster._core.utils import make_new_backfill_id

from vdata_assets.workflows.run_events import run_events
from vdata_resources.progress import Progress

POLL_SECONDS = 2.0


class WrongRequest(ValueError):  # noqa: N818 - it is said to the user as it is
    """A backfill that cannot be: an unknown dataset, asset or partition. The message says what there is."""


@dataclass(frozen=True)
class Stages:
    """A dataset's assets in the order in which a backfill makes them.

    Attributes:
        first: those that are made before the partitions are known, for they find them.
        rest: all others.
    """

    first: frozenset[dg.AssetKey]
    rest: frozenset[dg.AssetKey]


@dataclass
class Outcome:
    """What came of a backfill.

    Attributes:
        made: asset -> partitions published; of an asset without partitions, 1.
        failed: asset -> partitions not published, those behind a rejected one included.
        reasons: why runs failed.
        checks: verdict (``passed``, ``warn``, ``error``) -> evaluations.
        status: of the backfill.
    """

    made: dict[str, int] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    checks: dict[str, int] = field(default_factory=dict)
    status: BulkActionStatus = BulkActionStatus.COMPLETED_SUCCESS

    @property
    def success(self) -> bool:
        """Whether everything that was asked for is published."""
        return self.status is BulkActionStatus.COMPLETED_SUCCESS and not any(self.failed.values())


def stages(graph: BaseAssetGraph[Any], dataset: str, assets: Sequence[str] = ()) -> Stages:
    """The assets of a dataset that a backfill makes.

    Args:
        graph: of the workspace.
        dataset: name of its defs folder.
        assets: names of those wanted; all unless given.

    Raises:
        WrongRequest: no such dataset or asset.
    """
    # Not by the key's prefix: a dataset's audit of itself is no part of it.
    group = dataset.replace("-", "_")
    ours = {key for key in graph.materializable_asset_keys if graph.get(key).group_name == group}
    if not ours:
        there = sorted({key.path[0] for key in graph.materializable_asset_keys})
        raise WrongRequest(f"no dataset {dataset!r}; there are {', '.join(there) or 'none'}")
    if unknown := sorted(set(assets) - {key.path[-1] for key in ours}):
        there = sorted(key.path[-1] for key in ours)
        raise WrongRequest(f"{dataset} has no asset {', '.join(unknown)}; it has {', '.join(there)}")
    wanted = {key for key in ours if key.path[-1] in assets} if assets else ours
    behind = _descendants(graph, {key for key in ours if graph.get(key).is_partitioned})
    leading = {key for partitioned in behind for key in _ancestors(graph, partitioned)} - behind
    return Stages(frozenset(wanted & leading), frozenset(wanted - leading))


def _descendants(graph: BaseAssetGraph[Any], keys: set[dg.AssetKey]) -> set[dg.AssetKey]:
    return _closure(keys, lambda key: graph.get(key).child_keys)


def _ancestors(graph: BaseAssetGraph[Any], key: dg.AssetKey) -> set[dg.AssetKey]:
    return _closure({key}, lambda one: graph.get(one).parent_keys) - {key}


def _closure(
    keys: set[dg.AssetKey], neighbours: Callable[[dg.AssetKey], Iterator[dg.AssetKey] | Any]
) -> set[dg.AssetKey]:
    found, new = set(keys), set(keys)
    while new:
        new = {neighbour for key in new for neighbour in neighbours(key)} - found
        found |= new
    return found


def target(
    graph: BaseAssetGraph[Any],
    keys: frozenset[dg.AssetKey],
    instance: dg.DagsterInstance,
    partitions: Sequence[str] = (),
) -> AssetGraphSubset:
    """The assets with their partitions: those named, or all that are registered.

    Args:
        graph: of the workspace.
        keys: assets wanted.
        instance: knows which partitions there are.
        partitions: keys wanted; all unless given.

    Raises:
        WrongRequest: a partition that is not registered, or none is.
    """
    wanted: set[AssetKeyPartitionKey] = set()
    for key in keys:
        definition = graph.get(key).partitions_def
        if definition is None:
            wanted.add(AssetKeyPartitionKey(key, None))
            continue
        there = definition.get_partition_keys(dynamic_partitions_store=instance)
        wanted |= {AssetKeyPartitionKey(key, name) for name in there if not partitions or name in partitions}
    reached = {one.partition_key for one in wanted} - {None}
    partitioned = [key for key in keys if graph.get(key).is_partitioned]
    if unknown := sorted(set(partitions) - reached):
        raise WrongRequest(
            f"no partition {', '.join(unknown)}; registered are {_listed(graph, partitioned, instance)}"
        )
    if partitioned and not reached:
        raise WrongRequest(f"no partition is registered: {_listed(graph, partitioned, instance)}")
    return AssetGraphSubset.from_asset_partition_set(wanted, graph)


def _listed(graph: BaseAssetGraph[Any], keys: Sequence[dg.AssetKey], instance: dg.DagsterInstance) -> str:
    lists = {}
    for key in keys:
        definition = graph.get(key).partitions_def
        if isinstance(definition, dg.DynamicPartitionsDefinition):
            names = definition.get_partition_keys(dynamic_partitions_store=instance)
            shown = ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
            lists[definition.name] = shown or "none"
    return "; ".join(f"{name}: {names}" for name, names in sorted(lists.items())) or "none"


def submit(
    instance: dg.DagsterInstance, wanted: AssetGraphSubset, title: str, run_config: Mapping[str, Any] | None
) -> str:
    """Ask the daemon for a backfill; its id."""
    backfill = PartitionBackfill.from_asset_graph_subset(
        backfill_id=make_new_backfill_id(),
        backfill_timestamp=time.time(),
        tags={"vdata/from": "vdata backfill"},
        dynamic_partitions_store=instance,
        asset_graph_subset=wanted,
        title=title,
        description=None,
        run_config=run_config,
    )
    instance.add_backfill(backfill)
    return backfill.backfill_id


def cancel(instance: dg.DagsterInstance, backfill_id: str) -> None:
    """Ask the daemon to cancel a backfill and its runs, unless it has ended."""
    backfill = instance.get_backfill(backfill_id)
    if backfill and backfill.status not in BULK_ACTION_TERMINAL_STATUSES:
        instance.update_backfill(backfill.with_status(BulkActionStatus.CANCELING))


def watched(
    instance: dg.DagsterInstance,
    graph: BaseAssetGraph[Any],
    backfill_id: str,
    log: Callable[[str], object],
    daemon_runs: Callable[[], bool],
) -> Outcome:
    """Wait until a backfill has ended, with progress lines; what came of it.

    Args:
        instance: where the backfill is.
        graph: of the workspace.
        backfill_id: of :func:`submit`.
        log: where lines go.
        daemon_runs: whether the daemon that makes the runs is at work.

    Raises:
        RuntimeError: the backfill was deleted, or nobody works on it any more.
    """
    progress: Progress | None = None
    while True:
        backfill = instance.get_backfill(backfill_id)
        if backfill is None:
            raise RuntimeError(f"backfill {backfill_id} is gone: was it deleted?")
        data = backfill.get_asset_backfill_data(graph)
        total = data.target_subset.num_partitions_and_non_partitioned_assets
        progress = progress or Progress("backfill", total, "asset partitions", log)
        ended = (
            data.materialized_subset.num_partitions_and_non_partitioned_assets
            + data.failed_and_downstream_subset.num_partitions_and_non_partitioned_assets
        )
        if ended > progress.done or time.monotonic() - (progress.spoke or progress.started) > 30:
            progress.advance(max(0, ended - progress.done))
        if backfill.status in BULK_ACTION_TERMINAL_STATUSES:
            return _outcome(instance, graph, backfill, data)
        if not daemon_runs():
            raise RuntimeError(
                f"the daemon has stopped: backfill {backfill_id} goes on once one runs; look at it in the UI"
            )
        time.sleep(POLL_SECONDS)


def _outcome(
    instance: dg.DagsterInstance,
    graph: BaseAssetGraph[Any],
    backfill: PartitionBackfill,
    data: AssetBackfillData,
) -> Outcome:
    outcome = Outcome(status=backfill.status)
    for status in data.get_backfill_status_per_asset_key(graph):
        name = status.asset_key.to_user_string()
        if isinstance(status, PartitionedAssetBackfillStatus):
            counts = status.partitions_counts_by_status
            outcome.made[name] = counts[AssetBackfillStatus.MATERIALIZED]
            outcome.failed[name] = status.num_targeted_partitions - outcome.made[name]
        else:
            outcome.made[name] = int(status.backfill_status is AssetBackfillStatus.MATERIALIZED)
            outcome.failed[name] = 1 - outcome.made[name]
    if backfill.error:
        outcome.reasons.append(backfill.error.message.strip())
    runs = instance.get_runs(dg.RunsFilter(tags={BACKFILL_ID_TAG: backfill.backfill_id}))
    for run in sorted(runs, key=lambda one: one.run_id):
        _add_checks(instance, run.run_id, outcome)
        if not run.is_success:
            outcome.reasons += _reasons(instance, run)
    return outcome


def _add_checks(instance: dg.DagsterInstance, run_id: str, outcome: Outcome) -> None:
    for entry in run_events(instance, run_id, dg.DagsterEventType.ASSET_CHECK_EVALUATION):
        answer = entry.get_dagster_event().asset_check_evaluation_data
        verdict = "passed" if answer.passed else answer.severity.value.lower()
        outcome.checks[verdict] = outcome.checks.get(verdict, 0) + 1


def _reasons(instance: dg.DagsterInstance, run: dg.DagsterRun) -> list[str]:
    """Why a run failed: the errors of its steps, or the last word of its own."""
    said = []
    for entry in run_events(instance, run.run_id, dg.DagsterEventType.STEP_FAILURE):
        failure = entry.get_dagster_event().step_failure_data
        told = failure.user_failure_data.description if failure.user_failure_data else None
        error = failure.error
        cause = error.cause.message if error and error.cause else error.message if error else ""
        said.append(f"{entry.step_key} (run {run.run_id[:8]}): {told or cause.strip()}")
    if not said:
        for entry in run_events(instance, run.run_id, dg.DagsterEventType.RUN_FAILURE):
            said.append(f"run {run.run_id[:8]}: {entry.user_message}")
    return said or [f"run {run.run_id[:8]} ended as {run.status.value}"]
