"""The words that say how clauses hang together. English by default; a rules file may give others."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from vdata_assets.attributes.words import Words


def _has_a_word(phrase: str) -> str:
    if not Words(phrase).tokens:
        raise ValueError("a phrase needs a letter or a digit")
    return phrase


Phrase = Annotated[
    str, StringConstraints(strict=True, strip_whitespace=True, max_length=100), AfterValidator(_has_a_word)
]
Phrases = Annotated[tuple[Phrase, ...], Field(max_length=2000)]

_COMPANIONS = """
worn with; worn over; worn under; wear with; wear it with; wear over; wear it over; wear under; wear it under
pair with; pair it with; paired with; pairs with; pairs well with; pairs perfectly with; pairs nicely with
style with; style it with; styled with; styled over; team with; team it with; teamed with
match with; match it with; matched with; matches with; combine with; combine it with
goes with; goes well with; goes great with; go with; great with; good with; perfect with; works with
works well with; layer with; layer over; layer it over; layer under; layer it under; layered with
layered over; layered under; layered atop; shown with; pictured with; accessorize with; accessorized with
complete the look with; completes the look with; finish the look with; topped with; throw on; toss on
throw it over; also available in
also comes in; also in; available in; over a; over an; over her; over his; over your; over any
under a; under an; under her; under his; under your; under any; beneath a; beneath an; beneath your
underneath a; underneath your
"""
_BREAKS = """
in on at of by for from to into onto as that which who whose where when while whereas because so if than then
has have had having features featuring feature comes come coming made crafted wears wear wearing worn gives
can will would should may he she they you we i me it its it's
"""


class Grammar(BaseModel):
    """Words and phrases by what they do in a sentence. All are matched as a rule's phrases are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    companions: Phrases = Field(
        tuple(part.strip() for line in _COMPANIONS.strip().splitlines() for part in line.split(";")),
        description="what follows, to the end of the clause, is another thing than the product",
    )
    joins: Phrases = Field(
        ("with", "over", "under", "beneath", "underneath", "atop"),
        description="a thing named after one of these beside another thing is not the product",
    )
    pairings: Phrases = Field(
        (
            *("pair", "pairs", "paired", "pairing", "team", "teams", "teamed", "wear", "worn", "styled"),
            *("try", "goes", "go", "match", "matches", "matched", "works", "rock"),
        ),
        description="a join later in the clause is a companion: 'pairs beautifully with'",
    )
    ands: Phrases = Field(("and", "&", "plus", "+"), description="join equals")
    ors: Phrases = Field(("or", "nor", "/"), description="join equals, and go on with a denial")
    links: Phrases = Field(
        ("is", "are", "was", "were", "be", "looks", ":", "="), description="say what something is"
    )
    verbs: Phrases = Field(
        ("has", "have", "features", "comes", "made", "crafted", "includes", "offers", "boasts"),
        description="with the links: after 'and' they go on about the product",
    )
    breaks: Phrases = Field(tuple(_BREAKS.split()), description="end a noun phrase, and do nothing else")
    articles: Phrases = Field(
        ("a", "an", "some", "any", "her", "his", "their", "your", "my"), description="open a noun phrase"
    )
    resumes: Phrases = Field(
        ("the", "this", "these", "those", "it", "its", "it's", "our"),
        description="go back to the product, after a comma or 'and'",
    )
    pronouns: Phrases = Field(
        ("it", "its", "it's", "they", "their", "these"),
        description="at its start, a sentence is about the last thing",
    )
    negations: Phrases = Field(
        (
            *("no", "not", "without", "never", "isn't", "aren't", "doesn't", "don't", "lacks", "lacking"),
            *("instead of", "rather than", "unlike", "than", "free of", "free from", "minus", "neither"),
            *("looks like", "look like", "feels like", "feel like", "resembles", "mimics", "as soft as"),
            *("ditch", "swap", "skip", "forget", "replaces"),
            *("imitates", "reminiscent of", "inspired by", "reminds of", "alternative to"),
            *("soft as", "smooth as"),
        ),
        description="what follows closely is denied",
    )
    prefixes: Phrases = Field(("non",), description="what follows at once is denied")
    suffixes: Phrases = Field(
        ("free", "less"), description="deny what stands before them: with a hyphen, or at the end of a clause"
    )
    turns: Phrases = Field(("but", "however", "yet", "though", ":"), description="end a denial")
    plain: Phrases = Field(
        (
            *("not only", "not just", "not your average", "not your typical", "not your usual"),
            *("pair of", "pairs of", "pack of", "kind of", "all over", "nothing but"),
        ),
        description="phrases with such a word in which it does nothing",
    )
