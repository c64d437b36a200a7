"""Fixtures of the tests of questions to language models."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from language_fakes import Desk, FakeModel


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    """Makes desks whose model gives the replies; all that a test makes share one cache."""
    made: list[Desk] = []

    def make(*replies: str | BaseException, seconds: float = 0.0, **settings: Any) -> Desk:
        made.append(Desk(tmp_path, FakeModel(*replies, seconds=seconds), **settings))
        return made[-1]

    yield make
    for one in made:
        one.cache.close()
