"""The gallery's sheet shows a few queries beside their best results, and frames say what is alike."""

import base64
import io
from pathlib import Path

import pytest
from gallery_lab import found, make_products
from PIL import Image

from vdata_assets.reports import gallery_sheet as module
from vdata_assets.reports.contact_sheet import Row
from vdata_assets.reports.gallery_sheet import gallery_sheet
from vdata_assets.reports.palette import DISTRACTOR, POSITIVE, QUERY, UNREADABLE


@pytest.fixture
def drawn_rows(monkeypatch: pytest.MonkeyPatch) -> list[Row]:
    """The rows of the last sheet that was drawn."""
    rows: list[Row] = []
    draw = module.sheet

    def remember(shown, *arguments):
        rows[:] = shown
        return draw(shown, *arguments)

    monkeypatch.setattr(module, "sheet", remember)
    return rows


def sheet_of(folder: Path, products, per_query, **options) -> Image.Image:
    text = gallery_sheet(
        products,
        per_query,
        picture_of=lambda product_id: folder / f"{product_id}.png",
        facets=("category", "material"),
        title="Gallery [x](y)",
        seed=1,
        **options,
    )
    head, _, data = text.partition("](data:image/jpeg;base64,")
    assert head == r"![Gallery \[x\]\(y\)"
    return Image.open(io.BytesIO(base64.b64decode(data.removesuffix(")"))))


def test_eight_queries_with_five_results_fit_the_ui(tmp_path: Path, drawn_rows: list[Row]) -> None:
    products = make_products(tmp_path, {"jeans": 20, "tops": 20})
    image = sheet_of(tmp_path, products, found(products))
    assert image.width <= 1140
    assert [len(row.tiles) for row in drawn_rows] == [6] * 8
    again = sheet_of(tmp_path, products.reverse(), found(products).reverse())
    assert again.tobytes() == image.tobytes()


def test_frames_and_captions_say_what_matches(tmp_path: Path, drawn_rows: list[Row]) -> None:
    products = make_products(tmp_path, {"jeans": 4, "tops": 3, None: 1})
    per_query = found(products, ["jeans-003", "tops-001", "tops-002", "gone"]).head(1)
    sheet_of(tmp_path, products, per_query)
    (row,) = drawn_rows
    assert [(tile.frame, *tile.captions) for tile in row.tiles] == [
        (QUERY, "query", "jeans", "jeans-000"),
        (POSITIVE, "1 · 0.90", "jeans", "1 of 1 attributes"),
        (DISTRACTOR, "2 · 0.85", "tops", "0 of 1 attributes"),
        (DISTRACTOR, "3 · 0.80", "tops", "no attribute known"),
        (UNREADABLE, "4 · 0.75", "unknown category", "no attribute known"),
    ]


def test_no_query_gives_an_empty_sheet(tmp_path: Path) -> None:
    products = make_products(tmp_path, {"jeans": 2})
    assert sheet_of(tmp_path, products, found(products).clear()).width == 480
