"""A sample garment's text says exactly what the truth says it does, beside clutter and other garments."""

import re

import polars as pl
import pytest

from vdata_assets.attributes.extract import extract
from vdata_assets.attributes.rules import load_rules
from vdata_assets.samples.concepts import DEMO_SEED
from vdata_assets.samples.garment_kinds import KINDS
from vdata_assets.samples.garment_phrases import (
    CLUTTER,
    FOREIGN_CAPTIONS,
    FOREIGN_SENTENCES,
    OTHERS,
    WORDS,
)
from vdata_assets.samples.garment_texts import ATTRIBUTES, style_number
from vdata_assets.samples.garments import planned, truth_of

# "The model also wears blue jeans" and the like: everything about other things ends with a full stop.
FOREIGN = re.compile(
    "|".join(
        [re.escape(sentence).replace(r"\{\}", "[^.]*") for sentence in FOREIGN_SENTENCES]
        + [re.escape(sentence) for sentences in FOREIGN_CAPTIONS.values() for sentence in sentences]
    )
)


@pytest.fixture(scope="module")
def truth() -> pl.DataFrame:
    plans = planned(480, DEMO_SEED)
    return pl.DataFrame(
        [truth_of(number, plan, DEMO_SEED) for number, plan in enumerate(plans)], infer_schema_length=None
    )


def own(text: str) -> str:
    """A text without what it says of other things, in lower case."""
    for sentence in CLUTTER:
        text = text.replace(sentence, "")
    return FOREIGN.sub("", text).lower()


def phrases(name: str, tag: str) -> list[str]:
    return [phrase.lower() for form in WORDS[name][tag] for phrase in form]


def test_a_text_has_the_words_of_what_it_says(truth):
    for row in truth.filter(pl.col("text").is_not_null()).iter_rows(named=True):
        words = own(row["text"])
        for name in ATTRIBUTES:
            if row[name] != "unknown":
                said = [phrase for phrase in phrases(name, row[name]) if phrase in words]
                assert said or f"with {row[name]} fabric" in words, (name, row[name], row["text"])


def test_a_text_has_no_words_of_what_it_does_not_say(truth):
    for row in truth.filter(pl.col("text").is_not_null()).iter_rows(named=True):
        words = own(row["text"])
        for name in ATTRIBUTES:
            for tag in set(WORDS[name]) - {row[name]}:
                for phrase in phrases(name, tag):
                    assert not re.search(rf"\b{re.escape(phrase)}\b", words), (name, tag, row["text"])


def test_what_is_said_is_what_is_drawn(truth):
    for name in ATTRIBUTES:
        said = truth.filter(pl.col(name) != "unknown")
        assert (said[name] == said[f"true_{name}"]).all()


def test_texts_are_silent_now_and_then_and_some_are_missing(truth):
    assert 0.01 < truth["text"].is_null().mean() < 0.06
    for name in ATTRIBUTES:
        has = truth.filter(pl.col(f"true_{name}").is_not_null(), pl.col("text").is_not_null())
        assert 0.1 < (has[name] == "unknown").mean() < 0.2, name
    silent = truth.filter(pl.col("text").is_null()).select(ATTRIBUTES)
    assert set(silent.row(0)) == {"unknown"}
    assert silent.n_unique() == 1


def test_many_texts_tell_of_other_garments_with_other_attributes(truth):
    texts = truth["text"].drop_nulls()
    foreign = texts.map_elements(lambda text: bool(FOREIGN.search(text)), return_dtype=pl.Boolean)
    assert 0.5 < foreign.mean() < 0.85
    for wanted in ("denim shorts", "leather boots", "The lower clothing is", "The model wears size S"):
        assert texts.str.contains(wanted, literal=True).sum() >= 5, wanted


def test_no_other_garment_is_of_the_products_own_category(truth):
    for row in truth.filter(pl.col("text").is_not_null()).iter_rows(named=True):
        told = " ".join(FOREIGN.findall(row["text"]))
        for category, thing in OTHERS[KINDS[row["category"]].body]:
            assert category != row["category"] or thing not in told


def test_a_style_number_is_of_one_article(truth):
    found = truth.with_columns(
        number=pl.col("text").str.extract(r"Style no\. ([A-Z]{2}-\d{5})\.")
    ).drop_nulls("number")
    assert 0.2 < found.height / truth.height < 0.4
    assert found.group_by("number").agg(pl.col("article").n_unique())["article"].max() == 1
    assert found.group_by("article").agg(pl.col("number").n_unique())["number"].max() == 1
    plan = planned(1, DEMO_SEED)[0]
    assert re.fullmatch(r"[A-Z]{2}-10001", style_number(plan.article, DEMO_SEED))


def test_texts_vary_and_need_quoting_and_escaping(truth):
    texts = truth["text"].drop_nulls()
    assert texts.n_unique() > 0.9 * texts.len()
    for mark in ("\n", ",", '"', "<b>", "&", "“"):
        assert texts.str.contains(mark, literal=True).any(), mark


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_the_rules_that_come_with_vdata_read_the_texts(truth, name):
    found = extract(truth["text"].to_list(), truth["category"].to_list(), load_rules(None))
    assert (found[name] == truth[name]).mean() > 0.99
