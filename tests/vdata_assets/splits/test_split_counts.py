"""Samples are counted once for all figures, and tables in one order are put side by side."""

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from vdata_assets.splits.groups import joined
from vdata_assets.splits.sample_split_audit import audit_counts, audit_sample_splits
from vdata_assets.splits.settings import SplitSettings
from vdata_assets.splits.split_config import counted_config, split_config, split_counts

SPLITS = pl.DataFrame(
    {
        "sample_id": list("abcdef"),
        "group": list("aacdee"),
        "split": ["train", "train", "train", "val", "test", "train"],
    }
)


def classed(*labels: str | None) -> pl.DataFrame:
    return pl.DataFrame({"sample_id": list("abcdef"), "labels": labels})


@pytest.mark.parametrize(
    ("order", "ids"),
    [("abcdef", "abcdef"), ("fedcba", "abcdef"), ("ca", "ac")],
    ids=["one order", "another order", "fewer"],
)
def test_rows_are_joined_in_their_own_order(order: str, ids: str) -> None:
    others = pl.DataFrame({"sample_id": list(order), "number": [ord(name) for name in order]})
    expected = SPLITS.filter(pl.col("sample_id").is_in(list(ids))).with_columns(
        number=pl.Series([ord(name) for name in ids])
    )
    assert_frame_equal(joined(SPLITS, others), expected)


def test_a_class_a_sample_may_be_a_list_or_a_text() -> None:
    plain = classed("x", "x", "y", "y", None, "x")
    listed = plain.with_columns(pl.col("labels").map_elements(lambda name: [name], pl.List(pl.String)))
    counts = [split_counts(samples, SPLITS).classes for samples in (plain, listed)]
    assert counts[0] is not None
    assert counts[1] is not None
    rows = [sorted(one.select("label", "split", "samples").iter_rows()) for one in counts]
    expected = [("(no labels)", "test", 1), ("x", "train", 3), ("y", "train", 1), ("y", "val", 1)]
    assert rows == [expected, expected]


def test_a_group_in_two_splits_is_counted_in_each() -> None:
    counts = split_counts(SPLITS.select("sample_id"), SPLITS)
    assert counts.classes is None
    assert counts.sizes == {"train": 4, "val": 1, "test": 1}
    assert sorted(counts.groups.select("group", "split", "samples").iter_rows()) == [
        ("a", "train", 2),
        ("c", "train", 1),
        ("d", "val", 1),
        ("e", "test", 1),
        ("e", "train", 1),
    ]


def test_figures_and_findings_are_those_of_the_tables() -> None:
    samples, settings = classed(*"xxyyxx"), SplitSettings()
    counts = split_counts(samples, SPLITS)
    assert counted_config(counts, settings) == split_config(samples, SPLITS, settings)
    assert audit_counts(counts, settings) == audit_sample_splits(samples, SPLITS, settings)
    assert counted_config(counts, settings)["parted_groups"] == {"e": ["test", "train"]}
