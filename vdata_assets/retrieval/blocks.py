"""Work on blocks of rows in threads, in bounded memory."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from vdata_resources.parallel import ordered_map, usable_cores

Block = TypeVar("Block")
Result = TypeVar("Result")

BLOCK_VALUES = 1 << 20
MAX_WORKERS = 8


def rows_of(first: int, end: int, width: int) -> list[NDArray[np.intp]]:
    """The numbers ``first`` to ``end`` in runs short enough that a matrix of a run by ``width`` is small."""
    step = max(1, BLOCK_VALUES // width)
    return [np.arange(start, min(start + step, end)) for start in range(first, end, step)]


def map_blocks(work: Callable[[Block], Result], blocks: Iterable[Block]) -> Iterator[Result]:
    """The results of ``work`` for each block, in the blocks' order, computed in a thread a core.

    Meanwhile BLAS keeps to one thread a call: its own threads wait for each other by spinning, and at
    thousands of small products on a busy machine that takes many times longer than the products.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):
        yield from ordered_map(work, blocks, workers=min(MAX_WORKERS, usable_cores()))
