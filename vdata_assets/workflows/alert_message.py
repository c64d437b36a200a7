"""What an alert says: failed checks and rejected partitions of finished runs, as JSON of bounded size.

    {"id": "0f3a...", "text": "...", "left_out": 0, "runs": [
        {"run_id": "...", "job": "objects", "status": "FAILURE",
         "failed_checks_total": 2, "rejected_partitions_total": 1, "failed_steps": [],
         "failed_checks": [{"asset": "objects/embeddings", "check": "vectors_unit", "partition": "bag",
                            "message": "3 of 40 vectors ..."}, ...],
         "rejected_partitions": [{"asset": "objects/embeddings", "partition": "bag"}, ...]}, ...]}

``text`` is what Slack, Mattermost and the like show. All that comes from data stands in code spans, so that
it is no markup, no link and mentions nobody. ``id`` is the same when the same runs are told again.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import xxhash

MAX_RUNS = 20
MAX_CHECKS = 40
MAX_CHECKS_IN_TEXT = 10
MAX_CHARACTERS = 300
MAX_STEPS = 5

# Control characters, line separators, invisible and direction marks, halves of surrogate pairs.
_CONTROL = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+"
)


@dataclass(frozen=True)
class FailedCheck:
    """A check that failed."""

    asset: str
    check: str
    partition: str | None
    message: str


@dataclass(frozen=True)
class TroubledRun:
    """A finished run of which there is something to tell.

    Attributes:
        run_id: Dagster's.
        job: its job's name; empty: assets that were chosen by hand or by automation.
        status: SUCCESS, FAILURE or CANCELED.
        checks: the first of its failed checks.
        checks_total: how many failed.
        rejected: the first of the assets and partitions whose candidate was rejected.
        rejected_total: how many were.
        steps: the first steps that failed, where no check did.
    """

    run_id: str
    job: str
    status: str
    checks: Sequence[FailedCheck]
    checks_total: int
    rejected: Sequence[tuple[str, str]]
    rejected_total: int
    steps: Sequence[str]


def message(runs: Sequence[TroubledRun]) -> dict[str, Any]:
    """The alert about at least one run, of which at most MAX_RUNS are told and at most MAX_CHECKS checks."""
    share = max(1, MAX_CHECKS // len(runs))
    told = [_run(run, share) for run in runs[:MAX_RUNS]]
    return {
        "id": xxhash.xxh3_128_hexdigest("\n".join(run.run_id for run in runs).encode()),
        "text": "\n".join(_lines(runs[:MAX_RUNS], max(1, MAX_CHECKS_IN_TEXT // len(runs)))),
        "left_out": len(runs) - len(told),
        "runs": told,
    }


def _run(run: TroubledRun, share: int) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "job": short(run.job),
        "status": run.status,
        "failed_checks_total": run.checks_total,
        "rejected_partitions_total": run.rejected_total,
        "failed_steps": [short(step) for step in run.steps[:MAX_STEPS]],
        "failed_checks": [
            {
                "asset": short(check.asset),
                "check": short(check.check),
                "partition": None if check.partition is None else short(check.partition),
                "message": short(check.message),
            }
            for check in run.checks[:share]
        ],
        "rejected_partitions": [
            {"asset": short(asset), "partition": short(partition)}
            for asset, partition in run.rejected[:share]
        ],
    }


def _lines(runs: Sequence[TroubledRun], share: int) -> list[str]:
    lines = [f"vdata: {len(runs)} run{'s' if len(runs) > 1 else ''} to look at"]
    for run in runs:
        what = []
        if run.checks_total:
            what.append(f"{run.checks_total:,} checks failed")
        if run.rejected_total:
            what.append(f"{run.rejected_total:,} partitions rejected")
        if run.steps:
            what.append(f"failed steps {', '.join(code(step) for step in run.steps[:MAX_STEPS])}")
        job = code(run.job) if run.job else "assets"
        head = f"• run {code(run.run_id[:8])} of {job}, {run.status.lower()}"
        lines.append(f"{head}: {', '.join(what)}" if what else head)
        for check in run.checks[:share]:
            where = code(check.asset) + (f" {code(check.partition)}" if check.partition is not None else "")
            lines.append(f"    {where} {code(check.check)}: {code(check.message)}")
        if run.checks_total > share:
            lines.append(f"    and {run.checks_total - share:,} more: see the run")
    return lines


def short(text: str) -> str:
    """One line of bounded length, without control characters."""
    line = _CONTROL.sub(" ", text).strip()
    return line if len(line) <= MAX_CHARACTERS else line[: MAX_CHARACTERS - 1] + "…"


def code(text: str) -> str:
    """The text as a code span, in which nothing is markup; HTML's characters are escaped, as Slack has it."""
    plain = short(text).replace("`", "'") or " "
    return "`" + plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") + "`"
