"""A model that answers as told, what asks it, and an event loop that skips idle time."""

import asyncio
import selectors
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict

from vdata_resources.language.answer_cache import AnswerCache
from vdata_resources.language.asking import Questioner
from vdata_resources.language.costs import Prices
from vdata_resources.language.ledger import Ledger
from vdata_resources.language.pacing import Pace
from vdata_resources.language.protocol import Answer, Request, Usage

Result = TypeVar("Result")


class Named(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str


CHAIR = Named(name="chair")
JSON = '{"name": "chair"}'
A_DOLLAR_A_TOKEN = Prices(1_000_000, 1_000_000)
QUESTION = Request("region_captions", "region_captions@1", "What is this?", (), Named)


def question(number: int, purpose: str = "region_captions") -> Request:
    return replace(QUESTION, text=f"What is number {number}?", purpose=purpose)


class FakeModel:
    """Gives the answers or raises the errors in order, the last one for ever; remembers what it was asked."""

    usage = Usage(100, 10)

    def __init__(self, *replies: str | BaseException, seconds: float = 0.0) -> None:
        self.replies = list(replies or [JSON])
        self.seconds = seconds
        self.asked: list[Request] = []
        self.times: list[float] = []
        self.under_way = 0
        self.most_under_way = 0

    @property
    def identity(self) -> str:
        return "fake:1"

    async def answer(self, request: Request) -> Answer:
        self.asked.append(request)
        self.times.append(asyncio.get_running_loop().time())
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.under_way -= 1
        if isinstance(reply, BaseException):
            raise reply
        return Answer(reply, self.usage)

    async def close(self) -> None:
        pass


class _Skipping(selectors.DefaultSelector):
    """Moves the clock on instead of waiting for it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.threads = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or (self.threads and timeout > 0):  # a thread will wake the loop
            return super().select(None)
        ready = super().select(0)
        # Without any progress a timer that is due in less than a float can tell would never be.
        self.now += 1e-7 if ready else max(timeout, 1e-7)
        return ready


class _FastLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._skipping = _Skipping()
        super().__init__(self._skipping)

    def time(self) -> float:
        return self._skipping.now

    def run_in_executor(self, *arguments: Any) -> "asyncio.Future[Any]":
        self._skipping.threads += 1
        work = super().run_in_executor(*arguments)
        work.add_done_callback(self._thread_ended)
        return work

    def _thread_ended(self, _: object) -> None:
        self._skipping.threads -= 1


def run_fast(main: Coroutine[Any, Any, Result]) -> Result:
    """``asyncio.run`` without waiting: sleeping takes no time, but the loop's clock shows it."""
    with asyncio.Runner(loop_factory=_FastLoop) as runner:
        return runner.run(main)


class Desk:
    """A questioner with all that it works with."""

    def __init__(
        self,
        path: Path,
        model: FakeModel,
        *,
        pace: Pace | None = None,
        budget: float | None = None,
        **settings: Any,
    ) -> None:
        self.model = model
        self.cache = AnswerCache(path / "answers.sqlite")
        self.ledger = Ledger(A_DOLLAR_A_TOKEN, budget)
        self.start = self.ledger.mark()
        self.lines: list[str] = []
        self.questioner = Questioner(
            model,
            self.cache,
            pace or Pace(None, None),
            self.ledger,
            log=self.lines.append,
            **settings,
        )

    async def ask(self, request: Request = QUESTION) -> BaseModel:
        return await self.questioner.ask(request, request.schema)

    def counts(self) -> dict[str, list[int]]:
        """Calls, cache hits and errors by stage."""
        rows = self.ledger.since(self.start).select("stage", "calls", "cache_hits", "errors").rows()
        return {stage: counts for stage, *counts in rows}

    def is_idle(self) -> bool:
        """Whether nothing is left over: no question, no reservation, no slot."""
        return (
            not self.questioner._under_way
            and all(usage == Usage() for usage in self.ledger._under_way())
            and not self.ledger._turn.locked()
            and not self.questioner._slots.locked()
        )
