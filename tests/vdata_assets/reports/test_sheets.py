"""What the sheets of concept retrieval choose to show."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from PIL import Image

from vdata_assets.reports import sheets
from vdata_assets.reports.contact_sheet import Row
from vdata_assets.reports.palette import DISTRACTOR, POSITIVE, QUERY, SPLIT_COLOURS, UNREADABLE


@pytest.fixture
def drawn_rows(monkeypatch: pytest.MonkeyPatch) -> list[Row]:
    """The rows of the last sheet that was drawn."""
    rows: list[Row] = []
    draw = sheets.sheet

    def remember(shown, *arguments):
        rows[:] = shown
        return draw(shown, *arguments)

    monkeypatch.setattr(sheets, "sheet", remember)
    return rows


def shown_paths(rows: list[Row]) -> set[str]:
    return {str(tile.image) for row in rows for tile in row.tiles}


def test_a_category_shows_a_bounded_number_of_concepts_and_views(catalog: Callable, drawn_rows) -> None:
    made = catalog({"toy": {f"concept {number:02}": 9 for number in range(20)}})
    sheets.category_sheet(made.images, "toy", made.root, seed=0, concepts=5, views=4)
    labels = [row.label for row in drawn_rows]
    assert len(labels) == 5
    assert labels == sorted(labels)
    assert all(label.endswith(" · 9 images") for label in labels)
    assert {len(row.tiles) for row in drawn_rows} == {4}


def test_the_choice_depends_on_the_seed_and_not_on_the_order(catalog: Callable, drawn_rows) -> None:
    images, root = (made := catalog({"toy": {"duck": 40}})).images, made.root
    choices = []
    for table, seed in [(images, 0), (images.reverse(), 0), (images, 1)]:
        sheets.category_sheet(table, "toy", root, seed=seed)
        choices.append(shown_paths(drawn_rows))
    assert choices[0] == choices[1] != choices[2]


def test_one_more_image_replaces_at_most_one_view(catalog: Callable, drawn_rows) -> None:
    made = catalog({"toy": {"duck": 40}})
    for left_out in range(40):
        sheets.category_sheet(made.images, "toy", made.root, seed=0, tile_size=16)
        before = shown_paths(drawn_rows)
        fewer = made.images.with_row_index().filter(pl.col("index") != left_out)
        sheets.category_sheet(fewer, "toy", made.root, seed=0, tile_size=16)
        assert len(before - shown_paths(drawn_rows)) <= 1


def test_frames_tell_the_split_and_unreadable_images_their_reason(catalog: Callable, drawn_rows) -> None:
    made = catalog({"toy": {"duck": 3}}, unreadable=("toy/duck/1",))
    sheets.category_sheet(made.images, "toy", made.root, seed=0)
    (row,) = drawn_rows
    assert [(tile.frame, tile.reason, tile.image is None) for tile in row.tiles] == [
        (SPLIT_COLOURS["train"], None, False),
        (SPLIT_COLOURS["test"], "image file is truncated", True),
        (SPLIT_COLOURS["test"], None, False),
    ]


def test_a_category_without_images_gives_a_sheet_that_says_so(catalog: Callable) -> None:
    made = catalog({"toy": {}})
    assert sheets.category_sheet(made.images, "toy", made.root, seed=0).size == (480, 75)


@pytest.fixture
def retrieval_rows(tmp_path: Path) -> pl.DataFrame:
    for name in ("q", "a", "b", "c"):
        Image.new("RGB", (8, 8)).save(tmp_path / f"{name}.png")
    row = {
        "query_path": "q.png",
        "concept": "duck",
        "label": 1,
        "ret_paths": ["a.png", "b.png", "c.png", "q.png"],
        "ret_concepts": ["car", "duck", "bear", "cup"],
        "similarities": [0.5, 0.75, -0.25, None],
        "ranks": [2, 0, 1, 3],
    }
    return pl.DataFrame([{"query_id": f"q{number}", **row} for number in range(20)])


def test_a_query_stands_beside_its_slots(tmp_path: Path, retrieval_rows: pl.DataFrame, drawn_rows) -> None:
    sheets.retrieval_sheet(retrieval_rows, "toy", tmp_path, seed=0, queries=3)
    assert len(drawn_rows) == 3
    assert [(tile.frame, *tile.captions) for tile in drawn_rows[0].tiles] == [
        (QUERY, "query", "duck"),
        (DISTRACTOR, "distractor 2 · 0.50", "car"),
        (POSITIVE, "positive · 0.75", "duck"),
        (DISTRACTOR, "distractor 1 · -0.25", "bear"),
        (DISTRACTOR, "distractor 3", "cup"),
    ]


def test_no_rows_give_an_empty_sheet(tmp_path: Path, retrieval_rows: pl.DataFrame) -> None:
    assert sheets.retrieval_sheet(retrieval_rows.head(0), "toy", tmp_path, seed=0).size == (480, 98)


def test_colours_differ() -> None:
    colours = [*SPLIT_COLOURS.values(), UNREADABLE, POSITIVE, DISTRACTOR, QUERY]
    assert len(set(colours)) == len(colours)
