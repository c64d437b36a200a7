"""Admission within limits a minute: never more than the limit, nearly all of it, in turn."""

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from language_fakes import run_fast

from vdata_resources.language.pacing import Pace

Admitted = list[tuple[float, int]]


def most_in_a_minute(admitted: Admitted, late: float = 0.0) -> int:
    """The most tokens in any closed window of 60 s, as a service counts that hears every other one late."""
    heard = sorted((time + late * (number % 2), tokens) for number, (time, tokens) in enumerate(admitted))
    most, total, first = 0, 0, 0
    for time, tokens in heard:
        total += tokens
        while heard[first][0] < time - 60:
            total -= heard[first][1]
            first += 1
        most = max(most, total)
    return most


def admitted_of(pace: Pace, callers: int, amounts: list[int], service: float = 0.0) -> Admitted:
    """What callers that share the work were let through with, and when."""
    admitted: Admitted = []
    left = iter(amounts)

    async def caller() -> None:
        for tokens in left:
            await pace.admit(tokens)
            admitted.append((asyncio.get_running_loop().time(), tokens))
            await asyncio.sleep(service)

    async def main() -> None:
        await asyncio.gather(*(caller() for _ in range(callers)))

    run_fast(main())
    return admitted


def as_requests(admitted: Admitted) -> Admitted:
    return [(time, 1) for time, _ in admitted]


@pytest.mark.parametrize("callers", [1, 64], ids=["sequential", "64 callers"])
@pytest.mark.parametrize("limit", [7, 60, 600, 3000])
def test_requests_stay_below_the_limit_and_use_nearly_all_of_it(limit: int, callers: int) -> None:
    admitted = as_requests(admitted_of(Pace(limit, None), callers, [0] * (2 * limit + 50)))

    assert most_in_a_minute(admitted) <= limit
    assert most_in_a_minute(admitted, late=1.0) <= limit
    assert len(admitted) / (admitted[-1][0] / 60) >= 0.95 * limit


@pytest.mark.parametrize("callers", [1, 64], ids=["sequential", "64 callers"])
@pytest.mark.parametrize(
    ("limit", "amounts"),
    [
        pytest.param(100_000, [1000] * 400, id="small amounts"),
        pytest.param(100_000, [1000, 3000, 200, 7000] * 100, id="mixed amounts"),
        pytest.param(10_000, [2500] * 16, id="a quarter of the limit each"),
    ],
)
def test_tokens_stay_below_the_limit_and_use_nearly_all_of_it(
    limit: int, amounts: list[int], callers: int
) -> None:
    admitted = admitted_of(Pace(None, limit), callers, amounts)

    assert most_in_a_minute(admitted) <= limit
    assert sum(amounts) / (admitted[-1][0] / 60) >= 0.95 * limit


@examples(max_examples=30)
@given(
    requests=st.integers(1, 50),
    tokens=st.integers(100, 5000),
    amounts=st.lists(st.integers(0, 2000), min_size=1, max_size=60),
    callers=st.integers(1, 8),
    service=st.sampled_from([0.0, 0.5, 20.0]),
)
def test_no_minute_holds_more_than_either_limit(
    requests: int, tokens: int, amounts: list[int], callers: int, service: float
) -> None:
    admitted = admitted_of(Pace(requests, tokens), callers, amounts, service)

    assert len(admitted) == len(amounts)
    assert most_in_a_minute(as_requests(admitted)) <= requests
    assert most_in_a_minute(admitted) <= max(tokens, *amounts)


def test_requests_are_spaced_evenly() -> None:
    times = [time for time, _ in admitted_of(Pace(60, None), 1, [0] * 30)]

    gaps = [later - earlier for earlier, later in pairwise(times[1:])]
    assert max(gaps) < 1.1
    assert min(gaps) > 0.4


def test_a_request_of_more_tokens_than_the_limit_goes_alone() -> None:
    admitted = admitted_of(Pace(None, 1000), 3, [500, 5000, 500])

    assert [round(time, 1) for time, _ in admitted] == [0.0, 61.2, 122.4]


def test_a_large_request_is_not_overtaken() -> None:
    admitted = admitted_of(Pace(None, 1000), 20, [100] * 9 + [900] + [100] * 9)

    assert [tokens for _, tokens in admitted].index(900) == 9


def test_without_limits_nobody_waits() -> None:
    assert admitted_of(Pace(None, None), 8, [10**9] * 100)[-1][0] < 0.01


def test_a_hold_stops_everybody_and_ends() -> None:
    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        pace = Pace(600, None)
        await pace.admit(1)
        pace.hold(30)
        pace.hold(10)  # a shorter one does not end a longer one
        times = []

        async def caller() -> None:
            await pace.admit(1)
            times.append(loop.time())

        await asyncio.gather(*(caller() for _ in range(20)))
        return times

    times = run_fast(main())
    assert 30 <= times[0] < 30.01
    assert times[-1] > 31


def test_a_caller_that_is_cancelled_holds_nobody_up() -> None:
    async def main() -> float:
        pace = Pace(1, 100)
        await pace.admit(100)
        waiting = [asyncio.create_task(pace.admit(100)) for _ in range(3)]
        await asyncio.sleep(1)
        for task in waiting[:2]:
            task.cancel()
        await waiting[2]
        return asyncio.get_running_loop().time()

    assert 61 < run_fast(main()) < 63


@pytest.mark.parametrize(
    ("requests", "tokens", "error"),
    [
        (0, None, "requests_per_minute: 0 is not above 0: leave it out for no limit"),
        (None, -5, "tokens_per_minute: -5 is not above 0: leave it out for no limit"),
        (float("nan"), None, "requests_per_minute: nan is not above 0: leave it out for no limit"),
    ],
)
def test_a_limit_is_positive(requests: float | None, tokens: float | None, error: str) -> None:
    with pytest.raises(ValueError, match=f"^{error}$"):
        Pace(requests, tokens)
