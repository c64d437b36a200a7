"""Prompts for a shard's pictures: written for each concept family, and each verified.

Families of a picture, and pictures, are worked on side by side.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dataframely as dy
import numpy as np
import polars as pl
from PIL import Image

from vdata_assets.dataengine.annotator import FAMILIES, Annotator, Caption, Family, Picture, Prompt, Region
from vdata_assets.dataengine.attempts import Attempts, error_table
from vdata_assets.dataengine.find_regions import verdict_of
from vdata_assets.dataengine.run_folder import JudgedPrompt, write_family
from vdata_assets.dataengine.schema import EngineErrors, Prompts, Silences
from vdata_assets.dataengine.settings import PromptSettings
from vdata_assets.dataengine.views import answer_overlay
from vdata_assets.masks.dense import decoded
from vdata_assets.rows import table_of
from vdata_resources.concurrently import gathered, ordered
from vdata_resources.progress import Progress

PROMPTS = "prompts.parquet"
SILENCES = "silences.parquet"
ERRORS = "errors.parquet"
NO_REGIONS = "no region was accepted in this picture"
NO_ANSWER = "nobody wrote any: see errors"


@dataclass(frozen=True)
class WrittenPrompts:
    """What was written for a shard.

    Attributes:
        prompts: of schema Prompts.
        silences: of schema Silences.
        errors: of schema EngineErrors.
        asked: questions, so that the share of errors can be told.
    """

    prompts: dy.DataFrame[Prompts]
    silences: dy.DataFrame[Silences]
    errors: dy.DataFrame[EngineErrors]
    asked: int


@dataclass
class _Worked:
    """A picture that is done."""

    attempts: Attempts
    prompts: list[dict[str, Any]]
    silences: list[dict[str, Any]]


@dataclass(frozen=True)
class _Family:
    """The prompts of one family and picture, and what there is to say of those that are not there."""

    family: Family
    judged: list[JudgedPrompt]
    notes: dict[bool, str]

    @property
    def note(self) -> str:
        return "; ".join(f"negatives: {note}" if negative else note for negative, note in self.notes.items())


@dataclass(frozen=True)
class PromptWriter:
    """What writes prompts.

    Attributes:
        annotator: writes and judges.
        settings: whether negatives are written too.
    """

    annotator: Annotator
    settings: PromptSettings

    async def shard(
        self,
        pictures: pl.DataFrame,
        proposals: pl.DataFrame,
        runs: Path,
        out: Path,
        *,
        ahead: int,
        log: Callable[[str], object],
    ) -> WrittenPrompts:
        """Write and verify the prompts of every picture, and write each run folder's families.

        Args:
            pictures: of schema WorkedPictures.
            proposals: of schema Proposals.
            runs: the run folders with the pictures at working size.
            out: where the families' folders go, under the same run names.
            ahead: pictures that are worked on at a time.
            log: where progress goes.

        Raises:
            ModelUnavailable: the model cannot work here.
            BudgetSpent: the next question could cost too much.
        """
        progress = Progress("prompts", pictures.height, "images", log)
        done: list[_Worked] = []

        async def one(task: tuple[dict[str, Any], pl.DataFrame]) -> _Worked:
            return await self._picture(*task, runs, out)

        async with aclosing(ordered(one, _tasks(pictures, proposals), ahead)) as results:
            async for worked in results:
                done.append(worked)
                progress.advance()
        return WrittenPrompts(
            table_of([row for worked in done for row in worked.prompts], Prompts),
            table_of([row for worked in done for row in worked.silences], Silences),
            error_table([worked.attempts for worked in done]),
            sum(worked.attempts.asked for worked in done),
        )

    async def _picture(self, row: dict[str, Any], accepted: pl.DataFrame, runs: Path, out: Path) -> _Worked:
        worked = _Worked(Attempts(row["image_id"], row["run"]), [], [])
        picture, regions = await asyncio.to_thread(_opened, row, accepted, runs)
        families = await gathered(
            self._family(picture, regions, family, worked.attempts) for family in FAMILIES
        )
        for family in families:
            worked.prompts += [_prompt_row(picture, family.family, judged) for judged in family.judged]
            worked.silences += [
                {
                    "image_id": picture.image_id,
                    "family": family.family,
                    "negative": negative,
                    "run": picture.run,
                    "note": note,
                }
                for negative, note in family.notes.items()
            ]
            await asyncio.to_thread(
                write_family, out / picture.run, family.family, family.judged, note=family.note
            )
        return worked

    async def _family(
        self, picture: Picture, regions: list[Region], family: Family, attempts: Attempts
    ) -> _Family:
        """The judged prompts of a family, negatives last."""
        kinds = (False, True) if self.settings.negatives else (False,)
        found = await gathered(
            self._written(picture, regions, family, negative, attempts) for negative in kinds
        )
        entries = [
            (prompt, negative)
            for negative, (prompts, _) in zip(kinds, found, strict=True)
            for prompt in prompts
        ]
        judged = await gathered(
            self._judged(picture, regions, family, index, prompt, negative, attempts)
            for index, (prompt, negative) in enumerate(entries)
        )
        notes = {negative: note for negative, (_, note) in zip(kinds, found, strict=True) if note}
        return _Family(family, judged, notes)

    async def _written(
        self, picture: Picture, regions: list[Region], family: Family, negative: bool, attempts: Attempts
    ) -> tuple[Sequence[Prompt], str]:
        """Prompts and a note."""
        if not regions:
            return (), NO_REGIONS
        stage = f"{'negatives' if negative else 'prompts'}_{family}"
        answer = await attempts.ask(
            stage, "", self.annotator.prompts(picture, regions, family, negative=negative)
        )
        return (answer.prompts, answer.note) if answer else ((), NO_ANSWER)

    async def _judged(
        self,
        picture: Picture,
        regions: list[Region],
        family: Family,
        index: int,
        prompt: Prompt,
        negative: bool,
        attempts: Attempts,
    ) -> JudgedPrompt:
        judgement, view = await asyncio.gather(
            attempts.ask(
                "prompt_verification",
                prompt.text,
                self.annotator.judge_prompt(picture, regions, family, prompt),
            ),
            asyncio.to_thread(answer_overlay, picture, regions, prompt.satisfying),
        )
        reason = judgement.reason if judgement else "nobody could judge it: see errors"
        return JudgedPrompt(index, prompt, negative, verdict_of(judgement), reason, view)


def _tasks(pictures: pl.DataFrame, proposals: pl.DataFrame) -> Iterator[tuple[dict[str, Any], pl.DataFrame]]:
    """Each picture with its accepted regions."""
    accepted = proposals.filter(pl.col("index").is_not_null()).sort("image_id", "index")
    by_image = accepted.partition_by("image_id", as_dict=True)
    for row in pictures.iter_rows(named=True):
        yield row, by_image.get((row["image_id"],), accepted.clear())


def _opened(row: dict[str, Any], accepted: pl.DataFrame, runs: Path) -> tuple[Picture, list[Region]]:
    """The picture at working size, as its regions were found in it, and these."""
    pixels = np.asarray(Image.open(runs / row["run"] / "original_image.png").convert("RGB"))
    regions = [
        Region(
            region["index"],
            Caption(region["label"], tuple(region["attributes"]), region["place"]),
            decoded(region["rle"], row["height"], row["width"]),
        )
        for region in accepted.iter_rows(named=True)
    ]
    return Picture(row["image_id"], row["run"], pixels), regions


def _prompt_row(picture: Picture, family: Family, judged: JudgedPrompt) -> dict[str, Any]:
    return {
        "image_id": picture.image_id,
        "family": family,
        "index": judged.index,
        "run": picture.run,
        "negative": judged.negative,
        "prompt": judged.prompt.text,
        "candidates": list(judged.prompt.candidates),
        "satisfying": list(judged.prompt.satisfying),
        "verdict": judged.verdict,
        "reason": judged.reason,
    }
