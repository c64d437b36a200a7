"""Questions to a language model: cached, within limits and budget, asked again when the service fails."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    wait_random_exponential,
)

from vdata_resources.language.answer_cache import AnswerCache, cache_key
from vdata_resources.language.ledger import Ledger
from vdata_resources.language.pacing import Pace
from vdata_resources.language.protocol import (
    Answer,
    ModelError,
    QuotaError,
    Request,
    UnparsableError,
    VisionLanguageModel,
)

Parsed = TypeVar("Parsed", bound=BaseModel)
Result = TypeVar("Result")
Log = Callable[[str], object]
Wait = Callable[[RetryCallState], float]

LONGEST_WAIT_S = 900.0
FINISH_S = 30.0
QUOTED_CHARACTERS = 200
FENCE = ("```json", "```")


@dataclass
class _UnderWay:
    """A question that somebody waits for."""

    task: "asyncio.Task[tuple[Answer, bool]]"
    waiting: int = 0


class Questioner:
    """Asks a model, and asks nothing twice.

    An answer comes from the cache, or from an equal question that is under way, or from the model. Only what
    fits the schema is an answer, and it is in the cache, on disk, before anyone gets it. Failures that may
    pass are asked again, after an exponential backoff with jitter, or after the time that the service asks
    for where that is longer; meanwhile no slot and no money is held. When a service reports a quota and says
    for how long, no other request is sent in that time either. Bound to the event loop that first uses it.

    Args:
        model: who answers.
        cache: answers that were paid for.
        pace: the service's limits.
        ledger: counts, and the budget.
        concurrency: requests under way at most.
        attempts: how often a question is asked at most.
        wait: seconds before the next attempt.
        log: where a line goes for every attempt that failed.

    Raises:
        ValueError: concurrency or attempts below 1.
    """

    def __init__(
        self,
        model: VisionLanguageModel,
        cache: AnswerCache,
        pace: Pace,
        ledger: Ledger,
        *,
        concurrency: int = 32,
        attempts: int = 5,
        wait: Wait = wait_random_exponential(multiplier=2, max=60),  # noqa: B008 - it has no state
        log: Log = lambda line: None,
    ) -> None:
        for name, value in (("concurrency", concurrency), ("attempts", attempts)):
            if value < 1:
                raise ValueError(f"{name}: {value} is below 1")
        self._model = model
        self._cache = cache
        self._pace = pace
        self._ledger = ledger
        self._attempts = attempts
        self._wait = wait
        self._log = log
        self._slots = asyncio.Semaphore(concurrency)
        self._under_way: dict[str, _UnderWay] = {}
        # Its own thread: the loop's pool may be busy with segmentation for seconds.
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="answer-cache")

    async def ask(self, request: Request, schema: type[Parsed]) -> Parsed:
        """The answer to a question.

        Equal questions that are under way at the same time are sent once: all callers share the answer, or
        the error, which is counted for each. A caller that is cancelled takes the question back if nobody
        else waits for it; but a request that was sent will be billed, so its answer is waited for, at most
        30 s, and kept. Cancelling again ends it at once.

        Args:
            request: the question.
            schema: the request's, for the type of the answer.

        Raises:
            ModelError: the last one, when all attempts are used up or another is of no use: the service
                refuses the request, or asks to wait longer than 900 s.
            ModelUnavailable: the model cannot work here.
            BudgetSpent: this request, or one before it, could exceed the budget.
            ValueError: the cache is damaged.
            OSError: the cache cannot be read or written.
        """
        key = cache_key(self._model.identity, request)
        question = self._under_way.get(key)
        joined = question is not None
        if question is None:
            question = self._begin(key, request)
        try:
            answer, paid_before = await self._outcome(key, question)
            result = _parsed(answer, schema, request.prompt)
        except ModelError:
            self._ledger.failed(request.purpose)
            raise
        if joined or paid_before:
            self._ledger.hit(request.purpose)
        return result

    def _begin(self, key: str, request: Request) -> _UnderWay:
        question = _UnderWay(asyncio.create_task(self._answer(key, request)))
        self._under_way[key] = question
        question.task.add_done_callback(lambda _: self._forget(key, question))
        return question

    def _forget(self, key: str, question: _UnderWay) -> None:
        if self._under_way.get(key) is question:
            del self._under_way[key]

    async def _outcome(self, key: str, question: _UnderWay) -> tuple[Answer, bool]:
        question.waiting += 1
        try:
            return await asyncio.shield(question.task)
        except asyncio.CancelledError:
            if question.waiting == 1:
                self._forget(key, question)
                await _ended(question.task)
            raise
        finally:
            question.waiting -= 1

    async def _answer(self, key: str, request: Request) -> tuple[Answer, bool]:
        """The answer, and whether it was paid for before."""
        known = await self._on_disk(self._known, key, request)
        if known is not None:
            return known, True
        retrying = AsyncRetrying(
            retry=retry_if_exception(_may_pass),
            stop=stop_after_attempt(self._attempts),
            wait=self._seconds,
            before_sleep=lambda state: self._tell(request, state),
            reraise=True,
        )
        answer: Answer = await retrying(self._attempt, request)
        await self._on_disk(self._cache.put, key, request, self._model.identity, answer)
        return answer, False

    def _known(self, key: str, request: Request) -> Answer | None:
        answer = self._cache.get(key)
        if answer is None:
            return None
        try:
            _parsed(answer, request.schema, request.prompt)
        except UnparsableError as error:  # the schema's validators have become stricter
            self._log(
                f"{request.purpose}: a cached answer is no longer valid, and is asked for again: {error}"
            )
            return None
        return answer

    async def _attempt(self, request: Request) -> Answer:
        async with self._slots:
            with await self._ledger.reserve(request) as reservation:
                await self._pace.admit(reservation.estimate.input_tokens)
                try:
                    answer = await self._sent(request)
                    _parsed(answer, request.schema, request.prompt)
                except ModelError as error:
                    reservation.unanswered(error.kind, error.usage)
                    if isinstance(error, QuotaError) and _may_pass(error):
                        self._pace.hold(error.retry_after or 0)
                    if _is_cancelled():
                        raise asyncio.CancelledError from error
                    raise
                reservation.answered(answer.usage)
                return answer

    async def _sent(self, request: Request) -> Answer:
        asking = asyncio.ensure_future(self._model.answer(request))
        try:
            return await asyncio.shield(asking)
        except asyncio.CancelledError:
            await asyncio.wait([asking], timeout=FINISH_S)
            if asking.done() and not asking.cancelled():
                return asking.result()
            raise
        finally:
            asking.cancel()

    def _seconds(self, state: RetryCallState) -> float:
        return max(self._wait(state), _failure(state).retry_after or 0)

    def _tell(self, request: Request, state: RetryCallState) -> None:
        error, seconds = _failure(state), state.next_action.sleep if state.next_action else 0
        self._log(
            f"{request.purpose}: {error.kind}: {error}; asked again in {seconds:.1f} s "
            f"({state.attempt_number} of {self._attempts} attempts failed)"
        )

    async def _on_disk(self, work: Callable[..., Result], *arguments: object) -> Result:
        """Run in the cache's thread, to the end even if the caller is cancelled."""
        running = asyncio.get_running_loop().run_in_executor(self._disk, work, *arguments)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            await asyncio.wait([running])
            raise


async def _ended(task: "asyncio.Task[Any]") -> None:
    """Cancel a task and wait for its end; cancel it again if the caller is cancelled meanwhile."""
    task.cancel()
    try:
        await asyncio.wait([task])
    finally:
        task.cancel()


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _failure(state: RetryCallState) -> ModelError:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, ModelError)  # noqa: S101 - nothing else is asked again
    return error


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, ModelError) and error.transient and (error.retry_after or 0) <= LONGEST_WAIT_S


def _parsed(answer: Answer, schema: type[Parsed], prompt: str) -> Parsed:
    """The answer as the schema's object; Markdown's fence around the JSON is taken off, nothing else is."""
    text = answer.text.strip()
    opening, closing = FENCE
    if text.startswith(opening) and text.endswith(closing):
        text = text[len(opening) : -len(closing)]
    try:
        return schema.model_validate_json(text)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, problem["loc"]))
        raise UnparsableError(
            f"{prompt}: the answer is no {schema.__name__}: {f'{place}: ' if place else ''}"
            f"{problem['msg'][:QUOTED_CHARACTERS]}; it begins with {answer.text[:QUOTED_CHARACTERS]!r}",
            answer.usage,
        ) from None
