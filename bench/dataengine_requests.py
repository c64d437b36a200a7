"""Requests of the data engine within a service's limit: answered a minute against what the limit allows.

200 images go through chains of questions that depend on each other as the engine's do: name the regions, find
their boxes, judge two masks at once, write a prompt, judge it. The server answers after 1 s, allows 600
requests in any minute, and runs in a process of its own; the real google-genai SDK asks it. Beside it stands
what an engine would do that asks one question after the other.
"""

import asyncio
import io
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from memory import PeakMemory
from PIL import Image
from pydantic import BaseModel
from report import report

from vdata_resources.concurrently import gathered, ordered
from vdata_resources.language.answer_cache import AnswerCache
from vdata_resources.language.asking import Questioner
from vdata_resources.language.costs import Prices
from vdata_resources.language.gemini import GeminiModel
from vdata_resources.language.ledger import Ledger
from vdata_resources.language.pacing import Pace
from vdata_resources.language.protocol import Request

IMAGES = 200
REQUESTS_AN_IMAGE = 6
LATENCY_S = 1.0
REQUESTS_PER_MINUTE = 600
AHEAD = 32  # images under way
SEQUENTIAL = 10  # questions that are timed one after the other
TESTS = Path(__file__).resolve().parents[1] / "tests"


class Verdict(BaseModel):
    """The shape of every answer: what they say is of no matter here."""

    accept: bool
    reason: str


def photo(number: int) -> bytes:
    """A JPEG of 768 x 512 pixels and about 70 kB."""
    noise = np.random.default_rng(number).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    data = io.BytesIO()
    Image.fromarray(noise).resize((768, 512), Image.Resampling.BICUBIC).save(data, "JPEG", quality=85)
    return data.getvalue()


async def work_on(questioner: Questioner, number: int) -> int:
    """All questions about one image; how many."""
    image = await asyncio.to_thread(photo, number)

    async def ask(purpose: str, about: str = "") -> None:
        text = f"{purpose} of image {number} {about}"
        await questioner.ask(Request(purpose, f"{purpose}@1", text, (image,), Verdict), Verdict)

    await ask("region_captions")
    await ask("region_boxes")
    await gathered(ask("mask_verification", about) for about in ("initial", "refined"))
    await ask("prompts_entities")
    await ask("prompt_verification")
    return REQUESTS_AN_IMAGE


async def engine(url: str, folder: Path) -> tuple[int, float]:
    """Questions answered, and seconds."""
    model = GeminiModel("bench", "no-secret", base_url=url)
    with AnswerCache(folder / "answers.sqlite") as cache:
        questioner = Questioner(model, cache, Pace(REQUESTS_PER_MINUTE, None), Ledger(Prices(0, 0), None))
        started = time.perf_counter()
        answered = 0
        async for count in ordered(lambda number: work_on(questioner, number), range(IMAGES), AHEAD):
            answered += count
        seconds = time.perf_counter() - started
    await model.close()
    return answered, seconds


async def one_by_one(url: str) -> float:
    """Requests a minute of an engine that waits for each answer."""
    model = GeminiModel("bench", "no-secret", base_url=url)
    request = Request("region_captions", "region_captions@1", "warm up", (photo(0),), Verdict)
    await model.answer(request)
    started = time.perf_counter()
    for _ in range(SEQUENTIAL):
        await model.answer(request)
    seconds = time.perf_counter() - started
    await model.close()
    return SEQUENTIAL / seconds * 60


def served(*options: str) -> "subprocess.Popen[str]":
    """The server in a process of its own; its first line is its URL."""
    return subprocess.Popen(
        [sys.executable, "-m", "model_server", "--latency", str(LATENCY_S), *options],
        cwd=TESTS,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def url_of(server: "subprocess.Popen[str]") -> str:
    """Where it listens."""
    assert server.stdout is not None
    return server.stdout.readline().strip()


def main() -> bool:
    """Time both, print."""
    with served() as server:
        sequential = asyncio.run(one_by_one(url_of(server)))
        server.communicate()
    with (
        tempfile.TemporaryDirectory() as folder,
        served("--requests-per-minute", str(REQUESTS_PER_MINUTE)) as server,
    ):
        url = url_of(server)
        with PeakMemory() as memory:
            answered, seconds = asyncio.run(engine(url, Path(folder)))
        counts = json.loads(server.communicate()[0])
    rate = answered / seconds * 60
    print(f"{answered} requests for {IMAGES} images in {seconds:.1f} s: {rate:.0f} a minute")
    print(f"one after the other: {sequential:.0f} a minute")
    print(f"the server: {counts}")
    return report(
        "dataengine_requests",
        rate / REQUESTS_PER_MINUTE,
        f"the limit of {REQUESTS_PER_MINUTE} requests a minute, {LATENCY_S:g} s latency",
        ">= 0.9",
        peak_mb=memory.mb,
    )


if __name__ == "__main__":
    sys.exit(not main())
