"""What is asked of a catalog before it is published, over all rows."""

import polars as pl

from vdata_assets.catalog.build import Catalog
from vdata_assets.catalog.checks import (
    CATEGORIES_PRESENT,
    CLASS_BALANCE,
    CONCEPTS_LARGE_ENOUGH,
    DUPLICATES_ACROSS_CONCEPTS,
    EXACT_DUPLICATES,
    EXTENSION_MATCHES_CONTENT,
    IMAGES_FOUND,
    IMAGES_PLACED,
    IMAGES_READABLE,
    LAYOUT_CLEAR,
    SPLITS_DISJOINT,
)
from vdata_assets.catalog.listing import EXTENSIONS
from vdata_assets.quality.findings import Finding

MOST_COMMON = 10  # reasons that a message lists


def audit(catalog: Catalog, *, min_train_images: int = 2, max_imbalance: float = 10.0) -> list[Finding]:
    """Answer every check of ``CATALOG_CHECKS``, in that order, each at its default level.

    Offenders are paths, except for concepts (``category/concept``) and categories (their names).

    Args:
        catalog: from :func:`vdata_assets.catalog.build.build_catalog`.
        min_train_images: readable training images that a concept needs.
        max_imbalance: how many times as large as a concept the largest may be; negatives do not count.
    """
    readable = catalog.images.filter(pl.col("reason").is_null())
    return [
        _images_found(catalog, readable),
        _images_readable(catalog),
        _images_placed(catalog),
        _layout_clear(catalog),
        _categories_present(catalog),
        _extension_matches_content(readable),
        _exact_duplicates(readable),
        _duplicates_across_concepts(readable),
        _splits_disjoint(readable),
        _concepts_large_enough(catalog, min_train_images),
        _class_balance(readable, max_imbalance),
    ]


def _paths(images: pl.DataFrame) -> list[str]:
    return images.get_column("path").to_list()


def _images_found(catalog: Catalog, readable: pl.DataFrame) -> Finding:
    offenders = [] if readable.height else [*_paths(catalog.images), *_paths(catalog.misplaced)]
    return IMAGES_FOUND.finding(
        f"{readable.height} readable images of {readable.n_unique(['category', 'concept'])} concepts "
        f"in {readable.n_unique('category')} categories",
        offenders,
        {"readable": readable.height},
    )


def _images_readable(catalog: Catalog) -> Finding:
    bad = catalog.images.filter(pl.col("reason").is_not_null())
    # What stands in brackets is about one file: its first bytes, how much of it is missing.
    kinds = bad.get_column("reason").str.replace(r" \([^()]*\)$", "")
    reasons = _most_common(kinds)
    return IMAGES_READABLE.finding(
        f"{bad.height} of {catalog.images.height} images cannot be read{_listed(reasons)}",
        _paths(bad),
        {"images": catalog.images.height, **reasons},
    )


def _images_placed(catalog: Catalog) -> Finding:
    problems = _most_common(catalog.misplaced.get_column("problem"))
    return IMAGES_PLACED.finding(
        f"{catalog.misplaced.height} images or folders have no place in the layout {catalog.resolved}"
        f"{_listed(problems)}; {catalog.other_files} other files were ignored",
        _paths(catalog.misplaced),
        {"other_files": catalog.other_files},
    )


def _most_common(texts: pl.Series) -> dict[str, int]:
    """How often each text occurs, for the most common ones."""
    counted = texts.value_counts(name="times").sort("times", texts.name, descending=[True, False])
    return dict(counted.head(MOST_COMMON).rows())


def _listed(counts: dict[str, int]) -> str:
    return f" ({'; '.join(f'{count}: {text}' for text, count in counts.items())})" if counts else ""


def _layout_clear(catalog: Catalog) -> Finding:
    names = catalog.present.get_column("category")
    guessed = catalog.layout.layout == "auto" and catalog.resolved == "auto_split"
    doubtful = [name for name in names if guessed and name in catalog.layout.split_dirnames]
    return LAYOUT_CLEAR.finding(
        f"the layout is {catalog.resolved} ({'found' if catalog.layout.layout == 'auto' else 'set'}); "
        f"{len(doubtful)} of its categories are named like a split folder",
        doubtful,
    )


def _categories_present(catalog: Catalog) -> Finding:
    return CATEGORIES_PRESENT.finding(
        f"{len(catalog.vanished)} published categories have no image any more",
        catalog.vanished,
        {"categories": catalog.present.height},
    )


def _extension_matches_content(readable: pl.DataFrame) -> Finding:
    extension = pl.col("path").str.to_lowercase().str.extract(r"\.([^.]*)$")
    wrong = readable.filter(pl.col("format") != extension.replace_strict(EXTENSIONS))
    return EXTENSION_MATCHES_CONTENT.finding(
        f"{wrong.height} of {readable.height} images are not what their extension says", _paths(wrong)
    )


def _exact_duplicates(readable: pl.DataFrame) -> Finding:
    keys = ["category", "concept", "content_hash"]
    copies = readable.filter(pl.len().over(keys) > 1)
    contents = copies.n_unique(keys)
    return EXACT_DUPLICATES.finding(
        f"{copies.height} files hold {contents} pictures more than once within a concept",
        _paths(copies),
        {"surplus_files": copies.height - contents},
    )


def _duplicates_across_concepts(readable: pl.DataFrame) -> Finding:
    # A counterexample to one concept may well show another.
    shown = readable.filter(pl.col("split") != "negative")
    shared = shown.filter(pl.struct("category", "concept").n_unique().over("content_hash") > 1)
    return DUPLICATES_ACROSS_CONCEPTS.finding(
        f"{shared.height} files hold {shared.n_unique('content_hash')} pictures of more than one concept",
        _paths(shared),
    )


def _splits_disjoint(readable: pl.DataFrame) -> Finding:
    in_split = [(pl.col("split") == split).any() for split in ("train", "test")]
    leaked = readable.filter(
        pl.all_horizontal(side.over("content_hash") for side in in_split), pl.col("split") != "negative"
    )
    within = [side.over("category", "concept", "content_hash") for side in in_split]
    return SPLITS_DISJOINT.finding(
        f"{leaked.n_unique('content_hash')} pictures are in train and in test, "
        f"{leaked.filter(pl.all_horizontal(within)).n_unique('content_hash')} of them within a concept",
        _paths(leaked),
        {"leaked_pictures": leaked.n_unique("content_hash")},
    )


def _concepts_large_enough(catalog: Catalog, minimum: int) -> Finding:
    concepts = (
        catalog.images.group_by("category", "concept")
        .agg(train=(pl.col("reason").is_null() & (pl.col("split") == "train")).sum())
        .sort("category", "concept")
    )
    small = concepts.filter(pl.col("train") < minimum)
    return CONCEPTS_LARGE_ENOUGH.finding(
        f"{small.height} of {concepts.height} concepts have fewer than {minimum} readable training images",
        small.select(pl.format("{}/{}", "category", "concept")).to_series(),
        {"concepts": concepts.height},
    )


def _class_balance(readable: pl.DataFrame, limit: float) -> Finding:
    sizes = (
        readable.filter(pl.col("split") != "negative")
        .group_by("category", "concept")
        .len()
        .sort("category", "concept")
    )
    counts = sizes.get_column("len").to_list()
    imbalance = max(counts) / min(counts) if counts else 1.0
    small = sizes.filter(pl.col("len") * limit < pl.col("len").max())
    return CLASS_BALANCE.finding(
        f"the largest concept has {imbalance:.1f} times the images of the smallest; "
        f"{small.height} of {sizes.height} concepts are more than {limit:g} times smaller than it",
        small.select(pl.format("{}/{}", "category", "concept")).to_series(),
        {"imbalance": imbalance},
    )
