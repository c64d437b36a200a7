"""What a sample holds."""

import pytest

from vdata_assets.formats.conversation import Feature, MarkedObject, Picture, Sample, Turn
from vdata_assets.formats.features import features_of, require

A, URL = Picture(path="a.jpg"), Picture(url="https://example.org/a.jpg")
ANSWER = Turn("assistant", ("A cat.",))


def sample(*turns: Turn, **further) -> Sample:
    return Sample("", turns, **further)


@pytest.mark.parametrize(
    ("held", "features"),
    [
        (sample(Turn("user", (A, "What?")), ANSWER), {Feature.PATH}),
        (sample(Turn("user", ("What?", A)), ANSWER), {Feature.PATH, Feature.PICTURE_PLACE}),
        (sample(Turn("user", ("What?",)), ANSWER), {Feature.NO_PICTURE}),
        (
            sample(Turn("system", ("Be brief.",)), Turn("user", (A, URL, "What?")), ANSWER),
            {Feature.SYSTEM, Feature.PATH, Feature.URL, Feature.SEVERAL_PICTURES},
        ),
        (
            sample(Turn("user", ("Hello",)), ANSWER, Turn("user", (A, "What?")), ANSWER),
            {Feature.PATH, Feature.PICTURE_ANYWHERE, Feature.SEVERAL_ROUNDS},
        ),
        (
            sample(Turn("user", ("Draw",)), Turn("assistant", (Picture(data=b"x"),), weight=0)),
            {Feature.DATA, Feature.PICTURE_ANYWHERE, Feature.ASSISTANT_PICTURE, Feature.WEIGHT},
        ),
        (
            sample(
                Turn("user", (A,)),
                ANSWER,
                objects=(MarkedObject("cat", mask="0"), MarkedObject("cat")),
                sizes=((1, 1),),
                label="",
                metadata={"a": ""},
            ),
            {Feature.PATH, Feature.MASKS, Feature.BOXES, Feature.SIZES, Feature.LABEL, Feature.METADATA},
        ),
        (Sample("a", (Turn("user", (A,)), ANSWER)), {Feature.ID, Feature.PATH}),
    ],
)
def test_what_a_sample_holds(held: Sample, features: set[Feature]) -> None:
    assert features_of(held) == features
    require(held, frozenset(features), "llava")


def test_what_cannot_be_said_is_told_in_one_order() -> None:
    held = Sample("a", (Turn("user", (URL, URL)), ANSWER), label="cat")
    with pytest.raises(ValueError, match="sample 'a'") as caught:
        require(held, frozenset({Feature.ID}), "llava")
    assert str(caught.value) == (
        "sample 'a': llava cannot say: several pictures, picture by URL, label; convert the samples first"
    )
