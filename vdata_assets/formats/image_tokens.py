"""Pictures within texts as ``<image>`` tokens, as LLaVA and LLaMA-Factory have them."""

from collections.abc import Iterator, Sequence

from vdata_assets.formats.conversation import Picture, merged

IMAGE = "<image>"


def text_of(parts: "Sequence[str | Picture]", separator: str = "") -> str:
    """The parts as one text with a token for each picture.

    :func:`parts_of` gives the same parts back if no text has a token in it.

    Args:
        parts: of a turn.
        separator: between a text and a picture, empty or a newline. A text that itself begins or ends with a
            newline next to a picture gets one more, for readers take the first for the separator.
    """
    if len(parts) == 1 and isinstance(parts[0], str):
        return parts[0]
    found: list[str] = []
    for number, part in enumerate(parts):
        if not isinstance(part, str):
            found.append(IMAGE)
            continue
        after, before = number > 0, number + 1 < len(parts)  # no two texts are adjacent
        found += ["\n" if part.startswith("\n") else separator] if after else []
        found.append(part)
        found += ["\n" if part.endswith("\n") else separator] if before else []
    return "".join(found)


def parts_of(text: str, pictures: Iterator[Picture]) -> "tuple[str | Picture, ...]":
    """A text's parts: a picture for each token, texts between them; a newline next to a token separates.

    Args:
        text: of a turn.
        pictures: as many as there are tokens, or more.
    """
    if text and IMAGE not in text:
        return (text,)
    first, *others = text.split(IMAGE)

    def pieces() -> "Iterator[str | Picture]":
        yield first.removesuffix("\n") if others else first
        for number, piece in enumerate(others, start=1):
            yield next(pictures)
            between = piece.removeprefix("\n")
            yield between.removesuffix("\n") if number < len(others) else between

    return merged(pieces())
