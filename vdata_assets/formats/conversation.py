"""A training sample as every conversation format can say it: turns of text and pictures, and what is in them.

Formats differ in what they can express. Each module states its own limits in ``EXPRESSES`` and writes what it
can; :mod:`~vdata_assets.formats.convert` says what was lost.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

Role = Literal["system", "user", "assistant"]
Part = "str | Picture"


@dataclass(frozen=True)
class Picture:
    """A picture by reference or by its bytes: exactly one of the three.

    Attributes:
        path: POSIX path relative to the dataset's folder.
        url: with a scheme, such as https: or gs:.
        data: the bytes of an image file.
    """

    path: str | None = None
    url: str | None = None
    data: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        given = [name for name in ("path", "url", "data") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"a picture has exactly one of path, url and data, not {given}")


@dataclass(frozen=True)
class Turn:
    """What one side says.

    Attributes:
        role: who.
        parts: texts and pictures in their order; no text is empty and no two texts are adjacent.
        weight: 0 or 1 where the format says whether the turn is trained; None if it does not.
    """

    role: Role
    parts: "tuple[str | Picture, ...]"
    weight: float | None = None

    @property
    def text(self) -> str:
        """The texts, one after another."""
        return "".join(part for part in self.parts if isinstance(part, str))

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """The pictures, in order."""
        return tuple(part for part in self.parts if isinstance(part, Picture))


@dataclass(frozen=True)
class MarkedObject:
    """Something in a picture.

    Attributes:
        label: its class.
        picture: number of the sample's picture that it is in, from 0.
        box: left, top, right, bottom in pixels, right and bottom exclusive; None if not known.
        mask: COCO compressed run lengths (column-major) at the picture's size; None if not known.
    """

    label: str
    picture: int = 0
    box: tuple[float, float, float, float] | None = None
    mask: str | None = None


@dataclass(frozen=True)
class Sample:
    """A conversation about pictures.

    Attributes:
        id: unique within the dataset; empty where the format has none.
        turns: a system turn at most, and first; then user and assistant in turn.
        objects: what is marked in the pictures.
        sizes: width and height of each picture in pixels, where they are known; empty if of none.
        label: class of the sample, if it has one.
        metadata: further strings.
    """

    id: str
    turns: tuple[Turn, ...]
    objects: tuple[MarkedObject, ...] = ()
    sizes: tuple[tuple[int, int], ...] = ()
    label: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """All pictures in the order of the conversation; one that is shown twice stands twice."""
        return tuple(picture for turn in self.turns for picture in turn.pictures)


class Feature(Enum):
    """What a sample may hold and a format may lack."""

    ID = "id"
    SYSTEM = "system turn"
    WEIGHT = "weight"
    SEVERAL_PICTURES = "several pictures"
    NO_PICTURE = "no picture"
    PICTURE_PLACE = "place of a picture within a turn"
    PICTURE_ANYWHERE = "picture in another turn than the first"
    ASSISTANT_PICTURE = "picture in an assistant's turn"
    PATH = "picture by path"
    URL = "picture by URL"
    DATA = "picture's bytes"
    SEVERAL_ROUNDS = "several rounds"
    BOXES = "boxes"
    MASKS = "masks"
    SIZES = "sizes"
    LABEL = "label"
    METADATA = "metadata"


CHAT = frozenset(
    {
        Feature.SYSTEM,
        Feature.SEVERAL_PICTURES,
        Feature.NO_PICTURE,
        Feature.PICTURE_PLACE,
        Feature.PICTURE_ANYWHERE,
        Feature.SEVERAL_ROUNDS,
    }
)
"""What all formats of chats say."""


def merged(parts: "Iterator[str | Picture]") -> "tuple[str | Picture, ...]":
    """The parts without empty texts, adjacent texts joined."""
    found: list[str | Picture] = []
    for part in parts:
        if isinstance(part, str) and found and isinstance(found[-1], str):
            found[-1] += part
        elif part != "":
            found.append(part)
    return tuple(found)
