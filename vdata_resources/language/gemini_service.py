"""The google-genai client of one model, and what its exceptions mean."""

import asyncio
import json
import ssl
from collections.abc import Awaitable
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from vdata_resources.language.protocol import ModelError, ModelUnavailable
from vdata_resources.language.service import Service, retry_after_of, seconds_of

if TYPE_CHECKING:
    from google import genai
    from google.genai.errors import APIError

Result = TypeVar("Result")

DEFAULT_URL = "https://generativelanguage.googleapis.com"
KEY_SETTING = "GOOGLE_API_KEY"


class NotThereError(Exception):
    """The service no longer has what was asked for."""


class GeminiService:
    """A Gemini model behind the Gemini Developer API. Bound to the event loop that first uses it.

    Nothing but the arguments says where the key goes: environment variables that would turn the SDK to
    another address or to Vertex AI are overruled, and redirects are not followed.

    Args:
        model: e.g. ``gemini-2.5-flash``.
        api_key: of Google AI Studio.
        base_url: None: Google's.
        timeout_s: seconds until a request is given up.
        thinking_budget: tokens that the model may think; 0: none, -1: as it likes; None: its default.

    Raises:
        ModelUnavailable: no key, or an address that is none.
    """

    def __init__(
        self, model: str, api_key: str, base_url: str | None, timeout_s: float, thinking_budget: int | None
    ) -> None:
        if not api_key.strip():
            raise ModelUnavailable(
                f"set {KEY_SETTING} to a key of https://aistudio.google.com/apikey: Gemini needs one"
            )
        self.service = Service(
            "Gemini", model, base_url or DEFAULT_URL, timeout_s, KEY_SETTING, api_key.strip()
        )
        self.thinking_budget = thinking_budget

    @property
    def identity(self) -> str:
        """Service, model, and what else of the settings changes answers."""
        url = self.service.base_url
        address = "" if url == DEFAULT_URL else f" at {url}"
        thinking = "" if self.thinking_budget is None else f" thinking {self.thinking_budget}"
        return f"gemini {self.service.model}{address}{thinking}"

    @cached_property
    def client(self) -> "genai.Client":
        """The SDK's client; it never retries."""
        import httpx2
        from google import genai
        from google.genai import types

        trust = httpx2.create_ssl_context()
        self._http = httpx2.AsyncClient(
            verify=trust,
            timeout=self.service.timeout_s,
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=256),
        )
        return genai.Client(
            vertexai=False,
            api_key=self.service.key,
            http_options=types.HttpOptions(
                base_url=self.service.base_url,
                api_version="v1beta",
                timeout=max(1, round(self.service.timeout_s * 1000)),
                httpx_client=httpx2.Client(verify=trust),
                httpx_async_client=self._http,
            ),
        )

    async def call(
        self, request: Awaitable[Result], timeout_s: float | None = None, *, may_be_gone: bool = False
    ) -> Result:
        """Await a call of the client within the time limit, or within another.

        Args:
            request: the call.
            timeout_s: another limit.
            may_be_gone: what is asked for may have expired.

        Raises:
            NotThereError: it has.
            ModelError: what became of it.
            ModelUnavailable: the key, the model or the address is wrong.
        """
        import anyio
        import httpx2
        from google.genai import errors

        failure: Exception
        try:
            async with asyncio.timeout(timeout_s or self.service.timeout_s):
                return await request
        except (TimeoutError, httpx2.TimeoutException):
            failure = self.service.timed_out()
        except (httpx2.TransportError, ConnectionError, ssl.SSLError, anyio.EndOfStream) as error:
            failure = self.service.connection_lost(error)
        except errors.APIError as error:
            gone = may_be_gone and error.code == 404
            failure = NotThereError("the service no longer has it") if gone else self._failure(error)
        except (
            httpx2.RequestError,
            json.JSONDecodeError,
            UnicodeDecodeError,
            ValidationError,
            errors.UnknownApiResponseError,
        ) as error:
            failure = self.service.nonsense(error)
        raise failure  # outside of the handlers: a chained exception could quote the key

    def _failure(self, error: "APIError") -> ModelError | ModelUnavailable:
        details = _details(error.details)
        reasons = {str(detail.get("reason")) for detail in details}
        said = str(error.message or error.status or "")
        no_key = "API_KEY_INVALID" in reasons or "api key" in said.lower()
        waits = [retry_after_of(error.response.headers) if error.response is not None else None]
        waits += [seconds_of(str(detail["retryDelay"])) for detail in details if "retryDelay" in detail]
        return self.service.failure(
            error.code,
            f"{error.status}: {said}" if error.status else said,
            max((wait for wait in waits if wait is not None), default=None),
            unavailable=no_key or error.status == "FAILED_PRECONDITION",
        )

    async def close(self) -> None:
        """Close connections."""
        if "client" in self.__dict__:
            self.client.close()
            await self._http.aclose()
            del self.client


def _details(body: Any) -> list[dict[str, Any]]:
    """The detail messages of an error body (google.rpc.Status), e.g. RetryInfo and ErrorInfo."""
    error = body.get("error", body) if isinstance(body, dict) else None
    details = error.get("details") if isinstance(error, dict) else None
    return [detail for detail in details if isinstance(detail, dict)] if isinstance(details, list) else []
