"""The server: routes, latency, limits, and a record of what was asked."""

import asyncio
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Literal

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from model_server import wire
from model_server.batches import Files, Job, State, new_job
from model_server.example import example_answer
from model_server.faults import Fault, http_error
from model_server.recorded import Asked

Answer = Callable[[Asked], dict[str, Any] | str]
Faults = Callable[[Asked], Fault | None] | Mapping[int, Fault]


class ModelServer:
    """A model server on a free port of 127.0.0.1, in a thread, for as long as the block runs.

    Args:
        answer: the JSON that the model writes, by what was asked; by default the least that fits the schema.
            It runs in the server's loop.
        latency_s: seconds until an answer.
        faults: what goes wrong, by the request's number from 0, or by looking at it; None: nothing.
        requests_per_minute: more within any 60 s are answered with 429.
        batch_s: seconds until a batch job is done; None: when :meth:`finish_batches` is called.
        batch_states: how jobs end, in the order in which they are created; SUCCEEDED where it says nothing.
        creation_s: seconds between the creation of a batch job and the response that says so.
        unheard_batches: so many jobs, the first ones, are created without the client hearing of it: the
            connection breaks off.
        failing_looks: so many looks at batch jobs, the first ones, are answered with 503.
        port: 0: a free one.

    Attributes:
        requests: every question, those in batch jobs included, in order.
        jobs: every batch job, in order.
        looks: how often a batch job was looked at.
        most_under_way: the largest number of questions that were under way at once.
    """

    def __init__(
        self,
        answer: Answer = example_answer,
        *,
        latency_s: float = 0.0,
        faults: Faults | None = None,
        requests_per_minute: int | None = None,
        batch_s: float | None = 0.0,
        batch_states: tuple[State, ...] = (),
        creation_s: float = 0.0,
        unheard_batches: int = 0,
        failing_looks: int = 0,
        port: int = 0,
    ) -> None:
        self.answer = answer
        self.latency_s = latency_s
        self.faults = faults
        self.requests_per_minute = requests_per_minute
        self.batch_s = batch_s
        self.batch_states = batch_states
        self.creation_s = creation_s
        self.unheard_batches = unheard_batches
        self.failing_looks = failing_looks
        self.requests: list[Asked] = []
        self.jobs: list[Job] = []
        self.looks = 0
        self.most_under_way = 0
        self._files = Files()
        self._under_way = 0
        self._recent: deque[float] = deque()
        app = Starlette(
            routes=[
                Route("/v1beta/models/{model}:generateContent", self._generate, methods=["POST"]),
                Route("/v1beta/models/{model}:batchGenerateContent", self._create_job, methods=["POST"]),
                Route("/v1beta/batches", self._list_jobs),
                Route("/v1beta/batches/{job}", self._get_job),
                Route("/upload/v1beta/files", self._begin_upload, methods=["POST"]),
                Route("/upload/{upload}", self._upload, methods=["POST"]),
                Route("/v1beta/files/{file}:download", self._download),
                Route("/v1/chat/completions", self._complete, methods=["POST"]),
            ]
        )
        config = uvicorn.Config(
            app, host="127.0.0.1", port=port, log_level="critical", lifespan="off", backlog=512, ws="none"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def __enter__(self) -> "ModelServer":
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise OSError("the model server did not start")
            time.sleep(0.005)
        self.port = self._server.servers[0].sockets[0].getsockname()[1]
        return self

    def __exit__(self, *error: object) -> None:
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join()

    @property
    def url(self) -> str:
        """Base URL for Gemini's API."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def openai_url(self) -> str:
        """Base URL for OpenAI's API."""
        return f"{self.url}/v1"

    @property
    def answered(self) -> list[Asked]:
        """Questions that were answered, which is what a service bills."""
        return [asked for asked in self.requests if asked.answered]

    def finish_batches(self) -> None:
        """Let all jobs end, these and later ones."""
        self.batch_s = 0.0

    def forget_batches(self) -> None:
        """Remove all jobs and files, as the service does after some days."""
        self.jobs.clear()
        self._files = Files()

    async def _generate(self, request: Request) -> Response:
        return await self._answered(request, "gemini")

    async def _complete(self, request: Request) -> Response:
        return await self._answered(request, "openai")

    async def _answered(self, request: Request, service: Literal["gemini", "openai"]) -> Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = self._record(service, request.url.path, headers, json.loads(await request.body()))
        self._under_way += 1
        self.most_under_way = max(self.most_under_way, self._under_way)
        try:
            return await self._response(request, asked)
        finally:
            self._under_way -= 1

    async def _response(self, request: Request, asked: Asked) -> Response:
        fault = self._over_limit(asked) or self._fault(asked)
        kind = fault.kind if fault else None
        if fault is not None and kind == "http":
            asked.status = fault.status
            body = wire.gemini_error(fault) if asked.service == "gemini" else wire.openai_error(fault)
            headers = {"retry-after": fault.retry_after} if fault.retry_after else None
            return JSONResponse(body, fault.status, headers)
        if fault is not None and kind == "hang":
            await self._until_gone(request, fault.seconds)
        if kind == "break_off":
            return _BreakOff()
        await asyncio.sleep(self.latency_s)
        asked.status = 200
        if kind == "no_json":
            return HTMLResponse("<html>Welcome</html>")
        return JSONResponse(self._answer_body(asked, fault))

    async def _until_gone(self, request: Request, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self._server.should_exit:
            if await request.is_disconnected():
                return
            await asyncio.sleep(0.02)

    def _answer_body(self, asked: Asked, fault: Fault | None) -> dict[str, Any]:
        text = wire.answer_text(asked, self.answer(asked), fault)
        asked.answered = True
        return (wire.gemini_answer if asked.service == "gemini" else wire.openai_answer)(asked, text, fault)

    def _record(
        self,
        service: Literal["gemini", "openai"],
        path: str,
        headers: dict[str, str],
        body: dict[str, Any],
        job: str | None = None,
    ) -> Asked:
        asked = Asked(len(self.requests), service, path, headers, body, time.monotonic(), job)
        self.requests.append(asked)
        return asked

    def _fault(self, asked: Asked) -> Fault | None:
        if self.faults is None:
            return None
        return self.faults(asked) if callable(self.faults) else self.faults.get(asked.number)

    def _over_limit(self, asked: Asked) -> Fault | None:
        if self.requests_per_minute is None:
            return None
        while self._recent and self._recent[0] <= asked.time - 60:
            self._recent.popleft()
        if len(self._recent) >= self.requests_per_minute:
            wait = self._recent[0] + 60 - asked.time
            return http_error(429, "Quota exceeded", retry_after=str(int(wait) + 1))
        self._recent.append(asked.time)
        return None

    async def _begin_upload(self, request: Request) -> Response:
        upload = self._files.begin()
        return JSONResponse({}, headers={"x-goog-upload-url": f"{self.url}/upload/{upload}"})

    async def _upload(self, request: Request) -> Response:
        upload = request.path_params["upload"]
        self._files.uploads[upload] += await request.body()
        if "finalize" not in request.headers["x-goog-upload-command"]:
            return JSONResponse({}, headers={"x-goog-upload-status": "active"})
        name = self._files.finish(upload)
        return JSONResponse({"file": {"name": name}}, headers={"x-goog-upload-status": "final"})

    async def _download(self, request: Request) -> Response:
        content = self._files.contents.get(f"files/{request.path_params['file']}")
        if content is None:
            return JSONResponse(wire.gemini_error(http_error(404, "no such file")), 404)
        return Response(content, media_type="application/octet-stream")

    async def _create_job(self, request: Request) -> Response:
        batch = (await request.json())["batch"]
        content = self._files.contents[batch["inputConfig"]["fileName"]]
        job = new_job(batch["displayName"], f"models/{request.path_params['model']}", content)
        self.jobs.append(job)
        headers = {name.lower(): value for name, value in request.headers.items()}
        for line in job.lines:
            path = f"/v1beta/{job.model}:generateContent"
            self._record("gemini", path, headers, line["request"], job.name)
        await self._until_gone(request, self.creation_s)
        return _BreakOff() if len(self.jobs) <= self.unheard_batches else JSONResponse(job.wire)

    async def _get_job(self, request: Request) -> Response:
        self.looks += 1
        if self.looks <= self.failing_looks:
            return JSONResponse(wire.gemini_error(http_error(503, "overloaded")), 503)
        for job in self.jobs:
            if job.name == f"batches/{request.path_params['job']}":
                self._advance(job)
                return JSONResponse(job.wire)
        return JSONResponse(wire.gemini_error(http_error(404, "no such batch")), 404)

    async def _list_jobs(self, request: Request) -> Response:
        size = int(request.query_params.get("pageSize", 10))
        start = int(request.query_params.get("pageToken", 0))
        page: dict[str, Any] = {"operations": [job.wire for job in self.jobs[start : start + size]]}
        if start + size < len(self.jobs):
            page["nextPageToken"] = str(start + size)
        return JSONResponse(page)

    def _advance(self, job: Job) -> None:
        if self.batch_s is None or time.monotonic() < job.created + self.batch_s or job.state != "PENDING":
            return
        number = self.jobs.index(job)
        job.state = self.batch_states[number] if number < len(self.batch_states) else "SUCCEEDED"
        if job.state != "SUCCEEDED":
            return
        questions = [asked for asked in self.requests if asked.job == job.name]
        pairs = zip(job.lines, questions, strict=True)
        lines = [self._answer_line(line["key"], asked) for line, asked in pairs]
        lines.reverse()  # the service promises no order
        job.answers = self._files.add("\n".join(line for line in lines if line).encode())

    def _answer_line(self, key: str, asked: Asked) -> str:
        fault = self._fault(asked)
        if fault is not None and fault.kind == "http":
            error = {"code": wire.RPC_CODES[fault.status], "message": fault.message}
            return json.dumps({"key": key, "error": error})
        if fault is not None and fault.kind == "break_off":
            return ""
        return json.dumps({"key": key, "response": self._answer_body(asked, fault)})


class _BreakOff(Response):
    """Begins and ends there: the server closes the connection."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"100")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
