"""Versions of the libraries that compute a result, as its identity names them."""

from functools import cache
from importlib.metadata import version


@cache
def library_versions(*distributions: str) -> str:
    """``name=version`` of installed distributions, separated by spaces; read once a process.

    Raises:
        importlib.metadata.PackageNotFoundError: one is not installed.
    """
    return " ".join(f"{name}={version(name)}" for name in distributions)
