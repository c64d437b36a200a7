"""The table of attributes: rules and columns, beside and instead of each other."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from vdata_assets.attributes.rules import AttributeRules, load_rules
from vdata_assets.attributes.schema import EVIDENCE, Attributes
from vdata_assets.attributes.settings import AttributeSettings
from vdata_assets.attributes.table import attribute_table, attribute_values, write_attribute_schema

RULES = load_rules()
SCHEMA = {"product_id": pl.String, "text": pl.String, "category": pl.String, "reason": pl.String}


def products(*texts: str | None, **columns: list[Any]) -> pl.DataFrame:
    table = pl.DataFrame(
        {
            "product_id": [f"p{number}" for number in range(len(texts))],
            "text": list(texts),
            "category": ["Tees"] * len(texts),
            "reason": [None] * len(texts),
        },
        schema=SCHEMA,
    )
    return table.with_columns(pl.Series(name, values) for name, values in columns.items())


def told(column: list[Any], name: str = "material", text: str | None = "denim tee") -> list[list[str]]:
    rows = products(*[text] * len(column), told=column)
    settings = AttributeSettings(columns={name: "told"})
    return attribute_table(rows, settings, RULES)[f"{name}_tags"].to_list()


def test_usable_products_have_one_row_each_in_their_order() -> None:
    rows = products("cotton tee", None, "striped tee", "lace").with_columns(
        reason=pl.Series([None, None, None, "no picture"]), product_id=pl.Series(["b", "c", "a", "d"])
    )
    table = attribute_table(rows, AttributeSettings(), RULES)
    assert table["product_id"].to_list() == ["b", "c", "a"]
    assert table["material"].to_list() == ["cotton", "unknown", "unknown"]
    assert table["pattern"].to_list() == ["unknown", "unknown", "stripe"]
    Attributes.validate(table.select("product_id"))


def test_no_products_make_an_empty_table_of_the_same_columns() -> None:
    settings = AttributeSettings(columns={"colour": "colour", "material": "colour"})
    rows = products("tee", colour=["red"])
    table = attribute_table(rows.clear(), settings, RULES)
    assert table.schema == attribute_table(rows, settings, RULES).schema
    assert attribute_values(table, settings, RULES)["colour"] == []


@pytest.mark.parametrize(
    ("cell", "tags"),
    [
        ("Cotton", ["cotton"]),
        ("  LEATHER ", ["leather"]),
        ("silk, Wool; mesh | silk", ["silk", "wool", "mesh"]),
        ("bamboo, silk", ["silk"]),
        ("bamboo", []),
        (",", ["denim"]),
        *(
            (empty, ["denim"])
            for empty in ("", " ", "NA", "n/a", "NaN", "None", "-", "Unknown", "null", None)
        ),
    ],
)
def test_a_column_is_believed_and_the_text_asked_where_it_is_empty(cell: str | None, tags: list[str]) -> None:
    assert told([cell]) == [tags]


@pytest.mark.parametrize("cell", ["polka_dot", "Polka Dot", "polka-dot", " POLKA  DOT"])
def test_a_column_may_write_a_tag_with_spaces_or_hyphens(cell: str) -> None:
    assert told([cell], "pattern") == [["polka_dot"]]


def test_a_column_alone_keeps_its_values() -> None:
    rows = products(None, None, None, None, colour=[" Navy Blue ", "Red; Off-White", "NA", None])
    settings = AttributeSettings(rules=None, columns={"colour": "colour"})
    table = attribute_table(rows, settings, None)
    assert table.columns == ["product_id", "colour", "colour_tags", "colour_evidence"]
    assert table["colour"].to_list() == ["Navy Blue", "Red", "unknown", "unknown"]
    assert table["colour_tags"].to_list() == [["Navy Blue"], ["Red", "Off-White"], [], []]
    assert attribute_values(table, settings, None) == {"colour": ["Navy Blue", "Off-White", "Red"]}


def test_numbers_in_a_column_are_its_values_as_text() -> None:
    settings = AttributeSettings(rules=None, columns={"size": "size"})
    assert attribute_table(products(None, None, size=[38, None]), settings, None)["size"].to_list() == [
        "38",
        "unknown",
    ]


def test_evidence_of_a_column_is_its_value() -> None:
    rows = products("cotton tee", "cotton tee", told=["Silk", None])
    table = attribute_table(rows, AttributeSettings(columns={"material": "told"}), RULES)
    assert table["material_evidence"].to_list() == [
        [{"tag": "silk", "start": None, "end": None, "text": "Silk", "source": "column"}],
        [{"tag": "cotton", "start": 0, "end": 6, "text": "cotton", "source": "text"}],
    ]
    assert table.schema["material_evidence"] == EVIDENCE


def test_attributes_of_the_rules_come_first_then_those_of_columns() -> None:
    rows = products("tee", a=["x"], b=["y"])
    settings = AttributeSettings(columns={"usage": "a", "pattern": "b", "colour": "b"})
    table = attribute_table(rows, settings, RULES)
    names = ["material", "pattern", "neckline", "sleeve", "usage", "colour"]
    assert [name for name in table.columns if name in names] == names
    values = attribute_values(table, settings, RULES)
    assert list(values) == names
    assert (len(values["pattern"]), values["usage"], values["colour"]) == (14, ["x"], ["y"])


def test_the_schema_says_what_each_attribute_may_be_and_where_it_comes_from(tmp_path: Path) -> None:
    settings = AttributeSettings(columns={"material": "fabric", "colour": "colour"})
    values = {"material": RULES.tags("material"), "colour": ["Blau", "Grün"]}
    write_attribute_schema(values, settings, RULES, tmp_path)
    written = json.loads((tmp_path / "attribute_schema.json").read_text(encoding="utf-8"))
    assert written == {
        "unknown": "unknown",
        "attributes": {
            "material": {"values": RULES.tags("material"), "rules": "fashion", "column": "fabric"},
            "colour": {"values": ["Blau", "Grün"], "rules": None, "column": "colour"},
        },
    }


@pytest.mark.parametrize(
    ("columns", "rules", "message"),
    [
        (
            {"colour": "color"},
            RULES,
            "attributes.columns.colour: the products have no column 'color': add it to `keep` of the "
            "products; there are product_id, text, category, reason",
        ),
        (
            {"split": "text"},
            None,
            "attributes.columns: 'split' is a column's name: name the attribute otherwise",
        ),
        (
            {"colour_tags": "text"},
            None,
            "attributes.columns: 'colour_tags' is a column's name: name the attribute otherwise",
        ),
    ],
)
def test_a_column_that_cannot_be_used_is_named(
    columns: dict[str, str], rules: AttributeRules | None, message: str
) -> None:
    settings = AttributeSettings(rules="fashion" if rules else None, columns=columns)
    with pytest.raises(ValueError, match=r"^attributes\.columns") as caught:
        attribute_table(products("tee"), settings, rules)
    assert str(caught.value) == message
