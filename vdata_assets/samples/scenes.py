"""The sample exports: which clip each is cut from, in which layout, and what is odd about it on purpose.

Every inbox has, for audits to warn of,

- ``rare``: the class "candle", of which there is not one instance to nine of the largest class;
- ``shared``: frame 40 of the clip "breakfast", which stands in two exports;
- ``tiny``: a ball far away, and objects that have nearly left the picture.

With flaws, and only with them, it has two more exports, which are to be rejected:

- ``unannotated``: 15 of 40 frames have no objects;
- ``broken-masks``: one mask's runs are a row short, one's are no numbers.
"""

from dataclasses import dataclass
from typing import Literal

from vdata_assets.samples.clips import Actor, Clip, Motion

Layout = Literal["documented", "public tool", "nested"]


@dataclass(frozen=True)
class SampleExport:
    """One export ZIP.

    Attributes:
        name: stem of the ZIP.
        layout: how it is written, see :mod:`vdata_assets.samples.exports`.
        clip: what it shows.
        indices: the annotated frames.
        unannotated: those of them whose objects are left out.
        broken: (frame, object) of the masks that are spoilt.
    """

    name: str
    layout: Layout
    clip: Clip
    indices: range
    unannotated: frozenset[int] = frozenset()
    broken: tuple[tuple[int, int], ...] = ()


BREAKFAST = Clip(
    "breakfast",
    "cloth",
    "daylight",
    (
        Actor("mug", Motion(-0.9, 0.2)),
        Actor("ball", Motion(-1.9, 0.9, speed=0.75, hop=0.5, hops=0.8)),
        Actor("box", Motion(1.2, -0.6, speed=-0.1)),
        Actor("ball", Motion(0.4, -1.6, size=0.11)),
    ),
    (-0.7, 0.7),
)
WORKBENCH = Clip(
    "workbench",
    "wood",
    "lamplight",
    (
        Actor("box", Motion(-1.6, 0.1, speed=0.6)),
        Actor("ball", Motion(1.8, 0.8, speed=-0.7, hop=0.7, hops=0.7)),
        Actor("mug", Motion(0.6, -0.7)),
    ),
)
BATHROOM = Clip(
    "bathroom",
    "tiles",
    "overcast",
    (
        Actor("mug", Motion(1.0, 0.4, speed=-0.5)),
        Actor("ball", Motion(-1.4, -0.2, speed=0.9, hop=0.9)),
        Actor("candle", Motion(-6.0, -0.9, speed=4.4)),
    ),
    (0.9, -0.9),
)
HALL = Clip(
    "hall",
    "terrazzo",
    "evening",
    (
        Actor("ball", Motion(-2.2, 0.3, speed=1.3, hop=0.4, hops=1.5)),
        Actor("ball", Motion(1.0, -0.8, hop=1.0, hops=0.6)),
        Actor("box", Motion(0.2, 0.9, speed=0.3)),
    ),
    (-1.0, 1.0),
)
GARDEN = Clip(
    "garden",
    "garden",
    "golden",
    (
        Actor("mug", Motion(-0.4, -0.3)),
        Actor("ball", Motion(2.0, 0.7, speed=-1.1, hop=0.8)),
        Actor("candle", Motion(8.0, -0.8, speed=-6.5)),
    ),
    (-0.5, 0.5),
)
PHOTO_STUDIO = Clip(
    "photo studio",
    "studio",
    "daylight",
    (
        Actor("box", Motion(-1.2, -0.2)),
        Actor("mug", Motion(0.1, 0.6, speed=0.15)),
        Actor("ball", Motion(1.3, 0.1)),
    ),
)
PLAYROOM = Clip(
    "playroom",
    "tiles",
    "golden",
    (
        Actor("ball", Motion(-1.0, 0.8, speed=0.8, hop=1.1, hops=0.9)),
        Actor("box", Motion(0.9, -0.4, speed=-0.6)),
        Actor("ball", Motion(1.6, 0.3, speed=-0.9, hop=0.3, hops=2.0)),
        Actor("candle", Motion(-9.5, -1.2, speed=7.0)),
    ),
    (1.0, -1.0),
)
CELLAR = Clip(
    "cellar",
    "wood",
    "evening",
    (Actor("box", Motion(-0.8, 0.0)), Actor("ball", Motion(1.0, 0.4, hop=0.6))),
)

EXPORTS = (
    SampleExport("breakfast-1", "documented", BREAKFAST, range(0, 41, 4)),
    SampleExport("breakfast-2", "documented", BREAKFAST, range(40, 69, 4)),
    SampleExport("workbench", "public tool", WORKBENCH, range(0, 67, 6)),
    SampleExport("bathroom", "nested", BATHROOM, range(0, 48, 5)),
    SampleExport("hall", "documented", HALL, range(0, 48, 4)),
    SampleExport("garden", "public tool", GARDEN, range(0, 55, 6)),
    SampleExport("photo-studio", "nested", PHOTO_STUDIO, range(0, 24, 4)),
    SampleExport("playroom", "documented", PLAYROOM, range(0, 48, 4)),
)
FLAWED = (
    SampleExport("unannotated", "documented", CELLAR, range(40), unannotated=frozenset(range(20, 35))),
    SampleExport("broken-masks", "documented", CELLAR, range(60, 84, 4), broken=((64, 0), (72, 1))),
)
