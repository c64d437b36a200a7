"""The images of a data engine: what each file is, the shard that works on it, the folder of its run."""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b
from pathlib import Path

import dataframely as dy
import polars as pl

from vdata_assets.catalog.decoded import with_perceptual_hashes
from vdata_assets.catalog.fingerprint import unopened
from vdata_assets.catalog.listing import Listing, display, list_files
from vdata_assets.catalog.scan import scan, table
from vdata_assets.catalog.shards import shard_keys
from vdata_assets.dataengine.checks import IMAGES_FOUND, IMAGES_READABLE
from vdata_assets.dataengine.schema import RUN_PREFIX, EngineImages
from vdata_assets.dataengine.settings import EngineImageSettings
from vdata_assets.quality.findings import Finding
from vdata_resources.parallel import usable_cores

TABLE = "images.parquet"
LONGEST_STEM = 80
UNSAFE = re.compile(r"[/\\\x00-\x1f\x7f]|^\.+")


def image_table(
    root: Path,
    settings: EngineImageSettings,
    hashes: Path,
    previous: pl.DataFrame | None,
    log: Callable[[str], object],
) -> dy.DataFrame[EngineImages]:
    """Every image file under a root, in whatever folders.

    A file that was there before keeps its shard and its run folder; new ones fill the last shard and then
    begin others, in the order of their paths, so adding an image changes no full shard.

    Args:
        root: folder of the images.
        settings: size of a shard.
        hashes: SQLite file of the perceptual hashes that are known, made if it is missing.
        previous: this table as it was published last, or None.
        log: where progress goes.

    Raises:
        ValueError: the root is missing, is no folder or cannot be listed.
    """
    files = _files(root, list_files(root), log)
    files = _decoded(root, files, hashes, log).sort("path")
    paths = files["path"].to_list()
    known = previous.filter(pl.col("path").is_in(paths)) if previous is not None else None
    runs = dict(known.select("path", "run").iter_rows()) if known is not None else {}
    shards = dict(known.select("path", "shard").iter_rows()) if known is not None else {}
    run, shard = run_names(paths, runs), shard_keys(paths, settings.shard_size, shards)
    return EngineImages.validate(
        files.with_columns(
            run=pl.Series([run[path] for path in paths], dtype=pl.String),
            shard=pl.Series([shard[path] for path in paths], dtype=pl.String),
        ).select(EngineImages.column_names()),
        cast=True,
    )


def run_names(paths: Iterable[str], known: Mapping[str, str]) -> dict[str, str]:
    """The run folder of every image: ``out_region_refine_<stem>``, and a hash of its path if that is taken.

    Stems that differ in case only are taken to be the same, as some file systems do.

    Args:
        paths: of the images; the earlier one gets the plain name.
        known: run folders by path that stay as they are.
    """
    names = dict(known)
    taken = {name.casefold() for name in names.values()}
    for path in paths:
        if path in names:
            continue
        stem = path.rpartition("/")[2].rpartition(".")[0]
        plain = UNSAFE.sub("_", stem)[:LONGEST_STEM]
        name = RUN_PREFIX + plain
        if name.casefold() in taken or plain != stem:
            digest = blake2b(path.encode(), digest_size=16).hexdigest()
            tails = (digest[:digits] for digits in range(8, 33))
            name = next(f"{name}-{tail}" for tail in tails if f"{name}-{tail}".casefold() not in taken)
        names[path] = name
        taken.add(name.casefold())
    return names


def audit_images(images: pl.DataFrame) -> list[Finding]:
    """Whether there are images, and which files cannot be read."""
    unreadable = images.filter(pl.col("reason").is_not_null())
    usable = images.height - unreadable.height
    return [
        IMAGES_FOUND.finding(
            f"{usable} of {images.height} image files can be used",
            [] if usable else ["no image"],
            {"images": usable},
        ),
        IMAGES_READABLE.finding(
            f"{unreadable.height} of {images.height} image files cannot be read",
            [f"{path}: {reason}" for path, reason in unreadable.select("path", "reason").iter_rows()],
            {"files": images.height},
        ),
    ]


def _files(root: Path, listing: Listing, log: Callable[[str], object]) -> pl.DataFrame:
    """What each file is by its bytes and header, with its path."""
    paths = [folder.prefix + name for folder in listing.folders for name in folder.images]
    refused = [(folder.prefix + name, why) for folder in listing.folders for name, why in folder.refused]
    files = pl.concat(
        [
            scan(os.fspath(root), paths, usable_cores(), log),
            table([unopened(path, reason) for path, reason in refused]),
        ]
    )
    shown = [*paths, *(display(path) for path, _ in refused)]
    return files.with_columns(path=pl.Series(shown, dtype=pl.String))


def _decoded(root: Path, files: pl.DataFrame, hashes: Path, log: Callable[[str], object]) -> pl.DataFrame:
    """The files with their perceptual hashes; one that cannot be decoded gets a reason."""
    sound = files.filter(pl.col("reason").is_null())
    places = {content: root / path for content, path in sound.select("content_hash", "path").iter_rows()}
    return with_perceptual_hashes(files, places, hashes, log)
