"""What an object is: parts, each a solid with a paint on it. The object stands on y = 0, front towards +z."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vdata_assets.samples.patterns import COLOURS, PATTERNS, linear, mix
from vdata_assets.samples.shapes import Array, Distance

Unwrap = Callable[[Array, Array, Array], tuple[Array, Array]]
"""Surface coordinates (u, v) of points on a part, in repeats of its pattern."""

Size = Callable[[str, float], float]
"""A named measure of one shape, made a little larger or smaller for one concept."""

# The largest object reaches no further than this from the y axis and the floor.
REACH = 1.5
BOUNDING_GRID = 64


@dataclass(frozen=True)
class Look:
    """What is painted on an object's main part.

    Attributes:
        colour: name in :data:`~vdata_assets.samples.patterns.COLOURS`.
        accent: name of the pattern's colour.
        pattern: name in :data:`~vdata_assets.samples.patterns.PATTERNS`.
    """

    colour: str
    accent: str
    pattern: str


@dataclass(frozen=True)
class Part:
    """A solid of one material.

    Attributes:
        distance: its signed distance function.
        look: what is painted on it.
        unwrap: how its pattern lies on it; None where it has none.
        gloss: 0 for cloth, 1 for glazed ceramics.
        glow: light given off, as a share of its colour.
    """

    distance: Distance
    look: Look
    unwrap: Unwrap | None = None
    gloss: float = 0.3
    glow: float = 0.0

    def albedo(self, x: Array, y: Array, z: Array) -> Array:
        """Linear colour, shape (3, n), of n points on the surface, before any light."""
        colour = linear(COLOURS[self.look.colour])
        if self.unwrap is None:
            return np.broadcast_to(colour[:, None], (3, x.size))
        share = PATTERNS[self.look.pattern](*self.unwrap(x, y, z))
        return mix(share, colour, linear(COLOURS[self.look.accent]))


@dataclass(frozen=True)
class Solid:
    """An object in its own frame.

    Attributes:
        parts: what it is made of; the first is the main part, which carries the concept's look.
    """

    parts: tuple[Part, ...]

    def distance(self, x: Array, y: Array, z: Array) -> Array:
        """Signed distance of points to the nearest part."""
        nearest = self.parts[0].distance(x, y, z)
        for part in self.parts[1:]:
            nearest = np.minimum(nearest, part.distance(x, y, z))
        return nearest

    def part_at(self, x: Array, y: Array, z: Array) -> np.ndarray:
        """Index of the nearest part."""
        return np.argmin(np.stack([part.distance(x, y, z) for part in self.parts]), axis=0)

    @cached_property
    def bounds(self) -> tuple[float, float]:
        """Height of the centre, and radius, of a sphere about a point of the y axis that holds the object."""
        side = np.linspace(-REACH, REACH, BOUNDING_GRID, dtype=np.float32)
        x, y, z = (axis.ravel() for axis in np.meshgrid(side, side + np.float32(REACH), side))
        cell = 2 * REACH / (BOUNDING_GRID - 1)
        near = self.distance(x, y, z) < cell
        x, y, z = x[near], y[near], z[near]
        centre = float(y.min() + y.max()) / 2
        return centre, float(np.sqrt(x * x + (y - centre) ** 2 + z * z).max())


def around(repeats: int, per_height: float) -> Unwrap:
    """Coordinates around the y axis: u runs once around in ``repeats``, v counts ``per_height`` a unit up."""

    def unwrap(x: Array, y: Array, z: Array) -> tuple[Array, Array]:
        return np.arctan2(x, z) * np.float32(repeats / (2 * np.pi)), y * np.float32(per_height)

    return unwrap


def across(per_unit: float) -> Unwrap:
    """Coordinates of upright faces, going on around the edges of a box: u along x and z, v along y."""

    def unwrap(x: Array, y: Array, z: Array) -> tuple[Array, Array]:
        return (x + z) * np.float32(per_unit), y * np.float32(per_unit)

    return unwrap


def flat(per_unit: float) -> Unwrap:
    """Coordinates of a face seen from the front: u along x, v along y."""

    def unwrap(x: Array, y: Array, z: Array) -> tuple[Array, Array]:
        return x * np.float32(per_unit), y * np.float32(per_unit)

    return unwrap


def draped(per_unit: float, top: float) -> Unwrap:
    """Coordinates of a cloth spread at height ``top`` that hangs down all around: u along x, v along z."""

    def unwrap(x: Array, y: Array, z: Array) -> tuple[Array, Array]:
        hanging = np.maximum(np.float32(top) - y, 0) / np.maximum(np.hypot(x, z), np.float32(0.1))
        stretch = (1 + hanging) * np.float32(per_unit)
        return x * stretch, z * stretch

    return unwrap
