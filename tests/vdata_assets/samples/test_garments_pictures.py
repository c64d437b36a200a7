"""A sample garment's picture shows its category, neckline, sleeve, material, pattern and colour."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage.color import rgb2lab

from vdata_assets.samples.garment_drawing import HEIGHT, WIDTH, drawn
from vdata_assets.samples.garment_fabrics import MATERIALS
from vdata_assets.samples.garment_kinds import COLOURS, KINDS, PATTERN_SHARES, USUAL_COLOURS, Article, article
from vdata_assets.samples.garment_shapes import OPENINGS, SLEEVES
from vdata_assets.samples.garments import VIEWS

SEED = 3
TEE = replace(
    article(1, SEED),
    material="cotton",
    pattern="solid",
    neckline="crew",
    sleeve="short_sleeve",
    colours=(("teal", "cream"),),
)
CHEST = (slice(60, 90), slice(36, 60))


def pixels(garment: Article, view: str = "front", picture: str = "0", seed: int = SEED) -> np.ndarray:
    return np.asarray(drawn(garment, 0, view, picture, seed)).astype(float)


def differing(one: np.ndarray, other: np.ndarray) -> float:
    """Share of pixels that clearly differ."""
    return float((np.abs(one - other).max(2) > 30).mean())


def test_pictures_are_small_and_upright():
    assert (WIDTH, HEIGHT) == (96, 128)
    assert pixels(TEE).shape == (128, 96, 3)


@pytest.mark.parametrize("name", COLOURS)
def test_a_plain_garment_is_of_its_colour(name):
    chest = pixels(replace(TEE, colours=((name, "white"),)))[CHEST]
    seen, named = (rgb2lab(np.asarray(rgb) / 255) for rgb in (np.median(chest, (0, 1)), hex_rgb(name)))
    assert np.hypot(*(seen - named)[1:]) < 12, "hue and chroma"
    assert abs(seen[0] - named[0]) < 14, "lightness"


def hex_rgb(name: str) -> list[int]:
    return list(bytes.fromhex(COLOURS[name][1:]))


@pytest.mark.parametrize("pattern", [name for name in [*PATTERN_SHARES, "graphic"] if name != "solid"])
def test_a_pattern_has_two_colours_where_solid_has_one(pattern):
    plain, printed = (pixels(replace(TEE, pattern=name))[34:104, 30:66] for name in ("solid", pattern))
    assert printed.std((0, 1)).max() > 2 * plain.std((0, 1)).max()


def test_patterns_differ_from_each_other():
    made = [pixels(replace(TEE, pattern=pattern)) for pattern in [*PATTERN_SHARES, "graphic"]]
    assert min(differing(a, b) for i, a in enumerate(made) for b in made[:i]) > 0.02


def test_stripes_run_across_and_some_down():
    for number in range(1, 40):
        chest = pixels(replace(TEE, number=number, pattern="stripe"))[CHEST].mean(2)
        down, across = chest.mean(1).std(), chest.mean(0).std()
        if across > 2 * down:
            return
        assert down > across
    pytest.fail("no upright stripes")


def test_materials_have_textures_of_their_own():
    def fine(material: str) -> float:
        chest = pixels(replace(TEE, material=material, colours=(("burgundy", "cream"),)))[CHEST].mean(2)
        return float((chest - gaussian_filter(chest, 4)).std())

    roughness = {material: fine(material) for material in MATERIALS}
    assert min(roughness, key=roughness.__getitem__) == "cotton"
    for material in set(MATERIALS) - {"cotton"}:
        assert roughness[material] > 1.5 * roughness["cotton"], material


def test_a_material_comes_in_its_usual_colours():
    made = [article(number, SEED) for number in range(1, 481)]
    for one in made:
        if one.material in USUAL_COLOURS and one.pattern != "animal_print":
            assert {main for main, _ in one.colours} <= set(USUAL_COLOURS[one.material])


@pytest.mark.parametrize("sleeve", SLEEVES)
def test_every_sleeve_has_an_outline_of_its_own(sleeve):
    shown = pixels(replace(TEE, sleeve=sleeve))
    others = [pixels(replace(TEE, sleeve=other)) for other in (*SLEEVES, "sleeveless") if other != sleeve]
    assert min(differing(shown, other) for other in others) > 0.02


def test_every_neckline_has_an_edge_of_its_own():
    necklines = {*OPENINGS, "off_shoulder", "strapless", "halter"}
    assert necklines >= {neckline for kind in KINDS.values() for neckline in kind.necklines}
    tops = [
        pixels(replace(TEE, neckline=neckline, sleeve="sleeveless"))[:70] for neckline in sorted(necklines)
    ]
    assert min(differing(a, b) for i, a in enumerate(tops) for b in tops[:i]) > 0.008


def test_every_category_has_a_silhouette_of_its_own():
    made = []
    for number in range(1, len(KINDS) + 1):
        one = article(number, SEED)
        neckline, sleeve = (None, None) if one.kind.body == "lower" else ("crew", "long_sleeve")
        made.append(
            replace(
                one,
                material="cotton",
                pattern="solid",
                neckline=neckline,
                sleeve=sleeve,
                colours=(("navy", "cream"),),
            )
        )
    shown = [pixels(one) for one in made]
    assert min(differing(a, b) for i, a in enumerate(shown) for b in shown[:i]) > 0.04


def test_views_and_pictures_of_an_article_differ():
    shown = [pixels(TEE, view, str(number)) for number, (view, _) in enumerate([*VIEWS, VIEWS[0]])]
    assert min(differing(a, b) for i, a in enumerate(shown) for b in shown[:i]) > 0.02


def test_cardigans_are_open_in_front_and_closed_behind():
    cardigan = replace(
        article(4, SEED),
        material="cotton",
        pattern="solid",
        neckline="v_neck",
        colours=(("burgundy", "cream"),),
    )
    assert cardigan.category == "Cardigans"
    front, back = (pixels(cardigan, view)[80:100, 40:56] for view in ("front", "back"))
    assert front.std((0, 1)).max() > 2 * back.std((0, 1)).max()


@pytest.mark.parametrize("number", range(1, len(KINDS) + 1), ids=list(KINDS))
def test_a_garment_lies_within_its_picture(number):
    red = replace(article(number, SEED), material="cotton", pattern="solid", colours=(("red", "cream"),))
    for picture in ("0", "1", "2"):
        image = pixels(red, "front", picture)
        cloth = (image[..., 0] > 90) & (image[..., 0] > 2.2 * image[..., 1])
        assert cloth.mean() > 0.1
        border = np.concatenate([cloth[0], cloth[-1], cloth[:, 0], cloth[:, -1]])
        assert border.mean() < 0.02
