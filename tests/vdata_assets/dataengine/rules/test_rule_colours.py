"""A colour is named only if people would; in doubt it has no name."""

import numpy as np
import pytest
from PIL import ImageColor

from vdata_assets.dataengine.rules.colours import (
    FAINT,
    LIKELY,
    NAMES,
    POSSIBLE,
    ColourMap,
    colour_difference,
    lab_of,
    memberships,
    possible_names,
    sure_name,
)
from vdata_assets.dataengine.rules.survey import NAMED


def lab(colour: str) -> np.ndarray:
    return lab_of(np.array([ImageColor.getrgb(colour)], np.uint8))[0]


@pytest.mark.parametrize(
    ("colour", "name"),
    [
        ("#e50000", "red"),
        ("#b01010", "red"),
        ("#f97306", "orange"),
        ("#ffff14", "yellow"),
        ("#15b01a", "green"),
        ("#0b4008", "green"),
        ("#96f97b", "green"),
        ("#0343df", "blue"),
        ("#95d0fc", "blue"),
        ("#7e1e9c", "purple"),
        ("#ff81c0", "pink"),
        ("#653700", "brown"),
        ("#000000", "black"),
        ("#161616", "black"),
        ("#808080", "grey"),
        ("#b4b4b4", "grey"),
        ("#ffffff", "white"),
        ("#f4f4f2", "white"),
    ],
)
def test_what_everybody_calls_by_one_name_has_it(colour: str, name: str) -> None:
    assert sure_name(lab(colour)) == name
    assert name in possible_names(lab(colour))


@pytest.mark.parametrize(
    ("colour", "names"),
    [
        ("#029386", {"blue", "green"}),
        ("#00c8c8", {"blue", "green"}),
        ("#ffa900", {"orange", "yellow"}),
        ("#fd411e", {"red", "orange"}),
        ("#fe2c54", {"red", "pink"}),
        ("#601ef9", {"blue", "purple"}),
        ("#363636", {"black", "grey"}),
        ("#dcdcdc", {"grey", "white"}),
    ],
    ids=["teal", "cyan", "amber", "vermilion", "raspberry", "indigo", "charcoal", "light grey"],
)
def test_what_lies_between_names_has_none(colour: str, names: set[str]) -> None:
    assert sure_name(lab(colour)) is None
    assert names <= possible_names(lab(colour))


def test_memberships_are_shares() -> None:
    colours = lab_of(np.random.default_rng(0).integers(0, 256, (500, 3), dtype=np.uint8))
    shares = memberships(colours)
    assert shares.shape == (500, len(NAMES))
    assert np.allclose(shares.sum(axis=1), 1, atol=1e-5)
    assert (shares >= 0).all()


def test_the_survey_knows_no_other_terms_and_names_no_colour_twice() -> None:
    assert {name for terms in NAMED for name in terms.split("/")} == set(NAMES)
    codes = [code for codes in NAMED.values() for code in codes.split()]
    assert len(codes) > 600
    for terms, row in NAMED.items():
        assert len(set(row.split())) == len(row.split()), terms


def test_no_surveyed_colour_surely_has_a_name_that_nobody_gave_it() -> None:
    wrong = []
    for terms, codes in NAMED.items():
        for code in codes.split():
            name = sure_name(lab(f"#{code}"))
            if name is not None and name not in terms.split("/"):
                wrong.append((code, terms, name))
    # Between salmon and red, and between very dark brown and black, the survey itself is not of one mind.
    assert len(wrong) <= 3, wrong


def test_the_map_agrees_with_the_names() -> None:
    pixels = np.array([[ImageColor.getrgb(colour) for colour in ("#e50000", "#0343df", "#029386")]], np.uint8)
    colours = ColourMap.of(pixels)
    assert colours.called("red", POSSIBLE).tolist() == [[True, False, False]]
    assert colours.called("blue", POSSIBLE).tolist() == [[False, True, True]]
    assert colours.called("green", FAINT).tolist() == [[False, False, True]]


def test_in_other_light_a_colour_may_have_another_name() -> None:
    ochre = np.array([[ImageColor.getrgb("#7a5a10"), ImageColor.getrgb("#0343df")]], np.uint8)
    colours = ColourMap.of(ochre)
    assert colours.called("yellow", POSSIBLE).tolist() == [[False, False]]
    assert colours.perhaps("yellow", POSSIBLE, casts=False).tolist() == [[True, False]]
    grey = ColourMap.of(np.full((1, 1, 3), 120, np.uint8))
    assert not grey.perhaps("orange", POSSIBLE, casts=True).any()
    for name in NAMES:
        seen = colours.called(name, LIKELY)
        assert (colours.perhaps(name, POSSIBLE, casts=False) >= seen).all()
        assert (colours.perhaps(name, FAINT, casts=True) >= colours.perhaps(name, FAINT, casts=False)).all()


def test_difference_is_that_of_ciede2000() -> None:
    # G. Sharma, W. Wu, E. Dalal, 2005, pair 1.
    one, other = np.array([50.0, 2.6772, -79.7751]), np.array([50.0, 0.0, -82.7485])
    assert colour_difference(one.astype(np.float32), other.astype(np.float32)) == pytest.approx(
        2.0425, abs=1e-3
    )
