"""Coroutines run side by side: in order, so many at a time, and none left over when one fails."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable
from itertools import islice
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


async def gathered(coroutines: Iterable[Coroutine[Any, Any, Result]]) -> list[Result]:
    """The results of all coroutines, in order.

    Raises:
        Exception: the first that one of them raises; the others are cancelled and have ended by then.
    """
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        return await asyncio.gather(*tasks)
    finally:
        await _cancelled(tasks)


async def ordered(
    function: Callable[[Item], Coroutine[Any, Any, Result]], items: Iterable[Item], ahead: int
) -> AsyncGenerator[Result, None]:
    """The function of every item, in the items' order, with at most ``ahead`` under way or unread.

    Raises:
        Exception: what the function raises for the item whose turn it is; the others are cancelled.
    """
    source = iter(items)
    tasks = deque(asyncio.ensure_future(function(item)) for item in islice(source, ahead))
    try:
        while tasks:
            result = await tasks[0]
            tasks.popleft()
            tasks.extend(asyncio.ensure_future(function(item)) for item in islice(source, 1))
            yield result
    finally:
        await _cancelled(tasks)


async def _cancelled(tasks: Iterable["asyncio.Future[Any]"]) -> None:
    """End all tasks that are under way."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
