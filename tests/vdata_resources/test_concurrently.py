"""Coroutines side by side: in order, bounded, and none left over."""

import asyncio
from contextlib import aclosing

import pytest

from vdata_resources.concurrently import gathered, ordered


def test_results_come_in_the_items_order_with_at_most_so_many_under_way():
    under_way, most = 0, 0

    async def slow(item: int) -> int:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.001 * (5 - item % 5))
        under_way -= 1
        return item * item

    async def collect() -> list[int]:
        return [result async for result in ordered(slow, range(23), ahead=4)]

    assert asyncio.run(collect()) == [item * item for item in range(23)]
    assert most == 4


def test_items_are_taken_only_when_there_is_room_for_them():
    taken = []

    def items():
        for item in range(100):
            taken.append(item)
            yield item

    async def at_once(item: int) -> int:
        return item

    async def first_two() -> None:
        async with aclosing(ordered(at_once, items(), ahead=3)) as results:
            async for result in results:
                if result == 1:
                    return

    asyncio.run(first_two())
    assert len(taken) <= 6


@pytest.mark.parametrize("failing", [0, 3, 6], ids=["first", "middle", "last"])
def test_when_one_fails_the_others_have_ended(failing):
    ended = []

    async def work(item: int) -> int:
        try:
            await asyncio.sleep(0.001 if item == failing else 0.05)
            if item == failing:
                raise ValueError(f"item {item}")
            return item
        finally:
            ended.append(item)

    async def collect() -> None:
        async with aclosing(ordered(work, range(7), ahead=7)) as results:
            async for _ in results:
                pass

    with pytest.raises(ValueError, match=f"item {failing}"):
        asyncio.run(collect())
    assert sorted(ended) == list(range(7))


def test_gathered_gives_results_in_order_and_cancels_all_when_one_fails():
    cancelled = []

    async def work(item: int, fail: bool) -> int:
        try:
            await asyncio.sleep(0.001 if fail else 0.05)
        except asyncio.CancelledError:
            cancelled.append(item)
            raise
        if fail:
            raise KeyError(item)
        return item

    assert asyncio.run(gathered([work(1, False), work(2, False)])) == [1, 2]
    with pytest.raises(KeyError, match="2"):
        asyncio.run(gathered([work(1, False), work(2, True), work(3, False)]))
    assert cancelled == [1, 3]
