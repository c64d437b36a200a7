"""The annotator without a model: it states what masks, positions, sizes, colours and given labels prove."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from vdata_assets.dataengine.annotator import (
    Annotator,
    Box,
    Caption,
    Family,
    Judgement,
    Picture,
    Prompt,
    Region,
    Written,
)
from vdata_assets.dataengine.rules.claims import Unproven
from vdata_assets.dataengine.rules.evidence import judge_mask, prefers_refined
from vdata_assets.dataengine.rules.proofs import prove, refute
from vdata_assets.dataengine.rules.proposals import captions
from vdata_assets.dataengine.rules.scene import Scene
from vdata_assets.dataengine.rules.wording import understood
from vdata_assets.dataengine.rules.writing import SILENT, write

IDENTITY = "rules@1"


@dataclass
class _Views:
    """A picture with its regions, looked at in three ways: as it is, coarsely, and with masks shrunk."""

    lock: Lock = field(default_factory=Lock)
    regions: tuple[Region, ...] = ()
    scenes: tuple[Scene, ...] = ()


class RuleAnnotator(Annotator):
    """States only what can be proved, and checks prompts by proving them again.

    Regions are called by their colours (:mod:`~vdata_assets.dataengine.rules.colours`) or by the labels that
    they were given. A given label is taken to be complete: the picture has no more of it. A colour is only
    spoken of if nothing else in the whole picture may have it. What is ambiguous, or nearly so, is not said;
    what a region can be used for, or what forces act on it, never.

    A prompt is checked by its words alone: they are read back as a claim, and that is proved at full and half
    resolution and with shrunk masks. All three must give the prompt's answer.
    """

    def __init__(self) -> None:
        self._views: WeakKeyDictionary[Picture, _Views] = WeakKeyDictionary()
        self._lock = Lock()

    @property
    def identity(self) -> str:
        """Name and version of the rules."""
        return IDENTITY

    async def captions(self, picture: Picture) -> list[Caption]:
        """Regions that the segmenter proposes of itself and that stand apart, named by their colours."""
        if picture.segmentation is None:
            raise ValueError(f"picture {picture.image_id}: captions need its segmentation")
        segmentation = picture.segmentation
        return await asyncio.to_thread(lambda: captions(picture.pixels, segmentation.automatic()))

    async def boxes(self, picture: Picture, captions: list[Caption]) -> list[tuple[Box, ...]]:
        """The boxes that captions have."""
        return [caption.boxes for caption in captions]

    async def judge_mask(self, picture: Picture, caption: Caption, mask: NDArray[np.bool_]) -> Judgement:
        """Whether the picture bears the mask out; of given labels, whether it is more than dust."""
        return await asyncio.to_thread(judge_mask, picture.pixels, caption, mask)

    async def prefers_refined(
        self, picture: Picture, caption: Caption, initial: NDArray[np.bool_], refined: NDArray[np.bool_]
    ) -> Judgement:
        """Which mask has the outline that is seen better, around more even colours."""
        return await asyncio.to_thread(prefers_refined, picture.pixels, initial, refined)

    async def prompts(
        self, picture: Picture, regions: list[Region], family: Family, *, negative: bool
    ) -> Written:
        """Prompts whose answer is proved; none, with a note, where nothing can be."""
        if family in SILENT:
            return Written((), SILENT[family])
        return await asyncio.to_thread(self._written, picture, regions, family, negative)

    async def judge_prompt(
        self, picture: Picture, regions: list[Region], family: Family, prompt: Prompt
    ) -> Judgement:
        """Whether the sentence, read anew, has exactly this answer in every view of the picture."""
        return await asyncio.to_thread(self._judged, picture, regions, family, prompt)

    def _written(
        self, picture: Picture, regions: Sequence[Region], family: Family, negative: bool
    ) -> Written:
        if not regions:
            return Written((), "there is no region to speak of")
        try:
            scenes = self._scenes(picture, regions)
        except Unproven as unproven:
            return Written((), f"nothing can be proved: {unproven}")
        written = write(scenes, family, negative=negative, image_id=picture.image_id)
        numbers = [region.index for region in regions]
        prompts = (
            Prompt(
                prompt.text,
                tuple(sorted(numbers[position] for position in prompt.candidates)),
                tuple(sorted(numbers[position] for position in prompt.satisfying)),
            )
            for prompt in written.prompts
        )
        return Written(tuple(prompts), written.note)

    def _judged(
        self, picture: Picture, regions: Sequence[Region], family: Family, prompt: Prompt
    ) -> Judgement:
        if family in SILENT:
            return Judgement(False, f"Nothing can be proved of this family: {SILENT[family]}.")
        numbers = [region.index for region in regions]
        unknown = sorted({*prompt.candidates, *prompt.satisfying} - set(numbers))
        if unknown:
            return Judgement(False, f"There is no region {unknown[0]}.")
        if not set(prompt.satisfying) < set(prompt.candidates):
            return Judgement(False, "What satisfies it is no strict part of the candidates.")
        try:
            scenes = self._scenes(picture, regions)
            claim = understood(prompt.text, [label for label in scenes[0].labels if label is not None])
            if claim is None or claim.family != family:
                return Judgement(False, f"This is not a sentence of the rules for {family}.")
            proofs = [(prove if prompt.satisfying else refute)(scene, claim) for scene in scenes]
        except Unproven as unproven:
            return Judgement(False, f"It cannot be proved: {unproven}.")
        for proof in proofs:
            satisfying = sorted(numbers[position] for position in proof.satisfying)
            if satisfying != sorted(prompt.satisfying):
                answer = ", ".join(map(str, satisfying)) or "none"
                return Judgement(False, f"The answer is {answer}: {proof.figures}.")
        return Judgement(True, f"Proved in {len(proofs)} views: {proofs[0].figures}.")

    def _scenes(self, picture: Picture, regions: Sequence[Region]) -> tuple[Scene, ...]:
        """The picture in three views, measured once.

        Raises:
            Unproven: it is too small for that.
        """
        with self._lock:
            views = self._views.setdefault(picture, _Views())
        with views.lock:
            same = len(views.regions) == len(regions) and all(
                one is other for one, other in zip(views.regions, regions, strict=True)
            )
            if not same or not views.scenes:
                scene = Scene.of(picture.pixels, list(regions))
                views.scenes = (scene, scene.halved(), scene.trimmed())
                views.regions = tuple(regions)
            return views.scenes
