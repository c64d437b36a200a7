"""Why a query gets no row: reasons with stable names."""

import polars as pl

CATEGORY_HAS_ONE_CONCEPT = "category_has_one_concept"
FEWER_CONCEPTS_THAN_TOP_K = "category_has_fewer_concepts_than_top_k"
CONCEPT_HAS_ONE_IMAGE = "concept_has_one_image"
GUARDS_LEFT_TOO_FEW = "guards_left_too_few_distractors"

REMEDIES = {
    CATEGORY_HAS_ONE_CONCEPT: "add a second concept to the category",
    FEWER_CONCEPTS_THAN_TOP_K: "lower top_k or add concepts to the category",
    CONCEPT_HAS_ONE_IMAGE: "add a second view of the concept",
    GUARDS_LEFT_TOO_FEW: "raise candidate_concepts, or loosen max_score, absolute_margin, relative_margin, "
    "near_duplicate_hamming or near_duplicate_cosine",
}


def reason_without_row(images: pl.DataFrame, top_k: int) -> pl.Series:
    """For every image of a category, why it can have no row whatever the guards; null if it can.

    Args:
        images: columns category and concept; may hold several categories.
        top_k: images a row.
    """
    concepts = pl.col("concept").n_unique().over("category")
    return images.select(
        pl.when(concepts == 1)
        .then(pl.lit(CATEGORY_HAS_ONE_CONCEPT))
        .when(concepts < top_k)
        .then(pl.lit(FEWER_CONCEPTS_THAN_TOP_K))
        .when(pl.len().over("category", "concept") == 1)
        .then(pl.lit(CONCEPT_HAS_ONE_IMAGE))
        .alias("reason")
    ).to_series()
