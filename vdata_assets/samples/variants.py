"""The concepts of a category and the views of a concept, as seeded choices.

Everything is decided by the seed and the keys (category, concept, view) alone, so that a further category,
concept or view changes no other picture.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np

from vdata_assets.samples.backgrounds import BACKGROUNDS
from vdata_assets.samples.camera import Pose
from vdata_assets.samples.lighting import LIGHTS, Light
from vdata_assets.samples.objects import Look, Solid
from vdata_assets.samples.patterns import ACCENTS, PRINTS
from vdata_assets.samples.products import KINDS
from vdata_assets.samples.render import Picture, render
from vdata_assets.seeding import seeded_int, seeded_order, seeded_uniform


@dataclass(frozen=True)
class Draws:
    """Random choices for one thing, each independent of the others and named by its purpose."""

    seed: int
    keys: tuple[str, ...]

    def uniform(self, purpose: str, low: float, high: float) -> float:
        """A number in [low, high)."""
        return low + (high - low) * seeded_uniform(self.seed, f"samples-{purpose}", *self.keys)

    def choice(self, purpose: str, options: tuple[str, ...]) -> str:
        """One of the options."""
        return options[int(self.uniform(purpose, 0, len(options)))]

    def generator(self, purpose: str) -> np.random.Generator:
        """A generator for textures, which take more numbers than are worth naming."""
        return np.random.default_rng(seeded_int(self.seed, f"samples-{purpose}", *self.keys))


@dataclass(frozen=True)
class Concept:
    """One product of a category."""

    category: str
    shape: str
    look: Look

    @property
    def name(self) -> str:
        """Its folder's name."""
        return f"{self.look.colour}-{self.look.pattern}-{self.shape}"

    def solid(self, seed: int) -> Solid:
        """The object, with this concept's own measures."""
        draws = Draws(seed, (self.category, self.name))
        return KINDS[self.category].build(
            self.shape, self.look, lambda measure, value: value * draws.uniform(f"size-{measure}", 0.92, 1.08)
        )


@dataclass(frozen=True)
class View:
    """How one picture of a concept is taken."""

    pose: Pose
    background: str
    light: str
    azimuth: float
    elevation: float
    suffix: str


def concepts_of(category: str, count: int, seed: int) -> list[Concept]:
    """The first ``count`` concepts of a category; a larger count only appends.

    Raises:
        ValueError: if there is no such category, or not so many concepts of it.
    """
    if category not in KINDS:
        raise ValueError(f"categories: unknown category {category!r}; known are {', '.join(KINDS)}")
    kind = KINDS[category]
    looks = {"/".join(parts): parts for parts in product((category,), kind.shapes, kind.colours, PRINTS)}
    if count > len(looks):
        raise ValueError(
            f"categories: {count} concepts of {category!r} asked for, no more than {len(looks)} can be made"
        )
    concepts = []
    for key in seeded_order(seed, "samples-look", looks)[:count]:
        _, shape, colour, pattern = looks[key]
        accent = Draws(seed, (key,)).choice("accent", ACCENTS[colour])
        concepts.append(Concept(category, shape, Look(colour, accent, pattern)))
    return concepts


def view_of(concept: Concept, number: int, seed: int) -> View:
    """The ``number``-th view of a concept."""
    draws = Draws(seed, (concept.category, concept.name, str(number)))
    turn = KINDS[concept.category].turn
    scale = draws.uniform("scale", 0.66, 0.94)
    play = 0.5 * (1 - scale) + 0.03
    pose = Pose(
        yaw=draws.uniform("yaw", -turn, turn),
        pitch=draws.uniform("pitch", 12, 32),
        roll=draws.uniform("roll", -5, 5),
        scale=scale,
        x=draws.uniform("x", -play, play),
        y=draws.uniform("y", -0.6 * play, 0.6 * play),
        perspective=draws.uniform("perspective", 0.18, 0.33),
    )
    light = draws.choice("light", tuple(LIGHTS))
    format_draw = draws.uniform("format", 0, 1)
    return View(
        pose=pose,
        background=draws.choice("background", tuple(BACKGROUNDS)),
        light=light,
        azimuth=draws.uniform("azimuth", -75, 75),
        elevation=draws.uniform("elevation", *LIGHTS[light].elevation),
        suffix="png" if format_draw < 0.04 else "webp" if format_draw < 0.08 else "jpg",
    )


def picture(concept: Concept, solid: Solid, number: int, seed: int, size: int) -> Picture:
    """Draw the ``number``-th view of a concept; ``solid`` is the concept's."""
    view = view_of(concept, number, seed)
    generator = Draws(seed, (concept.category, concept.name, str(number))).generator("texture")
    light = Light(LIGHTS[view.light], view.azimuth, view.elevation)
    return render(solid, view.pose, BACKGROUNDS[view.background](generator), light, size)
