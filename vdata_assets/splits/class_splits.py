"""Splits of classed images: class shares kept, copies and look-alikes together, tiny classes by a rule.

What counts is the number of a class's *different* images: files with equal bytes and near-duplicates are one
group, and a group is never divided.

- One group: the largest split (train), as a class that is only tested can never be learned.
- Two groups: the larger goes to the largest split, the other to the one with the next largest ratio. Where
  several ratios are equal (val and test of 0.8, 0.1, 0.1) the seed and the class decide.
- Three groups or more: the shared splitter, :mod:`~vdata_assets.splits.sample_splits`.

A group of several classes counts for each of them; a class of one group is placed before one of two. What an
earlier version has placed stays, and the rule places the rest: a second image goes to another split than the
first.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import polars as pl

from vdata_assets.catalog.catalog_json import write_json
from vdata_assets.quality.findings import Finding
from vdata_assets.seeding import seeded_int, seeded_ints, seeded_order
from vdata_assets.splits.class_split_audit import audit_class_splits, largest_split
from vdata_assets.splits.groups import connected_groups, in_order, joined
from vdata_assets.splits.growth import known_splits, parted_groups
from vdata_assets.splits.near_samples import near_pairs
from vdata_assets.splits.sample_splits import CONFIG, TABLE, place_groups
from vdata_assets.splits.settings import SplitSettings
from vdata_assets.splits.split_config import counted_config, sample_classes, split_counts

SPARE = 2
"""Groups of a class that are left to the shared splitter, which makes sizes and shares exact."""


@dataclass(frozen=True)
class ClassSplits:
    """What was written.

    Attributes:
        splits: of schema SampleSplits; sample_id is the image_id.
        findings: answers to ``CLASS_SPLITS_CHECKS``, in that order.
    """

    splits: pl.DataFrame
    findings: list[Finding]


def class_splits(
    images: pl.DataFrame,
    settings: SplitSettings,
    hamming: int,
    out: Path,
    previous: pl.DataFrame | None = None,
) -> ClassSplits:
    """Write ``splits.parquet`` and ``split_config.json``, and audit them.

    With ``on_growth: keep`` an image that has a split stays there. A new one that looks like images of two
    splits, or links them over other new ones, can be on neither side and is left out; the audit names it.

    Args:
        images: columns image_id (unique), class, content_hash and phash (null: not known) of the images that
            are to be split.
        settings: of the splitter; ``temporal`` is refused.
        hamming: bits in which the hashes of images that look the same differ at most, 0 to 31.
        out: where the files go; it exists.
        previous: columns sample_id (image_id) and split of the version before, or None.

    Raises:
        ValueError: the strategy is temporal, ``hamming`` is out of range, ids are not unique, or an earlier
            split is not among the ratios.
    """
    if settings.strategy == "temporal":
        raise ValueError("strategy: temporal needs videos: set stratified or random for classes of images")
    samples = images.select("class", "content_hash", "phash", sample_id="image_id")
    earlier = previous if settings.on_growth == "keep" else None
    placed = _grouped(samples, hamming)
    links = [] if earlier is None else _links(placed, earlier)
    is_link = pl.col("sample_id").is_in(links)
    if links:
        placed = _grouped(samples.filter(~is_link), hamming)
    classes = sample_classes(placed) if settings.strategy == "stratified" else None
    splits = place_groups(_decided(placed, settings, earlier), classes, settings)
    left_out = samples.filter(is_link)["sample_id"]
    with ThreadPoolExecutor() as pool:
        written = pool.submit(splits.write_parquet, out / TABLE)
        counts = split_counts(placed, splits)
        write_json(out / CONFIG, counted_config(counts, settings))
        findings = audit_class_splits(placed, splits, counts, settings, hamming, left_out)
        written.result()
    return ClassSplits(splits, findings)


def _grouped(samples: pl.DataFrame, hamming: int) -> pl.DataFrame:
    """The samples with the groups that stay together, ordered by sample_id."""
    samples = in_order(samples)
    groups = connected_groups(samples, ["content_hash"], near_pairs(samples, hamming))
    return samples.with_columns(groups["group"], labels="class")


def _links(grouped: pl.DataFrame, previous: pl.DataFrame) -> list[str]:
    """New samples in a group of which an earlier version has images in two splits."""
    old = grouped.join(previous.select("sample_id", old="split"), on="sample_id", how="left")
    parted = parted_groups(old.drop_nulls("old").select("group", split="old"))["group"]
    links = old.filter(pl.col("group").is_in(parted.implode()) & pl.col("old").is_null())
    return links["sample_id"].to_list()


def _decided(samples: pl.DataFrame, settings: SplitSettings, previous: pl.DataFrame | None) -> pl.DataFrame:
    """Columns sample_id, group, class and split; the split is null in groups that are to be weighed.

    Those of the earlier version have one; so have those of classes of one or two groups, and of each class
    all groups but a few, divided by the ratios in a seeded order, which spares the splitter nearly all its
    work.
    """
    table = samples.select("sample_id", "group", "class")
    if previous is None:
        table = table.with_columns(split=pl.lit(None, pl.String))
    else:
        known = known_splits(samples.select("sample_id", "group"), previous, settings)
        table = joined(table, known.select("sample_id", "split"))
    if settings.strategy != "stratified":
        return table
    # Far fewer rows than samples; the split of a group that is parted is first that of its first sample.
    cells = table.group_by("group", "class", "split", maintain_order=True).agg(images=pl.len().cast(pl.Int64))
    tiny = _tiny_classes(cells, settings)
    return _with(table, tiny | _bulk(_with(cells, tiny), settings))


def _with(table: pl.DataFrame, places: dict[str, str]) -> pl.DataFrame:
    """The table with the splits of further groups."""
    more = pl.DataFrame(
        {"group": list(places), "placed": list(places.values())},
        schema={"group": pl.String, "placed": pl.String},
    )
    more = table.join(more, on="group", how="left", maintain_order="left")
    return more.with_columns(split=pl.coalesce("split", "placed")).drop("placed")


def _tiny_classes(cells: pl.DataFrame, settings: SplitSettings) -> dict[str, str]:
    """Splits by group of the classes that have one group or two."""
    groups = cells.group_by("class", "group", maintain_order=True).agg(
        pl.col("images").sum(), pl.col("split").first()
    )
    number = pl.len().over("class")
    tiny = groups.with_columns(groups=number).filter(pl.col("groups") <= 2).sort("groups", "class", "group")
    places: dict[str, str] = {}
    for (_, name), rows in tiny.group_by("groups", "class", maintain_order=True):
        order = _by_ratio(settings, str(name))
        where = {
            group: split or places.get(group) for group, split in rows.select("group", "split").iter_rows()
        }
        sizes = dict(rows.select("group", "images").iter_rows())
        waiting = [group for group, split in where.items() if split is None]
        waiting.sort(key=lambda group: (-sizes[group], seeded_int(settings.seed, "tiny-class", group)))
        free = [split for split in order if split not in where.values()]
        # With one split there is nowhere else to go.
        places |= zip(waiting, [*free, *order[:1] * len(waiting)], strict=False)
    return places


def _by_ratio(settings: SplitSettings, name: str) -> list[str]:
    """Splits with a ratio, the largest first: of equal ones the largest of all is the one named first.

    The order of equal ones after the first is drawn for the class.
    """
    ratios = {split: ratio for split, ratio in settings.ratios.items() if ratio}
    largest = largest_split(settings)
    drawn = seeded_order(settings.seed, f"tiny-class/{name}", ratios)
    return sorted(drawn, key=lambda split: (split != largest, -ratios[split]))


def _bulk(cells: pl.DataFrame, settings: SplitSettings) -> dict[str, str]:
    """Splits by group of most of the groups that are of one class.

    In a seeded order they fill what each split wants of the class and has not yet; a group that would be over
    is left, and so are the last few.
    """
    waiting = cells.filter(pl.col("split").is_null())
    groups = waiting.filter(~pl.col("group").is_duplicated())
    draws = seeded_ints(settings.seed, "class-splits", groups["group"])
    groups = groups.with_columns(draw=pl.Series(draws)).sort("class", "draw", "group")
    held = cells.drop_nulls("split").group_by("class", "split").agg(pl.col("images").sum())
    there = {(name, split): count for name, split, count in held.iter_rows()}
    totals = dict(cells.group_by("class").agg(pl.col("images").sum()).iter_rows())
    places: dict[str, str] = {}
    rows = groups.select("class", "group", "images").iter_rows()
    for name, of_class in groupby(rows, key=lambda row: row[0]):
        wanted = {
            split: max(0.0, ratio * totals[name] - there.get((name, split), 0))
            for split, ratio in settings.ratios.items()
        }
        sizes = [(group, images) for _, group, images in of_class][:-SPARE]
        share = sum(size for _, size in sizes) / max(sum(wanted.values()), 1)
        room = {split: want * min(share, 1.0) for split, want in wanted.items()}
        for group, size in sizes:
            for split, left in room.items():
                if left >= size:
                    room[split] = left - size
                    places[group] = split
                    break
    return places
