"""What can go wrong with a request, in words that both services have."""

from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["http", "hang", "break_off", "no_json", "prompt_blocked", "ended", "empty", "says", "cut_off"]


@dataclass(frozen=True)
class Fault:
    """See the functions below, which make them."""

    kind: Kind
    status: int = 200
    message: str = ""
    retry_after: str | None = None
    retry_delay: str | None = None
    reason: str = ""
    text: str | dict[str, Any] = ""
    seconds: float = 0.0


def http_error(
    status: int,
    message: str = "",
    *,
    retry_after: str | None = None,
    retry_delay: str | None = None,
    reason: str = "",
) -> Fault:
    """An error status, with a Retry-After header, a RetryInfo or an ErrorInfo with a reason if given."""
    return Fault("http", status, message, retry_after, retry_delay, reason)


def hanging(seconds: float = 3600.0) -> Fault:
    """No answer for so long."""
    return Fault("hang", seconds=seconds)


def broken_off() -> Fault:
    """The connection breaks off without an answer."""
    return Fault("break_off")


def no_json() -> Fault:
    """Status 200 with an HTML page, as a proxy in between sends."""
    return Fault("no_json")


def prompt_blocked(reason: str = "SAFETY") -> Fault:
    """The prompt is blocked; OpenAI's format has status 200 and a refusal."""
    return Fault("prompt_blocked", reason=reason)


def ended(reason: str) -> Fault:
    """The answer ends for another reason than STOP, with no text, e.g. ``SAFETY``."""
    return Fault("ended", reason=reason)


def cut_off() -> Fault:
    """The answer's JSON is cut in half, as ``max_output_tokens`` does it."""
    return Fault("cut_off")


def empty() -> Fault:
    """An answer without candidates."""
    return Fault("empty")


def says(text: str | dict[str, Any]) -> Fault:
    """The model writes this instead: no JSON at all, other JSON, boxes out of range."""
    return Fault("says", text=text)
