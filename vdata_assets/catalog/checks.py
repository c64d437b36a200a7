"""What is asked of a catalog, and how bad a hit is by default. Light to import."""

from vdata_assets.quality.findings import Check, Status

IMAGES_FOUND = Check(
    "images_found",
    "Is any image readable? If none is, the root or the layout is set wrongly, or the files are bad.",
    Status.FAILED,
)
IMAGES_READABLE = Check(
    "images_readable",
    "Can every image be opened? Those that cannot are left out; repair or remove them.",
    Status.WARNING,
)
IMAGES_PLACED = Check(
    "images_placed",
    "Does every image lie in a concept folder? Those that do not are left out; move them.",
    Status.WARNING,
)
LAYOUT_CLEAR = Check(
    "layout_clear",
    "Was the layout found without doubt? A category named like a split folder may be one: set `layout`.",
    Status.WARNING,
)
CATEGORIES_PRESENT = Check(
    "categories_present",
    "Does every published category still have images? The partition of one that has not is kept.",
    Status.WARNING,
)
EXTENSION_MATCHES_CONTENT = Check(
    "extension_matches_content",
    "Is every image what its extension says? Others are read by their content; rename them.",
    Status.WARNING,
)
EXACT_DUPLICATES = Check(
    "exact_duplicates",
    "Is every image of a concept there once? Copies count twice in training; remove them.",
    Status.WARNING,
)
DUPLICATES_ACROSS_CONCEPTS = Check(
    "duplicates_across_concepts",
    "Does every image show one concept? The same file under two makes one of them wrong; remove it there.",
    Status.WARNING,
)
SPLITS_DISJOINT = Check(
    "splits_disjoint",
    "Is no test image, by its bytes, a training image too? Remove it from one of the splits.",
    Status.FAILED,
)
CONCEPTS_LARGE_ENOUGH = Check(
    "concepts_large_enough",
    "Has every concept enough training images? Add some, or raise train_fraction or num_train.",
    Status.WARNING,
)
CLASS_BALANCE = Check(
    "class_balance",
    "Are the concepts of like size? Large ones dominate training; add images to the small ones.",
    Status.WARNING,
)
CATALOG_CHECKS = (
    IMAGES_FOUND,
    IMAGES_READABLE,
    IMAGES_PLACED,
    LAYOUT_CLEAR,
    CATEGORIES_PRESENT,
    EXTENSION_MATCHES_CONTENT,
    EXACT_DUPLICATES,
    DUPLICATES_ACROSS_CONCEPTS,
    SPLITS_DISJOINT,
    CONCEPTS_LARGE_ENOUGH,
    CLASS_BALANCE,
)
