"""Pictures within texts as tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vdata_assets.formats.conversation import Picture, merged
from vdata_assets.formats.image_tokens import parts_of, text_of

A, B = Picture(path="a.jpg"), Picture(path="b.jpg")
TEXTS = st.text("\n\r a<image>", max_size=6).filter(lambda text: "<image>" not in text)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("<image>\nWhat?", (A, "What?")),
        ("<image>What?", (A, "What?")),
        ("What?\n<image>", ("What?", A)),
        ("What is <image> and <image>?", ("What is ", A, " and ", B, "?")),
        ("<image>\n<image>\nWhat?", (A, B, "What?")),
        ("<image><image>", (A, B)),
        ("<image>\n", (A,)),
        ("<image>\n\nWhat?\n", (A, "\nWhat?\n")),
        ("<ima<image>ge>", ("<ima", A, "ge>")),
        ("What?\n", ("What?\n",)),
        ("", ()),
    ],
)
def test_tokens_are_pictures_and_a_newline_beside_one_separates(text: str, parts: tuple) -> None:
    assert parts_of(text, iter([A, B])) == parts


@pytest.mark.parametrize(
    ("parts", "plain", "lines"),
    [
        ((A, "What?"), "<image>What?", "<image>\nWhat?"),
        (("What?", A), "What?<image>", "What?\n<image>"),
        ((A, B), "<image><image>", "<image><image>"),
        ((A, "\nWhat?"), "<image>\n\nWhat?", "<image>\n\nWhat?"),
        (("What?\n",), "What?\n", "What?\n"),
    ],
)
def test_the_text_of_parts(parts: tuple, plain: str, lines: str) -> None:
    assert (text_of(parts), text_of(parts, "\n")) == (plain, lines)


@given(st.lists(st.just(A) | TEXTS).map(lambda parts: merged(iter(parts))), st.sampled_from(["", "\n"]))
def test_parts_come_back(parts: tuple, separator: str) -> None:
    if any("<image>" in part for part in parts if isinstance(part, str)):
        return  # joined texts may have made one
    assert parts_of(text_of(parts, separator), iter([A] * len(parts))) == parts
