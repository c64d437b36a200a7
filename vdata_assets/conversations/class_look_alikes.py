"""Classes that look alike: nearest by the means of their images' vectors."""

from collections.abc import Iterable

import numpy as np
import polars as pl

SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {"class": pl.String, "look_alikes": pl.List(pl.String)}


def look_alikes(
    images: pl.DataFrame, vectors: Iterable[pl.DataFrame], number: int, previous: pl.DataFrame | None = None
) -> pl.DataFrame:
    """For every class the classes whose mean vectors are nearest, by cosine.

    A class that had a list keeps it while all classes in it are there, so that a few images more change no
    question that is already asked; a new class comes into older lists when they are made anew.

    Args:
        images: columns image_id and class; best of the split that trains.
        vectors: tables with columns image_id and vector (an array of numbers, null: none), each read once;
            images that are not in ``images`` are passed over.
        number: most classes for one; fewer if there are fewer with vectors.
        previous: this table of an earlier version, or None.

    Returns:
        Columns class and look_alikes, the nearest first, ordered by class. Classes without a vector are left
        out.

    Raises:
        ValueError: the tables' vectors differ in length.
    """
    means = _means(images, vectors)
    names = sorted(means)
    if not names:
        return pl.DataFrame(schema=SCHEMA)
    matrix = np.stack([means[name] for name in names])
    matrix /= np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), np.finfo(np.float64).tiny)
    kept = {} if previous is None else _still_whole(previous, set(images["class"]), number)
    rows = []
    for own, name in enumerate(names):
        # Rounded, so that the order does not hang on the last bit of a sum; of equals the first by name.
        near = np.round(matrix @ matrix[own], 9)
        near[own] = -np.inf
        order = np.argsort(-near, kind="stable")[: min(number, len(names) - 1)]
        rows.append((name, kept.get(name, [names[at] for at in order])))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def by_class(table: pl.DataFrame) -> dict[str, list[str]]:
    """The table of :func:`look_alikes` by class."""
    return dict(table.select("class", "look_alikes").iter_rows())


def _means(images: pl.DataFrame, vectors: Iterable[pl.DataFrame]) -> dict[str, np.ndarray]:
    """The mean direction of each class that has a vector, not normalised."""
    sums: dict[str, np.ndarray] = {}
    classes = images.select("image_id", "class")
    for table in vectors:
        rows = table.select("image_id", "vector").drop_nulls("vector").join(classes, on="image_id")
        for (name,), part in rows.sort("image_id").group_by("class", maintain_order=True):
            total = part["vector"].to_numpy().astype(np.float64).sum(axis=0)
            before = sums.get(str(name), np.zeros_like(total))
            if before.shape != total.shape:
                raise ValueError(f"vectors of {len(before)} and of {len(total)} numbers: use one encoder")
            sums[str(name)] = before + total
    return sums


def _still_whole(previous: pl.DataFrame, present: set[str], number: int) -> dict[str, list[str]]:
    """The lists of which every class is still there and whose length is what is wanted."""
    most = min(number, previous.height - 1)
    return {
        name: near
        for name, near in by_class(previous).items()
        if len(near) == most and present.issuperset(near)
    }
