"""Texts of sample garments: what a shop writes, with exactly known attributes in it.

A text says of each attribute either the drawn tag or nothing. Around it stand what shops add (sizes, care,
style numbers) and sentences about other garments and accessories, which say nothing of this one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from vdata_assets.samples.garment_kinds import Article
from vdata_assets.samples.garment_phrases import (
    BRANDS,
    CLUTTER,
    COLOUR_WORDS,
    FOREIGN_CAPTIONS,
    FOREIGN_SENTENCES,
    NOUNS,
    OTHERS,
    OUTER,
    SILENT_NOUNS,
    WORDS,
)
from vdata_assets.samples.variants import Draws

ATTRIBUTES = ("material", "pattern", "neckline", "sleeve")
UNKNOWN = "unknown"
SILENT_SHARE = 0.15
NO_TEXT_SHARE = 0.03
COLOUR_SHARE = 0.7
FOREIGN_SHARE = 0.6
TWO_OTHERS_SHARE = 0.25
CLUTTER_SHARE = 0.6
CAPTION_TURNED_SHARE = 0.3
STYLE_NUMBER_SHARE = 0.3


@dataclass(frozen=True)
class Written:
    """A text and what it says.

    Attributes:
        text: None for a product without one.
        said: tag, or ``unknown``, by attribute.
    """

    text: str | None
    said: Mapping[str, str]


def written(article: Article, variant: int, picture: str, seed: int) -> Written:
    """The text of one picture of an article.

    Args:
        article: what it is about.
        variant: position in its colours.
        picture: key of the picture; texts of an article differ.
        seed: of all choices.
    """
    draws = article.draws(seed, picture)
    if draws.uniform("no-text", 0, 1) < NO_TEXT_SHARE:
        return Written(None, dict.fromkeys(ATTRIBUTES, UNKNOWN))
    true = {name: getattr(article, name) for name in ATTRIBUTES}
    said = {
        name: tag if tag is not None and draws.uniform(f"say-{name}", 0, 1) >= SILENT_SHARE else UNKNOWN
        for name, tag in true.items()
    }
    wording = Wording(article, variant, said, draws)
    style = draws.choice("style", tuple(STYLES))
    sentences = STYLES[style](wording)
    if style == "caption":
        sentences = _among(draws, sentences, FOREIGN_CAPTIONS[article.kind.body])
    elif draws.uniform("foreign", 0, 1) < FOREIGN_SHARE:
        sentences = [*sentences, wording.foreign()]
    clutter = [draws.choice("clutter", CLUTTER)] if draws.uniform("cluttered", 0, 1) < CLUTTER_SHARE else []
    if draws.uniform("style-number", 0, 1) < STYLE_NUMBER_SHARE:
        clutter.append(f"Style no. {style_number(article, seed)}.")
    joint = "\n" if style == "list" else " "
    return Written(joint.join([*sentences, *clutter]), said)


def style_number(article: Article, seed: int) -> str:
    """The shop's number of an article, the same in all its texts: ``AB-10412``."""
    draws = article.draws(seed)
    letters = "".join(draws.choice(f"letter-{place}", tuple("ABCDEFGHKLMNPRSTUVWXYZ")) for place in (0, 1))
    return f"{letters}-{10_000 + article.number}"


def _among(draws: Draws, sentences: list[str], foreign: tuple[str, ...]) -> list[str]:
    place = 0 if draws.uniform("foreign-first", 0, 1) < CAPTION_TURNED_SHARE else len(sentences)
    return [*sentences[:place], draws.choice("foreign-caption", foreign), *sentences[place:]]


@dataclass(frozen=True)
class Wording:
    """How a text puts things.

    Attributes:
        article: what the text is about.
        variant: position in its colours.
        said: tag, or ``unknown``, by attribute.
        draws: choices of words.
    """

    article: Article
    variant: int
    said: Mapping[str, str]
    draws: Draws

    def before(self, *names: str) -> str:
        """What is said of some attributes, to stand before a noun, with a blank after it."""
        return "".join(f"{word} " for word in (self._word(name, 0) for name in names) if word)

    def after(self, name: str) -> str | None:
        """What is said of an attribute, to stand after "with"; None if nothing."""
        return self._word(name, 1)

    def _word(self, name: str, form: int) -> str | None:
        tag = self.said[name]
        if tag == UNKNOWN:
            return None
        return self.draws.choice(f"word-{name}", WORDS[name][tag][form])

    @property
    def noun(self) -> str:
        """What the garment is called."""
        for (category, name), noun in SILENT_NOUNS.items():
            if self.article.category == category and self.said[name] == UNKNOWN:
                return noun
        return self.draws.choice("noun", NOUNS[self.article.category])

    @property
    def colour(self) -> str:
        """Its colour with a blank after it, or nothing."""
        if self.draws.uniform("say-colour", 0, 1) >= COLOUR_SHARE:
            return ""
        name = self.article.colours[self.variant][0]
        return f"{COLOUR_WORDS.get(name, name)} "

    def foreign(self) -> str:
        """A sentence about other things that are worn."""
        others = OTHERS[self.article.kind.body]
        things = tuple(thing for category, thing in others if category != self.article.category)
        thing = self.draws.choice("other", things)
        small = tuple(one for category, one in others if not category and one != thing)
        if self.draws.uniform("two-others", 0, 1) < TWO_OTHERS_SHARE:
            thing = f"{thing} and {self.draws.choice('accessory', small)}"
        return self.draws.choice("foreign-sentence", FOREIGN_SENTENCES).format(thing)


def _title(wording: Wording) -> list[str]:
    """``Ada & Finch Women's Navy Striped Cotton V-Neck Long Sleeve Tee``."""
    words = wording.colour + wording.before("pattern", "material", "neckline", "sleeve") + wording.noun
    brand = wording.draws.choice("brand", BRANDS)
    return [f"{brand} {'Women' if wording.article.women else 'Men'}'s {_capitals(words)}."]


def _capitals(words: str) -> str:
    return " ".join(word[:1].upper() + word[1:] for word in words.split())


def _prose(wording: Wording) -> list[str]:
    start = _first(f"{wording.colour}{wording.before('pattern', 'material')}{wording.noun}")
    details = [word for word in (wording.after("neckline"), wording.after("sleeve")) if word]
    return [f"{start} with {' and '.join(_article(word) for word in details)}." if details else f"{start}."]


def _sentences(wording: Wording) -> list[str]:
    noun, many = wording.noun, wording.noun.endswith("s")
    opening = (
        f"{'These' if many else 'This'} {wording.colour}{noun} {'are' if many else 'is'} an easy favourite."
    )
    found = [opening]
    if material := wording.after("material"):
        found.append(f"Made of {material}.")
    if pattern := wording.after("pattern"):
        found.append(f"{'They come' if many else 'It comes'} in {pattern}.")
    details = [word for word in (wording.after("neckline"), wording.after("sleeve")) if word]
    if details:
        found.append(f"Features {' and '.join(_article(word) for word in details)}.")
    return found


def _list(wording: Wording) -> list[str]:
    found = [_first(f"{wording.colour}{wording.noun}")]
    names = {"material": "Material", "pattern": "Pattern", "neckline": "Neckline", "sleeve": "Sleeves"}
    return [*found, *(f"{names[name]}: {word}" for name in names if (word := wording.after(name)))]


def _caption(wording: Wording) -> list[str]:
    """In the manner of the captions of DeepFashion-MultiModal."""
    body = "outer" if wording.article.category in OUTER else wording.article.kind.body
    part = "dress" if body == "full" else f"{body} clothing"
    facts = []
    if sleeve := wording.after("sleeve"):
        facts.append(f"has {_article(sleeve)}")
    if (material := wording.said["material"]) != UNKNOWN:
        facts.append(f"is with {material} fabric")
    if pattern := wording.after("pattern"):
        facts.append(f"shows {pattern}")
    found = [f"The {part} is {_article(wording.colour + wording.noun)}."]
    if facts:
        found.append(f"The {part} {' and '.join(facts)}.")
    if neckline := wording.after("neckline"):
        found.append(f"The neckline of it is {_article(neckline)}.")
    return found


def _article(words: str) -> str:
    """With "a" or "an" before it, unless it is several."""
    if words.endswith("s"):
        return words
    return f"{'an' if words[0] in 'aeio' else 'a'} {words}"


def _first(words: str) -> str:
    return words[:1].upper() + words[1:]


STYLES = {
    "title": _title,
    "prose": _prose,
    "sentences": _sentences,
    "list": _list,
    "caption": _caption,
}
