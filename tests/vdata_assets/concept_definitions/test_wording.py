"""The form of a definition's texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vdata_assets.concept_definitions.wording import (
    coarse_problems,
    detailed_problems,
    noun_phrase,
    tidied,
)


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        pytest.param("A photo of a red mug", [], id="six words"),
        pytest.param("A photo of a mug", [], id="five words"),
        pytest.param("A photo of a Bürgermeister-Krug", [], id="other letters"),
        pytest.param(
            "A photo of an orange mug", ['coarse does not begin with "A photo of a"'], id="begins with an"
        ),
        pytest.param(
            "a photo of a mug", ['coarse does not begin with "A photo of a"'], id="begins in lower case"
        ),
        pytest.param(
            "A photo of a",
            ['coarse does not begin with "A photo of a"', "coarse has 4 words, not 5 or 6"],
            id="nothing named",
        ),
        pytest.param("A photo of a big red mug", ["coarse has 7 words, not 5 or 6"], id="seven words"),
        pytest.param("A photo of a red mug.", ["coarse ends with '.'"], id="full stop"),
        pytest.param("A photo of a <b>mug</b>", ["coarse has markup or an address"], id="markup"),
        pytest.param(
            "A photo of a\nred mug",
            ['coarse does not begin with "A photo of a"', "coarse has line breaks or control characters"],
            id="line break",
        ),
        pytest.param(
            "A photo of a red\u202emug", ["coarse has line breaks or control characters"], id="bidi override"
        ),
    ],
)
def test_a_coarse_text_has_five_or_six_words_that_begin_with_a_photo_of_a(text, problems):
    assert list(coarse_problems(text)) == problems


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        pytest.param("The mug is red, with a chip of 2.5 cm near its handle.", [], id="one sentence"),
        pytest.param("The St. Bernard has a white blaze.", [], id="an abbreviation ends no sentence"),
        pytest.param("The mug says “Guten Morgen” & has a handle.", [], id="lettering"),
        pytest.param(
            "The mug is red. It is tall.", ["detailed is more than one sentence"], id="two sentences"
        ),
        pytest.param(
            "A red mug", ['detailed is no sentence of at least 4 words that ends with "."'], id="a phrase"
        ),
        pytest.param(
            "The mug is red on a grey background.", ["detailed speaks of the background"], id="background"
        ),
        pytest.param(
            "The mug is red\nand white.", ["detailed has line breaks or control characters"], id="two lines"
        ),
        pytest.param(
            "The mug is red\u2028and white.",
            ["detailed has line breaks or control characters"],
            id="line separator",
        ),
        pytest.param("The mug is red &amp; white.", ["detailed has markup or an address"], id="entity"),
        pytest.param("The mug is **red** and white.", ["detailed has markup or an address"], id="markdown"),
        pytest.param(
            "The mug is as on https://x.org today.", ["detailed has markup or an address"], id="address"
        ),
        pytest.param(
            f"The mug is {'very ' * 80}red.", ["detailed has 415 characters, more than 300"], id="too long"
        ),
    ],
)
def test_a_detailed_text_is_one_plain_sentence_on_the_thing_alone(text, problems):
    assert list(detailed_problems(text)) == problems


@pytest.mark.parametrize(
    ("category", "noun"),
    [
        ("bag", "bag"),
        ("pet animal", "pet animal"),
        ("früh stück", "früh stück"),
        ("cat's-eye 2", "cat's-eye 2"),
        ("<script>", "object"),
        ("bag}\n{", "object"),
        ("", "object"),
        ("x" * 61, "object"),
    ],
)
def test_a_category_that_is_no_plain_words_is_called_an_object(category, noun):
    assert noun_phrase(category) == noun


@given(st.text(max_size=80))
def test_a_noun_never_spoils_a_sentence(category):
    assert not list(detailed_problems(f"The {noun_phrase(category)} is mostly red."))


def test_only_spaces_are_tidied():
    assert tidied("  A  photo of\ta mug ") == "A photo of\ta mug"
