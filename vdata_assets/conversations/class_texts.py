"""Drawn rounds as texts. Texts that recur are made once; samples refer to them by number."""

import numpy as np
import polars as pl

from vdata_assets.conversations.class_grammar import listed
from vdata_assets.conversations.class_names import NONE, Classes
from vdata_assets.conversations.class_rounds import CHOICE, PLAIN, SPOKEN, Numbers, Rounds
from vdata_assets.conversations.class_settings import ClassWordingSettings

ROLES = ("user", "assistant")


class Texts:
    """The texts of a dataset's rounds.

    Args:
        classes: all of them.
        settings: the templates.
    """

    def __init__(self, classes: Classes, settings: ClassWordingSettings) -> None:
        import pyarrow as pa

        self.classes = classes
        self.subject = settings.subject_values()
        self.templates = {role: settings.templates(role) for roles in SPOKEN.values() for role in roles}
        self.own = [self.subject | classes.values(number) for number in range(len(classes.folders))]
        questions = [template.fill(self.subject) for template in self.templates["questions"]]
        answers = [template.fill(values) for values in self.own for template in self.templates["answers"]]
        self.first_answer = len(questions)
        self.book = pa.array(questions + answers, pa.large_string())

    def turns(self, rounds: Rounds, own: Numbers) -> pl.Series:
        """What is said about each sample: a list of structs of role and text.

        Args:
            rounds: of the samples.
            own: number of each sample's class.
        """
        import pyarrow as pa

        samples, number = rounds.questions.shape
        said = np.empty((samples, 2 * number), dtype=np.int64)
        said[:, 0::2] = rounds.questions
        said[:, 1::2] = self.first_answer + own[:, None] * len(self.templates["answers"]) + rounds.answers
        special: dict[str, int] = {}
        for row in np.flatnonzero(rounds.kind != PLAIN).tolist():
            for turn, text in enumerate(self._special(rounds, row, int(own[row]))):
                said[row, turn] = special.setdefault(text, len(self.book) + len(special))
        book = pa.concat_arrays([self.book, pa.array(list(special), pa.large_string())])
        roles = pa.array(ROLES).take(pa.array(np.tile(np.arange(2), samples * number)))
        spoken = pa.StructArray.from_arrays([roles, book.take(pa.array(said.ravel()))], ["role", "text"])
        offsets = pa.array(np.arange(samples + 1) * 2 * number)
        return pl.Series("turns", pa.LargeListArray.from_arrays(offsets, spoken))

    def _special(self, rounds: Rounds, row: int, own: int) -> tuple[str, str]:
        """Question and answer of a sample's first round that is not plain."""
        kind = int(rounds.kind[row])
        options = [number for number in rounds.options[row].tolist() if number != NONE]
        values = self.own[own] | (
            self._choice(options, own) if kind == CHOICE else self.classes.other_values(options[0])
        )
        asked, answered = SPOKEN[kind]
        return (
            self.templates[asked][rounds.questions[row, 0]].fill(values),
            self.templates[answered][rounds.answers[row, 0]].fill(values),
        )

    def _choice(self, options: list[int], own: int) -> dict[str, str]:
        names = [self.classes.names[number].name for number in options]
        letters = [chr(ord("A") + place) for place in range(len(names))]
        lines = [f"{letter}. {name}" for letter, name in zip(letters, names, strict=True)]
        return {
            "options": listed(names),
            "lettered": "\n".join(lines),
            "letter": letters[options.index(own)],
        }
