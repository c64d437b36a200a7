"""Where keys go, and where they never do."""

import asyncio
import logging
import traceback

import pytest
from back_ends import KEY, SCENE, BackEnd, asked, both, request
from model_server import (
    ModelServer,
    broken_off,
    cut_off,
    hanging,
    http_error,
    no_json,
    prompt_blocked,
)

from vdata_resources.language.gemini import GeminiModel
from vdata_resources.language.openai_compatible import OpenAICompatibleModel
from vdata_resources.language.protocol import (
    ModelError,
    ModelUnavailable,
)


@both
def test_the_key_is_sent_and_seen_nowhere_else(back_end: BackEnd, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    faults = [
        http_error(status, f"the key {KEY} is wrong", reason="API_KEY_INVALID" if status == 400 else "")
        for status in (302, 400, 401, 403, 404, 429, 500)
    ]
    faults += [broken_off(), no_json(), hanging(), prompt_blocked(), cut_off()]
    shown = []

    async def all_faults(server: ModelServer) -> None:
        model = back_end(server, 0.5)
        shown.extend([repr(model), str(model), model.identity])
        for _ in faults:
            try:
                await model.answer(request())
            except (ModelError, ModelUnavailable) as error:
                shown.append("".join(traceback.format_exception(error)))
                shown.append(repr(error) + repr(error.__cause__) + repr(error.__context__))
        await model.answer(request())
        await model.close()

    with ModelServer(lambda question: SCENE, faults=dict(enumerate(faults))) as server:
        asyncio.run(all_faults(server))
    shown += [record.getMessage() + repr(record.args) for record in caplog.records]
    assert all(KEY in str(question.headers) for question in server.requests)
    assert len(server.requests) == len(faults) + 1
    assert len(caplog.records) > len(faults)
    assert [text for text in shown if KEY in text] == []


ENVIRONMENT = {
    "GOOGLE_API_KEY": "other-google-key",
    "GEMINI_API_KEY": "other-gemini-key",
    "GOOGLE_GEMINI_BASE_URL": "http://127.0.0.1:9/elsewhere",
    "GOOGLE_GENAI_USE_VERTEXAI": "true",
    "GOOGLE_GENAI_USE_ENTERPRISE": "true",
    "GOOGLE_GENAI_API_VERSION": "v9",
    "GOOGLE_CLOUD_PROJECT": "other-project",
    "OPENAI_API_KEY": "other-openai-key",
    "OPENAI_ADMIN_KEY": "other-admin-key",
    "OPENAI_BASE_URL": "http://127.0.0.1:9/elsewhere",
    "OPENAI_ORG_ID": "other-organisation",
    "OPENAI_PROJECT_ID": "other-project",
}


@both
def test_variables_for_other_services_neither_redirect_nor_leak(
    back_end: BackEnd, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with ModelServer(lambda question: SCENE) as server:
        asked(back_end, server, request())
    (question,) = server.requests
    assert KEY in str(question.headers)
    assert "other-" not in str(question.headers)


@pytest.mark.parametrize(
    ("base_url", "message"),
    [
        ("localhost:8000", "base_url: 'localhost:8000' is no http:// or https:// address"),
        ("", "base_url: '' is no http:// or https:// address"),
        ("ftp://example.org", "base_url: 'ftp://example.org' is no http:// or https:// address"),
        ("http://me:pass@example.org", "base_url: leave user and password out; set api_key instead"),
    ],
)
def test_an_address_that_is_none_is_refused_before_anything_is_asked(base_url: str, message: str) -> None:
    with pytest.raises(ModelUnavailable) as caught:
        OpenAICompatibleModel("test-model", base_url, KEY)
    assert str(caught.value) == message


@pytest.mark.parametrize("key", ["two words", "líne", "a\nb", "a\x00b"])
def test_a_key_that_is_none_is_refused_without_being_shown(key: str) -> None:
    for make, setting in (
        (lambda: GeminiModel("test-model", key), "GOOGLE_API_KEY"),
        (lambda: OpenAICompatibleModel("test-model", "http://127.0.0.1:9/v1", key), "api_key"),
    ):
        with pytest.raises(ModelUnavailable) as caught:
            make()
        assert str(caught.value) == f"{setting} holds characters that no key has: copy it again"
