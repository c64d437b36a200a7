"""The embedded writer: what it says is what it measured, and true of objects whose looks are known."""

import asyncio

import numpy as np
import polars as pl
import pytest
from concept_pictures import drawn

from vdata_assets.concept_definitions.measure import COLOURS, measure, named
from vdata_assets.concept_definitions.rules import RuleConceptWriter
from vdata_assets.concept_definitions.wording import coarse_problems, detailed_problems
from vdata_assets.concept_definitions.writer import Concept, Objection, Verdict, View, Wording
from vdata_assets.samples.concepts import write_concept_images
from vdata_resources.images import load_rgb

RED, BLUE, GREEN, WHITE, GREY = (190, 30, 30), (40, 80, 200), (40, 150, 60), (250, 250, 250), (128, 128, 128)
LIKELY = {
    "cream": {"white", "beige"},
    "white": {"white", "grey", "beige"},
    "teal": {"turquoise"},
    "navy": {"blue", "black"},
    "sky": {"blue"},
    "terracotta": {"red", "brown", "orange"},
    "mustard": {"yellow", "orange", "brown"},
    "sage": {"green", "grey"},
    "coral": {"red", "pink"},
    "plum": {"purple"},
    "rose": {"pink"},
    "red": {"red"},
    "charcoal": {"black", "grey", "brown"},
}
"""What a colour of the samples may be called, its own shades included."""


def mug(name="red", display="mug"):
    return Concept(name, "mug", display)


def views(*pictures):
    return [View(f"id {number}", f"{number}.png", pixels) for number, pixels in enumerate(pictures)]


def written(*pictures, objection=None, concept=None):
    return asyncio.run(RuleConceptWriter().write(concept or mug(), views(*pictures), objection))


def verified(wording, picture):
    return asyncio.run(RuleConceptWriter().verify(mug(), wording, views(picture)[0]))


@pytest.mark.parametrize(
    ("rgb", "name"),
    [
        ((0, 0, 0), "black"),
        ((128, 128, 128), "grey"),
        ((255, 255, 255), "white"),
        ((200, 20, 20), "red"),
        ((255, 140, 0), "orange"),
        ((101, 67, 33), "brown"),
        ((225, 205, 165), "beige"),
        ((240, 220, 40), "yellow"),
        ((30, 140, 50), "green"),
        ((40, 180, 175), "turquoise"),
        ((40, 70, 200), "blue"),
        ((120, 40, 150), "purple"),
        ((255, 170, 190), "pink"),
    ],
)
def test_a_typical_colour_of_each_name_has_that_name(rgb, name):
    from skimage.color import rgb2lab

    assert COLOURS[named(rgb2lab(np.array([[rgb]]) / 255).reshape(-1, 3))[0]] == name


def test_every_colour_has_a_name():
    from skimage.color import rgb2lab

    steps = np.linspace(0, 1, 18)
    lab = rgb2lab(np.stack(np.meshgrid(steps, steps, steps), -1).reshape(1, -1, 3))[0]
    assert set(np.unique(named(lab))) == set(range(len(COLOURS)))


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(np.full((90, 120, 3), 200, np.uint8), id="one colour"),
        pytest.param(np.random.default_rng(0).integers(0, 255, (90, 120, 3), np.uint8), id="noise"),
        pytest.param(drawn(RED, WHITE, (0, 0, 160, 160)), id="up to the border"),
        pytest.param(drawn(RED, WHITE, (79, 79, 82, 82)), id="tiny"),
        pytest.param(np.zeros((1, 1, 3), np.uint8), id="a pixel"),
        pytest.param(np.zeros((2, 900, 3), np.uint8), id="a thread"),
    ],
)
def test_nothing_is_measured_where_nothing_stands_out(picture):
    assert measure(picture) is None


def test_what_is_measured_is_what_was_drawn():
    measures = measure(drawn(RED, WHITE, (50, 20, 110, 140)))
    assert measures.colours["red"] == 1
    assert measures.edges == 0
    assert measures.tallness == pytest.approx(2, rel=0.05)


def test_only_what_agrees_across_the_views_is_said():
    wording = written(drawn(RED, WHITE), drawn(RED, GREY, (20, 40, 140, 120)))
    assert wording == Wording(
        "A photo of a red mug", "The mug is mostly red and has an even surface.", ("mostly red", "even")
    )
    tall = written(drawn(RED, WHITE), drawn(RED, GREY, (50, 30, 110, 140)))
    assert tall.detailed == "The mug is mostly red, has an even surface and looks taller than wide."


@pytest.mark.parametrize(
    ("colours", "display", "coarse"),
    [
        pytest.param([(250, 140, 20)], "mug", "A photo of a bright-orange mug", id="no vowel after a"),
        pytest.param([RED, BLUE], "mug", "A photo of a plain mug", id="another colour in every view"),
        pytest.param([RED], "pet animal", "A photo of a red animal", id="the last of two words"),
        pytest.param([RED], "thing with a name", "A photo of a red object", id="more words"),
        pytest.param([RED], "<b>", "A photo of a red object", id="no plain word"),
        pytest.param([GREEN], "früh stück", "A photo of a green stück", id="unicode"),
    ],
)
def test_the_coarse_text_names_the_most_telling_trait(colours, display, coarse):
    wording = written(
        *[drawn(colours[number % len(colours)], WHITE) for number in range(2)], concept=mug(display=display)
    )
    assert wording.coarse == coarse
    assert not list(coarse_problems(wording.coarse))
    assert not list(detailed_problems(wording.detailed))


def test_nothing_is_said_where_too_few_views_are_clear():
    blank = np.full((90, 90, 3), 200, np.uint8)
    assert written(blank) is None
    assert written(drawn(RED, WHITE), blank, blank) is None
    assert written(drawn(RED, WHITE)) is not None


def test_another_view_has_to_show_what_is_said():
    wording = written(drawn(RED, WHITE))
    assert verified(wording, drawn(RED, GREY)) == Verdict(
        True, "the other view shows it too: mostly red, even, taller than wide"
    )
    assert verified(wording, drawn(BLUE, WHITE, (20, 40, 140, 120))) == Verdict(
        False,
        "the other view does not show: mostly red, taller than wide",
        ("mostly red", "taller than wide"),
    )
    assert verified(wording, np.zeros((90, 90, 3), np.uint8)) == Verdict(
        False, "nothing stands out from the background of the other view"
    )


def test_what_was_refuted_is_not_said_again():
    first = written(drawn(RED, WHITE))
    verdict = Verdict(False, "no", ("taller than wide",))
    second = written(drawn(RED, WHITE), objection=Objection(first, verdict))
    assert second.detailed == "The mug is mostly red and has an even surface."
    everything = Objection(first, Verdict(False, "no", first.claims))
    assert written(drawn(RED, WHITE), objection=everything) is None


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    root = tmp_path_factory.mktemp("samples") / "objects"
    chosen = {"mug": 3, "cushion": 3, "vase": 3}
    write_concept_images(root, categories=chosen, views_per_concept=4, size=128)
    return root


def test_colours_that_are_named_are_those_of_the_generated_objects(samples):
    truth = pl.read_csv(samples / "ground_truth.csv")
    said = 0
    for (category, name), group in truth.group_by("category", "concept", maintain_order=True):
        pictures = [np.asarray(load_rgb(samples / path)) for path in group["path"]]
        wording = written(*pictures[:3], concept=Concept(name, category, category))
        if wording is None or not verified(wording, pictures[3]).accept:
            continue
        main = {claim.removeprefix("mostly ") for claim in wording.claims if claim.startswith("mostly ")} - {
            "brown",
            "grey",
            "black",
        }
        likely = set().union(*(LIKELY[group[column][0]] for column in ("colour", "accent")))
        assert main <= likely, (category, name, wording)
        assert ("patterned" in wording.claims) <= (group["pattern"][0] != "plain"), (name, wording)
        said += 1
    assert said >= 7


def test_real_objects_are_described_and_kinds_of_garment_are_not(test_data):
    def described(root, category, concept):
        paths = sorted((root / category / concept).glob("*.jpg"))[:4]
        pictures = [np.asarray(load_rgb(path, min_side=256)) for path in paths]
        return written(*pictures, concept=Concept(concept, category, category))

    objects = test_data("dreambooth-concepts")
    assert described(objects, "cartoon character", "red_cartoon").coarse == "A photo of a red character"
    garments = test_data("clothing-explicit-split") / "train"
    for concept in ("shirt", "t-shirt", "longsleeve"):
        wording = described(garments, "tops", concept)
        assert wording is None or not any(name in wording.detailed for name in COLOURS)


def test_the_same_views_give_the_same_words_and_the_identity_names_the_rules():
    pictures = [drawn(RED, WHITE), drawn(RED, GREY)]
    assert written(*pictures) == written(*pictures)
    assert RuleConceptWriter().identity.startswith("rules version=1 measures=1 numpy=")
