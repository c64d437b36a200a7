"""Products as samples: the product's own text, what is known of it, and where its picture is."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from vdata_assets.formats.chat.llava_chat import LlavaLines
from vdata_assets.formats.conversation import Feature, Picture, Sample, Turn
from vdata_assets.formats.features import features_of
from vdata_assets.formats.problems import Problem
from vdata_assets.formats.samples_of import samples_of_products as module
from vdata_assets.formats.samples_of.samples_of_products import QUESTIONS, samples_of_products

SPLITS = ["test", "train", "validation", "train"]


def product(number: int, **other: Any) -> dict[str, Any]:
    return {
        "row": number,
        "product_id": f"p{number}",
        "picture": f"shop/{number}.jpg",
        "embedded": False,
        "category": "shirts",
        "text": f"A shirt, number {number}.",
        "reason": None,
        **other,
    }


def table(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(rows, infer_schema_length=None)


def splits_for(products: pl.DataFrame) -> pl.DataFrame:
    ids = products["product_id"].drop_nulls()
    return pl.DataFrame(
        {"sample_id": ids, "split": [SPLITS[place % 4] for place in range(len(ids))]}
    ).reverse()


def found_in(products: pl.DataFrame, **options: Any) -> dict[str, list[Sample]]:
    stream = samples_of_products(
        products, splits_for(products), embedded=options.pop("embedded", False), **options
    )
    return {split: list(samples) for split, samples in stream().items()}


def sample(number: int, question: str, **other: Any) -> Sample:
    asked = Turn("user", (Picture(f"shop/{number}.jpg"), question))
    answered = Turn("assistant", (f"A shirt, number {number}.",))
    return Sample(f"p{number}", (asked, answered), **{"label": "shirts", **other})


def test_samples_by_split_in_the_order_of_the_products() -> None:
    products = table(*(product(number) for number in range(5)))
    found = found_in(products, questions=["Describe this product."])
    assert list(found.items()) == [
        ("train", [sample(1, "Describe this product."), sample(3, "Describe this product.")]),
        ("validation", [sample(2, "Describe this product.")]),
        ("test", [sample(0, "Describe this product."), sample(4, "Describe this product.")]),
    ]


@pytest.mark.parametrize(
    "other",
    [{"text": None}, {"reason": "the picture is damaged"}, {"embedded": True}],
    ids=["no text", "unusable", "picture in the other place"],
)
def test_products_left_out(other: dict[str, Any]) -> None:
    products = table(product(0), product(1, **other))
    assert [one.id for some in found_in(products).values() for one in some] == ["p0"]


def test_embedded_pictures_are_those_of_the_version() -> None:
    products = table(product(0), product(1, embedded=True, picture="pictures/ab/abc.jpg"))
    (found,) = found_in(products, embedded=True)["train"]
    assert found.pictures == (Picture("pictures/ab/abc.jpg"),)


def test_known_attributes_are_the_metadata() -> None:
    products = table(product(0), product(1, category=None))
    attributes = pl.DataFrame(
        {
            "product_id": ["p1", "p0"],
            "color": ["unknown", "navy"],
            "color_tags": [[], ["navy", "red"]],
            "color_evidence": [[], []],
            "sleeve": ["long", "unknown"],
            "sleeve_tags": [["long"], []],
            "sleeve_evidence": [[], []],
        },
        schema_overrides={"color_tags": pl.List(pl.String), "sleeve_tags": pl.List(pl.String)},
    )
    found = found_in(products, attributes=attributes, questions=["What?"])
    assert found == {
        "train": [sample(1, "What?", label=None, metadata={"sleeve": "long"})],
        "test": [sample(0, "What?", metadata={"color": "navy, red"})],
    }


def test_questions_depend_on_the_product_and_the_seed_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    products = table(*(product(number) for number in range(60)))

    def asked(products: pl.DataFrame, seed: int = 23) -> dict[str, str]:
        found = found_in(products, seed=seed)
        return {one.id: one.turns[0].text for samples in found.values() for one in samples}

    all_of_them = asked(products)
    assert set(all_of_them.values()) == set(QUESTIONS)
    assert asked(products, 24) != all_of_them
    monkeypatch.setattr(module, "BATCH", 7)
    assert asked(products) == all_of_them
    some = asked(products.filter(pl.col("row") % 3 == 0))
    assert some == {name: all_of_them[name] for name in some}


def test_a_product_without_a_split() -> None:
    products = table(product(0), product(1))
    with pytest.raises(ValueError, match="splits: 1 products have no split, the first is 'p1': materialize"):
        samples_of_products(products, splits_for(products.head(1)), embedded=False)


def test_they_go_through_llava(tmp_path: Path) -> None:
    products = table(*(product(number) for number in range(6)))
    stream = samples_of_products(products, splits_for(products), embedded=False)
    wanted = {split: list(samples) for split, samples in stream().items()}
    every = [features_of(one) for samples in wanted.values() for one in samples]
    assert every == [{Feature.ID, Feature.PATH, Feature.LABEL}] * 6
    LlavaLines().save(stream(), tmp_path, tmp_path)
    problems: list[Problem] = []
    found = {split: list(LlavaLines().load(tmp_path, split, problems.append)) for split in stream()}
    assert found == wanted
    assert not problems
