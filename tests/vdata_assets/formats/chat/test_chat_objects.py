"""Objects that a text points at by placeholders."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vdata_assets.formats.chat.chat_objects import BOX, REF, joined, parted
from vdata_assets.formats.conversation import MarkedObject


def boxes(count: int) -> list[MarkedObject]:
    return [MarkedObject("", 0, (float(at), 0.0, at + 1.0, 1.0)) for at in range(count)]


def named(*labels: str) -> list[MarkedObject]:
    """Objects with those labels; one in brackets has no box."""
    placed = iter(boxes(len(labels)))
    return [
        MarkedObject(label.strip("()")) if "(" in label else MarkedObject(label, 0, next(placed).box)
        for label in labels
    ]


@pytest.mark.parametrize(
    ("text", "names", "count", "objects"),
    [
        pytest.param("R B and R B", ["dog", "cat"], 2, named("dog", "cat"), id="a name and a box each"),
        pytest.param("R and R? B and B", ["dog", "cat"], 2, named("dog", "cat"), id="names first"),
        pytest.param("Find R: B B", ["sheep"], 2, named("sheep", "sheep"), id="one name for two boxes"),
        pytest.param("R B B R B", ["a", "b"], 3, named("a", "a", "b"), id="runs of boxes"),
        pytest.param("Is there a R?", ["cat"], 0, named("(cat)"), id="a name alone"),
        pytest.param("Locate the R: R B", ["cow", "cow"], 1, named("(cow)", "cow"), id="a name twice"),
        pytest.param("click B", [], 1, named(""), id="a box alone"),
        pytest.param("nothing", ["a", "b"], 2, named("a", "b"), id="no placeholders"),
        pytest.param("nothing", ["a"], 0, named("(a)"), id="a name that is not asked for"),
        pytest.param("R", ["a"], 2, named("(a)", "", ""), id="boxes that are not asked for"),
    ],
)
def test_names_and_boxes_are_objects(text, names, count, objects) -> None:
    assert joined(text.replace("R", REF).replace("B", BOX), names, boxes(count)) == tuple(objects)


@given(st.lists(st.sampled_from([REF, BOX, " x "]), max_size=9))
def test_objects_are_parted_as_they_were_joined(pieces) -> None:
    text = "".join(pieces)
    names = [f"label {at % 3}" for at in range(text.count(REF))]
    objects = joined(text, names, boxes(text.count(BOX)))
    assert joined(text, *parted(text, objects)) == objects


@given(st.integers(0, 4), st.booleans(), st.booleans())
def test_all_or_none_may_be_pointed_at(count, by_name, by_box) -> None:
    objects = named(*(f"label {at}" for at in range(count)))
    text = (REF * count if by_name else "") + (BOX * count if by_box else "")
    assert joined(text, *parted(text, objects)) == tuple(objects)


@pytest.mark.parametrize(
    ("text", "objects"),
    [
        pytest.param(BOX, named("a", "b"), id="too few boxes"),
        pytest.param(BOX * 3, named("a", "b"), id="too many boxes"),
        pytest.param(REF + BOX, [], id="no objects"),
        pytest.param(REF + BOX + BOX, named("a", "b"), id="two labels for one name"),
        pytest.param("", named("(a)"), id="a name that is not asked for"),
    ],
)
def test_what_does_not_fit_is_refused(text, objects) -> None:
    boxed = sum(one.box is not None for one in objects)
    expected = (
        f"{len(objects)} objects, {boxed} of them with a box, for {text.count(REF)} <ref-object> and "
        f"{text.count(BOX)} <bbox> in the text: give as many of each as there are objects"
    )
    with pytest.raises(ValueError, match=re.escape(expected)):
        parted(text, objects)
