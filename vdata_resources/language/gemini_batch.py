"""Gemini through its Batch API: half the price, answers within a day. Importing this imports no SDK.

Format: https://ai.google.dev/gemini-api/docs/batch-api. Requests go as a JSONL file, whose lines carry keys:
answers to inline requests are known to come back out of order, and without what would tell them apart
(googleapis/python-genai issues 1909 and 2008).
"""

import asyncio
import io
import secrets
from collections.abc import Callable, Coroutine, Iterable
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vdata_resources.language.answer_cache import cache_key
from vdata_resources.language.batch_jobs import BatchJob, BatchJobs
from vdata_resources.language.batch_lines import answer_of_line, lines_by_key, request_line
from vdata_resources.language.gemini_service import GeminiService, NotThereError
from vdata_resources.language.protocol import (
    Answer,
    AnswerTimeoutError,
    ModelError,
    ModelUnavailable,
    QuotaError,
    RefusedError,
    Request,
    ServerError,
)

if TYPE_CHECKING:
    from google.genai.types import UploadFileConfigDict

SUCCEEDED = frozenset({"JOB_STATE_SUCCEEDED", "JOB_STATE_PARTIALLY_SUCCEEDED"})
ENDED = frozenset({"JOB_STATE_FAILED", "JOB_STATE_CANCELLED", "JOB_STATE_EXPIRED"})
TRANSFER_TIMEOUT_S = 1800.0
MAX_FAILED_POLLS = 20


class _JobEndedError(Exception):
    """A job has no answers and will have none."""


@dataclass(eq=False)
class _Asked:
    """A request without an answer yet."""

    request: Request
    answer: "asyncio.Future[Answer]"
    waiting: int = 0


class GeminiBatchModel:
    """A :class:`~vdata_resources.language.protocol.VisionLanguageModel` on Gemini's Batch API.

    Requests that are asked while others are being collected go into one job, once no further one has come
    for ``quiet_s``. The job's name is on disk before its answers are awaited, so a process that asks the same
    after this one was killed waits for the same job, which is paid once. Ask with a high concurrency: a job
    holds only what is asked before the first answers are needed.

    Args:
        model: e.g. ``gemini-2.5-flash``.
        api_key: of Google AI Studio.
        jobs: SQLite file of jobs under way; several processes may share it.
        base_url: None: Google's.
        timeout_s: seconds until a call of the service is given up; files may take half an hour.
        thinking_budget: tokens that the model may think; 0: none, -1: as it likes; None: its default.
        quiet_s: seconds without a further request after which a job is submitted.
        poll_s: seconds between looks at a job.
        max_requests: a job with as many requests is submitted at once.
        max_bytes: a job's file holds at most as many bytes (the service takes 2 GB).

    Raises:
        ModelUnavailable: no key, or an address that is none.
    """

    def __init__(
        self,
        model: str,
        api_key: str,
        jobs: Path,
        *,
        base_url: str | None = None,
        timeout_s: float = 120.0,
        thinking_budget: int | None = None,
        quiet_s: float = 2.0,
        poll_s: float = 30.0,
        max_requests: int = 10_000,
        max_bytes: int = 200 * 2**20,
    ) -> None:
        self._service = GeminiService(model, api_key, base_url, timeout_s, thinking_budget)
        self._jobs = BatchJobs(jobs)
        self._quiet_s = quiet_s
        self._poll_s = poll_s
        self._max_requests = max_requests
        self._max_bytes = max_bytes
        self._asked: dict[str, _Asked] = {}
        self._handed_out: set[str] = set()
        self._lines: dict[str, bytes] = {}
        self._size = 0
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._awaited: dict[str, set[str]] = {}

    @property
    def identity(self) -> str:
        """That of the same model asked request by request: answers are the same."""
        return self._service.identity

    async def answer(self, request: Request) -> Answer:
        """See :class:`~vdata_resources.language.protocol.VisionLanguageModel`. Takes up to a day.

        A request that a job of an earlier process holds is answered from that job, whatever its answer is.
        Asked again in the same process, it goes into a new job.

        Raises:
            ModelError: this request has no answer; its class says why.
            ModelUnavailable: the key, the model or the address is wrong.
            ValueError: an image is neither PNG nor JPEG.
        """
        key = cache_key(self.identity, request)
        asked = self._asked.get(key)
        if asked is None:
            job = None if key in self._handed_out else self._jobs.job_of(key)
            if job is None:
                self._collect(key, request)
            else:
                self._start(job.display_name, [key], lambda: self._take_up(job))
            asked = self._asked[key] = _Asked(request, asyncio.get_running_loop().create_future())
            asked.answer.add_done_callback(lambda future: self._forget(key, future))
        asked.waiting += 1
        try:
            return await asyncio.shield(asked.answer)
        finally:
            asked.waiting -= 1

    async def close(self) -> None:
        """Close connections. Jobs under way go on; what was handed out is kept for nobody any longer."""
        if self._timer is not None:
            self._timer.cancel()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        for asked in self._asked.values():
            asked.answer.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._jobs.release(self._handed_out)
        self._jobs.close()
        await self._service.close()

    def _forget(self, key: str, future: "asyncio.Future[Answer]") -> None:
        del self._asked[key]
        if not future.cancelled():
            future.exception()  # whoever asked may have been cancelled: nobody else looks at it

    def _collect(self, key: str, request: Request) -> None:
        line = request_line(key, request, self._service.thinking_budget)
        if key in self._handed_out:
            self._jobs.release([key])
            self._handed_out.remove(key)
        if self._size + len(line) > self._max_bytes:
            self._submit()
        self._lines[key] = line
        self._size += len(line)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(self._quiet_s, self._submit)
        if len(self._lines) >= self._max_requests:
            self._submit()

    def _submit(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        lines, self._lines, self._size = self._lines, {}, 0
        if lines:
            display_name = f"vdata-{secrets.token_hex(16)}"
            self._start(display_name, lines, lambda: self._create(display_name, lines))

    def _start(
        self, display_name: str, keys: Iterable[str], work: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        """Have the job answer the keys; if it is not being waited for already, do the work."""
        self._awaited.setdefault(display_name, set()).update(keys)
        task = self._tasks.get(display_name)
        if task is None or task.done():
            self._tasks[display_name] = asyncio.create_task(self._carried_out(display_name, work()))

    async def _carried_out(self, display_name: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:  # whatever it is, those who wait for the job raise it
            self._fail(display_name, error)

    async def _create(self, display_name: str, lines: dict[str, bytes]) -> None:
        self._jobs.intend(display_name, lines)
        aio = self._service.client.aio
        model = self._service.service.model
        try:
            file = await self._uploaded(display_name, b"".join(lines.values()))
            job = await self._service.call(
                aio.batches.create(model=model, src=file, config={"display_name": display_name})
            )
        except (RefusedError, QuotaError, ModelUnavailable):
            self._jobs.forget(display_name)  # it was surely not created; after other errors it may have been
            raise
        self._jobs.created(display_name, str(job.name))
        await self._await_answers(display_name, str(job.name))

    async def _uploaded(self, display_name: str, content: bytes) -> str:
        """Name of a new file, which the service removes after two days."""
        config: UploadFileConfigDict = {"display_name": display_name, "mime_type": "application/jsonl"}
        upload = self._service.client.aio.files.upload(file=io.BytesIO(content), config=config)
        try:
            file = await self._service.call(upload, TRANSFER_TIMEOUT_S)
        except (KeyError, ValueError) as error:  # how the SDK reports an upload that the service cut short
            raise self._service.service.nonsense(error) from None
        return str(file.name)

    async def _take_up(self, job: BatchJob) -> None:
        """Wait for a job of an earlier process, or collect its requests again if it was never created."""
        name = job.name or await self._name_of(job.display_name)
        if name is not None:
            self._jobs.created(job.display_name, name)
            await self._await_answers(job.display_name, name)
            return
        self._jobs.forget(job.display_name)
        for key in self._awaited[job.display_name]:
            self._collect(key, self._asked[key].request)
        del self._awaited[job.display_name]

    async def _name_of(self, display_name: str) -> str | None:
        async def found() -> str | None:
            async for job in await self._service.client.aio.batches.list(config={"page_size": 100}):
                if job.display_name == display_name:
                    return job.name
            return None

        return await self._service.call(found())

    async def _await_answers(self, display_name: str, name: str) -> None:
        try:
            file = await self._answer_file(name)
            content = await self._service.call(
                self._service.client.aio.files.download(file=file), TRANSFER_TIMEOUT_S, may_be_gone=True
            )
        except (NotThereError, _JobEndedError) as error:
            self._jobs.forget(display_name)
            raise ServerError(f"{self._service.service}: batch job {name}: {error}") from None
        answers = lines_by_key(content)

        def outcome(asked: _Asked, key: str) -> Answer | Exception:
            if asked.waiting:
                self._handed_out.add(key)
            if key not in answers:
                return ServerError(
                    f"{self._service.service}: batch job {name} holds no answer to the request"
                )
            try:
                return answer_of_line(answers[key], asked.request, self._service.service)
            except (ModelError, ModelUnavailable) as error:
                return error

        self._hand_out(display_name, outcome)

    async def _answer_file(self, name: str) -> str:
        """Wait for the end of a job. Looks that fail for a while do not matter."""
        failed = 0
        while True:
            try:
                job = await self._service.call(
                    self._service.client.aio.batches.get(name=name), may_be_gone=True
                )
            except (ServerError, AnswerTimeoutError, QuotaError):
                failed += 1
                if failed == MAX_FAILED_POLLS:
                    raise
            else:
                failed = 0
                state = job.state.value if job.state else None
                if state in SUCCEEDED and job.dest and job.dest.file_name:
                    return job.dest.file_name
                if state in ENDED or state in SUCCEEDED:
                    raise _JobEndedError(f"ended without answers: {state}")
            await asyncio.sleep(self._poll_s)

    def _fail(self, display_name: str, error: Exception) -> None:
        self._hand_out(display_name, lambda asked, key: copy(error))  # each who waits raises its own

    def _hand_out(self, display_name: str, outcome: Callable[[_Asked, str], Answer | Exception]) -> None:
        for key in self._awaited[display_name]:
            asked = self._asked.get(key)
            if asked is None or asked.answer.done():
                continue
            result = outcome(asked, key)
            if isinstance(result, Answer):
                asked.answer.set_result(result)
            else:
                asked.answer.set_exception(result)
        del self._awaited[display_name]
