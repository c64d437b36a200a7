"""Who puts concepts into words, and what is asked of them.

Two answer: :mod:`~vdata_assets.concept_definitions.model` asks a vision-language model, and
:mod:`~vdata_assets.concept_definitions.rules` states what it has measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Concept:
    """What is to be put into words.

    Attributes:
        name: display name: the folder's name.
        category: display name: the folder's name.
        display_category: what the category is called in sentences.
    """

    name: str
    category: str
    display_category: str


@dataclass(frozen=True, eq=False)
class View:
    """A training image of a concept.

    Attributes:
        image_id: of the catalog.
        path: POSIX, relative to the dataset's root.
        pixels: (height, width, 3) RGB, upright.
    """

    image_id: str
    path: str
    pixels: NDArray[np.uint8]


@dataclass(frozen=True)
class Wording:
    """A concept in words.

    Attributes:
        coarse: five or six words that begin with "A photo of a".
        detailed: one sentence on lasting visible features.
        claims: what is stated, one by one, by a writer that measures; empty for others.
    """

    coarse: str
    detailed: str
    claims: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """Whether another view bears a wording out.

    Attributes:
        accept: it does.
        reason: why, or why not.
        refuted: the claims that it does not bear out, from a judge that measures.
    """

    accept: bool
    reason: str
    refuted: tuple[str, ...] = ()


@dataclass(frozen=True)
class Objection:
    """A wording that was not accepted, and why."""

    wording: Wording
    verdict: Verdict


class ConceptWriter(Protocol):
    """Writes and verifies definitions. Any number of calls may be under way.

    Both raise :class:`~vdata_resources.language.protocol.ModelError` where there is no answer, which is no
    judgement.
    """

    @property
    def identity(self) -> str:
        """Changes whenever answers could: model, prompt versions, rules. Named in the metadata."""
        ...

    async def write(
        self, concept: Concept, views: Sequence[View], objection: Objection | None = None
    ) -> Wording | None:
        """Put the concept into words; None if nothing can be stated.

        Args:
            concept: what it is.
            views: at least one.
            objection: what was wrong with the first wording.
        """
        ...

    async def verify(self, concept: Concept, wording: Wording, view: View) -> Verdict:
        """Judge a wording by a view that it was not written from."""
        ...
