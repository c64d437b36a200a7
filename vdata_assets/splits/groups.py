"""Which samples must stay together: connected components over keys and pairs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def joined(rows: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """An inner join on sample_id, in the order of ``rows``; equal ids in equal order need no search.

    Args:
        rows: column sample_id.
        others: column sample_id, unique, and columns that ``rows`` has not.
    """
    if rows["sample_id"].equals(others["sample_id"]):
        return rows.hstack(others.drop("sample_id"))
    return rows.join(others, on="sample_id", maintain_order="left")


def in_order(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows ordered by sample_id; looking whether they are is much less work than sorting."""
    if rows["sample_id"].is_sorted():
        return rows
    # Of a string column one thread takes a third of the work of two, and no more time.
    return rows.sort("sample_id", multithreaded=False)


def connected_groups(
    samples: pl.DataFrame, keys: Sequence[str], pairs: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Join samples that share a value of any key, or are a pair, directly or over others.

    Args:
        samples: column sample_id (unique, no nulls) and the columns of ``keys``. A null shares with none.
        keys: columns such as a video's id, a content hash, the number of a near-duplicate cluster.
        pairs: columns sample_id and other, both ids of samples, such as near-duplicate pairs.

    Returns:
        Columns sample_id and group, ordered by sample_id; a group is named by its smallest sample_id.

    Raises:
        ValueError: a column is missing, a sample_id is null or stands twice, or a pair names a sample that
            is not there.
    """
    import numpy as np
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    keys = list(dict.fromkeys(keys))
    missing = [name for name in ("sample_id", *keys) if name not in samples.columns]
    if missing:
        raise ValueError(f"samples have no column {missing[0]!r}: columns are {samples.columns}")
    ids = in_order(samples.select("sample_id", *(key for key in keys if key != "sample_id")))
    _check(ids["sample_id"])
    node = np.arange(ids.height)
    nodes = ids.height
    ends: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    for place, key in enumerate(keys):
        values = ids[key].to_arrow().dictionary_encode()
        value = pl.Series(values.indices).cast(pl.Int64).fill_null(-1).to_numpy()
        there = value >= 0
        if place == 0:
            # A node for each value of the first key, and for each sample that has none.
            node = np.where(there, value, node + len(values.dictionary))
        else:
            # One more node for each value of a further key, with an edge to every sample that has it.
            ends.append((node[there], value[there] + nodes))
        nodes += len(values.dictionary)
    if pairs is not None and pairs.height:
        ends.append((node[_rows(ids, pairs["sample_id"])], node[_rows(ids, pairs["other"])]))
    if ends:
        left, right = (np.concatenate(side) for side in zip(*ends, strict=True))
        graph = coo_array((np.ones(len(left), dtype=bool), (left, right)), shape=(nodes, nodes))
        nodes, component = connected_components(graph, directed=False)
        node = component[node]
    # The rows are in order, so the first of a component has its smallest id.
    first = np.full(nodes, ids.height)
    np.minimum.at(first, node, np.arange(ids.height))
    return ids.select("sample_id", group=ids["sample_id"].gather(first[node]))


def _check(ids: pl.Series) -> None:
    """Refuse ids, in order, that do not tell samples apart."""
    if ids.null_count():
        raise ValueError(f"sample_id is null in {ids.null_count()} samples: give every sample an id")
    twice = ids.filter(ids == ids.shift())
    if len(twice):
        raise ValueError(f"sample_id {twice[0]!r} stands twice: make ids unique")


def _rows(ids: pl.DataFrame, wanted: pl.Series) -> "NDArray[np.int64]":
    """Row of each wanted sample_id."""
    rows = ids.select("sample_id").with_row_index("row")
    found = wanted.to_frame("sample_id").join(rows, on="sample_id", how="left", maintain_order="left")
    unknown = found.filter(pl.col("row").is_null())["sample_id"]
    if len(unknown):
        raise ValueError(f"pair names sample_id {unknown[0]!r}, which no sample has: remove the pair")
    return found["row"].cast(pl.Int64).to_numpy()
