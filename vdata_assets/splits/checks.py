"""What is asked of splits, and how bad a hit is by default. Light to import."""

from vdata_assets.quality.findings import Check, Status

SPLITS_DISJOINT = Check(
    "splits_disjoint",
    "Does no picture that training uses, in the same bytes, stand in validation? "
    "Remove the copies, or merge the concepts that share them.",
    Status.FAILED,
)
EVERY_CATEGORY_IN_BOTH = Check(
    "every_category_in_both",
    "Is every category a key of the training and of the validation file?",
    Status.FAILED,
)
SPLIT_SIZES = Check(
    "split_sizes",
    "Are as many concepts selected and test images sampled as the settings say, and validation untouched?",
    Status.FAILED,
)
CATEGORIES_WITH_TRAINING_CONCEPTS = Check(
    "categories_with_training_concepts",
    "Does every category train? One with too few concepts is for validation whole: "
    "add concepts to it or lower min_concepts_threshold.",
    Status.WARNING,
)
SUBSET_SIZE = Check(
    "subset_size",
    "Are there k concepts to choose from? With fewer all are taken: lower k or add concepts.",
    Status.WARNING,
)
SUBSET_COVERS_CATEGORIES = Check(
    "subset_covers_categories",
    "Has every category a concept in the subset, where that is wanted? "
    "One without train images cannot: give it some.",
    Status.WARNING,
)
GROUPS_WHOLE = Check(
    "groups_whole",
    "Do samples that belong together, such as a video's frames or near-duplicates, share one split? "
    "If a new sample joins groups of two splits, set on_growth to rebalance or remove it.",
    Status.FAILED,
)
SPLITS_FILLED = Check(
    "splits_filled",
    "Has every split with a positive ratio a sample, where there are enough groups for that? "
    "Set on_growth to rebalance, or the ratio to 0.",
    Status.FAILED,
)
SPLIT_RATIOS = Check(
    "split_ratios",
    "Is every split's share of the samples near its ratio? Large groups forbid it: add or divide groups, "
    "or raise size_tolerance.",
    Status.WARNING,
)
CLASS_SHARES = Check(
    "class_shares",
    "Has every class about the share in each split that it has in the whole? "
    "Use the stratified strategy, add samples of the named classes, or raise class_tolerance.",
    Status.WARNING,
)
CONCEPT_SPLITS_CHECKS = (
    SPLITS_DISJOINT,
    EVERY_CATEGORY_IN_BOTH,
    SPLIT_SIZES,
    CATEGORIES_WITH_TRAINING_CONCEPTS,
)
CONCEPT_SUBSET_CHECKS = (SUBSET_SIZE, SUBSET_COVERS_CATEGORIES)
SAMPLE_SPLITS_CHECKS = (GROUPS_WHOLE, SPLITS_FILLED, SPLIT_RATIOS, CLASS_SHARES)
