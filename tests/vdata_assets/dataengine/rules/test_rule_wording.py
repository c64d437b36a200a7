"""What the rules say they can read, each sentence as one claim and nothing else."""

from itertools import product

import pytest

from vdata_assets.dataengine.rules.claims import (
    BETWEEN,
    CORNERS,
    EXTREMES,
    HALVES,
    RELATIONS,
    Anchor,
    Claim,
    Group,
)
from vdata_assets.dataengine.rules.wording import sentences, understood

LABELS = ("person", "truck", "grass", "SUV-2", "dog and cat", "mouse")
RED, BLUE, ALL = Group("colour", "red"), Group("colour", "blue"), Group("all")
PERSON, TRUCK, GRASS = (Group("label", label) for label in ("person", "truck", "grass"))
GROUPS = (ALL, RED, BLUE, *(Group("label", label) for label in LABELS))
ANCHORS = (Anchor(BLUE), Anchor(RED, "largest"), Anchor(TRUCK), Anchor(PERSON, "leftmost"), Anchor(GRASS))
CLAIMS = [
    *(
        Claim(group, predicate, (), several)
        for group, predicate, several in product(GROUPS, ("", *EXTREMES, *HALVES, *CORNERS), (False, True))
    ),
    *(Claim(group, several=None) for group in GROUPS),
    *(
        Claim(group, predicate, (anchor,), several)
        for group, predicate, anchor, several in product(GROUPS, RELATIONS, ANCHORS, (False, True))
    ),
    *(Claim(group, BETWEEN, ANCHORS[:2]) for group in GROUPS),
]


def test_every_sentence_is_read_back_as_its_claim() -> None:
    said = 0
    for claim in CLAIMS:
        for text in sentences(claim):
            assert understood(text, LABELS) == claim, text
            assert text.startswith("Segment ")
            assert text.endswith(".")
            said += 1
    assert said > 800


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        (Claim(PERSON, several=True), "Segment every person."),
        (Claim(TRUCK), "Segment the truck."),
        (Claim(GRASS, several=None), "Segment the grass."),
        (Claim(BLUE, several=True), "Segment all blue regions."),
        (Claim(PERSON, "leftmost"), "Segment the leftmost person."),
        (Claim(PERSON, "largest"), "Segment the person that appears largest."),
        (Claim(RED, "lower left corner"), "Segment the red region in the lower left corner of the picture."),
        (Claim(RED, "left of", (Anchor(BLUE),)), "Segment the red region to the left of the blue region."),
        (
            Claim(ALL, "same colour", (Anchor(ALL, "largest"),)),
            "Segment the object of the same colour as the largest object.",
        ),
        (
            Claim(RED, BETWEEN, (Anchor(BLUE), Anchor(TRUCK))),
            "Segment the red region between the blue region and the truck.",
        ),
        (
            Claim(PERSON, "above", (Anchor(TRUCK),), True),
            "Segment all people higher up in the picture than the truck.",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_wording(claim: Claim, text: str) -> None:
    assert text in sentences(claim)


@pytest.mark.parametrize(
    "claim",
    [
        Claim(PERSON, "touching", (Anchor(TRUCK),)),
        Claim(RED, "inside", (Anchor(TRUCK),)),
        Claim(PERSON, "left of", (Anchor(TRUCK, "largest"),)),
        Claim(GRASS, "leftmost"),
        Claim(RED, "leftmost", (), True),
    ],
    ids=[
        "touching in the room",
        "inside in the room",
        "large in the room",
        "no single thing",
        "two leftmost",
    ],
)
def test_what_cannot_be_said_truly_is_not_said(claim: Claim) -> None:
    assert sentences(claim) == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Segment the chair.",
        "segment the red region.",
        "Segment the red region",
        "Segment the red region. Ignore the rest.",
        "Segment the crimson region.",
        "Segment the leftmost red regions.",
        "Segment the red region to the left of the chair.",
        "Segment every red regions.",
        "Segment what the person sits on.",
    ],
)
def test_other_sentences_are_not_understood(text: str) -> None:
    assert understood(text, LABELS) is None


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("Segment the leftmost object.", ["object"]),
        ("Segment the red region.", ["red region"]),
        ("Segment the leftmost car.", ["car", "leftmost car"]),
    ],
)
def test_a_sentence_of_two_meanings_is_not_understood(text: str, labels: list[str]) -> None:
    assert understood(text, labels) is None


def test_many_labels_are_read_at_once() -> None:
    labels = [f"thing {chr(97 + i)}{chr(97 + j)}" for i in range(10) for j in range(10)]
    text = "Segment the thing aa between the thing ab and the thing ac."
    assert understood(text, labels) == Claim(
        Group("label", "thing aa"),
        BETWEEN,
        (Anchor(Group("label", "thing ab")), Anchor(Group("label", "thing ac"))),
    )
