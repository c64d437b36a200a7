"""What is asked of retrieval rows, and how bad a hit is by default. Light to import."""

from vdata_assets.quality.findings import Check, Status

ROWS_COMPLETE = Check(
    "rows_complete",
    "Does every row offer exactly top_k different images, without nulls? If not, mine the category again "
    "with the present top_k.",
    Status.FAILED,
)
LABELS_VALID = Check(
    "labels_valid",
    "Does every label point at another image of the query's concept?",
    Status.FAILED,
)
NEGATIVES_FOREIGN = Check(
    "negatives_foreign",
    "Is every distractor of another concept than the query?",
    Status.FAILED,
)
NEGATIVES_NOT_NEAR_DUPLICATES = Check(
    "negatives_not_near_duplicates",
    "Is no distractor a near-duplicate of the query or of its positive? If one is, the same photo stands "
    "under two concepts.",
    Status.FAILED,
)
QUERIES_COVERED = Check(
    "queries_covered",
    "Does every image have a row as a query? The message names the reasons and what to change.",
    Status.WARNING,
)
HELD_OUT_UNSEEN = Check(
    "held_out_unseen",
    "Is no image of the rows held out for validation or test, nor a near-duplicate of one that is? What "
    "training sees cannot measure it: set retrieval.source to train_concepts, or remove the copies.",
    Status.WARNING,
)
RETRIEVAL_CHECKS = (
    ROWS_COMPLETE,
    LABELS_VALID,
    NEGATIVES_FOREIGN,
    NEGATIVES_NOT_NEAR_DUPLICATES,
    QUERIES_COVERED,
)
"""Answered by :func:`vdata_assets.retrieval.audit.audit_retrieval`; HELD_OUT_UNSEEN has its own module."""

CATEGORIES_PRESENT = Check(
    "categories_present",
    "Does every category that was asked for give rows? The message says which do not, and why.",
    Status.WARNING,
)
COMBINED_NOT_EMPTY = Check(
    "combined_not_empty",
    "Is there any row? If not, no category has published rows.",
    Status.FAILED,
)
SAMPLES_SUFFICIENT = Check(
    "samples_sufficient",
    "Are there as many rows as num_samples asks for? If not, all are taken: lower num_samples or add images.",
    Status.WARNING,
)
CROSS_CATEGORY_AVAILABLE = Check(
    "cross_category_available",
    "Did the other categories offer distractors for every row drawn for replacement? Rows for which they do "
    "not keep their own: add categories or set cross_category_prob to 0.",
    Status.WARNING,
)
COMBINED_CHECKS = (
    COMBINED_NOT_EMPTY,
    CATEGORIES_PRESENT,
    SAMPLES_SUFFICIENT,
    ROWS_COMPLETE,
    LABELS_VALID,
    NEGATIVES_FOREIGN,
    NEGATIVES_NOT_NEAR_DUPLICATES,
    CROSS_CATEGORY_AVAILABLE,
)
