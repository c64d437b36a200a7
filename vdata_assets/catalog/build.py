"""The catalog: from the tree under a root to tables and files."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import dataframely as dy
import numpy as np
import polars as pl

from vdata_assets.catalog.catalog_json import write_catalog_json
from vdata_assets.catalog.fingerprint import unopened
from vdata_assets.catalog.layout import Place, place, resolve
from vdata_assets.catalog.listing import EXTENSIONS, Folder, Listing, display, list_files
from vdata_assets.catalog.partitions import partition_keys
from vdata_assets.catalog.scan import scan, table
from vdata_assets.catalog.schema import Categories, Images, Misplaced
from vdata_assets.catalog.settings import AutoSplit, Layout, LayoutName
from vdata_assets.catalog.split import auto_split
from vdata_resources.parallel import usable_cores

IMAGES_FILE = "catalog.parquet"
CATEGORIES_FILE = "categories.parquet"
JSON_FILE = "catalog.json"


@dataclass(frozen=True)
class Catalog:
    """What lies under a root, as tables.

    Attributes:
        images: every image file that the layout has a place for, readable or not.
        categories: the categories among them and their partition keys.
        misplaced: image files and folders that the layout has no place for.
        other_files: number of files that are no images or are hidden; a hidden folder counts as one.
        layout: how the folders were to be read.
        resolved: how they were read.
        vanished: known categories that have no image file any more, in order.
    """

    images: dy.DataFrame[Images]
    categories: dy.DataFrame[Categories]
    misplaced: dy.DataFrame[Misplaced]
    other_files: int
    layout: Layout
    resolved: LayoutName
    vanished: tuple[str, ...]

    @property
    def present(self) -> pl.DataFrame:
        """The categories that have image files."""
        return self.categories.filter(pl.col("concepts") > 0)


def build_catalog(
    root: str | Path,
    layout: Layout | None = None,
    split: AutoSplit | None = None,
    *,
    known_partitions: Mapping[str, str] | None = None,
    workers: int | None = None,
    log: Callable[[str], object] = lambda line: None,
) -> Catalog:
    """Catalog every image under a root: one read a file, in parallel.

    The result depends on the files and the settings, not on the number of workers or the order in which
    the file system lists.

    Args:
        root: the folder above the categories or the split folders.
        layout: how the folders are read; default: find out.
        split: how the images of a concept are divided where the folders do not say it.
        known_partitions: partition keys already published, by category; they stay as they are.
        workers: processes; default: one a core that this process may use.
        log: where lines of progress go, e.g. ``context.log.info``.

    Raises:
        ValueError: the root is missing, no folder or without any image, or a setting does not fit it.
    """
    layout, split, known = layout or Layout(), split or AutoSplit(), known_partitions or {}
    workers = usable_cores() if workers is None else workers
    if workers < 1:
        raise ValueError(f"workers: {workers} is not at least 1")
    listing = list_files(root)
    resolved = resolve(layout, listing.folders)
    _require_images(root, layout, resolved, listing)
    placed, misplaced = _place(listing, layout, resolved)
    images = _read(root, placed, workers, log)
    undrawn = images.filter(pl.col("split").is_null())
    drawn = undrawn.with_columns(split=auto_split(undrawn, split))
    images = pl.concat([images.filter(pl.col("split").is_not_null()), drawn])
    names = images.get_column("category").unique().to_list()
    keys = partition_keys(names, known)
    images = images.with_columns(
        partition=pl.col("category").replace_strict(keys, return_dtype=pl.String),
    )
    gone = {name: key for name, key in known.items() if name not in keys}
    return Catalog(
        images=Images.validate(images.sort("path", "image_id"), cast=True),
        categories=_categories(images, gone),
        misplaced=misplaced,
        other_files=listing.other_files,
        layout=layout,
        resolved=resolved,
        vanished=tuple(sorted(gone)),
    )


def write_catalog(catalog: Catalog, folder: str | Path, *, prefix: str) -> None:
    """Write ``catalog.parquet``, ``categories.parquet`` and ``catalog.json`` into an existing folder.

    Args:
        catalog: from :func:`build_catalog`.
        folder: where to.
        prefix: what stands before each path in the JSON: "" for relative paths, or the root with a closing
            slash for absolute ones. The tables' paths are always relative.
    """
    folder = Path(folder)
    catalog.images.write_parquet(folder / IMAGES_FILE)
    catalog.categories.write_parquet(folder / CATEGORIES_FILE)
    negatives = catalog.layout.negatives_dirname is not None
    write_catalog_json(catalog.images, folder / JSON_FILE, prefix=prefix, negatives=negatives)


def _require_images(root: str | Path, layout: Layout, resolved: LayoutName, listing: Listing) -> None:
    if not listing.folders and not listing.problems:
        raise ValueError(
            f"root: {root} holds no image ({', '.join(sorted(EXTENSIONS))}): "
            "set it to the folder that holds the images as <category>/<concept>/"
        )
    tops = {folder.parts[0] for folder in listing.folders if folder.parts}
    if resolved == "explicit" and not tops & set(layout.split_dirnames):
        raise ValueError(
            f"layout: explicit, but {root} has no images in {' or '.join(layout.split_dirnames)}: "
            "set train_dirname and test_dirname to its split folders, or layout to auto_split"
        )


def _place(
    listing: Listing, layout: Layout, resolved: LayoutName
) -> tuple[list[tuple[Folder, Place]], dy.DataFrame[Misplaced]]:
    placed = []
    misplaced = list(listing.problems)
    for folder in listing.folders:
        where = place(folder.parts, layout, resolved)
        if isinstance(where, Place):
            placed.append((folder, where))
        else:
            names = [*folder.images, *(name for name, _ in folder.refused)]
            misplaced += [(folder.prefix + name, where) for name in names]
    rows = sorted({(display(path), problem) for path, problem in misplaced})
    return placed, Misplaced.validate(pl.DataFrame(rows, schema=["path", "problem"], orient="row"), cast=True)


def _read(
    root: str | Path, placed: list[tuple[Folder, Place]], workers: int, log: Callable[[str], object]
) -> pl.DataFrame:
    """Fingerprints of all placed images with path, category, concept and the folders' split or null."""
    paths = [folder.prefix + name for folder, _ in placed for name in folder.images]
    refused = [(folder.prefix + name, reason) for folder, _ in placed for name, reason in folder.refused]
    files = pl.concat(
        [
            scan(os.fspath(root), paths, workers, log),
            table([unopened(path, reason) for path, reason in refused]),
        ]
    )
    places = pl.DataFrame(
        [(display(where.category), display(where.concept), where.split) for _, where in placed],
        schema={"category": pl.String, "concept": pl.String, "split": pl.String},
        orient="row",
    )
    sizes = [len(folder.images) for folder, _ in placed] + [len(folder.refused) for folder, _ in placed]
    owner = np.tile(np.arange(len(placed)), 2).repeat(sizes)
    shown = pl.Series("path", [*paths, *(display(path) for path, _ in refused)], dtype=pl.String)
    return files.with_columns(shown).hstack(places[owner])


def _categories(images: pl.DataFrame, gone: Mapping[str, str]) -> dy.DataFrame[Categories]:
    """The categories there are, and those that are gone, so that nothing else ever gets their keys."""
    counted = images.group_by("partition", "category").agg(
        concepts=pl.col("concept").n_unique(), images=pl.col("reason").is_null().sum()
    )
    kept = pl.DataFrame(
        [(key, name, 0, 0) for name, key in gone.items()], schema=counted.schema, orient="row"
    )
    return Categories.validate(pl.concat([counted, kept]).sort("category"), cast=True)
