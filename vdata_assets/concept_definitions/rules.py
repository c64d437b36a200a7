"""The embedded writer: states the colours, the surface and the outline that it has measured, and no more."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vdata_assets.concept_definitions.measure import COLOURS, DEFINITION, Measures, measure
from vdata_assets.concept_definitions.wording import noun_phrase
from vdata_assets.concept_definitions.writer import Concept, Objection, Verdict, View, Wording
from vdata_resources.library_versions import library_versions

VERSION = 1
"""Raise it with any change of the rules or the wording."""

MAIN_SHARE, PART_SHARE = 0.3, 0.13
MAX_PARTS = 2
EVEN, PATTERNED = 0.1, 0.22
TALL, WIDE = 1.15, 0.87
AS_TALL_AS_WIDE = (0.9, 1.12)
LENIENCE = 0.6
"""Another view bears out a share of so much of what would be claimed from it: light and angle differ."""

ADJECTIVES = {"orange": "bright-orange"}
"""Stands after "A photo of a", so nothing may begin with a vowel."""


@dataclass(frozen=True)
class Bounds:
    """What one measure has to be for a claim: within ``written`` to be made, ``verified`` to be borne out."""

    written: tuple[float, float]
    verified: tuple[float, float]


SURFACES = {
    "even": Bounds((0, EVEN), (0, EVEN / LENIENCE)),
    "patterned": Bounds((PATTERNED, 1), (PATTERNED * LENIENCE, 1)),
}
OUTLINES = {
    "taller than wide": Bounds((TALL, 99), (1.05, 99)),
    "wider than tall": Bounds((0, WIDE), (0, 0.95)),
    "about as tall as wide": Bounds(AS_TALL_AS_WIDE, (0.85, 1.18)),
}


class RuleConceptWriter:
    """Describes what agrees across the views; another view has to show the same.

    A claim is made only if every view that has a clear figure bears it out. What the verifying view does not
    bear out is left out of the second wording.
    """

    @property
    def identity(self) -> str:
        """See :class:`~vdata_assets.concept_definitions.writer.ConceptWriter`."""
        libraries = library_versions("numpy", "pillow", "scikit-image", "scipy")
        return f"rules version={VERSION} measures={DEFINITION} {libraries}"

    async def write(
        self, concept: Concept, views: Sequence[View], objection: Objection | None = None
    ) -> Wording | None:
        """See :class:`~vdata_assets.concept_definitions.writer.ConceptWriter`.

        There is nothing to state where fewer than two of several views have a clear figure.
        """
        measured = [await asyncio.to_thread(measure, view.pixels) for view in views]
        clear = [measures for measures in measured if measures is not None]
        if len(clear) < min(2, len(views)):
            return None
        refuted = objection.verdict.refuted if objection is not None else ()
        claims = [claim for claim in _claims(clear) if claim not in refuted]
        return _worded(concept, claims) if claims else None

    async def verify(self, concept: Concept, wording: Wording, view: View) -> Verdict:
        """See :class:`~vdata_assets.concept_definitions.writer.ConceptWriter`."""
        measures = await asyncio.to_thread(measure, view.pixels)
        if measures is None:
            return Verdict(False, "nothing stands out from the background of the other view")
        refuted = tuple(claim for claim in wording.claims if not _borne_out(claim, measures))
        if refuted:
            return Verdict(False, f"the other view does not show: {', '.join(refuted)}", refuted)
        return Verdict(True, f"the other view shows it too: {', '.join(wording.claims)}")


def _claims(views: Sequence[Measures]) -> Iterator[str]:
    """What all views agree on: ``mostly red``, ``partly white``, ``even``, ``taller than wide``."""
    least = {name: min(view.colours[name] for view in views) for name in COLOURS}
    mean = {name: sum(view.colours[name] for view in views) for name in COLOURS}
    ranked = sorted(COLOURS, key=lambda name: -mean[name])
    main = ranked[0] if least[ranked[0]] >= MAIN_SHARE else None
    if main:
        yield f"mostly {main}"
    parts = [name for name in ranked if name != main and least[name] >= PART_SHARE]
    yield from (f"partly {name}" for name in parts[:MAX_PARTS])
    for surface, bounds in SURFACES.items():
        if all(bounds.written[0] <= view.edges <= bounds.written[1] for view in views):
            yield surface
    for outline, bounds in OUTLINES.items():
        if all(bounds.written[0] <= view.tallness <= bounds.written[1] for view in views):
            yield outline


def _borne_out(claim: str, view: Measures) -> bool:
    kind, _, colour = claim.partition(" ")
    if kind in ("mostly", "partly") and colour in COLOURS:
        wanted = MAIN_SHARE if kind == "mostly" else PART_SHARE
        return view.colours[colour] >= wanted * LENIENCE
    if claim in SURFACES:
        low, high = SURFACES[claim].verified
        return low <= view.edges <= high
    low, high = OUTLINES[claim].verified
    return low <= view.tallness <= high


def _worded(concept: Concept, claims: Sequence[str]) -> Wording:
    noun = noun_phrase(concept.display_category)
    words = noun.split()
    head = words[-1] if len(words) <= 2 else "object"  # in English the last of two words is the thing
    main = [claim.removeprefix("mostly ") for claim in claims if claim.startswith("mostly ")]
    parts = [claim.removeprefix("partly ") for claim in claims if claim.startswith("partly ")]
    surfaces = [claim for claim in claims if claim in SURFACES]
    outlines = [claim for claim in claims if claim in OUTLINES]
    said = []
    if main:
        said.append(f"is mostly {main[0]}" + (f" with {_listed(parts)} parts" if parts else ""))
    elif parts:
        said.append(f"is partly {_listed(parts)}")
    said += [f"has {'an even' if surface == 'even' else 'a patterned'} surface" for surface in surfaces]
    said += [f"looks {outline}" for outline in outlines]
    return Wording(
        coarse=f"A photo of a {_adjective(main, parts, surfaces, outlines)} {head}",
        detailed=f"The {noun} {_listed(said)}.",
        claims=tuple(claims),
    )


def _adjective(main: list[str], parts: list[str], surfaces: list[str], outlines: list[str]) -> str:
    """The most telling of what is claimed, in one word."""
    if main:
        return ADJECTIVES.get(main[0], main[0])
    if len(parts) > 1:
        return "multicoloured"
    if parts:
        return f"partly-{parts[0]}"
    if surfaces:
        return {"even": "plain", "patterned": "patterned"}[surfaces[0]]
    return {"taller than wide": "tall", "wider than tall": "wide", "about as tall as wide": "compact"}[
        outlines[0]
    ]


def _listed(items: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(filter(None, [", ".join(items[:-1]), items[-1]]))
