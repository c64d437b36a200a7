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

SAMPLES_WRITTEN = Check(
    "samples_written",
    "Is every annotated frame in the dataset? Those without a mask or a split are left out: annotate them, "
    "or materialize `splits`.",
    Status.WARNING,
)
DATASET_HF_LOADS = Check(
    "dataset_hf_loads",
    "Does the dataset load from disk with exactly the samples of the annotations, each in its split once, "
    "the frames' own bytes, masks, boxes and labels, and answers that are true of them?",
    Status.FAILED,
)
DATASET_LLAVA_LOADS = Check(
    "dataset_llava_loads",
    "Do JSON lines, JSON arrays and manifest hold exactly the samples of the annotations, each in its split "
    "once, with the frames' own bytes, masks and boxes, and answers that are true of them?",
    Status.FAILED,
)
ANNOTATION_HF_CHECKS = (DATASET_HF_LOADS, SAMPLES_WRITTEN)
LLAVA_CHECKS = (DATASET_LLAVA_LOADS, SAMPLES_WRITTEN)
