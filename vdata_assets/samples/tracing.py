"""Where lines of sight meet an object: sphere tracing of its distance field.

Hart, "Sphere Tracing", The Visual Computer 12 (1996). One ray first marches ahead for a block of pixels.
"""

import numpy as np
from numpy.typing import NDArray

from vdata_assets.samples.camera import Pose, Rays, rays
from vdata_assets.samples.objects import Solid
from vdata_assets.samples.shapes import Array

BLOCK = 8
STEPS = 64
TOUCH = 0.002


def trace(solid: Solid, pose: Pose, side: int) -> tuple[Rays, Array]:
    """The rays that meet the object, in its frame, and how far they travel.

    Args:
        solid: the object.
        pose: how it stands before the camera.
        side: of the image in pixels, a multiple of ``BLOCK``.
    """
    block, free = approach(solid, pose, side // BLOCK)
    row, column = np.divmod(block[:, None, None] * BLOCK, side)
    steps = np.arange(BLOCK)
    index = ((row * BLOCK + steps[:, None]) * side + column + steps).ravel()
    view = rays(pose, solid.bounds, side, index).turned(pose.yaw)
    depth = march(solid, view, np.repeat(free, BLOCK * BLOCK), 0.0)[0]
    hit = np.isfinite(depth)
    return view.only(hit), depth[hit]


def approach(solid: Solid, pose: Pose, side: int) -> tuple[NDArray[np.intp], Array]:
    """The blocks of pixels in which the object may be seen, and how far all of a block's rays are free.

    Args:
        solid: the object.
        pose: how it stands before the camera.
        side: of the image, in blocks.
    """
    centre, radius = solid.bounds
    view = rays(pose, solid.bounds, side, np.arange(side * side)).turned(pose.yaw)
    # From the middle of a block to its corner, at distance 1, and a little more.
    spread = 0.75 * view.pixel
    ex, ey, ez = view.eye
    dx, dy, dz = view.direction
    along = -(ex * dx + (ey - centre) * dy + ez * dz)
    miss = np.sqrt(np.maximum(ex**2 + (ey - centre) ** 2 + ez**2 - along * along, 0)) - along * spread
    near = miss < radius
    view, start = view.only(near), along[near] - np.float32(radius)
    depth, passed = march(solid, view, start, spread)
    # A cone that is still under way at the end has found nothing out: its rays set off from where it stands.
    free = np.where(np.isfinite(depth), depth, passed)
    seen = np.isfinite(free)
    return view.index[seen], free[seen]


def march(solid: Solid, view: Rays, start: Array, spread: float) -> tuple[Array, Array]:
    """How far rays, or cones around them, get before they touch the object.

    Args:
        solid: the object.
        view: the rays, in its frame.
        start: how far they have got already.
        spread: a cone's radius at distance 1; 0 for a ray.

    Returns:
        Where each touches the object, infinite if it does not; and where those stand that are still under
        way after ``STEPS`` steps, infinite for all others.
    """
    depth = np.full(start.shape, np.inf, np.float32)
    going = np.arange(start.size)
    travelled, end = start, start + np.float32(2.1 * solid.bounds[1])
    for _ in range(STEPS):
        clear = solid.distance(*view.at(travelled)) - travelled * np.float32(spread)
        touched = clear < TOUCH
        depth[going[touched]] = travelled[touched]
        travelled = travelled + clear
        on = ~touched & (travelled < end)
        view, going, travelled, end = view.only(on), going[on], travelled[on], end[on]
        if not going.size:
            break
    under_way = np.full(start.shape, np.inf, np.float32)
    under_way[going] = travelled
    return depth, under_way
