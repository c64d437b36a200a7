"""What is asked of sample splits before they are published."""

from collections.abc import Mapping

import polars as pl

from vdata_assets.quality.findings import Finding
from vdata_assets.splits import checks
from vdata_assets.splits.growth import parted_groups
from vdata_assets.splits.settings import SplitSettings
from vdata_assets.splits.split_config import SplitCounts, class_deviations, split_counts


def audit_sample_splits(
    samples: pl.DataFrame, splits: pl.DataFrame, settings: SplitSettings
) -> list[Finding]:
    """Audit splits over all rows.

    Args:
        samples: column sample_id, and labels if classes are to be audited.
        splits: columns sample_id, group and split.
        settings: ratios and tolerances.
    """
    return audit_counts(split_counts(samples, splits), settings)


def audit_counts(counts: SplitCounts, settings: SplitSettings) -> list[Finding]:
    """As :func:`audit_sample_splits`, of what is counted."""
    sizes = counts.sizes
    findings = [_groups_whole(counts.groups), _filled(counts.groups, settings), _ratios(sizes, settings)]
    if counts.classes is not None:
        findings.append(_class_shares(counts.classes, sizes, settings))
    return findings


def _groups_whole(places: pl.DataFrame) -> Finding:
    """Groups in more than one split."""
    parted = parted_groups(places)
    groups = places["group"].n_unique()
    return checks.GROUPS_WHOLE.finding(
        f"{parted.height} of {groups} groups are in more than one split",
        [f"{group}: {', '.join(names)}" for group, names in parted.iter_rows()],
        {"groups": groups},
    )


def _filled(places: pl.DataFrame, settings: SplitSettings) -> Finding:
    """Splits that want samples and have none, if there are as many groups as such splits."""
    wanting = [name for name, ratio in settings.ratios.items() if ratio]
    filled = set(places["split"])
    empty = [name for name in wanting if name not in filled]
    groups = places["group"].n_unique()
    enough = groups >= len(wanting)
    return checks.SPLITS_FILLED.finding(
        f"{len(empty)} of {len(wanting)} splits are empty"
        + ("" if enough else f", as there are only {groups} groups"),
        empty if enough else [],
        {"groups": groups},
    )


def _ratios(sizes: Mapping[str, int], settings: SplitSettings) -> Finding:
    """Splits whose share is off their ratio by more than the tolerance."""
    samples = max(1, sum(sizes.values()))
    points = {name: (sizes.get(name, 0) / samples - ratio) * 100 for name, ratio in settings.ratios.items()}
    largest = max(abs(off) for off in points.values())
    return checks.SPLIT_RATIOS.finding(
        f"shares of the samples are off their ratios by at most {largest:.2f} percentage points",
        [
            f"{name}: {sizes.get(name, 0)} samples, {off:+.2f} points"
            for name, off in points.items()
            if abs(off) > settings.size_tolerance
        ],
        {"largest_deviation_points": round(largest, 3)},
    )


def _class_shares(classes: pl.DataFrame, sizes: Mapping[str, int], settings: SplitSettings) -> Finding:
    """Classes whose share in a split is off that in the whole by more than the tolerance."""
    rows = class_deviations(classes, sizes, settings).select("label", "split", "deviation")
    largest = max((abs(deviation) for _, _, deviation in rows.iter_rows()), default=0.0)
    return checks.CLASS_SHARES.finding(
        f"shares of the classes in the splits are off the whole's by at most {largest:.2f} percentage points",
        [
            f"{label} in {split}: {deviation:+.2f} points"
            for label, split, deviation in rows.iter_rows()
            if abs(deviation) > settings.class_tolerance
        ],
        {"largest_deviation_points": round(largest, 3), "classes": rows["label"].n_unique()},
    )
