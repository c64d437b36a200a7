"""What is asked of products, and how bad a hit is by default. Light to import."""

from vdata_assets.quality.findings import Check, Status

PRODUCTS_FOUND = Check(
    "products_found",
    "Is there a product at all that can be used? Look at the reasons, and at the mapping of the columns.",
    Status.FAILED,
)
PRODUCT_IDS_UNIQUE = Check(
    "product_ids_unique",
    "Has every row an id of its own? Of equal ids the first row is used; give the others their own.",
    Status.WARNING,
)
PICTURES_READABLE = Check(
    "pictures_readable",
    "Has every product a picture that can be read? The listed rows are left out: add or replace the files.",
    Status.WARNING,
)
TEXTS_PRESENT = Check(
    "texts_present",
    "Has every product a text? Without one its attributes are unknown, and it is found by its picture alone.",
    Status.WARNING,
)
CATEGORIES_KNOWN = Check(
    "categories_known",
    "Has every product a known category? Without one it is in no hard negatives: complete the column, or add "
    "the name to `categories`.",
    Status.WARNING,
)
PRODUCTS_DATASET_LOADS = Check(
    "products_dataset_loads",
    "Does the Hugging Face dataset load with exactly the usable products, their pictures' own bytes, texts "
    "and categories?",
    Status.FAILED,
)
PRODUCT_CHECKS = (
    PRODUCTS_FOUND,
    PRODUCT_IDS_UNIQUE,
    PICTURES_READABLE,
    TEXTS_PRESENT,
    CATEGORIES_KNOWN,
    PRODUCTS_DATASET_LOADS,
)
