"""Responses in Gemini's and OpenAI's formats."""

import json
from typing import Any

from model_server.faults import Fault
from model_server.recorded import Asked

STATUS_NAMES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
RPC_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 429: 8, 500: 13, 503: 14}
INPUT_TOKENS = 1000
THOUGHT_TOKENS = 20


def answer_text(asked: Asked, written: dict[str, Any] | str, fault: Fault | None) -> str:
    """The JSON text that the model writes."""
    if fault is not None and fault.kind == "says":
        written = fault.text
    text = written if isinstance(written, str) else json.dumps(written)
    return text[: len(text) // 2] if fault is not None and fault.kind == "cut_off" else text


def gemini_answer(asked: Asked, text: str, fault: Fault | None) -> dict[str, Any]:
    """A GenerateContentResponse."""
    kind = fault.kind if fault else None
    usage: dict[str, Any] = {"promptTokenCount": INPUT_TOKENS, "totalTokenCount": INPUT_TOKENS}
    response = {"usageMetadata": usage, "modelVersion": asked.model, "responseId": f"r{asked.number}"}
    if fault is not None and kind == "prompt_blocked":
        return {"promptFeedback": {"blockReason": fault.reason}, **response}
    if kind == "empty":
        return response
    output = max(1, len(text) // 4)
    usage |= {
        "candidatesTokenCount": output,
        "thoughtsTokenCount": THOUGHT_TOKENS,
        "totalTokenCount": INPUT_TOKENS + output + THOUGHT_TOKENS,
    }
    if fault is not None and kind == "ended":
        return {"candidates": [{"finishReason": fault.reason, "index": 0}], **response}
    reason = "MAX_TOKENS" if kind == "cut_off" else "STOP"
    parts = [{"text": "Let me look.", "thought": True}, {"text": text}]
    candidate = {"content": {"role": "model", "parts": parts}, "finishReason": reason, "index": 0}
    return {"candidates": [candidate], **response}


def gemini_error(fault: Fault) -> dict[str, Any]:
    """A google.rpc.Status as the REST API writes it."""
    details: list[dict[str, Any]] = []
    if fault.reason:
        details.append({"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": fault.reason})
    if fault.retry_delay:
        details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": fault.retry_delay})
    name = STATUS_NAMES.get(fault.status, "UNKNOWN")
    error = {"code": fault.status, "message": fault.message, "status": name}
    return {"error": error | ({"details": details} if details else {})}


def openai_answer(asked: Asked, text: str, fault: Fault | None) -> dict[str, Any]:
    """A chat completion."""
    kind = fault.kind if fault else None
    message: dict[str, Any] = {"role": "assistant", "content": text}
    reason = "stop"
    if kind == "cut_off":
        reason = "length"
    elif fault is not None and kind == "ended":
        message["content"] = None
        reason = "length" if fault.reason == "MAX_TOKENS" else "content_filter"
    elif kind == "prompt_blocked":
        message |= {"content": None, "refusal": "I cannot help with that."}
    choice = {"index": 0, "message": message, "finish_reason": reason}
    output = max(1, len(text) // 4) + THOUGHT_TOKENS
    return {
        "id": f"chatcmpl-{asked.number}",
        "object": "chat.completion",
        "created": 0,
        "model": asked.model,
        "choices": [] if kind == "empty" else [choice],
        "usage": {
            "prompt_tokens": INPUT_TOKENS,
            "completion_tokens": output,
            "total_tokens": INPUT_TOKENS + output,
        },
    }


def openai_error(fault: Fault) -> dict[str, Any]:
    """An error as OpenAI-compatible servers write it."""
    return {"error": {"message": fault.message, "type": "error", "code": fault.reason or None}}
