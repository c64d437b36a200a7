"""Concepts as small pictures with known colours, and a writer whose answers are set."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from PIL import Image

from vdata_assets.concept_definitions.writer import Verdict, Wording

SIDE = 160


def drawn(colour: tuple[int, int, int], ground: tuple[int, int, int], box=(40, 20, 120, 140)) -> np.ndarray:
    """A filled box on a plain ground: (160, 160, 3)."""
    pixels = np.full((SIDE, SIDE, 3), ground, np.uint8)
    left, top, right, bottom = box
    pixels[top:bottom, left:right] = colour
    return pixels


def catalogued(root: Path, pictures: dict[str, np.ndarray], split: str = "train") -> pl.DataFrame:
    """The pictures saved as ``<category>/<concept>/<name>.png``, and their rows of the catalog."""
    rows = []
    for path, pixels in pictures.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(root / path)
        rows.append(
            {
                "image_id": f"id of {path}",
                "path": path,
                "concept": path.split("/")[1],
                "split": split,
                "content_hash": f"hash of {path}",
            }
        )
    return pl.DataFrame(rows)


class ScriptedWriter:
    """Answers by concept, one after another; an exception is raised.

    Attributes:
        wrote: concept, views and objection of every call of ``write``.
        judged: concept, wording and view of every call of ``verify``.
    """

    identity = "scripted"

    def __init__(self, wordings: dict[str, list[Any]], verdicts: dict[str, list[Any]] | None = None) -> None:
        self.wordings = {name: list(answers) for name, answers in wordings.items()}
        self.verdicts = {name: list(answers) for name, answers in (verdicts or {}).items()}
        self.wrote: list[tuple[str, list[str], Any]] = []
        self.judged: list[tuple[str, Wording, str]] = []

    async def write(self, concept, views, objection=None):
        self.wrote.append((concept.name, [view.image_id for view in views], objection))
        return _given(self.wordings[concept.name])

    async def verify(self, concept, wording, view):
        self.judged.append((concept.name, wording, view.image_id))
        answers = self.verdicts.get(concept.name, [Verdict(True, "so it is")])
        return _given(answers)


def _given(answers: list[Any]) -> Any:
    answer = answers.pop(0)
    if isinstance(answer, Exception):
        raise answer
    return answer
