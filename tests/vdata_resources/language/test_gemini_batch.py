"""Batch jobs: one for many requests, each answer to its request, and no request paid for twice."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from back_ends import KEY, SCENE, picture, request
from batches_asked import TEXTS, asked, batch_model, echo, kept, outcomes, titles
from model_server import Fault, ModelServer, broken_off, cut_off, ended, http_error

from vdata_resources.language.batch_jobs import BatchJobs
from vdata_resources.language.gemini import GeminiModel
from vdata_resources.language.gemini_batch import GeminiBatchModel
from vdata_resources.language.protocol import (
    Answer,
    AnswerTimeoutError,
    BlockedError,
    ModelError,
    ModelUnavailable,
    QuotaError,
    RefusedError,
    ServerError,
    UnparsableError,
)


@pytest.fixture
def jobs(tmp_path: Path) -> Path:
    return tmp_path / "language" / "jobs.sqlite"


def test_what_is_asked_together_goes_into_one_job_and_each_gets_its_answer(jobs: Path) -> None:
    with ModelServer(echo, batch_s=0.1) as server:
        answers = asked(batch_model(server, jobs), *TEXTS)
    assert titles(answers) == TEXTS
    assert len(server.jobs) == 1
    assert len(server.answered) == 30
    assert all(isinstance(answer, Answer) and answer.usage.input_tokens == 1000 for answer in answers)
    assert kept(jobs) == (0, 0)


def test_a_line_of_a_job_is_the_same_question_as_one_asked_alone(jobs: Path) -> None:
    question = request(
        "Wo?", (picture("red"), picture("blue", "JPEG")), temperature=0.5, max_output_tokens=77
    )

    async def ask(server: ModelServer) -> None:
        alone = GeminiModel("test-model", KEY, base_url=server.url, thinking_budget=0)
        batch = batch_model(server, jobs, thinking_budget=0)
        assert alone.identity == batch.identity
        assert await alone.answer(question) == await batch.answer(question)
        await alone.close()
        await batch.close()

    with ModelServer(lambda asked: SCENE) as server:
        asyncio.run(ask(server))
    alone, line = server.requests
    for name in ("model", "prompt", "files", "schema", "temperature", "max_output_tokens", "thinking_budget"):
        assert getattr(alone, name) == getattr(line, name)
    assert set(alone.body["generationConfig"]) == set(line.body["generationConfig"])


@pytest.mark.parametrize(
    ("settings", "sizes"),
    [({"max_requests": 12}, [12, 12, 6]), ({"max_bytes": 9_000}, None)],
    ids=["requests", "bytes"],
)
def test_a_full_job_is_submitted_and_the_next_begun(
    settings: dict[str, int], sizes: list[int] | None, jobs: Path
) -> None:
    with ModelServer(echo) as server:
        answers = asked(batch_model(server, jobs, **settings), *TEXTS)
    assert titles(answers) == TEXTS
    if sizes is None:
        assert len(server.jobs) > 3
    else:
        assert sorted(len(job.lines) for job in server.jobs) == sorted(sizes)


def test_equal_questions_under_way_share_one_line(jobs: Path) -> None:
    with ModelServer(echo) as server:
        answers = asked(batch_model(server, jobs), "same", "same", "other")
    assert titles(answers) == ["same", "same", "other"]
    assert [len(job.lines) for job in server.jobs] == [2]


FAULTS: dict[str, Fault] = {
    "refused": http_error(400, "no"),
    "quota": http_error(429, "too many"),
    "server": http_error(500, "oops"),
    "key": http_error(403, "no"),
    "withheld": ended("SAFETY"),
    "cut off": cut_off(),
    "left out": broken_off(),
}


def test_each_line_fails_for_itself(jobs: Path) -> None:
    with ModelServer(echo, faults=lambda asked: FAULTS.get(asked.prompt)) as server:
        results = asked(batch_model(server, jobs), *FAULTS, "sound")
        name = server.jobs[0].name
    on = f"Gemini (test-model at {server.url})"
    assert titles(results[-1:]) == ["sound"]
    found = {text: (type(result), str(result)) for text, result in zip(FAULTS, results, strict=False)}
    tokens = results[5].usage.output_tokens if isinstance(results[5], ModelError) else 0
    assert found == {
        "refused": (RefusedError, f"{on}: HTTP 400: no"),
        "quota": (QuotaError, f"{on}: HTTP 429: too many"),
        "server": (ServerError, f"{on}: HTTP 500: oops"),
        "key": (
            ModelUnavailable,
            f"{on} will not serve this key: check GOOGLE_API_KEY (HTTP 403: no)",
        ),
        "withheld": (BlockedError, "the answer was withheld: SAFETY"),
        "cut off": (
            UnparsableError,
            f"cut off after {tokens} tokens (thoughts included; max_output_tokens is 4096)",
        ),
        "left out": (ServerError, f"{on}: batch job {name} holds no answer to the request"),
    }
    assert tokens > 0


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED", "EXPIRED"])
def test_a_job_without_answers_fails_all_and_asking_again_makes_a_new_one(state: Any, jobs: Path) -> None:
    async def ask_twice(server: ModelServer) -> list[Answer | BaseException]:
        model = batch_model(server, jobs)
        errors = await outcomes(model, "a", "b")
        on = f"Gemini (test-model at {server.url})"
        message = f"{on}: batch job {server.jobs[0].name}: ended without answers: JOB_STATE_{state}"
        assert [(type(error), str(error)) for error in errors] == [(ServerError, message)] * 2
        again = await outcomes(model, "a", "b")
        await model.close()
        return again

    with ModelServer(echo, batch_states=(state,)) as server:
        assert titles(asyncio.run(ask_twice(server))) == ["a", "b"]
    assert [len(job.lines) for job in server.jobs] == [2, 2]


def test_an_answer_that_is_asked_for_again_is_made_again(jobs: Path) -> None:
    async def ask_twice(server: ModelServer) -> list[str]:
        model = batch_model(server, jobs)
        first = titles(await outcomes(model, "a", "b"))
        second = titles(await outcomes(model, "a"))
        await model.close()
        return first + second

    numbered = iter(range(10))
    with ModelServer(lambda asked: {**SCENE, "title": f"{asked.prompt}{next(numbered)}"}) as server:
        assert asyncio.run(ask_twice(server)) == ["a0", "b1", "a2"]
    assert [len(job.lines) for job in server.jobs] == [2, 1]


def test_looks_that_fail_for_a_while_do_not_matter(jobs: Path) -> None:
    with ModelServer(echo, failing_looks=5) as server:
        assert titles(asked(batch_model(server, jobs), "a")) == ["a"]
    assert len(server.jobs) == 1


def test_looks_that_fail_for_long_end_the_wait_but_not_the_job(jobs: Path) -> None:
    with ModelServer(echo, failing_looks=20) as server:
        (error,) = asked(batch_model(server, jobs), "a")
        assert isinstance(error, ServerError)
        assert titles(asked(batch_model(server, jobs), "a")) == ["a"]
    assert len(server.jobs) == 1


def test_a_service_that_is_not_there_is_a_timeout_for_all_and_nothing_is_kept_waiting(jobs: Path) -> None:
    with ModelServer(echo) as server:
        pass
    errors = asked(batch_model(server, jobs), "a", "b")
    assert {type(error) for error in errors} == {AnswerTimeoutError}


def test_closing_ends_the_wait(jobs: Path) -> None:
    async def close_early(model: GeminiBatchModel) -> None:
        waiting = asyncio.create_task(model.answer(request("a")))
        await asyncio.sleep(0.01)
        await model.close()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    with ModelServer(echo) as server:
        asyncio.run(close_early(batch_model(server, jobs)))
    assert server.jobs == []


def test_the_key_is_not_in_the_file_of_jobs(jobs: Path) -> None:
    def content() -> bytes:
        return b"".join(path.read_bytes() for path in jobs.parent.iterdir())

    async def ask(server: ModelServer) -> None:
        model = batch_model(server, jobs)
        waiting = asyncio.create_task(model.answer(request("a")))
        while not server.jobs:
            await asyncio.sleep(0.01)
        assert b"vdata-" in content()
        assert KEY.encode() not in content()
        server.finish_batches()
        await waiting
        await model.close()

    with ModelServer(echo, batch_s=None) as server:
        asyncio.run(ask(server))


def test_jobs_of_a_fortnight_ago_are_dropped(jobs: Path) -> None:
    store = BatchJobs(jobs)
    store.intend("vdata-old", ["key"])
    store.created("vdata-old", "batches/1")
    store.close()
    with sqlite3.connect(jobs) as database:
        database.execute("UPDATE jobs SET created = created - 15 * 24 * 3600")
    database.close()
    store = BatchJobs(jobs)
    assert store.job_of("key") is None
    store.close()
    assert kept(jobs) == (0, 0)
