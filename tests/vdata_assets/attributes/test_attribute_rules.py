"""What a file of rules may say, and how its faults are told."""

from pathlib import Path

import pytest

from vdata_assets.attributes.rules import load_rules

TAG = "{tag: oak, triggers: [oak]}"


def fault(folder: Path, content: str | bytes) -> str:
    file = folder / "rules.yaml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValueError, match=r"rules\.yaml") as caught:
        load_rules(file)
    return str(caught.value).replace(f"{file}", "FILE")


def attribute(rest: str) -> str:
    return f"name: n\nattributes:\n  wood:\n    {rest}\n"


def test_the_fashion_rules_have_the_tags_of_the_product() -> None:
    rules = load_rules()
    assert {name: len(rules.tags(name)) for name in rules.attributes} == {
        "material": 15,
        "pattern": 14,
        "neckline": 14,
        "sleeve": 11,
    }
    assert rules.tags("sleeve") == [
        *("sleeveless", "short_sleeve", "long_sleeve", "three_quarter", "cap", "flutter", "bell", "puff"),
        *("raglan", "dolman", "bishop"),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            attribute("tags: [{tag: oak, triggers: [oak], priority: high}]"),
            "FILE:\nattributes.wood.tags.0.priority: 'high': "
            "Input should be a valid integer, unable to parse string as an integer",
        ),
        (
            attribute("tags: [{tag: oak, triggers: [yes]}]"),
            "FILE:\nattributes.wood.tags.0.triggers.0: True: Input should be a valid string",
        ),
        (
            attribute("tags: [{tag: oak, trigger: [oak]}]"),
            "FILE:\nattributes.wood.tags.0.trigger: Extra inputs are not permitted",
        ),
        (
            attribute("tags: [{tag: oak}]"),
            "FILE:\nattributes.wood.tags.0: triggers and described are both empty: nothing can say this tag",
        ),
        (
            attribute("tags: [{tag: unknown, triggers: [x]}]"),
            "FILE:\nattributes.wood.tags.0: 'unknown' is what is written where nothing is said: name the tag "
            "otherwise",
        ),
        (attribute(f"tags: [{TAG}, {TAG}]"), "FILE:\nattributes.wood: tags: 'oak' is there twice"),
        (
            attribute("tags: [{tag: oak, described: [oak]}]"),
            "FILE:\nattributes.wood: tags: 'oak' has described words, but the attribute has no nouns",
        ),
        (
            attribute(f"scopes: [seat]\n    tags: [{TAG}]") + "scopes: {table: {words: [desk]}}\n",
            "FILE:\nthe file: attributes.wood.scopes: there is no scope 'seat'; there are table",
        ),
        (
            attribute(f"tags: [{TAG}]").replace("wood", "category"),
            "FILE:\nthe file: attributes: 'category' is a column's name: name the attribute otherwise",
        ),
        (
            attribute("tags: [{tag: Oak Wood, triggers: [x]}]"),
            "FILE:\nattributes.wood.tags.0.tag: 'Oak Wood': String should match pattern "
            "'^[a-z][a-z0-9_]{0,59}$'",
        ),
        (
            attribute("tags: [{tag: oak, triggers: ['-']}]"),
            "FILE:\nattributes.wood.tags.0.triggers.0: '-': a phrase needs a letter or a digit",
        ),
        (attribute("tags: []"), "FILE:\nattributes.wood: tags: there is none"),
        ("name: n\n", "FILE:\nattributes: Field required"),
        ("- a list\n", "FILE:\nthe file: Input should be a valid dictionary or instance of AttributeRules"),
        ("", "FILE:\nthe file: None: Input should be a valid dictionary or instance of AttributeRules"),
    ],
)
def test_a_fault_names_its_place_its_value_and_what_is_allowed(
    tmp_path: Path, content: str, message: str
) -> None:
    assert fault(tmp_path, content) == message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a: &x [1]\nb: *x\n", "FILE: line 2: an alias (*name) is not allowed: write it out"),
        ("a: 1\na: 2\n", "FILE: line 2: key 'a' is there twice"),
        ("a: " + "[" * 30 + "]" * 30, "FILE: line 1: nested deeper than 20 levels"),
        ("[" * 100_000, "FILE: line 1: nested deeper than 20 levels"),
        ("a: !!python/object/apply:os.system ['true']\n", None),
        ("a: [1\nb: 2\n", None),
        ("? [a]\n: 1\n", None),
        ("a: 1\n---\nb: 2\n", None),
        (b"\xff\xfe\x00", "FILE: not UTF-8 at byte 0"),
        ("a: \x00", None),
        ("a: 2001-99-99\n", None),
        ("#" * 1_000_001, "FILE: larger than 1000000 bytes"),
    ],
    ids=[
        *(
            "alias",
            "twice",
            "deep",
            "endless",
            "object",
            "syntax",
            "list as key",
            "two documents",
            "not UTF-8",
        ),
        *("null byte", "no date", "large"),
    ],
)
def test_hostile_yaml_is_refused_with_a_word(
    tmp_path: Path, content: str | bytes, message: str | None
) -> None:
    said = fault(tmp_path, content)
    assert said == message if message is not None else said.startswith("FILE:")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"none\.yaml: there is no such file"):
        load_rules(tmp_path / "none.yaml")


def test_of_many_faults_the_first_are_listed(tmp_path: Path) -> None:
    lines = fault(tmp_path, attribute("tags: [" + "{tag: oak}," * 30 + "]")).splitlines()
    assert (len(lines), lines[-1]) == (12, "and 20 more")
