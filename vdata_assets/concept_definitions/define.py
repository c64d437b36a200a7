"""Definitions of a category's concepts: written from a few training views, verified against another one."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dataframely as dy
import numpy as np
import polars as pl

from vdata_assets.concept_definitions.schema import ConceptDefinitions, DefinitionAttempts
from vdata_assets.concept_definitions.settings import ConceptDefinitionSettings
from vdata_assets.concept_definitions.wording import coarse_problems, detailed_problems
from vdata_assets.concept_definitions.writer import Concept, ConceptWriter, Objection, Verdict, View, Wording
from vdata_assets.rows import table_of
from vdata_assets.seeding import seeded_order
from vdata_resources.concurrently import ordered
from vdata_resources.images import UnreadableImage, load_rgb
from vdata_resources.language.protocol import ModelError
from vdata_resources.progress import Progress

WRITING, VERIFYING = "concept_definitions", "definition_verification"
MAX_ATTEMPTS = 2


@dataclass(frozen=True)
class Defined:
    """What became of a category's concepts.

    Attributes:
        definitions: one row a concept.
        attempts: one row a wording.
    """

    definitions: dy.DataFrame[ConceptDefinitions]
    attempts: dy.DataFrame[DefinitionAttempts]


async def define_concepts(
    images: pl.DataFrame,
    concepts: Sequence[str],
    category: str,
    root: Path,
    writer: ConceptWriter,
    settings: ConceptDefinitionSettings,
    *,
    ahead: int = 8,
    log: Callable[[str], object] = lambda line: None,
) -> Defined:
    """Put every concept of a category into words.

    Views are the first readable ones in a seeded order of a concept's images, identical files taken once.
    The last of them verifies, if there are two; a rejected wording is rewritten once, with the reason. A
    question that has no answer leaves its concept undecided and the others as they are.

    Args:
        images: the category's training images, and no others: ``image_id``, ``path``, ``concept`` and
            ``content_hash``.
        concepts: display names; one without training images becomes a row with that reason.
        category: display name.
        root: folder that the paths are relative to.
        writer: writes and verifies.
        settings: what is looked at.
        ahead: concepts that are worked on at a time, whose views are in memory.
        log: where lines of progress go.

    Raises:
        ModelUnavailable: the writer cannot work here.
        BudgetSpent: the writer's next question could cost too much.
    """
    names = sorted(set(concepts))
    groups = {str(name): group for (name,), group in images.group_by("concept")}
    display = settings.display_categories.get(category) or " ".join(category.replace("_", " ").split())
    progress = Progress(f"definitions of {category}", len(names), "concepts", log)
    outcomes: list[_Outcome] = []

    async def one(name: str) -> _Outcome:
        return await _defined(Concept(name, category, display), groups.get(name), root, writer, settings)

    async with aclosing(ordered(one, names, ahead)) as results:
        async for outcome in results:
            outcomes.append(outcome)
            progress.advance()
    return Defined(
        table_of([outcome.row for outcome in outcomes], ConceptDefinitions),
        table_of([row for outcome in outcomes for row in outcome.attempts], DefinitionAttempts),
    )


def training_views(
    images: pl.DataFrame | None, root: Path, wanted: int, settings: ConceptDefinitionSettings
) -> tuple[list[View], list[str]]:
    """The views of one concept, at most ``wanted``, and why others could not be read."""
    views: list[View] = []
    unreadable: list[str] = []
    if images is None:
        return views, unreadable
    rows = {
        row["image_id"]: row
        for row in images.sort("image_id").unique("content_hash", keep="first").to_dicts()
    }
    for image_id in seeded_order(settings.seed, "definition-views", rows):
        if len(views) == wanted:
            break
        path = rows[image_id]["path"]
        try:
            picture = load_rgb(root / path, min_side=settings.max_side)
        except UnreadableImage as error:
            unreadable.append(f"{path}: {error.reason}")
            continue
        picture.thumbnail((settings.max_side, settings.max_side))
        views.append(View(image_id, path, np.asarray(picture)))
    return views, unreadable


@dataclass
class _Outcome:
    """The row of a concept and those of its attempts, as they come to be."""

    row: dict[str, Any]
    attempts: list[dict[str, Any]] = field(default_factory=list)

    def tried(
        self,
        wording: Wording | None,
        verdict: str,
        reason: str,
        stage: str | None = None,
        kind: str | None = None,
    ) -> "_Outcome":
        texts = {
            "coarse": wording.coarse if wording else None,
            "detailed": wording.detailed if wording else None,
        }
        self.attempts.append(
            {
                "concept": self.row["concept"],
                "attempt": len(self.attempts) + 1,
                **texts,
                "verdict": verdict,
                "reason": reason,
                "stage": stage,
                "kind": kind,
            }
        )
        self.row |= {**texts, "verdict": verdict, "reason": reason, "attempts": len(self.attempts)}
        return self


async def _defined(
    concept: Concept,
    images: pl.DataFrame | None,
    root: Path,
    writer: ConceptWriter,
    settings: ConceptDefinitionSettings,
) -> _Outcome:
    views, unreadable = await asyncio.to_thread(training_views, images, root, settings.views + 1, settings)
    other = views.pop() if len(views) > 1 else None
    reference = views[0] if views else None
    outcome = _Outcome(
        {
            "category": concept.category,
            "concept": concept.name,
            "display_category": concept.display_category,
            "verified": False,
            "reference_id": reference.image_id if reference else None,
            "reference_path": reference.path if reference else None,
            "view_ids": [view.image_id for view in views],
            "verified_by": None,
        }
    )
    if unreadable and not views:
        reason = f"none of {len(unreadable)} training images can be read, the first: {unreadable[0]}"
        return outcome.tried(None, "ERROR", reason, WRITING, "unreadable")
    if not views:
        return outcome.tried(None, "ERROR", "there is no training image", WRITING, "no_image")
    objection = None
    for _ in range(MAX_ATTEMPTS):
        objection = await _attempt(outcome, concept, views, other, writer, objection)
        if objection is None:
            break
    return outcome


async def _attempt(
    outcome: _Outcome,
    concept: Concept,
    views: Sequence[View],
    other: View | None,
    writer: ConceptWriter,
    objection: Objection | None,
) -> Objection | None:
    """Write and verify once; the objection, if there is one."""
    try:
        wording = await writer.write(concept, views, objection)
    except ModelError as error:
        outcome.tried(None, "ERROR", str(error), WRITING, error.kind)
        return None
    if wording is None:
        reason = objection.verdict.reason if objection else "nothing that could be stated agrees in the views"
        outcome.tried(None, "REJECT", reason)
        return None
    if problems := [*coarse_problems(wording.coarse), *detailed_problems(wording.detailed)]:
        outcome.tried(wording, "REJECT", "; ".join(problems))
        return Objection(wording, Verdict(False, "; ".join(problems)))
    if other is None:
        outcome.tried(wording, "ACCEPT", "not verified: there is one training view alone")
        return None
    try:
        verdict = await writer.verify(concept, wording, other)
    except ModelError as error:
        outcome.tried(wording, "ERROR", str(error), VERIFYING, error.kind)
        return None
    outcome.tried(wording, "ACCEPT" if verdict.accept else "REJECT", verdict.reason)
    outcome.row |= {"verified": verdict.accept, "verified_by": other.image_id}
    return None if verdict.accept else Objection(wording, verdict)
