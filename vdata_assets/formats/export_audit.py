"""Whether a dataset's exports are what their trainers take and what was written."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from vdata_assets.formats.about import CHECKSUMS
from vdata_assets.formats.checksums import verify_checksums
from vdata_assets.formats.export import Exported, ExportedFormat, ExportedSplit, IdDigest
from vdata_assets.formats.export_checks import (
    CHECKSUMS_HOLD,
    EXPORT_COMPLETE,
    EXPORT_LOADS_BACK,
    FORMATS_VALID,
    SERVICE_LIMITS,
)
from vdata_assets.formats.problems import Problem
from vdata_assets.quality.findings import MAX_OFFENDERS, Check, Finding

NUMBER_OF_ROWS = re.compile(r"(no|\d+) (rows|samples)( with pictures)?")
"""The value of a problem of a whole file that is about how many rows it has."""


@dataclass
class _Told:
    """Offenders of a check: all are counted, the first are kept."""

    check: Check
    first: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    offenders: int = 0

    def add(self, offender: str) -> None:
        self.offenders += 1
        if len(self.first) < MAX_OFFENDERS:
            self.first.append(offender)

    def finding(self, message: str) -> Finding:
        return self.check.finding(message, self.first, {"offenders": self.offenders, **self.counts})


def audit_export(exported: Exported, out: Path) -> list[Finding]:
    """Read every file of the exports as their trainers do; memory holds some rows.

    A problem about how many rows a file has (Fireworks takes 3 at least, OpenAI 10) is
    :data:`SERVICE_LIMITS`, for a small split must not keep the others from being published; all others are
    :data:`FORMATS_VALID`.

    Args:
        exported: what was written.
        out: folder that it is in.
    """
    valid, limits, loads, sums = (
        _Told(check) for check in (FORMATS_VALID, SERVICE_LIMITS, EXPORT_LOADS_BACK, CHECKSUMS_HOLD)
    )
    for one in exported.formats:
        folder = out / one.name
        for split in one.splits:
            _validate(one, split, folder, valid, limits)
            _load(one, split, folder, loads)
        if not one.splits:
            limits.add(f"{one.name}: no split: there is nothing to train on")
        _verify(one, folder, sums)
    rows = sum(one.rows for one in exported.formats)
    told = f"{rows:,} rows in {len(exported.formats)} formats"
    warned = valid.counts["warnings"]
    return [
        valid.finding(f"{told}: {valid.offenders:,} problems, {warned:,} warnings"),
        limits.finding(f"{told}: {limits.offenders:,} files with too few or too many rows"),
        _complete(exported),
        loads.finding(f"{told}: {loads.offenders:,} differences to what was written"),
        sums.finding(f"{sums.counts['files']:,} files: {sums.offenders:,} differ from their checksums"),
    ]


def _validate(one: ExportedFormat, split: ExportedSplit, folder: Path, valid: _Told, limits: _Told) -> None:
    def report(problem: Problem) -> None:
        if not problem.row and NUMBER_OF_ROWS.fullmatch(problem.value):
            limits.add(f"{one.name}: {problem}")
        elif problem.warning:
            valid.counts["warnings"] += 1
        else:
            valid.add(f"{one.name}: {problem}")

    try:
        rows = one.format.validate(folder, split.name, report)
    except (OSError, ValueError) as error:
        valid.add(f"{one.name}: {split.name}: {_unread(error, folder)}")
        return
    valid.counts["rows"] += rows
    if rows != split.rows:
        valid.add(f"{one.name}: {split.name}: {rows:,} rows, {split.rows:,} were written")


def _load(one: ExportedFormat, split: ExportedSplit, folder: Path, loads: _Told) -> None:
    def report(problem: Problem) -> None:
        if not problem.warning:
            loads.add(f"{one.name}: {problem}")

    seen = IdDigest()
    try:
        for sample in one.format.load(folder, split.name, report):
            seen.add(sample)
    except (OSError, ValueError) as error:
        loads.add(f"{one.name}: {split.name}: {_unread(error, folder)}")
        return
    if seen.rows != split.rows:
        loads.add(f"{one.name}: {split.name}: {seen.rows:,} samples, {split.rows:,} were written")
    elif split.ids is not None and seen.ids != split.ids:
        loads.add(f"{one.name}: {split.name}: other ids, or in another order, than were written")


def _verify(one: ExportedFormat, folder: Path, sums: _Told) -> None:
    if not (folder / CHECKSUMS).is_file():
        sums.add(f"{one.name}: {CHECKSUMS}: there is no such file")
        return
    sums.counts["files"] += verify_checksums(folder, lambda problem: sums.add(f"{one.name}: {problem}"))


def _complete(exported: Exported) -> Finding:
    def offenders() -> Iterator[str]:
        for one in exported.formats:
            yield from (f"{one.name}: {sample}" for sample in one.lost.first)

    left_out = {one.name: one.lost.left_out for one in exported.formats}
    lost = "; ".join(f"{one.name} {one.lost}" for one in exported.formats) or "no formats"
    return EXPORT_COMPLETE.finding(
        f"{sum(left_out.values()):,} samples are left out of a format: {lost}",
        offenders(),
        {"offenders": sum(left_out.values()), **{f"{name}_left_out": n for name, n in left_out.items()}},
    )


def _unread(error: Exception, folder: Path) -> str:
    """An error without the path of this machine."""
    return f"cannot be read: {error}".replace(f"{folder}/", "")
