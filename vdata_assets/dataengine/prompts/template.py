"""Questions to a language model as versioned templates, and text of others made fit to stand in them."""

import json
import string
from collections.abc import Sequence
from dataclasses import dataclass

MAX_LABEL = 60
MAX_ATTRIBUTE = 30
MAX_ATTRIBUTES = 8
MAX_PLACE = 30
MAX_PROMPT = 300

# They shape Persian, Indic and emoji text; str.isprintable() counts them as format characters.
JOINERS = "\u200c\u200d"


@dataclass(frozen=True)
class Template:
    """A question with named fields. Its version changes whenever its text does: answers are kept by it.

    Attributes:
        name: what is asked, e.g. ``"region_captions"``.
        version: counted from 1.
        text: of :class:`string.Template`: a field is ``$name``, a dollar sign ``$$``; braces mean nothing.

    Raises:
        ValueError: the text has a dollar sign that names no field.
    """

    name: str
    version: int
    text: str

    def __post_init__(self) -> None:
        if not string.Template(self.text).is_valid():
            raise ValueError(f"template {self.id}: a dollar sign names no field: write $$ for the sign")

    @property
    def id(self) -> str:
        """Name and version, e.g. ``"region_captions@1"``."""
        return f"{self.name}@{self.version}"

    @property
    def fields(self) -> frozenset[str]:
        """The names of its fields."""
        return frozenset(string.Template(self.text).get_identifiers())

    def render(self, **fields: str) -> str:
        """The question. What stands in a field is put in as it is: fields in it are not filled.

        Raises:
            ValueError: a field is missing, or one is given that the template has not.
        """
        if missing := sorted(self.fields - fields.keys()):
            raise ValueError(f"template {self.id}: no value for {', '.join(missing)}")
        if unused := sorted(fields.keys() - self.fields):
            raise ValueError(f"template {self.id}: has no field {', '.join(unused)}")
        return string.Template(self.text).substitute(fields)


def one_line(text: str, limit: int) -> str:
    """At most ``limit`` characters on one line: whitespace runs as one space, control characters dropped."""
    # Ten times the limit is looked at: a text of megabytes costs no more than a long one.
    shown = (
        character
        for character in text[: 10 * limit]
        if character.isprintable() or character.isspace() or character in JOINERS
    )
    return " ".join("".join(shown).split())[:limit].rstrip()


def quoted(text: str, limit: int) -> str:
    """The text as a JSON string of one line, so that it can neither end its quotes nor start a line."""
    return json.dumps(one_line(text, limit), ensure_ascii=False)


def described(label: str, attributes: Sequence[str], place: str, index: int | None = None) -> str:
    """What is said of a region as a JSON object of one line; what is not known is left out."""
    facts: dict[str, object] = {} if index is None else {"index": index}
    facts["label"] = one_line(label, MAX_LABEL)
    if attributes:
        facts["attributes"] = [one_line(each, MAX_ATTRIBUTE) for each in attributes[:MAX_ATTRIBUTES]]
    if place:
        facts["place"] = one_line(place, MAX_PLACE)
    return json.dumps(facts, ensure_ascii=False)
