"""Contact sheets show every tile: the picture, or why there is none."""

from pathlib import Path

import pytest
from PIL import Image

from vdata_assets.reports.contact_sheet import Row, Tile, contact_sheet, sheet
from vdata_assets.reports.palette import UNREADABLE

GREEN = (0, 200, 0)
SIZE = 64
PIXEL = {
    "frame": (12 + 1, 40 + 1),  # the first tile's corner is below the margin and the title
    "centre": (12 + 3 + SIZE // 2, 40 + 3 + SIZE // 2),
    "lower left": (12 + 3 + 4, 40 + 3 + SIZE - 4),
}


def rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour.removeprefix("#")))


@pytest.mark.parametrize(
    ("tile", "place", "expected"),
    [
        pytest.param(
            Tile(Image.new("RGB", (9, 9), GREEN)), "centre", GREEN, id="small picture fills its tile"
        ),
        pytest.param(Tile(Image.new("RGB", (900, 45), GREEN)), "centre", GREEN, id="panorama"),
        pytest.param(Tile(Image.new("RGB", (45, 900), GREEN)), "centre", GREEN, id="hair"),
        pytest.param(Tile(Image.new("1", (9, 9), 1)), "centre", (255, 255, 255), id="bilevel"),
        pytest.param(Tile(None, frame="#D55E00"), "frame", rgb("#D55E00"), id="frame"),
        pytest.param(Tile(None, reason="truncated"), "lower left", rgb(UNREADABLE), id="no picture"),
        pytest.param(Tile(Path("/nowhere.jpg")), "lower left", rgb(UNREADABLE), id="vanished file"),
        pytest.param(Tile(None, reason="猫 " * 500), "lower left", rgb(UNREADABLE), id="endless reason"),
    ],
)
def test_a_tile_shows_its_picture_or_grey(tile: Tile, place: str, expected: tuple[int, ...]) -> None:
    assert contact_sheet([tile], 1, SIZE, "title").getpixel(PIXEL[place]) == expected


@pytest.mark.parametrize(
    ("tiles", "columns", "size"),
    [
        pytest.param(0, 3, (480, 52), id="no tile"),
        pytest.param(1, 3, (480, 52 + 93), id="one"),
        pytest.param(7, 3, (480, 52 + 3 * 93), id="the last row is not full"),
        pytest.param(8, 8, (24 + 8 * 70 + 7 * 8, 52 + 93), id="wide"),
    ],
)
def test_the_sheet_grows_by_rows(tiles: int, columns: int, size: tuple[int, int]) -> None:
    assert contact_sheet([Tile(None, ["caption"])] * tiles, columns, SIZE, "title").size == size


def test_rows_have_labels_and_the_sheet_a_note_and_a_legend() -> None:
    rows = [Row([Tile(None)], "label"), Row([])]
    plain = sheet(rows, SIZE, "title")
    full = sheet(rows, SIZE, "title", "note", {"train": "#0072B2"})
    assert full.height - plain.height == 2 * 23
    assert rgb("#0072B2") in {colour for _, colour in full.getcolors(1 << 16)}


def test_exif_orientation_is_applied(test_data) -> None:
    folder = test_data("edge-images") / "pillow"
    tiles = [Tile(folder / name) for name in ("hopper.jpg", "hopper_orientation_6.jpg")]
    drawn = contact_sheet(tiles, 2, SIZE, "")
    first, second = (
        drawn.crop((12 + step, 40, 12 + step + 70, 40 + 70)).resize((4, 4)).convert("L") for step in (0, 78)
    )
    difference = max(abs(a - b) for a, b in zip(first.tobytes(), second.tobytes(), strict=True))
    assert difference < 12


def test_hostile_files_and_names_give_a_sheet(test_data) -> None:
    files = sorted(path for path in test_data("edge-images").rglob("*") if path.is_file())
    names = ["猫型 🐈", "<b>|`x`", "שלום", "a" * 300, "\x00\u202e\n", "$\\frac$", ""]
    tiles = [Tile(file, [names[number % len(names)]]) for number, file in enumerate(files)]
    drawn = contact_sheet(tiles, 6, SIZE, "猫" * 100)
    assert drawn.size == (24 + 6 * 70 + 5 * 8, 52 + -(-len(files) // 6) * 93)
    assert drawn.tobytes() == contact_sheet(tiles, 6, SIZE, "猫" * 100).tobytes()
