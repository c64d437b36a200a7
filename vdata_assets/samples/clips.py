"""Short clips of objects that move in a place, with the exact mask of every object in every frame."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vdata_assets.samples.backgrounds import BACKGROUNDS
from vdata_assets.samples.lighting import LIGHTS, Light
from vdata_assets.samples.objects import Look, Part, Solid, across, around
from vdata_assets.samples.patterns import ACCENTS, PRINTS
from vdata_assets.samples.products import KINDS
from vdata_assets.samples.shapes import box, sphere
from vdata_assets.samples.stage import Sprite, panorama, place, shadow, sprite
from vdata_assets.samples.variants import Draws, concepts_of

FPS = 24
WIDTH, HEIGHT = 416, 240
# How many pictures wide a place is: so much room the camera has to pan.
BREADTH = 1.5
VISIBLE = 12
MODELS = 12
# An object of one colour is hard to tell from a mask that is painted into the picture.
PRINTED = tuple(name for name in PRINTS if name != "plain")


@dataclass(frozen=True)
class Motion:
    """How an actor moves. Lengths in scene units, of which a picture is about five wide.

    Attributes:
        x: to the right of the place's middle, at the clip's start.
        z: towards the camera.
        speed: to the right, a second.
        hop: how high it jumps; 0 to stay on the floor.
        hops: jumps a second.
        size: of the object, as a factor.
    """

    x: float
    z: float
    speed: float = 0.0
    hop: float = 0.0
    hops: float = 1.0
    size: float = 1.0

    def at(self, seconds: float) -> tuple[float, float]:
        """Its x and its height above the floor."""
        phase = seconds * self.hops % 1
        return self.x + self.speed * seconds, self.hop * 4 * phase * (1 - phase)


@dataclass(frozen=True)
class Actor:
    """An object of a clip.

    Attributes:
        label: its class: ``ball``, ``box`` or one of the products.
        motion: how it moves.
    """

    label: str
    motion: Motion


@dataclass(frozen=True)
class Clip:
    """What is filmed.

    Attributes:
        name: of the clip; with the seed it decides how its objects look.
        background: name in :data:`~vdata_assets.samples.backgrounds.BACKGROUNDS`.
        light: name in :data:`~vdata_assets.samples.lighting.LIGHTS`.
        cast: its objects; an actor's place in it is its object id.
        pan: the way of the camera over the place, from -1 to 1, at the start and two seconds later.
    """

    name: str
    background: str
    light: str
    cast: tuple[Actor, ...]
    pan: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class Shot:
    """One frame.

    Attributes:
        index: of the frame, from 0, at 24 a second.
        image: RGB.
        masks: by object id, bool of shape (height, width): the pixels at least half covered by the object
            and by no nearer one. Objects of fewer than 12 visible pixels are left out.
    """

    index: int
    image: Image.Image
    masks: Mapping[int, NDArray[np.bool_]]


def shots(clip: Clip, indices: Iterable[int], seed: int) -> Iterator[Shot]:
    """The frames of a clip: each depends on the clip, its index and the seed alone."""
    draws = Draws(seed, ("clip", clip.name))
    kind = LIGHTS[clip.light]
    light = Light(kind, draws.uniform("azimuth", -60, 60), sum(kind.elevation) / 2)
    background = BACKGROUNDS[clip.background](draws.generator("texture"))
    wide = int(WIDTH * BREADTH)
    scene = panorama(background, light, wide, HEIGHT)
    cast = [
        sprite(
            solid(actor.label, number, clip, seed), draws.uniform(f"yaw-{number}", -40, 40), background, light
        )
        for number, actor in enumerate(clip.cast)
    ]
    for index in indices:
        yield _shot(clip, index, scene, cast)


def _shot(clip: Clip, index: int, scene: Image.Image, cast: list[Sprite]) -> Shot:
    """One frame: far objects first, so that near ones hide them."""
    seconds = index / FPS
    pan = clip.pan[0] + (clip.pan[1] - clip.pan[0]) * min(1.0, seconds / 2)
    left = round((scene.width - WIDTH) * (1 + pan) / 2)
    image = scene.crop((left, 0, left + WIDTH, HEIGHT))
    owner = np.full((HEIGHT, WIDTH), -1, np.int16)
    order = sorted(range(len(cast)), key=lambda number: clip.cast[number].motion.z)
    for number in order:
        motion, figure = clip.cast[number].motion, cast[number]
        x, lift = motion.at(seconds)
        column, row, pixels = place(x, 0.0, motion.z, scene.width, HEIGHT)
        radius = figure.radius * motion.size
        spot = shadow(radius * pixels, lift / radius)
        corner = round(column - left - spot.width / 2), round(row - spot.height / 2)
        image.paste((0, 0, 0), corner, spot)
        column, row, pixels = place(x, figure.centre * motion.size + lift, motion.z, scene.width, HEIGHT)
        side = max(1, round(figure.side * motion.size * pixels))
        drawn = figure.image.resize((side, side), Image.Resampling.LANCZOS)
        layer = Image.new("RGBA", image.size)
        layer.paste(drawn, (round(column - left - side / 2), round(row - side / 2)))
        image.paste(layer, mask=layer)
        owner[np.asarray(layer.getchannel("A")) >= 128] = number
    masks = {number: owner == number for number in range(len(cast))}
    return Shot(index, image, {number: mask for number, mask in masks.items() if mask.sum() >= VISIBLE})


def solid(label: str, number: int, clip: Clip, seed: int) -> Solid:
    """The object of an actor, as this clip shows it."""
    draws = Draws(seed, ("clip", clip.name, str(number)))
    if label in KINDS:
        concepts = concepts_of(label, MODELS, seed)
        return concepts[int(draws.uniform("concept", 0, len(concepts)))].solid(seed)
    colour = draws.choice("colour", ("teal", "red", "mustard", "navy", "coral", "sky", "plum"))
    look = Look(colour, draws.choice("accent", ACCENTS[colour]), draws.choice("pattern", PRINTED))
    if label == "ball":
        radius = draws.uniform("radius", 0.32, 0.4)
        return Solid((Part(sphere(0, radius, 0, radius), look, around(6, 2 / radius), gloss=0.7),))
    half = (
        draws.uniform("width", 0.4, 0.55),
        draws.uniform("height", 0.3, 0.5),
        draws.uniform("depth", 0.3, 0.4),
    )
    return Solid((Part(box(half[1], half, 0.03), look, across(2.0), gloss=0.2),))
