"""What is asked about each image and how it is answered: seeded draws for many samples at once.

A draw depends on the seed, the image's id, the copy's number and what is drawn for, and on nothing else. Of
several templates or classes the one with the highest draw is taken, as in
:func:`~vdata_assets.retrieval.draws.pair_draws`, so one more changes only the samples that take it.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vdata_assets.conversations.class_names import NONE, Classes
from vdata_assets.conversations.class_settings import ClassWordingSettings
from vdata_assets.conversations.class_templates import ROLES
from vdata_assets.retrieval.draws import draw_keys, pair_draws
from vdata_assets.seeding import seeded_int

PLAIN, NEGATIVE, AFFIRMATIVE, CHOICE = range(4)
KINDS = ("plain", "negative", "affirmative", "choice")
SPOKEN = {
    PLAIN: ("questions", "answers"),
    NEGATIVE: ("negative_questions", "negative_answers"),
    AFFIRMATIVE: ("negative_questions", "affirmative_answers"),
    CHOICE: ("choice_questions", "choice_answers"),
}
"""Roles of the templates of a kind's question and answer."""

Keys = NDArray[np.uint64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Rounds:
    """Rounds of samples, as numbers of templates and classes.

    Attributes:
        kind: of each sample's first round; the others are plain.
        questions: samples x rounds.
        answers: samples x rounds.
        options: samples x options: for a choice the classes in the order in which they are listed, for a
            negative or affirmative question the one that is asked about; filled up with -1.
    """

    kind: Numbers
    questions: Numbers
    answers: Numbers
    options: Numbers


def image_keys(ids: pl.Series, seed: int, purpose: str) -> Keys:
    """A seeded number for every image: the first 16 digits of its id, which is a hash, and seed and purpose.

    For :func:`~vdata_assets.retrieval.draws.pair_draws`, which mixes them; no draw of its own.

    Raises:
        ValueError: an id does not begin with 16 hex digits.
    """
    try:
        keys = ids.str.slice(0, 16).str.to_integer(base=16, dtype=pl.UInt64).to_numpy()
    except pl.exceptions.ComputeError as error:
        raise ValueError(f"image_id is not 32 hex digits, as a catalog's are: {error}") from error
    return keys ^ np.uint64(seeded_int(seed, purpose))


def sample_keys(ids: pl.Series, copies: Numbers, seed: int) -> Keys:
    """A seeded number for every sample, of its image's id and its copy, as :func:`image_keys` makes them."""
    of_copy = draw_keys(seed, "class-conversations/copy", map(str, range(int(copies.max(initial=0)) + 1)))
    return image_keys(ids, seed, "class-conversations") ^ of_copy[copies]


class Drawer:
    """Draws rounds for the classes of a dataset.

    Args:
        classes: all of them.
        candidates: from :func:`~vdata_assets.conversations.class_names.candidates`.
        settings: templates, shares, seed.
    """

    def __init__(self, classes: Classes, candidates: Numbers, settings: ClassWordingSettings) -> None:
        self.classes = classes
        self.candidates = candidates
        self.settings = settings
        self.keys = {
            role: draw_keys(
                settings.seed, f"class-conversations/{role}", [one.text for one in settings.templates(role)]
            )
            for role in ROLES
        }

    def rounds(self, keys: Keys, own: Numbers) -> Rounds:
        """Draw the rounds of samples.

        Args:
            keys: from :func:`sample_keys`.
            own: number of each sample's class.
        """
        kind = self._kinds(keys, own)
        questions = _highest(keys, self.keys["questions"], self.settings.n_turns)
        of_round = [self._key(f"round/{at}") for at in range(self.settings.n_turns)]
        answers = np.column_stack([_highest(keys ^ key, self.keys["answers"]) for key in of_round])
        for special in (NEGATIVE, AFFIRMATIVE, CHOICE):
            rows = np.flatnonzero(kind == special)
            asked, answered = SPOKEN[special]
            questions[rows, 0] = _highest(keys[rows], self.keys[asked])[:, 0]
            answers[rows, 0] = _highest(keys[rows], self.keys[answered])[:, 0]
        return Rounds(kind, questions, answers, self._options(keys, own, kind))

    def _key(self, purpose: str) -> np.uint64:
        return np.uint64(seeded_int(self.settings.seed, f"class-conversations/{purpose}"))

    def _kinds(self, keys: Keys, own: Numbers) -> Numbers:
        """The kind of each sample's first round; plain where there is no other class to ask about."""
        drawn = pair_draws(keys, np.asarray(self._key("kind")))
        shares = (self.settings.negative_share, self.settings.affirmative_share, self.settings.choice_share)
        edges = np.cumsum(shares)
        kind = np.searchsorted(edges, drawn, side="right") + 1
        kind[kind > CHOICE] = PLAIN
        kind[(kind != AFFIRMATIVE) & (self.candidates[own, 0] == NONE)] = PLAIN
        return kind

    def _options(self, keys: Keys, own: Numbers, kind: Numbers) -> Numbers:
        """The classes that are asked about."""
        options = np.full((len(keys), self.settings.choice_options), NONE)
        yes, no, choice = (np.flatnonzero(kind == one) for one in (AFFIRMATIVE, NEGATIVE, CHOICE))
        options[yes, 0] = own[yes]
        options[no, 0] = self._others(keys[no], own[no], 1)[:, 0]
        listed = np.column_stack(
            [own[choice], self._others(keys[choice], own[choice], self.settings.choice_options - 1)]
        )
        draws = pair_draws((keys[choice] ^ self._key("order"))[:, None], self.classes.keys[listed])
        draws[listed == NONE] = -1
        order = np.argsort(-draws, axis=1, kind="stable")
        options[choice, : listed.shape[1]] = np.take_along_axis(listed, order, axis=1)
        return options

    def _others(self, keys: Keys, own: Numbers, number: int) -> Numbers:
        """Other classes for each sample, -1 where there are no more."""
        near = self.candidates[own]
        draws = pair_draws((keys ^ self._key("other"))[:, None], self.classes.keys[near])
        draws[near == NONE] = -1
        return np.take_along_axis(near, np.argsort(-draws, axis=1, kind="stable")[:, :number], axis=1)


def _highest(keys: Keys, of: Keys, number: int = 1) -> Numbers:
    """Samples x number: places of the keys with the highest draws, the highest first."""
    draws = pair_draws(keys[:, None], of)
    if number == 1:
        return draws.argmax(axis=1)[:, None]
    return np.argsort(-draws, axis=1, kind="stable")[:, :number]


def template_counts(rounds: Rounds, counts: dict[str, Numbers]) -> None:
    """Add how often each template is used.

    Args:
        rounds: drawn.
        counts: by role a number for each template.
    """
    for kind, roles in SPOKEN.items():
        first = rounds.kind == kind
        for role, numbers in zip(roles, (rounds.questions, rounds.answers), strict=True):
            counts[role] += np.bincount(numbers[first, 0], minlength=len(counts[role]))
            if kind == PLAIN:
                counts[role] += np.bincount(numbers[:, 1:].ravel(), minlength=len(counts[role]))
