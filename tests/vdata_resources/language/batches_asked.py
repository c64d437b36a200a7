"""Ways to ask the batch model, and to look at what it keeps."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

from back_ends import KEY, SCENE, Scene, request
from model_server import Asked, ModelServer

from vdata_resources.language.gemini_batch import GeminiBatchModel
from vdata_resources.language.protocol import Answer

TEXTS = [f"question {number}" for number in range(30)]


def echo(question: Asked) -> dict[str, Any]:
    return {**SCENE, "title": question.prompt}


def batch_model(server: ModelServer, jobs: Path, **settings: Any) -> GeminiBatchModel:
    settings = {"quiet_s": 0.1, "poll_s": 0.02, "timeout_s": 10.0, **settings}
    return GeminiBatchModel("test-model", KEY, jobs, base_url=server.url, **settings)


async def outcomes(model: GeminiBatchModel, *texts: str) -> list[Answer | BaseException]:
    asked = (model.answer(request(text)) for text in texts)
    return await asyncio.gather(*asked, return_exceptions=True)


def asked(model: GeminiBatchModel, *texts: str) -> list[Answer | BaseException]:
    """Answers or errors, in the order of the questions; the model is closed."""

    async def all_answers() -> list[Answer | BaseException]:
        try:
            return await outcomes(model, *texts)
        finally:
            await model.close()

    return asyncio.run(all_answers())


def titles(answers: list[Answer | BaseException]) -> list[str]:
    return [
        Scene.model_validate_json(answer.text).title if isinstance(answer, Answer) else repr(answer)
        for answer in answers
    ]


def kept(jobs: Path) -> tuple[int, int]:
    """Jobs and requests in the file."""
    with sqlite3.connect(jobs) as database:
        (counts,) = database.execute(
            "SELECT (SELECT count(*) FROM jobs), (SELECT count(*) FROM requests)"
        ).fetchall()
    database.close()
    return counts


def abandoned(server: ModelServer, jobs: Path, *texts: str) -> None:
    """Ask, and leave once the job is under way."""

    async def leave() -> None:
        model = batch_model(server, jobs)
        waiting = asyncio.create_task(outcomes(model, *texts))
        while not server.looks:
            await asyncio.sleep(0.01)
        await model.close()
        await waiting

    asyncio.run(leave())
