"""Waiting for what other processes do."""

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")

# A test says nothing of how fast things are, and a machine may be busy: only what never comes is a failure.
PATIENCE_SECONDS = 900


def wait_for(
    condition: Callable[[], Value], what: str, log: Callable[[], str] = str, pause: float = 0.2
) -> Value:
    """The first value of the condition that is true; without one an error, with the end of the log.

    It is asked after a pause in seconds, or a longer one where the answer takes long.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (asked := time.monotonic()) < deadline:
        if value := condition():
            return value
        time.sleep(max(pause, 10 * (time.monotonic() - asked)))  # Asking may keep others from the work.
    raise TimeoutError(f"{what} within {PATIENCE_SECONDS} s\n{log()[-4000:]}")
