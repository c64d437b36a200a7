import numpy as np
import pytest
from skimage.measure import label

from vdata_assets.samples.backgrounds import BACKGROUNDS
from vdata_assets.samples.camera import Pose
from vdata_assets.samples.lighting import LIGHTS, Light
from vdata_assets.samples.objects import Look, Part, Solid, across
from vdata_assets.samples.patterns import COLOURS, linear
from vdata_assets.samples.products import KINDS
from vdata_assets.samples.render import Picture, render
from vdata_assets.samples.shapes import sphere

STRAIGHT = Pose(yaw=0, pitch=0, roll=0, scale=0.5, x=0, y=0, perspective=0.2)
DAYLIGHT = Light(LIGHTS["daylight"], azimuth=-40, elevation=50)
RED = Look("red", "white", "plain")


def drawn(
    solid: Solid, pose: Pose = STRAIGHT, background: str = "studio", light=DAYLIGHT, side=96
) -> Picture:
    return render(solid, pose, BACKGROUNDS[background](np.random.default_rng(0)), light, side)


def ball(pattern: str = "plain") -> Solid:
    return Solid((Part(sphere(0, 0.5, 0, 0.5), Look("red", "white", pattern), across(4)),))


def as_built(kind: str, shape: str, look: Look = RED) -> Solid:
    return KINDS[kind].build(shape, look, lambda measure, value: value)


EVERY_SHAPE = [pytest.param(k, s, id=f"{k} {s}") for k, kind in KINDS.items() for s in kind.shapes]


@pytest.mark.parametrize(
    ("x", "y", "roll"), [(0.0, 0.0, 0.0), (0.125, -0.0625, 0.0), (-0.1, 0.05, 20.0)], ids=str
)
def test_the_box_of_a_ball_is_where_geometry_puts_it(x, y, roll):
    solid = ball()
    centre, radius = solid.bounds
    pose = Pose(yaw=0, pitch=0, roll=roll, scale=0.5, x=x, y=y, perspective=0.2)
    picture = drawn(solid, pose, side=256)
    left, top, right, bottom = picture.box
    # The silhouette of a ball of radius r at distance d lies at the tangent r / sqrt(d² - r²).
    distance = np.hypot(radius / 0.2, 0.5 - centre)
    expected = 2 * 0.5 / np.sqrt(distance**2 - 0.25) * 256 * 0.5 / (2 * 0.2)
    assert right - left == pytest.approx(expected, abs=1.5)
    assert bottom - top == pytest.approx(expected, abs=1.5)
    assert (left + right) / 2 == pytest.approx(128 + x * 256, abs=2.5)


def test_the_mask_is_the_object_whatever_stands_behind_it_and_lights_it():
    solid = as_built("mug", "tapered")
    pictures = [
        drawn(solid, background=background, light=Light(kind, 30, 45))
        for background, kind in zip(BACKGROUNDS, [*LIGHTS.values(), LIGHTS["daylight"]], strict=True)
    ]
    for picture in pictures[1:]:
        assert np.array_equal(picture.mask, pictures[0].mask)
        assert np.array_equal(picture.albedo, pictures[0].albedo)
        assert not np.array_equal(picture.image, pictures[0].image)


@pytest.mark.parametrize("colour", COLOURS)
def test_the_colour_before_light_is_the_colour_stated(colour):
    picture = drawn(Solid((Part(sphere(0, 0.5, 0, 0.5), Look(colour, colour, "plain")),)), side=32)
    assert np.allclose(picture.albedo[picture.mask], linear(COLOURS[colour]), atol=1e-4)
    assert not picture.albedo[~picture.mask].any()


@pytest.mark.parametrize("pattern", ["stripes", "dots", "checks", "zigzag", "floral"])
def test_a_pattern_mixes_the_two_colours_stated_and_no_other(pattern):
    picture = drawn(ball(pattern))
    red, white = linear(COLOURS["red"]), linear(COLOURS["white"])
    share = (picture.albedo[picture.mask] - red) / (white - red)
    assert np.allclose(share, share[:, :1], atol=1e-3)
    assert share.min() == pytest.approx(0, abs=1e-3)
    assert share.max() > 0.95
    assert 0.1 < share.mean() < 0.7


@pytest.mark.parametrize(("kind", "shape"), EVERY_SHAPE)
def test_every_product_is_one_piece_in_the_colour_it_is_sold_in(kind, shape):
    picture = drawn(as_built(kind, shape), Pose(20, 20, 0, 0.85, 0, 0, 0.25), side=96)
    assert label(picture.mask, connectivity=2).max() == 1
    left, top, right, bottom = picture.box
    assert 0.35 * 96 < max(right - left, bottom - top) < 0.95 * 96
    assert min(left, top) > 0
    assert max(right, bottom) < 96
    own = picture.albedo[picture.mask]
    share = np.isclose(own, linear(COLOURS["red"]), atol=1e-3).all(axis=1).mean()
    assert share > 0.25, f"only {share:.0%} of the {kind} is red"


@pytest.mark.parametrize("background", BACKGROUNDS)
@pytest.mark.parametrize("light", LIGHTS)
def test_pictures_are_neither_black_nor_burnt_out(background, light):
    kind = LIGHTS[light]
    picture = drawn(
        as_built("vase", "globe"), background=background, light=Light(kind, 60, kind.elevation[0])
    )
    brightness = picture.image.mean(axis=2)
    assert 60 < brightness.mean() < 225
    assert (picture.image == 255).all(axis=2).mean() < 0.02
    assert (brightness < 8).mean() < 0.02


def test_an_object_shades_the_floor_on_the_side_away_from_the_light():
    pose = Pose(yaw=0, pitch=25, roll=0, scale=0.5, x=0, y=0, perspective=0.2)
    from_left = drawn(ball(), pose, light=Light(LIGHTS["daylight"], -75, 35)).image.astype(float)
    from_right = drawn(ball(), pose, light=Light(LIGHTS["daylight"], 75, 35)).image.astype(float)
    beside_left, beside_right = np.s_[66:74, 10:30], np.s_[66:74, 66:86]
    assert from_left[beside_right].mean() < from_left[beside_left].mean() - 15
    assert from_right[beside_left].mean() < from_right[beside_right].mean() - 15
