"""What the report of conversations about classes says in sentences and tables, in Markdown and HTML alike."""

from collections.abc import Callable, Sequence

import polars as pl

from vdata_assets.reports.class_figures import ClassFigures
from vdata_assets.reports.class_sheet import Shown

SHOWN_CLASSES = 5


def counted(number: int, singular: str, plural: str) -> str:
    """``1 class``, ``2,000 classes``."""
    return f"{number:,} {singular if number == 1 else plural}"


def headline(figures: ClassFigures) -> str:
    """The whole dataset in two sentences, without a name from outside."""
    images, unreadable, unused = (figures.total(name) for name in ("images", "unreadable", "unused"))
    before, after = figures.samples("before"), figures.samples("after")
    added = after - before
    return (
        f"{counted(images, 'image', 'images')} of {counted(figures.classes.height, 'class', 'classes')}, "
        f"{unreadable:,} unreadable and {unused:,} not used: {counted(before, 'sample', 'samples')}. "
        f"Oversampling added {added:,}: {after:,} in all."
    )


def imbalance_line(figures: ClassFigures, escape: Callable[[str], str]) -> str:
    """How unequal the classes of train are, and which have no train sample; ``escape`` is for their names."""
    before, after = figures.imbalance("before"), figures.imbalance("after")
    if before is None or after is None:
        return "There is no train sample."
    parts = [
        f"The largest class has {before:,.1f} times the train samples of the smallest, {after:,.1f} times "
        "after oversampling."
    ]
    if missing := figures.without_train():
        names = ", ".join(escape(name) for name in missing[:SHOWN_CLASSES])
        more = f" and {len(missing) - SHOWN_CLASSES:,} more" if len(missing) > SHOWN_CLASSES else ""
        parts.append(f"Without a train sample: {names}{more}.")
    return " ".join(parts)


def turns_line(figures: ClassFigures) -> str:
    """How many turns samples have."""
    mean = figures.mean_turns()
    if mean is None:
        return "There is no sample."
    turns = figures.turns["turns"].to_list()
    return f"{turns[0]:,} to {turns[-1]:,} turns a sample, {mean:.2f} on average."


def shown_line(figures: ClassFigures, shown: Sequence[Shown]) -> str:
    """How many of the samples are shown."""
    return f"{len(shown):,} of {counted(figures.samples('after'), 'sample', 'samples')}, the classes in turn."


def split_table(figures: ClassFigures) -> pl.DataFrame:
    """Samples a split, and their share of all in percent."""
    columns: dict[str, list[int] | list[float]] = {}
    for stage in ("before", "after"):
        sizes = [figures.samples(stage, split) for split in figures.splits]
        columns[f"{stage} oversampling"] = sizes
        columns[f"percent {stage}"] = [100 * size / (sum(sizes) or 1) for size in sizes]
    table = pl.DataFrame({"split": list(figures.splits), **columns})
    return table.cast({"split": pl.String})


def class_table(figures: ClassFigures) -> pl.DataFrame:
    """Images and samples a class; a split that oversampling changes has a second column."""
    columns = [pl.col(f"before {split}").alias(f"{split} samples") for split in figures.splits]
    columns += [
        pl.col(f"after {split}").alias(f"{split} after oversampling")
        for split in figures.splits
        if figures.samples("after", split) != figures.samples("before", split)
    ]
    return figures.classes.select(
        "class", "images", "unreadable", pl.col("unused").alias("not used"), *columns
    )


def template_table(figures: ClassFigures) -> pl.DataFrame:
    """How often each template was drawn, and its share of its kind in percent."""
    return figures.templates.select(
        "kind",
        "template",
        pl.col("times").alias("times drawn"),
        (100 * pl.col("times") / pl.max_horizontal(pl.col("times").sum().over("kind"), 1)).alias(
            "percent of its kind"
        ),
        *(pl.col(f"times {split}").alias(f"in {split}") for split in figures.splits),
    )
