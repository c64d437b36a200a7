"""Are the classes of similar size, and which are to be augmented?"""

import polars as pl

from vdata_assets.annotations.checks import CLASS_IMBALANCE
from vdata_assets.annotations.settings import AnnotationAuditSettings
from vdata_assets.quality.findings import MAX_OFFENDERS, Finding


def class_balance(objects: pl.DataFrame, audit: AnnotationAuditSettings) -> Finding:
    """Compare the instances of every class with those of the largest.

    A class is a minority if the largest has ``moderate_imbalance`` times its instances or more; the imbalance
    is severe if it has ``severe_imbalance`` times those of any. Objects that cannot be used are no instances.

    Args:
        objects: columns ``label`` and ``reason``.
        audit: the two ratios.

    Returns:
        Offenders are the minority classes, the smallest first, with their counts and ratios.
    """
    sizes = (
        objects.filter(pl.col("reason").is_null())
        .group_by("label")
        .agg(instances=pl.len().cast(pl.Int64))
        .sort("instances", "label", descending=[True, False])
    )
    total = int(sizes["instances"].sum())
    figures: dict[str, int | float] = {"instances": total, "classes": sizes.height}
    if sizes.height < 2:
        whole = f"{sizes['label'][0]} with {_instances(total)}" if sizes.height else "there are no objects"
        return CLASS_IMBALANCE.finding(f"fewer than two classes to compare: {whole}", counts=figures)
    largest, most = sizes.row(0)
    sizes = sizes.with_columns(ratio=most / pl.col("instances"))
    worst = float(sizes["ratio"].max())  # type: ignore[arg-type]
    limit = min(audit.moderate_imbalance, audit.severe_imbalance)
    small = sizes.filter(pl.col("ratio") >= limit).sort("instances", "label")
    figures["largest_ratio"] = round(worst, 3)
    if not small.height:
        return CLASS_IMBALANCE.finding(
            f"{sizes.height} classes, {_instances(total)}: the largest, {largest}, "
            f"has at most {worst:.1f} times those of another",
            counts=figures,
        )
    degree = "Severe" if worst >= audit.severe_imbalance else "Moderate"
    ratios = [f"{largest}/{label} = {ratio:.1f}:1" for label, _, ratio in small.iter_rows()]
    return CLASS_IMBALANCE.finding(
        f"{degree} class imbalance detected: {_listed(ratios)}; augment {_listed(small['label'].to_list())}",
        [
            f"{label}: {count} of {_instances(total)}, {ratio}"
            for (label, count, _), ratio in zip(small.iter_rows(), ratios, strict=True)
        ],
        figures,
    )


def _instances(count: int) -> str:
    return f"{count} instance{'' if count == 1 else 's'}"


def _listed(names: list[str]) -> str:
    more = len(names) - MAX_OFFENDERS
    return ", ".join(names[:MAX_OFFENDERS]) + (f" and {more} more" if more > 0 else "")
