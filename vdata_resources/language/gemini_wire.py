"""Gemini's REST format: requests as it takes them, and what its answers mean.

Format: https://ai.google.dev/api/generate-content.
"""

import base64
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from vdata_resources.language.protocol import Answer, BlockedError, Request, UnparsableError, Usage
from vdata_resources.language.request_wire import answer_schema, typed_images

UNSPECIFIED = (None, "FINISH_REASON_UNSPECIFIED", "BLOCKED_REASON_UNSPECIFIED")
WITHHELD = frozenset(
    {
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
    }
)


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class _Part(_Wire):
    text: str | None = None
    thought: bool | None = None


class _Content(_Wire):
    parts: list[_Part] | None = None


class _Candidate(_Wire):
    content: _Content | None = None
    finish_reason: str | None = None


class _Feedback(_Wire):
    block_reason: str | None = None


class _Tokens(_Wire):
    prompt_token_count: int | None = None
    tool_use_prompt_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None


class GeminiResponse(_Wire):
    """A GenerateContentResponse, as far as it is read."""

    candidates: list[_Candidate] | None = None
    prompt_feedback: _Feedback | None = None
    usage_metadata: _Tokens | None = None

    @property
    def usage(self) -> Usage:
        """Tokens that are billed: thoughts are output."""
        tokens = self.usage_metadata or _Tokens()
        return Usage(
            input_tokens=(tokens.prompt_token_count or 0) + (tokens.tool_use_prompt_token_count or 0),
            output_tokens=(tokens.candidates_token_count or 0) + (tokens.thoughts_token_count or 0),
        )


def request_body(request: Request, thinking_budget: int | None) -> dict[str, Any]:
    """A GenerateContentRequest without its model: the text, then the images."""
    images = [
        {"inlineData": {"mimeType": media_type, "data": base64.b64encode(image).decode()}}
        for media_type, image in typed_images(request)
    ]
    config: dict[str, Any] = {
        "temperature": request.temperature,
        "maxOutputTokens": request.max_output_tokens,
        "responseMimeType": "application/json",
        "responseJsonSchema": answer_schema(request.schema),
    }
    if thinking_budget is not None:
        config["thinkingConfig"] = {"thinkingBudget": thinking_budget}
    return {
        "contents": [{"role": "user", "parts": [{"text": request.text}, *images]}],
        "generationConfig": config,
    }


def answer_of(response: GeminiResponse, request: Request) -> Answer:
    """The JSON text of the first candidate; thoughts are left out.

    Raises:
        BlockedError: the prompt was blocked, or the answer withheld.
        UnparsableError: the answer is empty, or was cut off.
    """
    usage = response.usage
    blocked = response.prompt_feedback.block_reason if response.prompt_feedback else None
    if blocked not in UNSPECIFIED:
        raise BlockedError(f"the prompt was blocked: {blocked}", usage)
    if not response.candidates:
        raise UnparsableError("the answer has no candidates", usage)
    candidate = response.candidates[0]
    reason = candidate.finish_reason
    if reason in WITHHELD:
        raise BlockedError(f"the answer was withheld: {reason}", usage)
    if reason == "MAX_TOKENS":
        raise UnparsableError(
            f"cut off after {usage.output_tokens} tokens (thoughts included; "
            f"max_output_tokens is {request.max_output_tokens})",
            usage,
        )
    if reason != "STOP" and reason not in UNSPECIFIED:
        raise UnparsableError(f"the answer ended early: {reason}", usage)
    parts = (candidate.content.parts if candidate.content else None) or []
    text = "".join(part.text for part in parts if part.text and not part.thought)
    if not text.strip():
        raise UnparsableError("the answer is empty", usage)
    return Answer(text, usage)
