"""An audit's findings as a page for people."""

from collections.abc import Mapping, Sequence

from vdata_assets.quality.findings import Finding, Status
from vdata_assets.quality.report import Overall, overall
from vdata_assets.reports.markdown import escaped

MEANING: Mapping[Overall, str] = {
    "PASSED": "Nothing was found.",
    "PASSED_WITH_WARNINGS": "The data is published; look at the warnings.",
    "FAILED": "Nothing is published, and what was published before stands.",
}


def report_markdown(title: str, findings: Sequence[Finding], advice: Mapping[str, str]) -> str:
    """A page: the verdict, a table of all checks, then every hit with its first offenders.

    Names, messages and offenders come from data that nobody vetted: they are escaped.

    Args:
        title: what was audited.
        findings: the answers, in the order in which they are shown.
        advice: what a check asks and what to do when it is hit, by its name.

    Raises:
        KeyError: a check that is hit has no advice.
    """
    status = overall(findings)
    lines = [
        f"# Audit of {escaped(title)}",
        "",
        f"**{escaped(status)}**: {MEANING[status]}",
        "",
        "| Check | Status | Answer |",
        "| --- | --- | --- |",
    ]
    lines += [
        f"| {escaped(finding.name)} | {finding.status.value} | {escaped(finding.message)} |"
        for finding in findings
    ]
    for finding in findings:
        if finding.status is not Status.PASSED:
            lines += _hit(finding, advice[finding.name])
    return "\n".join(lines) + "\n"


def _hit(finding: Finding, advice: str) -> list[str]:
    more = int(finding.counts.get("offenders", 0)) - len(finding.offenders)
    return [
        "",
        f"## {escaped(finding.name)}: {finding.status.value}",
        "",
        escaped(finding.message),
        "",
        escaped(advice),
        "",
        *(f"- {escaped(offender)}" for offender in finding.offenders),
        *([f"- and {more:,} more"] if more > 0 else []),
    ]
