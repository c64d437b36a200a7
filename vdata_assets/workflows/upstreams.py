"""Partitions: registering them, which of an upstream asset are published, and why the others are not."""

from collections.abc import Iterable, Mapping
from typing import Any

from vdata_assets.quality.findings import Status
from vdata_assets.workflows.dataset import Dataset
from vdata_assets.workflows.recipe import Step
from vdata_resources.store import NotPublished, Version


def register(step: Step, keys: Iterable[str], dataset: Dataset | None = None) -> None:
    """Register the partitions of the dataset that are not registered yet, in their order.

    Args:
        step: that knows of them.
        keys: of the partitions.
        dataset: divided by their dimension, where it is not the step's.
    """
    name, instance = (dataset or step.dataset).partitions_name, step.context.instance
    known = set(instance.get_dynamic_partitions(name))
    new = [key for key in keys if key not in known]
    if new:
        instance.add_dynamic_partitions(name, new)
        step.log(f"registered {len(new)} partitions: {', '.join(new)}")


def published_partitions(
    step: Step, asset: str, names: Mapping[str, str]
) -> tuple[list[tuple[str, str, Version]], dict[str, str]]:
    """Partition key, name and published version of each partition, and by name why the others have none.

    Args:
        step: whose upstream ``asset`` is; it holds the versions until it ends.
        asset: a partitioned asset.
        names: partition key by name, in order.
    """
    parts, missing = [], {}
    for name, key in names.items():
        try:
            parts.append((key, name, step.upstream(asset, key)))
        except NotPublished:
            missing[name] = refused(step, asset, key) or f"{asset} was never materialized"
    return parts, missing


def refused(step: Step, asset: str, partition: str) -> str | None:
    """Why the newest candidate of a partition was rejected; None if it was published or there is none."""
    refusal: dict[str, Any] | None = step.store.artifact(step.dataset.name, asset, partition).refusal()
    if refusal is None:
        return None
    failed = [finding for finding in refusal["findings"] if finding["status"] == Status.FAILED.value]
    return f"{asset} was rejected: " + "; ".join(finding["message"] for finding in failed)
