"""A language model for as long as a process lives: one event loop, one budget, one cache of answers."""

import asyncio
import atexit
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from vdata_assets.workflows.model_settings import GeminiSettings, LanguageModelSettings, RulesSettings
from vdata_assets.workflows.resources import Credentials

if TYPE_CHECKING:
    import polars as pl

    from vdata_resources.language.asking import Questioner
    from vdata_resources.language.ledger import Ledger

ANSWERS = "answers.sqlite"
# A batch is worth its wait only if it holds what many items ask; their pictures are in memory meanwhile.
BATCHED_REQUESTS, BATCHED_ITEMS = 4096, 128

Result = TypeVar("Result")


@dataclass
class StepLog:
    """Where lines go: to the log of the step that is at work."""

    write: Callable[[str], object] = lambda line: None

    def __call__(self, line: str) -> None:
        """Pass a line on."""
        self.write(line)


@dataclass(frozen=True)
class ModelSession:
    """What steps of one process share.

    Attributes:
        runner: runs coroutines, all on one loop, which the connections are bound to.
        questioner: asks the service; None for the embedded writer.
        ledger: what was asked and paid; None for the embedded writer.
        identity: of the model; empty for the embedded writer.
        ahead: items that may be worked on at a time.
        log: what the questioner says of requests that failed.
    """

    runner: asyncio.Runner
    questioner: "Questioner | None"
    ledger: "Ledger | None"
    identity: str
    ahead: int
    log: StepLog = field(default_factory=StepLog)

    def run(
        self, work: Coroutine[Any, Any, Result], log: Callable[[str], object]
    ) -> tuple[Result, "pl.DataFrame"]:
        """The result of work, and what it cost, of schema StageCosts."""
        from vdata_assets.dataengine.schema import StageCosts

        if self.ledger is None:
            return self.runner.run(work), StageCosts.create_empty()
        before = self.ledger.mark()
        self.log.write = log
        result = self.runner.run(work)
        failures = self.ledger.failures_since(before)
        if not failures.is_empty():
            counts = ", ".join(f"{calls} {kind} in {stage}" for stage, kind, calls in failures.iter_rows())
            log(f"requests that failed, those that a retry made good included: {counts}")
        return result, self.ledger.since(before)


@cache
def model_session(
    settings: LanguageModelSettings,
    home: Path,
    credentials: Credentials,
) -> ModelSession:
    """The session of these settings, the same one at every call in a process.

    Args:
        settings: which model, its limits and prices.
        home: where the answers are kept.
        credentials: keys of services.

    Raises:
        ModelUnavailable: the model cannot work here; names the setting.
    """
    from vdata_resources.parallel import usable_cores

    if isinstance(settings, RulesSettings):
        return ModelSession(asyncio.Runner(), None, None, "", 2 * usable_cores())
    from vdata_resources.language.answer_cache import AnswerCache
    from vdata_resources.language.asking import Questioner
    from vdata_resources.language.costs import Prices
    from vdata_resources.language.ledger import Ledger
    from vdata_resources.language.pacing import Pace

    prices = Prices(settings.input_usd_per_million, settings.output_usd_per_million)
    ledger = Ledger(prices, settings.max_cost_usd)
    model = settings.model_for(home, credentials.google_api_key, credentials.openai_api_key)
    batch = isinstance(settings, GeminiSettings) and settings.mode == "batch"
    log = StepLog()
    questioner = Questioner(
        model,
        AnswerCache(home / ANSWERS),
        Pace(None, None) if batch else Pace(settings.requests_per_minute, settings.tokens_per_minute),
        ledger,
        concurrency=BATCHED_REQUESTS if batch else settings.concurrency,
        attempts=settings.attempts,
        log=log,
    )
    ahead = BATCHED_ITEMS if batch else settings.concurrency
    runner = asyncio.Runner()
    atexit.register(lambda: runner.run(model.close()))
    return ModelSession(runner, questioner, ledger, model.identity, ahead, log)
