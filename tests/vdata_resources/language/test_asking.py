"""Questions are asked once, within limits and budget, and again when the service fails."""

import asyncio
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from language_fakes import CHAIR, JSON, QUESTION, Desk, question, run_fast
from tenacity import wait_none

from vdata_resources.language.answer_cache import cache_key
from vdata_resources.language.pacing import Pace
from vdata_resources.language.protocol import (
    Answer,
    AnswerTimeoutError,
    BlockedError,
    BudgetSpent,
    ModelError,
    ModelUnavailable,
    QuotaError,
    RefusedError,
    ServerError,
    UnparsableError,
    Usage,
)

MakeDesk = Callable[..., Desk]


def test_an_answer_is_parsed_kept_and_counted(desk: MakeDesk) -> None:
    first = desk()

    assert run_fast(first.ask()) == CHAIR
    assert first.cache.get(cache_key("fake:1", QUESTION)) == Answer(JSON, Usage(100, 10))
    assert first.ledger.since(first.start).rows() == [("region_captions", 1, 0, 0, 100, 10, 110.0)]
    assert first.is_idle()


def test_an_answer_that_was_paid_for_is_not_asked_for_again(desk: MakeDesk) -> None:
    run_fast(desk().ask())
    later = desk(budget=0)

    assert run_fast(later.ask(replace(QUESTION, purpose="another_stage"))) == CHAIR
    assert later.model.asked == []
    assert later.ledger.since(later.start).rows() == [("another_stage", 0, 1, 0, 0, 0, 0.0)]


PASSING = [UnparsableError, BlockedError, AnswerTimeoutError, QuotaError, ServerError]


@pytest.mark.parametrize("kind", PASSING)
def test_a_failure_that_may_pass_is_asked_again(desk: MakeDesk, kind: type[ModelError]) -> None:
    one = desk(kind("no luck", Usage(5, 0)), kind("no luck"), JSON)

    assert run_fast(one.ask()) == CHAIR
    assert one.ledger.since(one.start).rows() == [("region_captions", 3, 0, 0, 105, 10, 115.0)]
    assert one.ledger.failures_since(one.start).rows() == [("region_captions", kind.kind, 2)]
    assert len(one.lines) == 2
    assert re.fullmatch(
        rf"region_captions: {kind.kind}: no luck; asked again in \d\.\d s \(1 of 5 attempts failed\)",
        one.lines[0],
    )


@pytest.mark.parametrize("kind", PASSING)
def test_when_attempts_are_used_up_the_last_error_is_raised_and_counted_once(
    desk: MakeDesk, kind: type[ModelError]
) -> None:
    last = kind("the last")
    one = desk(kind("first"), kind("second"), last, attempts=3)

    with pytest.raises(kind) as error:
        run_fast(one.ask())

    assert error.value is last
    assert one.counts() == {"region_captions": [3, 0, 1]}
    assert one.ledger.failures_since(one.start).rows() == [("region_captions", kind.kind, 3)]
    assert one.is_idle()


@pytest.mark.parametrize(
    ("error", "counts"),
    [
        pytest.param(RefusedError("bad picture"), {"region_captions": [1, 0, 1]}, id="refused"),
        pytest.param(QuotaError("day's", retry_after=901), {"region_captions": [1, 0, 1]}, id="too long"),
        pytest.param(
            ServerError("x", retry_after=float("nan")), {"region_captions": [1, 0, 1]}, id="nonsense"
        ),
        pytest.param(ModelUnavailable("no key: set GOOGLE_API_KEY"), {}, id="unavailable"),
        pytest.param(KeyError("a bug"), {}, id="a bug"),
    ],
)
def test_what_cannot_pass_is_not_asked_again(
    desk: MakeDesk, error: Exception, counts: dict[str, list[int]]
) -> None:
    one = desk(error)

    with pytest.raises(type(error)) as raised:
        run_fast(one.ask())

    assert raised.value is error
    assert len(one.model.asked) == 1
    assert one.counts() == counts
    assert one.is_idle()


def test_backoff_grows_and_is_never_the_same(desk: MakeDesk) -> None:
    one = desk(ServerError("down"), attempts=5)

    async def main() -> list[float]:
        await asyncio.gather(*(one.ask(question(number)) for number in range(50)), return_exceptions=True)
        return one.model.times

    times = sorted(run_fast(main()))
    assert len(set(times[50:])) == 200
    assert max(times) < 2 + 4 + 8 + 16 + 0.1
    assert max(times) > 8


def test_a_time_that_the_service_asks_for_is_waited(desk: MakeDesk) -> None:
    one = desk(ServerError("down", retry_after=33.5), ServerError("down"), JSON, wait=wait_none())

    run_fast(one.ask())

    first, second, third = one.model.times
    assert second - first == pytest.approx(33.5, abs=0.01)
    assert third - second == pytest.approx(0, abs=0.01)


def test_a_quota_holds_all_questions_for_as_long_as_the_service_asks(desk: MakeDesk) -> None:
    one = desk(QuotaError("slow down", retry_after=40), JSON, concurrency=1)

    async def main() -> None:
        await asyncio.gather(*(one.ask(question(number)) for number in range(20)))

    run_fast(main())

    assert len(one.model.times) == 21
    assert one.model.times[1] - one.model.times[0] == pytest.approx(40, abs=0.01)


def test_no_slot_is_held_during_backoff(desk: MakeDesk) -> None:
    one = desk(ServerError("down", retry_after=100), JSON, concurrency=1)

    async def main() -> list[float]:
        first = asyncio.create_task(one.ask(question(0)))
        await asyncio.sleep(1)
        await one.ask(question(1))
        other = asyncio.get_running_loop().time()
        await first
        return [other, asyncio.get_running_loop().time()]

    other, first = run_fast(main())
    assert other < 2
    assert first >= 100


def test_no_more_requests_are_under_way_than_allowed(desk: MakeDesk) -> None:
    one = desk(seconds=1, concurrency=7)

    async def main() -> None:
        await asyncio.gather(*(one.ask(question(number)) for number in range(40)))

    run_fast(main())
    assert one.model.most_under_way == 7


def test_requests_keep_the_pace(desk: MakeDesk) -> None:
    one = desk(seconds=1, pace=Pace(60, None))

    async def main() -> None:
        await asyncio.gather(*(one.ask(question(number)) for number in range(120)))

    run_fast(main())
    assert 110 < one.model.times[-1] < 126


def test_when_the_budget_is_spent_every_further_question_is_refused(desk: MakeDesk) -> None:
    """Of 110 dollars an answer, 6 fit; those that were sent are kept."""
    one = desk(seconds=1, budget=700, concurrency=4)
    small = [replace(question(number), max_output_tokens=40) for number in range(30)]

    async def main() -> list[object]:
        return await asyncio.gather(*(one.ask(each) for each in small), return_exceptions=True)

    outcomes = run_fast(main())
    answers = [outcome for outcome in outcomes if outcome == CHAIR]
    refusals = {str(outcome) for outcome in outcomes if isinstance(outcome, BudgetSpent)}

    assert len(answers) == 6
    assert one.ledger.spent_usd == 660
    assert refusals == {
        "max_cost_usd: 660 of 700 USD are spent, and the next request (region_captions) could cost 110: "
        "raise max_cost_usd to go on; all answers so far are in the cache and will not be paid for again"
    }
    assert one.cache.overview().answers == 6
    assert one.counts() == {"region_captions": [6, 0, 0]}
    assert one.is_idle()

    assert run_fast(desk(budget=0).ask(one.model.asked[0])) == CHAIR


def test_an_answer_that_cannot_be_kept_is_an_error(desk: MakeDesk) -> None:
    one = desk()
    one.cache._connection.execute("PRAGMA query_only = ON")

    with pytest.raises(OSError, match=r"^answer cache: .* cannot be used"):
        run_fast(one.ask())
    assert one.is_idle()


DIES_AFTER_25_ANSWERS = """
import asyncio, os, signal, sys
from pathlib import Path
from language_fakes import Desk, FakeModel, question

desk = Desk(Path(sys.argv[1]), FakeModel(), concurrency=4)
answered = 0

async def one(number):
    global answered
    await desk.ask(question(number))
    print(number, flush=True)
    answered += 1
    if answered == 25:
        os.kill(os.getpid(), signal.SIGKILL)

async def main():
    await asyncio.gather(*(one(number) for number in range(60)))

asyncio.run(main())
"""


def test_after_a_kill_only_what_is_missing_is_paid(tmp_path: Path, desk: MakeDesk) -> None:
    here = Path(__file__)
    killed = subprocess.run(
        [sys.executable, "-c", DIES_AFTER_25_ANSWERS, str(tmp_path)],
        env={"PYTHONPATH": f"{here.parents[3]}:{here.parent}"},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    answered = set(map(int, killed.stdout.split()))
    assert killed.returncode == -signal.SIGKILL
    assert len(answered) == 25
    again = desk()
    kept = again.cache.overview().answers

    async def main() -> None:
        await asyncio.gather(*(again.ask(question(number)) for number in range(60)))

    asyncio.run(main())

    asked = {int(request.text.removeprefix("What is number ")[:-1]) for request in again.model.asked}
    assert 25 <= kept < 60
    assert not asked & answered
    assert again.counts() == {"region_captions": [60 - kept, kept, 0]}


@pytest.mark.parametrize("name", ["concurrency", "attempts"])
def test_a_number_below_1_is_refused(desk: MakeDesk, name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name}: 0 is below 1$"):
        desk(**{name: 0})


def test_nothing_secret_is_in_errors_lines_and_representations(desk: MakeDesk) -> None:
    one = desk(ServerError("down"), "no JSON", attempts=2)
    one.model.api_key = "SECRET"  # type: ignore[attr-defined]
    request = replace(QUESTION, images=(b"SECRET picture",), text="SECRET text")

    with pytest.raises(UnparsableError) as error:
        run_fast(one.ask(request))

    said = [repr(error.value), *one.lines, repr(one.questioner), repr(one.ledger), repr(one.cache)]
    assert "SECRET" not in "".join([*said, repr(one.start)])
