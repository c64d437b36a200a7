"""What both back ends promise, through their real SDKs, against a server on this machine."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from back_ends import (
    SCENE,
    BackEnd,
    Conversation,
    Scene,
    asked,
    both,
    gemini,
    openai_compatible,
    picture,
    request,
)
from model_server import (
    Fault,
    ModelServer,
    broken_off,
    cut_off,
    empty,
    ended,
    hanging,
    http_error,
    no_json,
    prompt_blocked,
    says,
)

from vdata_resources.language.protocol import (
    AnswerTimeoutError,
    BlockedError,
    ModelError,
    ModelUnavailable,
    QuotaError,
    RefusedError,
    ServerError,
    UnparsableError,
    Usage,
)


@pytest.fixture(scope="module", params=[gemini, openai_compatible], ids=["gemini", "openai"])
def conversation(request: pytest.FixtureRequest) -> Iterator[Conversation]:
    with Conversation(request.param) as conversation:
        yield conversation


@dataclass(frozen=True)
class Case:
    """A fault, and what both back ends make of it; ``{on}`` is the service, ``{status}`` Gemini's word."""

    name: str
    fault: Fault
    error: type[Exception]
    message: str
    openai_message: str | None = None
    billed: bool = False
    retry_after: float | None = None


CASES = [
    Case(
        "quota",
        http_error(429, "too many", retry_after="7"),
        QuotaError,
        "{on}: HTTP 429: {status}too many",
        retry_after=7.0,
    ),
    Case("quota_unasked", http_error(429, "too many"), QuotaError, "{on}: HTTP 429: {status}too many"),
    Case(
        "retry_after_is_nonsense",
        http_error(429, "too many", retry_after="soon"),
        QuotaError,
        "{on}: HTTP 429: {status}too many",
    ),
    Case("server", http_error(500, "oops"), ServerError, "{on}: HTTP 500: {status}oops"),
    Case(
        "overloaded",
        http_error(503, "later", retry_after="1.5"),
        ServerError,
        "{on}: HTTP 503: {status}later",
        retry_after=1.5,
    ),
    Case("bad_request", http_error(400, "no"), RefusedError, "{on}: HTTP 400: {status}no"),
    Case("too_large", http_error(413, "no"), RefusedError, "{on}: HTTP 413: {status}no"),
    Case("unprocessable", http_error(422, "no"), RefusedError, "{on}: HTTP 422: {status}no"),
    Case(
        "unauthenticated",
        http_error(401, "who?"),
        ModelUnavailable,
        "{on} will not serve this key: check GOOGLE_API_KEY (HTTP 401: {status}who?)",
        "{on} will not serve this key: check api_key (HTTP 401: who?)",
    ),
    Case(
        "forbidden",
        http_error(403, "no"),
        ModelUnavailable,
        "{on} will not serve this key: check GOOGLE_API_KEY (HTTP 403: {status}no)",
        "{on} will not serve this key: check api_key (HTTP 403: no)",
    ),
    Case(
        "no_such_model",
        http_error(404, "no"),
        ModelUnavailable,
        "{on} has no such model: check model and base_url (HTTP 404: {status}no)",
    ),
    Case(
        "moved",
        http_error(302, "elsewhere"),
        ModelUnavailable,
        "{on} is not there: check base_url (HTTP 302: {status}elsewhere)",
    ),
    Case(
        "broken_off",
        broken_off(),
        AnswerTimeoutError,
        "{on}: no connection: peer closed connection without sending complete message body "
        "(received 0 bytes, expected 100)",
    ),
    Case(
        "no_json",
        no_json(),
        ServerError,
        "{on}: answered in a format that is not the service's: JSONDecodeError",
        "{on}: answered in a format that is not the service's: ValidationError",
    ),
    Case(
        "prompt_blocked",
        prompt_blocked(),
        BlockedError,
        "the prompt was blocked: SAFETY",
        "the model refused to answer",
        billed=True,
    ),
    Case(
        "answer_withheld",
        ended("SAFETY"),
        BlockedError,
        "the answer was withheld: SAFETY",
        "the answer was withheld: content_filter",
        billed=True,
    ),
    Case(
        "cut_off",
        cut_off(),
        UnparsableError,
        "cut off after {tokens} tokens (thoughts included; max_output_tokens is 4096)",
        "cut off after {tokens} tokens (max_output_tokens is 4096)",
        billed=True,
    ),
    Case(
        "no_candidates",
        empty(),
        UnparsableError,
        "the answer has no candidates",
        "the answer has no choices",
        billed=True,
    ),
    Case("empty", says("  \n"), UnparsableError, "the answer is empty", billed=True),
]


WORDS = {
    400: "INVALID_ARGUMENT: ",
    401: "UNAUTHENTICATED: ",
    403: "PERMISSION_DENIED: ",
    404: "NOT_FOUND: ",
    429: "RESOURCE_EXHAUSTED: ",
    500: "INTERNAL: ",
    503: "UNAVAILABLE: ",
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_failure_is_of_its_own_kind_and_asked_once(conversation: Conversation, case: Case) -> None:
    error = conversation.failure(case.fault)
    message, word = case.message, WORDS.get(case.fault.status, "UNKNOWN: ")
    if conversation.back_end is openai_compatible:
        message, word = case.openai_message or message, ""
    tokens = error.usage.output_tokens if isinstance(error, ModelError) else 0
    assert str(error) == message.format(on=conversation.service, status=word, tokens=tokens)
    assert type(error) is case.error
    assert len(conversation.server.requests) == 1
    if isinstance(error, ModelError):
        assert (error.usage.input_tokens > 0) is case.billed
        assert error.retry_after == case.retry_after


@both
def test_an_answer_that_takes_too_long_is_given_up(back_end: BackEnd) -> None:
    with (
        ModelServer(faults={0: hanging()}) as server,
        pytest.raises(AnswerTimeoutError, match=r": no answer within 0\.3 s$"),
    ):
        asked(back_end, server, request(), timeout_s=0.3)
    assert len(server.requests) == 1


def test_a_retry_after_date_is_seconds_from_now(conversation: Conversation) -> None:
    error = conversation.failure(http_error(503, retry_after="Wed, 21 Oct 2065 07:28:00 GMT"))
    assert isinstance(error, ServerError)
    assert error.retry_after is not None
    assert error.retry_after > 365 * 24 * 3600


@both
def test_a_refused_connection_is_a_timeout_that_names_the_address(back_end: BackEnd) -> None:
    server = ModelServer()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        server.port = free.getsockname()[1]
    with pytest.raises(AnswerTimeoutError, match=f":{server.port}.*: no connection: .*"):
        asked(back_end, server, request())


def test_a_nested_schema_goes_out_without_references_and_its_answer_comes_back(
    conversation: Conversation,
) -> None:
    answer = conversation.answer()
    assert Scene.model_validate_json(answer.text) == Scene.model_validate(SCENE)
    (question,) = conversation.server.requests
    place = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "name": {"type": "string", "description": "what is there", "minLength": 1},
            "box": {
                "type": "array",
                "prefixItems": [{"type": "integer"}] * 4,
                "minItems": 4,
                "maxItems": 4,
            },
        },
        "required": ["name", "box"],
    }
    assert question.schema == {
        "type": "object",
        "description": "Nested lists, references with siblings, optional and numeric limits.",
        "properties": {
            "title": {"type": "string"},
            "main": {**place, "description": "the main one"},
            "places": {"type": "array", "items": place, "maxItems": 8},
            "groups": {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}},
            "weight": {"anyOf": [{"type": "number", "minimum": 0, "exclusiveMaximum": 1}, {"type": "null"}]},
        },
        "required": ["main", "places", "groups"],
    }
    assert list(question.schema["properties"]) == ["title", "main", "places", "groups", "weight"]


def test_text_images_and_parameters_arrive_as_they_are(conversation: Conversation) -> None:
    images = (picture("red"), picture("lime", "JPEG"), picture("blue"))
    conversation.answer(request("Wo ist der Löwe 🦁?", images, temperature=0.7, max_output_tokens=99))
    (question,) = conversation.server.requests
    assert question.model == "test-model"
    assert question.prompt == "Wo ist der Löwe 🦁?"
    assert question.temperature == 0.7
    assert question.max_output_tokens == 99
    assert question.files == list(zip(["image/png", "image/jpeg", "image/png"], images, strict=True))
    expected = ([255, 0, 0], [0, 255, 0], [0, 0, 255])
    for image, colour in zip(question.images, expected, strict=True):
        assert image.shape == (6, 8, 3)
        np.testing.assert_allclose(image[0, 0], colour, atol=2)


def test_a_question_may_have_no_image(conversation: Conversation) -> None:
    conversation.answer(request(images=()))
    assert conversation.server.requests[0].files == []


def test_what_is_no_png_or_jpeg_is_a_mistake_of_the_caller(conversation: Conversation) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is compared
        conversation.answer(request(images=(picture(), b"GIF89a..")))
    assert str(caught.value) == (
        "image 1 of a region_captions request starts with b'GIF89a..': neither PNG nor JPEG"
    )
    assert conversation.server.requests == []


def test_text_that_is_not_json_is_handed_on_for_the_caller_to_judge(conversation: Conversation) -> None:
    conversation.fault = says("not JSON")
    answer = conversation.answer()
    conversation.fault = None
    assert answer.text == "not JSON"


def test_thoughts_are_billed_as_output(conversation: Conversation) -> None:
    answer = conversation.answer()
    assert answer.usage == Usage(1000, len(json.dumps(SCENE)) // 4 + 20)
    assert answer.text == json.dumps(SCENE)


@both
def test_all_requests_are_under_way_at_once(back_end: BackEnd) -> None:
    with ModelServer(lambda question: {**SCENE, "title": question.prompt}, latency_s=1.0) as server:
        answers = asked(back_end, server, *(request(f"question {number}") for number in range(64)))
    titles = [Scene.model_validate_json(answer.text).title for answer in answers]
    assert titles == [f"question {number}" for number in range(64)]
    assert server.most_under_way == 64


@pytest.mark.parametrize("module", ["gemini", "gemini_batch", "openai_compatible"])
def test_importing_a_back_end_imports_no_sdk(module: str) -> None:
    code = f"""
import sys, vdata_resources.language.{module}
print([name for name in ("google.genai", "openai", "httpx2", "httpx") if name in sys.modules])
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
