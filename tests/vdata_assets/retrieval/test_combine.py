"""Combining categories: order, stable samples, replaced distractors, and the files."""

import json
from pathlib import Path

import polars as pl
import pytest
from mining_reference import random_category

from vdata_assets.retrieval.combine import Part, combine
from vdata_assets.retrieval.mine import mine
from vdata_assets.retrieval.retrieval_json import combined_name, retrieval_name, write_retrieval
from vdata_assets.retrieval.settings import CombineSettings, MiningSettings


@pytest.fixture
def parts(tmp_path):
    """Three categories of 4 concepts with 4 images each, and an empty one."""
    return [part(tmp_path, name, seed) for seed, name in enumerate(["dogs", "cats", "früh stück"])] + [
        part(tmp_path, "empty", 9, sizes=[1])
    ]


def part(folder, name, seed, sizes=(4, 4, 4, 4), hashes=None):
    images = random_category(seed, list(sizes), name=name)
    if hashes is not None:
        images = images.with_columns(phash=pl.Series(hashes, dtype=pl.UInt64))
    path = folder / f"{seed}.parquet"
    mine(images, MiningSettings(near_duplicate_hamming=None)).rows.write_parquet(path)
    return Part(f"key-{seed}", name, path)


def combined(parts, **settings):
    return pl.concat(combine(parts, CombineSettings(**settings)))


def test_rows_stand_in_the_order_of_the_parts(parts):
    rows = combined(parts)
    own = [pl.read_parquet(each.path) for each in parts]
    assert rows["query_id"].to_list() == pl.concat(own)["query_id"].to_list()
    assert rows.select(own[0].columns).equals(pl.concat(own), null_equal=True)
    assert rows["partition"].unique(maintain_order=True).to_list() == ["key-0", "key-1", "key-2"]
    assert rows["ret_categories"].to_list() == [[row] * 3 for row in rows["category"]]
    assert rows["cross_category"].unique().to_list() == ["not_drawn"]


@pytest.mark.parametrize(("wanted", "rows"), [(1, 1), (10, 10), (48, 48), (1000, 48)])
def test_a_sample_has_the_rows_asked_for_or_all(parts, wanted, rows):
    sample = combined(parts, num_samples=wanted)
    assert sample.height == rows
    everything = combined(parts)["query_id"].to_list()
    assert sample["query_id"].to_list() == [i for i in everything if i in set(sample["query_id"])]


def test_a_sample_depends_on_its_seed(parts):
    first, second = (set(combined(parts, num_samples=10, seed=seed)["query_id"]) for seed in (1, 2))
    assert first != second


def test_rows_added_elsewhere_only_push_out(parts):
    small = set(combined(parts[:2], num_samples=10)["query_id"])
    large = set(combined(parts, num_samples=10)["query_id"])
    older = {query for query in large if "früh" not in query}
    assert older <= small
    assert set(combined(parts[::-1], num_samples=10)["query_id"]) == large


def test_replaced_rows_hold_other_categories_distractors_and_keep_the_positive(parts):
    rows = combined(parts, cross_category_prob=1.0)
    offered = {
        image: each.category
        for each in parts
        for row in pl.read_parquet(each.path).to_dicts()
        for image, rank in zip(row["ret_ids"], row["ranks"], strict=True)
        if rank > 0
    }
    before = {row["query_id"]: row for row in combined(parts).to_dicts()}
    for row in rows.to_dicts():
        old = before[row["query_id"]]
        label = row["label"]
        assert row["cross_category"] == "replaced"
        assert (label, row["ret_ids"][label], row["ranks"]) == (
            old["label"],
            old["ret_ids"][label],
            old["ranks"],
        )
        for slot, image in enumerate(row["ret_ids"]):
            if slot == label:
                assert row["similarities"][slot] == old["similarities"][slot]
                continue
            assert offered[image] == row["ret_categories"][slot] != row["category"]
            assert image.startswith(f"id:{row['ret_categories'][slot]}/{row['ret_concepts'][slot]}/")
            assert row["ret_concepts"][slot] != row["concept"]
            assert row["similarities"][slot] is None
        assert len(set(zip(row["ret_categories"], row["ret_concepts"], strict=True))) == 3


def test_each_query_is_drawn_on_its_own(parts):
    few, many = (combined(parts, cross_category_prob=share) for share in (0.3, 0.7))
    drawn = [set(rows.filter(cross_category="replaced")["query_id"]) for rows in (few, many)]
    assert drawn[0] < drawn[1]
    assert 5 < len(drawn[0]) < 25 < len(drawn[1]) < 43
    some = combined(parts, cross_category_prob=0.3, num_samples=12)
    assert some.equals(few.filter(pl.col("query_id").is_in(some["query_id"].implode())), null_equal=True)


@pytest.mark.parametrize("count", [1, 2], ids=["one category", "the other's concept has the same name"])
def test_rows_are_left_alone_where_the_others_offer_too_few(tmp_path, count):
    parts = [part(tmp_path, "dogs", 0), part(tmp_path, "cats", 1, sizes=[4, 1, 1])][:count]
    rows = combined(parts, cross_category_prob=1.0).filter(category="dogs", concept="c1")
    assert rows["cross_category"].unique().to_list() == ["not_available"]
    plain = combined(parts).filter(category="dogs", concept="c1")
    assert rows.drop("cross_category").equals(plain.drop("cross_category"))


def test_a_photo_that_another_category_holds_as_well_is_no_replacement(tmp_path):
    mirrored = [1 << (3 * number) for number in range(16)]
    parts = [part(tmp_path, "dogs", 0, hashes=mirrored), part(tmp_path, "cats", 1, hashes=mirrored)]
    strict = combined(parts, cross_category_prob=1.0, near_duplicate_hamming=0).to_dicts()
    assert {row["cross_category"] for row in strict} == {"replaced"}
    for row in strict:
        ours = {row["query_phash"], row["ret_phashes"][row["label"]]}
        assert not ours & {value for slot, value in enumerate(row["ret_phashes"]) if slot != row["label"]}
    near = combined(parts, cross_category_prob=1.0, near_duplicate_hamming=2)
    assert near["cross_category"].unique().to_list() == ["not_available"]


def test_no_parts_give_an_empty_table():
    assert combined([]).height == 0


@pytest.mark.parametrize(
    ("prefix", "query"),
    [("", "früh stück/c0/00.jpg"), ("/data/pics/", "/data/pics/früh stück/c0/00.jpg")],
    ids=["relative", "absolute"],
)
def test_a_categorys_files(tmp_path, parts, prefix, query):
    rows = pl.read_parquet(parts[2].path)
    name = retrieval_name("früh stück", 23, 3)
    write_retrieval([rows], tmp_path, name, prefix=prefix)
    text = (tmp_path / "früh stück/seed_23/retrieval_top3.json").read_text(encoding="utf-8")
    entries = json.loads(text)
    assert entries == [
        {
            "query_path": prefix + row["query_path"],
            "ret_paths": [prefix + path for path in row["ret_paths"]],
            "label": row["label"],
            "category": "früh stück",
        }
        for row in rows.to_dicts()
    ]
    assert entries[0]["query_path"] == query
    assert "früh" in text
    assert list(entries[0]) == ["query_path", "ret_paths", "label", "category"]
    assert pl.read_parquet(tmp_path / "retrieval.parquet").equals(rows)


@pytest.mark.parametrize(
    ("samples", "name"),
    [(None, "retrieval_top3_combined_all.json"), (5, "retrieval_top3_combined_5.json")],
)
def test_the_combined_files_are_the_same_bytes_again(tmp_path, parts, samples, name):
    settings = CombineSettings(seed=7, num_samples=samples, cross_category_prob=0.5)
    written = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        folder.mkdir()
        write_retrieval(combine(parts, settings), folder, combined_name(7, 3, samples), prefix="")
        written.append([(folder / file).read_bytes() for file in (f"all/seed_7/{name}", "retrieval.parquet")])
    assert written[0] == written[1]
    assert len(json.loads(written[0][0])) == (samples or 48)
    table = pl.read_parquet(tmp_path / "one" / "retrieval.parquet")
    assert table.equals(pl.concat(combine(parts, settings)), null_equal=True)


def test_no_rows_are_an_empty_list(tmp_path):
    write_retrieval(combine([], CombineSettings()), tmp_path, Path("none.json"), prefix="")
    assert (tmp_path / "none.json").read_text() == "[]\n"
    assert pl.read_parquet(tmp_path / "retrieval.parquet").height == 0
