"""Samples of any kind that a format expresses, for hypothesis."""

from collections.abc import Collection
from io import BytesIO

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from PIL import Image
from pycocotools import mask as coco

from vdata_assets.formats.conversation import Feature, MarkedObject, Picture, Role, Sample, Turn, merged

WIDTH, HEIGHT = 64, 48
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20) | st.sampled_from(
    ["\n", "\r\n", " a\n", "\na", "<image", "image>", "<b>", '"\\', "\u2028", "{}", "data:", "None", "猫 🐈"]
)
NAMES = st.text("abcXYZ019 _-é猫", min_size=1, max_size=8)


def image_bytes(kind: str, shade: int = 0) -> bytes:
    """An image file of one colour, as Pillow names its kind."""
    file = BytesIO()
    Image.new("RGB", (WIDTH, HEIGHT), (shade, 90, 200 - shade)).save(file, kind)
    return file.getvalue()


IMAGES = st.sampled_from([image_bytes("PNG"), image_bytes("PNG", 9), image_bytes("JPEG")])


@st.composite
def paths(draw: DrawFn) -> str:
    """A POSIX path that stays in its folder."""
    folders = draw(st.lists(NAMES, max_size=2))
    return "/".join([*folders, draw(NAMES) + draw(st.sampled_from([".jpg", ".JPG", ".png"]))])


@st.composite
def samples(
    draw: DrawFn,
    expresses: frozenset[Feature],
    *,
    reserved: Collection[str] = (),
    ids: SearchStrategy[str] = NAMES,
    data: SearchStrategy[bytes] = IMAGES,
    labels: SearchStrategy[str] = NAMES,
    metadata: SearchStrategy[dict[str, str]] | None = None,
    weighted: Collection[Role] = ("system", "user", "assistant"),
    most_pictures: int = 4,
    most_rounds: int = 3,
) -> Sample:
    """A sample that holds only what ``expresses`` names; everything that it names comes up.

    Args:
        draw: of hypothesis.
        expresses: of the format.
        reserved: what no text may have in it.
        ids: its id, where the format has one.
        data: bytes of a picture.
        labels: classes of samples and objects.
        metadata: further strings.
        weighted: roles whose turns may have a weight.
        most_pictures: of the sample.
        most_rounds: of a user's and an assistant's turn.
    """
    texts = TEXTS.filter(lambda text: not any(word in text for word in reserved))
    references = [
        strategy.map(lambda value, name=name: Picture(**{name: value}))
        for feature, name, strategy in (
            (Feature.PATH, "path", paths()),
            (Feature.URL, "url", paths().map(lambda path: "https://example.org/" + path.replace(" ", "_"))),
            (Feature.DATA, "data", data),
        )
        if feature in expresses
    ]
    most = most_pictures if Feature.SEVERAL_PICTURES in expresses else 1
    least = 0 if Feature.NO_PICTURE in expresses else 1
    pictures = draw(st.lists(st.one_of(references), min_size=least, max_size=most))
    rounds = draw(st.integers(1, most_rounds if Feature.SEVERAL_ROUNDS in expresses else 1))
    roles: list[Role] = ["user", "assistant"] * rounds
    places = _places(roles, expresses)
    held: list[list[Picture]] = [[] for _ in roles]
    for picture in pictures:
        held[draw(st.sampled_from(places))].append(picture)
    contents = [draw(_parts(shown, texts, Feature.PICTURE_PLACE in expresses)) for shown in held]
    if Feature.SYSTEM in expresses and draw(st.booleans()):
        roles, contents = ["system", *roles], [(draw(texts),), *contents]
    weights = st.sampled_from([None, 0.0, 1.0]) if Feature.WEIGHT in expresses else st.none()
    turns = tuple(
        Turn(role, parts, draw(weights) if role in weighted else None)
        for role, parts in zip(roles, contents, strict=True)
    )
    ordered = [picture for turn in turns for picture in turn.pictures]
    return Sample(
        id=draw(ids) if Feature.ID in expresses else "",
        turns=turns,
        objects=tuple(draw(_objects(len(ordered), expresses, labels))),
        sizes=((WIDTH, HEIGHT),) * len(ordered) if Feature.SIZES in expresses and draw(st.booleans()) else (),
        label=draw(st.none() | labels) if Feature.LABEL in expresses else None,
        metadata=draw(st.dictionaries(NAMES, TEXTS, max_size=3) if metadata is None else metadata)
        if Feature.METADATA in expresses
        else {},
    )


def _places(roles: list[Role], expresses: frozenset[Feature]) -> list[int]:
    """The turns that may have pictures."""
    allowed = {"user", "assistant"} if Feature.ASSISTANT_PICTURE in expresses else {"user"}
    last = len(roles) if Feature.PICTURE_ANYWHERE in expresses else 1
    return [place for place, role in enumerate(roles[:last]) if role in allowed]


@st.composite
def _parts(
    draw: DrawFn, pictures: list[Picture], texts: SearchStrategy[str], anywhere: bool
) -> "tuple[str | Picture, ...]":
    """A turn of these pictures and texts: one text after them, or texts anywhere."""
    if not anywhere or not pictures:
        return (*pictures, draw(texts))
    between = st.just("") | texts
    found: list[str | Picture] = [draw(between)]
    for picture in pictures:
        found += [picture, draw(between)]
    return merged(iter(found))


@st.composite
def _objects(
    draw: DrawFn, pictures: int, expresses: frozenset[Feature], labels: SearchStrategy[str]
) -> list[MarkedObject]:
    """Objects with a box, a mask or both, as the format has them."""
    kinds = [kind for kind in (Feature.BOXES, Feature.MASKS) if kind in expresses]
    if not pictures or not kinds:
        return []
    found = []
    for _ in range(draw(st.integers(0, 3))):
        has = draw(st.sets(st.sampled_from(kinds), min_size=1))
        left, top = draw(st.integers(0, WIDTH - 2)), draw(st.integers(0, HEIGHT - 2))
        right, bottom = draw(st.integers(left + 1, WIDTH)), draw(st.integers(top + 1, HEIGHT))
        pixels = np.zeros((HEIGHT, WIDTH), np.uint8, order="F")
        pixels[top:bottom, left:right] = 1
        found.append(
            MarkedObject(
                label=draw(labels),
                picture=draw(st.integers(0, pictures - 1)),
                box=(float(left), float(top), float(right), float(bottom)) if Feature.BOXES in has else None,
                mask=coco.encode(pixels)["counts"].decode() if Feature.MASKS in has else None,
            )
        )
    return found
