"""What a text says of its product: which thing each clause is about, and what is said of the product.

A trigger is said of the thing that its noun phrase ends with ("denim shorts"), else of the thing last named
("The lower clothing is long. The fabric is denim"). Things named beside another one ("tee worn with denim
shorts", "over a lace top") are not the product and pass with their clause.
"""

from dataclasses import dataclass, field

from vdata_assets.attributes.noun_phrases import DETAIL_OF, THING_OF, NounPhrases
from vdata_assets.attributes.rules import AttributeRules
from vdata_assets.attributes.vocabulary import (
    AND,
    ARTICLE,
    BREAK,
    COMMA,
    COMPANION,
    JOIN,
    NEGATION,
    OR,
    PAIRING,
    PREFIX,
    PRONOUN,
    RESUME,
    SAYS,
    SENTENCE,
    THING,
    TURN,
    VERB,
    Entry,
    Phrases,
    Vocabulary,
)
from vdata_assets.attributes.words import Words

ANYTHING = -1
PHRASE_WORDS = 12
"""A noun phrase and its coordinates are not longer."""

DENIED_WORDS = 4
"""So many words after "not" are denied."""

ENDS_DENIAL = SENTENCE | COMMA | TURN | JOIN | AND

PAIRING_WORDS = 8
"""So far after "pair" a "with" is its own: "Pair this cotton tee with denim"."""

SEARCHED = 8
"""So many of the things last named may be what is spoken of."""


@dataclass(slots=True)
class Claim:
    """A tag that is said of the product: tokens ``first`` to ``last``, end exclusive.

    ``detail`` says that it is said of a trim, a lining or the like.
    """

    attribute: int
    tag: int
    first: int
    last: int
    detail: bool


@dataclass(slots=True)
class _Clause:
    """Where a reading is.

    Attributes:
        things: what has been named, the latest last: whether it is the product, and its scopes.
        aside: length of ``things`` before a companion's clause; None outside of one.
        closing: the mark (comma, and) that may have ended that clause; 0: none.
        opened: flags of the word that opened the noun phrase.
        opened_at: the token after that word.
        named: whether the sentence has named a thing.
        own: the product's name in this sentence.
        pairing: the token after a word that makes a join a companion.
        denied: the token up to which all is denied.
        lingering: the accessory that the sentence before was about.
        starts: whether the next word starts a sentence.
    """

    things: list[tuple[bool, int]] = field(default_factory=list)
    aside: int | None = None
    closing: int = 0
    opened: int = SENTENCE
    opened_at: int = 0
    named: bool = False
    own: Entry | None = None
    pairing: int = -PAIRING_WORDS
    denied: int = -1
    lingering: tuple[bool, int] | None = None
    starts: bool = True


class Reader:
    """Reads texts by some rules."""

    def __init__(self, rules: AttributeRules) -> None:
        self.vocabulary = Vocabulary(rules)
        bits = {name: 1 << bit for bit, name in enumerate(rules.scopes)}
        self.scopes = [
            sum(bits[name] for name in rule.scopes) if rule.scopes is not None else 0
            for rule in rules.attributes.values()
        ]
        self.before = [frozenset(rule.refuted_before) for rule in rules.attributes.values()]
        self.after = [frozenset(rule.refuted_after) for rule in rules.attributes.values()]

    def read(self, words: Words, scope: int) -> list[Claim]:
        """The tags that a text says of its product, in the text's order; a tag may be there several times.

        Args:
            words: of the text.
            scope: mask of the product's scopes; 0: the first thing that the text names tells.
        """
        phrases = self.vocabulary.phrases(words)
        if not any(entry.flags & SAYS for entry in phrases.entries):
            return []
        return _Reading(self, words, phrases, scope).claims()


class _Reading(NounPhrases):
    """One text's reading. ``at`` is a phrase's place among the text's phrases."""

    def __init__(self, reader: Reader, words: Words, phrases: Phrases, scope: int) -> None:
        super().__init__(phrases)
        self.reader, self.words = reader, words
        self.accessories = reader.vocabulary.accessories
        self.scope = scope or self._scope_of_text()
        self.instead = not any(entry.words & self.scope for entry in self.entries)
        self.own_named = False
        self.clause = _Clause()
        self.found: list[Claim] = []
        self.waiting: dict[int, list[Claim]] = {}

    def claims(self) -> list[Claim]:
        """Read on to the end."""
        clause, scope = self.clause, self.scope
        for at, entry in enumerate(self.entries):
            flags = entry.flags
            if clause.starts:
                self._start_sentence(flags)
            if clause.closing:
                self._close_aside(at)
            if flags & SAYS:
                self._say(at)
            if entry.words or entry.parts & scope:
                self._name(at)
            elif flags & BREAK:
                self._turn(at, flags)
            elif flags & THING:
                clause.denied = -1
            if flags & PAIRING:
                clause.pairing = self.last[at]
        self.found.sort(key=lambda claim: claim.first)
        return self.found

    def _scope_of_text(self) -> int:
        """Scopes of the first thing named; an accessory only if the first sentence names nothing else."""
        accessory, first_sentence = 0, True
        for at, entry in enumerate(self.entries):
            if entry.flags & SENTENCE:
                first_sentence = False
            elif entry.words & ~self.accessories and not self.modifies(at):
                return entry.words & ~self.accessories
            elif entry.words and first_sentence and not self.modifies(at):
                accessory = accessory or entry.words
        return accessory

    def _start_sentence(self, flags: int) -> None:
        clause = self.clause
        clause.starts = False
        if clause.lingering is not None and flags & PRONOUN:
            clause.things.append(clause.lingering)
        else:
            clause.lingering = None

    def _turn(self, at: int, flags: int) -> None:
        """A function word or a punctuation mark."""
        clause = self.clause
        if flags & ARTICLE:
            return
        if flags & ENDS_DENIAL:
            if flags & SENTENCE:
                self._end_sentence()
            if not flags & OR:
                clause.denied = -1
            if flags & (SENTENCE | COMMA):
                clause.pairing = -PAIRING_WORDS
            elif flags & JOIN and self.first[at] < clause.pairing + PAIRING_WORDS:
                self._go_aside()
            if clause.aside is not None and flags & (COMMA | AND):
                clause.closing = clause.closing or flags & (COMMA | AND)
        elif flags & NEGATION:
            near = flags & PREFIX or self.words.hyphen_after(self.last[at] - 1)
            clause.denied = self.last[at] + (0 if near else DENIED_WORDS)
        elif flags & COMPANION:
            self._go_aside()
        elif flags & RESUME and clause.opened & (JOIN | COMPANION) and clause.opened_at == self.first[at]:
            return
        clause.opened, clause.opened_at = flags, self.last[at]

    def _end_sentence(self) -> None:
        clause, things = self.clause, self.clause.things
        self._leave_aside()
        lingering = None
        while things and not things[-1][0] and not things[-1][1] & ~self.accessories:
            if things[-1] != clause.lingering:
                lingering = lingering or things[-1]
            things.pop()
        clause.closing, clause.named, clause.own = 0, False, None
        clause.lingering, clause.starts = lingering, True

    def _close_aside(self, at: int) -> None:
        """Decide, at the first phrase after a comma or "and", whether a companion's clause has ended."""
        clause, entry = self.clause, self.entries[at]
        flags = entry.flags
        if flags & (COMMA | AND):
            return
        if clause.closing & COMMA:
            goes_on = (
                self.names(entry)
                or flags & ARTICLE
                or not flags & (BREAK | SAYS)
                or (flags & SAYS and self._named_ahead(at, 0) is not None)
            )
        else:
            goes_on = not flags & (VERB | RESUME)
        clause.closing = 0
        if not goes_on:
            self._leave_aside()

    def _go_aside(self) -> None:
        if self.clause.aside is None:
            self.clause.aside = len(self.clause.things)
            self.clause.things.append((False, ANYTHING))

    def _leave_aside(self) -> None:
        clause = self.clause
        if clause.aside is not None:
            del clause.things[clause.aside :]
            clause.aside = None

    def _name(self, at: int) -> None:
        """A thing is named: it is the product or not, and what was said before its name is said of it."""
        if self.modifies(at):
            return
        clause, entry, scope = self.clause, self.entries[at], self.scope
        clause.denied = -1
        part = bool(entry.parts & scope)
        own = bool(part or entry.words & scope or (self.instead and entry.instead & scope))
        if own and clause.named and not self.own_named:
            # "Denim jacket over a striped tee": the other thing came first.
            self._leave_aside()
        elif clause.aside is not None:
            if clause.things[-1] == (False, ANYTHING):
                clause.things.pop()
            own = False
        elif clause.named and clause.opened & (JOIN | AND) and not part and entry is not clause.own:
            own = own and not clause.own
            if clause.opened & JOIN:
                clause.aside = len(clause.things)
                own = False
        clause.named = True
        if own:
            clause.own, self.own_named = entry, True
        clause.things.append((own, scope if own else entry.words))
        if own:
            self.found += self.waiting.pop(at, ())

    def _say(self, at: int) -> None:
        """A trigger: what it says, if not refuted, is said of what is named ahead, or was named last."""
        entry, first, last = self.entries[at], self.first[at], self.last[at]
        said = [(attribute, tag, first, last) for attribute, tag in entry.triggers]
        for attribute, tag in entry.described:
            span = self.described(at, attribute)
            if span is not None:
                said.append((attribute, tag, *span))
        for attribute, tag, first, last in said:
            scopes = self.reader.scopes[attribute]
            if (scopes and self.scope and not scopes & self.scope) or self._refuted(at, attribute):
                continue
            of = self.detail(at, attribute)
            if of == THING_OF:
                continue
            claim = Claim(attribute, tag, first, last, of == DETAIL_OF)
            named = self._named_ahead(at, attribute)
            if named is not None:
                self.waiting.setdefault(named, []).append(claim)
            elif self._spoken_of(scopes):
                self.found.append(claim)

    def _spoken_of(self, scopes: int) -> bool:
        """Whether the last thing that can have the attribute is the product."""
        for own, mask in reversed(self.clause.things[-SEARCHED:]):
            if not scopes or mask & scopes:
                return own
        return True

    def _refuted(self, at: int, attribute: int) -> bool:
        tokens, reader, clause = self.words.tokens, self.reader, self.clause
        first, last = self.first[at], self.last[at]
        if first <= clause.denied:
            clause.denied = max(clause.denied, last + 1)
            return True
        modifier = first - 2 if at == 0 or self.last[at - 1] < first else first - 1
        if not reader.before[attribute].isdisjoint(tokens[max(modifier, 0) : first]):
            return True
        if last == len(tokens):
            return False
        return tokens[last] in reader.after[attribute] or (
            tokens[last] in reader.vocabulary.suffixes
            and (self.words.hyphen_after(last - 1) or self._ends_clause(at, last + 1))
        )

    def _ends_clause(self, at: int, token: int) -> bool:
        """Whether a token is where the text ends, or begins a function word, a mark or a thing's name."""
        after = at + 1
        if after == len(self.entries):
            return token == len(self.words.tokens)
        return self.first[after] == token and (
            bool(self.entries[after].flags & BREAK) or self.names(self.entries[after])
        )

    def _named_ahead(self, at: int, attribute: int) -> int | None:
        """The place of the name of the thing at the end of the trigger's noun phrase."""
        clause, entries, first = self.clause, self.entries, self.first
        end = self.last[at] + PHRASE_WORDS
        for ahead in range(at, len(entries)):
            entry = entries[ahead]
            if first[ahead] > end:
                return None
            if (entry.words or entry.parts & self.scope) and not self.modifies(ahead):
                scopes = self.reader.scopes[attribute]
                mask = entry.words | entry.parts & self.scope
                return ahead if not scopes or mask & scopes else None
            if entry.flags & BREAK:
                fresh = not clause.named and clause.opened & (SENTENCE | COMMA | AND | RESUME)
                beside = clause.opened & (JOIN | COMPANION)
                joins = entry.flags & AND or (entry.flags & COMMA and fresh)
                if not joins or not (fresh or beside) or ahead + 1 == len(entries):
                    return None
                others = [number for number, _ in entries[ahead + 1].triggers]
                adjacent = first[ahead + 1] == self.last[ahead]
                if not adjacent or not others or not (fresh or attribute in others):
                    return None
        return None
