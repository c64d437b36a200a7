"""What is asked of written datasets, and how bad a hit is by default. Light to import."""

from vdata_assets.quality.findings import Check, Status

DATASET_LOADS = Check(
    "dataset_loads",
    "Does the dataset load from disk with the right columns and rows, does every image decode, "
    "and is every solution one that can be given?",
    Status.FAILED,
)
ROWS_EMBEDDED = Check(
    "rows_embedded",
    "Is every retrieval row in the dataset? Those with an image that cannot be decoded are left out: "
    "repair the image, or build the catalog anew.",
    Status.WARNING,
)
TRAINING_DATASET_CHECKS = (DATASET_LOADS, ROWS_EMBEDDED)
