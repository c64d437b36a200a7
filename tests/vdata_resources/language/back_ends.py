"""Both back ends, and requests for them."""

import asyncio
import io
from collections.abc import Callable
from contextlib import ExitStack

import pytest
from model_server import Fault, ModelServer
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

from vdata_resources.language.gemini import GeminiModel
from vdata_resources.language.openai_compatible import OpenAICompatibleModel
from vdata_resources.language.protocol import Answer, ModelError, ModelUnavailable, Request

KEY = "sk-very-secret-0123456789"

BackEnd = Callable[..., GeminiModel | OpenAICompatibleModel]


def gemini(server: ModelServer, timeout_s: float = 10.0) -> GeminiModel:
    return GeminiModel("test-model", KEY, base_url=server.url, timeout_s=timeout_s)


def openai_compatible(server: ModelServer, timeout_s: float = 10.0) -> OpenAICompatibleModel:
    return OpenAICompatibleModel("test-model", server.openai_url, KEY, timeout_s=timeout_s)


both = pytest.mark.parametrize("back_end", [gemini, openai_compatible], ids=["gemini", "openai"])


def asked(
    back_end: BackEnd, server: ModelServer, *requests: Request, timeout_s: float = 10.0
) -> list[Answer]:
    async def answers() -> list[Answer]:
        model = back_end(server, timeout_s)
        try:
            return await asyncio.gather(*(model.answer(each) for each in requests))
        finally:
            await model.close()

    return asyncio.run(answers())


class Place(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(description="what is there", min_length=1)
    box: tuple[int, int, int, int]


class Scene(BaseModel):
    """Nested lists, references with siblings, optional and numeric limits."""

    title: str = ""
    main: Place = Field(description="the main one")
    places: list[Place] = Field(max_length=8)
    groups: list[list[int]]
    weight: float | None = Field(None, ge=0, lt=1)


SCENE = {
    "title": "a room",
    "main": {"name": "chair", "box": [0, 0, 5, 9]},
    "places": [{"name": "chair", "box": [0, 0, 5, 9]}, {"name": "Löwe 🦁", "box": [1, 2, 3, 4]}],
    "groups": [[0], [0, 1], []],
    "weight": 0.5,
}


def picture(colour: str = "red", file_format: str = "PNG") -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (8, 6), colour).save(data, file_format)
    return data.getvalue()


def request(
    text: str = "What is there?", images: tuple[bytes, ...] | None = None, **changes: float
) -> Request:
    images = (picture(),) if images is None else images
    return Request("region_captions", "region_captions@1", text, images, Scene, **changes)


class Conversation:
    """One model that is asked one thing after the other, and its server, which may be told to fail."""

    def __init__(self, back_end: BackEnd) -> None:
        self.back_end = back_end
        self.fault: Fault | None = None
        self.server = ModelServer(lambda question: SCENE, faults=lambda question: self.fault)

    def __enter__(self) -> "Conversation":
        self.stack = ExitStack()
        self.stack.enter_context(self.server)
        self.runner = self.stack.enter_context(asyncio.Runner())
        self.model = self.back_end(self.server)
        self.stack.callback(lambda: self.runner.run(self.model.close()))
        return self

    def __exit__(self, *error: object) -> None:
        self.stack.close()

    @property
    def service(self) -> str:
        """What errors call the service."""
        if self.back_end is gemini:
            return f"Gemini (test-model at {self.server.url})"
        return f"OpenAI-compatible server (test-model at {self.server.openai_url})"

    def answer(self, asked: Request | None = None) -> Answer:
        """What is answered; the server's record begins anew."""
        self.server.requests.clear()
        return self.runner.run(self.model.answer(asked or request()))

    def failure(self, fault: Fault) -> Exception:
        """What is raised if the server fails so."""
        self.fault = fault
        try:
            with pytest.raises((ModelError, ModelUnavailable)) as caught:
                self.answer()
        finally:
            self.fault = None
        return caught.value
