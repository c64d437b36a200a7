"""The concept-retrieval tree: ``<root>/<category>/<concept>/NN.jpg`` and what is true of every image."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl
from PIL import Image

from vdata_assets.samples.flaws import DUPLICATE, MISNAMED, TRUNCATED, ConceptPlan, plan
from vdata_assets.samples.products import KINDS
from vdata_assets.samples.render import Picture, check_side
from vdata_assets.samples.schema import GroundTruth
from vdata_assets.samples.variants import Concept, View, concepts_of, picture, view_of
from vdata_resources.parallel import ordered_map
from vdata_resources.progress import Progress

GROUND_TRUTH = "ground_truth.csv"
DEMO_CATEGORIES = 6
# Chosen for a shelf on which every category is varied and yet shares colours and shapes.
DEMO_SEED = 68
SAVE_OPTIONS: dict[str, dict[str, Any]] = {
    "jpg": {"format": "JPEG", "quality": 90},
    "png": {"format": "PNG"},
    "webp": {"format": "WEBP", "quality": 90},
}


def write_concept_images(
    root: Path,
    *,
    seed: int = DEMO_SEED,
    categories: int | Mapping[str, int] = DEMO_CATEGORIES,
    concepts_per_category: int = 5,
    views_per_concept: int = 8,
    size: int = 256,
    flaws: bool = False,
    workers: int | None = None,
    log: Callable[[str], object] = lambda line: None,
) -> pl.DataFrame:
    """Draw a tree of product photos, ``<root>/<category>/<concept>/NN.jpg`` (a few png and webp).

    The tree appears at ``root`` complete or not at all; ``ground_truth.csv`` in it holds the returned table.

    Args:
        root: folder to make; it must not exist or be empty.
        seed: of all choices.
        categories: how many of the known categories, or which ones with how many concepts each.
        concepts_per_category: where ``categories`` is a number.
        views_per_concept: images a concept.
        size: of the square images in pixels, a multiple of 4.
        flaws: put in the defects that :mod:`vdata_assets.samples.flaws` lists, for audits to find.
        workers: threads, by default one a core; the files do not depend on it.
        log: takes a line of progress every few seconds.

    Returns:
        A :class:`~vdata_assets.samples.schema.GroundTruth` table, ordered by path.

    Raises:
        FileExistsError: if there is something at ``root``.
        ValueError: for an unknown category or a number out of range.
    """
    root = root.resolve()
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise FileExistsError(f"{root} is not an empty folder: name another, or remove it first")
    if views_per_concept < 1:
        raise ValueError(f"views_per_concept: {views_per_concept}, must be at least 1")
    check_side(size)
    plans = plan(concept_counts(categories, concepts_per_category), views_per_concept, flaws=flaws)
    work = [(concepts_of(each.category, each.index + 1, seed)[-1], each) for each in plans]
    staging = root.with_name(f".{root.name}.partial")
    if staging.exists():
        shutil.rmtree(staging)
    staging.mkdir(parents=True)
    total = sum(each.views + list(each.damage.values()).count(DUPLICATE) for each in plans)
    progress = Progress("samples", total, "images", log)
    rows: list[dict[str, object]] = []

    def draw(item: tuple[Concept, ConceptPlan]) -> list[dict[str, object]]:
        return list(write_concept(staging, *item, seed=seed, size=size))

    for written in ordered_map(draw, work, workers):
        rows += written
        progress.advance(len(written))
    truth = GroundTruth.validate(pl.DataFrame(rows, infer_schema_length=None).sort("path"), cast=True)
    truth.write_csv(staging / GROUND_TRUTH)
    os.replace(staging, root)
    return truth


def concept_counts(categories: int | Mapping[str, int], concepts_per_category: int) -> dict[str, int]:
    """How many concepts of which category are asked for."""
    if isinstance(categories, int):
        if not 1 <= categories <= len(KINDS):
            raise ValueError(f"categories: {categories} asked for, 1 to {len(KINDS)} can be made")
        categories = dict.fromkeys(list(KINDS)[:categories], concepts_per_category)
    for category, count in categories.items():
        if count < 1:
            raise ValueError(f"categories: {count} concepts of {category!r} asked for, must be at least 1")
    return dict(categories)


def write_concept(
    root: Path, concept: Concept, planned: ConceptPlan, *, seed: int, size: int
) -> Iterator[dict[str, object]]:
    """Write the images of one concept and yield their rows of the ground truth."""
    folder = root / concept.category / concept.name
    folder.mkdir(parents=True)
    solid = concept.solid(seed)
    for number in range(planned.views):
        view = view_of(concept, number, seed)
        shot = picture(concept, solid, number, seed, size)
        damage = planned.damage.get(number)
        suffix = "jpg" if damage in (TRUNCATED, MISNAMED) else view.suffix
        file = folder / f"{number:02}.{suffix}"
        kind = "png" if damage == MISNAMED else suffix
        Image.fromarray(shot.image).save(file, **SAVE_OPTIONS[kind])
        if damage == TRUNCATED:
            os.truncate(file, file.stat().st_size // 2)
        truth = truth_of(concept, view, shot)
        flaw = damage if damage in (TRUNCATED, MISNAMED) else planned.flaw
        yield {"path": file.relative_to(root).as_posix(), **truth, "flaw": flaw}
        if damage == DUPLICATE:
            copy = folder / f"{planned.views:02}.{suffix}"
            shutil.copyfile(file, copy)
            yield {"path": copy.relative_to(root).as_posix(), **truth, "flaw": DUPLICATE}


def truth_of(concept: Concept, view: View, shot: Picture) -> dict[str, object]:
    """What is known of a picture because it was drawn so."""
    left, top, right, bottom = shot.box
    return {
        "category": concept.category,
        "concept": concept.name,
        "shape": concept.shape,
        **asdict(concept.look),
        "background": view.background,
        "light": view.light,
        "light_azimuth": view.azimuth,
        "light_elevation": view.elevation,
        **asdict(view.pose),
        "left": left,
        "top": top,
        "right": right,
        "bottom": bottom,
    }
