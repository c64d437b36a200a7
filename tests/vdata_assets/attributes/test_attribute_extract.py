"""What an extraction promises for any text, any rules and real captions."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vdata_assets.attributes.extract import extract
from vdata_assets.attributes.rules import AttributeRules, load_rules
from vdata_assets.attributes.schema import EVIDENCE

RULES = load_rules()
GARMENTS = ("Tees", "Denim", "Dresses", "Jackets_Coats")
CATEGORIES = (*GARMENTS, "Handbags", "Kidswear", None)
ACCESSORIES = [
    "There is a leather belt.",
    "She wears a striped wool hat!",
    "Shown with velvet boots and a lace scarf.",
    "The bag is denim.",
]
WORDS = st.sampled_from(
    [
        *("tee", "shirt", "dress", "jacket", "shorts", "belt", "boots", "pocket", "collar", "sleeves"),
        *("neckline", "fabric", "cotton", "denim", "lace", "leather", "striped", "floral", "solid", "v"),
        *("round", "crew", "long", "short", "puff", "3/4", "no", "not", "without", "with", "and", "or", ","),
        *(".", "the", "a", "is", "are", "has", "worn", "paired", "over", "faux", "trim", "lining", "made"),
        *("of", "in", "her", "its", "it", "their", "this", "-", ";", ":", "free", "look", "blue", "soft"),
    ]
)
SENTENCES = st.lists(WORDS, max_size=25).map(" ".join)
PRODUCTS = st.lists(st.tuples(SENTENCES, st.sampled_from(CATEGORIES)), max_size=50)
few = settings(max_examples=10)
"""Every example has many texts: the rules are compiled for each call."""

FURNITURE = """
name: furniture
scopes:
  seat: {words: [sofa, chair, stool]}
  table: {words: [table, desk]}
  cushion: {words: [cushion, throw], accessory: true}
attributes:
  wood:
    scopes: [seat, table]
    nouns: [legs, frame]
    details: [inlay]
    refuted_after: [effect]
    tags:
      - {tag: oak, triggers: [oak], exclusions: [poison oak]}
      - {tag: walnut, priority: 2, triggers: ["walnut (solid)", walnut]}
      - {tag: painted, described: [painted]}
"""


def rows(products: list[tuple[str, str | None]]) -> list[dict[str, Any]]:
    table = extract([text for text, _ in products], [category for _, category in products], RULES)
    return list(table.iter_rows(named=True))


def tags(products: list[tuple[str, str | None]]) -> list[list[list[str]]]:
    return [[row[f"{name}_tags"] for name in RULES.attributes] for row in rows(products)]


def told(text: str, category: str | None = None, rules: AttributeRules = RULES) -> dict[str, list[str]]:
    row = extract([text], [category], rules).row(0, named=True)
    return {name: row[f"{name}_tags"] for name in rules.attributes}


def test_a_row_has_primary_tags_and_the_words_they_rest_on() -> None:
    row = extract(["Chiffon blouse, lace trim; its neckline is round."], ["Blouses"], RULES).row(
        0, named=True
    )
    assert (row["material"], row["material_tags"]) == ("chiffon", ["chiffon", "lace"])
    assert row["material_evidence"] == [
        {"tag": "chiffon", "start": 0, "end": 7, "text": "Chiffon", "source": "text"},
        {"tag": "lace", "start": 16, "end": 20, "text": "lace", "source": "text"},
    ]
    assert row["neckline_evidence"] == [
        {"tag": "round", "start": 31, "end": 48, "text": "neckline is round", "source": "text"}
    ]
    assert (row["sleeve"], row["sleeve_tags"], row["sleeve_evidence"]) == ("unknown", [], [])


@pytest.mark.parametrize(
    "texts", [[], [None], ["", "   ", "!?", "\u2014", "''"]], ids=["none", "null", "empty"]
)
def test_where_nothing_is_said_all_is_unknown(texts: list[str | None]) -> None:
    table = extract(texts, [None] * len(texts), RULES)
    assert table.schema == {
        column: kind
        for name in RULES.attributes
        for column, kind in (
            (name, pl.String),
            (f"{name}_tags", pl.List(pl.String)),
            (f"{name}_evidence", EVIDENCE),
        )
    }
    assert all(set(table[name]) <= {"unknown"} for name in RULES.attributes)


def test_every_text_needs_a_category() -> None:
    with pytest.raises(ValueError, match=r"^1 texts and 2 categories$"):
        extract(["tee"], [None, None], RULES)


@few
@given(st.lists(st.tuples(st.one_of(SENTENCES, st.text()), st.sampled_from(CATEGORIES)), max_size=50))
def test_evidence_is_the_text_at_its_place(products: list[tuple[str, str | None]]) -> None:
    for (text, _), row in zip(products, rows(products), strict=True):
        for name in RULES.attributes:
            evidence = row[f"{name}_evidence"]
            assert [item["tag"] for item in evidence] == row[f"{name}_tags"]
            assert len(set(row[f"{name}_tags"])) == len(evidence)
            assert row[name] == (evidence[0]["tag"] if evidence else "unknown")
            assert all(text[item["start"] : item["end"]] == item["text"] != "" for item in evidence)


@few
@given(PRODUCTS)
def test_case_changes_nothing(products: list[tuple[str, str | None]]) -> None:
    said = tags(products)
    assert tags([(text.upper(), category) for text, category in products]) == said
    assert tags([(text.title(), category) for text, category in products]) == said


@few
@given(
    PRODUCTS.map(lambda products: [(text, category) for text, category in products if category in GARMENTS]),
    st.sampled_from(ACCESSORIES),
)
def test_a_sentence_about_an_accessory_changes_nothing(
    products: list[tuple[str, str | None]], accessory: str
) -> None:
    said = tags([(f"{text}.", category) for text, category in products])
    assert tags([(f"{text}. {accessory}", category) for text, category in products]) == said
    assert tags([(f"{text}. {accessory} Wash it.", category) for text, category in products]) == said


@few
@given(PRODUCTS)
def test_a_text_is_read_alone(products: list[tuple[str, str | None]]) -> None:
    assert rows([*products, *reversed(products)]) == [*rows(products), *reversed(rows(products))]


def test_places_are_those_of_the_text_where_lower_case_is_longer() -> None:
    text = "İİ \u2019striped\u2019 Tee"
    evidence = extract([text], ["Tees"], RULES)["pattern_evidence"][0][0]
    assert (text[evidence["start"] : evidence["end"]], evidence["text"]) == ("striped", "striped")


def test_markup_and_endless_texts_are_read_like_any_other() -> None:
    assert told("<script>alert('cotton')</script> tee", "Tees")["material"] == ["cotton"]
    assert told("belt with a " * 20_000 + "denim shorts", "Tees")["material"] == []
    assert told("striped " * 50_000, "Tees")["pattern"] == ["stripe"]


@pytest.mark.parametrize(
    ("category", "text", "tags"),
    [
        ("Sofas", "Oak sofa with walnut inlay", ["oak", "walnut"]),
        ("Chair", "Walnut and oak chair", ["oak", "walnut"]),
        ("Chair", "Chair beside an oak desk, its legs are painted", []),
        ("Desk", "Chair beside an oak desk", ["oak"]),
        ("Desk", "An oak-effect desk. Poison oak!", []),
        ("Desk", "Painted in Italy", []),
        ("Desk", "A desk with painted legs", ["painted"]),
        ("Desk", "WALNUT (SOLID) desk", ["walnut"]),
        ("Cushions", "Oak cushion", []),
    ],
)
def test_other_domains_need_rules_and_no_code(
    tmp_path: Path, category: str, text: str, tags: list[str]
) -> None:
    (tmp_path / "furniture.yaml").write_text(FURNITURE, encoding="utf-8")
    assert told(text, category, load_rules(tmp_path / "furniture.yaml")) == {"wood": tags}


def test_captions_of_fashioniq_are_read(test_data: Callable[[str], Path]) -> None:
    file = test_data("fashion-attributes") / "fashioniq" / "cap.dress.val.json"
    captions = [text for pair in json.loads(file.read_text(encoding="utf-8")) for text in pair["captions"]]
    table = extract(captions, ["Dresses"] * len(captions), RULES)
    assert table.height == len(captions)
    said = dict(zip(captions, table.iter_rows(named=True), strict=True))
    assert said["is a solid color with square neckline"]["neckline_tags"] == ["square"]
    assert said["has straps instead of long sleeves and has two colors"]["sleeve_tags"] == []
    assert said["is shorter has three quarter length sleeves"]["sleeve_tags"] == ["three_quarter"]


def test_names_of_real_products_are_read(test_data: Callable[[str], Path]) -> None:
    styles = pl.read_csv(test_data("fashion-attributes") / "products" / "styles.csv")
    names, kinds = styles["productDisplayName"].to_list(), styles["articleType"].to_list()
    table = extract(names, kinds, RULES)
    said = dict(zip(names, table.iter_rows(named=True), strict=True))
    assert said["Timberland Men Bonded Fleece Full Zip Blue Jacket"]["material_tags"] == ["fleece"]
    assert said["Doodle Girl Denim skirt with belt Blue Skirts"]["material_tags"] == ["denim"]
    assert said["Murcia Women Green Leather Handbag"]["material_tags"] == ["leather"]
    assert said["KKR Boys Fangear Polo Jersey"]["material_tags"] == []
    jeans = table.filter(pl.Series(kinds) == "Jeans")
    assert set(jeans["material"]) == {"denim"}
