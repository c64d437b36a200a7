"""A language model for tests: a local server that speaks Gemini's REST format and OpenAI's chat format.

    with ModelServer(answer=lambda asked: {"accept": True, "reason": "red"}) as server:
        model = GeminiModel("gemini-test", "key", base_url=server.url)

It listens on 127.0.0.1 alone. ``python -m model_server --help`` runs it as a process of its own.
"""

from model_server.faults import (
    Fault,
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
from model_server.recorded import Asked
from model_server.server import ModelServer

__all__ = [
    "Asked",
    "Fault",
    "ModelServer",
    "broken_off",
    "cut_off",
    "empty",
    "ended",
    "hanging",
    "http_error",
    "no_json",
    "prompt_blocked",
    "says",
]
