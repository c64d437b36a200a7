"""Questions about retrieval rows before they are published, answered over all rows from the data itself."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vdata_assets.quality.findings import Finding
from vdata_assets.retrieval import checks
from vdata_assets.retrieval.category_images import VECTOR
from vdata_assets.retrieval.combine import Part
from vdata_assets.retrieval.coverage import GUARDS_LEFT_TOO_FEW, REMEDIES, reason_without_row
from vdata_assets.retrieval.guards import near_duplicates
from vdata_assets.retrieval.settings import CombineSettings, MiningSettings, NearDuplicates
from vdata_assets.retrieval.similarity import on_grid

LISTS = ("ret_ids", "ret_paths", "ret_concepts", "ret_phashes", "similarities", "ranks")
BLOCK_PAIRS = 16384


def audit_retrieval(rows: pl.DataFrame, images: pl.DataFrame, settings: MiningSettings) -> list[Finding]:
    """Answer every check of :data:`~vdata_assets.retrieval.checks.RETRIEVAL_CHECKS`, in that order.

    Offenders are paths of queries.

    Args:
        rows: :class:`RetrievalRows` of a category.
        images: what was mined: :class:`MiningImages` plus ``vector``.
        settings: what it was mined with.
    """
    return [
        rows_complete(rows, settings.top_k),
        labels_valid(rows, images),
        negatives_foreign(rows, images),
        negatives_not_near_duplicates(rows, images, settings),
        queries_covered(rows, images, settings.top_k),
    ]


def audit_combined(
    rows: pl.DataFrame,
    images: pl.DataFrame,
    parts: Sequence[Part],
    missing: Mapping[str, str],
    settings: CombineSettings,
    top_k: int,
) -> list[Finding]:
    """Answer every check of :data:`~vdata_assets.retrieval.checks.COMBINED_CHECKS`, in that order.

    Args:
        rows: :class:`CombinedRows`.
        images: :class:`MiningImages` of all categories; near-duplicates are told by their hashes alone.
        parts: what was combined.
        missing: by category that was asked for and is not in ``parts``, why not.
        settings: what it was combined with.
        top_k: images a row.
    """
    limits = NearDuplicates(
        near_duplicate_hamming=settings.near_duplicate_hamming, near_duplicate_cosine=None
    )
    return [
        combined_not_empty(rows),
        categories_present(parts, missing),
        samples_sufficient(rows, settings.num_samples),
        rows_complete(rows, top_k),
        labels_valid(rows, images),
        negatives_foreign(rows, images),
        negatives_not_near_duplicates(rows, images, limits),
        cross_category_available(rows),
    ]


def rows_complete(rows: pl.DataFrame, top_k: int) -> Finding:
    """Every list has ``top_k`` entries, none is null (a replaced distractor's similarity may be), and images
    and paths are different.
    """
    lists = [*LISTS, *[name for name in ("ret_descs",) if name in rows.columns]]
    full = pl.all_horizontal(pl.col(name).list.len() == top_k for name in lists)
    filled = pl.all_horizontal(
        pl.col(name).list.drop_nulls().list.len() == top_k for name in lists if name != "similarities"
    )
    different = pl.all_horizontal(pl.col(name).list.n_unique() == top_k for name in ("ret_ids", "ret_paths"))
    known = pl.all_horizontal(pl.col("query_id", "query_path", "category", "concept", "label").is_not_null())
    bad = rows.filter(~(full & filled & different & known).fill_null(value=False))
    return checks.ROWS_COMPLETE.finding(
        f"{bad.height} of {rows.height} rows do not offer {top_k} different images",
        _paths(bad),
        {"rows": rows.height},
    )


def labels_valid(rows: pl.DataFrame, images: pl.DataFrame) -> Finding:
    """The image at ``label`` is known, is not the query and is of the query's category and concept."""
    positive = pl.col("ret_ids").list.get(pl.col("label"), null_on_oob=True)
    pairs = _with_concepts(rows.select("query_id", "query_path", image_id=positive), images)
    valid = pl.col("same_concept") & (pl.col("image_id") != pl.col("query_id"))
    bad = pairs.filter(~valid.fill_null(value=False))
    return checks.LABELS_VALID.finding(
        f"{bad.height} of {rows.height} labels do not point at another image of the query's concept",
        _paths(bad),
        {"rows": rows.height},
    )


def negatives_foreign(rows: pl.DataFrame, images: pl.DataFrame) -> Finding:
    """Every image at another slot is known and is not of the query's category and concept."""
    pairs = _with_concepts(_distractors(rows), images)
    bad = pairs.filter(pl.col("same_concept").fill_null(value=True))
    return checks.NEGATIVES_FOREIGN.finding(
        f"{bad.height} of {pairs.height} distractors are of the query's own concept or unknown",
        _paths(bad),
        {"distractors": pairs.height},
    )


def negatives_not_near_duplicates(
    rows: pl.DataFrame, images: pl.DataFrame, limits: NearDuplicates
) -> Finding:
    """No distractor is a near-duplicate of its row's query or positive. Images that are unknown or have no
    hash are left to the other checks.

    Args:
        rows: retrieval rows.
        images: :class:`MiningImages`; cosines are compared only if there is ``vector`` as well.
        limits: how near is too near.
    """
    images = images.filter(pl.col("phash").is_not_null())
    places = images.select("image_id", place=pl.int_range(pl.len()))
    distractors = _distractors(rows).join(places, on="image_id", maintain_order="left")
    near = np.zeros(distractors.height, np.bool_)
    for other in ("query_id", "positive_id"):
        pairs = distractors.join(
            places.select(pl.col("image_id").alias(other), other_place="place"),
            on=other,
            how="left",
            maintain_order="left",
        )
        known = pairs["other_place"].is_not_null().arg_true().to_numpy()
        near[known] |= _near(pairs[known], images, limits)
    bad = distractors.filter(near)
    return checks.NEGATIVES_NOT_NEAR_DUPLICATES.finding(
        f"{bad.height} of {distractors.height} distractors are near-duplicates of their query or positive",
        _paths(bad),
        {"distractors": distractors.height},
    )


def queries_covered(rows: pl.DataFrame, images: pl.DataFrame, top_k: int) -> Finding:
    """Every image is a query; those that are not are counted by reason, with what would change it."""
    reasons = images.select("image_id", "path").with_columns(reason_without_row(images, top_k))
    without = reasons.join(rows, left_on="image_id", right_on="query_id", how="anti").sort("path")
    named = without.with_columns(pl.col("reason").fill_null(GUARDS_LEFT_TOO_FEW))
    counts = dict(named.group_by("reason").len().sort("len", "reason", descending=[True, False]).rows())
    share = without.height / max(images.height, 1)
    listed = "".join(f"; {count} {reason}: {REMEDIES[reason]}" for reason, count in counts.items())
    return checks.QUERIES_COVERED.finding(
        f"{without.height} of {images.height} images ({share:.1%}) have no row as a query{listed}",
        _paths(without.rename({"path": "query_path"})),
        {"images": images.height, "share_without_row": share, **counts},
    )


def combined_not_empty(rows: pl.DataFrame) -> Finding:
    """There is a row."""
    return checks.COMBINED_NOT_EMPTY.finding(
        f"{rows.height} rows of {rows['category'].n_unique()} categories",
        [] if rows.height else ["no rows"],
        {"rows": rows.height, **dict(rows.group_by("category").len().sort("category").rows())},
    )


def categories_present(parts: Sequence[Part], missing: Mapping[str, str]) -> Finding:
    """Every category that was asked for is published and has rows, whether or not any was sampled."""
    empty = {part.category: "none of its images has a row" for part in parts if not _count(part)}
    reasons = {**missing, **empty}
    listed = "".join(f"; {category}: {reason}" for category, reason in reasons.items())
    return checks.CATEGORIES_PRESENT.finding(
        f"{len(reasons)} of {len(parts) + len(missing)} categories give no rows{listed}",
        reasons,
        {"categories": len(parts) + len(missing)},
    )


def samples_sufficient(rows: pl.DataFrame, num_samples: int | None) -> Finding:
    """There are as many rows as asked for."""
    if num_samples is None:
        return checks.SAMPLES_SUFFICIENT.finding(f"all {rows.height} rows are taken")
    few = rows.height < num_samples
    return checks.SAMPLES_SUFFICIENT.finding(
        f"{rows.height} of num_samples={num_samples} rows{', all that there are' if few else ''}",
        [f"num_samples={num_samples}"] if few else [],
        {"rows": rows.height},
    )


def cross_category_available(rows: pl.DataFrame) -> Finding:
    """Every row drawn for replacement has got distractors of other categories."""
    bad = rows.filter(pl.col("cross_category") == "not_available")
    replaced = rows.filter(pl.col("cross_category") == "replaced").height
    return checks.CROSS_CATEGORY_AVAILABLE.finding(
        f"{replaced} rows have distractors of other categories; {bad.height} were drawn for it and left "
        "alone, as the other categories offer too few",
        _paths(bad),
        {"replaced": replaced},
    )


def _paths(rows: pl.DataFrame) -> list[str]:
    return rows["query_path"].to_list()


def _count(part: Part) -> int:
    return int(pl.scan_parquet(part.path).select(pl.len()).collect().item())


def _distractors(rows: pl.DataFrame) -> pl.DataFrame:
    """A row a distractor: query_id, query_path, positive_id and image_id."""
    return (
        rows.select(
            "query_id",
            "query_path",
            "label",
            positive_id=pl.col("ret_ids").list.get(pl.col("label"), null_on_oob=True),
            slot=pl.int_ranges(pl.col("ret_ids").list.len()),
            image_id="ret_ids",
        )
        .explode("slot", "image_id")
        .filter(pl.col("slot") != pl.col("label"))
    )


def _with_concepts(pairs: pl.DataFrame, images: pl.DataFrame) -> pl.DataFrame:
    """The pairs with ``same_concept``: query and image are of one; null if either is unknown."""
    concepts = images.select("image_id", named=pl.struct("category", "concept"))
    return (
        pairs.join(concepts, on="image_id", how="left", maintain_order="left")
        .join(
            concepts.select(query_id="image_id", query_named="named"),
            on="query_id",
            how="left",
            maintain_order="left",
        )
        .with_columns(same_concept=pl.col("named") == pl.col("query_named"))
    )


def _near(pairs: pl.DataFrame, images: pl.DataFrame, limits: NearDuplicates) -> NDArray[np.bool_]:
    """Which pairs of image numbers ``place`` and ``other_place`` are near-duplicates."""
    left, right = pairs["place"].to_numpy(), pairs["other_place"].to_numpy().astype(np.intp)
    hashes = images["phash"].to_numpy()
    vectors = images[VECTOR].to_numpy() if VECTOR in images.columns else None
    near = np.zeros(len(left), np.bool_)
    for start in range(0, len(left), BLOCK_PAIRS):
        block = slice(start, start + BLOCK_PAIRS)
        if vectors is None:
            similarities = np.full(len(left[block]), -1.0)
        else:
            grids = on_grid(vectors, left[block]), on_grid(vectors, right[block])
            similarities = np.einsum("ij,ij->i", *grids)
        near[block] = near_duplicates(similarities, hashes[left[block]], hashes[right[block]], limits)
    return near
