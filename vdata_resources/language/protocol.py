"""What a stage asks of a vision-language model, whichever service answers, and how that can fail."""

from dataclasses import dataclass
from typing import ClassVar, Protocol

from pydantic import BaseModel


@dataclass(frozen=True)
class Request:
    """One question with its pictures, answered as JSON of a schema.

    Attributes:
        purpose: the stage that it is counted under, e.g. ``"region_captions"``.
        prompt: name and version of the template that the text was made from, e.g. ``"region_captions@1"``.
        text: the question.
        images: encoded PNG or JPEG files, which follow the text.
        schema: shape of the answer.
        temperature: 0 for judgements.
        max_output_tokens: an answer that would be longer is cut off.
    """

    purpose: str
    prompt: str
    text: str
    images: tuple[bytes, ...]
    schema: type[BaseModel]
    temperature: float = 0.0
    max_output_tokens: int = 4096


@dataclass(frozen=True)
class Usage:
    """What an answer is billed for, in tokens."""

    input_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True)
class Answer:
    """What the service said: JSON text that is not validated yet."""

    text: str
    usage: Usage


class ModelError(Exception):
    """No answer to one request. It is no judgement on the data: the item stays undecided.

    Attributes:
        kind: its name in tables and counts.
        transient: whether asking again may help.
        usage: what was billed all the same.
        retry_after: seconds that the service asked to wait, if it did.
    """

    kind: ClassVar[str] = "error"
    transient: ClassVar[bool] = True

    def __init__(self, message: str, usage: Usage = Usage(), retry_after: float | None = None) -> None:
        super().__init__(message)
        self.usage = usage
        self.retry_after = retry_after


class UnparsableError(ModelError):
    """The answer is no JSON of the schema, or was cut off."""

    kind = "unparsable"


class BlockedError(ModelError):
    """The service withheld the answer: safety, recitation, prohibited content."""

    kind = "blocked"


class AnswerTimeoutError(ModelError):
    """No answer within the time limit, or the connection was lost."""

    kind = "timeout"


class QuotaError(ModelError):
    """Too many requests or tokens (HTTP 429)."""

    kind = "quota"


class ServerError(ModelError):
    """The service failed (HTTP 5xx)."""

    kind = "server"


class RefusedError(ModelError):
    """The service will never take this request (HTTP 400, 413, 422): asking again is of no use."""

    kind = "refused"
    transient = False


class ModelUnavailable(Exception):  # noqa: N818 - it describes the environment
    """The model cannot work here: no key, a wrong one, no such model. The message names the setting."""


class BudgetSpent(Exception):  # noqa: N818 - it is a limit that was set
    """The next request could cost more than is left of ``max_cost_usd``. What was answered is kept."""


class VisionLanguageModel(Protocol):
    """A service that answers questions about pictures. Bound to the event loop that first uses it."""

    @property
    def identity(self) -> str:
        """Changes whenever answers could: service, model, version. Part of every cache key."""
        ...

    async def answer(self, request: Request) -> Answer:
        """Ask once: no retries, no cache, no waiting for limits.

        Raises:
            ModelError: this request has no answer; its class says why.
            ModelUnavailable: no request will have one.
        """
        ...

    async def close(self) -> None:
        """Close connections."""
        ...
