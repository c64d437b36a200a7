"""Solids as signed distance functions: negative inside, positive outside, in scene units.

The primitives are those of Inigo Quilez, https://iquilezles.org/articles/distfunctions/. Points are three
float32 arrays of one shape. A distance may fall short of the true one, never exceed it by much, so that
sphere tracing does not step through a surface.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
Distance = Callable[[Array, Array, Array], Array]

PROFILE_SAMPLES = 256


def sphere(cx: float, cy: float, cz: float, radius: float) -> Distance:
    """A ball."""

    def distance(x: Array, y: Array, z: Array) -> Array:
        return np.sqrt((x - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2) - radius

    return distance


def box(cy: float, half: tuple[float, float, float], rounding: float) -> Distance:
    """A box centred on the y axis at height ``cy``, its edges rounded within its ``half`` sizes."""
    hx, hy, hz = (size - rounding for size in half)

    def distance(x: Array, y: Array, z: Array) -> Array:
        qx, qy, qz = np.abs(x) - hx, np.abs(y - cy) - hy, np.abs(z) - hz
        outside = np.sqrt(np.maximum(qx, 0) ** 2 + np.maximum(qy, 0) ** 2 + np.maximum(qz, 0) ** 2)
        return outside + np.minimum(np.maximum(qx, np.maximum(qy, qz)), 0) - rounding

    return distance


def capsule(start: tuple[float, float, float], end: tuple[float, float, float], radius: float) -> Distance:
    """A rod with round ends."""
    ax, ay, az = start
    bx, by, bz = (e - s for s, e in zip(start, end, strict=True))
    length2 = bx * bx + by * by + bz * bz

    def distance(x: Array, y: Array, z: Array) -> Array:
        px, py, pz = x - ax, y - ay, z - az
        along = np.clip((px * bx + py * by + pz * bz) / length2, 0, 1)
        return np.sqrt((px - along * bx) ** 2 + (py - along * by) ** 2 + (pz - along * bz) ** 2) - radius

    return distance


def ring(cx: float, cy: float, half: tuple[float, float], thickness: float, squareness: int = 2) -> Distance:
    """A closed handle standing in the xy plane: a tube along an ellipse, or a rounded rectangle.

    Args:
        cx: centre.
        cy: centre.
        half: half width and half height of the tube's axis.
        thickness: the tube's radius.
        squareness: exponent of the outline's superellipse, 2 or 4.
    """
    rx, ry = half
    reach = min(half)

    def distance(x: Array, y: Array, z: Array) -> Array:
        outline = (norm2((x - cx) / rx, (y - cy) / ry, squareness) - 1) * reach
        return np.sqrt(outline**2 + z**2) - thickness

    return distance


def norm2(x: Array, z: Array, exponent: int) -> Array:
    """The 2-norm or 4-norm of (x, z): the radius of a round, or of a rounded rectangular, cross-section."""
    x, z = x * x, z * z
    if exponent == 4:
        x, z = x * x, z * z
        return np.sqrt(np.sqrt(x + z))
    return np.sqrt(x + z)


def turned(
    knots: Sequence[tuple[float, float]], depth: float = 1.0, squareness: int = 2, wall: float | None = None
) -> Distance:
    """What a lathe makes of a profile: a solid of revolution about the y axis, perhaps hollow and open above.

    Args:
        knots: (height, radius) from bottom to top, joined by a monotone cubic curve.
        depth: the cross-section's size along z relative to x.
        squareness: 2 for a round cross-section, 4 for a rounded square.
        wall: thickness of the wall and floor of an open vessel; None for a full body.
    """
    from scipy.interpolate import PchipInterpolator

    heights, radii = np.array(knots, dtype=np.float64).T
    bottom, top = float(heights[0]), float(heights[-1])
    table = PchipInterpolator(heights, radii)(np.linspace(bottom, top, PROFILE_SAMPLES)).astype(np.float32)
    per_sample = (top - bottom) / (PROFILE_SAMPLES - 1)
    rise = np.append(np.diff(table), np.float32(0))
    steepest = float(np.abs(np.diff(table)).max()) / per_sample
    shorten = np.float32(min(1.0, depth) / np.hypot(1.0, min(steepest, 3.0)))

    def distance(x: Array, y: Array, z: Array) -> Array:
        place = np.clip((y - bottom) / per_sample, 0, PROFILE_SAMPLES - 1.001)
        below = np.floor(place)
        index = below.astype(np.intp)
        radius = table[index] + rise[index] * (place - below)
        side = norm2(x, z / depth, squareness) - radius
        body = np.maximum(side * shorten, np.maximum(bottom - y, y - top))
        if wall is None:
            return body
        hollow = np.maximum((side + wall) * shorten, (bottom + wall) - y)
        return np.maximum(body, -hollow)

    return distance


def pillow(half: tuple[float, float], thickness: float, squareness: int) -> Distance:
    """A stuffed cover standing in the xy plane: thick in the middle, thin at its seam, with pointed corners.

    Args:
        half: half width and half height.
        thickness: half the thickness in the middle.
        squareness: 4 for a rectangle, 2 for an ellipse.
    """
    a, b = half
    ears = 0.07 if squareness == 4 else 0.0
    seam = 0.018

    def distance(x: Array, y: Array, z: Array) -> Array:
        u, v = np.abs(x / a), np.abs(y / b)
        if ears:
            u, v = u * (1 + ears * np.clip(1 - v * v, 0, 1)), v * (1 + ears * np.clip(1 - u * u, 0, 1))
            edge = np.maximum(u, v)
            full = np.clip(1 - u * u, 0, 1) * np.clip(1 - v * v, 0, 1)
        else:
            edge = np.sqrt(u * u + v * v)
            full = np.clip(1 - edge * edge, 0, 1)
        rim = (edge - 1) * min(a, b)
        cover = np.abs(z) - seam - thickness * np.sqrt(full + np.float32(1e-4))
        return np.maximum(rim, cover) * np.float32(0.6)

    return distance


def leaning(solid: Distance, degrees: float, lift: float) -> Distance:
    """The solid tilted backwards about the x axis and raised by ``lift``."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    cos, sin = np.float32(cos), np.float32(sin)

    def distance(x: Array, y: Array, z: Array) -> Array:
        raised = y - np.float32(lift)
        return solid(x, raised * cos - z * sin, raised * sin + z * cos)

    return distance


def mirrored(solid: Distance) -> Distance:
    """The solid of the half space x > 0, and its mirror image."""

    def distance(x: Array, y: Array, z: Array) -> Array:
        return solid(np.abs(x), y, z)

    return distance


def shifted(solid: Distance, dx: float, dy: float = 0.0, dz: float = 0.0) -> Distance:
    """The solid moved."""

    def distance(x: Array, y: Array, z: Array) -> Array:
        return solid(x - np.float32(dx), y - np.float32(dy), z - np.float32(dz))

    return distance


def carved(solid: Distance, tool: Distance) -> Distance:
    """What is left of the solid outside the tool."""

    def distance(x: Array, y: Array, z: Array) -> Array:
        return np.maximum(solid(x, y, z), -tool(x, y, z))

    return distance
