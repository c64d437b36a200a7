"""Which words of a text belong together: a word and its noun, a fabric and the trim of it."""

from vdata_assets.attributes.vocabulary import (
    AND,
    ARTICLE,
    BREAK,
    COMMA,
    LINK,
    SAYS,
    SENTENCE,
    THING,
    VERB,
    Entry,
    Phrases,
)

DETAIL_OF, THING_OF = "detail", "thing"

NOUN_WORDS = 6
"""So far before "is" the noun stands that is described: "The neckline of the tank top is round"."""


class NounPhrases:
    """The phrases of a text. ``at`` is the place of one of them among all, ``scope`` the product's scopes."""

    def __init__(self, phrases: Phrases) -> None:
        self.entries, self.first, self.last = phrases.entries, phrases.first, phrases.last
        self.scope = 0
        self.details: dict[int, tuple[int, str]] = {}

    def names(self, entry: Entry) -> bool:
        """Whether a phrase names a thing, the product or another."""
        return bool(entry.words or entry.parts & self.scope)

    def modifies(self, at: int) -> bool:
        """Whether the next word names a thing too, so that this one only says of what kind: "shirt dress"."""
        after = at + 1
        return (
            after < len(self.entries)
            and self.first[after] == self.last[at]
            and bool(self.entries[after].words)
        )

    def described(self, at: int, attribute: int) -> tuple[int, int] | None:
        """From word to noun, or from noun to word, if the word at a place describes such a noun."""
        entries, bit, first, last = self.entries, 1 << attribute, self.first[at], self.last[at]
        for ahead in range(at + 1, min(at + 4, len(entries))):
            entry = entries[ahead]
            if self.first[ahead] > last + 2 or entry.flags & BREAK or self.names(entry):
                break
            if entry.nouns & bit:
                return first, self.last[ahead]
        linked = False
        for behind in range(at - 1, -1, -1):
            entry, gap = entries[behind], first - self.last[behind]
            if entry.nouns & bit:
                return (self.first[behind], last) if linked else None
            if gap > NOUN_WORDS + 2:
                return None
            if entry.flags & LINK:
                if linked or gap > 2:
                    return None
                linked = True
            elif entry.flags & (SENTENCE | COMMA) or (linked and entry.flags & AND):
                return None
        return None

    def detail(self, at: int, attribute: int) -> str | None:
        """Whether a trigger is said of a detail of its thing, or of something of no interest."""
        recorded = self.details.get(attribute)
        if recorded is not None and recorded[0] == at - 2 and self.entries[at - 1].flags & AND:
            of: str | None = recorded[1]
        else:
            of = self._detail_ahead(at, attribute) or self._detail_behind(at, 1 << attribute)
        if of is not None:
            self.details[attribute] = (at, of)
        return of

    def _detail_ahead(self, at: int, attribute: int) -> str | None:
        """E.g. "lace trim", "lace and mesh trim", "mesh pocket"."""
        entries, end = self.entries, self.last[at]
        for ahead in range(at + 1, len(entries)):
            entry = entries[ahead]
            flags = entry.flags
            if self.first[ahead] > end + 2:
                return None
            if entry.details & 1 << attribute:
                return DETAIL_OF
            if flags & THING:
                return None if self._named_after(ahead) else THING_OF
            if flags & AND:
                after = ahead + 1
                if after == len(entries) or all(number != attribute for number, _ in entries[after].triggers):
                    return None
                end = self.last[after]
            elif flags & BREAK or self.names(entry) or (flags & SAYS and self.last[ahead] != end):
                return None
        return None

    def _detail_behind(self, at: int, bit: int) -> str | None:
        """E.g. "lined with fleece", "the pockets are mesh"."""
        connected = linked = False
        for behind in range(at - 1, -1, -1):
            entry = self.entries[behind]
            flags = entry.flags
            if self.first[at] - self.last[behind] > 4 or flags & (COMMA | SENTENCE | AND):
                return None
            if entry.details & bit:
                return DETAIL_OF if connected else None
            if flags & THING:
                return THING_OF if linked else None
            if self.names(entry) or flags & SAYS:
                return None
            connected = connected or bool(flags & BREAK and not flags & ARTICLE)
            linked = linked or bool(flags & VERB)
        return None

    def _named_after(self, at: int) -> bool:
        """Whether the noun phrase goes on to the name of a thing: "zip" in "leather zip jacket"."""
        for entry in self.entries[at + 1 : at + 4]:
            if entry.flags & BREAK:
                return False
            if self.names(entry):
                return True
        return False
