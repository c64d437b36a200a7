"""Samples that look the same: which must stay together, and whether a split keeps them so.

Distinct perceptual hashes are compared, however many samples have one, and no list of all pairs is made: a
film from a fixed camera has thousands of frames of which nearly every two are close.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from vdata_assets.quality.findings import Check, Finding
from vdata_assets.quality.near_duplicates import HASH_BITS
from vdata_assets.splits.groups import joined
from vdata_assets.splits.growth import parted_groups
from vdata_assets.splits.sample_splits import split_samples
from vdata_assets.splits.settings import SplitSettings

NONE = -1


def near_pairs(samples: pl.DataFrame, hamming: int) -> pl.DataFrame:
    """Pairs that join all samples that look the same, directly or over others, and none besides.

    A chain through the samples of one hash, and a spanning forest over the first samples of near hashes:
    fewer pairs than samples, whatever their number of near neighbours.

    Args:
        samples: columns ``sample_id`` and ``phash``; a sample without a hash is in no pair.
        hamming: bits in which the 64-bit hashes of near samples differ at most, 0 to 31.

    Returns:
        Columns ``sample_id`` and ``other``.

    Raises:
        ValueError: ``hamming`` is out of range.
    """
    hashed = samples.select("sample_id", "phash").drop_nulls("phash")
    chain = hashed.select(
        sample_id=pl.col("sample_id").shift().over("phash"), other=pl.col("sample_id")
    ).drop_nulls("sample_id")
    first = hashed.unique("phash", keep="first", maintain_order=True)
    hashes, names = first["phash"].to_numpy(), first["sample_id"]
    parents = np.arange(len(hashes))
    edges = [_forest(hashes, *band, hamming, parents) for band in _bands(hashes, hamming)]
    ends = np.concatenate([np.empty((0, 2), dtype=np.int64), *edges])
    forest = pl.DataFrame({"sample_id": names.gather(ends[:, 0]), "other": names.gather(ends[:, 1])})
    return pl.concat([chain, forest])


def without_links(
    samples: pl.DataFrame, settings: SplitSettings, hamming: int, previous: pl.DataFrame | None
) -> pl.DataFrame:
    """The samples but for new ones that look like samples of two splits, or link such over other new ones.

    With ``on_growth: keep`` what has a split stays where it is, and such a sample can be on neither side.

    Args:
        samples: columns sample_id, phash, and those that :func:`split_samples` needs.
        settings: of the splitter.
        hamming: as in :func:`near_pairs`.
        previous: columns sample_id and split of the version before, or None.
    """
    if previous is None or settings.on_growth != "keep":
        return samples
    pairs = near_pairs(samples, hamming)
    grouped = split_samples(samples, settings, pairs=pairs, previous=previous).join(
        previous.select("sample_id", old="split"), on="sample_id", how="left"
    )
    parted = parted_groups(grouped.drop_nulls("old").select("group", split="old"))["group"]
    links = grouped.filter(pl.col("group").is_in(parted.implode()) & pl.col("old").is_null())
    return samples.join(links, on="sample_id", how="anti", maintain_order="left")


def near_samples_apart(
    samples: pl.DataFrame, splits: pl.DataFrame, hamming: int, check: Check, noun: str
) -> Finding:
    """Samples that look like a sample of another split.

    Args:
        samples: columns ``sample_id`` and ``phash``.
        splits: columns ``sample_id`` and ``split``.
        hamming: as in :func:`near_pairs`.
        check: that the finding answers.
        noun: what a sample is, e.g. ``frame``.

    Raises:
        ValueError: ``hamming`` is out of range.
    """
    rows = joined(samples.select("sample_id", "phash"), splits.select("sample_id", "split"))
    kinds = (
        rows.drop_nulls("phash")
        .group_by("phash", "split", maintain_order=True)
        .agg(sample_id=pl.col("sample_id").first(), samples=pl.len())
    )
    hashes = kinds["phash"].to_numpy()
    side = kinds["split"].rank("dense").cast(pl.Int64).to_numpy()
    partners = np.full(len(hashes), NONE)
    for band in _bands(hashes, hamming):
        _partners(hashes, side, *band, hamming, partners)
    hit = kinds.with_columns(partner=pl.Series(partners)).filter(pl.col("partner") != NONE)
    near = kinds[hit["partner"]]
    return check.finding(
        f"{hit['samples'].sum()} of {rows.height} {noun}s look like a {noun} of another split "
        f"(at most {hamming} of {HASH_BITS} bits differ)",
        [
            f"{a} ({a_split}) ~ {b} ({b_split})"
            for a, a_split, b, b_split in zip(
                hit["sample_id"], hit["split"], near["sample_id"], near["split"], strict=True
            )
        ],
        {f"{noun}s": rows.height, "distinct_hashes": kinds["phash"].n_unique()},
    )


def _bands(
    hashes: NDArray[np.uint64], hamming: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint64]]]:
    """Every band's order of the hashes by their bits in it, and these bits in that order.

    Two hashes that differ in at most ``hamming`` bits agree in one of ``hamming + 1`` bands (pigeonhole), so
    only hashes that agree in a band need to be compared.
    """
    if not 0 <= hamming < HASH_BITS // 2:
        raise ValueError(f"hamming: {hamming} is not in 0..{HASH_BITS // 2 - 1}")
    edges = [band * HASH_BITS // (hamming + 1) for band in range(hamming + 2)]
    for start, end in pairwise(edges):
        bits = (hashes >> np.uint64(start)) & np.uint64((1 << (end - start)) - 1)
        order = np.argsort(bits, kind="stable")
        yield order, bits[order]


@njit(cache=True, nogil=True)
def _differing(a: np.uint64, b: np.uint64) -> int:
    """Number of bits that differ; Warren, "Hacker's Delight", 2nd ed., figure 5-2."""
    x = a ^ b
    x -= (x >> np.uint64(1)) & np.uint64(0x5555555555555555)
    x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return int((x * np.uint64(0x0101010101010101)) >> np.uint64(56))


@njit(cache=True, nogil=True)
def _root(parents: NDArray[np.int64], node: int) -> int:
    while parents[node] != node:
        parents[node] = parents[parents[node]]
        node = parents[node]
    return node


@njit(cache=True, nogil=True)
def _forest(
    hashes: NDArray[np.uint64],
    order: NDArray[np.int64],
    bits: NDArray[np.uint64],
    hamming: int,
    parents: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Join near hashes of one band in ``parents``, and return the pairs that joined two components."""
    edges = np.empty((len(order), 2), np.int64)
    count = 0
    for left in range(len(order)):
        right = left + 1
        while right < len(order) and bits[right] == bits[left]:
            a, b = order[left], order[right]
            if _differing(hashes[a], hashes[b]) <= hamming:
                root, other = _root(parents, a), _root(parents, b)
                if root != other:
                    parents[max(root, other)] = min(root, other)
                    edges[count, 0], edges[count, 1] = a, b
                    count += 1
            right += 1
    return edges[:count].copy()


@njit(cache=True, nogil=True)
def _partners(
    hashes: NDArray[np.uint64],
    side: NDArray[np.int64],
    order: NDArray[np.int64],
    bits: NDArray[np.uint64],
    hamming: int,
    partners: NDArray[np.int64],
) -> None:
    """Note for every row that has none yet a near one of another side, if the band holds one."""
    start = 0
    while start < len(order):
        end = start + 1
        while end < len(order) and bits[end] == bits[start]:
            end += 1
        for left in range(start, end):
            a = order[left]
            if partners[a] != NONE:
                continue
            for right in range(start, end):
                b = order[right]
                if _differing(hashes[a], hashes[b]) <= hamming and side[a] != side[b]:
                    partners[a] = b
                    break
        start = end
