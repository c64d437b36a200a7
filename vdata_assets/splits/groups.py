"""Which samples must stay together: connected components over keys and pairs."""

from collections.abc import Sequence

import polars as pl


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
    _check(samples, keys)
    ids = samples.select("sample_id", *(key for key in keys if key != "sample_id")).sort("sample_id")
    ids = ids.with_row_index("row")
    ends: list[tuple[pl.Series, pl.Series]] = []
    nodes = ids.height
    for key in keys:
        # One more node for each value of the key, with an edge to every sample that has it.
        shared = ids.filter(pl.col(key).is_not_null()).select(
            "row", value=pl.col(key).rank("dense").cast(pl.Int64) - 1 + nodes
        )
        ends.append((shared["row"], shared["value"]))
        nodes += shared["value"].n_unique()
    if pairs is not None:
        ends.append((_rows(ids, pairs["sample_id"]), _rows(ids, pairs["other"])))
    empty = np.empty(0, dtype=np.int64)
    left = np.concatenate([empty, *(a.to_numpy() for a, _ in ends)])
    right = np.concatenate([empty, *(b.to_numpy() for _, b in ends)])
    graph = coo_array((np.ones(len(left), dtype=bool), (left, right)), shape=(nodes, nodes))
    _, component = connected_components(graph, directed=False)
    return ids.select("sample_id", component=pl.Series(component[: ids.height])).select(
        "sample_id", group=pl.col("sample_id").min().over("component")
    )


def _check(samples: pl.DataFrame, keys: Sequence[str]) -> None:
    """Refuse tables without the columns, and ids that do not tell samples apart."""
    missing = [name for name in ("sample_id", *keys) if name not in samples.columns]
    if missing:
        raise ValueError(f"samples have no column {missing[0]!r}: columns are {samples.columns}")
    ids = samples["sample_id"]
    if ids.null_count():
        raise ValueError(f"sample_id is null in {ids.null_count()} samples: give every sample an id")
    if ids.n_unique() < len(ids):
        twice = ids.filter(ids.is_duplicated()).min()
        raise ValueError(f"sample_id {twice!r} stands twice: make ids unique")


def _rows(ids: pl.DataFrame, wanted: pl.Series) -> pl.Series:
    """Row of each wanted sample_id."""
    found = wanted.to_frame("sample_id").join(ids, on="sample_id", how="left", maintain_order="left")
    unknown = found.filter(pl.col("row").is_null())["sample_id"]
    if len(unknown):
        raise ValueError(f"pair names sample_id {unknown[0]!r}, which no sample has: remove the pair")
    return found["row"]
