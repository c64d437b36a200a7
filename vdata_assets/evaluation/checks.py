"""What is asked of evaluations, the scoreboard and the gate. Light to import."""

from vdata_assets.quality.findings import Check, Status

QUERIES_FOUND = Check(
    "queries_found",
    "Are there queries, and products to search? Else check the splits' ratios, query_split and "
    "catalog_splits.",
    Status.FAILED,
)
RESULTS_SOUND = Check(
    "results_sound",
    "Does no query find itself, its article or its picture, are its results different, ordered by score, "
    "and as many as there can be?",
    Status.FAILED,
)
METRICS_SOUND = Check(
    "metrics_sound",
    "Is every figure between 0 and 1, within its interval, and worked out again from the queries' own rows "
    "the same?",
    Status.FAILED,
)
FACETS_MEASURABLE = Check(
    "facets_measurable",
    "Has every facet at least 30 queries that know it? With fewer, its figures say little.",
    Status.WARNING,
)
ABOVE_CHANCE = Check(
    "above_chance",
    "Is the category's match@10 above chance by its whole interval? If not, the vectors do not know what "
    "they show: check encoder and weights.",
    Status.WARNING,
)
EVALUATION_CHECKS = (QUERIES_FOUND, RESULTS_SOUND, METRICS_SOUND, FACETS_MEASURABLE, ABOVE_CHANCE)

DRIFT = Check(
    "drift_bounded",
    "Do the checkpoint's nearest neighbours of validation queries overlap those of the baseline by at least "
    "a tenth? Less means that it has forgotten what the encoder knew: lower lr, or raise anchor_weight.",
    Status.WARNING,
)
VALIDATION_GAINS = Check(
    "validation_gains",
    "Does no facet lose match@10 on validation queries, by its whole interval?",
    Status.WARNING,
)
CHECKPOINT_CHECKS = (QUERIES_FOUND, DRIFT, VALIDATION_GAINS)

SAME_QUERIES = Check(
    "same_queries",
    "Were baseline and checkpoint asked the same queries over the same products?",
    Status.FAILED,
)
TARGETS_MET = Check(
    "targets_met",
    "Is every target met? The table says which are missed, not measurable, or missing.",
    Status.WARNING,
)
SCOREBOARD_CHECKS = (SAME_QUERIES, TARGETS_MET)

SLICES_PRESENT = Check(
    "slices_present",
    "Has every target a figure on both sides? A missing slice or metric holds the model back: name what the "
    "data has, or take the target out.",
    Status.FAILED,
)
NO_REGRESSION = Check(
    "no_regression",
    "Does no target and no facet fall by more than max_regression, with the whole interval below zero? "
    "Such a model is not promoted; the one before stands.",
    Status.FAILED,
)
SOMETHING_GAINED = Check(
    "something_gained",
    "Does at least one target or facet rise, with the whole interval above zero?",
    Status.WARNING,
)
PROMOTION_CHECKS = (SLICES_PRESENT, NO_REGRESSION, SOMETHING_GAINED)

GALLERY_COMPLETE = Check(
    "gallery_complete",
    "Does the gallery show every query that was drawn, with a picture in each of its places?",
    Status.WARNING,
)
GALLERY_CHECKS = (GALLERY_COMPLETE,)
