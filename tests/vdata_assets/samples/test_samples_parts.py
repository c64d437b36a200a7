import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vdata_assets.samples.objects import Look, draped
from vdata_assets.samples.patterns import ACCENTS, COLOURS, PATTERNS, PRINTS, linear, srgb
from vdata_assets.samples.products import KINDS
from vdata_assets.samples.shapes import box, capsule, pillow, ring, sphere, turned

COORDINATE = st.floats(-3, 3, width=32)


@pytest.mark.parametrize("name", COLOURS)
def test_srgb_inverts_linear(name):
    code = [int(COLOURS[name][i : i + 2], 16) for i in (1, 3, 5)]
    assert np.allclose(srgb(linear(COLOURS[name])) * 255, code, atol=0.01)


def test_every_colour_on_sale_has_accents_of_another_colour():
    for kind in KINDS.values():
        for colour in kind.colours:
            assert colour not in ACCENTS[colour]
            assert set(ACCENTS[colour]) <= set(COLOURS)


@pytest.mark.parametrize("name", PATTERNS)
@given(u=COORDINATE, v=COORDINATE, turns=st.integers(-4, 4))
@settings(max_examples=60, deadline=None)
def test_patterns_are_shares_and_close_around_a_vessel(name, u, v, turns):
    at = np.array([u, u + turns], dtype=np.float64), np.array([v, v], dtype=np.float64)
    share = PATTERNS[name](*at)
    assert (share >= 0).all()
    assert (share <= 1).all()
    # Exactly half way between two repeats, rounding may take either.
    if abs(u * 2 - round(u * 2)) > 1e-6:
        assert share[0] == pytest.approx(share[1], abs=1e-6)


def test_prints_are_patterns():
    assert set(PRINTS) <= set(PATTERNS)


@pytest.mark.parametrize(
    ("solid", "inside", "surface", "outside", "gap"),
    [
        pytest.param(sphere(0, 1, 0, 0.5), (0, 1, 0), (0.5, 1, 0), (0, 1, 2), 1.5, id="sphere"),
        pytest.param(box(0, (1, 1, 1), 0.1), (0, 0, 0), (1, 0, 0), (0, 3, 0), 2.0, id="box"),
        pytest.param(
            capsule((0, 0, 0), (0, 1, 0), 0.2), (0, 1, 0), (0.2, 0.5, 0), (0, 2, 0), 0.8, id="capsule"
        ),
        pytest.param(ring(0, 0, (1, 1), 0.1), (1, 0, 0), (1.1, 0, 0), (0, 0, 0), 0.9, id="ring"),
        pytest.param(turned([(0, 1), (2, 1)]), (0, 1, 0), (1, 1, 0), (2, 1, 0), 1.0, id="cylinder"),
        pytest.param(
            turned([(0, 1), (2, 1)], wall=0.1), (0.95, 1, 0), (0.9, 1, 0), (0, 1.5, 0), 0.9, id="vessel"
        ),
        pytest.param(
            turned([(0, 1), (2, 1)], squareness=4), (0.8, 1, 0.8), (1, 1, 0), (2, 1, 0), 1.0, id="4"
        ),
        pytest.param(pillow((1, 1), 0.2, 4), (0, 0, 0.1), (0, 0, 0.218), (0, 0, 1), 0.469, id="pillow"),
    ],
)
def test_distances(solid, inside, surface, outside, gap):
    x, y, z = np.array([inside, surface, outside], dtype=np.float32).T
    deep, zero, far = solid(x, y, z)
    assert deep < 0
    assert zero == pytest.approx(0, abs=2e-3)
    assert far == pytest.approx(gap, abs=2e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_the_bounding_sphere_holds_the_product(kind):
    random = np.random.default_rng(0)
    x, y, z = random.uniform((-1.5, 0, -1.5), (1.5, 3, 1.5), (100_000, 3)).astype(np.float32).T
    for shape in KINDS[kind].shapes:
        solid = KINDS[kind].build(shape, Look("red", "white", "plain"), lambda measure, value: value)
        centre, radius = solid.bounds
        within = solid.distance(x, y, z) < 0
        assert within.any()
        assert (np.sqrt(x**2 + (y - centre) ** 2 + z**2)[within] <= radius).all()


def test_a_draped_cloth_is_as_long_on_the_sides_as_it_hangs_down():
    x, y, z = np.array([[0.5, 1.0, 0], [0.5, 0.8, 0]], dtype=np.float32).T
    u, v = draped(10, top=1.0)(x, y, z)
    assert u == pytest.approx([5, 7])
    assert v == pytest.approx([0, 0])
