"""Descriptions of slots: parallel to the paths, through files, samples and replaced distractors."""

import json

import polars as pl
import pytest
from mining_reference import random_category

from vdata_assets.retrieval.audit import rows_complete
from vdata_assets.retrieval.combine import Part, combine
from vdata_assets.retrieval.descriptions import described, with_descriptions
from vdata_assets.retrieval.mine import mine
from vdata_assets.retrieval.retrieval_json import TABLE, retrieval_name, write_retrieval
from vdata_assets.retrieval.schema import DescribedCombinedRows, DescribedRows
from vdata_assets.retrieval.settings import CombineSettings, MiningSettings


def mined(name, seed=0):
    images = random_category(seed, [4, 4, 4, 4], name=name)
    return mine(images, MiningSettings(near_duplicate_hamming=None)).rows


def texts(rows):
    """Every concept described but the first."""
    names = sorted(set(rows["ret_concepts"].explode()))
    return {name: f"The {name} is red." for name in names[1:]}


@pytest.mark.parametrize(
    ("concept", "detailed", "text"),
    [
        pytest.param("rex", "The dog is red.", "Name: rex\nDescription: The dog is red.", id="described"),
        pytest.param("rex", None, "Name: rex\nDescription: No description available.", id="unknown"),
        pytest.param("Ülo 猫", None, "Name: Ülo 猫\nDescription: No description available.", id="unicode"),
        pytest.param(
            "rex\nDescription: x", "It is red.", "Name: rex Description: x\nDescription: It is red.",
            id="a name stays on its line",
        ),
    ],
)  # fmt: skip
def test_a_slot_is_told_by_name_and_description(concept, detailed, text):
    assert described(concept, detailed) == text


def test_descriptions_stand_beside_the_paths(tmp_path):
    rows = mined("dogs")
    known = texts(rows)
    with_texts = with_descriptions(rows, known)
    assert with_texts.drop("ret_descs").equals(rows)
    assert DescribedRows.validate(with_texts).equals(with_texts)
    expected = [[described(name, known.get(name)) for name in names] for names in rows["ret_concepts"]]
    assert with_texts["ret_descs"].to_list() == expected
    name = retrieval_name("dogs", 23, 3)
    write_retrieval([with_texts], tmp_path, name, prefix="/data/")
    entries = json.loads((tmp_path / name).read_text())
    assert [entry["ret_descs"] for entry in entries] == expected
    assert list(entries[0]) == ["query_path", "ret_paths", "ret_descs", "label", "category"]
    assert pl.read_parquet(tmp_path / TABLE).equals(with_texts)


def test_no_rows_need_no_descriptions():
    assert DescribedRows.validate(with_descriptions(mined("dogs").clear(), {})).is_empty()


def test_rows_without_descriptions_are_written_as_before(tmp_path):
    name = retrieval_name("dogs", 23, 3)
    write_retrieval([mined("dogs")], tmp_path, name, prefix="")
    assert list(json.loads((tmp_path / name).read_text())[0]) == [
        "query_path",
        "ret_paths",
        "label",
        "category",
    ]


@pytest.fixture
def parts(tmp_path):
    made = []
    for seed, name in enumerate(["dogs", "cats", "mugs"]):
        rows = mined(name, seed)
        path = tmp_path / f"{seed}.parquet"
        with_descriptions(rows, dict.fromkeys(texts(rows), f"A {name}.")).write_parquet(path)
        made.append(Part(f"key-{seed}", name, path))
    return made


def test_a_replaced_distractor_brings_its_own_description(parts):
    settings = CombineSettings(cross_category_prob=1)
    rows = pl.concat(combine(parts, settings, described=True))
    assert set(rows["cross_category"]) == {"replaced"}
    assert DescribedCombinedRows.validate(rows).equals(rows)
    known = {part.category: pl.read_parquet(part.path) for part in parts}
    by_image = {
        image: text
        for table in known.values()
        for images, descriptions in table.select("ret_ids", "ret_descs").iter_rows()
        for image, text in zip(images, descriptions, strict=True)
    }
    for images, descriptions in rows.select("ret_ids", "ret_descs").iter_rows():
        assert descriptions == [by_image[image] for image in images]


def test_descriptions_change_no_choice_and_are_left_out_where_not_wanted(parts):
    settings = CombineSettings(cross_category_prob=0.5, num_samples=20)
    told, plain = (pl.concat(combine(parts, settings, described=wanted)) for wanted in (True, False))
    assert "ret_descs" not in plain.columns
    assert told.drop("ret_descs").select(plain.columns).equals(plain, null_equal=True)


def test_a_slot_without_a_text_is_found():
    rows = with_descriptions(mined("dogs"), {})
    assert not rows_complete(rows, 3).offenders
    short = rows.with_columns(pl.col("ret_descs").list.head(2))
    assert len(rows_complete(short, 3).offenders) > 0
