"""A candidate is written, audited over all its rows, and published only if no finding FAILED.

What was published before stands until then. The same inputs, settings and code do no work.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any

import dagster as dg

from vdata_assets.quality.findings import Check, Finding, Status, at_level
from vdata_assets.quality.report import report_json
from vdata_assets.workflows.dataset import Dataset
from vdata_assets.workflows.digests import digest
from vdata_assets.workflows.metadata import ui_metadata
from vdata_assets.workflows.resources import Credentials
from vdata_resources.object_store import ObjectStorageError
from vdata_resources.store import Artifact, DamagedVersion, Draft, Store, Version
from vdata_resources.store.version import to_json


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
        pages: title -> file of the version that people open in a browser; the UI shows where it is.
    """

    findings: Sequence[Finding]
    figures: Mapping[str, Any] = field(default_factory=dict)
    pictures: Mapping[str, str] = field(default_factory=dict)
    table: Table | None = None
    pages: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if both := sorted(self.figures.keys() & self.pictures.keys()):
            raise ValueError(f"figures and pictures share the names {both}: the UI would show one of them")

    def record(self) -> dict[str, Any]:
        """The metadata as the manifest keeps it."""
        return {
            "figures": dict(self.figures),
            "pictures": dict(self.pictures),
            "table": asdict(self.table) if self.table else None,
            "pages": dict(self.pages),
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
        credentials: keys of services.
        draft: the candidate, while it is built.
    """

    context: dg.AssetExecutionContext
    dataset: Dataset
    store: Store
    asset: str
    partition: str | None
    leases: ExitStack
    credentials: Credentials
    draft: Draft | None = None

    @property
    def artifact(self) -> Artifact:
        """Where this asset or partition is published."""
        return self.store.artifact(self.dataset.name, self.asset, self.partition)

    @property
    def key(self) -> str:
        """The partition key of an asset that is partitioned."""
        if self.partition is None:
            raise ValueError(f"{self.dataset.name}/{self.asset} is not partitioned")
        return self.partition

    def upstream(self, asset: str, partition: str | None = None) -> Version:
        """The published version of an upstream asset, held until this step ends.

        Raises:
            NotPublished: it was never published; says what to materialize.
        """
        return self.leases.enter_context(self.store.artifact(self.dataset.name, asset, partition).reading())

    def link(self, version: Version, name: str, target: str) -> None:
        """Put a file of an upstream version into the candidate at no cost; see :meth:`Draft.link`."""
        if self.draft is None:
            raise ValueError(f"{self.dataset.name}/{self.asset} is not being built")
        self.draft.link(version, name, target)

    @property
    def scratch(self) -> Path:
        """A folder for work that shall outlive a killed process; see :attr:`Draft.scratch`."""
        if self.draft is None:
            raise ValueError(f"{self.dataset.name}/{self.asset} is not being built")
        return self.draft.scratch

    def log(self, message: str) -> None:
        """A line in the step's log."""
        where = f"[{self.partition}] " if self.partition else ""
        self.context.log.info(f"{where}{message}")


class NotMirrored(RuntimeError):  # noqa: N818 (it says what is the case)
    """A version is published, but its copy in object storage is not; see StoreResource.publish_to."""


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
        reports: whether every version holds its findings as ``report.json`` and ``report.md``.
        complete: whether a version may be reused; one that lacks answers of a service is made anew.
        announce: told of every sound version, also of one that is reused.
    """

    inputs: Callable[[Step], dict[str, Any]]
    build: Callable[..., Built]
    settings: Any
    code_version: str
    checks: Sequence[Check]
    announce: Callable[[Step, Version], None] = lambda step, version: None
    reports: bool = False
    complete: Callable[[Version], bool] = lambda version: True


def make(step: Step, recipe: Recipe) -> Verdict:
    """Write, audit and publish one candidate, or reuse the current version if nothing changed.

    Raises:
        NotMirrored: it is published, but could not be copied to the store's object storage.
    """
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
        if current is not None and recipe.complete(current):
            step.log(f"reused: same inputs, settings and code as version {current.id}")
            _mirror(step, current)
            return _sound(step, recipe, Outcome.REUSED, current)
        built = recipe.build(replace(step, draft=draft), draft.path, **inputs)
        findings = at_level(built.findings, levels)
        _answers_declared_checks(recipe, findings)
        report = report_json(findings)
        failed = [finding.message for finding in findings if finding.status is Status.FAILED]
        if recipe.reports:
            _write_reports(step, recipe, draft, findings, with_json=not failed)
        if failed:
            kept = draft.reject(report)
            reason = f"{'; '.join(failed)} (candidate and report.json kept in {kept})"
            return Verdict(step.partition, Outcome.REJECTED, findings, reason=reason)
        version = draft.publish(built.record(), report)
        step.log(f"published version {version.id} in {version.path}")
        _mirror(step, version)
    return _sound(step, recipe, Outcome.PUBLISHED, version)


def _mirror(step: Step, version: Version) -> None:
    """Copy a published version to object storage, under the artifact's lock; no work if it is there."""
    if step.store.objects is None:
        return
    mirror = step.store.objects.artifact(step.dataset.name, step.asset, step.partition)
    try:
        if not mirror.publish(version):
            return
    except (ObjectStorageError, DamagedVersion) as error:
        raise NotMirrored(
            f"version {version.id} is published in {version.path}, but not mirrored, and {mirror.url} stands "
            f"as it was: {error}. Materialize it again: the version is reused, and what is missing is sent"
        ) from error
    step.log(f"mirrored version {version.id} to {mirror.url}")
    try:
        mirror.prune(step.store.keep)
    except ObjectStorageError as error:
        # What is published and mirrored already does not fail.
        step.context.log.warning(f"old versions stay until the next publication: {error}")


def _sound(step: Step, recipe: Recipe, outcome: Outcome, version: Version) -> Verdict:
    recipe.announce(step, version)
    metadata = ui_metadata(version, reused=outcome is Outcome.REUSED)
    return Verdict(step.partition, outcome, recorded_findings(version), metadata)


def recorded_findings(version: Version) -> list[Finding]:
    """What its audit found of a version when it was published."""
    return [
        Finding(**{**record, "status": Status(record["status"]), "offenders": tuple(record["offenders"])})
        for record in version.report["findings"]
    ]


def _write_reports(
    step: Step, recipe: Recipe, draft: Draft, findings: Sequence[Finding], *, with_json: bool
) -> None:
    """The findings for people and for programs; the store writes the JSON of a rejected candidate."""
    from vdata_assets.reports.quality_page import report_markdown

    name = f"{step.dataset.name}/{step.asset}" + (f" {step.partition}" if step.partition else "")
    advice = {check.name: check.description for check in recipe.checks}
    (draft.path / "report.md").write_text(report_markdown(name, findings, advice), encoding="utf-8")
    if with_json:
        (draft.path / "report.json").write_bytes(to_json(report_json(findings)))


def _answers_declared_checks(recipe: Recipe, findings: Sequence[Finding]) -> None:
    """Every check is answered; once one has failed, those that could not be asked may stay open."""
    answered = sorted(finding.name for finding in findings)
    declared = sorted(check.name for check in recipe.checks)
    failed = any(finding.status is Status.FAILED for finding in findings)
    if answered != declared and not (failed and set(answered) < set(declared)):
        raise ValueError(f"findings {answered} do not answer the declared checks {declared}")
