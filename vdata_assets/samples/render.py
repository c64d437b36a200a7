"""Pictures of one object in a place, with the object's exact mask.

The object is sampled ``SUPERSAMPLING``² times a pixel, its soft shadows and what is behind it once.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vdata_assets.samples.backgrounds import WALL, Background
from vdata_assets.samples.camera import Pose, Rays, rays, turn
from vdata_assets.samples.lighting import Light, diffuse, highlight, occlusion, shadow
from vdata_assets.samples.objects import Solid
from vdata_assets.samples.patterns import srgb
from vdata_assets.samples.shapes import Array
from vdata_assets.samples.tracing import BLOCK, trace

SUPERSAMPLING = 2
SIDE_STEP = BLOCK // SUPERSAMPLING
NORMAL_REACH = 0.004
EXPOSURE = 1.05


@dataclass(frozen=True)
class Picture:
    """A rendered view.

    Attributes:
        image: (side, side, 3) uint8, sRGB.
        mask: (side, side) bool: pixels at least half covered by the object.
        albedo: (side, side, 3) float32: the object's mean linear colour before light; 0 outside the mask.
    """

    image: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    albedo: Array

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom of the mask in pixels, right and bottom exclusive."""
        columns, rows = (np.flatnonzero(self.mask.any(axis=axis)) for axis in (0, 1))
        return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def check_side(side: int) -> None:
    """Raise ValueError unless an image's side is a multiple of 4, so that it divides into traced blocks."""
    if side < SIDE_STEP or side % SIDE_STEP:
        raise ValueError(f"size: {side}, must be a positive multiple of {SIDE_STEP}")


def render(solid: Solid, pose: Pose, background: Background, light: Light, side: int) -> Picture:
    """Draw an object.

    Args:
        solid: the object.
        pose: how it stands before the camera.
        background: what it stands on and before.
        light: the one lamp or sun.
        side: of the square image, in pixels, a multiple of 4.

    Raises:
        ValueError: if the side is not a multiple of 4.
    """
    check_side(side)
    seen, travelled = trace(solid, pose, side * SUPERSAMPLING)
    row, column = np.divmod(seen.index, side * SUPERSAMPLING)
    pixel = row // SUPERSAMPLING * side + column // SUPERSAMPLING
    samples = np.bincount(pixel, minlength=side * side)
    albedo, radiance = object_light(solid, seen, travelled, pixel, light, pose.yaw)

    open_ = np.flatnonzero(samples < SUPERSAMPLING**2)
    image = summed(radiance, pixel, side) / SUPERSAMPLING**2
    image[:, open_] += background_light(
        solid, rays(pose, solid.bounds, side, open_), background, light, pose.yaw
    ) * (1 - samples[open_] / np.float32(SUPERSAMPLING**2))
    mask = samples * 2 >= SUPERSAMPLING**2
    own = summed(albedo, pixel, side) / np.maximum(samples, 1) * mask
    return Picture(
        developed(image.reshape(3, side, side)),
        mask.reshape(side, side),
        np.moveaxis(own.reshape(3, side, side), 0, -1).astype(np.float32),
    )


def summed(values: Array, pixel: NDArray[np.intp], side: int) -> NDArray[np.float64]:
    """Sums of the samples' values, shape (3, n), over pixels, shape (3, side²)."""
    return np.stack([np.bincount(pixel, weights=channel, minlength=side * side) for channel in values])


def developed(radiance: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Linear radiance, shape (3, side, side), as an sRGB picture: highlights rolled off, corners darker."""
    side = radiance.shape[-1]
    offset = (np.arange(side) + 0.5) / side - 0.5
    exposed = radiance * (EXPOSURE * (1 - 0.35 * (offset[:, None] ** 2 + offset**2)))
    rolled = np.where(exposed > 0.6, 0.6 + 0.4 * np.tanh((exposed - 0.6) / 0.6), exposed)
    return np.ascontiguousarray(np.moveaxis(np.round(srgb(rolled.astype(np.float32)) * 255), 0, -1), np.uint8)


def object_light(
    solid: Solid, seen: Rays, travelled: Array, pixel: NDArray[np.intp], light: Light, yaw: float
) -> tuple[Array, Array]:
    """Albedo and radiance, each of shape (3, n), of the samples that see the object.

    Args:
        solid: the object.
        seen: the samples' rays, in the object's frame.
        travelled: how far away the object is.
        pixel: which pixel each sample belongs to.
        light: the light.
        yaw: the object's turn in degrees.
    """
    x, y, z = seen.at(travelled)
    nx, ny, nz = normals(solid, x, y, z)
    lx, ly, lz = towards = in_frame(light, yaw)

    part = solid.part_at(x, y, z)
    albedo = np.empty((3, x.size), np.float32)
    for number, material in enumerate(solid.parts):
        own = part == number
        albedo[:, own] = material.albedo(x[own], y[own], z[own])
    gloss = np.array([material.gloss for material in solid.parts], np.float32)[part]
    glow = np.array([material.glow for material in solid.parts], np.float32)[part]

    # One sample stands for its pixel where distances are asked for many times.
    _, chosen, slot = np.unique(pixel, return_index=True, return_inverse=True)
    point = x[chosen], y[chosen], z[chosen]
    normal = nx[chosen], ny[chosen], nz[chosen]
    px, py, pz = (p + np.float32(0.012) * n for p, n in zip(point, normal, strict=True))
    lit = shadow(solid, px, py, pz, towards, light.kind.sharpness)[slot]
    open_ = occlusion(solid, point, normal)[slot]

    dx, dy, dz = seen.direction
    sight = dx * nx + dy * ny + dz * nz
    reflected = (dx - 2 * sight * nx) * lx + (dy - 2 * sight * ny) * ly + (dz - 2 * sight * nz) * lz
    arriving = diffuse(light, nx * lx + ny * ly + nz * lz, ny, lit, open_) + glow
    mirrored = highlight(light, reflected, np.clip(1 + sight, 0, 1), lit, gloss)
    return albedo, albedo * arriving + mirrored


def normals(solid: Solid, x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
    """Unit normals of surface points: the distance field's gradient by four samples on a tetrahedron."""
    gx, gy, gz = (np.zeros_like(x) for _ in range(3))
    for sx, sy, sz in ((1, -1, -1), (-1, -1, 1), (-1, 1, -1), (1, 1, 1)):
        reach = np.float32(NORMAL_REACH)
        value = solid.distance(x + sx * reach, y + sy * reach, z + sz * reach)
        gx += sx * value
        gy += sy * value
        gz += sz * value
    length = np.sqrt(gx * gx + gy * gy + gz * gz) + np.float32(1e-9)
    return gx / length, gy / length, gz / length


def in_frame(light: Light, yaw: float) -> tuple[float, float, float]:
    """Unit vector towards the light in the frame of an object turned by ``yaw`` degrees."""
    lx, ly, lz = light.direction
    ox, oz = turn(lx, lz, yaw)
    return ox, ly, oz


def background_light(solid: Solid, view: Rays, background: Background, light: Light, yaw: float) -> Array:
    """Radiance, shape (3, n), of the floor and the wall along rays in world coordinates."""
    _, ey, ez = view.eye
    _, dy, dz = view.direction
    to_wall = np.float32(WALL - ez) / np.minimum(dz, np.float32(-1e-4))
    to_floor = np.float32(-ey) / np.minimum(dy, np.float32(-1e-4))
    # How much of the pixel lies below the line where wall and floor meet.
    floor = np.clip(0.5 - (np.float32(ey) + to_wall * dy) / (to_wall * view.pixel), 0, 1)
    radiance = np.zeros((3, floor.size), np.float32)
    for share, distance, paint, level in (
        (floor, np.minimum(to_floor, to_wall), background.floor, True),
        (1 - floor, to_wall, background.wall, False),
    ):
        some = share > 0
        here, travelled = view.only(some), distance[some]
        x, y, z = here.at(travelled)
        y = np.maximum(y, 0)
        # The floor is seen at a slant: a pixel covers more of it than its width.
        width = travelled * np.float32(view.pixel * (2.0 if level else 1.0))
        albedo = paint(x, z if level else y, width)
        arriving = surface_light(solid, (x, y, z), level, background.seamless, light, yaw)
        radiance[:, some] += share[some] * albedo * arriving
    return radiance


def surface_light(
    solid: Solid, point: tuple[Array, Array, Array], level: bool, seamless: bool, light: Light, yaw: float
) -> Array:
    """Light, shape (3, n), that arrives past the object at points of the floor (level) or the wall."""
    x, y, z = point
    _, ly, lz = light.direction
    px, pz = turn(x, z, yaw)
    lit = shadow(solid, px, y, pz, in_frame(light, yaw), light.kind.sharpness)
    away = np.sqrt(x * x + y * y + z * z) / np.float32(1.6 * solid.bounds[1])
    close = away < 1
    clear = np.clip(solid.distance(px[close], y[close], pz[close]) / np.float32(0.35), 0, 1)
    # Distances fall short of the true ones, so the effect is faded out towards the edge of its reach.
    fade = np.clip(3 * (1 - away[close]), 0, 1) * np.float32(0.55)
    open_ = np.ones_like(x)
    open_[close] = 1 - fade * (1 - clear ** np.float32(0.6))
    if not seamless:
        corner = z - np.float32(WALL) if level else y
        open_ *= 1 - np.float32(0.35) * np.exp(corner * -5)
    faces_up = level or seamless
    # A light from behind would leave the wall black; some of it always comes back from the room.
    facing = np.full_like(x, ly if faces_up else max(lz, 0.25))
    return diffuse(light, facing, np.full_like(x, faces_up), lit, open_)
