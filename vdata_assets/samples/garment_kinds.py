"""What a sample garment may be: its category, material, pattern, neckline, sleeve and colour.

The tags are those of the fashion rules. Shares are weights; they need not add up to 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from vdata_assets.samples.variants import Draws

COLOURS = {
    "black": "#26272c",
    "white": "#f0efeb",
    "grey": "#8f9499",
    "navy": "#27406f",
    "blue": "#2c62c4",
    "sky": "#74b2dc",
    "teal": "#1f8a8a",
    "green": "#2f8a4a",
    "olive": "#6f7339",
    "yellow": "#e3c31c",
    "mustard": "#cf962a",
    "coral": "#ee7765",
    "red": "#c4302d",
    "burgundy": "#752438",
    "pink": "#e593aa",
    "purple": "#7f3a96",
    "cream": "#ecdfc2",
    "tan": "#c08f5c",
    "brown": "#6b442c",
}
DARK = frozenset({"black", "navy", "burgundy", "brown", "purple", "olive", "green", "blue", "teal"})
DARK_ACCENTS = ("black", "navy", "burgundy", "teal")
LIGHT_ACCENTS = ("white", "cream", "pink", "yellow", "sky")
ANY_COLOUR = tuple(COLOURS)
USUAL_COLOURS: Mapping[str, tuple[str, ...]] = {
    "denim": ("navy", "blue", "sky", "grey", "black", "white"),
    "leather": ("black", "brown", "burgundy", "tan"),
    "lace": ("white", "cream", "black", "pink", "burgundy"),
    "velvet": ("burgundy", "navy", "green", "purple", "black", "teal"),
    "fleece": ("cream", "grey", "tan", "pink", "olive", "sky"),
    "satin": ("pink", "cream", "green", "purple", "coral", "sky", "burgundy"),
}
ANIMAL_COLOURS = ("tan", "cream", "mustard", "white")

PATTERN_SHARES: Mapping[str, float] = {
    "solid": 30,
    "stripe": 17,
    "plaid": 12,
    "floral": 13,
    "polka_dot": 10,
    "color_block": 9,
    "animal_print": 8,
}
# What of the patterns a material comes in, where it is not all of them.
PATTERNS_OF: Mapping[str, Mapping[str, float]] = {
    "denim": {"solid": 78, "color_block": 12, "floral": 10},
    "leather": {"solid": 80, "color_block": 10, "animal_print": 10},
    "lace": {"solid": 75, "floral": 25},
}
GRAPHIC_SHARE = 16

Body = Literal["upper", "lower", "full"]


@dataclass(frozen=True)
class Kind:
    """A category.

    Attributes:
        body: what of a person it covers.
        women: share of articles for women.
        materials: shares of materials.
        necklines: shares of necklines; empty if it has none.
        sleeves: shares of sleeves; empty if it has none.
        graphic: whether it may have an emblem on the chest.
    """

    body: Body
    women: float
    materials: Mapping[str, float]
    necklines: Mapping[str, float]
    sleeves: Mapping[str, float]
    graphic: bool = False


KINDS: Mapping[str, Kind] = {
    "Tees": Kind(
        "upper",
        0.5,
        {"cotton": 75, "knit": 10, "velvet": 8, "satin": 7},
        {"crew": 42, "v_neck": 32, "scoop": 26},
        {"short_sleeve": 60, "long_sleeve": 18, "three_quarter": 10, "cap": 12},
        graphic=True,
    ),
    "Shirts": Kind(
        "upper",
        0.5,
        {"cotton": 52, "denim": 20, "satin": 20, "lace": 8},
        {"collared": 84, "v_neck": 16},
        {"long_sleeve": 55, "short_sleeve": 22, "three_quarter": 10, "puff": 7, "bell": 6},
    ),
    "Sweaters": Kind(
        "upper",
        0.6,
        {"knit": 72, "fleece": 18, "velvet": 10},
        {"crew": 35, "turtleneck": 35, "v_neck": 22, "boat": 8},
        {"long_sleeve": 70, "three_quarter": 15, "bell": 15},
        graphic=True,
    ),
    "Cardigans": Kind(
        "upper",
        0.9,
        {"knit": 75, "fleece": 15, "velvet": 10},
        {"v_neck": 65, "crew": 35},
        {"long_sleeve": 72, "three_quarter": 28},
    ),
    "Dresses": Kind(
        "full",
        1.0,
        {"cotton": 30, "satin": 22, "lace": 20, "velvet": 14, "knit": 8, "denim": 6},
        {
            "v_neck": 22,
            "scoop": 14,
            "square": 14,
            "off_shoulder": 14,
            "strapless": 12,
            "halter": 12,
            "boat": 12,
        },
        {"sleeveless": 30, "short_sleeve": 20, "long_sleeve": 16, "puff": 16, "bell": 10, "cap": 8},
    ),
    "Jackets": Kind(
        "upper",
        0.5,
        {"leather": 36, "denim": 26, "fleece": 18, "velvet": 10, "cotton": 10},
        {"collared": 78, "crew": 22},
        {"long_sleeve": 88, "three_quarter": 12},
    ),
    "Shorts": Kind("lower", 0.6, {"cotton": 42, "denim": 28, "leather": 14, "satin": 10, "lace": 6}, {}, {}),
    "Pants": Kind(
        "lower",
        0.5,
        {"cotton": 36, "leather": 22, "denim": 16, "velvet": 10, "satin": 8, "fleece": 8},
        {},
        {},
    ),
    "Denim": Kind("lower", 0.5, {"denim": 100}, {}, {}),
    "Skirts": Kind("lower", 1.0, {"cotton": 28, "leather": 22, "denim": 18, "satin": 16, "lace": 16}, {}, {}),
    "Hoodies": Kind(
        "upper",
        0.4,
        {"cotton": 40, "fleece": 45, "velvet": 15},
        {"crew": 70, "v_neck": 30},
        {"long_sleeve": 80, "short_sleeve": 20},
        graphic=True,
    ),
    "Tanks": Kind(
        "upper",
        0.8,
        {"cotton": 52, "satin": 20, "lace": 16, "knit": 12},
        {"scoop": 38, "v_neck": 22, "square": 14, "halter": 14, "strapless": 12},
        {"sleeveless": 100},
        graphic=True,
    ),
}
# Necklines that leave no place for some sleeves.
SLEEVES_OF: Mapping[str, Mapping[str, float]] = {
    "strapless": {"sleeveless": 100},
    "halter": {"sleeveless": 100},
    "off_shoulder": {"short_sleeve": 40, "puff": 30, "bell": 30},
}
VARIANTS = 2
SECOND_COLOUR_SHARE = 0.2
VIEW_SHARES: Mapping[str, float] = {"1": 26, "2": 40, "3": 34}


@dataclass(frozen=True)
class Article:
    """A product, in one or two colours.

    Attributes:
        number: from 1; what ids carry.
        women: whether for women, else for men.
        category: name in :data:`KINDS`.
        material: tag.
        pattern: tag.
        neckline: tag; None if it has none.
        sleeve: tag; None if it has none.
        colours: main and second colour of every variant, names in :data:`COLOURS`.
        views: how many pictures there are of it.
    """

    number: int
    women: bool
    category: str
    material: str
    pattern: str
    neckline: str | None
    sleeve: str | None
    colours: tuple[tuple[str, str], ...]
    views: int

    @property
    def kind(self) -> Kind:
        """Its category's."""
        return KINDS[self.category]

    def draws(self, seed: int, *more: str) -> Draws:
        """Choices about it, or about what ``more`` names of it."""
        return Draws(seed, ("garment", str(self.number), *more))

    def variant_of(self, picture: int) -> int:
        """Position in ``colours`` of what its ``picture``-th picture shows."""
        return picture % len(self.colours)


def article(number: int, seed: int) -> Article:
    """The ``number``-th article, from 1: categories take turns, all else is drawn."""
    category = tuple(KINDS)[(number - 1) % len(KINDS)]
    kind = KINDS[category]
    draws = Draws(seed, ("garment", str(number)))
    material = weighted(draws, "material", kind.materials)
    patterns = PATTERNS_OF.get(material)
    if patterns is None:
        patterns = {**PATTERN_SHARES, "graphic": GRAPHIC_SHARE} if kind.graphic else PATTERN_SHARES
    pattern = weighted(draws, "pattern", patterns)
    neckline = weighted(draws, "neckline", kind.necklines) if kind.necklines else None
    sleeves = SLEEVES_OF.get(neckline or "", kind.sleeves)
    views = int(weighted(draws, "views", VIEW_SHARES))
    return Article(
        number=number,
        women=draws.uniform("women", 0, 1) < kind.women,
        category=category,
        material=material,
        pattern=pattern,
        neckline=neckline,
        sleeve=weighted(draws, "sleeve", sleeves) if sleeves else None,
        colours=_colours(draws, material, pattern, views),
        views=views,
    )


def _colours(draws: Draws, material: str, pattern: str, views: int) -> tuple[tuple[str, str], ...]:
    usual = USUAL_COLOURS.get(material, ANY_COLOUR)
    if pattern == "animal_print":
        usual = tuple(colour for colour in usual if colour in ANIMAL_COLOURS) or ANIMAL_COLOURS
    count = VARIANTS if views > 1 and draws.uniform("variants", 0, 1) < SECOND_COLOUR_SHARE else 1
    mains: list[str] = []
    for variant in range(min(count, len(usual))):
        left = tuple(colour for colour in usual if colour not in mains)
        mains.append(draws.choice(f"colour-{variant}", left))
    return tuple((main, _accent(draws, main, pattern)) for main in mains)


def _accent(draws: Draws, main: str, pattern: str) -> str:
    if pattern == "animal_print":
        return "black"
    return draws.choice(f"accent-{main}", LIGHT_ACCENTS if main in DARK else DARK_ACCENTS)


def weighted(draws: Draws, purpose: str, shares: Mapping[str, float]) -> str:
    """One of the keys, by their shares."""
    point = draws.uniform(purpose, 0, sum(shares.values()))
    for name, share in shares.items():
        point -= share
        if point < 0:
            return name
    return name
