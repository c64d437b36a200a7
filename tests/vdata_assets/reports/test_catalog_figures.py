"""The figures of a catalog, against catalogs small enough to count by hand."""

from collections.abc import Callable

import polars as pl
import pytest

from vdata_assets.reports import statistics


def test_counts_a_concept(catalog: Callable) -> None:
    made = catalog({"toy": {"duck": 3, "car": 1}, "bag": {"red": 2}}, unreadable=("toy/duck/2",))
    counts = statistics.concept_counts(made.images.lazy())
    columns = ["category", "concept", "images", "train", "test", "negative", "unreadable", "bytes"]
    assert counts.select(columns).rows() == [
        ("bag", "red", 2, 1, 1, 0, 0, 200),
        ("toy", "car", 1, 1, 0, 0, 0, 100),
        ("toy", "duck", 3, 1, 1, 0, 1, 300),
    ]


def test_a_category_without_images_is_counted(catalog: Callable) -> None:
    made = catalog({"toy": {"duck": 3}, "bag": {}})
    counts = statistics.category_counts(statistics.concept_counts(made.images.lazy()), made.categories)
    assert counts.select("category", "partition", "concepts", "images").rows() == [
        ("bag", "p1", 0, 0),
        ("toy", "p0", 1, 3),
    ]


SIZES = pl.DataFrame(
    {
        "width": [10, 20, 30, 40, None],
        "height": [10, 40, 15, 20, None],
        "format": ["JPEG", "PNG", "JPEG", "JPEG", None],
        "bytes": [1, 2, 3, 4, 5],
        "reason": [None, None, None, None, "truncated"],
    },
    schema_overrides={"width": pl.UInt32, "height": pl.UInt32},
).lazy()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("width", {"min": 10, "q05": 10, "median": 30, "q95": 40, "max": 40}),
        ("short_side", {"min": 10, "q05": 10, "median": 20, "q95": 20, "max": 20}),
        ("aspect", {"min": 0.5, "q05": 0.5, "median": 2.0, "q95": 2.0, "max": 2.0}),
        ("bytes", {"min": 1, "q05": 1, "median": 3, "q95": 4, "max": 4}),
        ("orientation", {"landscape": 0.5, "portrait": 0.25, "square": 0.25}),
        ("formats", {"JPEG": 3, "PNG": 1}),
        ("reasons", {"truncated": 1}),
    ],
)
def test_image_figures(name: str, expected: dict) -> None:
    assert statistics.image_figures(SIZES)[name] == expected


def test_without_a_readable_image_figures_are_null() -> None:
    figures = statistics.image_figures(SIZES.filter(pl.col("reason").is_not_null()))
    assert figures["width"] == dict.fromkeys(statistics.QUANTILES)
    assert figures["orientation"] == {"landscape": None, "portrait": None, "square": None}
    assert figures["formats"] == {}


def test_sizes_are_counted() -> None:
    twice = pl.concat([SIZES, SIZES.head(1)])
    assert statistics.size_counts(twice).rows() == [(10, 10, 2), (20, 40, 1), (30, 15, 1), (40, 20, 1)]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(
            {"similarities": [[0.5, 0.75], [0.25, 0.0]], "ranks": [[1, 0], [1, 0]]},
            {"queries": 2, "positive": 0.375, "distractor": 0.375, "positive_first": 0.5},
            id="one easy, one hard",
        ),
        pytest.param(
            {"similarities": [[0.5, None], [None, 0.25]], "ranks": [[0, 1], [1, 0]]},
            {"queries": 2, "positive": 0.375, "distractor": None, "positive_first": None},
            id="unknown similarities",
        ),
        pytest.param(
            {"similarities": [[0.5]], "ranks": [[0]]},
            {"queries": 1, "positive": 0.5, "distractor": None, "positive_first": None},
            id="no distractors",
        ),
        pytest.param(
            {"similarities": [], "ranks": []},
            {"queries": 0, "positive": None, "distractor": None, "positive_first": None},
            id="no rows",
        ),
    ],
)
def test_retrieval_figures(rows: dict, expected: dict) -> None:
    lists = {"similarities": pl.List(pl.Float32), "ranks": pl.List(pl.UInt32)}
    frame = pl.DataFrame(rows, schema=lists).with_row_index("query_id").lazy()
    assert statistics.retrieval_figures(statistics.slot_similarities(frame)) == expected


@pytest.mark.parametrize(
    ("concepts", "expected"),
    [
        pytest.param({}, dict.fromkeys(["min", "q05", "median", "q95", "max"]), id="none"),
        pytest.param(
            {"a": 1, "b": 2, "c": 9}, {"min": 1, "q05": 1, "median": 2, "q95": 9, "max": 9}, id="three"
        ),
    ],
)
def test_concept_sizes(catalog: Callable, concepts: dict, expected: dict) -> None:
    counts = statistics.concept_counts(catalog({"toy": concepts}).images.lazy())
    assert statistics.concept_sizes(counts) == expected
