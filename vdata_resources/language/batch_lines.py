"""Lines of the files that go to and come from Gemini's Batch API: JSON objects with a key each.

Format: https://ai.google.dev/gemini-api/docs/batch-api#input-file.
"""

import json

from pydantic import AliasChoices, BaseModel, Field, ValidationError

from vdata_resources.language.gemini_wire import GeminiResponse, answer_of, request_body
from vdata_resources.language.protocol import Answer, Request
from vdata_resources.language.service import Service

HTTP_OF_RPC = {
    3: 400,  # INVALID_ARGUMENT
    4: 504,  # DEADLINE_EXCEEDED
    5: 404,  # NOT_FOUND
    7: 403,  # PERMISSION_DENIED
    8: 429,  # RESOURCE_EXHAUSTED
    9: 400,  # FAILED_PRECONDITION
    11: 400,  # OUT_OF_RANGE
    14: 503,  # UNAVAILABLE
    16: 401,  # UNAUTHENTICATED
}
"""HTTP status of a google.rpc.Code, as google/rpc/code.proto has it; 500 for every other."""


class _LineError(BaseModel):
    code: int = 500
    message: str = ""


class AnswerLine(BaseModel):
    """One line of an answer file."""

    key: str
    response: GeminiResponse | None = None
    error: _LineError = Field(default=_LineError(), validation_alias=AliasChoices("error", "status"))


def request_line(key: str, request: Request, thinking_budget: int | None) -> bytes:
    """One line of a request file, its end included."""
    body = request_body(request, thinking_budget)
    return json.dumps({"key": key, "request": body}).encode() + b"\n"


def lines_by_key(content: bytes) -> dict[str, AnswerLine]:
    """The lines of an answer file that can be read; a request whose line cannot has no answer."""
    lines: dict[str, AnswerLine] = {}
    for text in content.splitlines():
        try:
            line = AnswerLine.model_validate_json(text)
        except ValidationError:
            continue
        lines[line.key] = line
    return lines


def answer_of_line(line: AnswerLine, request: Request, service: Service) -> Answer:
    """The answer to a request.

    Raises:
        ModelError: the line says why there is none.
        ModelUnavailable: the key or the model is wrong.
    """
    if line.response is not None:
        return answer_of(line.response, request)
    code = line.error.code
    status = code if code >= 100 else HTTP_OF_RPC.get(code, 500)
    raise service.failure(status, line.error.message)
