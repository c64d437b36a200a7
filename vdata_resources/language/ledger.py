"""What stages ask and pay for, and a budget that is never overdrawn."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from math import ceil
from types import TracebackType
from typing import Self

import polars as pl

from vdata_resources.language.costs import Prices, estimated_tokens
from vdata_resources.language.protocol import BudgetSpent, Request, Usage

FIRST_OUTPUT_SHARE = 0.25

COST_COLUMNS = {
    "stage": pl.String,
    "calls": pl.UInt32,
    "cache_hits": pl.UInt32,
    "errors": pl.UInt32,
    "input_tokens": pl.UInt64,
    "output_tokens": pl.UInt64,
    "usd": pl.Float64,
}
FAILURE_COLUMNS = {"stage": pl.String, "kind": pl.String, "calls": pl.UInt32}


@dataclass
class _Tally:
    """Counts of one purpose."""

    calls: int = 0
    cache_hits: int = 0
    errors: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    def less(self, earlier: "_Tally") -> "_Tally":
        before = asdict(earlier)
        return _Tally(**{name: count - before[name] for name, count in asdict(self).items()})


@dataclass(frozen=True)
class _Load:
    """Requests of one purpose, and the tokens that they have by rule."""

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    def plus(self, other: "_Load", sign: int = 1) -> "_Load":
        return _Load(
            self.requests + sign * other.requests,
            self.input_tokens + sign * other.input_tokens,
            self.output_tokens + sign * other.output_tokens,
        )


@dataclass(frozen=True)
class _Experience:
    """What requests of one purpose were to have by rule, and what they were billed for."""

    by_rule: _Load = _Load()
    billed: _Load = _Load()


@dataclass(frozen=True)
class Mark:
    """A moment of a ledger, see :meth:`Ledger.mark`."""

    tallies: dict[str, _Tally] = field(repr=False)
    failures: Counter[tuple[str, str]] = field(repr=False)


class Ledger:
    """Counts calls, tokens and cost by purpose, and keeps the sum below a budget.

    The budget is for the ledger's life. Requests under way count with their estimate, so the budget is
    overdrawn by no more than estimates fall short. The estimate of the input is :func:`estimated_tokens`,
    that of the output a quarter of the request's limit: limits are set with room, and the first answers of a
    stage should neither be held up nor cost more than they were expected to. Once a purpose has answers,
    their mean takes over for the output, and the input's estimate is scaled by what earlier ones were billed
    for, as services count images differently. Bound to the event loop in which a request first waits.

    Args:
        prices: of the service.
        max_cost_usd: None for no budget.

    Raises:
        ValueError: the budget is negative or no number.
    """

    def __init__(self, prices: Prices, max_cost_usd: float | None) -> None:
        if max_cost_usd is not None and not max_cost_usd >= 0:
            raise ValueError(f"max_cost_usd: {max_cost_usd} is no amount: leave it out for no budget")
        self._prices = prices
        self._budget = max_cost_usd
        self._tallies: dict[str, _Tally] = {}
        self._failures: Counter[tuple[str, str]] = Counter()
        self._experience: dict[str, _Experience] = {}
        self._spent = Usage()
        self._by_rule: dict[str, _Load] = {}
        self._set_aside: dict[str, _Load] = {}
        self._turn = asyncio.Lock()
        self._freed: asyncio.Future[None] | None = None
        self._refused: str | None = None

    @property
    def spent_usd(self) -> float:
        """What was billed so far."""
        return self._usd(self._spent)

    async def reserve(self, request: Request) -> "Reservation":
        """Set money aside for a request, waiting for those under way while it depends on their cost.

        Returns:
            A context manager that frees the money at its end.

        Raises:
            BudgetSpent: the request could exceed the budget; and from then on every request does, so that
                all work stops at once.
        """
        by_rule = _Load(1, estimated_tokens(request), ceil(request.max_output_tokens * FIRST_OUTPUT_SHARE))
        async with self._turn:
            while True:
                estimate = self._estimate(request.purpose, by_rule)
                self._refuse_if_spent(request.purpose, estimate)
                if self._affordable(self._spent, *self._under_way(), estimate):
                    return Reservation(self, request.purpose, by_rule, estimate)
                self._freed = asyncio.get_running_loop().create_future()
                await self._freed

    def hit(self, purpose: str) -> None:
        """Count an answer that was already paid for."""
        self._tally(purpose).cache_hits += 1

    def failed(self, purpose: str) -> None:
        """Count a request that has no answer in the end."""
        self._tally(purpose).errors += 1

    def mark(self) -> Mark:
        """Remember how things stand, for :meth:`since` and :meth:`failures_since`."""
        tallies = {purpose: replace(tally) for purpose, tally in self._tallies.items()}
        return Mark(tallies, self._failures.copy())

    def since(self, mark: Mark) -> pl.DataFrame:
        """What was asked and paid for since a mark: one row a stage that did anything, by name.

        Returns:
            stage, calls (requests that were sent and came to an end, retries included), cache_hits, errors,
            input_tokens, output_tokens, usd.
        """
        rows = []
        for purpose, tally in sorted(self._tallies.items()):
            share = tally.less(mark.tallies.get(purpose, _Tally()))
            if share != _Tally():
                usd = self._prices.usd(share.input_tokens, share.output_tokens)
                rows.append({"stage": purpose, **asdict(share), "usd": usd})
        return pl.DataFrame(rows, schema=COST_COLUMNS)

    def failures_since(self, mark: Mark) -> pl.DataFrame:
        """Requests without an answer since a mark, those that a retry made good included.

        Returns:
            stage, kind (of :class:`~vdata_resources.language.protocol.ModelError`), calls; by stage and kind.
        """
        counts = self._failures - mark.failures
        rows = [(*stage_and_kind, count) for stage_and_kind, count in sorted(counts.items())]
        return pl.DataFrame(rows, schema=FAILURE_COLUMNS, orient="row")

    def _tally(self, purpose: str) -> _Tally:
        return self._tallies.setdefault(purpose, _Tally())

    def _usd(self, *usages: Usage) -> float:
        # Sums of tokens, not of costs: the same total in whatever order answers come.
        return self._prices.usd(
            sum(usage.input_tokens for usage in usages), sum(usage.output_tokens for usage in usages)
        )

    def _estimate(self, purpose: str, by_rule: _Load) -> Usage:
        known = self._experience.get(purpose)
        if known is None:
            return Usage(by_rule.input_tokens, by_rule.output_tokens)
        return Usage(
            ceil(by_rule.input_tokens * known.billed.input_tokens / max(known.by_rule.input_tokens, 1)),
            ceil(by_rule.requests * known.billed.output_tokens / known.billed.requests),
        )

    def _under_way(self) -> Iterator[Usage]:
        """What requests under way will cost, as was thought when they began or as is known now: the more."""
        for purpose, then in self._set_aside.items():
            now = self._estimate(purpose, self._by_rule[purpose])
            yield Usage(max(then.input_tokens, now.input_tokens), max(then.output_tokens, now.output_tokens))

    def _affordable(self, *usages: Usage) -> bool:
        # The last digits of a product are no reason to stop.
        return self._budget is None or self._usd(*usages) <= self._budget * (1 + 1e-9)

    def _refuse_if_spent(self, purpose: str, estimate: Usage) -> None:
        if self._refused is None and not self._affordable(self._spent, estimate):
            self._refused = (
                f"max_cost_usd: {self.spent_usd:.6g} of {self._budget:.6g} USD are spent, and the next "
                f"request ({purpose}) could cost {self._usd(estimate):.6g}: raise max_cost_usd to go on; all "
                "answers so far are in the cache and will not be paid for again"
            )
        if self._refused is not None:
            raise BudgetSpent(self._refused)

    def _book(self, purpose: str, by_rule: _Load, estimate: Usage, sign: int) -> None:
        money = _Load(1, estimate.input_tokens, estimate.output_tokens)
        for account, load in ((self._by_rule, by_rule), (self._set_aside, money)):
            account[purpose] = account.get(purpose, _Load()).plus(load, sign)
        if sign < 0 and self._freed is not None and not self._freed.done():
            self._freed.set_result(None)

    def _charge(self, purpose: str, usage: Usage) -> None:
        tally = self._tally(purpose)
        tally.calls += 1
        tally.input_tokens += usage.input_tokens
        tally.output_tokens += usage.output_tokens
        self._spent = Usage(
            self._spent.input_tokens + usage.input_tokens, self._spent.output_tokens + usage.output_tokens
        )

    def _learn(self, purpose: str, by_rule: _Load, usage: Usage) -> None:
        if usage.input_tokens:  # some services do not say
            known = self._experience.get(purpose, _Experience())
            billed = _Load(1, usage.input_tokens, usage.output_tokens)
            self._experience[purpose] = _Experience(known.by_rule.plus(by_rule), known.billed.plus(billed))

    def _fail(self, purpose: str, kind: str) -> None:
        self._failures[purpose, kind] += 1


class Reservation:
    """Money set aside for one request, from :meth:`Ledger.reserve` to the end of the block.

    Attributes:
        estimate: the tokens that it is expected to have.
    """

    def __init__(self, ledger: Ledger, purpose: str, by_rule: _Load, estimate: Usage) -> None:
        self._ledger = ledger
        self._purpose = purpose
        self._by_rule = by_rule
        self.estimate = estimate
        ledger._book(purpose, by_rule, estimate, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ledger._book(self._purpose, self._by_rule, self.estimate, -1)

    def answered(self, usage: Usage) -> None:
        """Charge an answer."""
        self._ledger._learn(self._purpose, self._by_rule, usage)
        self._ledger._charge(self._purpose, usage)

    def unanswered(self, kind: str, usage: Usage) -> None:
        """Charge a request that was sent and has no answer: services bill for some of them all the same."""
        self._ledger._fail(self._purpose, kind)
        self._ledger._charge(self._purpose, usage)
