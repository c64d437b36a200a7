"""Defects that are put into the samples on purpose, so that audits have something true to report.

With flaws, and only with them, a tree has

- ``truncated``: a JPEG that ends half way, the first image of the third category;
- ``misnamed``: a PNG named ``.jpg``, the second image of the fourth category;
- ``duplicate``: a copy of the third image of the second category, as one more image of its concept;
- ``single image``: one more concept of the first category, with one image;
- ``single concept``: the category "candle", with one concept.

With fewer categories the count starts over. Every other file is the same with and without flaws.
"""

from collections.abc import Mapping
from dataclasses import dataclass

SINGLE_CONCEPT_CATEGORY = "candle"
FEWEST_VIEWS = 3
TRUNCATED, MISNAMED, DUPLICATE = "truncated", "misnamed", "duplicate"
SINGLE_IMAGE, SINGLE_CONCEPT = "single image", "single concept"


@dataclass(frozen=True)
class ConceptPlan:
    """What to write of one concept.

    Attributes:
        category: its category.
        index: its number in the category.
        views: how many views to draw.
        flaw: what is wrong with the concept as a whole.
        damage: what is wrong with a view, by the view's number.
    """

    category: str
    index: int
    views: int
    flaw: str | None
    damage: Mapping[int, str]


def plan(counts: Mapping[str, int], views: int, *, flaws: bool) -> list[ConceptPlan]:
    """What to write, category by category.

    Args:
        counts: concepts a category.
        views: views a concept.
        flaws: put the defects in.

    Raises:
        ValueError: if flaws are asked for and there is too little to put them in.
    """
    concepts = {
        (category, index): ConceptPlan(category, index, views, None, {})
        for category, count in counts.items()
        for index in range(count)
    }
    if not flaws:
        return list(concepts.values())
    sound = [category for category in counts if category != SINGLE_CONCEPT_CATEGORY]
    if not sound or views < FEWEST_VIEWS:
        raise ValueError(
            f"flaws: need at least {FEWEST_VIEWS} views a concept (views_per_concept is {views}) "
            f"and a category other than {SINGLE_CONCEPT_CATEGORY!r}"
        )
    concepts = {key: concept for key, concept in concepts.items() if key[0] != SINGLE_CONCEPT_CATEGORY}
    damage: dict[str, dict[int, str]] = {}
    for place, (view, flaw) in {1: (2, DUPLICATE), 2: (0, TRUNCATED), 3: (1, MISNAMED)}.items():
        damage.setdefault(sound[place % len(sound)], {})[view] = flaw
    for category, views_damaged in damage.items():
        concepts[category, 0] = ConceptPlan(category, 0, views, None, views_damaged)
    return [
        *concepts.values(),
        ConceptPlan(sound[0], counts[sound[0]], 1, SINGLE_IMAGE, {}),
        ConceptPlan(SINGLE_CONCEPT_CATEGORY, 0, views, SINGLE_CONCEPT, {}),
    ]
