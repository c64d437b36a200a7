"""Pictures of several things on a table for the data engine, and the exact mask of every thing."""

import io
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import dataframely as dy
import numpy as np
import polars as pl
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageEnhance

from vdata_assets.samples.concepts import DEMO_SEED
from vdata_assets.samples.schema import NEAR_DUPLICATE, NOTHING, TRUNCATED, TabletopTruth
from vdata_assets.samples.still_lifes import Drawn, StillLife, drawn
from vdata_assets.seeding import seeded_uniform
from vdata_resources.parallel import ordered_map
from vdata_resources.progress import Progress

FOLDERS = ("kitchen", "studio", "workshop")
SIZES = ((512, 384), (480, 360), (448, 448), (384, 512), (560, 350))
LARGE = (1024, 768)
# A stem in two folders, a name that needs care, a picture that lies on its side, one to be scaled down.
SPECIAL_NAMES = {
    0: "kitchen/table.jpg",
    1: "studio/table.png",
    2: "workshop/Bälle & Würfel auf dem Tisch.jpg",
    3: "kitchen/on its side.jpg",
    4: "studio/large.jpg",
}
ON_ITS_SIDE = 3
LARGE_ONE = 4
EXIF_TURN_RIGHT = 6
JPEG_QUALITY = 92
CROP, BRIGHTER = 4, 1.06


@dataclass(frozen=True)
class PlannedPicture:
    """One file.

    Attributes:
        path: POSIX, relative to the root.
        still_life: what it shows.
        flaw: what is wrong with it.
        sideways: whether it is stored turned, and says so in its EXIF.
    """

    path: str
    still_life: StillLife
    flaw: str | None = None
    sideways: bool = False


def write_tabletop_samples(
    root: Path,
    *,
    images: int = 24,
    seed: int = DEMO_SEED,
    flaws: bool = False,
    workers: int | None = None,
    log: Callable[[str], object] = lambda line: None,
) -> dy.DataFrame[TabletopTruth]:
    """Draw pictures of 3 to 6 things on a table into folders, JPEG and PNG, of several sizes.

    The folder appears complete or not at all; the same bytes for the same seed.

    Args:
        root: folder to make; it must not exist or be empty.
        images: how many sound pictures.
        seed: of all choices.
        flaws: add a JPEG that ends half way, a brighter and closer-cut copy of the first picture, and an
            empty table.
        workers: threads, by default one a core; the files do not depend on it.
        log: takes a line of progress every few seconds.

    Returns:
        A table of all things, ordered by path and from near to far.

    Raises:
        FileExistsError: if there is something at ``root``.
        ValueError: if ``images`` is not positive.
    """
    if images < 1:
        raise ValueError(f"images: {images}, must be at least 1")
    root = root.resolve()
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise FileExistsError(f"{root} is not an empty folder: name another, or remove it first")
    staging = root.with_name(f".{root.name}.partial")
    if staging.exists():
        shutil.rmtree(staging)
    for folder in FOLDERS:
        (staging / folder).mkdir(parents=True)
    plans = [*planned(images, seed), *(flawed(seed) if flaws else ())]
    progress = Progress("sample tabletops", len(plans), "images", log)
    rows: list[dict[str, object]] = []
    for written in ordered_map(lambda plan: write_picture(staging, plan, seed), plans, workers):
        rows += written
        progress.advance()
    table = pl.DataFrame(rows, schema=TabletopTruth.create_empty().schema)
    truth = TabletopTruth.validate(table.sort("path", "object"))
    for folder in FOLDERS:
        if not any((staging / folder).iterdir()):
            (staging / folder).rmdir()
    os.replace(staging, root)
    return truth


def planned(images: int, seed: int) -> list[PlannedPicture]:
    """The sound pictures; a larger number only appends."""
    plans = []
    for number in range(images):
        suffix = "png" if seeded_uniform(seed, "samples-format", str(number)) < 0.25 else "jpg"
        path = SPECIAL_NAMES.get(number, f"{FOLDERS[number % 3]}/tabletop-{number:02}.{suffix}")
        width, height = LARGE if number == LARGE_ONE else SIZES[number % len(SIZES)]
        count = 3 + int(seeded_uniform(seed, "samples-count", str(number)) * 4)
        still_life = StillLife(str(number), width, height, count)
        plans.append(PlannedPicture(path, still_life, sideways=number == ON_ITS_SIDE))
    return plans


def flawed(seed: int) -> list[PlannedPicture]:
    """The pictures that something is wrong with."""
    (first,) = planned(1, seed)
    return [
        PlannedPicture("kitchen/truncated.jpg", StillLife("truncated", *SIZES[0], 3), TRUNCATED),
        PlannedPicture("studio/seen before.jpg", first.still_life, NEAR_DUPLICATE),
        PlannedPicture("workshop/empty table.jpg", StillLife("empty", *SIZES[0], 0), NOTHING),
    ]


def write_picture(root: Path, plan: PlannedPicture, seed: int) -> list[dict[str, object]]:
    """Write a file; returns its rows of the truth."""
    picture = drawn(plan.still_life, seed)
    image, owner = picture.image, picture.owner
    if plan.flaw == NEAR_DUPLICATE:
        cut = image.crop((CROP, CROP, image.width - CROP, image.height - CROP))
        image, owner = ImageEnhance.Brightness(cut).enhance(BRIGHTER), owner[CROP:-CROP, CROP:-CROP]
    data = encoded(image, plan)
    (root / plan.path).write_bytes(data[: len(data) // 2] if plan.flaw == TRUNCATED else data)
    return list(truth_of(plan, picture, owner))


def encoded(image: Image.Image, plan: PlannedPicture) -> bytes:
    """The picture's file."""
    buffer = io.BytesIO()
    if plan.path.endswith(".png"):
        image.save(buffer, "PNG")
        return buffer.getvalue()
    exif = Image.Exif()
    if plan.sideways:
        image = image.transpose(Image.Transpose.ROTATE_90)
        exif[ExifTags.Base.Orientation] = EXIF_TURN_RIGHT
    image.save(buffer, "JPEG", quality=JPEG_QUALITY, exif=exif)
    return buffer.getvalue()


def truth_of(plan: PlannedPicture, picture: Drawn, owner: NDArray[np.int16]) -> Iterator[dict[str, object]]:
    """What is known of a picture's things because they were drawn so; one row for a picture without any."""
    from vdata_assets.masks.dense import runs_of
    from vdata_assets.masks.write import write_compressed

    height, width = owner.shape
    common = {"path": plan.path, "width": width, "height": height, "flaw": plan.flaw}
    if plan.flaw in (TRUNCATED, NOTHING):
        yield common
        return
    for number, thing in enumerate(reversed(picture.things)):
        mask = owner == len(picture.things) - 1 - number
        rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
        yield {
            **common,
            "object": number,
            "label": thing.label,
            "shape": thing.shape,
            "colour": thing.colour,
            "x0": int(columns[0]),
            "y0": int(rows[0]),
            "x1": int(columns[-1]),
            "y1": int(rows[-1]),
            "area": int(mask.sum()),
            "rle": write_compressed(runs_of([mask]))[0],
        }


def write_truth_coco(truth: dy.DataFrame[TabletopTruth] | pl.DataFrame, path: Path) -> None:
    """Write the truth as a COCO instances file, with compressed masks; its folder must exist.

    Pictures without things are in it, truncated ones are not. A category is a label, its supercategory a
    shape.
    """
    usable = truth.filter(pl.col("flaw").is_null() | (pl.col("flaw") != TRUNCATED))
    pictures = usable.unique("path", maintain_order=True).sort("path")
    image_ids = {file: number for number, file in enumerate(pictures["path"], 1)}
    things = usable.filter(pl.col("object").is_not_null()).sort("path", "object")
    labels = dict(sorted(zip(things["label"], things["shape"], strict=True)))
    category_ids = {label: number for number, label in enumerate(labels, 1)}
    content = {
        "images": [
            {
                "id": image_ids[row["path"]],
                "file_name": row["path"],
                "width": row["width"],
                "height": row["height"],
            }
            for row in pictures.iter_rows(named=True)
        ],
        "annotations": [
            {
                "id": number,
                "image_id": image_ids[row["path"]],
                "category_id": category_ids[row["label"]],
                "segmentation": {"size": [row["height"], row["width"]], "counts": row["rle"]},
                "area": row["area"],
                "bbox": [
                    row["x0"],
                    row["y0"],
                    row["x1"] - row["x0"] + 1,
                    row["y1"] - row["y0"] + 1,
                ],
                "iscrowd": 0,
            }
            for number, row in enumerate(things.iter_rows(named=True), 1)
        ],
        "categories": [
            {"id": category_ids[label], "name": label, "supercategory": shape}
            for label, shape in labels.items()
        ],
    }
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")
