"""Claims that can be measured: what a prompt says, apart from its wording."""

from dataclasses import dataclass
from typing import Literal

from vdata_assets.dataengine.annotator import Family

EXTREMES = ("leftmost", "rightmost", "topmost", "lowest", "largest", "smallest", "central")
HALVES = ("left half", "right half", "upper half", "lower half")
CORNERS = ("upper left corner", "upper right corner", "lower left corner", "lower right corner")
RELATIONS = (
    "left of",
    "right of",
    "above",
    "below",
    "touching",
    "inside",
    "same colour",
    "larger",
    "smaller",
)
BETWEEN = "between"

OPPOSITES = {"left of": "right of", "right of": "left of", "above": "below", "below": "above"}


class Unproven(Exception):  # noqa: N818 - it is a judgement, not a fault
    """A claim cannot be shown: it is ambiguous, marginal, or may be wrong. The message says why."""


@dataclass(frozen=True)
class Group:
    """Regions that share a noun.

    Attributes:
        kind: all objects of the picture, those of a colour, or those of a given label.
        name: the colour or the label; empty for all.
    """

    kind: Literal["all", "colour", "label"]
    name: str = ""


@dataclass(frozen=True)
class Anchor:
    """One region that others are compared with.

    Attributes:
        group: what it is called.
        pick: the extreme that it is of the group; empty: it is the only one.
    """

    group: Group
    pick: str = ""


@dataclass(frozen=True)
class Claim:
    """The regions of a group of which something holds.

    Attributes:
        target: the group.
        predicate: an extreme, half, corner or relation; empty: the whole group.
        anchors: what a relation is to: two for between, else one.
        several: whether more than one region answers; None if the words leave that open.
    """

    target: Group
    predicate: str = ""
    anchors: tuple[Anchor, ...] = ()
    several: bool | None = False

    @property
    def family(self) -> Family:
        """The concept family that it belongs to."""
        if self.anchors:
            return "relations"
        return "spatial" if self.predicate else "entities"
