"""Rules of attributes as data: what a text has to say for a tag. A YAML file, checked when it is read."""

from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from vdata_assets.attributes.grammar import Grammar, Phrases
from vdata_assets.attributes.settings import CATEGORY, UNKNOWN
from vdata_assets.attributes.strict_yaml import read_strict_yaml

RESERVED = frozenset({"product_id", CATEGORY, "group_id", "content_hash", "phash", "split", "has_text"})
"""Columns of the tables that attributes are put into."""

MAX_SHOWN = 10
Name = Annotated[str, Field(strict=True, pattern=r"^[a-z][a-z0-9_]{0,59}$")]


class _Rules(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ScopeRules(_Rules):
    """A kind of thing that texts speak of, and the names it goes by."""

    words: Phrases = Field(description="names of such a thing: 'tee', 'shirt'")
    categories: Phrases = Field((), description="further words that mean it in a category's name")
    parts: Phrases = Field((), description="names of its parts that name another thing elsewhere")
    instead: Phrases = Field((), description="names for it in a text that has none of its own words")
    accessory: bool = Field(
        False, description="added to the things that texts are about: 'its fabric' is not its fabric"
    )


class TagRules(_Rules):
    """A tag, and the words that say it."""

    tag: Name
    priority: int = Field(1, ge=1, le=1000, description="of several tags the lowest number comes first")
    triggers: Phrases = Field((), description="phrases that say the tag")
    described: Phrases = Field((), description="words that say it only of one of the attribute's nouns")
    exclusions: Phrases = Field((), description="phrases in which the words say nothing")

    @model_validator(mode="after")
    def _can_be_said(self) -> Self:
        if not self.triggers and not self.described:
            raise ValueError("triggers and described are both empty: nothing can say this tag")
        if self.tag == UNKNOWN:
            raise ValueError(f"{UNKNOWN!r} is what is written where nothing is said: name the tag otherwise")
        return self


class AttributeRule(_Rules):
    """An attribute: its tags, and what bears on all of them."""

    scopes: tuple[Name, ...] | None = Field(None, description="scopes that have it; null: all")
    nouns: Phrases = Field((), description="what a described word must stand by: 'neckline'")
    details: Phrases = Field((), description="names of details, whose tag is never the primary one: 'trim'")
    refuted_before: Phrases = Field((), description="single words before a trigger that refute it: 'faux'")
    refuted_after: Phrases = Field((), description="single words after a trigger that refute it: 'look'")
    tags: tuple[TagRules, ...] = Field(max_length=1000)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [tag.tag for tag in self.tags]
        if not names:
            raise ValueError("tags: there is none")
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"tags: {twice[0]!r} is there twice")
        if not self.nouns and (described := [tag.tag for tag in self.tags if tag.described]):
            raise ValueError(f"tags: {described[0]!r} has described words, but the attribute has no nouns")
        return self


class AttributeRules(_Rules):
    """Rules of one domain.

    ``scopes`` are the kinds of things that its texts speak of: the product is of one, told by its category
    or else by its text, and what is said of the others says nothing of the product. ``things`` belong to no
    scope: what is said of a pocket says nothing of the product either. ``exclusions`` are phrases whose
    words mean nothing.
    """

    name: Name
    attributes: dict[Name, AttributeRule] = Field(min_length=1, max_length=50)
    scopes: dict[Name, ScopeRules] = Field({}, max_length=50)
    things: Phrases = ()
    exclusions: Phrases = ()
    grammar: Grammar = Grammar()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name, attribute in self.attributes.items():
            if name in RESERVED or name.endswith(("_tags", "_evidence")):
                raise ValueError(f"attributes: {name!r} is a column's name: name the attribute otherwise")
            if missing := [scope for scope in attribute.scopes or () if scope not in self.scopes]:
                raise ValueError(
                    f"attributes.{name}.scopes: there is no scope {missing[0]!r}; there are "
                    f"{', '.join(self.scopes) or 'none'}"
                )
        return self

    def tags(self, attribute: str) -> list[str]:
        """The tags of an attribute, in the rules' order."""
        return [tag.tag for tag in self.attributes[attribute].tags]


def load_rules(path: Path | None = None) -> AttributeRules:
    """Read rules.

    Args:
        path: a YAML file; None for the fashion rules that come with the package (``fashion.yaml``, which
            explains every part of such a file).

    Raises:
        ValueError: names the file, and for every fault where it is, the value, and what is allowed.
    """
    if path is None:
        with as_file(files("vdata_assets.attributes") / "fashion.yaml") as own:
            return load_rules(own)
    content = read_strict_yaml(path)
    try:
        return AttributeRules.model_validate(content)
    except ValidationError as error:
        faults = [_fault(fault["loc"], fault["input"], fault["msg"]) for fault in error.errors()]
        more = [f"and {len(faults) - MAX_SHOWN} more"] if len(faults) > MAX_SHOWN else []
        raise ValueError("\n".join([f"{path}:", *faults[:MAX_SHOWN], *more])) from error


def _fault(place: tuple[int | str, ...], value: object, message: str) -> str:
    where = ".".join(str(step) for step in place) or "the file"
    said = message.removeprefix("Value error, ")
    if isinstance(value, dict | list):
        return f"{where}: {said}"
    shown = repr(value)
    return f"{where}: {shown if len(shown) <= 60 else shown[:57] + '...'}: {said}"
