"""What an audit says about data: findings. Plain values; the Dagster side turns them into checks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

MAX_OFFENDERS = 20


class Status(Enum):
    """The verdict of a finding, and the level at which a check is set."""

    PASSED = "PASSED"
    WARNING = "WARNING"
    FAILED = "FAILED"


@dataclass(frozen=True)
class Finding:
    """One question asked of all rows, and its answer.

    Attributes:
        name: the check's name, stable over versions, e.g. ``splits_disjoint``.
        status: PASSED, WARNING (published, shown) or FAILED (not published).
        message: one sentence for a person, with the figures in it.
        offenders: up to 20 row ids, in row order, that explain the status.
        counts: figures to plot over time, e.g. ``{"leaked_images": 3}``.
    """

    name: str
    status: Status
    message: str
    offenders: tuple[str, ...] = ()
    counts: dict[str, int | float] = field(default_factory=dict)


@dataclass(frozen=True)
class Check:
    """A declared audit question: its name, what it asks, and how bad a hit is by default.

    Attributes:
        name: name of the findings that answer it.
        description: one sentence: what is asked, and what to do when it is hit.
        default: WARNING or FAILED, the status of a hit unless the dataset's YAML sets another.
    """

    name: str
    description: str
    default: Status

    def finding(
        self, message: str, offenders: Iterable[str] = (), counts: Mapping[str, int | float] | None = None
    ) -> Finding:
        """The answer to this question: a hit at the default level if there are offenders, else PASSED.

        Args:
            message: one sentence with the figures in it; true for a hit and for a pass.
            offenders: ids of all rows that are hit; the first 20 are kept, their number is counted.
            counts: further figures.
        """
        offenders = tuple(offenders)
        return Finding(
            name=self.name,
            status=self.default if offenders else Status.PASSED,
            message=message,
            offenders=offenders[:MAX_OFFENDERS],
            counts={"offenders": len(offenders), **(counts or {})},
        )


def at_level(findings: Iterable[Finding], levels: Mapping[str, Status]) -> list[Finding]:
    """The findings with every hit raised or lowered to the level that ``levels`` names for its check.

    A passed finding stays passed. PASSED as a level turns a check's hits off; its message still shows.
    """
    return [
        finding
        if finding.status is Status.PASSED
        else replace(finding, status=levels.get(finding.name, finding.status))
        for finding in findings
    ]
