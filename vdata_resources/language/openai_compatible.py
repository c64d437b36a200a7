"""Models behind OpenAI's chat completions API: vLLM, Ollama and others. Importing this imports no SDK.

Format: https://platform.openai.com/docs/api-reference/chat.
"""

import asyncio
import base64
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field, ValidationError

from vdata_resources.language.protocol import (
    Answer,
    BlockedError,
    ModelError,
    ModelUnavailable,
    Request,
    UnparsableError,
    Usage,
)
from vdata_resources.language.request_wire import answer_schema, typed_images
from vdata_resources.language.service import Service, retry_after_of

if TYPE_CHECKING:
    import openai

NO_KEY = "none"


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Tokens(BaseModel):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Completion(BaseModel):
    """A chat completion, as far as it is read."""

    choices: list[_Choice]
    usage: _Tokens | None = Field(default=None)


class OpenAICompatibleModel:
    """A :class:`~vdata_resources.language.protocol.VisionLanguageModel` on any OpenAI-compatible server.

    Bound to the event loop that first uses it. Keys and organisations that the environment holds for
    OpenAI itself are not sent.

    Args:
        model: as the server calls it.
        base_url: of the API, e.g. ``http://127.0.0.1:8000/v1``.
        api_key: None for servers that take none.
        timeout_s: seconds until a request is given up.

    Raises:
        ModelUnavailable: an address or a key that is none.
    """

    def __init__(self, model: str, base_url: str, api_key: str | None, *, timeout_s: float = 120.0) -> None:
        key = (api_key or "").strip()
        self._service = Service("OpenAI-compatible server", model, base_url, timeout_s, "api_key", key)

    @property
    def identity(self) -> str:
        """Kind of service, model and address."""
        return f"openai-compatible {self._service.model} at {self._service.base_url}"

    @cached_property
    def _client(self) -> "openai.AsyncOpenAI":
        import openai

        absent = {"OpenAI-Organization": openai.Omit(), "OpenAI-Project": openai.Omit()}
        return openai.AsyncOpenAI(
            api_key=self._service.key or NO_KEY,
            base_url=self._service.base_url,
            timeout=self._service.timeout_s,
            max_retries=0,
            default_headers=absent,  # type: ignore[arg-type]
        )

    async def answer(self, request: Request) -> Answer:
        """See :class:`~vdata_resources.language.protocol.VisionLanguageModel`.

        Raises:
            ModelError: this request has no answer; its class says why.
            ModelUnavailable: the key, the model or the address is wrong.
            ValueError: an image is neither PNG nor JPEG.
        """
        import openai

        body = _body(request)
        failure: ModelError | ModelUnavailable
        try:
            async with asyncio.timeout(self._service.timeout_s):
                response = await self._client.chat.completions.with_raw_response.create(
                    model=self._service.model, **body
                )
            completion = _Completion.model_validate_json(response.content)
            return _answer_of(completion, request)
        except (TimeoutError, openai.APITimeoutError):
            failure = self._service.timed_out()
        except openai.APIConnectionError as error:
            failure = self._service.connection_lost(error.__cause__ or error)
        except openai.APIStatusError as error:
            status, wait = error.status_code, retry_after_of(error.response.headers)
            said = error.message.removeprefix(f"Error code: {status} - ")
            failure = self._service.failure(status, said, wait)
        except ValidationError as error:
            failure = self._service.nonsense(error)
        raise failure  # outside of the handlers: a chained exception could quote the key

    async def close(self) -> None:
        """Close connections."""
        if "_client" in self.__dict__:
            await self._client.close()
            del self._client


def _body(request: Request) -> dict[str, Any]:
    images = [
        {"type": "image_url", "image_url": {"url": _data_uri(media_type, image)}}
        for media_type, image in typed_images(request)
    ]
    schema = {
        "name": request.schema.__name__,
        "schema": answer_schema(request.schema),
        "strict": False,
    }
    return {
        "messages": [{"role": "user", "content": [{"type": "text", "text": request.text}, *images]}],
        "temperature": request.temperature,
        "max_tokens": request.max_output_tokens,
        "response_format": {"type": "json_schema", "json_schema": schema},
    }


def _data_uri(media_type: str, data: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def _answer_of(completion: _Completion, request: Request) -> Answer:
    tokens = completion.usage or _Tokens()
    usage = Usage(tokens.prompt_tokens, tokens.completion_tokens)
    if not completion.choices:
        raise UnparsableError("the answer has no choices", usage)
    choice = completion.choices[0]
    if choice.finish_reason == "content_filter":
        raise BlockedError("the answer was withheld: content_filter", usage)
    if choice.message.refusal:
        raise BlockedError("the model refused to answer", usage)
    if choice.finish_reason == "length":
        raise UnparsableError(
            f"cut off after {usage.output_tokens} tokens (max_output_tokens is {request.max_output_tokens})",
            usage,
        )
    text = choice.message.content or ""
    if not text.strip():
        raise UnparsableError("the answer is empty", usage)
    return Answer(text, usage)
