"""Contact sheet of conversations: samples of all classes, each picture beside what is said about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path, PurePosixPath
from typing import Any

import polars as pl
from PIL import Image, ImageDraw

from vdata_assets.reports.contact_sheet import (
    GAP,
    INK,
    MARGIN,
    NO_FRAME,
    PAPER,
    TEXT_HEIGHT,
    TEXT_SIZE,
    TILE,
    TITLE_HEIGHT,
    draw_head,
)
from vdata_assets.reports.fonts import fitted, font, wrapped
from vdata_assets.reports.palette import SAMPLE_SPLIT_COLOURS, UNREADABLE
from vdata_assets.seeding import seeded_order
from vdata_resources.images import UnreadableImage, load_rgb
from vdata_resources.parallel import ordered_map

SHOWN = 12
COLUMNS = 2
CARD_WIDTH = 552
PICTURE = 176
ROLE_WIDTH = 58
TURN_LINES = 4
MAX_TEXT = 2_000
STRIPE = 4
FAINT = "#595959"


@dataclass(frozen=True)
class Shown:
    """A sample that the report shows.

    Attributes:
        sample: its row: sample_id, class, split, copy, path.
        turns: role and text of each.
        picture: its picture, at most 176 pixels wide and high; None if it cannot be shown.
        reason: why there is no picture.
    """

    sample: dict[str, Any]
    turns: tuple[tuple[str, str], ...]
    picture: Image.Image | None
    reason: str = ""

    @property
    def about(self) -> str:
        """Split, and which of the samples of its picture it is."""
        copy = self.sample["copy"]
        return f"{self.sample['split']}, copy {copy:,}" if copy else str(self.sample["split"])


def shown_samples(
    samples: pl.DataFrame | pl.LazyFrame, images: pl.DataFrame, root: Path, seed: int, count: int = SHOWN
) -> list[Shown]:
    """Some samples with their pictures, the classes in turn, by class and id.

    Which are shown is a seeded order of the classes and of each one's sample ids.

    Args:
        samples: as for ``class_report``.
        images: ``image_id`` and ``reason``: a picture that has a reason is not opened.
        root: what paths are relative to; one that leaves it is not opened.
        seed: the user's seed.
        count: samples at most.
    """
    lazy = samples.lazy().with_columns(pl.col("class", "split").cast(pl.String))
    names = lazy.select(pl.col("class").unique()).collect()["class"]
    order = seeded_order(seed, "class-sheet-classes", names)[:count]
    ids = lazy.filter(pl.col("class").is_in(order)).select("class", "sample_id").collect()
    groups = {str(name): group["sample_id"] for (name,), group in ids.group_by("class")}
    queues = [seeded_order(seed, "class-sheet-samples", groups[name])[:count] for name in order]
    chosen = [one for turn in zip_longest(*queues) for one in turn if one is not None][:count]
    rows = (
        lazy.filter(pl.col("sample_id").is_in(chosen))
        .join(images.lazy().select("image_id", "reason"), on="image_id", how="left")
        .sort("class", "sample_id")
        .collect()
    )
    return list(ordered_map(lambda row: _shown(row, root), rows.to_dicts()))


def _shown(row: dict[str, Any], root: Path) -> Shown:
    turns = tuple((str(turn["role"]), str(turn["text"])) for turn in row["turns"])
    path = PurePosixPath(row["path"])
    if row["reason"] is not None:
        return Shown(row, turns, None, row["reason"])
    if path.is_absolute() or ".." in path.parts or "\0" in row["path"]:
        return Shown(row, turns, None, "its path leaves the dataset's folder")
    try:
        picture = load_rgb(root / path, min_side=PICTURE)
    except UnreadableImage as unreadable:
        return Shown(row, turns, None, unreadable.reason)
    scale = min(PICTURE / picture.width, PICTURE / picture.height)
    size = [max(1, round(side * scale)) for side in picture.size]
    return Shown(row, turns, picture.resize((size[0], size[1]), Image.Resampling.LANCZOS))


def conversation_sheet(shown: Sequence[Shown], title: str, note: str) -> Image.Image:
    """The samples as cards in two columns, 1,140 pixels wide.

    What does not fit on a card is cut, and the card says so.

    Args:
        shown: what :func:`shown_samples` chose.
        title: head line.
        note: a line below it.
    """
    height = PICTURE + 2 * GAP
    rows = -(-len(shown) // COLUMNS)
    head = MARGIN + TITLE_HEIGHT + TEXT_HEIGHT + GAP
    width = 2 * MARGIN + COLUMNS * CARD_WIDTH + (COLUMNS - 1) * MARGIN
    canvas = Image.new("RGB", (width, head + rows * (height + MARGIN) + MARGIN), PAPER)
    draw = ImageDraw.Draw(canvas)
    draw_head(draw, width - 2 * MARGIN, title, note, {})
    for number, each in enumerate(shown):
        row, column = divmod(number, COLUMNS)
        corner = MARGIN + column * (CARD_WIDTH + MARGIN), head + row * (height + MARGIN)
        _draw_card(canvas, draw, corner, height, each)
    return canvas


def _draw_card(
    canvas: Image.Image, draw: ImageDraw.ImageDraw, corner: tuple[int, int], height: int, shown: Shown
) -> None:
    """A frame, the split's colour at its left, the picture or why there is none, and the conversation."""
    left, top = corner
    split = SAMPLE_SPLIT_COLOURS.get(shown.sample["split"], UNREADABLE)
    draw.rectangle((left, top, left + CARD_WIDTH - 1, top + height - 1), outline=NO_FRAME)
    draw.rectangle((left, top, left + STRIPE - 1, top + height - 1), fill=split)
    x, y = left + STRIPE + GAP, top + GAP
    face = font(TEXT_SIZE)
    room = (x, y, x + PICTURE - 1, y + PICTURE - 1)
    draw.rectangle(room, fill=UNREADABLE if shown.picture is None else TILE)
    if shown.picture is None:
        lines = wrapped(shown.reason, face, PICTURE - 2 * GAP, max_lines=PICTURE // TEXT_HEIGHT - 1)
        middle = x + PICTURE // 2, y + PICTURE // 2
        draw.multiline_text(middle, "\n".join(lines), PAPER, face, anchor="mm", align="center")
    else:
        free = PICTURE - shown.picture.width, PICTURE - shown.picture.height
        canvas.paste(shown.picture, (x + free[0] // 2, y + free[1] // 2))
    x += PICTURE + GAP
    width = left + CARD_WIDTH - GAP - x
    bold = font(TEXT_SIZE, bold=True)
    draw.text((x, y), fitted(shown.sample["class"], bold, width), INK, bold)
    draw.text((x, y + TEXT_HEIGHT), fitted(shown.about, face, width), FAINT, face)
    draw.text((x, y + 2 * TEXT_HEIGHT), fitted(shown.sample["sample_id"], face, width), FAINT, face)
    y += 3 * TEXT_HEIGHT + GAP
    for role, line in conversation_lines(shown.turns, width - ROLE_WIDTH, (top + height - y) // TEXT_HEIGHT):
        draw.text((x, y), fitted(role, face, ROLE_WIDTH - GAP), FAINT, face)
        draw.text((x + ROLE_WIDTH, y), line, INK, face)
        y += TEXT_HEIGHT


def conversation_lines(turns: Sequence[tuple[str, str]], width: int, lines: int) -> list[tuple[str, str]]:
    """A conversation in lines of at most ``width`` pixels, the role before the first of each turn.

    Args:
        turns: role and text; a text takes four lines at most.
        width: of the text.
        lines: how many there may be; if the turns need more, the last says how many are left out.
    """
    face = font(TEXT_SIZE)
    found: list[tuple[str, str]] = []
    for number, (role, text) in enumerate(turns):
        # Measuring a huge text would take long, and four lines hold far less.
        own = wrapped(text[:MAX_TEXT], face, width, TURN_LINES) or [""]
        last = number == len(turns) - 1
        if len(found) + len(own) > lines - (not last):
            left = len(turns) - number
            return [*found[: lines - 1], ("", f"{left:,} more turn{'s' * (left != 1)}")]
        found += [(role if not place else "", line) for place, line in enumerate(own)]
    return found
