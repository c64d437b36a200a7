"""What the embedded parts say of the samples is true: held against what was drawn, claim by claim."""

import asyncio
from dataclasses import dataclass
from math import hypot
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import binary_fill_holes, distance_transform_edt

from vdata_assets.dataengine.find_regions import RegionFinder
from vdata_assets.dataengine.given_regions import read_given_regions
from vdata_assets.dataengine.image_table import image_table
from vdata_assets.dataengine.rules.annotator import RuleAnnotator
from vdata_assets.dataengine.rules.claims import Anchor, Claim, Group
from vdata_assets.dataengine.rules.wording import understood
from vdata_assets.dataengine.settings import EngineImageSettings, PromptSettings, RegionSettings
from vdata_assets.dataengine.write_prompts import PromptWriter
from vdata_assets.masks.dense import decoded
from vdata_assets.samples.concepts import DEMO_SEED
from vdata_assets.samples.tabletops import write_tabletop_samples, write_truth_coco
from vdata_resources.segmenters.classical import ClassicalSegmenter

COVERS = 0.8
TOUCHING = 3.0


@dataclass(frozen=True, eq=False)
class Thing:
    """Something that was drawn, as the working picture shows it."""

    label: str
    colour: str
    mask: NDArray[np.bool_]

    @property
    def area(self) -> int:
        return int(self.mask.sum())

    @property
    def centre(self) -> tuple[float, float]:
        rows, columns = np.nonzero(self.mask)
        return float(columns.mean()), float(rows.mean())

    @property
    def box(self) -> tuple[int, int, int, int]:
        rows, columns = np.nonzero(self.mask)
        return int(columns.min()), int(rows.min()), int(columns.max()), int(rows.max())


class Engine(NamedTuple):
    """What was found and written in the samples, and what is true of them."""

    images: pl.DataFrame
    pictures: pl.DataFrame
    regions: pl.DataFrame
    prompts: pl.DataFrame
    things: dict[str, list[Thing]]

    def masks(self, image_id: str) -> dict[int, NDArray[np.bool_]]:
        (picture,) = self.pictures.filter(pl.col("image_id") == image_id).iter_rows(named=True)
        rows = self.regions.filter(pl.col("image_id") == image_id, pl.col("index").is_not_null())
        return {
            row["index"]: decoded(row["rle"], picture["height"], picture["width"])
            for row in rows.iter_rows(named=True)
        }

    def path(self, image_id: str) -> str:
        return self.images.filter(pl.col("image_id") == image_id)["path"].item()


def run_engine(folder, *, images=24, flaws=True, seed=DEMO_SEED, given=False) -> Engine:
    root = folder / "tabletops"
    truth = write_tabletop_samples(
        root, images=images, flaws=flaws, **({} if seed is None else {"seed": seed})
    )
    table = image_table(root, EngineImageSettings(), folder / "hashes.sqlite", None, print)
    usable = table.filter(pl.col("reason").is_null())
    annotator, known = RuleAnnotator(), {}
    if given:
        write_truth_coco(truth, folder / "truth.json")
        known = read_given_regions(folder / "truth.json")
    (folder / "regions").mkdir()
    (folder / "prompts").mkdir()

    async def run():
        finder = RegionFinder(annotator, ClassicalSegmenter(), RegionSettings(), known)
        found = await finder.shard(usable, root, folder / "regions", ahead=2, log=print)
        writer = PromptWriter(annotator, PromptSettings())
        written = await writer.shard(
            found.pictures, found.proposals, folder / "regions", folder / "prompts", ahead=2, log=print
        )
        return found, written

    found, written = asyncio.run(run())
    assert found.errors.is_empty()
    assert written.errors.is_empty()
    sizes = {row["path"]: (row["width"], row["height"]) for row in found.pictures.iter_rows(named=True)}
    things: dict[str, list[Thing]] = {path: [] for path in sizes}
    for row in truth.filter(pl.col("object").is_not_null()).iter_rows(named=True):
        mask = decoded(row["rle"], row["height"], row["width"])
        scaled = Image.fromarray(mask).resize(sizes[row["path"]], Image.Resampling.NEAREST)
        things[row["path"]].append(Thing(row["label"], row["colour"], np.asarray(scaled)))
    return Engine(table, found.pictures, found.proposals, written.prompts, things)


@pytest.fixture(scope="module")
def engine(tmp_path_factory) -> Engine:
    return run_engine(tmp_path_factory.mktemp("engine"), images=12)


def iou(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float((one & other).sum() / (one | other).sum())


def members(things: list[Thing], group: Group) -> list[Thing]:
    if group.kind == "all":
        return things
    return [thing for thing in things if group.name in (thing.colour, thing.label)]


def extreme(things: list[Thing], predicate: str, size: tuple[int, int]) -> Thing:
    """The thing that is most so, by its middle and by its outline: whoever asks, it is the same one."""
    measures = {
        "leftmost": (lambda thing: thing.centre[0], lambda thing: thing.box[0]),
        "rightmost": (lambda thing: -thing.centre[0], lambda thing: -thing.box[2]),
        "topmost": (lambda thing: thing.centre[1], lambda thing: thing.box[1]),
        "lowest": (lambda thing: -thing.centre[1], lambda thing: -thing.box[3]),
        "largest": (lambda thing: -thing.area,),
        "smallest": (lambda thing: thing.area,),
        "central": (lambda thing: hypot(thing.centre[0] - size[0] / 2, thing.centre[1] - size[1] / 2),),
    }[predicate]
    (best,) = {id(min(things, key=measure)) for measure in measures}
    return next(thing for thing in things if id(thing) == best)


def placed(thing: Thing, place: str, size: tuple[int, int]) -> bool:
    x, y = thing.centre[0] / size[0], thing.centre[1] / size[1]
    sides = {"left": x < 0.5, "right": x > 0.5, "upper": y < 0.5, "lower": y > 0.5}
    return all(holds for side, holds in sides.items() if side in place.split())


def related(thing: Thing, relation: str, others: list[Thing]) -> bool:
    anchor = others[0]
    (x, y), (anchor_x, anchor_y) = thing.centre, anchor.centre
    if relation == "between":
        end_x, end_y = others[1].centre
        dx, dy = end_x - anchor_x, end_y - anchor_y
        length2 = dx * dx + dy * dy
        along = ((x - anchor_x) * dx + (y - anchor_y) * dy) / length2
        return 0 < along < 1 and abs((x - anchor_x) * dy - (y - anchor_y) * dx) / length2 < 0.5
    return {
        "left of": lambda: x < anchor_x,
        "right of": lambda: x > anchor_x,
        "above": lambda: y < anchor_y,
        "below": lambda: y > anchor_y,
        "touching": lambda: distance_transform_edt(~anchor.mask)[thing.mask].min() <= TOUCHING,
        "inside": lambda: binary_fill_holes(anchor.mask)[thing.mask].mean() > 0.5,
        "same colour": lambda: thing.colour == anchor.colour,
        "larger": lambda: thing.area > anchor.area,
        "smaller": lambda: thing.area < anchor.area,
    }[relation]()


def answers(claim: Claim, things: list[Thing], size: tuple[int, int]) -> list[Thing]:
    """The things that a claim is true of, by what was drawn alone."""
    targets = members(things, claim.target)
    if not claim.predicate:
        return targets
    if claim.anchors:
        anchors = [anchor_of(anchor, things, size) for anchor in claim.anchors]
        if None in anchors:
            return []
        others = [thing for thing in targets if not any(thing is anchor for anchor in anchors)]
        return [thing for thing in others if related(thing, claim.predicate, anchors)]
    if claim.predicate.endswith(("half", "corner")):
        return [thing for thing in targets if placed(thing, claim.predicate, size)]
    return [extreme(targets, claim.predicate, size)] if targets else []


def anchor_of(anchor: Anchor, things: list[Thing], size: tuple[int, int]) -> Thing | None:
    """The one thing that an anchor names; None if there is none, or no single one."""
    found = members(things, anchor.group)
    if anchor.pick and found:
        return extreme(found, anchor.pick, size)
    return found[0] if len(found) == 1 else None


def check_prompts(engine: Engine) -> dict[str, int]:
    """Hold every accepted prompt against the truth; returns how many there are of each kind of claim."""
    kinds: dict[str, int] = {}
    for (image_id,), prompts in engine.prompts.filter(verdict="ACCEPT").group_by("image_id"):
        things, masks = engine.things[engine.path(image_id)], engine.masks(image_id)
        height, width = next(iter(masks.values())).shape
        for row in prompts.iter_rows(named=True):
            said = f"{engine.path(image_id)}: {row['prompt']} {row['satisfying']}: {row['reason']}"
            claim = understood(row["prompt"], sorted({thing.label for thing in things}))
            assert claim is not None, said
            true = answers(claim, things, (width, height))
            if row["negative"]:
                assert not row["satisfying"], said
                assert not true, said
                kinds["negative"] = kinds.get("negative", 0) + 1
                continue
            covered = [
                max(range(len(things)), key=lambda number: iou(things[number].mask, masks[index]))
                for index in row["satisfying"]
            ]
            assert sorted(covered) == sorted(
                number for number, thing in enumerate(things) if any(thing is one for one in true)
            ), said
            union = np.any([masks[index] for index in row["satisfying"]], axis=0)
            assert iou(union, np.any([thing.mask for thing in true], axis=0)) >= COVERS, said
            kind = claim.predicate or "entities"
            kinds[kind] = kinds.get(kind, 0) + 1
    return kinds


def test_every_accepted_region_is_one_thing(engine):
    accepted = 0
    for picture in engine.pictures.iter_rows(named=True):
        things = engine.things[picture["path"]]
        taken = []
        for index, mask in engine.masks(picture["image_id"]).items():
            overlaps = [iou(thing.mask, mask) for thing in things]
            assert overlaps, f"{picture['path']}: region {index} on an empty table"
            assert max(overlaps) >= COVERS, f"{picture['path']}: region {index}, {max(overlaps):.2f}"
            taken.append(int(np.argmax(overlaps)))
        assert len(set(taken)) == len(taken), picture["path"]
        accepted += len(taken)
    drawn = sum(map(len, engine.things.values()))
    print(f"{accepted} regions of {drawn} things")
    assert accepted >= 0.8 * drawn


def test_every_accepted_prompt_is_true_and_its_mask_right(engine):
    kinds = check_prompts(engine)
    print(kinds)
    assert {"entities", "leftmost", "largest"} <= set(kinds)


def test_most_pictures_get_regions_and_prompts(engine):
    busy = {picture for picture, things in engine.things.items() if things}
    with_regions = set(engine.pictures.filter(pl.col("regions") > 0)["path"])
    accepted = engine.prompts.filter(pl.col("verdict") == "ACCEPT", ~pl.col("negative"))
    shares = {"regions": len(with_regions & busy) / len(busy)}
    for family in ("entities", "spatial", "relations"):
        images = accepted.filter(family=family)["image_id"].unique()
        shares[family] = len(images) / len(busy)
    print({name: round(share, 2) for name, share in shares.items()})
    assert shares["regions"] >= 2 / 3
    assert shares["spatial"] > 1 / 2


def test_what_is_said_of_given_regions_is_true_too(tmp_path):
    engine = run_engine(tmp_path, images=3, flaws=False, given=True)
    drawn = sum(map(len, engine.things.values()))
    assert engine.regions["index"].is_not_null().sum() == drawn
    kinds = check_prompts(engine)
    print(kinds)
    assert kinds.get("entities", 0) > 0
