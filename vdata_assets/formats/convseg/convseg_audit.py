"""What is asked of an export of runs before it is published: all of it is read back, as its readers would."""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import zip_longest
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl

from vdata_assets.annotations.json_stream import ArrayStream
from vdata_assets.dataengine.checks import (
    EXPORT_IMAGES_APART,
    EXPORT_LOADS,
    EXPORT_MASKS,
    EXPORT_PROMPTS,
    EXPORT_SAMPLES,
)
from vdata_assets.formats.convseg.convseg_files import MANIFEST, listed
from vdata_assets.formats.convseg.convseg_lists import DATASET, ITEMS, KEY, EvalItem, ItemsHead, TrainRow
from vdata_assets.formats.convseg.convseg_masks import pixels
from vdata_assets.formats.convseg.convseg_samples import HELD_MASKS, same_prompt, scaled_up
from vdata_assets.formats.convseg.convseg_tables import Export
from vdata_assets.formats.convseg.run_files import MaskSize, UnusableFile
from vdata_assets.formats.convseg.run_reader import read_run
from vdata_assets.formats.json_lines import pieces
from vdata_assets.quality.findings import Finding
from vdata_assets.splits.near_samples import near_samples_apart
from vdata_assets.splits.sample_split_audit import audit_sample_splits
from vdata_resources.parallel import ordered_map
from vdata_resources.progress import Progress

ImageRow = tuple[str, str, int, int, list[tuple[str, str, list[int], int]]]
"""Key, file, height and width of an image; id, mask, satisfying and area of its samples."""


TRAIN, EVAL = msgspec.json.Decoder(TrainRow), msgspec.json.Decoder(EvalItem)


def audit_export(export: Export, *, log: Callable[[str], object] = lambda line: None) -> list[Finding]:
    """Answer every check of ``EXPORT_CHECKS``, in that order, each at its default level.

    Masks are compared with unions of the runs' NPZ files, while the export takes PNG files where it can.

    Args:
        export: as it was written.
        log: where lines of progress go.
    """
    progress = Progress("convseg_export: audit", export.images.height, "images", log)
    loads: list[str] = []
    masks: list[str] = []
    for split, images in export.parts():
        samples = export.samples.join(images, on="image_key", maintain_order="left")
        loads += _listing_problems(export, split, samples)
        work = ((export, split, row) for row in _by_image(images, samples))
        for unloadable, wrong in ordered_map(lambda item: _image_problems(*item), work, chunk=4):
            loads += unloadable
            masks += wrong
            progress.advance()
    skipped = export.skipped()
    counts = {"samples": export.samples.height, "images": export.images.height}
    return [
        EXPORT_SAMPLES.finding(
            f"{export.samples.height} samples of {export.images.height} images in {len(export.runs)} runs; "
            f"left out: {', '.join(f'{count} {reason}' for reason, count in skipped.items()) or 'nothing'}",
            [] if export.samples.height else ["no sample"],
            {**counts, **{f"skipped_{reason}": count for reason, count in skipped.items()}},
        ),
        EXPORT_MASKS.finding(f"{len(masks)} problems in {export.samples.height} masks", masks, counts),
        _prompts(export.samples),
        EXPORT_LOADS.finding(f"{len(loads)} problems in {export.samples.height} samples", loads, counts),
        near_samples_apart(
            export.split_rows,
            export.splits,
            export.settings.near_duplicate_hamming,
            EXPORT_IMAGES_APART,
            "picture",
        ),
        *audit_sample_splits(export.split_rows, export.splits, export.settings.splits),
    ]


def _prompts(samples: pl.DataFrame) -> Finding:
    asked = samples.select(
        "sample_id",
        "image_key",
        same=pl.col("prompt").map_elements(same_prompt, return_dtype=pl.String),
    )
    wrong = asked.filter((pl.col("same") == "") | ~pl.struct("image_key", "same").is_first_distinct())
    return EXPORT_PROMPTS.finding(
        f"{wrong.height} of {samples.height} prompts are empty or asked twice of an image",
        wrong["sample_id"],
        {"prompts": samples.height},
    )


def _by_image(images: pl.DataFrame, samples: pl.DataFrame) -> Iterator[ImageRow]:
    """Every image with its samples, which follow each other."""
    rows = samples.select("sample_id", "mask", "satisfying", "area").iter_rows()
    for key, image, height, width, count in images.select(
        "image_key", "image", "height", "width", "samples"
    ).iter_rows():
        yield key, image, height, width, [next(rows) for _ in range(count)]


def _image_problems(export: Export, split: str, row: ImageRow) -> tuple[list[str], list[str]]:
    """What keeps an image's files from loading, and what is wrong with its masks."""
    key, image, height, width, samples = row
    loads: list[str] = []
    masks: list[str] = []
    shown = pixels(export.folder / split / image, "RGB")
    if isinstance(shown, str) or shown.shape != (height, width, 3):
        loads.append(f"{image}: {shown if isinstance(shown, str) else f'is not {width} x {height} pixels'}")
    found = export.runs[key]
    regions = read_run(found.folder, found.inside).regions
    read = lru_cache(HELD_MASKS)(lambda index: regions[index].mask(npz_first=True))
    for sample_id, name, satisfying, area in samples:
        mask = pixels(export.folder / split / name, "L")
        if isinstance(mask, str) or mask.shape != (height, width):
            loads.append(f"{name}: {mask if isinstance(mask, str) else f'is not {width} x {height} pixels'}")
            continue
        try:
            union = np.logical_or.reduce([read(index) for index in satisfying])
        except (UnusableFile, KeyError, ValueError) as error:
            masks.append(f"{sample_id}: regions {satisfying} have no union: {error}")
            continue
        wanted = scaled_up(union, MaskSize(height, width)) if satisfying else np.zeros_like(mask, np.bool_)
        if not np.array_equal(mask, wanted * np.uint8(255)):
            masks.append(f"{sample_id}: is not the union of regions {satisfying} as 0 and 255")
        elif np.count_nonzero(mask) != area or (area > 0) != bool(satisfying):
            masks.append(f"{sample_id}: has {np.count_nonzero(mask)} pixels, and {area} are listed")
    return loads, masks


def _listing_problems(export: Export, split: str, samples: pl.DataFrame) -> Iterator[str]:
    """Where the lists of samples differ from what was exported."""
    folder = export.folder / split
    mode = export.settings.mode
    expected = {DATASET: mode != "eval", ITEMS: mode != "train", MANIFEST: True}
    for name, wanted in expected.items():
        if (folder / name).exists() != wanted:
            yield f"{Path(split, name)}: is {'missing' if wanted else 'there in mode ' + mode}"
            return
    if expected[DATASET]:
        with (folder / DATASET).open("rb") as lines:
            rows = (item.train_row for item in listed(export, split, samples))
            yield from _differences(lines, rows, TRAIN, f"{Path(split, DATASET)}")
    if expected[ITEMS]:
        with (folder / ITEMS).open("rb") as file:
            stream = ArrayStream(pieces(file), KEY, ITEMS)
            yield from _differences(stream, listed(export, split, samples), EVAL, f"{Path(split, ITEMS)}")
        try:
            head = msgspec.json.decode(bytes(stream.rest), type=ItemsHead)
        except msgspec.MsgspecError as error:
            yield f"{Path(split, ITEMS)}: {error}"
            return
        if head.count != samples.height:
            yield f"{Path(split, ITEMS)}: count is {head.count}, not {samples.height}"


def _differences(
    found: Iterable[bytes], expected: Iterable[object], decoder: msgspec.json.Decoder[Any], name: str
) -> Iterator[str]:
    for number, (line, row) in enumerate(zip_longest(found, expected)):
        if line is None or row is None:
            yield f"{name}: has {'fewer' if line is None else 'more'} samples than there are: {number}"
            return
        try:
            decoded = decoder.decode(line)
        except msgspec.MsgspecError as error:
            yield f"{name}: sample {number}: {error}"
            continue
        if decoded != row:
            yield f"{name}: sample {number} is {decoded}, not {row}"
