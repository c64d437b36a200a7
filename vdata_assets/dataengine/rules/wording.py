"""Claims in words, and words back to claims: a small closed grammar, one sentence a claim and variant.

Labels come from outside and may hold anything, the grammar's own words included. So a sentence is understood
only if exactly one claim could have been worded so.
"""

from collections.abc import Iterable, Iterator
from itertools import permutations

from vdata_assets.conversations.nouns import INNER, WORDS, noun
from vdata_assets.dataengine.rules.claims import (
    BETWEEN,
    CORNERS,
    EXTREMES,
    HALVES,
    RELATIONS,
    Anchor,
    Claim,
    Group,
)
from vdata_assets.dataengine.rules.colours import NAMES

WHOLE_ONE = (
    "Segment the {one}.",
    "Segment the {one} in the picture.",
    "Segment the only {one} in the picture.",
)
WHOLE_MANY = ("Segment every {one}.", "Segment all {many}.", "Segment each {one} in the picture.")
# A label that is no countable noun: "Segment the grass."
WHOLE_MASS = ("Segment the {mass}.", "Segment all of the {mass} in the picture.")

EXTREME = {
    "leftmost": ("Segment the leftmost {one}.", "Segment the {one} furthest to the left."),
    "rightmost": ("Segment the rightmost {one}.", "Segment the {one} furthest to the right."),
    "topmost": ("Segment the topmost {one}.", "Segment the {one} closest to the top of the picture."),
    "lowest": ("Segment the lowest {one}.", "Segment the {one} closest to the bottom of the picture."),
    "largest": ("Segment the largest {one}.", "Segment the biggest {one} in the picture."),
    "smallest": ("Segment the smallest {one}.", "Segment the smallest {one} in the picture."),
    "central": (
        "Segment the {one} closest to the centre of the picture.",
        "Segment the most central {one} in the picture.",
    ),
}
# How large a named thing is, is not seen in a picture; how much of it it covers, is.
APPARENT = {
    "largest": (
        "Segment the {one} that appears largest.",
        "Segment the {one} that takes up the most of the picture.",
    ),
    "smallest": (
        "Segment the {one} that appears smallest.",
        "Segment the {one} that takes up the least of the picture.",
    ),
}
PLACED_ONE = (
    "Segment the {one} in the {place} of the picture.",
    "Segment the {one} that is in the {place} of the picture.",
)
PLACED_MANY = (
    "Segment every {one} in the {place} of the picture.",
    "Segment all {many} in the {place} of the picture.",
)

RELATED = {
    "left of": ("to the left of {a}",),
    "right of": ("to the right of {a}",),
    "above": ("above {a}", "higher up in the picture than {a}"),
    "below": ("below {a}", "lower down in the picture than {a}"),
    "touching": ("touching {a}", "in contact with {a}"),
    "inside": ("inside {a}", "enclosed by {a}"),
    "same colour": ("of the same colour as {a}",),
    "larger": ("larger than {a}",),
    "smaller": ("smaller than {a}",),
    BETWEEN: ("between {a} and {b}",),
}
SEEN = {
    # Above and below in the picture, not in the room.
    "above": ("higher up in the picture than {a}",),
    "below": ("lower down in the picture than {a}",),
    "larger": ("appearing larger than {a}",),
    "smaller": ("appearing smaller than {a}",),
}
# What is seen to touch, or to be inside, need not be so in the room.
FLAT_ONLY = ("touching", "inside")
RELATED_ONE = ("Segment the {one} {relation}.",)
RELATED_MANY = ("Segment every {one} {relation}.", "Segment all {many} {relation}.")
PICKS = ("largest", "smallest", "leftmost", "rightmost", "topmost", "lowest")

PRONOUNS = frozenset(
    (
        "he",
        "her",
        "him",
        "it",
        "me",
        "she",
        "that",
        "them",
        "these",
        "they",
        "this",
        "those",
        "us",
        "we",
        "you",
    )
)
OWN_GROUPS = (Group("all"), *(Group("colour", name) for name in NAMES))


def sentences(claim: Claim) -> tuple[str, ...]:
    """Every wording of a claim, each true if the claim is; none if it cannot be said."""
    one, many = _nouns(claim.target)
    if not claim.predicate:
        if (mass := mass_noun(claim.target)) is not None:
            return tuple(template.format(mass=mass) for template in WHOLE_MASS if claim.several is None)
        if claim.several is None:
            return ()
        whole = WHOLE_MANY if claim.several else WHOLE_ONE
        return tuple(template.format(one=one, many=many) for template in whole)
    if claim.several and mass_noun(claim.target) is not None:
        return ()
    if claim.predicate in EXTREMES:
        if claim.several or mass_noun(claim.target) is not None:
            return ()
        wordings = {**EXTREME, **APPARENT} if claim.target.kind == "label" else EXTREME
        return tuple(template.format(one=one) for template in wordings[claim.predicate])
    if claim.predicate in HALVES or claim.predicate in CORNERS:
        templates = PLACED_MANY if claim.several else PLACED_ONE
        return tuple(template.format(one=one, many=many, place=claim.predicate) for template in templates)
    return tuple(
        template.format(one=one, many=many, relation=relation)
        for relation in _relations(claim)
        for template in (RELATED_MANY if claim.several else RELATED_ONE)
    )


def understood(text: str, labels: Iterable[str]) -> Claim | None:
    """The claim that a sentence makes; None if it makes none, or could make several.

    Args:
        text: the sentence.
        labels: the given labels of the picture's regions.
    """
    groups = [*OWN_GROUPS, *(Group("label", label) for label in sorted(set(labels)))]
    found = {claim for claim in _spoken(text, groups) if text in sentences(claim)}
    return found.pop() if len(found) == 1 else None


def _spoken(text: str, groups: list[Group]) -> Iterator[Claim]:
    """All claims over what a sentence names."""
    anchors = [
        anchor
        for group in groups
        for anchor in (Anchor(group, pick) for pick in ("", *PICKS))
        if (phrase := _anchor(anchor)) is not None and phrase in text
    ]
    for target in groups:
        if not any(word in text for word in _nouns(target)):
            continue
        if mass_noun(target) is not None:
            yield Claim(target, several=None)
        for several in (False, True):
            for predicate in ("", *EXTREMES, *HALVES, *CORNERS):
                yield Claim(target, predicate, (), several)
            for predicate in RELATIONS:
                for anchor in anchors:
                    yield Claim(target, predicate, (anchor,), several)
            for pair in permutations(anchors, 2) if " between " in text else ():
                yield Claim(target, BETWEEN, pair, several)


def _relations(claim: Claim) -> tuple[str, ...]:
    """What follows the noun in a relation."""
    phrases = [_anchor(anchor) for anchor in claim.anchors]
    if None in phrases:
        return ()
    if any(group.kind == "label" for group in (claim.target, *(a.group for a in claim.anchors))):
        if claim.predicate in FLAT_ONLY:
            return ()
        templates = SEEN.get(claim.predicate, RELATED[claim.predicate])
    else:
        templates = RELATED[claim.predicate]
    named = dict(zip("ab", phrases, strict=False))
    return tuple(template.format(**named) for template in templates)


def _anchor(anchor: Anchor) -> str | None:
    """One region in words; None if they would not be true in the room."""
    one, _ = _nouns(anchor.group)
    if not anchor.pick:
        return f"the {one}"
    if anchor.group.kind == "label" and (anchor.pick in APPARENT or mass_noun(anchor.group) is not None):
        return None
    return f"the {anchor.pick} {one}"


def _nouns(group: Group) -> tuple[str, str]:
    """One and several of a group."""
    if group.kind == "all":
        return "object", "objects"
    if group.kind == "colour":
        return f"{group.name} region", f"{group.name} regions"
    if (mass := mass_noun(group)) is not None:
        return mass, mass
    named = noun(group.name)
    return named.singular, named.plural


def mass_noun(group: Group) -> str | None:
    """What one says of all there is of a label that is no countable noun: "grass"; None of other groups."""
    shown = group.name.replace("_", " ")
    if group.kind != "label" or noun(group.name).singular == shown:
        return None
    sound = WORDS.fullmatch(shown) and not INNER.search(shown)
    return shown if sound and len(shown) > 1 and shown.lower() not in PRONOUNS else None
