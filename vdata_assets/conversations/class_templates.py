"""Templates of questions and answers: checked when the settings are read, filled with names that are data.

A template has placeholders in braces, ``{class}``; ``{{`` and ``}}`` are braces. A value is put in as it is:
braces in a class's name are never read as a placeholder.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from string import Formatter

from vdata_assets.conversations.class_grammar import MARKUP

ARTICLES = frozenset({"article", "other_article"})

SUBJECT = ("subject", "kind", "noun")
CLASS = ("class", "breed", "article", "plural")
OTHER = ("other", "other_article", "other_plural")
NAMED_BY = ("class", "breed", "plural")
OTHER_BY = ("other", "other_plural")
OPTIONS = ("options", "lettered")


@dataclass(frozen=True)
class Role:
    """What a list of templates is for, and so what they may and must hold.

    Attributes:
        allowed: placeholders that a template may have.
        needed: placeholders of which it must have one; empty: none.
        why: what goes wrong with any other or without.
    """

    allowed: tuple[str, ...]
    needed: tuple[str, ...]
    why: str


ROLES = {
    "questions": Role(SUBJECT, (), "a question that names the class gives the answer away"),
    "answers": Role((*CLASS, *SUBJECT), NAMED_BY, "an answer names the class"),
    "negative_questions": Role((*OTHER, *SUBJECT), OTHER_BY, "the question asks about another class"),
    "negative_answers": Role((*CLASS, *OTHER, *SUBJECT), (), "the answer is about the class and another"),
    "affirmative_answers": Role((*CLASS, *SUBJECT), (), "the answer is about the class"),
    "choice_questions": Role((*OPTIONS, *SUBJECT), OPTIONS, "the question lists the options"),
    "choice_answers": Role(
        (*CLASS, *SUBJECT, "letter"), (*NAMED_BY, "letter"), "the answer says which option is right"
    ),
}
"""By the setting's name."""

PLACEHOLDERS = frozenset(name for role in ROLES.values() for name in role.allowed)


@dataclass(frozen=True)
class Template:
    """A text with places for values.

    Attributes:
        text: as the settings have it.
        parts: literal texts, each with the placeholder that follows it, or None at the end.
    """

    text: str
    parts: tuple[tuple[str, str | None], ...]

    @property
    def placeholders(self) -> frozenset[str]:
        """Names of its placeholders."""
        return frozenset(name for _, name in self.parts if name is not None)

    @property
    def literal(self) -> str:
        """What is written whatever the values are."""
        return "\n".join(literal for literal, _ in self.parts)

    def fill(self, values: Mapping[str, str]) -> str:
        """The text with the values; an article that begins it gets a capital.

        Raises:
            KeyError: a placeholder has no value.
        """
        filled = "".join(literal + (values[name] if name else "") for literal, name in self.parts)
        literal, first = self.parts[0]
        return filled[:1].upper() + filled[1:] if not literal and first in ARTICLES else filled


@lru_cache(maxsize=1000)
def parsed(text: str, role: str) -> Template:
    """A template for a role, checked.

    Args:
        text: the template.
        role: a key of :data:`ROLES`.

    Raises:
        ValueError: it is empty, holds a stray brace, a placeholder that is unknown or not allowed, or lacks
            one that is needed, or the mark of a picture; says which template, and what is allowed.
    """
    rule = ROLES[role]
    allowed = _braced(rule.allowed)
    if not text.strip():
        raise ValueError(f"{role}: a template is empty: write a text, or remove it")
    if MARKUP.search(text):
        raise ValueError(f"{role}: template {text!r} holds markup such as <image>: exports place the picture")
    try:
        pieces = list(Formatter().parse(text))
    except ValueError as error:
        raise ValueError(
            f"{role}: template {text!r} has a stray brace ({error}): write {{{{ or }}}} for a brace"
        ) from error
    parts: list[tuple[str, str | None]] = []
    for literal, name, form, conversion in pieces:
        if name is not None and (name not in rule.allowed or form or conversion):
            shown = f"{{{name}{f'!{conversion}' if conversion else ''}{f':{form}' if form else ''}}}"
            raise ValueError(
                f"{role}: template {text!r} has the placeholder {shown}: allowed are {allowed} ({rule.why})"
            )
        parts.append((literal, name))
    template = Template(text, tuple(parts))
    if rule.needed and not template.placeholders & set(rule.needed):
        raise ValueError(
            f"{role}: template {text!r} has none of {_braced(rule.needed)}: add one ({rule.why})"
        )
    return template


def parsed_all(texts: Iterable[str], role: str) -> tuple[Template, ...]:
    """Templates for a role, checked as :func:`parsed` does, and none twice.

    Raises:
        ValueError: as of :func:`parsed`, or there are none, or one stands twice.
    """
    templates = tuple(parsed(text, role) for text in texts)
    if not templates:
        raise ValueError(f"{role}: there is no template: write one at least")
    seen: set[str] = set()
    for template in templates:
        if template.text in seen:
            raise ValueError(f"{role}: template {template.text!r} stands twice: remove one")
        seen.add(template.text)
    return templates


def _braced(names: Sequence[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)
