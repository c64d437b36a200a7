"""What is wrong with a file, row by row: told, never raised, so that the other rows are still read."""

from collections.abc import Callable
from dataclasses import dataclass

SHOWN = 120


@dataclass(frozen=True)
class Problem:
    """Something that a format's rules do not allow.

    Attributes:
        file: name of the file, as the caller named it.
        row: number of its line in a file of lines, from 1; of its row elsewhere, from 1; 0: the whole file.
        field: where in the row, e.g. ``messages[1].content[0].image_url.url``.
        value: what stands there, shortened.
        rule: what is allowed, and how to mend it.
        warning: whether the row can be used all the same.
    """

    file: str
    row: int
    field: str
    value: str
    rule: str
    warning: bool = False

    def __str__(self) -> str:
        place = f"{self.file}:{self.row}" if self.row else self.file
        return f"{place}: {self.field}: {self.value}: {self.rule}"


Report = Callable[[Problem], object]
"""Where problems go: ``list.append`` or a counter."""


def shown(value: object) -> str:
    """A value for a message: on one line, shortened, no bytes of pictures."""
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


class BadRow(Exception):  # noqa: N818 - it is a fact about a row, not a fault of the program
    """A row that cannot be read: field, value and rule of a problem.

    Args:
        field: where in the row.
        value: what stands there.
        rule: what is allowed.
        show: the value for a message.
    """

    def __init__(self, field: str, value: object, rule: str, show: Callable[[object], str] = shown) -> None:
        super().__init__(field, value, rule)
        self.field, self.value, self.rule = field, show(value), rule
