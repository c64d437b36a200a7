"""Classed images are split by shares, copies and look-alikes together, tiny classes by their rule."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as run
from hypothesis import strategies as st

from vdata_assets.quality.findings import Status
from vdata_assets.splits.class_split_checks import CLASS_SPLITS_CHECKS
from vdata_assets.splits.class_splits import ClassSplits, class_splits
from vdata_assets.splits.settings import SplitSettings

Row = tuple[str, str, str, int | None]
SCHEMA = {"image_id": pl.String, "class": pl.String, "content_hash": pl.String, "phash": pl.UInt64}


def table(rows: list[Row]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def of_class(name: str, images: int) -> list[Row]:
    return [(f"{name}{number:04}", name, f"content {name}{number}", None) for number in range(images)]


def split(
    rows: list[Row], tmp_path: Path, previous: pl.DataFrame | None = None, **settings: object
) -> ClassSplits:
    return class_splits(table(rows), SplitSettings(**settings), 4, tmp_path, previous)  # type: ignore[arg-type]


def where(result: ClassSplits) -> dict[str, str]:
    return dict(result.splits.select("sample_id", "split").iter_rows())


def status(result: ClassSplits) -> dict[str, Status]:
    return {finding.name: finding.status for finding in result.findings}


def test_classes_have_their_shares_and_the_splits_their_exact_sizes(tmp_path: Path) -> None:
    result = split([row for name in "abcdefg" for row in of_class(name, 30 + 40 * ord(name) % 97)], tmp_path)
    sizes = dict(result.splits.group_by("split").len().iter_rows())
    assert sizes == SplitSettings().wanted_sizes(result.splits.height)
    assert [finding.name for finding in result.findings] == [check.name for check in CLASS_SPLITS_CHECKS]
    assert set(status(result).values()) == {Status.PASSED}
    assert {path.name for path in tmp_path.iterdir()} == {"splits.parquet", "split_config.json"}


def test_a_class_of_one_image_trains(tmp_path: Path) -> None:
    result = split([*of_class("big", 50), *of_class("one", 1)], tmp_path)
    assert where(result)["one0000"] == "train"
    assert next(one for one in result.findings if one.name == "tiny_classes").offenders == (
        "one: 1 of 1 images different, in train",
    )


def test_a_class_of_two_images_trains_with_one_and_the_next_largest_ratio_has_the_other(
    tmp_path: Path,
) -> None:
    ratios = {"test": 0.1, "train": 0.7, "val": 0.2}
    places = where(split([*of_class("big", 50), *of_class("two", 2)], tmp_path, ratios=ratios))
    assert {places["two0000"], places["two0001"]} == {"train", "val"}


def test_between_equal_ratios_the_class_decides_where_its_second_image_goes(tmp_path: Path) -> None:
    names = [f"class {number}" for number in range(40)]
    places = where(split([row for name in names for row in of_class(name, 2)], tmp_path))
    pairs = [{places[f"{name}0000"], places[f"{name}0001"]} for name in names]
    assert all("train" in pair and len(pair) == 2 for pair in pairs)
    assert {"val", "test"} == set().union(*pairs) - {"train"}


def test_two_copies_of_one_picture_are_one_image(tmp_path: Path) -> None:
    twins: list[Row] = [("x1", "twins", "same", None), ("x2", "twins", "same", None)]
    places = where(split([*of_class("big", 50), *twins], tmp_path))
    assert places["x1"] == places["x2"] == "train"


def test_only_tiny_classes_and_only_one_split_are_no_fault(tmp_path: Path) -> None:
    one = split([*of_class("a", 1), *of_class("b", 2)], tmp_path, ratios={"train": 1.0})
    assert set(where(one).values()) == {"train"}
    assert split([*of_class("a", 1)], tmp_path).splits["split"].to_list() == ["train"]


def test_copies_and_look_alikes_of_another_class_stay_together(tmp_path: Path) -> None:
    rows: list[Row] = [*of_class("a", 40), *of_class("b", 40)]
    rows += [(f"near{number}", "ab"[number % 2], f"near {number}", 0b111 << number) for number in range(6)]
    rows += [(f"same{number}", "ab"[number % 2], "same", None) for number in range(6)]
    result = split(rows, tmp_path)
    places = where(result)
    assert len({places[f"near{number}"] for number in range(6)}) == 1
    assert len({places[f"same{number}"] for number in range(6)}) == 1
    assert status(result)["contents_disjoint"] is Status.PASSED


def test_growth_moves_nothing_and_a_second_image_leaves_the_first_one_s_split(tmp_path: Path) -> None:
    before = split([*of_class("a", 40), *of_class("b", 1)], tmp_path)
    after = split([*of_class("a", 90), *of_class("b", 2)], tmp_path, before.splits)
    old, new = where(before), where(after)
    assert {name: new[name] for name in old} == old
    assert new["b0001"] in {"val", "test"}
    assert dict(after.splits.group_by("split").len().iter_rows()) == SplitSettings().wanted_sizes(92)


def test_rebalancing_forgets_the_earlier_version(tmp_path: Path) -> None:
    rows = of_class("a", 40)
    previous = pl.DataFrame({"sample_id": [row[0] for row in rows], "split": ["test"] * 40})
    places = where(split(rows, tmp_path, previous, on_growth="rebalance"))
    assert sorted(places.values()).count("train") == 32


def test_a_new_image_that_links_two_splits_is_left_out_and_named(tmp_path: Path) -> None:
    rows: list[Row] = [("a", "x", "1", 0), ("b", "x", "2", 0xFF), *of_class("y", 5)]
    previous = pl.DataFrame({"sample_id": ["a", "b"], "split": ["train", "test"]})
    result = split([*rows, ("c", "x", "3", 0x0F)], tmp_path, previous)
    assert "c" not in where(result)
    found = next(one for one in result.findings if one.name == "new_images_placed")
    assert (found.status, found.offenders) == (Status.WARNING, ("c",))


def test_a_picture_that_an_earlier_version_has_in_two_splits_is_named(tmp_path: Path) -> None:
    rows: list[Row] = [("a", "x", "same", None), ("b", "x", "same", None), *of_class("y", 5)]
    previous = pl.DataFrame({"sample_id": ["a", "b"], "split": ["train", "test"]})
    result = split(rows, tmp_path, previous)
    found = next(one for one in result.findings if one.name == "contents_disjoint")
    assert (found.status, found.offenders) == (Status.FAILED, ("a", "b"))
    assert found.message == "1 of 6 pictures are, by their bytes, in more than one split"


def test_a_class_without_training_images_is_named(tmp_path: Path) -> None:
    rows = [*of_class("a", 9), *of_class("b", 1)]
    previous = pl.DataFrame({"sample_id": ["b0000"], "split": ["test"]})
    found = next(one for one in split(rows, tmp_path, previous).findings if one.name == "classes_trained")
    assert (found.status, found.offenders) == (Status.WARNING, ("b",))


def test_videos_are_no_strategy_for_classes(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="strategy: temporal needs videos: set stratified or random"):
        split(of_class("a", 3), tmp_path, strategy="temporal")


@run(max_examples=30)
@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9), st.integers(0, 40)), min_size=1, max_size=60),
    st.integers(0, 3),
)
def test_whatever_repeats_nothing_is_in_two_splits_and_no_order_matters(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[tuple[int, int, int]], seed: int
) -> None:
    rows: list[Row] = [
        (f"{number:03}", f"class {label}", f"{content}", None if bits > 20 else bits * 0x0101)
        for number, (label, content, bits) in enumerate(drawn)
    ]
    folder = tmp_path_factory.mktemp("splits")
    result = split(rows, folder, seed=seed)
    found = status(result)
    assert (
        found["contents_disjoint"] is found["near_duplicates_apart"] is found["groups_whole"] is Status.PASSED
    )
    assert result.splits.height == len(rows)
    assert where(split(rows[::-1], folder, seed=seed)) == where(result)
