"""Text in pictures: one font that comes with the plotting library, so no machine's own fonts are needed."""

from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

from vdata_assets.reports.names import one_line

ELLIPSIS = "…"
FACES = {False: "DejaVuSans.ttf", True: "DejaVuSans-Bold.ttf"}


def font_file(bold: bool) -> Path:
    """Where DejaVu Sans lies inside matplotlib."""
    import matplotlib

    return Path(matplotlib.get_data_path(), "fonts", "ttf", FACES[bold])


@lru_cache
def font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """DejaVu Sans at a size in pixels."""
    # The basic layout engine is inside Pillow; the other one needs a system library and differs with it.
    return ImageFont.truetype(font_file(bold), size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache
def covered() -> frozenset[int]:
    """The code points that both faces can draw."""
    from matplotlib.ft2font import FT2Font

    regular, bold = (FT2Font(str(font_file(bold))).get_charmap().keys() for bold in FACES)
    return frozenset(regular & bold)


def drawable(text: str) -> str:
    r"""The text on one line in characters that the font has; others (CJK, emoji) as their code, ``\u732b``.

    A code is ugly, but two names stay two names, which equal boxes would not show.
    """
    return "".join(
        character if ord(character) in covered() else character.encode("unicode_escape").decode("ascii")
        for character in one_line(text)
    )


def fitted(text: str, face: ImageFont.FreeTypeFont, width: float) -> str:
    """The drawable text, with its middle left out as far as needed to fit ``width`` pixels.

    Names differ at their ends more often than in their middle: ``IMG_2024…_07.jpg``.
    """
    text = drawable(text)
    if face.getlength(text) <= width:
        return text
    fits, too_long = 0, len(text)
    while too_long - fits > 1:
        kept = (fits + too_long) // 2
        if face.getlength(shortened(text, kept)) <= width:
            fits = kept
        else:
            too_long = kept
    return shortened(text, fits)


def shortened(text: str, kept: int) -> str:
    """The first and last characters of the text, ``kept`` in all, around an ellipsis."""
    tail = kept // 2
    return text[: kept - tail].rstrip() + ELLIPSIS + text[len(text) - tail :].lstrip()


def wrapped(text: str, face: ImageFont.FreeTypeFont, width: float, max_lines: int) -> list[str]:
    """The drawable text broken at spaces into lines of at most ``width`` pixels; the last one is fitted."""
    lines: list[str] = []
    words = drawable(text).split()
    while words and len(lines) < max_lines - 1:
        taken = 1
        while taken < len(words) and face.getlength(" ".join(words[: taken + 1])) <= width:
            taken += 1
        lines.append(fitted(" ".join(words[:taken]), face, width))
        words = words[taken:]
    return [*lines, fitted(" ".join(words), face, width)] if words else lines
