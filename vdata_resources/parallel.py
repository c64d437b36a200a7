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
    function: Callable[[Item], Result],
    items: Iterable[Item],
    workers: int | None = None,
    ahead: int = 32,
    chunk: int = 1,
) -> Iterator[Result]:
    """The function of every item, in the items' order, computed in threads ahead of the reader.

    Threads serve because image decoding and numpy leave the interpreter lock.

    Args:
        function: called from several threads at once. What it raises is raised to the reader.
        items: read lazily.
        workers: threads; None for one a core.
        ahead: how many items may be under way or waiting to be read, so memory stays flat.
        chunk: how many items a thread takes at a time; handing one over costs 0.1 ms.

    Raises:
        ValueError: ``workers`` or ``chunk`` is not positive.
    """
    if workers is not None and workers < 1:
        raise ValueError(f"workers: {workers} is not a positive number of threads")
    if chunk < 1:
        raise ValueError(f"chunk: {chunk} is not a positive number of items")
    source = iter(items)
    chunks = iter(lambda: list(islice(source, chunk)), [])
    pool = ThreadPoolExecutor(workers or usable_cores())
    try:
        pending: deque[Future[list[Result]]] = deque(
            pool.submit(_each, function, some) for some in islice(chunks, -(-ahead // chunk))
        )
        while pending:
            results = pending.popleft().result()
            pending.extend(pool.submit(_each, function, some) for some in islice(chunks, 1))
            yield from results
    finally:
        pool.shutdown(cancel_futures=True)


def _each(function: Callable[[Item], Result], items: list[Item]) -> list[Result]:
    return [function(item) for item in items]
