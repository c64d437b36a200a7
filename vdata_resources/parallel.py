"""Work spread over the cores whose results come back in order, with bounded memory."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def usable_cores() -> int:
    """How many cores this process may run on."""
    return len(os.sched_getaffinity(0))


def ordered_map(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int | None = None, ahead: int = 32
) -> Iterator[Result]:
    """The function of every item, in the items' order, computed in threads ahead of the reader.

    Threads serve because image decoding and numpy leave the interpreter lock.

    Args:
        function: called from several threads at once. What it raises is raised to the reader.
        items: read lazily.
        workers: threads; None for one a core.
        ahead: how many items may be under way or waiting to be read, so memory stays flat.

    Raises:
        ValueError: ``workers`` is not positive.
    """
    if workers is not None and workers < 1:
        raise ValueError(f"workers: {workers} is not a positive number of threads")
    source = iter(items)
    pool = ThreadPoolExecutor(workers or usable_cores())
    try:
        pending: deque[Future[Result]] = deque(pool.submit(function, item) for item in islice(source, ahead))
        while pending:
            result = pending.popleft().result()
            pending.extend(pool.submit(function, item) for item in islice(source, 1))
            yield result
    finally:
        pool.shutdown(cancel_futures=True)
