"""Cosine similarities that do not depend on thread count, block size or processor.

A sum of float32 products depends on the order in which BLAS adds them, and that order on the threads and
on the shape of the block. So vectors are rounded to multiples of 2**-24: a product of two is a multiple of
2**-48, and a partial sum of the products of two unit vectors is at most about 1, so that float64 with its
53 bits holds every intermediate result exactly. Equal images then tie exactly, everywhere.
"""

import numpy as np
from numpy.typing import NDArray

GRID = float(1 << 24)
NORM_TOLERANCE = 1e-3
BLOCK_ROWS = 8192


def on_grid(vectors: NDArray[np.floating], rows: NDArray[np.intp] | None = None) -> NDArray[np.float64]:
    """Unit vectors rounded to multiples of 2**-24, for exact dot products.

    Args:
        vectors: (n, d), L2-normalised.
        rows: the rows to take, in this order; all if None.

    Raises:
        ValueError: a vector's norm is not 1 (or not a number).
    """
    rows = np.arange(len(vectors)) if rows is None else rows
    grid = np.empty((len(rows), vectors.shape[1]))
    for start in range(0, len(rows), BLOCK_ROWS):
        block = grid[start : start + BLOCK_ROWS]
        block[:] = vectors[rows[start : start + BLOCK_ROWS]]
        norms = np.sqrt(np.einsum("ij,ij->i", block, block))
        wrong = np.flatnonzero(~(np.abs(norms - 1) <= NORM_TOLERANCE))
        if wrong.size:
            raise ValueError(
                f"vectors must be L2-normalised: the one in row {rows[start + wrong[0]]} has "
                f"norm {norms[wrong[0]]:.6g}"
            )
        np.multiply(block, GRID, out=block)
        np.rint(block, out=block)
        np.divide(block, GRID, out=block)
    return grid


def unit_means(vectors: NDArray[np.float64], starts: NDArray[np.intp]) -> NDArray[np.float64]:
    """Re-normalised mean vector of each run of rows, on the grid again. Sums on the grid are exact.

    Args:
        vectors: (n, d), on the grid.
        starts: (c,) first row of each run; a run ends where the next starts.

    Returns:
        (c, d). A run whose vectors cancel out has the zero vector.
    """
    ends = [*starts[1:], len(vectors)]
    sums = np.stack([vectors[first:end].sum(axis=0) for first, end in zip(starts, ends, strict=True)])
    norms = np.sqrt(np.einsum("ij,ij->i", sums, sums))[:, None]
    means = np.divide(sums, norms, out=np.zeros_like(sums), where=norms > 0)
    return np.rint(means * GRID) / GRID
