"""The k concepts whose train images come closest to a wanted total, found exactly."""

from dataclasses import dataclass
from math import isqrt
from pathlib import Path
from typing import Any

import dataframely as dy
import polars as pl

from vdata_assets.catalog.catalog_json import catalog_tree, write_json
from vdata_assets.seeding import seeded_int
from vdata_assets.splits.concept_splits import CONCEPT
from vdata_assets.splits.schema import ConceptCounts
from vdata_assets.splits.settings import ConceptSubsetSettings

TABLE = "concept_subset.parquet"
SUMMARY = "concept_subset.json"
CATALOG = "concept_subset_catalog.json"


def concept_counts(images: pl.DataFrame) -> dy.DataFrame[ConceptCounts]:
    """Count the train images of each concept; a concept without any cannot be chosen and is left out.

    Args:
        images: columns category, concept and split, one row a usable image: the readable rows of a
            catalog, or the training rows of concept splits.
    """
    counts = (
        images.filter(pl.col("split").cast(pl.String) == "train")
        .group_by(CONCEPT)
        .agg(images=pl.len())
        .sort(CONCEPT)
    )
    return ConceptCounts.validate(counts, cast=True)


def choose_concepts(
    counts: dy.DataFrame[ConceptCounts],
    k: int = 30,
    target: int = 1000,
    *,
    cover_categories: bool = False,
    seed: int = 23,
) -> dy.DataFrame[ConceptCounts]:
    """Choose exactly k concepts whose train-image total is as close to the target as any k concepts get.

    Dynamic programming over reachable totals (subset sum with a cardinality), the totals of j concepts
    being the bits of one integer. Covering adds one bit of state, whether the category at hand has a
    concept yet, and so stays exact. With n concepts and L = 2 * target at most (or the smallest total that
    k concepts can have, if that is more), it takes O(n k L / 64) word operations and O(sqrt(n) k L) bits:
    all states are computed twice, only every sqrt(n)-th is kept.

    Ties: a total below the target goes before one as far above. Among sets of that total, the one that
    comes first when concepts stand in seeded order (category by category if covering) and sets are
    compared lexicographically: the first concept that can be in is in.

    Args:
        counts: the concepts to choose from.
        k: how many.
        target: wanted total of train images.
        cover_categories: whether every category of ``counts`` gets at least one.
        seed: the order that decides ties.

    Returns:
        The chosen rows of ``counts``, in its order.

    Raises:
        ValueError: k is below 1, larger than the number of concepts, or smaller than that of categories to
            cover.
    """
    if k < 1:
        raise ValueError(f"k = {k} concepts cannot be chosen: set k to 1 or more")
    categories = counts["category"].n_unique()
    if k > counts.height:
        raise ValueError(f"k = {k} concepts cannot be chosen from {counts.height}: set k to that or lower")
    if cover_categories and k < categories:
        raise ValueError(
            f"k = {k} concepts cannot cover {categories} categories: "
            f"set k to {categories} or more, or cover_categories to false"
        )

    def position(row: tuple[str, str, int]) -> tuple[int, str, int, str, str]:
        category, concept, _ = row
        group = category if cover_categories else ""
        return (
            seeded_int(seed, "concept-subset/group", group),
            group,
            seeded_int(seed, "concept-subset/concept", category, concept),
            category,
            concept,
        )

    rows = sorted(counts.select(*CONCEPT, "images").iter_rows(), key=position)
    sizes = [images for _, _, images in rows]
    following = [category for category, _, _ in rows[1:]]
    closes = [
        cover_categories and category != after
        for (category, _, _), after in zip(rows, following, strict=False)
    ] + [True]
    chosen = [rows[item][:2] for item in _closest(sizes, closes, k, target)]
    keys = pl.DataFrame(chosen, schema=dict.fromkeys(CONCEPT, pl.String), orient="row")
    return ConceptCounts.validate(counts.join(keys, on=CONCEPT, how="semi", maintain_order="left"))


@dataclass(frozen=True)
class _Reach:
    """Totals that the items from a position on can reach, every later group having one of them at least.

    Attributes:
        free: where the group at the position has an item before it already. Bit s of entry j says that
            exactly j items can total s.
        need: where it has none yet, so that one of these items must be of the group.
    """

    free: list[int]
    need: list[int]

    def over(self, closes: bool) -> "_Reach":
        """The same seen from the item before, which is the last of its group if it ``closes`` one."""
        return _Reach(self.need, [0] * len(self.need)) if closes else self

    def with_item(self, size: int, limit: int) -> "_Reach":
        """What can be reached if one more item of ``size`` may be taken, without totals over the limit."""
        if size > limit:
            return self
        mask = (1 << (limit + 1)) - 1
        taken = [0, *((sums << size) & mask for sums in self.free[:-1])]
        return _Reach(
            [without | with_ for without, with_ in zip(self.free, taken, strict=True)],
            [without | with_ for without, with_ in zip(self.need, taken, strict=True)],
        )


def _closest(sizes: list[int], closes: list[bool], k: int, target: int) -> list[int]:
    """Positions of the k items, one of each group at least, whose sizes total closest to the target.

    Args:
        sizes: of the items, the groups one after the other.
        closes: whether an item is the last of its group.
        k: at most as many as items, at least as many as groups.
        target: the wanted total; of two as close, the smaller is taken.
    """
    # Any feasible total bounds how far the best one can be from the target, and so how high totals matter.
    limit = target + abs(target - _small_total(sizes, closes, k))
    end = _Reach([1] + [0] * k, [1] + [0] * k)
    step = isqrt(len(sizes)) + 1
    blocks = [range(start, min(start + step, len(sizes))) for start in range(0, len(sizes), step)]
    after_block = []
    reach = end
    for block in reversed(blocks):
        after_block.append(reach)
        for item in reversed(block):
            reach = reach.over(closes[item]).with_item(sizes[item], limit)

    left = _nearest_bit(reach.need[k], target)
    chosen: list[int] = []
    for block in blocks:
        reach = after_block.pop()
        later = []
        for item in reversed(block):
            reach = reach.over(closes[item])
            later.append(reach.free)
            reach = reach.with_item(sizes[item], limit)
        for item in block:
            free = later.pop()
            if (
                len(chosen) < k
                and left >= sizes[item]
                and free[k - len(chosen) - 1] >> (left - sizes[item]) & 1
            ):
                chosen.append(item)
                left -= sizes[item]
    return chosen


def _small_total(sizes: list[int], closes: list[bool], k: int) -> int:
    """The smallest total of k items with one of each group: each group's smallest, then the others'."""
    firsts: list[int] = []
    others: list[int] = []
    group: list[int] = []
    for size, last in zip(sizes, closes, strict=True):
        group.append(size)
        if last:
            first, *rest = sorted(group)
            firsts.append(first)
            others += rest
            group = []
    return sum(firsts) + sum(sorted(others)[: k - len(firsts)])


def _nearest_bit(bits: int, target: int) -> int:
    """Place of the set bit nearest to ``target``, the lower of two as near."""
    below = (bits & ((1 << (target + 1)) - 1)).bit_length() - 1
    upper = bits >> target
    if not upper:
        return below
    above = target + (upper & -upper).bit_length() - 1
    return below if below >= 0 and target - below <= above - target else above


def write_concept_subset(
    images: pl.DataFrame,
    settings: ConceptSubsetSettings,
    folder: Path,
    *,
    prefix: str = "",
) -> dy.DataFrame[ConceptCounts]:
    """Choose a subset and write it as a table, a summary and a file of the catalog's shape.

    Where there are fewer than ``settings.k`` concepts all of them are chosen; the audit says so.

    Args:
        images: columns path, category, concept and split, one row a usable image, as in
            :func:`concept_counts`.
        settings: what is wanted.
        folder: where ``concept_subset.parquet``, ``concept_subset.json`` and
            ``concept_subset_catalog.json`` go; it exists.
        prefix: what stands before each path in the catalog file: empty, or the root with a closing slash.

    Raises:
        ValueError: k is smaller than the number of categories to cover.
    """
    counts = concept_counts(images)
    chosen = counts
    if counts.height > settings.k:
        chosen = choose_concepts(
            counts,
            settings.k,
            settings.target,
            cover_categories=settings.cover_categories,
            seed=settings.seed,
        )
    chosen.write_parquet(folder / TABLE)
    write_json(folder / SUMMARY, _summary(chosen, counts.height, settings))
    rows = images.join(chosen, on=CONCEPT, how="semi")
    write_json(folder / CATALOG, catalog_tree(rows, prefix))
    return chosen


def _summary(
    chosen: dy.DataFrame[ConceptCounts], available: int, settings: ConceptSubsetSettings
) -> dict[str, Any]:
    """What was chosen, of how many, and how close it comes."""
    total = int(chosen["images"].sum())
    concepts: dict[str, dict[str, int]] = {}
    for category, concept, images in chosen.iter_rows():
        concepts.setdefault(category, {})[concept] = images
    return {
        "settings": settings.model_dump(),
        "n_available": available,
        "n_chosen": chosen.height,
        "total": total,
        "target": settings.target,
        "difference": total - settings.target,
        "concepts": concepts,
    }
