"""Names of classes in a sentence: the article before one, several of them, a choice among them.

:mod:`~vdata_assets.conversations.nouns` quotes a label whose grammar is not sure; a question about a breed or
a model cannot, so here every name gets the likeliest form, and the YAML can set another.
"""

import re
import unicodedata
from collections.abc import Sequence

from vdata_assets.conversations.nouns import INNER, noun

# Said letter by letter, these begin with a vowel: "an F", "an X-ray".
SPELT_WITH_AN = frozenset("aefhilmnorsx")

# Capitals, three at most, are letters ("an SUV"); more are a word where they can be said as one ("a NASA
# rover"). These are words all the same.
SPOKEN_CAPITALS = frozenset(
    {"fan", "gif", "lan", "map", "nas", "ram", "rom", "sim", "mac", "mig", "hud", "sam"}
)
ABBREVIATIONS = frozenset({"mr", "mrs", "ms", "dr", "st", "sr", "jr", "mt", "ft"})
LONGEST_SPELT = 3

# By sound, not by letter.
SILENT_H = re.compile(r"hour|honest|honou?r|heir|herb(?!ivor|ert)")
LIKE_YOU = re.compile(
    r"eu|ew(?!ok)|uk|uni(?![nmd])|unidir|unan|unesco|ubiq|uga|us[aeu]|ur[aeiou]|ut[aeio]|uv[aeiou]|ufo|ouija"
)
LIKE_ONE = re.compile(r"one(?![a-z])|ones(?:ie|elf)|once")
VOWEL = re.compile(r"[aeiou]|y(?=[^aeiouy\W\d_])")

FIRST = re.compile(r"[^\W_]")
LETTERS = re.compile(r"[^\W\d_]+")
NUMBER = re.compile(r"[0-9][0-9,]*")
MARKUP = re.compile(r"<[^<>\s]*>")

# Names that are the same for one and for several.
UNCHANGED = re.compile(r"(?:[a-z]ese|less|eaux|[a-z]oux|[a-z]reux)$")
CAPITALS = re.compile(r"[A-Z][A-Z0-9]*[A-RT-Z0-9]")
LAST = re.compile(r"(?:.*[ -])?")
COUNTED_IN_NAMES = frozenset({"hair", "paper"})
"""What cannot be counted, but as the last word of a breed or brand: two Oriental Long Hairs."""


def shown_name(folder: str) -> str:
    """How a class is written: its folder's name, with spaces for underscores and breaks.

    A name with ``<image>`` or the like, which trainers replace by a picture, loses its angle brackets.
    """
    bare = re.sub("[<>]", "", folder) if MARKUP.search(folder) else folder
    return " ".join(bare.replace("_", " ").split())


def article(name: str) -> str:
    """``a`` or ``an``, by the sound of a name: an hourglass, a unicorn, an SUV, a NASA rover, an 8-track.

    English as Americans say it. A name that begins with no Latin letter or digit gets ``a``.
    """
    start = FIRST.search(name)
    return "an" if start and _begins_with_a_vowel(name[start.start() :]) else "a"


def _begins_with_a_vowel(rest: str) -> bool:
    """Whether the sound of a name, which begins with a letter or digit, is a vowel."""
    number = NUMBER.match(rest)
    if number:
        return _number_begins_with_a_vowel(number[0].replace(",", ""))
    letters = LETTERS.match(rest)
    word = _without_accents(letters[0]) if letters else ""
    if not word:
        return False
    if _is_spelt(word):
        return word[0].lower() in SPELT_WITH_AN
    low = word.lower()
    if SILENT_H.match(low):
        return True
    return bool(VOWEL.match(low)) and not LIKE_YOU.match(low) and not LIKE_ONE.match(low)


def _number_begins_with_a_vowel(digits: str) -> bool:
    # Eight, eleven, eighteen, and these before a thousand, a million, or "hundred" in a year.
    if digits[0] == "8":
        return True
    return digits[:2] in {"11", "18"} and (len(digits) % 3 == 2 or len(digits) == 4)


def _without_accents(word: str) -> str:
    decomposed = unicodedata.normalize("NFKD", word)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def _is_spelt(word: str) -> bool:
    """Whether a word, letters without accents, is said letter by letter."""
    low = word.lower()
    if len(word) == 1:
        return True
    if low in ABBREVIATIONS:
        return False
    if not re.search("[aeiouy]", low):
        return True
    capitals = word[:-1] if word.endswith("s") else word
    if not capitals.isupper() or len(capitals) < 2 or capitals.lower() in SPOKEN_CAPITALS:
        return False
    return len(capitals) <= LONGEST_SPELT or not re.search("[aeiouy]", capitals[1:-1].lower())


def plural(name: str) -> str:
    """Several of a class: the regular or irregular English form; the name itself where there is none.

    Names that are plurals or cannot be counted ("scissors", "grass"), those of peoples' things in -ese
    ("Siamese"), phrases ("man in hat") and names in other scripts stay as they are.
    """
    if INNER.search(name) or UNCHANGED.search(name):
        return name
    start = LAST.match(name)[0]  # type: ignore[index]
    last = name[len(start) :]
    if CAPITALS.fullmatch(last):
        return f"{name}s"
    low = _without_accents(last).lower()
    spoken = noun(low)
    if spoken.singular != low or len(low) != len(last):
        return f"{name}s" if start and last[:1].isupper() and low in COUNTED_IN_NAMES else name
    common = next((at for at, (a, b) in enumerate(zip(low, spoken.plural, strict=False)) if a != b), len(low))
    return start + last[:common] + spoken.plural[common:]


def listed(names: Sequence[str]) -> str:
    """Names as a choice: ``Birman, Persian or Siamese``."""
    *before, last = names
    return f"{', '.join(before)} or {last}" if before else last
