"""Questions about one picture, and those that had no answer: errors of the service, apart from judgements."""

from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

import dataframely as dy

from vdata_assets.dataengine.schema import EngineErrors
from vdata_assets.rows import table_of
from vdata_resources.language.protocol import ModelError

UNREADABLE = "unreadable"

Result = TypeVar("Result")


@dataclass
class Attempts:
    """What was asked about a picture.

    Attributes:
        image_id: the picture's.
        run: its run folder.
        asked: number of questions.
        errors: rows of EngineErrors.
    """

    image_id: str
    run: str
    asked: int = 0
    errors: list[dict[str, str]] = field(default_factory=list)

    async def ask(self, stage: str, subject: str, question: Coroutine[Any, Any, Result]) -> Result | None:
        """The answer, or None and a row that says why there is none."""
        self.asked += 1
        try:
            return await question
        except ModelError as error:
            self.note(stage, subject, error.kind, str(error))
            return None

    def note(self, stage: str, subject: str, kind: str, message: str) -> None:
        """Keep an error of whatever kind."""
        self.errors.append(
            {
                "image_id": self.image_id,
                "run": self.run,
                "stage": stage,
                "subject": subject,
                "kind": kind,
                "message": message,
            }
        )


def error_table(attempts: list[Attempts]) -> dy.DataFrame[EngineErrors]:
    """All errors, in the pictures' order, whichever question of a picture was answered first."""
    rows = [
        row
        for picture in attempts
        for row in sorted(picture.errors, key=lambda row: (row["stage"], row["subject"]))
    ]
    return table_of(rows, EngineErrors)
