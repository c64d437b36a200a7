"""What object storage refuses or fails at, named by its URL with the setting that changes it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from vdata_resources.store.errors import FULL

_NO_CREDENTIALS = ("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError")


class ObjectStorageError(RuntimeError):
    """Object storage could not be reached, refused, or lost what was sent; readers see what they saw."""


@contextmanager
def explained(url: str) -> Iterator[None]:
    """Raises fsspec's errors as ObjectStorageError; a missing object stays FileNotFoundError.

    What the local disk raises names a file, or says that it is full, and is left as it is.
    """
    try:
        yield
    except FileNotFoundError as error:
        if _code(error) != "NoSuchBucket":
            raise
        raise ObjectStorageError(
            f"{url}: there is no such bucket: create it, or correct VDATA_PUBLISH_TO or AWS_ENDPOINT_URL"
        ) from error
    except _failures() as error:
        if isinstance(error, OSError) and (error.filename is not None or error.errno in FULL):
            raise
        raise ObjectStorageError(f"{url}: {_advice(error)} ({type(error).__name__}: {error})") from error


def _advice(error: Exception) -> str:
    if type(error).__name__ in _NO_CREDENTIALS:
        return "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
    if isinstance(error, PermissionError):
        return (
            "access denied: check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN; their "
            "policy must allow s3:ListBucket, s3:GetObject, s3:PutObject and s3:DeleteObject"
        )
    return "unreachable or failing, also when tried again: check AWS_ENDPOINT_URL and the network"


def _code(error: BaseException) -> str | None:
    """The service's own code of an error, which s3fs keeps in its cause."""
    response = getattr(error.__cause__, "response", None)
    return response.get("Error", {}).get("Code") if isinstance(response, dict) else None


def _failures() -> tuple[type[Exception], ...]:
    """OSError, and what the libraries of S3 raise beside it, where they are loaded."""
    found: list[type[Exception]] = [OSError]
    for module, name in (("botocore.exceptions", "BotoCoreError"), ("aiohttp", "ClientError")):
        if module in sys.modules:
            found.append(getattr(sys.modules[module], name))
    return tuple(found)
