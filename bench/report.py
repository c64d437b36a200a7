"""What every bench script shares: its figures are printed as one JSON object, on the last line."""

import json
import operator
import resource

COMPARE = {">=": operator.ge, "<=": operator.le}


def peak_rss_mb() -> float:
    """Peak resident memory of this process and, separately measured, its largest child; the sum, in MB."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return (own + child) / 1024


def report(bench: str, ratio: float, against: str, target: str, *, peak_mb: float | None = None) -> bool:
    """Print the closing JSON line and say whether the target is met.

    Args:
        bench: the script's name.
        ratio: the one figure, measured side by side in this run.
        against: the named peer or limit that the ratio is relative to.
        target: a comparison and a number, e.g. ``">= 5"``.
        peak_mb: peak memory if it was measured for our part alone; this process's and children's otherwise.
    """
    comparison, limit = target.split()
    met = COMPARE[comparison](ratio, float(limit))
    line = {
        "bench": bench,
        "ratio": round(ratio, 3),
        "against": against,
        "target": target,
        "met": met,
        "peak_rss_mb": round(peak_rss_mb() if peak_mb is None else peak_mb, 1),
    }
    print(json.dumps(line))
    return met
