"""What every dataset has beside its assets: a job for the whole, an observation, a partition sensor."""

from collections.abc import Callable, Mapping, Sequence

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from vdata_assets.workflows.dataset import Dataset
from vdata_assets.workflows.resources import StoreResource
from vdata_resources.store import Store


def whole_job(dataset: Dataset) -> UnresolvedAssetJobDefinition:
    """One job for all assets of the dataset: choose the partitions, everything is made in order."""
    return dg.define_asset_job(
        f"{dataset.slug}",
        selection=dg.AssetSelection.groups(dataset.slug),
        description=f"Everything of {dataset.name}, for the partitions you choose, in one run. "
        "What is unchanged is reused.",
    )


def part_job(
    dataset: Dataset, part: str, assets: Sequence[str], description: str
) -> UnresolvedAssetJobDefinition:
    """One job for some assets of a dataset that has partitions of two kinds, which no job can mix.

    Args:
        dataset: whose assets they are.
        part: the job is ``<dataset>_<part>``.
        assets: their names; those that are partitioned are so by one dimension.
        description: shown in the UI.
    """
    return dg.define_asset_job(
        f"{dataset.slug}_{part}", selection=[dataset.key(asset) for asset in assets], description=description
    )


def observation_schedule(dataset: Dataset, raw: str) -> dg.ScheduleDefinition:
    """Looks every night whether the raw files changed. Off until turned on in the UI."""
    job = dg.define_asset_job(f"{dataset.slug}_observe", selection=[dataset.key(raw)])
    return dg.ScheduleDefinition(
        name=f"{dataset.slug}_observation",
        job=job,
        cron_schedule=dataset.schedules.observation,
        execution_timezone=dataset.schedules.timezone,
        description=f"Observes {dataset.name}/{raw}: its data version changes when a file does, "
        "else nothing happens.",
    )


def partition_sensor(
    dataset: Dataset,
    present: Callable[[Store], Mapping[str, str]],
    plural: str = "categories",
    job: str | None = None,
) -> dg.SensorDefinition:
    """Keeps the dataset's partitions in step with what is there. On by default: it only registers keys.

    Args:
        dataset: whose partitions they are.
        present: partition key -> display name of everything that is a partition now.
        plural: of what a partition is.
        job: that the partitions are for; None: the dataset's whole job.
    """

    @dg.sensor(
        name=f"{dataset.slug}_{plural}",
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        job_name=job or dataset.slug,
        description=f"Registers one partition a {dataset.dimension} of {dataset.name}. A vanished one is "
        "reported here and its key kept, for its published data still stands.",
    )
    def partitions(context: dg.SensorEvaluationContext, store: StoreResource) -> dg.SensorResult:
        registered = context.instance.get_dynamic_partitions(dataset.partitions_name)
        try:
            found = present(store.store())
        except (OSError, ValueError) as unreadable:
            return dg.SensorResult(skip_reason=f"cannot list {dataset.root}: {unreadable}")
        new = sorted(set(found) - set(registered))
        vanished = sorted(set(registered) - set(found))
        return dg.SensorResult(
            skip_reason=f"{len(found)} {plural}; new: {', '.join(new) or 'none'}; "
            f"vanished, key kept: {', '.join(vanished) or 'none'}",
            dynamic_partitions_requests=[dataset.partitions.build_add_request(new)] if new else [],
        )

    return partitions
