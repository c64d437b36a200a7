"""A sensor that imports what is dropped into an inbox, once nobody writes it any more."""

import json

import dagster as dg

from vdata_assets.workflows.annotation_tables import imported_state
from vdata_assets.workflows.dataset import Dataset
from vdata_assets.workflows.resources import StoreResource

SECONDS = 10


def inbox_sensor(dataset: Dataset) -> dg.SensorDefinition:
    """Registers a partition for every ZIP of the inbox and launches its import. On by default: dropping a
    file is asking for it.

    A file is taken once it and its companions (video, frames) looked the same twice in a row. Each state of
    it is launched once, and not at all if it is published: what was rejected is tried again when replaced.
    """

    @dg.sensor(
        name=f"{dataset.slug}_inbox",
        minimum_interval_seconds=SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        job_name=dataset.slug,
        description=f"Watches {dataset.root}: a ZIP that was dropped there gets a partition, is imported and "
        "merged once its size is stable, and again when it is replaced.",
    )
    def inbox(context: dg.SensorEvaluationContext, store: StoreResource) -> dg.SensorResult:
        from vdata_assets.annotations.inbox import dropped_exports

        try:
            dropped = dropped_exports(dataset.root)
        except ValueError as unreadable:
            return dg.SensorResult(skip_reason=str(unreadable))
        before: dict[str, dict[str, str]] = json.loads(context.cursor or "{}")
        seen = {key: export.state for key, export in dropped.items()}
        stable = {key for key, state in seen.items() if before.get("seen", {}).get(key) == state}
        launched = before.get("launched", {})
        due = sorted(
            key
            for key in stable
            if launched.get(key) != seen[key] and imported_state(store.store(), dataset, key) != seen[key]
        )
        registered = context.instance.get_dynamic_partitions(dataset.partitions_name)
        new = sorted(set(due) - set(registered))
        return dg.SensorResult(
            run_requests=[dg.RunRequest(run_key=f"{key}:{seen[key]}", partition_key=key) for key in due],
            skip_reason=None if due else _idle(dropped.keys() - stable, len(stable)),
            dynamic_partitions_requests=[dataset.partitions.build_add_request(new)] if new else [],
            cursor=json.dumps({"seen": seen, "launched": launched | {key: seen[key] for key in due}}),
        )

    return inbox


def _idle(unstable: set[str], stable: int) -> str:
    if unstable:
        return f"still being written, or new since the last look: {', '.join(sorted(unstable))}"
    return f"nothing new; exports in the inbox, all imported or launched: {stable}"
