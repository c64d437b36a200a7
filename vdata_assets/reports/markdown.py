"""Markdown for a user interface, out of names that nobody vetted.

Escaping follows CommonMark 0.31 (any ASCII punctuation may be escaped with a backslash) and GitHub's
extensions for tables and autolinks (https://github.github.com/gfm/).
"""

import re

import polars as pl

from vdata_assets.reports.embed import data_uri
from vdata_assets.reports.names import one_line

MAX_ROWS = 50
MAX_CELL = 120

PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
# Bare addresses become links after escapes are resolved, so a word joiner (of no width) parts them.
AUTOLINK = re.compile(r"(?=@)|(?=://)|(?<=www)(?=\.)", re.IGNORECASE)
WORD_JOINER = "\N{WORD JOINER}"


def escaped(text: str) -> str:
    """The text as Markdown that renders as just that text, on one line, also inside a table or a title."""
    return PUNCTUATION.sub(r"\\\1", AUTOLINK.sub(WORD_JOINER, one_line(text)))


def image(title: str, picture: bytes) -> str:
    """An embedded picture.

    Args:
        title: alternative text, escaped here.
        picture: a whole JPEG or PNG file.

    Raises:
        ValueError: the bytes are neither.
    """
    return f"![{escaped(title)}]({data_uri(picture)})"


def table(frame: pl.DataFrame, max_rows: int = MAX_ROWS) -> str:
    """The frame as a table: numbers to the right with thousands separators, nulls empty, text escaped.

    Args:
        frame: columns of text, numbers and booleans; column names are the head.
        max_rows: rows shown; a line below says how many are not.
    """
    head = [escaped(name) for name in frame.columns]
    rule = ["---:" if dtype.is_numeric() else "---" for dtype in frame.dtypes]
    body = [[cell(value) for value in row] for row in frame.head(max_rows).iter_rows()]
    lines = ["| " + " | ".join(row) + " |" for row in (head, rule, *body)]
    if frame.height > max_rows:
        lines += ["", f"{frame.height - max_rows:,} more rows are not shown."]
    return "\n".join(lines)


def cell(value: object) -> str:
    """One value as it stands in a table."""
    match value:
        case None:
            return ""
        case bool():
            return str(value)
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.2f}"
    text = str(value)
    return escaped(text if len(text) <= MAX_CELL else text[: MAX_CELL - 1] + "…")
