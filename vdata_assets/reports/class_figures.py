"""Figures of a dataset of conversations about classes: samples by class and split, templates, turns."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import polars as pl

TRAIN = "train"
SPLITS = (TRAIN, "val", "test")


@dataclass(frozen=True)
class ClassFigures:
    """What the report says, as tables.

    Attributes:
        splits: names of the splits that occur; train, val and test come first.
        classes: one row a class, the largest first: ``class``, ``images`` (files), ``unreadable`` and
            ``unused`` of them (readable, without a sample), and for every split ``before <split>`` and
            ``after <split>``: samples without and with those that oversampling added.
        templates: ``kind``, ``template``, ``times`` and for every split ``times <split>``: how often it was
            drawn, by kind in the order given, the most frequent first.
        turns: ``turns`` and the number of ``samples`` that have so many.
        unreadable: ``class``, ``path`` and ``reason``.
    """

    splits: tuple[str, ...]
    classes: pl.DataFrame
    templates: pl.DataFrame
    turns: pl.DataFrame
    unreadable: pl.DataFrame

    def total(self, column: str) -> int:
        """Sum of a column of ``classes``."""
        return int(self.classes[column].sum())

    def samples(self, stage: str, split: str | None = None) -> int:
        """How many samples there are ``before`` or ``after`` oversampling, in a split or in all."""
        return sum(self.total(f"{stage} {name}") for name in self.splits if split in (None, name))

    def imbalance(self, stage: str) -> float | None:
        """Train samples of the largest class over those of the smallest that has any; None if none has."""
        if TRAIN not in self.splits:
            return None
        sizes = self.classes.filter(pl.col(f"{stage} {TRAIN}") > 0)[f"{stage} {TRAIN}"].to_list()
        return max(sizes) / min(sizes) if sizes else None

    def without_train(self) -> list[str]:
        """The classes that have no train sample, the largest first."""
        if TRAIN not in self.splits:
            return self.classes["class"].to_list()
        return self.classes.filter(pl.col(f"before {TRAIN}") == 0)["class"].to_list()

    def mean_turns(self) -> float | None:
        """Turns of a sample on average; None if there is no sample."""
        rows = self.turns.rows()
        samples = sum(number for _, number in rows)
        return sum(turns * number for turns, number in rows) / samples if samples else None


def figures_of(
    samples: pl.DataFrame | pl.LazyFrame, images: pl.DataFrame, templates: pl.DataFrame
) -> ClassFigures:
    """Count a dataset.

    Args:
        samples: ``sample_id``, ``image_id``, ``class``, ``split``, ``copy`` (0 for an image's own sample,
            from 1 for those that oversampling added) and ``turns`` (a list).
        images: ``image_id``, ``path``, ``class`` and ``reason`` (why it is unreadable, else null).
        templates: ``template``, ``kind`` (question, answer, ...), ``split`` and ``times``.
    """
    lazy = samples.lazy().with_columns(pl.col("class", "split").cast(pl.String))
    images = images.with_columns(pl.col("class").cast(pl.String))
    templates = templates.with_columns(pl.col("kind", "split").cast(pl.String))
    counted = (
        lazy.group_by("class", "split")
        .agg(before=(pl.col("copy") == 0).sum().cast(pl.Int64), after=pl.len().cast(pl.Int64))
        .collect()
    )
    used = lazy.select(pl.col("image_id").unique()).collect()["image_id"]
    splits = _splits([*counted["split"], *templates["split"]])
    unreadable = images.filter(pl.col("reason").is_not_null())
    return ClassFigures(
        splits,
        _classes(counted, images, used, splits),
        _templates(templates, splits),
        lazy.group_by(turns=pl.col("turns").list.len().cast(pl.Int64))
        .agg(samples=pl.len().cast(pl.Int64))
        .sort("turns")
        .collect(),
        unreadable.select("class", "path", "reason").sort("class", "path"),
    )


def _splits(names: Iterable[str]) -> tuple[str, ...]:
    """The different names: those that are known in their order, the others by name after them."""
    found = set(names)
    return (*(name for name in SPLITS if name in found), *sorted(found.difference(SPLITS)))


def _classes(
    counted: pl.DataFrame, images: pl.DataFrame, used: pl.Series, splits: tuple[str, ...]
) -> pl.DataFrame:
    """The table of classes."""
    readable = pl.col("reason").is_null()
    files = images.group_by("class").agg(
        images=pl.len().cast(pl.Int64),
        unreadable=(~readable).sum().cast(pl.Int64),
        unused=(readable & ~pl.col("image_id").is_in(used.implode())).sum().cast(pl.Int64),
    )
    in_split = [
        pl.col(stage).filter(pl.col("split") == split).sum().alias(f"{stage} {split}")
        for split in splits
        for stage in ("before", "after")
    ]
    return (
        files.join(counted.group_by("class").agg(*in_split), on="class", how="full", coalesce=True)
        .fill_null(0)
        .sort("images", "class", descending=[True, False])
    )


def _templates(templates: pl.DataFrame, splits: tuple[str, ...]) -> pl.DataFrame:
    """The table of templates."""
    place = {kind: number for number, kind in enumerate(templates["kind"].unique(maintain_order=True))}
    times = pl.col("times").cast(pl.Int64)
    return (
        templates.group_by("kind", "template")
        .agg(
            times=times.sum(),
            **{f"times {split}": times.filter(pl.col("split") == split).sum() for split in splits},
        )
        .with_columns(place=pl.col("kind").replace_strict(place, default=None, return_dtype=pl.Int64))
        .sort("place", "times", "template", descending=[False, True, False])
        .drop("place")
    )


def figures_json(figures: ClassFigures) -> dict[str, Any]:
    """The figures for programs, as ``figures.json`` holds them; shares are of 1."""
    stages = ("before", "after")
    whole = {stage: figures.samples(stage) for stage in stages}
    return {
        "images": {name: figures.total(name) for name in ("images", "unreadable", "unused")},
        "samples": whole,
        "splits": {
            split: {
                **{stage: figures.samples(stage, split) for stage in stages},
                **{
                    f"share_{stage}": figures.samples(stage, split) / whole[stage] if whole[stage] else None
                    for stage in stages
                },
            }
            for split in figures.splits
        },
        "train_imbalance": {stage: figures.imbalance(stage) for stage in stages},
        "without_train": figures.without_train(),
        "classes": [
            {
                **{name: row[name] for name in ("class", "images", "unreadable", "unused")},
                **{stage: {split: row[f"{stage} {split}"] for split in figures.splits} for stage in stages},
            }
            for row in figures.classes.iter_rows(named=True)
        ],
        "templates": [
            {
                "kind": row["kind"],
                "template": row["template"],
                "times": {split: row[f"times {split}"] for split in figures.splits},
            }
            for row in figures.templates.iter_rows(named=True)
        ],
        "turns": {
            "mean": figures.mean_turns(),
            "samples": {str(turns): samples for turns, samples in figures.turns.iter_rows()},
        },
        "unreadable": figures.unreadable.to_dicts(),
    }
