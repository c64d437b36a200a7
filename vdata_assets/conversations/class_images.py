"""The images of a tree ``<root>/<class>/*``: what each file is, its class, what has no class."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import dataframely as dy
import polars as pl

from vdata_assets.catalog.fingerprint import unopened
from vdata_assets.catalog.listing import EXTENSIONS, Folder, display, list_files
from vdata_assets.catalog.scan import scan, table
from vdata_assets.catalog.schema import Misplaced
from vdata_assets.conversations.class_schema import ClassImages
from vdata_resources.parallel import usable_cores
from vdata_resources.perceptual_hash import perceptual_hashes

ABOVE = "above the class folders: move it into the folder of its class"
BELOW = "below a class folder: move it up into the class's own folder"
DAMAGED = "the picture is damaged: it cannot be decoded"


@dataclass(frozen=True)
class ClassCatalog:
    """What lies under a root.

    Attributes:
        images: of schema ClassImages.
        misplaced: image files and folders that are in no class folder.
        other_files: number of files that are no images or are hidden; a hidden folder counts as one.
    """

    images: dy.DataFrame[ClassImages]
    misplaced: dy.DataFrame[Misplaced]
    other_files: int


def class_images(
    root: Path,
    hashes: Path | None,
    *,
    workers: int | None = None,
    log: Callable[[str], object] = lambda line: None,
) -> ClassCatalog:
    """Every image file of a class folder: hashed, its header read and, for its perceptual hash, decoded.

    Args:
        root: folder of the class folders.
        hashes: SQLite file of the perceptual hashes that are known, made if it is missing; None: pictures are
            not decoded and have no perceptual hash.
        workers: processes; default: one a core that this process may use.
        log: where progress goes.

    Raises:
        ValueError: the root is missing, is no folder, cannot be listed, or holds no image.
    """
    listing = list_files(root)
    problems = list(listing.problems)
    folders = []
    for folder in listing.folders:
        if len(folder.parts) == 1:
            folders.append(folder)
        else:
            names = [*folder.images, *(name for name, _ in folder.refused)]
            problems += [(folder.prefix + name, BELOW if folder.parts else ABOVE) for name in names]
    if not folders and not problems:
        kinds = ", ".join(sorted(EXTENSIONS))
        raise ValueError(
            f"root: {root} holds no image ({kinds}): set it to the folder that holds them as <class>/"
        )
    images = _read(root, folders, usable_cores() if workers is None else workers, log)
    if hashes is not None:
        images = _decoded(root, images, hashes, workers, log)
    shown = sorted({(display(path), problem) for path, problem in problems})
    return ClassCatalog(
        ClassImages.validate(images.select(ClassImages.column_names()).sort("path", "image_id"), cast=True),
        Misplaced.validate(pl.DataFrame(shown, schema=["path", "problem"], orient="row"), cast=True),
        listing.other_files,
    )


def _read(root: Path, folders: list[Folder], workers: int, log: Callable[[str], object]) -> pl.DataFrame:
    """What each file is by its bytes and header, with its path and class."""
    paths = [folder.prefix + name for folder in folders for name in folder.images]
    refused = [(folder.prefix + name, why) for folder in folders for name, why in folder.refused]
    files = pl.concat(
        [
            scan(os.fspath(root), paths, workers, log),
            table([unopened(path, reason) for path, reason in refused]),
        ]
    )
    shown = pl.Series("path", [*paths, *(display(path) for path, _ in refused)], dtype=pl.String)
    return files.with_columns(
        shown,
        pl.lit(None, pl.UInt64).alias("phash"),
    ).with_columns(pl.col("path").str.extract(r"^([^/]*)").alias("class"))


def _decoded(
    root: Path, images: pl.DataFrame, hashes: Path, workers: int | None, log: Callable[[str], object]
) -> pl.DataFrame:
    """The images with their perceptual hashes; one that cannot be decoded gets a reason."""
    sound = images.filter(pl.col("reason").is_null())
    contents = {content: root / path for content, path in sound.select("content_hash", "path").iter_rows()}
    found = perceptual_hashes(contents, hashes, workers, log)
    phash = pl.col("content_hash").replace_strict(found, default=None, return_dtype=pl.UInt64)
    broken = pl.col("reason").is_null() & pl.col("phash").is_null()
    return images.with_columns(phash=phash).with_columns(
        reason=pl.when(broken).then(pl.lit(DAMAGED)).otherwise("reason")
    )
