"""A language model behind HTTP: what it is called in messages, and what its failures mean.

Messages name the setting that helps and never hold the key, even where the service repeats it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit, urlunsplit

from vdata_resources.language.protocol import (
    AnswerTimeoutError,
    ModelError,
    ModelUnavailable,
    QuotaError,
    RefusedError,
    ServerError,
)

MAX_QUOTED = 300


@dataclass(frozen=True)
class Service:
    """Where a model is asked.

    Attributes:
        name: of the service, for messages.
        model: as the service calls it.
        base_url: where requests go.
        timeout_s: seconds until a request is given up.
        key_setting: what the key is set by.
        key: secret; empty if the service takes none.

    Raises:
        ModelUnavailable: the base URL or the key cannot be one.
    """

    name: str
    model: str
    base_url: str
    timeout_s: float
    key_setting: str
    key: str = field(repr=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ModelUnavailable(f"base_url: {self.base_url!r} is no http:// or https:// address")
        if parts.username is not None or parts.password is not None:
            raise ModelUnavailable(f"base_url: leave user and password out; set {self.key_setting} instead")
        if not (self.key.isascii() and self.key.isprintable()) or " " in self.key:
            raise ModelUnavailable(f"{self.key_setting} holds characters that no key has: copy it again")
        object.__setattr__(self, "base_url", urlunsplit(parts).rstrip("/"))

    def __str__(self) -> str:
        return f"{self.name} ({self.model} at {self.base_url})"

    def failure(
        self, status: int, said: str, retry_after: float | None = None, *, unavailable: bool = False
    ) -> ModelError | ModelUnavailable:
        """What an HTTP status other than 200 means.

        Args:
            status: the HTTP status.
            said: the service's words.
            retry_after: seconds that it asked to wait.
            unavailable: its words mean that no request will be answered, whatever the status.
        """
        heard = f"HTTP {status}: {self.quoted(said)}"
        if status == 429:
            return QuotaError(f"{self}: {heard}", retry_after=retry_after)
        if status >= 500:
            return ServerError(f"{self}: {heard}", retry_after=retry_after)
        if status == 408:
            return AnswerTimeoutError(f"{self}: {heard}", retry_after=retry_after)
        if status == 404:
            return ModelUnavailable(f"{self} has no such model: check model and base_url ({heard})")
        if status < 400:
            return ModelUnavailable(f"{self} is not there: check base_url ({heard})")
        if unavailable or status in (401, 403):
            return ModelUnavailable(f"{self} will not serve this key: check {self.key_setting} ({heard})")
        return RefusedError(f"{self}: {heard}")

    def timed_out(self) -> AnswerTimeoutError:
        """No answer came in time."""
        return AnswerTimeoutError(f"{self}: no answer within {self.timeout_s:g} s")

    def connection_lost(self, error: BaseException) -> AnswerTimeoutError:
        """The connection was refused or broke off."""
        return AnswerTimeoutError(f"{self}: no connection: {self.quoted(str(error) or type(error).__name__)}")

    def nonsense(self, error: BaseException | None = None) -> ServerError:
        """The answer is not of the service's format."""
        detail = f": {type(error).__name__}" if error is not None else ""
        return ServerError(f"{self}: answered in a format that is not the service's{detail}")

    def quoted(self, text: str) -> str:
        """Words of the service: on one line, not too long, without the key."""
        if self.key:
            text = text.replace(self.key, "[key]")
        text = " ".join(text.split())
        return text if len(text) <= MAX_QUOTED else f"{text[:MAX_QUOTED]}..."


def retry_after_of(headers: Mapping[str, str]) -> float | None:
    """Seconds of a ``Retry-After`` header: a number or a date (RFC 9110, section 10.2.3)."""
    value = headers.get("retry-after")
    if value is None:
        return None
    seconds = seconds_of(value)
    if seconds is not None:
        return seconds
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (moment.astimezone(UTC) - datetime.now(UTC)).total_seconds())


def seconds_of(text: str) -> float | None:
    """A number of seconds, with or without ``s``; None if it is none, negative or endless."""
    try:
        seconds = float(text.strip().removesuffix("s"))
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None
