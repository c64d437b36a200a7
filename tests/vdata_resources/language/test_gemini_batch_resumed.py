"""Batch jobs that outlive the process that asked: taken up again, and paid for once."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import asking_batch
import pytest
from back_ends import request
from batches_asked import TEXTS, abandoned, asked, batch_model, echo, kept, outcomes, titles
from model_server import ModelServer
from waiting import wait_for

from vdata_resources.language.answer_cache import cache_key
from vdata_resources.language.batch_jobs import BatchJobs
from vdata_resources.language.gemini_batch import GeminiBatchModel
from vdata_resources.language.protocol import Answer, AnswerTimeoutError, ServerError


@pytest.fixture
def jobs(tmp_path: Path) -> Path:
    return tmp_path / "language" / "jobs.sqlite"


def killed_once(condition: Callable[[], bool], server: ModelServer, jobs: Path, count: int) -> None:
    """Ask in another process, and kill it when the condition holds."""
    command = [sys.executable, asking_batch.__file__, server.url, str(jobs), str(count)]
    process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)})
    wait_for(lambda: condition() or process.poll() is not None, "the moment to kill it", pause=0.01)
    assert condition()
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


def named_jobs(jobs: Path) -> int:
    """Jobs in the file whose name is known; 0 as long as there is no file."""
    if not jobs.exists():
        return 0
    database = sqlite3.connect(jobs)
    try:
        return int(database.execute("SELECT count(name) FROM jobs").fetchone()[0])
    except sqlite3.OperationalError:  # its tables are being made
        return 0
    finally:
        database.close()


def test_a_killed_process_job_is_taken_up_and_paid_once(jobs: Path) -> None:
    with ModelServer(echo, batch_s=None) as server:
        killed_once(lambda: named_jobs(jobs) == 1, server, jobs, 5)
        assert [len(job.lines) for job in server.jobs] == [5]
        server.finish_batches()
        model = batch_model(server, jobs)
        assert titles(asked(model, *TEXTS[:7])) == TEXTS[:7]
    assert [len(job.lines) for job in server.jobs] == [5, 2]
    assert len(server.answered) == 7
    assert kept(jobs) == (0, 0)


def test_answers_that_nobody_asks_for_again_wait(jobs: Path) -> None:
    with ModelServer(echo, batch_s=None) as server:
        abandoned(server, jobs, *TEXTS[:5])
        server.finish_batches()
        assert titles(asked(batch_model(server, jobs), *TEXTS[:2])) == TEXTS[:2]
        assert kept(jobs) == (1, 3)
        assert titles(asked(batch_model(server, jobs), *TEXTS[2:5])) == TEXTS[2:5]
    assert len(server.jobs) == 1
    assert kept(jobs) == (0, 0)


def test_a_process_killed_before_it_heard_of_its_job_pays_once_too(jobs: Path) -> None:
    with ModelServer(echo, creation_s=60.0) as server:
        killed_once(lambda: len(server.jobs) == 1, server, jobs, 5)
        assert named_jobs(jobs) == 0
        server.creation_s = 0.0
        assert titles(asked(batch_model(server, jobs), *TEXTS[:5])) == TEXTS[:5]
    assert len(server.jobs) == 1
    assert len(server.answered) == 5


def test_a_job_that_was_created_unheard_is_found_by_its_display_name(jobs: Path) -> None:
    async def ask_twice(server: ModelServer) -> list[str]:
        model = batch_model(server, jobs)
        errors = await outcomes(model, *TEXTS)
        assert {type(error) for error in errors} == {AnswerTimeoutError}
        answers = await outcomes(model, *TEXTS)
        await model.close()
        return titles(answers)

    with ModelServer(echo, unheard_batches=1) as server:
        assert asyncio.run(ask_twice(server)) == TEXTS
    assert [len(job.lines) for job in server.jobs] == [30]


def test_a_job_that_was_intended_but_never_created_is_created_now(jobs: Path) -> None:
    with ModelServer(echo) as server:
        model = batch_model(server, jobs)
        intended = BatchJobs(jobs)
        intended.intend("vdata-lost", [cache_key(model.identity, request(text)) for text in ("a", "b", "c")])
        intended.close()
        assert titles(asked(model, "a", "b")) == ["a", "b"]
    assert [len(job.lines) for job in server.jobs] == [2]
    assert kept(jobs) == (0, 0)


def test_a_job_that_the_service_has_forgotten_is_made_anew(jobs: Path) -> None:
    async def ask_twice(server: ModelServer) -> list[Answer | BaseException]:
        model = batch_model(server, jobs)
        (error,) = await outcomes(model, "question 0")
        assert isinstance(error, ServerError)
        assert str(error).endswith(": the service no longer has it")
        answers = await outcomes(model, "question 0")
        await model.close()
        return answers

    with ModelServer(echo, batch_s=None) as server:
        abandoned(server, jobs, "question 0")
        server.forget_batches()
        server.finish_batches()
        assert titles(asyncio.run(ask_twice(server))) == ["question 0"]


def test_a_caller_that_gives_up_leaves_its_answer_for_the_next(jobs: Path) -> None:
    async def give_up(model: GeminiBatchModel, server: ModelServer) -> None:
        waiting = asyncio.create_task(model.answer(request("a")))
        while not server.jobs:
            await asyncio.sleep(0.01)
        waiting.cancel()
        server.finish_batches()
        await asyncio.sleep(0.2)
        await model.close()

    with ModelServer(echo, batch_s=None) as server:
        asyncio.run(give_up(batch_model(server, jobs), server))
        assert titles(asked(batch_model(server, jobs), "a")) == ["a"]
    assert len(server.jobs) == 1
