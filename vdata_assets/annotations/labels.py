"""What a label may be."""

import unicodedata

MAX_LABEL_CHARACTERS = 100
# Controls, formatting (bidirectional overrides, zero widths), halves of surrogates, line and paragraph ends.
HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def hidden_character(text: str) -> str | None:
    """The first control or formatting character of a text as ``U+200B``; None if there is none."""
    if text.isascii() and text.isprintable():
        return None
    return next((f"U+{ord(char):04X}" for char in text if unicodedata.category(char) in HIDDEN), None)


def label_problem(label: str) -> str | None:
    """Why a text cannot be a label; None if it can.

    A label is, after trimming, 1 to 100 characters without control and formatting characters and without
    ``<`` and ``>``: trainers would read ``<image>`` as a picture.
    """
    trimmed = label.strip()
    if not trimmed:
        return "is empty"
    if len(trimmed) > MAX_LABEL_CHARACTERS:
        return f"has {len(trimmed)} characters, more than {MAX_LABEL_CHARACTERS}"
    hidden = hidden_character(trimmed)
    if hidden is not None:
        return f"has the control character {hidden}"
    if "<" in trimmed or ">" in trimmed:
        return "has markup ('<' or '>')"
    return None
