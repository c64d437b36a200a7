"""The form of a definition's texts, the same for whoever writes them."""

import re
import unicodedata
from collections.abc import Iterator

OPENING = "A photo of a "
COARSE_WORDS = (5, 6)
MAX_CHARACTERS = 300
MAX_NOUN = 60
MIN_SENTENCE_WORDS = 4

MARKUP = re.compile(r"[<>{}\[\]|`*_#\\~^]|&#?\w+;")
ADDRESS = re.compile(r"://|\bwww\.", re.IGNORECASE)
SENTENCE_END = re.compile(r"(?<=\w{3})[.!?]\s+[A-Z]")  # "St. Bernard" ends no sentence
UNPRINTABLE = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}
BACKGROUND = re.compile(r"\b(?:back|fore)ground\b|\bsurroundings\b", re.IGNORECASE)


def tidied(text: str) -> str:
    """The text with single spaces between its words and none around it."""
    return re.sub(" +", " ", text).strip(" ")


def coarse_problems(text: str) -> Iterator[str]:
    """All that is wrong with a coarse text."""
    words = len(text.split())
    if not text.startswith(OPENING):
        yield f'coarse does not begin with "{OPENING.strip()}"'
    if not COARSE_WORDS[0] <= words <= COARSE_WORDS[1]:
        yield f"coarse has {words} words, not {COARSE_WORDS[0]} or {COARSE_WORDS[1]}"
    if text.endswith((".", ",", ";", ":")):
        yield f"coarse ends with {text[-1]!r}"
    yield from _unclean("coarse", text)


def detailed_problems(text: str) -> Iterator[str]:
    """All that is wrong with a detailed text."""
    if len(text.split()) < MIN_SENTENCE_WORDS or not text.endswith("."):
        yield f'detailed is no sentence of at least {MIN_SENTENCE_WORDS} words that ends with "."'
    if SENTENCE_END.search(text):
        yield "detailed is more than one sentence"
    if BACKGROUND.search(text):
        yield "detailed speaks of the background"
    yield from _unclean("detailed", text)


def noun_phrase(display_category: str) -> str:
    """The category as it may stand in a sentence: its words, or ``"object"`` if they are no plain words."""
    words = display_category.split()
    plain = all(re.sub("['-]", "", word).isalnum() for word in words)
    return " ".join(words) if words and plain and len(display_category) <= MAX_NOUN else "object"


def _unclean(name: str, text: str) -> Iterator[str]:
    if len(text) > MAX_CHARACTERS:
        yield f"{name} has {len(text)} characters, more than {MAX_CHARACTERS}"
    if any(unicodedata.category(character) in UNPRINTABLE for character in text):
        yield f"{name} has line breaks or control characters"
    if MARKUP.search(text) or ADDRESS.search(text):
        yield f"{name} has markup or an address"
