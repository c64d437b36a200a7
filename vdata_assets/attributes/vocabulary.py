"""Rules as a dictionary of phrases, and texts as the phrases of it that they have."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from vdata_assets.attributes.rules import AttributeRules
from vdata_assets.attributes.words import COMMA_MARKS, SENTENCE_MARKS, Words

(
    SENTENCE,
    COMMA,
    AND,
    LINK,
    VERB,
    JOIN,
    COMPANION,
    NEGATION,
    PREFIX,
    TURN,
    RESUME,
    PRONOUN,
    ARTICLE,
    OR,
    THING,
) = (1 << bit for bit in range(15))
BREAK = 1 << 15
"""Ends a noun phrase. All of the above but PRONOUN and THING do."""
SAYS = 1 << 16
"""Has triggers or described words."""
PAIRING = 1 << 17
"""Makes a join after it a companion."""

Tokens = tuple[str, ...]


@dataclass(slots=True)
class Entry:
    """What a phrase may be in a text. Masks have a bit for each scope or attribute, in the rules' order.

    Attributes:
        flags: of the constants of this module.
        words, parts, instead: scopes of which it is such a name.
        triggers: (attribute, tag) that it says.
        described: (attribute, tag) that it says of a noun of the attribute.
        nouns: attributes of which it is a noun, or ends with one.
        details: attributes for which it is a detail.
    """

    flags: int = 0
    words: int = 0
    parts: int = 0
    instead: int = 0
    triggers: tuple[tuple[int, int], ...] = ()
    described: tuple[tuple[int, int], ...] = ()
    nouns: int = 0
    details: int = 0


class Phrases:
    """The dictionary's phrases in a text: the entry of each, and its tokens, ``last`` exclusive."""

    __slots__ = ("entries", "first", "last")

    def __init__(self, tokens: list[str], index: "_Index") -> None:
        self.entries: list[Entry] = []
        self.first: list[int] = []
        self.last: list[int] = []
        used = 0
        for first, phrases in enumerate(map(index.get, tokens)):
            if phrases is None or first < used:
                continue
            for length, phrase, entry in phrases:
                if length == 1 or tokens[first : first + length] == phrase:
                    used = first + length
                    self.entries.append(entry)
                    self.first.append(first)
                    self.last.append(used)
                    break


def phrase_forms(phrase: str, *, plural: bool = True) -> set[Tokens]:
    """The ways to write a phrase: in the plural; of two words, in one. Space and hyphen are the same."""
    tokens = tuple(Words(phrase).tokens)
    forms = {tokens}
    if plural and tokens[-1].isalpha():
        forms.add((*tokens[:-1], _plural(tokens[-1])))
    if len(tokens) == 2 and all(token.isalpha() for token in tokens):
        forms |= {("".join(form),) for form in forms}
    return forms


def _plural(word: str) -> str:
    if word.endswith(("ss", "sh", "ch", "x", "z")):
        return word + "es"
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    return word if word.endswith("s") else word + "s"


class Vocabulary:
    """The phrases of some rules. At each word the longest phrase counts, and its words are used up."""

    def __init__(self, rules: AttributeRules) -> None:
        self.attributes = list(rules.attributes)
        self.scopes = list(rules.scopes)
        self.accessories = sum(1 << bit for bit, scope in enumerate(rules.scopes.values()) if scope.accessory)
        self.suffixes = frozenset(rules.grammar.suffixes)
        self._entries: dict[Tokens, Entry] = {}
        self._categories: dict[Tokens, Entry] = {}
        for marks, flag in ((SENTENCE_MARKS, SENTENCE), (COMMA_MARKS, COMMA)):
            self._entry((marks[0],)).flags |= flag | BREAK
        self._add_grammar(rules)
        self._add_scopes(rules)
        self._add_attributes(rules)
        for phrase in rules.things:
            for entry in self._forms(phrase):
                entry.flags |= THING
        for phrase in (*rules.exclusions, *rules.grammar.plain):
            self._silence(phrase, everything=True)
        for entry in self._entries.values():
            entry.flags |= SAYS if entry.triggers or entry.described else 0
        self._index = _index(self._entries)
        named = {tokens: entry for tokens, entry in self._entries.items() if entry.words}
        self._category_index = _index(named | self._categories)

    def phrases(self, words: Words) -> Phrases:
        """The phrases of a text, in order."""
        return Phrases(words.tokens, self._index)

    def category_scope(self, category: str | None) -> int:
        """Mask of the scopes that a category's name means; 0: it means none, or several that differ.

        Of a compound the last word counts ("Shirt Dresses"), and of a path ("Women > Dresses") the last
        step; else all names have to agree ("Tees_Tanks").
        """
        if category is None:
            return 0
        words = Words(category)
        phrases = Phrases(words.tokens, self._category_index)
        scope, end = 0, 0
        for entry, first, last in zip(phrases.entries, phrases.first, phrases.last, strict=True):
            if not entry.words:
                continue
            between = category[end : words.start(first)]
            refines = not scope or ">" in between or not between.strip(" -")
            scope = entry.words if refines else scope & entry.words
            if not scope:
                return 0
            end = words.end(last - 1)
        return scope

    def _entry(self, tokens: Tokens) -> Entry:
        return self._entries.setdefault(tokens, Entry())

    def _forms(self, phrase: str, *, plural: bool = True) -> Iterator[Entry]:
        return (self._entry(form) for form in phrase_forms(phrase, plural=plural))

    def _add_grammar(self, rules: AttributeRules) -> None:
        grammar = rules.grammar
        flags: list[tuple[Iterable[str], int]] = [
            (grammar.companions, COMPANION),
            (grammar.joins, JOIN),
            (grammar.ands, AND),
            (grammar.ors, AND | OR),
            (grammar.links, LINK | VERB),
            (grammar.verbs, VERB),
            (grammar.breaks, 0),
            (grammar.articles, ARTICLE),
            (grammar.resumes, RESUME),
            (grammar.negations, NEGATION),
            (grammar.prefixes, NEGATION | PREFIX),
            (grammar.turns, TURN),
        ]
        for phrases, flag in flags:
            for phrase in phrases:
                self._entry(tuple(Words(phrase).tokens)).flags |= flag | BREAK
        for phrases, flag in ((grammar.pronouns, PRONOUN), (grammar.pairings, PAIRING)):
            for phrase in phrases:
                self._entry(tuple(Words(phrase).tokens)).flags |= flag

    def _add_scopes(self, rules: AttributeRules) -> None:
        for bit, scope in enumerate(rules.scopes.values()):
            for phrase in scope.words:
                for entry in self._forms(phrase):
                    entry.words |= 1 << bit
            for phrase in scope.parts:
                for entry in self._forms(phrase):
                    entry.parts |= 1 << bit
            for phrase in scope.instead:
                for entry in self._forms(phrase):
                    entry.instead |= 1 << bit
            for phrase in scope.categories:
                for form in phrase_forms(phrase):
                    self._categories.setdefault(form, Entry()).words |= 1 << bit

    def _add_attributes(self, rules: AttributeRules) -> None:
        for at, attribute in enumerate(rules.attributes.values()):
            for phrase in attribute.nouns:
                for entry in self._forms(phrase):
                    entry.nouns |= 1 << at
            for phrase in attribute.details:
                for entry in self._forms(phrase):
                    entry.details |= 1 << at
            for number, tag in enumerate(attribute.tags):
                for phrase in tag.triggers:
                    for entry in self._forms(phrase):
                        entry.triggers += ((at, number),) * ((at, number) not in entry.triggers)
                for phrase in tag.described:
                    for entry in self._forms(phrase, plural=False):
                        entry.described += ((at, number),)
                    for noun in attribute.nouns:
                        for entry in self._forms(f"{phrase} {noun}"):
                            entry.triggers += ((at, number),) * ((at, number) not in entry.triggers)
                            entry.nouns |= 1 << at
        for attribute in rules.attributes.values():
            for tag in attribute.tags:
                for phrase in tag.exclusions:
                    self._silence(phrase)

    def _silence(self, phrase: str, *, everything: bool = False) -> None:
        for form in phrase_forms(phrase):
            entry = self._entry(form)
            entry.triggers = entry.described = ()
            if everything:
                self._entries[form] = Entry()


_Index = dict[str, list[tuple[int, list[str], Entry]]]


def _index(entries: dict[Tokens, Entry]) -> _Index:
    """By their first word, the phrases' number of words, all words and entry, the longest first."""
    index: _Index = {}
    for tokens, entry in entries.items():
        index.setdefault(tokens[0], []).append((len(tokens), list(tokens), entry))
    for phrases in index.values():
        phrases.sort(key=lambda phrase: -phrase[0])
    return index
