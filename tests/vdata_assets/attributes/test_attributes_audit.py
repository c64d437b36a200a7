"""What the audit of attributes finds, each check hit once."""

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vdata_assets.attributes.audit import audit_attributes
from vdata_assets.attributes.checks import ATTRIBUTE_CHECKS
from vdata_assets.attributes.rules import load_rules
from vdata_assets.attributes.settings import AttributeSettings
from vdata_assets.attributes.table import attribute_table, attribute_values
from vdata_assets.quality.findings import Finding, Status

RULES = load_rules()
SETTINGS = AttributeSettings(columns={"pattern": "print", "colour": "colour"})
PHRASES = sorted(
    {
        phrase
        for attribute in RULES.attributes.values()
        for tag in attribute.tags
        for phrase in (*tag.triggers, *tag.described, *attribute.nouns)
    }
)


def products(*texts: str | None) -> pl.DataFrame:
    size = len(texts)
    return pl.DataFrame(
        {
            "product_id": [f"p{number}" for number in range(size)],
            "text": list(texts),
            "category": ["Tops"] * size,
            "reason": [None] * size,
            "print": [("Floral", "stripe", None)[number % 3] for number in range(size)],
            "colour": [("red", "blue, white")[number % 2] for number in range(size)],
        },
        schema_overrides={"text": pl.String, "reason": pl.String, "print": pl.String, "colour": pl.String},
    )


SOUND = products(
    "Cotton top, round neck, long sleeves", "V-neck silk top, cap sleeves", "lace top", "wool", None, "top"
)


def audited(
    rows: pl.DataFrame = SOUND, changed: Callable[[pl.DataFrame], pl.DataFrame] = lambda table: table
) -> dict[str, Finding]:
    table = attribute_table(rows, SETTINGS, RULES)
    values = attribute_values(table, SETTINGS, RULES)
    findings = audit_attributes(changed(table), rows, values, SETTINGS, RULES)
    assert [finding.name for finding in findings] == [check.name for check in ATTRIBUTE_CHECKS]
    return {finding.name: finding for finding in findings}


def first_evidence(**fields: object) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """The table with the first product's evidence of its material changed."""

    def changed(table: pl.DataFrame) -> pl.DataFrame:
        evidence = table["material_evidence"].to_list()
        evidence[0][0] |= fields
        return table.with_columns(pl.Series("material_evidence", evidence, table.schema["material_evidence"]))

    return changed


def cells(name: str, *values: object) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """The table with a column's first cells replaced."""
    return lambda table: table.with_columns(
        pl.Series(name, [*values, *table[name].to_list()[len(values) :]], table.schema[name])
    )


def test_a_sound_table_passes() -> None:
    findings = audited()
    assert {finding.status for finding in findings.values()} == {Status.PASSED}
    assert findings["evidence_stands"].counts["evidence"] == 21
    assert findings["attributes_known"].message == (
        "of 6 products material is known of 4, pattern is known of 4, neckline is known of 2, sleeve is "
        "known of 2, colour is known of 6"
    )


@pytest.mark.parametrize(
    ("changed", "offenders"),
    [
        (lambda table: table[1:], ("p0: missing",)),
        (lambda table: pl.concat([table, table[:1]]), ("p0: 2 times",)),
        (lambda table: table.reverse(), ("the products are in another order",)),
        (
            lambda table: table.with_columns(product_id=pl.Series(["x", *table["product_id"][1:]])),
            ("p0: missing", "x: not a usable product"),
        ),
        (cells("material", "wool"), ("p0: material 'wool' of ['cotton']",)),
        (cells("material_tags", []), ("p0: material 'cotton' of []",)),
        (cells("material_tags", ["cotton", "stone"]), ("p0: material 'cotton' of ['cotton', 'stone']",)),
        (cells("material_tags", ["cotton", "cotton"]), ("p0: material 'cotton' of ['cotton', 'cotton']",)),
        (cells("colour", None), ("p0: colour None of ['red']",)),
    ],
    ids=["missing", "twice", "order", "other", "not first", "none", "no value", "tag twice", "null"],
)
def test_rows_and_tags_have_to_be_complete(
    changed: Callable[[pl.DataFrame], pl.DataFrame], offenders: tuple[str, ...]
) -> None:
    finding = audited(changed=changed)["attributes_complete"]
    assert (finding.status, finding.offenders) == (Status.FAILED, offenders)


@pytest.mark.parametrize(
    ("changed", "offenders"),
    [
        (first_evidence(start=1, end=7), ("p0: material cotton: 'Cotton'",)),
        (first_evidence(text="cotton"), ("p0: material cotton: 'cotton'",)),
        (first_evidence(start=None), ("p0: material cotton: 'Cotton'",)),
        (first_evidence(start=7, end=10, text="top"), ("p0: material cotton: 'top'",)),
        (first_evidence(source="column"), ("p0: material cotton: 'Cotton'",)),
        (first_evidence(tag="silk"), ("p0: material: a tag without evidence", "p0: material silk: 'Cotton'")),
        (cells("material_evidence", []), ("p0: material: a tag without evidence",)),
    ],
    ids=["elsewhere", "other case", "no place", "no trigger", "no cell", "other tag", "none"],
)
def test_evidence_has_to_be_said_where_it_is_recorded(
    changed: Callable[[pl.DataFrame], pl.DataFrame], offenders: tuple[str, ...]
) -> None:
    finding = audited(changed=changed)["evidence_stands"]
    assert (finding.status, finding.offenders) == (Status.FAILED, offenders)


def test_values_that_are_no_tags_are_named_with_their_number() -> None:
    rows = SOUND.with_columns(print=pl.Series(["Moiré", "moire; floral", "Moiré", None, "-", "Polka Dot"]))
    finding = audited(rows)["column_values_known"]
    assert finding.status is Status.WARNING
    assert finding.offenders == (
        "print: 'Moiré' is no pattern (2 products)",
        "print: 'moire' is no pattern (1 products)",
    )


def test_attributes_that_nobody_knows_are_named() -> None:
    rows = products(*["striped top"] * 39, "silk top", "wool top").with_columns(print=pl.lit("plaid"))
    finding = audited(rows)["attributes_known"]
    assert finding.status is Status.WARNING
    assert finding.offenders == (
        "material: known of 2 products, 2 values",
        "pattern: known of 41 products, 1 values",
        "neckline: known of 0 products, 0 values",
        "sleeve: known of 0 products, 0 values",
    )


@settings(max_examples=10)
@given(st.lists(st.lists(st.sampled_from(PHRASES), max_size=8).map(" ".join), min_size=1, max_size=40))
def test_evidence_stands_however_phrases_are_written(texts: list[str]) -> None:
    written = [
        text.replace(" ", space) + ending
        for text in texts
        for space, ending in ((" ", ""), ("-", ""), ("_", "s"), (" ", "es"), ("  ", ", top"))
    ]
    finding = audited(products(*written))["evidence_stands"]
    assert finding.status is Status.PASSED, finding.offenders


def test_evidence_of_real_captions_stands(test_data: Callable[[str], Path]) -> None:
    file = test_data("fashion-attributes") / "fashioniq" / "cap.dress.val.json"
    captions = [text for pair in json.loads(file.read_text(encoding="utf-8")) for text in pair["captions"]]
    findings = audited(products(*captions))
    assert findings["evidence_stands"].status is Status.PASSED
    assert findings["attributes_complete"].status is Status.PASSED
