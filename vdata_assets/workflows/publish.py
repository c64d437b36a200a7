"""Write, audit, publish: the one way in which an asset of any workflow comes to be.

A candidate is written, audited over all its rows, and published only if no finding FAILED. What was
published before stands until then. Each verdict is recorded as an evaluation of a declared check, with
its partition. The same inputs, settings and code do no work.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any

import dagster as dg

from vdata_assets.quality.findings import Check, Finding, Status, at_level
from vdata_assets.workflows.dataset import Dataset
from vdata_assets.workflows.digests import digest
from vdata_assets.workflows.metadata import check_metadata, ui_metadata
from vdata_assets.workflows.resources import StoreResource
from vdata_resources.store import Artifact, NotPublished, Store, Version

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


@dataclass(frozen=True)
class Table:
    """What the UI shows of a table.

    Attributes:
        rows: how many there are.
        columns: name, type and description of each.
    """

    rows: int
    columns: Sequence[tuple[str, str, str]]


@dataclass(frozen=True)
class Built:
    """What a stage has written into the candidate's folder, and what is to be said about it.

    Attributes:
        findings: answers to the asset's checks, over all rows.
        figures: plain values shown in the UI and kept in the manifest: counts, names, settings.
        pictures: title -> Markdown with embedded images or tables.
        table: the main table's row count and columns.
    """

    findings: Sequence[Finding]
    figures: Mapping[str, Any] = field(default_factory=dict)
    pictures: Mapping[str, str] = field(default_factory=dict)
    table: Table | None = None

    def __post_init__(self) -> None:
        if both := sorted(self.figures.keys() & self.pictures.keys()):
            raise ValueError(f"figures and pictures share the names {both}: the UI would show one of them")

    def record(self) -> dict[str, Any]:
        """The metadata as the manifest keeps it."""
        return {
            "figures": dict(self.figures),
            "pictures": dict(self.pictures),
            "table": asdict(self.table) if self.table else None,
        }


@dataclass(frozen=True)
class Step:
    """One asset, or one partition of it, about to be made.

    Attributes:
        context: Dagster's.
        dataset: whose asset it is.
        store: where upstream versions are read.
        asset: the asset's name within the dataset.
        partition: partition key, or None.
        leases: keeps upstream versions from being pruned while they are read.
    """

    context: dg.AssetExecutionContext
    dataset: Dataset
    store: Store
    asset: str
    partition: str | None
    leases: ExitStack

    @property
    def artifact(self) -> Artifact:
        """Where this asset or partition is published."""
        return self.store.artifact(self.dataset.name, self.asset, self.partition)

    @property
    def category(self) -> str:
        """The partition key of an asset that is partitioned by category."""
        if self.partition is None:
            raise ValueError(f"{self.dataset.name}/{self.asset} is not partitioned")
        return self.partition

    def upstream(self, asset: str, partition: str | None = None) -> Version:
        """The published version of an upstream asset, held until this step ends.

        Raises:
            NotPublished: it was never published; says what to materialize.
        """
        return self.leases.enter_context(self.store.artifact(self.dataset.name, asset, partition).reading())

    def log(self, message: str) -> None:
        """A line in the step's log."""
        where = f"[{self.partition}] " if self.partition else ""
        self.context.log.info(f"{where}{message}")


class Outcome(Enum):
    """What became of a candidate."""

    PUBLISHED = "published"
    REUSED = "reused"
    REJECTED = "rejected"
    BLOCKED = "blocked"


@dataclass(frozen=True)
class Verdict:
    """The outcome for one partition.

    Attributes:
        partition: its key, or None.
        outcome: published or reused; rejected by its audit; blocked by a missing upstream.
        findings: answers to the asset's checks; none when blocked.
        metadata: what the UI is told of a sound version.
        reason: why there is no sound version; empty if there is.
    """

    partition: str | None
    outcome: Outcome
    findings: Sequence[Finding] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""

    @property
    def sound(self) -> bool:
        """Whether there is a published version of these inputs."""
        return self.outcome in (Outcome.PUBLISHED, Outcome.REUSED)


@dataclass(frozen=True)
class Recipe:
    """How an asset is made.

    Attributes:
        inputs: what the result depends on besides settings; its digest decides about reuse.
        build: writes the candidate's files into the folder; called with the inputs by name.
        settings: any value :func:`digest` takes.
        code_version: changed by hand when the same inputs give another result.
        checks: the questions that ``build``'s findings answer.
        announce: told of every sound version, also of one that is reused.
    """

    inputs: Callable[[Step], dict[str, Any]]
    build: Callable[..., Built]
    settings: Any
    code_version: str
    checks: Sequence[Check]
    announce: Callable[[Step, Version], None] = lambda step, version: None


def make(step: Step, recipe: Recipe) -> Verdict:
    """Write, audit and publish one candidate, or reuse the current version if nothing changed."""
    inputs = recipe.inputs(step)
    levels = {check.name: step.dataset.level(check) for check in recipe.checks}
    fingerprint = digest(
        {
            "inputs": inputs,
            "settings": recipe.settings,
            "code": recipe.code_version,
            "levels": {name: level.value for name, level in levels.items()},
        }
    )
    with step.artifact.draft(fingerprint) as draft:
        current = step.artifact.reusable(fingerprint)
        if current is not None:
            step.log(f"reused: same inputs, settings and code as version {current.id}")
            return _sound(step, recipe, Outcome.REUSED, current)
        built = recipe.build(step, draft.path, **inputs)
        findings = at_level(built.findings, levels)
        _answers_declared_checks(recipe, findings)
        report = {"findings": [_finding_record(finding) for finding in findings]}
        if any(finding.status is Status.FAILED for finding in findings):
            kept = draft.reject(report)
            failed = [finding.message for finding in findings if finding.status is Status.FAILED]
            reason = f"{'; '.join(failed)} (candidate and report.json kept in {kept})"
            return Verdict(step.partition, Outcome.REJECTED, findings, reason=reason)
        version = draft.publish(built.record(), report)
    step.log(f"published version {version.id} in {version.path}")
    return _sound(step, recipe, Outcome.PUBLISHED, version)


def _sound(step: Step, recipe: Recipe, outcome: Outcome, version: Version) -> Verdict:
    recipe.announce(step, version)
    findings = [
        Finding(**{**record, "status": Status(record["status"]), "offenders": tuple(record["offenders"])})
        for record in version.report["findings"]
    ]
    return Verdict(step.partition, outcome, findings, ui_metadata(version, reused=outcome is Outcome.REUSED))


def _finding_record(finding: Finding) -> dict[str, Any]:
    return {
        "name": finding.name,
        "status": finding.status.value,
        "message": finding.message,
        "offenders": list(finding.offenders),
        "counts": finding.counts,
    }


def _answers_declared_checks(recipe: Recipe, findings: Sequence[Finding]) -> None:
    answered = sorted(finding.name for finding in findings)
    declared = sorted(check.name for check in recipe.checks)
    if answered != declared:
        raise ValueError(f"findings {answered} do not answer the declared checks {declared}")


def published_asset(
    dataset: Dataset,
    name: str,
    recipe: Recipe,
    *,
    deps: Sequence[str],
    kinds: set[str],
    by_category: bool = False,
    pool: str | None = None,
    automation: dg.AutomationCondition | None = None,
) -> dg.AssetsDefinition:
    """A Dagster asset that is made by ``recipe``, once or once a category, with its checks declared.

    The asset's description is ``recipe.build``'s docstring.
    """
    key = dataset.key(name)

    @dg.multi_asset(
        name=f"{dataset.slug}__{name}",
        specs=[
            dg.AssetSpec(
                key,
                deps=[dataset.key(dep) for dep in deps],
                description=recipe.build.__doc__,
                group_name=dataset.slug,
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
                blocking=not by_category and dataset.level(check) is Status.FAILED,
            )
            for check in recipe.checks
        ],
        can_subset=True,
        partitions_def=dataset.categories if by_category else None,
        backfill_policy=dataset.backfill_policy if by_category else dg.BackfillPolicy.single_run(),
        pool=pool,
    )
    def asset(context: dg.AssetExecutionContext, store: StoreResource):  # type: ignore[no-untyped-def]
        partitions: Sequence[str | None] = context.partition_keys if by_category else [None]
        verdicts: list[Verdict] = []
        try:
            for partition in partitions:
                verdict = _attempt(context, dataset, store.store(), name, partition, recipe)
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


def _attempt(
    context: dg.AssetExecutionContext,
    dataset: Dataset,
    store: Store,
    name: str,
    partition: str | None,
    recipe: Recipe,
) -> Verdict:
    with ExitStack() as leases:
        step = Step(context, dataset, store, name, partition, leases)
        try:
            return make(step, recipe)
        except NotPublished as missing:
            return Verdict(partition, Outcome.BLOCKED, reason=str(missing))


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
