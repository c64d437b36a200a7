"""Texts as words and punctuation marks, and where in the text they are."""

import re
import unicodedata

SENTENCE_MARKS, COMMA_MARKS, OTHER_MARKS = "|.;!?•·\n\r", ",()[]\u2013\u2014", ":=/&+"
"""Punctuation that is read, marks of a kind as the first of them; all other is as good as a space."""

APOSTROPHE = "\u2019"

QUOTES = re.compile(r"(?<!\w)'|'(?!\w)")


class _Signs(dict[int, str]):
    """How characters are written for the dictionary; all others are looked up here once."""

    def __missing__(self, code: int) -> str:
        sign = chr(code)
        self[code] = sign if unicodedata.category(sign)[0] in "LNM" else " "
        return self[code]


_SIGNS = _Signs({ord("'"): "'"})
for _marks in (SENTENCE_MARKS, COMMA_MARKS):
    _SIGNS.update({ord(mark): f" {_marks[0]} " for mark in _marks})
_SIGNS.update({ord(mark): f" {mark} " for mark in OTHER_MARKS})


class Words:
    """The words and marks of a text in lower case, as the dictionary has them.

    Attributes:
        text: as it is.
        tokens: words without hyphens and underscores, and punctuation marks.
    """

    __slots__ = ("_lower", "_starts", "text", "tokens")

    def __init__(self, text: str) -> None:
        lower = text.lower().replace(APOSTROPHE, "'")
        if len(lower) != len(text):
            # Places are to be those of the text itself, so a letter that grows is left as it is.
            lower = "".join(low if len(low := sign.lower()) == 1 else sign for sign in text)
            lower = lower.replace(APOSTROPHE, "'")
        if "'" in lower:
            lower = QUOTES.sub(" ", lower)
        lower = lower.replace(" - ", " , ")
        self.text, self._lower = text, lower
        self.tokens = lower.translate(_SIGNS).split()
        self._starts: list[int] | None = None

    def start(self, token: int) -> int:
        """Where in the text a token starts, in characters."""
        if self._starts is None:
            self._starts, at = [], 0
            marked = self._lower.translate(_ONE_SIGN)
            for word in self.tokens:
                at = marked.index(word, at)
                self._starts.append(at)
                at += len(word)
        return self._starts[token]

    def end(self, token: int) -> int:
        """Where it ends, exclusive."""
        return self.start(token) + len(self.tokens[token])

    def hyphen_after(self, token: int) -> bool:
        """Whether a hyphen follows a token at once."""
        end = self.end(token)
        return self.text[end : end + 1] == "-"


_ONE_SIGN = {ord(mark): marks[0] for marks in (SENTENCE_MARKS, COMMA_MARKS) for mark in marks}
