"""Contact sheets: many pictures with their captions on one page, to look at data instead of guessing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from vdata_assets.reports.fonts import fitted, font, wrapped
from vdata_assets.reports.palette import UNREADABLE
from vdata_resources.images import UnreadableImage, load_rgb

MARGIN = 12
GAP = 8
FRAME = 3
MIN_WIDTH = 480

TITLE_SIZE, LABEL_SIZE, TEXT_SIZE = 18, 13, 11
TITLE_HEIGHT, LABEL_HEIGHT, TEXT_HEIGHT = 28, 22, 15

PAPER = "#FFFFFF"
INK = "#1A1A1A"
TILE = "#F0F0F0"
NO_FRAME = "#D9D9D9"


@dataclass(frozen=True)
class Tile:
    """One picture of a sheet, or the reason why there is none.

    Attributes:
        image: a file, a decoded image, or None.
        captions: lines below the picture; each is shortened to the tile's width.
        frame: colour of the frame, ``#RRGGBB``; thin and grey if not given.
        reason: why ``image`` is None; shown in its place.
    """

    image: Path | Image.Image | None
    captions: Sequence[str] = ()
    frame: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Row:
    """Tiles that stand side by side, below a label if they have one."""

    tiles: Sequence[Tile]
    label: str = ""


def contact_sheet(tiles: Sequence[Tile], columns: int, tile_size: int, title: str) -> Image.Image:
    """The tiles in reading order on a grid.

    Args:
        tiles: the pictures; files are decoded one at a time.
        columns: tiles side by side.
        tile_size: side of a tile's square in pixels; a picture is fitted into it uncropped.
        title: head line, shortened to the sheet's width.

    Returns:
        An RGB image: the same pixels for the same tiles.
    """
    rows = [Row(tiles[start : start + columns]) for start in range(0, len(tiles), columns)]
    return sheet(rows, tile_size, title)


def sheet(
    rows: Sequence[Row],
    tile_size: int,
    title: str,
    note: str = "",
    legend: Mapping[str, str] | None = None,
    tile_height: int | None = None,
) -> Image.Image:
    """Rows of tiles below a title.

    Args:
        rows: the rows, top to bottom; they may differ in length.
        tile_size: side of a tile's square in pixels; a tile's width if its height is given.
        title: head line.
        note: a line below the title, e.g. how much is shown of how much.
        legend: what the frames' colours mean: name to ``#RRGGBB``.
        tile_height: in pixels, for pictures that all lie or all stand.
    """
    room = tile_size, tile_height or tile_size
    columns = max((len(row.tiles) for row in rows), default=0)
    step = tile_size + 2 * FRAME + GAP
    width = max(MIN_WIDTH, 2 * MARGIN + columns * step - GAP)
    caption_lines = max((len(tile.captions) for row in rows for tile in row.tiles), default=0)
    row_height = room[1] + 2 * FRAME + caption_lines * TEXT_HEIGHT + GAP
    head = MARGIN + TITLE_HEIGHT + (TEXT_HEIGHT + GAP) * (bool(note) + bool(legend))
    height = head + sum(row_height + LABEL_HEIGHT * bool(row.label) for row in rows) + MARGIN
    canvas = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(canvas)
    draw_head(draw, width - 2 * MARGIN, title, note, legend or {})
    top = head
    for row in rows:
        if row.label:
            face = font(LABEL_SIZE, bold=True)
            draw.text((MARGIN, top), fitted(row.label, face, width - 2 * MARGIN), INK, face)
            top += LABEL_HEIGHT
        for column, tile in enumerate(row.tiles):
            draw_tile(canvas, draw, (MARGIN + column * step, top), tile, room)
        top += row_height
    return canvas


def draw_head(
    draw: ImageDraw.ImageDraw, width: int, title: str, note: str, legend: Mapping[str, str]
) -> None:
    """Title, note and legend at the top of the sheet."""
    face = font(TITLE_SIZE, bold=True)
    draw.text((MARGIN, MARGIN), fitted(title, face, width), INK, face)
    top = MARGIN + TITLE_HEIGHT
    face = font(TEXT_SIZE)
    if note:
        draw.text((MARGIN, top), fitted(note, face, width), INK, face)
        top += TEXT_HEIGHT + GAP
    left = MARGIN
    for name, colour in legend.items():
        draw.rectangle((left, top + 1, left + TEXT_SIZE, top + 1 + TEXT_SIZE), fill=colour)
        draw.text((left + TEXT_SIZE + 6, top), name, INK, face)
        left += TEXT_SIZE + 6 + int(face.getlength(name)) + 2 * GAP


def draw_tile(
    canvas: Image.Image,
    draw: ImageDraw.ImageDraw,
    corner: tuple[int, int],
    tile: Tile,
    room: tuple[int, int],
) -> None:
    """The tile's frame, its picture or reason, and its captions."""
    left, top = corner
    width, height = room[0] + 2 * FRAME, room[1] + 2 * FRAME
    picture, reason = picture_of(tile, room)
    frame_width = FRAME if tile.frame else 1
    draw.rectangle(
        (left, top, left + width - 1, top + height - 1),
        fill=UNREADABLE if picture is None else TILE,
        outline=tile.frame or NO_FRAME,
        width=frame_width,
    )
    face = font(TEXT_SIZE)
    if picture is None:
        lines = wrapped(reason, face, room[0] - 2 * GAP, max_lines=(room[1] - GAP) // TEXT_HEIGHT)
        draw.multiline_text(
            (left + width // 2, top + height // 2), "\n".join(lines), PAPER, face, anchor="mm", align="center"
        )
    else:
        canvas.paste(picture, (left + (width - picture.width) // 2, top + (height - picture.height) // 2))
    for number, caption in enumerate(tile.captions):
        place = (left, top + height + 2 + number * TEXT_HEIGHT)
        draw.text(place, fitted(caption, face, width), INK, face)


def picture_of(tile: Tile, room: tuple[int, int]) -> tuple[Image.Image | None, str]:
    """The tile's picture fitted into the room (width, height), or None and the reason."""
    match tile.image:
        case None:
            return None, tile.reason or "no image"
        case Path():
            try:
                picture = load_rgb(tile.image, min_side=max(room))
            except UnreadableImage as unreadable:
                return None, unreadable.reason
        case _:
            picture = tile.image.convert("RGB")
    scale = min(room[0] / picture.width, room[1] / picture.height)
    width, height = (max(1, round(side * scale)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.LANCZOS), ""
