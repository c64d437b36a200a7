"""Callers that ask the same share an answer, and callers that are cancelled leave nothing behind."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from language_fakes import CHAIR, JSON, QUESTION, Desk, question, run_fast
from pydantic import BaseModel

from vdata_resources.language.pacing import Pace
from vdata_resources.language.protocol import (
    BlockedError,
    ServerError,
    Usage,
)

MakeDesk = Callable[..., Desk]


def test_equal_questions_under_way_are_sent_once(desk: MakeDesk) -> None:
    one = desk(seconds=5)

    async def main() -> list[BaseModel]:
        asks = [asyncio.ensure_future(one.ask()) for _ in range(3)]
        await asyncio.sleep(2)
        return await asyncio.gather(*asks, one.ask(replace(QUESTION, purpose="other")))

    assert run_fast(main()) == [CHAIR] * 4
    assert one.counts() == {"region_captions": [1, 2, 0], "other": [0, 1, 0]}
    assert one.is_idle()


def test_callers_that_share_a_question_share_its_error_and_may_ask_again(desk: MakeDesk) -> None:
    one = desk(ServerError("down"), JSON, seconds=5, attempts=1)

    async def main() -> list[object]:
        outcomes = await asyncio.gather(one.ask(), one.ask(), return_exceptions=True)
        return [*outcomes, await one.ask()]

    first, second, third = run_fast(main())
    assert isinstance(first, ServerError)
    assert first is second
    assert third == CHAIR
    assert one.counts() == {"region_captions": [2, 0, 2]}


def test_a_caller_that_is_cancelled_does_not_take_the_answer_from_others(desk: MakeDesk) -> None:
    one = desk(seconds=5)

    async def main() -> BaseModel:
        first, second = (asyncio.create_task(one.ask()) for _ in range(2))
        await asyncio.sleep(1)
        first.cancel()
        answer = await second
        assert first.cancelled()
        return answer

    assert run_fast(main()) == CHAIR
    assert one.counts() == {"region_captions": [1, 1, 0]}
    assert one.is_idle()


def test_the_answer_to_a_request_that_was_sent_is_kept_even_if_all_callers_are_cancelled(
    desk: MakeDesk,
) -> None:
    one = desk(seconds=5)

    async def main() -> float:
        asks = [asyncio.create_task(one.ask()) for _ in range(2)]
        await asyncio.sleep(1)
        for ask in asks:
            ask.cancel()
        await asyncio.wait(asks)
        assert all(ask.cancelled() for ask in asks)
        assert one.is_idle()
        return asyncio.get_running_loop().time()

    assert run_fast(main()) == pytest.approx(5, abs=0.01)
    assert one.cache.overview().answers == 1
    assert one.counts() == {"region_captions": [1, 0, 0]}


def test_a_request_that_was_sent_is_not_waited_for_without_end(desk: MakeDesk) -> None:
    one = desk(seconds=5000)

    async def main() -> float:
        ask = asyncio.create_task(one.ask())
        await asyncio.sleep(1)
        ask.cancel()
        await asyncio.wait([ask])
        assert one.is_idle()
        assert one.model.under_way == 0
        return asyncio.get_running_loop().time()

    assert run_fast(main()) == pytest.approx(31, abs=0.01)


def test_cancelling_again_ends_it_at_once(desk: MakeDesk) -> None:
    one = desk(seconds=20)

    async def main() -> float:
        ask = asyncio.create_task(one.ask())
        for _ in range(2):
            await asyncio.sleep(1)
            ask.cancel()
        await asyncio.wait([ask])
        await asyncio.sleep(0.1)
        assert one.is_idle()
        assert one.model.under_way == 0
        return asyncio.get_running_loop().time()

    assert run_fast(main()) == pytest.approx(2.1, abs=0.01)


def test_a_failure_after_cancellation_is_charged_and_not_asked_again(desk: MakeDesk) -> None:
    one = desk(BlockedError("no", Usage(3, 0)), seconds=5)

    async def main() -> None:
        ask = asyncio.create_task(one.ask())
        await asyncio.sleep(1)
        ask.cancel()
        await asyncio.wait([ask])
        assert ask.cancelled()

    run_fast(main())
    assert len(one.model.asked) == 1
    assert one.ledger.spent_usd == 3
    assert one.is_idle()


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"concurrency": 1}, id="waiting for a slot"),
        pytest.param({"pace": Pace(1, None)}, id="waiting for the pace"),
        pytest.param({"budget": 1200}, id="waiting for money"),
    ],
)
def test_a_question_that_was_not_sent_is_taken_back(desk: MakeDesk, settings: dict[str, object]) -> None:
    one = desk(seconds=5, **settings)

    async def main() -> None:
        first = asyncio.create_task(one.ask(question(1)))
        await asyncio.sleep(1)
        second = asyncio.create_task(one.ask(question(2)))
        await asyncio.sleep(1)
        second.cancel()
        await asyncio.wait([second])
        assert asyncio.get_running_loop().time() == pytest.approx(2, abs=0.01)
        await first
        assert one.is_idle()

    run_fast(main())
    assert one.counts() == {"region_captions": [1, 0, 0]}


def test_a_question_that_waits_to_be_asked_again_is_taken_back(desk: MakeDesk) -> None:
    one = desk(ServerError("down", retry_after=500))

    async def main() -> None:
        ask = asyncio.create_task(one.ask())
        await asyncio.sleep(100)
        ask.cancel()
        await asyncio.wait([ask])
        assert one.is_idle()

    run_fast(main())
    assert len(one.model.asked) == 1
