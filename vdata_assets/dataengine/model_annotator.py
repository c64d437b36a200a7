"""A vision-language model that names regions, judges masks, writes prompts and judges those."""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from vdata_assets.dataengine import views
from vdata_assets.dataengine.annotator import (
    MAX_PROMPTS,
    Box,
    Caption,
    Family,
    Judgement,
    Picture,
    Prompt,
    Region,
    Written,
)
from vdata_assets.dataengine.answers import (
    MAX_BOXES,
    Choice,
    ConversationalPrompts,
    RegionBoxes,
    RegionCaptions,
    Verdict,
)
from vdata_assets.dataengine.model_prompts import usable_prompts
from vdata_assets.dataengine.model_regions import pixel_boxes, usable_captions
from vdata_assets.dataengine.prompts.concept_specific_meta_prompts import DEFINITIONS, FAMILY_PROMPTS
from vdata_assets.dataengine.prompts.concept_specific_meta_prompts_for_negatives import NEGATIVES
from vdata_assets.dataengine.prompts.region_dense_caption_meta_prompt import REGION_CAPTIONS
from vdata_assets.dataengine.prompts.template import MAX_PROMPT, Template, described, one_line, quoted
from vdata_assets.dataengine.prompts.verification_meta_prompts import (
    MASK_CHOICE,
    MASK_VERIFICATION,
    NEGATIVE_VERIFICATION,
    PROMPT_VERIFICATION,
    REGION_BOXES,
)
from vdata_resources.language.asking import Questioner
from vdata_resources.language.protocol import Request

TEMPLATES: tuple[Template, ...] = (
    REGION_CAPTIONS,
    REGION_BOXES,
    MASK_VERIFICATION,
    MASK_CHOICE,
    *FAMILY_PROMPTS.values(),
    NEGATIVES,
    PROMPT_VERIFICATION,
    NEGATIVE_VERIFICATION,
    *DEFINITIONS.values(),
)
MAX_REASON = 500

Parsed = TypeVar("Parsed", bound=BaseModel)


class ModelAnnotator:
    """Asks a vision-language model, with versioned templates, and checks what it says.

    What the model says in the wrong shape is asked again by the questioner. What it says in the right shape
    but against the rules is left out: see :mod:`~vdata_assets.dataengine.model_regions` and
    :mod:`~vdata_assets.dataengine.model_prompts`.

    Args:
        questioner: asks, with cache, limits, retries and budget.
        model_identity: of the model that it asks.
        writing_temperature: at which prompts are written; all else is asked at 0.
    """

    def __init__(
        self, questioner: Questioner, model_identity: str, *, writing_temperature: float = 0.4
    ) -> None:
        self._questioner = questioner
        self._model_identity = model_identity
        self._writing_temperature = writing_temperature

    @property
    def identity(self) -> str:
        """Model, writing temperature, and versions of the views and of every template."""
        templates = ", ".join(template.id for template in TEMPLATES)
        return (
            f"{self._model_identity}; writing at {self._writing_temperature:g}; views@{views.VERSION}; "
            f"{templates}"
        )

    async def captions(self, picture: Picture) -> list[Caption]:
        """The regions that the model names; see :func:`usable_captions`."""
        render = partial(_rendered, partial(views.plain, picture))
        answer = await self._ask(
            "region_captions", (REGION_CAPTIONS,), REGION_CAPTIONS.render(), render, RegionCaptions
        )
        return usable_captions(answer)

    async def boxes(self, picture: Picture, captions: list[Caption]) -> list[tuple[Box, ...]]:
        """The boxes that the model sees, at most :data:`MAX_BOXES` a caption; see :func:`pixel_boxes`."""
        if not captions:
            return []
        regions = "\n".join(
            described(caption.label, caption.attributes, caption.place, index)
            for index, caption in enumerate(captions)
        )
        text = REGION_BOXES.render(regions=regions, most=str(MAX_BOXES))
        render = partial(_rendered, partial(views.plain, picture))
        answer = await self._ask("region_boxes", (REGION_BOXES,), text, render, RegionBoxes)
        height, width = picture.pixels.shape[:2]
        return pixel_boxes(answer, len(captions), width, height)

    async def judge_mask(self, picture: Picture, caption: Caption, mask: NDArray[np.bool_]) -> Judgement:
        """The model's verdict on the mask, seen dimmed around with its box, and in red."""
        text = MASK_VERIFICATION.render(region=_described(caption))
        render = partial(
            _rendered,
            partial(views.dimmed_with_box, picture, mask),
            partial(views.red_overlay, picture, mask),
        )
        return _judgement(await self._ask("mask_verification", (MASK_VERIFICATION,), text, render, Verdict))

    async def prefers_refined(
        self, picture: Picture, caption: Caption, initial: NDArray[np.bool_], refined: NDArray[np.bool_]
    ) -> Judgement:
        """The model's choice between both masks in red, the initial one first."""
        text = MASK_CHOICE.render(region=_described(caption))
        render = partial(
            _rendered,
            partial(views.red_overlay, picture, initial),
            partial(views.red_overlay, picture, refined),
        )
        answer = await self._ask("mask_choice", (MASK_CHOICE,), text, render, Choice)
        return Judgement(answer.choice == "second", one_line(answer.reason, MAX_REASON))

    async def prompts(
        self, picture: Picture, regions: list[Region], family: Family, *, negative: bool
    ) -> Written:
        """The model's prompts that keep the rules; see :func:`usable_prompts`.

        It is not asked where no prompt could keep them: without a region, or with a single one for prompts
        whose satisfying regions must be fewer than the candidates.
        """
        if not regions:
            return Written((), "there is no region that a prompt could speak of")
        if not negative and len(regions) == 1:
            return Written((), "there is one region only, and nothing that it could be mistaken for")
        template = NEGATIVES if negative else FAMILY_PROMPTS[family]
        text = template.render(
            regions=_listed(regions), definition=DEFINITIONS[family].text, most=str(MAX_PROMPTS)
        )
        answer = await self._ask(
            f"{'negatives' if negative else 'prompts'}_{family}",
            (template, DEFINITIONS[family]),
            text,
            partial(_rendered, partial(views.plain, picture), partial(views.numbered, picture, regions)),
            ConversationalPrompts,
            self._writing_temperature,
        )
        return usable_prompts(answer, {region.index for region in regions}, negative=negative)

    async def judge_prompt(
        self, picture: Picture, regions: list[Region], family: Family, prompt: Prompt
    ) -> Judgement:
        """The model's verdict on the prompt, seen with the answer in red; for a negative, with nothing.

        The plain picture is shown as well: red paint hides colours that a prompt may go by.
        """
        fields = {"prompt": quoted(prompt.text, MAX_PROMPT), "definition": DEFINITIONS[family].text}
        look: list[Callable[[], bytes]] = [partial(views.plain, picture)]
        template = PROMPT_VERIFICATION if prompt.satisfying else NEGATIVE_VERIFICATION
        if prompt.satisfying:
            look.append(partial(views.answer_overlay, picture, regions, prompt.satisfying))
            marked = [region for region in regions if region.index in prompt.satisfying]
            fields["regions"] = _listed(marked)
        return _judgement(
            await self._ask(
                "prompt_verification",
                (template, DEFINITIONS[family]),
                template.render(**fields),
                partial(_rendered, *look),
                Verdict,
            )
        )

    async def _ask(
        self,
        purpose: str,
        templates: Iterable[Template],
        text: str,
        render: Callable[[], tuple[bytes, ...]],
        schema: type[Parsed],
        temperature: float = 0.0,
    ) -> Parsed:
        request = Request(
            purpose=purpose,
            prompt="+".join(template.id for template in templates),
            text=text,
            images=await asyncio.to_thread(render),
            schema=schema,
            temperature=temperature,
        )
        return await self._questioner.ask(request, schema)


def _rendered(*look: Callable[[], bytes]) -> tuple[bytes, ...]:
    return tuple(each() for each in look)


def _described(caption: Caption) -> str:
    return described(caption.label, caption.attributes, caption.place)


def _listed(regions: Iterable[Region]) -> str:
    return "\n".join(
        described(region.caption.label, region.caption.attributes, region.caption.place, region.index)
        for region in regions
    )


def _judgement(answer: Verdict) -> Judgement:
    return Judgement(answer.verdict == "ACCEPT", one_line(answer.reason, MAX_REASON))
