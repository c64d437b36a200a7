"""Class labels as English nouns: one of them, several of them, and the article before one."""

import re
from dataclasses import dataclass
from functools import lru_cache

# What the rules below can be trusted with: words of letters, at most the first of each a capital.
WORDS = re.compile(r"[A-Z]?[a-z]+(?:[ -][A-Z]?[a-z]+)*")

# With one of these, or a verb, between them, the last word is not the noun: "man in hat", "man riding bike".
INNER = re.compile(r"[ -](?:and|at|by|for|from|in|of|on|or|to|under|with|without|\w+ing)[ -]", re.IGNORECASE)

IRREGULAR = {
    "aircraft": "aircraft",
    "bison": "bison",
    "calf": "calves",
    "child": "children",
    "deer": "deer",
    "elf": "elves",
    "fish": "fish",
    "foot": "feet",
    "goose": "geese",
    "half": "halves",
    "hero": "heroes",
    "knife": "knives",
    "leaf": "leaves",
    "loaf": "loaves",
    "moose": "moose",
    "mosquito": "mosquitoes",
    "mouse": "mice",
    "ox": "oxen",
    "person": "people",
    "potato": "potatoes",
    "quiz": "quizzes",
    "salmon": "salmon",
    "scarf": "scarves",
    "sheep": "sheep",
    "shelf": "shelves",
    "shrimp": "shrimp",
    "spacecraft": "spacecraft",
    "squid": "squid",
    "stomach": "stomachs",
    "thief": "thieves",
    "tomato": "tomatoes",
    "tooth": "teeth",
    "trout": "trout",
    "volcano": "volcanoes",
    "watercraft": "watercraft",
    "wife": "wives",
    "wolf": "wolves",
}
ENDINGS = (
    (re.compile(r"(?<!hu)(?<!ger)(?<!otto)(?<!talis)(?<!ro)man$"), 2, "en"),
    (re.compile(r"(?:s|x|z|ch|sh)$"), 0, "es"),
    (re.compile(r"[^aeiou]y$"), 1, "ies"),
    (re.compile(r"$"), 0, "s"),
)
"""Ending of a word, letters that go, letters that come; the first that fits."""

# Words that end in s are plurals ("cars") or have no singular ("scissors"), but for these endings.
SINGULAR_IN_S = re.compile(r"(?:ss|us|is|\bgas|canvas|atlas|lens)$")
PLURAL_AFTER_ALL = frozenset({"bikinis", "emus", "gnus", "kiwis", "menus", "skis", "taxis"})

NOT_ONE_THING = re.compile(
    # What cannot be counted, ...
    r"bread|broccoli|cattle|clothing|corn|equipment|food|furniture|garbage|grass|hair|jewelry|luggage|media|"
    r"money|paper|police|rice|sand|smoke|snow|sushi|traffic|trash|vegetation|water|"
    # ... and what is no noun.
    r"[a-z]|he|her|him|it|me|she|that|them|these|they|this|those|us|we|you"
)
PLURALS = frozenset({*IRREGULAR.values(), "men", "women", "dice"} - IRREGULAR.keys())

# By sound, not by letter: "an hour", "a unicorn".
AN = re.compile(r"(?:[aeiou]|hour|honest|honou?r|heir)", re.IGNORECASE)
A_ALL_THE_SAME = re.compile(r"(?:uni[cfoqtv]|use|ut[ei]|uk|uri|ufo|eu|ew|one\b|once)", re.IGNORECASE)


@dataclass(frozen=True)
class Noun:
    """How a class is spoken of.

    Attributes:
        singular: one of them, e.g. ``hot dog`` or ``object labelled "SUV-2"``.
        plural: several of them.
        article: ``a`` or ``an``, as the singular wants it.
    """

    singular: str
    plural: str
    article: str

    def of(self, count: int) -> str:
        """The form for a number of things."""
        return self.singular if count == 1 else self.plural


@lru_cache(maxsize=10_000)
def noun(label: str) -> Noun:
    """A class label as a noun.

    Underscores are spaces, and square brackets are round ones, which leaves those to boxes. A label whose
    grammar is not sure (a code, another language, a plural, something uncountable, a phrase) is quoted,
    and the things are objects so labelled: ``2 objects labelled "scissors"``.

    Args:
        label: a class, without control characters and markup.
    """
    shown = " ".join(label.replace("_", " ").replace("[", "(").replace("]", ")").split())
    plural = _plural(shown)
    if plural is None:
        return Noun(f'object labelled "{shown}"', f'objects labelled "{shown}"', "an")
    article = "an" if AN.match(shown) and not A_ALL_THE_SAME.match(shown) else "a"
    return Noun(shown, plural, article)


def _plural(words: str) -> str | None:
    """The plural of words that name one thing; None if they do not, or not surely."""
    if not WORDS.fullmatch(words) or INNER.search(words):
        return None
    start = max(words.rfind(" "), words.rfind("-")) + 1
    last = words[start:].lower()
    if NOT_ONE_THING.fullmatch(last) or last in PLURALS:
        return None
    if last.endswith("s") and (last in PLURAL_AFTER_ALL or not SINGULAR_IN_S.search(last)):
        return None
    plural = IRREGULAR.get(last)
    if plural is None:
        gone, come = next((gone, come) for ending, gone, come in ENDINGS if ending.search(last))
        plural = last[: len(last) - gone] + come
    return words[: start + 1] + plural[1:]
