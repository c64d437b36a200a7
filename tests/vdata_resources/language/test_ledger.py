"""Counts by stage and the budget."""

import asyncio
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from language_fakes import A_DOLLAR_A_TOKEN, QUESTION, run_fast

from vdata_assets.dataengine.schema import StageCosts
from vdata_resources.language.costs import Prices
from vdata_resources.language.ledger import Ledger
from vdata_resources.language.protocol import BudgetSpent, Request, Usage

# 10 input tokens, and an answer of 5 as long as nothing is known
REQUEST = replace(QUESTION, text="a" * 40, max_output_tokens=20)


def ask(ledger: Ledger, request: Request, usage: Usage, seconds: float = 0.0) -> None:
    run_fast(asking(ledger, request, usage, seconds))


async def asking(ledger: Ledger, request: Request, usage: Usage, seconds: float = 0.0) -> None:
    with await ledger.reserve(request) as reservation:
        await asyncio.sleep(seconds)
        reservation.answered(usage)


def test_what_was_asked_since_a_mark_is_told_by_stage() -> None:
    ledger = Ledger(Prices(0.5, 2.0), None)
    ask(ledger, replace(REQUEST, purpose="b"), Usage(1000, 100))
    mark = ledger.mark()
    ask(ledger, replace(REQUEST, purpose="b"), Usage(2000, 1000))
    ledger.hit("b")
    ledger.failed("a")
    ledger.hit("a")

    table = StageCosts.validate(ledger.since(mark))

    zero = {"calls": 0, "input_tokens": 0, "output_tokens": 0, "usd": 0.0}
    assert table.to_dicts() == [
        {"stage": "a", "cache_hits": 1, "errors": 1, **zero},
        {
            "stage": "b",
            "calls": 1,
            "cache_hits": 1,
            "errors": 0,
            "input_tokens": 2000,
            "output_tokens": 1000,
            "usd": 0.003,
        },
    ]
    assert ledger.spent_usd == pytest.approx(0.0037)


def test_stages_that_did_nothing_since_a_mark_have_no_row() -> None:
    ledger = Ledger(A_DOLLAR_A_TOKEN, None)
    ask(ledger, REQUEST, Usage(10, 5))

    table = StageCosts.validate(ledger.since(ledger.mark()))

    assert table.height == 0


def test_requests_without_an_answer_are_charged_and_told_by_kind() -> None:
    ledger = Ledger(A_DOLLAR_A_TOKEN, None)

    async def main() -> None:
        for kind, usage in [("blocked", Usage(7, 0)), ("quota", Usage()), ("quota", Usage())]:
            with await ledger.reserve(REQUEST) as reservation:
                reservation.unanswered(kind, usage)

    start = ledger.mark()
    run_fast(main())

    assert ledger.failures_since(start).rows() == [
        ("region_captions", "blocked", 1),
        ("region_captions", "quota", 2),
    ]
    assert ledger.failures_since(ledger.mark()).height == 0
    assert ledger.since(start).select("calls", "errors", "input_tokens").rows() == [(3, 0, 7)]
    assert ledger.spent_usd == 7


def test_a_budget_may_be_spent_to_the_last_cent() -> None:
    ledger = Ledger(A_DOLLAR_A_TOKEN, 45)
    for _ in range(3):
        ask(ledger, REQUEST, Usage(10, 5))

    assert ledger.spent_usd == 45
    error = (
        "max_cost_usd: 45 of 45 USD are spent, and the next request (region_captions) could cost 15: raise "
        "max_cost_usd to go on; all answers so far are in the cache and will not be paid for again"
    )
    with pytest.raises(BudgetSpent, match=f"^{re.escape(error)}$"):
        ask(ledger, REQUEST, Usage())


def test_the_last_digits_of_a_price_do_not_stop_a_run() -> None:
    prices, budget = Prices(0.3, 0.3), 0.3 * 3 * 15 / 1_000_000
    assert prices.usd(30, 15) > budget
    ledger = Ledger(prices, budget)
    for _ in range(3):
        ask(ledger, REQUEST, Usage(10, 5))


def test_once_a_request_was_refused_all_are() -> None:
    ledger = Ledger(A_DOLLAR_A_TOKEN, 16)
    ask(ledger, REQUEST, Usage(10, 5))
    with pytest.raises(BudgetSpent) as first:
        ask(ledger, REQUEST, Usage())

    with pytest.raises(BudgetSpent) as second:
        ask(ledger, replace(REQUEST, text="", max_output_tokens=0, purpose="free"), Usage())

    assert str(second.value) == str(first.value)


def test_without_a_budget_nothing_is_refused() -> None:
    ledger = Ledger(A_DOLLAR_A_TOKEN, None)
    for _ in range(3):
        ask(ledger, REQUEST, Usage(10**12, 10**12))


def test_requests_under_way_count_and_what_they_leave_is_spent() -> None:
    """Two fit side by side by their estimates; as each costs a third of that, all six are paid in the end."""
    ledger = Ledger(A_DOLLAR_A_TOKEN, 30)

    async def main() -> float:
        await asyncio.gather(*(asking(ledger, REQUEST, Usage(5, 0), 10) for _ in range(6)))
        return asyncio.get_running_loop().time()

    assert run_fast(main()) == pytest.approx(
        20, abs=0.01
    )  # two, then all four: five dollars are expected now
    assert ledger.spent_usd == 30


def test_a_request_that_failed_or_was_cancelled_gives_its_money_back() -> None:
    ledger = Ledger(A_DOLLAR_A_TOKEN, 15)

    async def failing() -> None:
        with await ledger.reserve(REQUEST):
            raise KeyError

    async def main() -> None:
        with pytest.raises(KeyError):
            await failing()
        under_way = asyncio.create_task(asking(ledger, REQUEST, Usage(), 10))
        waiting = [asyncio.create_task(asking(ledger, REQUEST, Usage(10, 5))) for _ in range(2)]
        await asyncio.sleep(1)
        waiting[0].cancel()
        under_way.cancel()
        await waiting[1]

    run_fast(main())
    assert ledger.spent_usd == 15


def test_estimates_learn_from_answers_of_the_same_stage() -> None:
    ledger = Ledger(A_DOLLAR_A_TOKEN, None)

    async def estimates() -> list[Usage]:
        reserved = [await ledger.reserve(replace(REQUEST, purpose=name)) for name in ("a", "b")]
        return [reservation.estimate for reservation in reserved]

    before = run_fast(estimates())
    for usage in (Usage(20, 1), Usage(40, 2), Usage(0, 0)):  # the last: the service did not say
        ask(ledger, replace(REQUEST, purpose="a"), usage)

    assert before == [Usage(10, 5), Usage(10, 5)]
    assert run_fast(estimates()) == [Usage(30, 2), Usage(10, 5)]


@examples(max_examples=50)
@given(
    budget=st.integers(0, 300),
    shares=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 3)), min_size=1, max_size=30),
    price=st.sampled_from([1.0, 0.1, 0.3]),
)
def test_a_budget_is_never_overdrawn_where_no_answer_costs_more_than_expected(
    budget: int, shares: list[tuple[float, float]], price: float
) -> None:
    ledger = Ledger(Prices(1_000_000 * price, 1_000_000 * price), budget * price)

    async def one(cost: float, seconds: float) -> None:
        with await ledger.reserve(REQUEST) as reservation:
            await asyncio.sleep(seconds)
            expected = reservation.estimate
            reservation.answered(Usage(int(expected.input_tokens * cost), int(expected.output_tokens * cost)))

    async def main() -> list[object]:
        return await asyncio.gather(*(one(*share) for share in shares), return_exceptions=True)

    outcomes = run_fast(main())

    assert all(outcome is None or isinstance(outcome, BudgetSpent) for outcome in outcomes)
    assert ledger.spent_usd <= budget * price * (1 + 1e-9)


def test_the_order_of_answers_does_not_change_the_cost() -> None:
    usages = [Usage(number * 7 + 1, number * 3) for number in range(50)]
    costs = []
    for order in (usages, usages[::-1]):
        ledger = Ledger(Prices(0.1, 0.3), None)
        start = ledger.mark()
        for usage in order:
            ask(ledger, REQUEST, usage)
        costs.append(ledger.since(start))

    assert costs[0].equals(costs[1])


@pytest.mark.parametrize("budget", [-0.01, float("nan")])
def test_a_budget_is_an_amount(budget: float) -> None:
    with pytest.raises(
        ValueError, match=f"^max_cost_usd: {budget} is no amount: leave it out for no budget$"
    ):
        Ledger(A_DOLLAR_A_TOKEN, budget)
