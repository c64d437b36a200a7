"""Where an object is seen from: poses, and the rays that they send through the pixels."""

import math
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from vdata_assets.samples.shapes import Array

Coordinate = TypeVar("Coordinate", Array, float)


@dataclass(frozen=True)
class Pose:
    """How an object stands before the camera. Angles in degrees, lengths in image sides.

    Attributes:
        yaw: the object's turn about the vertical axis; 0 shows its front.
        pitch: how far the camera looks down.
        roll: the camera's turn about its own axis.
        scale: diameter of the object's bounding sphere in the image.
        x: offset of the object's centre from the image's, to the right.
        y: the same, downwards.
        perspective: bounding radius over the camera's distance; the larger, the stronger the perspective.
    """

    yaw: float
    pitch: float
    roll: float
    scale: float
    x: float
    y: float
    perspective: float


@dataclass(frozen=True)
class Rays:
    """Lines of sight.

    Attributes:
        index: the pixel of each, counted row by row.
        eye: where all of them start.
        direction: unit vectors, as three arrays.
        pixel: a pixel's width at distance 1.
    """

    index: NDArray[np.intp]
    eye: tuple[float, float, float]
    direction: tuple[Array, Array, Array]
    pixel: float

    def at(self, travelled: Array) -> tuple[Array, Array, Array]:
        """Points at distances from the eye."""
        x, y, z = (np.float32(e) + travelled * d for e, d in zip(self.eye, self.direction, strict=True))
        return x, y, z

    def only(self, chosen: NDArray[np.bool_]) -> "Rays":
        """Some of the rays."""
        dx, dy, dz = (component[chosen] for component in self.direction)
        return Rays(self.index[chosen], self.eye, (dx, dy, dz), self.pixel)

    def turned(self, yaw: float) -> "Rays":
        """The same rays in the frame of an object that is turned by ``yaw`` degrees."""
        ex, ey, ez = self.eye
        dx, dy, dz = self.direction
        ox, oz = turn(ex, ez, yaw)
        dx, dz = turn(dx, dz, yaw)
        return Rays(self.index, (ox, ey, oz), (dx, dy, dz), self.pixel)


def rays(pose: Pose, bounds: tuple[float, float], side: int, index: NDArray[np.intp]) -> Rays:
    """Rays through pixels of a square image, in world coordinates.

    Args:
        pose: how the object stands; its yaw is left to :meth:`Rays.turned`.
        bounds: height of the centre, where the camera looks, and radius of the object's bounding sphere.
        side: of the image, in pixels.
        index: the pixels, counted row by row.
    """
    centre, radius = bounds
    far = radius / pose.perspective
    pitch, roll = np.radians(pose.pitch), np.radians(pose.roll)
    eye = (0.0, float(centre + far * np.sin(pitch)), float(far * np.cos(pitch)))
    # An object `scale` wide at distance `far` spans 2 * radius.
    unit = 2 * pose.perspective / pose.scale
    row, column = np.divmod(index, side)
    right = ((column + 0.5) / side - 0.5 - pose.x) * unit
    down = ((row + 0.5) / side - 0.5 - pose.y) * unit
    right, up = right * np.cos(roll) - down * np.sin(roll), -(right * np.sin(roll) + down * np.cos(roll))
    length = np.sqrt(right * right + up * up + 1)
    dx = right / length
    dy = (up * np.cos(pitch) - np.sin(pitch)) / length
    dz = -(up * np.sin(pitch) + np.cos(pitch)) / length
    direction = dx.astype(np.float32), dy.astype(np.float32), dz.astype(np.float32)
    return Rays(index, eye, direction, unit / side)


def turn(x: Coordinate, z: Coordinate, yaw: float) -> tuple[Coordinate, Coordinate]:
    """World coordinates in the frame of an object that is turned by ``yaw`` degrees about the y axis."""
    cos, sin = math.cos(math.radians(yaw)), math.sin(math.radians(yaw))
    return x * cos - z * sin, x * sin + z * cos
