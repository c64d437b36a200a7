"""A place with room to move in: its background, objects cut out, and where in the picture they stand."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from vdata_assets.samples.backgrounds import Background
from vdata_assets.samples.camera import Pose, rays
from vdata_assets.samples.lighting import Light
from vdata_assets.samples.objects import Solid
from vdata_assets.samples.render import background_light, developed, render
from vdata_assets.samples.shapes import Array

PITCH = 17.0
PERSPECTIVE = 0.16
# The camera looks at a sphere of this height and radius, which is so large a share of the picture's width.
AIM = (0.45, 0.75)
SCALE = 0.22
SPRITE_SIDE = 192
SPRITE_SCALE = 0.96
SHADOW = 0.45


class _Nothing(Solid):
    """An empty place: what a background is drawn around when objects are put in later."""

    def distance(self, x: Array, y: Array, z: Array) -> Array:
        return np.full_like(x, 1e3)

    @cached_property
    def bounds(self) -> tuple[float, float]:
        return AIM


@dataclass(frozen=True)
class Sprite:
    """An object cut out of its picture.

    Attributes:
        image: RGBA, square.
        centre: height of the image's centre above the floor, in scene units.
        side: of the image, in scene units.
        radius: of the object's footprint, in scene units.
    """

    image: Image.Image
    centre: float
    side: float
    radius: float


def camera(yaw: float = 0.0, scale: float = SCALE) -> Pose:
    """How all of a place is seen; an object may be turned by ``yaw`` degrees."""
    return Pose(yaw, PITCH, 0.0, scale, 0.0, 0.0, PERSPECTIVE)


def sprite(solid: Solid, yaw: float, backdrop: Background, light: Light, pixels: int = SPRITE_SIDE) -> Sprite:
    """Draw an object and cut it out.

    Args:
        solid: the object.
        yaw: its turn in degrees.
        backdrop: what shows through at its very edge.
        light: as in the place that it is put into.
        pixels: side of the image, a multiple of 4.
    """
    shot = render(solid, camera(yaw, SPRITE_SCALE), backdrop, light, pixels)
    cut = np.dstack([shot.image, shot.mask.astype(np.uint8) * 255])
    centre, radius = solid.bounds
    left, _, right, _ = shot.box
    side = 2 * radius / SPRITE_SCALE
    return Sprite(Image.fromarray(cut), centre, side, (right - left) / pixels * side / 2)


def panorama(
    background: Background, light: Light, width: int, height: int, scale: float = SCALE
) -> Image.Image:
    """The empty place, RGB; the camera aims at its middle.

    Args:
        background: the place.
        light: in it.
        width: in pixels.
        height: in pixels, at most the width.
        scale: share of the width that the sphere :data:`AIM` takes.
    """
    top = (width - height) // 2
    index = np.arange(top * width, (top + height) * width)
    view = rays(camera(scale=scale), AIM, width, index)
    radiance = background_light(_Nothing(()), view, background, light, 0.0)
    square = np.zeros((3, width * width))
    square[:, index] = radiance
    whole = developed(square.reshape(3, width, width))
    return Image.fromarray(np.ascontiguousarray(whole[top : top + height]))


def place(
    x: float, y: float, z: float, width: int, height: int, scale: float = SCALE
) -> tuple[float, float, float]:
    """Column and row of a point of the scene in the panorama, and how many pixels a unit is there."""
    pitch = np.radians(PITCH)
    far = AIM[1] / PERSPECTIVE
    up = y - AIM[0] - far * np.sin(pitch)
    ahead = z - far * np.cos(pitch)
    depth = -(up * np.sin(pitch) + ahead * np.cos(pitch))
    pixels = width * scale / (2 * PERSPECTIVE * depth)
    raised = up * np.cos(pitch) - ahead * np.sin(pitch)
    return float(width / 2 + x * pixels), float(height / 2 - raised * pixels), float(pixels)


def shadow(radius: float, height: float) -> Image.Image:
    """A soft spot on the floor, mode L, 0 to 255 for how dark, below something so high above it.

    Args:
        radius: in pixels.
        height: in radii.
    """
    reach = max(2.0, radius * (1 + 0.3 * height))
    blur = reach * (0.12 + 0.15 * min(1.0, height))
    half_width, half_height = reach, reach * float(np.sin(np.radians(PITCH))) * 1.2
    width, length = int(2 * (half_width + 2 * blur)) + 2, int(2 * (half_height + 2 * blur)) + 2
    spot = Image.new("L", (width, length))
    darkness = round(255 * SHADOW / (1 + height))
    ImageDraw.Draw(spot).ellipse(
        (
            width / 2 - half_width,
            length / 2 - half_height,
            width / 2 + half_width,
            length / 2 + half_height,
        ),
        fill=darkness,
    )
    return spot.filter(ImageFilter.GaussianBlur(blur))
