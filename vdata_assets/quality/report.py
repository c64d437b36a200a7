"""An audit's findings as a verdict, and as JSON for programs."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from vdata_assets.quality.findings import Finding, Status

Overall = Literal["PASSED", "PASSED_WITH_WARNINGS", "FAILED"]


def overall(findings: Iterable[Finding]) -> Overall:
    """FAILED if a finding failed, PASSED_WITH_WARNINGS if one warns, else PASSED."""
    found = {finding.status for finding in findings}
    if Status.FAILED in found:
        return "FAILED"
    return "PASSED_WITH_WARNINGS" if Status.WARNING in found else "PASSED"


def report_json(findings: Sequence[Finding]) -> dict[str, Any]:
    """The verdict as ``status``, and every finding as a record under ``findings``, in their order."""
    return {
        "status": overall(findings),
        "findings": [
            {
                "name": finding.name,
                "status": finding.status.value,
                "message": finding.message,
                "offenders": list(finding.offenders),
                "counts": finding.counts,
            }
            for finding in findings
        ],
    }
