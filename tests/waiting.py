"""Waiting for what other processes do."""

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")


def wait_for(
    condition: Callable[[], Value], seconds: float, what: str, log: Callable[[], str] = str
) -> Value:
    """The first value of the condition that is true; without one an error, with the end of the log."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.2)
    raise TimeoutError(f"{what} within {seconds:g} s\n{log()[-4000:]}")
