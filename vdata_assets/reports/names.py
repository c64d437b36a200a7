"""Names from the outside (folders, files, error texts) made fit to show in one line."""

# Joiners shape Persian, Indic and emoji text; str.isprintable() counts them as format characters.
JOINERS = "\u200c\u200d"


def one_line(name: str) -> str:
    """The name on one line: whitespace runs as one space, control and bidi override characters as U+FFFD."""
    shown = (
        character
        if character.isprintable() or character.isspace() or character in JOINERS
        else "\N{REPLACEMENT CHARACTER}"
        for character in name
    )
    return " ".join("".join(shown).split())
