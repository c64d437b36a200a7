"""Images are chosen by seed, split, and only then repeated; every sample has an id of its own."""

from pathlib import Path

import polars as pl
import pytest
from class_data import all_in, image_rows

from vdata_assets.conversations.class_balance import chosen_images, class_counts, sample_rows
from vdata_assets.conversations.class_settings import ClassBalanceSettings
from vdata_assets.quality.findings import Status
from vdata_assets.splits.class_splits import class_splits
from vdata_assets.splits.settings import SplitSettings

SPLITS = SplitSettings()


def rows_of(images: pl.DataFrame, splits: pl.DataFrame | None = None, **settings: object) -> pl.DataFrame:
    balance = ClassBalanceSettings(**settings)  # type: ignore[arg-type]
    return sample_rows(images, all_in(images) if splits is None else splits, SPLITS, balance, 42)


def test_at_most_so_many_of_a_class_and_not_the_first_ones() -> None:
    images = image_rows({"a": 300, "b": 20})
    chosen = chosen_images(images, ClassBalanceSettings(max_per_class=50), 42)
    taken = chosen.filter(pl.col("class") == "a")["path"].to_list()
    assert (len(taken), chosen.height) == (50, 70)
    assert taken != images["path"].to_list()[:50]
    assert taken != chosen_images(images, ClassBalanceSettings(max_per_class=50), 43)["path"].to_list()[:50]
    assert chosen_images(images[::-1], ClassBalanceSettings(max_per_class=50), 42)[::-1].equals(chosen)


def test_an_image_more_takes_at_most_its_own_place() -> None:
    limit = ClassBalanceSettings(max_per_class=50)
    before = set(chosen_images(image_rows({"a": 300}), limit, 42)["path"])
    after = set(chosen_images(image_rows({"a": 301}), limit, 42)["path"])
    assert len(before - after) <= 1
    assert after - before <= {"a/0300.jpg"}


def test_images_that_cannot_be_used_are_not_chosen() -> None:
    images = image_rows({"a": 3}).with_columns(reason=pl.Series(["broken", None, None]))
    assert chosen_images(images, ClassBalanceSettings(), 42).height == 2
    assert chosen_images(images, ClassBalanceSettings(max_per_class=None), 42).height == 2


def test_priority_classes_are_there_five_times_in_train_only() -> None:
    images = image_rows({"a": 10, "b": 10})
    splits = images.select(sample_id="image_id", split=pl.Series((["train"] * 8 + ["val", "test"]) * 2))
    counts = class_counts(rows_of(images, splits, priority_classes=["b"]))
    assert counts.rows() == [
        ("a", "train", 8, 8),
        ("a", "val", 1, 1),
        ("a", "test", 1, 1),
        ("b", "train", 8, 40),
        ("b", "val", 1, 1),
        ("b", "test", 1, 1),
    ]


@pytest.mark.parametrize(
    ("settings", "samples"),
    [
        ({}, {"a": 100, "b": 30, "c": 2}),
        ({"minority_ratio": 0.5}, {"a": 100, "b": 50, "c": 20}),
        ({"minority_ratio": 1.0, "max_copies": 1000}, {"a": 100, "b": 100, "c": 100}),
        ({"minority_ratio": 0.1, "max_copies": 3}, {"a": 100, "b": 30, "c": 6}),
        ({"minority_ratio": 0.5, "priority_classes": ["b"]}, {"a": 100, "b": 150, "c": 20}),
        ({"minority_ratio": 0.5, "priority_classes": ["c"]}, {"a": 100, "b": 50, "c": 20}),
    ],
)
def test_minorities_reach_a_share_of_the_largest_class(
    settings: dict[str, object], samples: dict[str, int]
) -> None:
    rows = rows_of(image_rows({"a": 100, "b": 30, "c": 2}), **settings)
    assert dict(rows.group_by("class").len().sort("class").iter_rows()) == samples
    assert rows.filter(pl.col("copy") == 0).height == 132


def test_ids_are_class_and_stem_and_copies_are_numbered() -> None:
    rows = rows_of(image_rows({"York Chocolate": 1}), priority_classes=["York Chocolate"], priority_copies=3)
    assert sorted(rows["sample_id"]) == [
        "York Chocolate_0000",
        "York Chocolate_0000_copy1",
        "York Chocolate_0000_copy2",
    ]


def named(paths: list[str]) -> pl.DataFrame:
    images = image_rows({"x": len(paths)})
    return images.with_columns(
        path=pl.Series(paths), **{"class": pl.Series([path.partition("/")[0] for path in paths])}
    )


def test_an_id_that_is_taken_or_looks_like_a_copy_s_gets_a_hash() -> None:
    images = named(["a/b_1.jpg", "a/b_1.png", "a_b/1.jpg", "a/x_copy1.jpg", "a/x.y.jpg"])
    found = dict(rows_of(images).select("path", "sample_id").iter_rows())
    assert found["a/b_1.jpg"] == "a_b_1"
    assert found["a/x.y.jpg"] == "a_x.y"
    for path, plain in [("a/b_1.png", "a_b_1"), ("a_b/1.jpg", "a_b_1"), ("a/x_copy1.jpg", "a_x_copy1")]:
        assert found[path].startswith(f"{plain}-")
        assert len(found[path]) == len(plain) + 9
    assert len(set(found.values())) == 5


def test_an_id_that_was_given_stays() -> None:
    images = named(["a/1.png", "a/1.jpg"])
    before = sample_rows(images[:1], all_in(images), SPLITS, ClassBalanceSettings(), 42)
    after = sample_rows(images, all_in(images), SPLITS, ClassBalanceSettings(), 42, before)
    found = dict(after.select("path", "sample_id").iter_rows())
    assert found["a/1.png"] == "a_1"
    assert found["a/1.jpg"].startswith("a_1-")


def test_one_image_more_moves_no_other() -> None:
    before, after = (rows_of(image_rows({"a": count}))["sample_id"].to_list() for count in (40, 41))
    assert [name for name in after if name != "a_0040"] == before
    assert before != sorted(before)


def test_images_are_split_before_they_are_repeated(tmp_path: Path) -> None:
    """Copies of one picture under several names, and copies made for priority classes: none in two splits."""
    images = image_rows({"a": 60, "b": 20, "c": 7, "d": 2, "e": 1})
    twins = images.filter(pl.col("class") == "b").with_columns(
        image_id=pl.col("image_id").str.reverse(),
        path=pl.col("path").str.replace(".jpg", " (1).jpg", literal=True),
    )
    images = pl.concat([images, twins])
    settings = ClassBalanceSettings(priority_classes=["b", "c", "e"])
    splits = class_splits(images, SPLITS, 4, tmp_path).splits
    rows = sample_rows(images, splits, SPLITS, settings, 42)
    contents = rows.join(images.select("image_id", "content_hash"), on="image_id")
    train = set(contents.filter(pl.col("split") == "train")["content_hash"])
    held_out = contents.filter(pl.col("split") != "train")
    assert not train & set(held_out["content_hash"])
    # Were images repeated first, their copies would be split with them: held out, or on two sides.
    assert held_out["copy"].max() == 0
    assert held_out["image_id"].is_unique().all()
    assert (
        contents.filter(pl.col("copy") > 0).height
        == 4
        * contents.filter(
            (pl.col("split") == "train") & (pl.col("copy") == 0) & pl.col("class").is_in(["b", "c", "e"])
        ).height
    )


def test_the_other_order_puts_pictures_on_two_sides(tmp_path: Path) -> None:
    """What the test before this one would say of images that are repeated and then split."""
    images = image_rows({"a": 60, "b": 20})
    repeated = rows_of(images, priority_classes=["b"]).join(
        images.select("image_id", "content_hash"), on="image_id"
    )
    apart = repeated.select("class", "content_hash", image_id="sample_id", phash=pl.lit(None, pl.UInt64))
    as_if_different = apart.with_columns(content_hash=pl.col("image_id"))
    splits = class_splits(as_if_different, SPLITS, 4, tmp_path).splits
    leaked = apart.join(splits.select("split", image_id="sample_id"), on="image_id").filter(
        pl.col("split").n_unique().over("content_hash") > 1
    )
    assert leaked.height
    together = class_splits(apart, SPLITS, 4, tmp_path)
    held_out = together.splits.filter(pl.col("split") != "train")["sample_id"]
    assert held_out.str.contains("_copy").any()
    assert {finding.name: finding.status for finding in together.findings}[
        "contents_disjoint"
    ] is Status.PASSED
