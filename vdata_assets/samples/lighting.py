"""Light: named kinds of it, what it does to a surface, and the shade that an object casts.

Soft shadows and ambient occlusion are estimated from the distance field, after
https://iquilezles.org/articles/rmshadows/ and https://iquilezles.org/articles/nvscene2008/.
"""

from dataclasses import dataclass

import numpy as np

from vdata_assets.samples.objects import Solid
from vdata_assets.samples.shapes import Array

SHADOW_STEPS = 40
SPECULAR_POWER = 48


@dataclass(frozen=True)
class LightKind:
    """A kind of light.

    Attributes:
        key: linear colour and strength of the lamp or the sun.
        sky: linear colour and strength of the light from everywhere.
        elevation: lowest and highest elevation in degrees.
        sharpness: of the shadows' edges; 4 for a cloudy sky, 24 for a bare sun.
    """

    key: tuple[float, float, float]
    sky: tuple[float, float, float]
    elevation: tuple[float, float]
    sharpness: float


LIGHTS = {
    "daylight": LightKind((0.95, 0.93, 0.90), (0.40, 0.42, 0.46), (40, 65), 10),
    "overcast": LightKind((0.50, 0.51, 0.53), (0.66, 0.68, 0.72), (50, 75), 4),
    "golden": LightKind((1.15, 0.82, 0.52), (0.32, 0.33, 0.42), (25, 38), 16),
    "lamplight": LightKind((1.05, 0.80, 0.55), (0.36, 0.29, 0.23), (35, 60), 7),
    "evening": LightKind((0.60, 0.64, 0.80), (0.28, 0.31, 0.42), (30, 55), 8),
}


@dataclass(frozen=True)
class Light:
    """A light in a scene. Angles in degrees; azimuth 0 shines from the camera's side, 90 from the right."""

    kind: LightKind
    azimuth: float
    elevation: float

    @property
    def direction(self) -> tuple[float, float, float]:
        """Unit vector towards the light, in world coordinates."""
        azimuth, elevation = np.radians(self.azimuth), np.radians(self.elevation)
        flat = np.cos(elevation)
        return float(flat * np.sin(azimuth)), float(np.sin(elevation)), float(flat * np.cos(azimuth))


def column(colour: tuple[float, float, float]) -> Array:
    """A linear colour as a column, to be multiplied with n intensities."""
    return np.array(colour, np.float32)[:, None]


def diffuse(light: Light, facing: Array, upward: Array, shadow: Array, occlusion: Array) -> Array:
    """Light that arrives at matt surfaces, shape (3, n).

    Args:
        light: the light.
        facing: cosine between the surface's normal and the light.
        upward: y of the normal.
        shadow: 0 in full shadow, 1 in full light.
        occlusion: 0 in a crevice, 1 in the open.
    """
    key = np.maximum(facing, 0) * shadow
    sky = (np.float32(0.68) + np.float32(0.32) * upward) * occlusion
    return key * column(light.kind.key) + sky * column(light.kind.sky)


def highlight(light: Light, reflected: Array, grazing: Array, shadow: Array, gloss: Array) -> Array:
    """Light mirrored by glossy surfaces, shape (3, n).

    Args:
        light: the light.
        reflected: cosine between the mirrored line of sight and the light.
        grazing: 1 minus the cosine between the normal and the line of sight.
        shadow: 0 in full shadow, 1 in full light.
        gloss: 0 for cloth, 1 for glaze.
    """
    sharp = np.maximum(reflected, 0) ** SPECULAR_POWER * shadow * np.float32(0.9)
    grazing2 = grazing * grazing
    rim = grazing2 * grazing2 * np.float32(0.35)
    return gloss * sharp * column(light.kind.key) + gloss * rim * column(light.kind.sky)


def shadow(
    solid: Solid, x: Array, y: Array, z: Array, towards: tuple[float, float, float], sharpness: float
) -> Array:
    """How much of a light's disc each point sees past an object: 0 none, 1 all.

    Args:
        solid: the object.
        x: points in its frame.
        y: points in its frame.
        z: points in its frame.
        towards: unit vector towards the light, in its frame.
        sharpness: see :class:`LightKind`.
    """
    lx, ly, lz = towards
    centre, radius = solid.bounds
    # A penumbra is as wide as the object is far over the sharpness, so it may lie outside the bounds.
    wide = radius * (1 + 2 / sharpness)
    along = -(x * lx + (y - centre) * ly + z * lz)
    miss2 = x * x + (y - centre) ** 2 + z * z - along * along
    half_chord = np.sqrt(np.maximum(wide * wide - miss2, 0))
    end = along + half_chord
    seen = np.ones(x.shape, np.float32)
    going = np.flatnonzero((half_chord > 0) & (end > 0))
    x, y, z, end = x[going], y[going], z[going], end[going]
    travelled = np.maximum(along[going] - half_chord[going], np.float32(0.02))
    for _ in range(SHADOW_STEPS):
        clear = solid.distance(x + travelled * lx, y + travelled * ly, z + travelled * lz)
        seen[going] = np.minimum(seen[going], sharpness * clear / travelled)
        travelled = travelled + np.clip(clear, 0.015, 0.2)
        on = (seen[going] > 0) & (travelled < end)
        x, y, z, end, travelled, going = (values[on] for values in (x, y, z, end, travelled, going))
    seen = np.maximum(seen, 0)
    return seen * seen * (3 - 2 * seen)


def occlusion(solid: Solid, point: tuple[Array, Array, Array], normal: tuple[Array, Array, Array]) -> Array:
    """How open the surroundings of surface points are: 0 in a crevice, 1 in the open."""
    closed = np.zeros(point[0].shape, np.float32)
    for reach, weight in ((0.06, 4.5), (0.22, 1.6)):
        x, y, z = (p + np.float32(reach) * n for p, n in zip(point, normal, strict=True))
        clear = np.minimum(solid.distance(x, y, z), y)
        closed += np.float32(weight) * np.maximum(np.float32(reach) - clear, 0)
    return np.clip(1 - closed, 0.15, 1)
