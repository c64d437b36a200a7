"""What only Gemini has."""

import asyncio
from collections.abc import Iterator

import pytest
from back_ends import KEY, SCENE, Conversation, gemini, request
from model_server import Fault, ModelServer, ended, http_error, prompt_blocked

from vdata_resources.language.gemini import GeminiModel
from vdata_resources.language.protocol import (
    Answer,
    BlockedError,
    ModelUnavailable,
    QuotaError,
    UnparsableError,
)

UNKNOWN = pytest.mark.filterwarnings("ignore:A_NEW_ONE is not a valid:UserWarning")


def answered(server: ModelServer, thinking_budget: int | None = None) -> Answer:
    async def answer() -> Answer:
        model = GeminiModel("test-model", KEY, base_url=server.url, thinking_budget=thinking_budget)
        try:
            return await model.answer(request())
        finally:
            await model.close()

    return asyncio.run(answer())


@pytest.fixture(scope="module")
def conversation() -> Iterator[Conversation]:
    with Conversation(gemini) as conversation:
        yield conversation


@pytest.mark.parametrize("key", ["", "  ", "\n"])
def test_without_a_key_it_is_unavailable_at_once(key: str) -> None:
    with pytest.raises(ModelUnavailable) as caught:
        GeminiModel("gemini-2.5-flash", key)
    assert str(caught.value) == (
        "set GOOGLE_API_KEY to a key of https://aistudio.google.com/apikey: Gemini needs one"
    )


@pytest.mark.parametrize(
    ("settings", "identity"),
    [
        ({}, "gemini gemini-2.5-flash"),
        ({"timeout_s": 3.0}, "gemini gemini-2.5-flash"),
        ({"base_url": "https://generativelanguage.googleapis.com/"}, "gemini gemini-2.5-flash"),
        ({"base_url": "http://proxy:80/"}, "gemini gemini-2.5-flash at http://proxy:80"),
        ({"thinking_budget": 0}, "gemini gemini-2.5-flash thinking 0"),
    ],
)
def test_the_identity_tells_what_changes_answers(settings: dict[str, object], identity: str) -> None:
    assert GeminiModel("gemini-2.5-flash", KEY, **settings).identity == identity


@pytest.mark.parametrize("budget", [None, 0, -1, 512], ids=["default", "none", "free", "some"])
def test_the_thinking_budget_is_sent_if_it_is_set(budget: int | None) -> None:
    with ModelServer(lambda question: SCENE) as server:
        answered(server, budget)
    config = server.requests[0].body["generationConfig"]
    assert server.requests[0].thinking_budget == budget
    assert config["responseMimeType"] == "application/json"


@pytest.mark.parametrize(
    "reason",
    [
        "SAFETY",
        "RECITATION",
        "LANGUAGE",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
        "MODEL_ARMOR",
        "ESCALATION",
        "PUP_LIMITED_DISABLED",
    ],
)
def test_every_reason_to_withhold_an_answer_is_a_block(conversation: Conversation, reason: str) -> None:
    error = conversation.failure(ended(reason))
    assert type(error) is BlockedError
    assert str(error) == f"the answer was withheld: {reason}"


@pytest.mark.parametrize(
    "reason", ["SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", pytest.param("A_NEW_ONE", marks=UNKNOWN)]
)
def test_every_reason_to_block_a_prompt_is_a_block(conversation: Conversation, reason: str) -> None:
    error = conversation.failure(prompt_blocked(reason))
    assert type(error) is BlockedError
    assert str(error) == f"the prompt was blocked: {reason}"


@pytest.mark.parametrize(
    "reason", ["OTHER", "MALFORMED_RESPONSE", "CONTINUATION", pytest.param("A_NEW_ONE", marks=UNKNOWN)]
)
def test_every_other_early_end_is_unparsable(conversation: Conversation, reason: str) -> None:
    error = conversation.failure(ended(reason))
    assert type(error) is UnparsableError
    assert str(error) == f"the answer ended early: {reason}"


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [
        (http_error(429, retry_delay="12.5s"), 12.5),
        (http_error(429, retry_delay="12s", retry_after="40"), 40.0),
        (http_error(429, retry_delay="-3s"), None),
        (http_error(429, retry_delay="nan"), None),
    ],
    ids=["info", "both", "negative", "no_number"],
)
def test_the_longer_of_retry_after_and_retry_info_counts(
    conversation: Conversation, fault: Fault, seconds: float | None
) -> None:
    error = conversation.failure(fault)
    assert isinstance(error, QuotaError)
    assert error.retry_after == seconds


@pytest.mark.parametrize(
    "fault",
    [
        http_error(400, "API key not valid. Please pass a valid API key."),
        http_error(400, "Invalid.", reason="API_KEY_INVALID"),
        http_error(400, "API key expired. Please renew the API key."),
    ],
    ids=["words", "reason", "expired"],
)
def test_a_wrong_key_makes_it_unavailable_whatever_the_status(
    conversation: Conversation, fault: Fault
) -> None:
    error = conversation.failure(fault)
    assert type(error) is ModelUnavailable
    assert "check GOOGLE_API_KEY (HTTP 400: INVALID_ARGUMENT: " in str(error)
