"""Write, audit, publish: the one way in which an asset of any workflow comes to be.

How a candidate is made is in :mod:`~vdata_assets.workflows.recipe`; here each verdict is recorded as an
evaluation of a declared check, with its partition, and what is sound is materialized.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import dagster as dg

from vdata_assets.quality.findings import Status
from vdata_assets.workflows.dataset import Dataset
from vdata_assets.workflows.metadata import check_metadata
from vdata_assets.workflows.recipe import Outcome, Recipe, Step, Verdict, make
from vdata_assets.workflows.resources import CredentialsResource, StoreResource
from vdata_resources.devices import GPUS_TAG, Device, leased_gpu
from vdata_resources.store import NotPublished

GPU_POOL = "gpu"
# Executors that hand out machines (Slurm, Ray) read it; `step_tags` in the YAML changes it.
ONE_GPU = {GPUS_TAG: "1"}
HIT = {
    Status.PASSED: "A hit is not reported.",
    Status.WARNING: "A hit is a warning.",
    Status.FAILED: "A hit fails: nothing is published, and what was published before stands.",
}
SEVERITY = {
    Status.PASSED: dg.AssetCheckSeverity.WARN,
    Status.WARNING: dg.AssetCheckSeverity.WARN,
    Status.FAILED: dg.AssetCheckSeverity.ERROR,
}


def published_asset(
    dataset: Dataset,
    name: str,
    recipe: Recipe,
    *,
    deps: Sequence[str],
    kinds: set[str],
    partitioned: bool = False,
    device: Device | None = None,
    automation: dg.AutomationCondition | None = None,
    group: str | None = None,
) -> dg.AssetsDefinition:
    """A Dagster asset that is made by ``recipe``, once or once a partition, with its checks declared.

    The asset's description is ``recipe.build``'s docstring. With ``device``, where its model runs, its steps
    are of the pool `gpu`, and one whose model may run on a GPU has a GPU for itself while it works.

    Raises:
        ValueError: it would take a GPU without being asked.
    """
    key = dataset.key(name)
    if automation is not None and device in ("auto", "cuda"):
        raise ValueError(
            f"{key.to_user_string()} may take a GPU: no automation condition may start it unasked"
        )

    @dg.multi_asset(
        name=f"{dataset.slug}__{name}",
        specs=[
            dg.AssetSpec(
                key,
                deps=[dataset.key(dep) for dep in deps],
                description=recipe.build.__doc__,
                group_name=group or dataset.slug,
                owners=dataset.owners,
                kinds=kinds,
                code_version=recipe.code_version,
                automation_condition=automation,
                skippable=True,
            )
        ],
        check_specs=[
            dg.AssetCheckSpec(
                check.name,
                asset=key,
                description=f"{check.description} {HIT[dataset.level(check)]}",
                # In a run of several partitions Dagster waits in vain for the result of a blocking check.
                blocking=not partitioned and dataset.level(check) is Status.FAILED,
            )
            for check in recipe.checks
        ],
        can_subset=True,
        partitions_def=dataset.partitions if partitioned else None,
        backfill_policy=dataset.backfill_policy if partitioned else dg.BackfillPolicy.single_run(),
        pool=GPU_POOL if device else None,
        op_tags={**(ONE_GPU if device in ("auto", "cuda") else {}), **dataset.step_tags.get(name, {})},
    )
    def asset(  # type: ignore[no-untyped-def]
        context: dg.AssetExecutionContext, store: StoreResource, credentials: CredentialsResource
    ):
        partitions: Sequence[str | None] = context.partition_keys if partitioned else [None]
        verdicts: list[Verdict] = []
        try:
            with leased_gpu(device or "cpu", f"{dataset.name}/{name}: device"):
                for partition in partitions:
                    with ExitStack() as leases:
                        step = Step(
                            context,
                            dataset,
                            store.store(),
                            name,
                            partition,
                            leases,
                            credentials.credentials(),
                        )
                        verdict = _attempt(step, recipe)
                    verdicts.append(verdict)
                    yield from _check_events(context, key, verdict)
        finally:
            unsound = [verdict for verdict in verdicts if not verdict.sound]
            if unsound or len(verdicts) < len(partitions):
                _record_sound(context, key, verdicts)
        if unsound:
            raise _failure(key, verdicts)
        for verdict in verdicts:
            context.add_asset_metadata(verdict.metadata, asset_key=key, partition_key=verdict.partition)
        yield dg.MaterializeResult(asset_key=key)

    return asset


def _attempt(step: Step, recipe: Recipe) -> Verdict:
    try:
        return make(step, recipe)
    except NotPublished as missing:
        return Verdict(step.partition, Outcome.BLOCKED, reason=str(missing))


def _check_events(
    context: dg.AssetExecutionContext, key: dg.AssetKey, verdict: Verdict
) -> Iterator[dg.AssetCheckResult]:
    """Record every finding as the evaluation of its check, with the partition it speaks of."""
    for finding in verdict.findings:
        answer: dict[str, Any] = {
            "asset_key": key,
            "check_name": finding.name,
            "passed": finding.status is Status.PASSED,
            "severity": SEVERITY[finding.status],
            "description": finding.message,
            "metadata": check_metadata(finding),
        }
        if verdict.partition is None:
            yield dg.AssetCheckResult(**answer)
        else:
            # A result that is yielded has no partition in a run of several; the event has.
            context.log_event(dg.AssetCheckEvaluation(**answer, partition=verdict.partition))


def _record_sound(context: dg.AssetExecutionContext, key: dg.AssetKey, verdicts: Sequence[Verdict]) -> None:
    """Materialize the sound partitions of a step that is about to fail; without this they would be lost."""
    for verdict in verdicts:
        if verdict.sound:
            context.log_event(
                dg.AssetMaterialization(key, partition=verdict.partition, metadata=verdict.metadata)
            )


def _failure(key: dg.AssetKey, verdicts: Sequence[Verdict]) -> dg.Failure:
    reasons = [
        f"{verdict.partition or key.to_user_string()} {verdict.outcome.value}: {verdict.reason}"
        for verdict in verdicts
        if not verdict.sound
    ]
    return dg.Failure(
        f"{len(reasons)} of {len(verdicts)} not published, what was published before still stands. "
        + " | ".join(reasons),
        allow_retries=False,
    )
