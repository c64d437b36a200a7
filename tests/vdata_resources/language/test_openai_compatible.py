"""What only OpenAI-compatible servers have."""

import asyncio

import pytest
from back_ends import SCENE, request
from model_server import ModelServer

from vdata_resources.language.openai_compatible import OpenAICompatibleModel


@pytest.mark.parametrize("key", [None, "", " "], ids=["none", "empty", "blank"])
def test_a_server_without_keys_gets_a_placeholder(key: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "the-key-of-another-service")

    async def ask(server: ModelServer) -> None:
        model = OpenAICompatibleModel("qwen2.5vl", server.openai_url, key)
        await model.answer(request())
        await model.close()

    with ModelServer(lambda question: SCENE) as server:
        asyncio.run(ask(server))
    assert server.requests[0].headers["authorization"] == "Bearer none"


def test_the_schema_is_a_wish_that_servers_may_take_loosely() -> None:
    async def ask(server: ModelServer) -> None:
        model = OpenAICompatibleModel("qwen2.5vl", server.openai_url, None)
        await model.answer(request())
        await model.close()

    with ModelServer(lambda question: SCENE) as server:
        asyncio.run(ask(server))
    wish = server.requests[0].body["response_format"]
    assert wish["type"] == "json_schema"
    assert wish["json_schema"]["name"] == "Scene"
    assert wish["json_schema"]["strict"] is False


def test_the_identity_names_model_and_address_but_no_key() -> None:
    model = OpenAICompatibleModel("qwen2.5vl", "http://127.0.0.1:8000/v1/", "secret")
    assert model.identity == "openai-compatible qwen2.5vl at http://127.0.0.1:8000/v1"
