"""The language model's part: it describes a concept from its views, and judges the text by another one."""

import asyncio
import io
import json
from collections.abc import Sequence

from PIL import Image
from pydantic import BaseModel, Field, field_validator

from vdata_assets.concept_definitions.prompts import DEFINITION, REWRITE, VERIFICATION
from vdata_assets.concept_definitions.wording import coarse_problems, detailed_problems, tidied
from vdata_assets.concept_definitions.writer import Concept, Objection, Verdict, View, Wording
from vdata_assets.dataengine import answers
from vdata_assets.dataengine.prompts.template import one_line, quoted
from vdata_resources.language.asking import Questioner
from vdata_resources.language.protocol import Request

TEMPLATES = (DEFINITION, REWRITE, VERIFICATION)
JPEG_QUALITY = 90
MAX_CATEGORY = 60
MAX_REASON = 300


class Description(BaseModel):
    """A concept in words, as the model gives it; full stops are mended, all else is refused.

    Raises:
        ValueError: a text has not the form that :mod:`~vdata_assets.concept_definitions.wording` asks for.
    """

    coarse: str = Field(description='five or six words that begin with "A photo of a"')
    detailed: str = Field(description="one sentence on lasting visible features")

    @field_validator("coarse")
    @classmethod
    def _coarse_in_form(cls, text: str) -> str:
        text = tidied(text).rstrip(".")
        if problems := list(coarse_problems(text)):
            raise ValueError("; ".join(problems))
        return text

    @field_validator("detailed")
    @classmethod
    def _detailed_in_form(cls, text: str) -> str:
        text = tidied(text)
        text = f"{text}." if text[-1:].isalnum() else text
        if problems := list(detailed_problems(text)):
            raise ValueError("; ".join(problems))
        return text


class ModelConceptWriter:
    """Asks a vision-language model, with versioned templates.

    An answer that is not in form is asked again by the questioner. Judging is done at temperature 0.

    Args:
        questioner: asks, with cache, limits, retries and budget.
        model_identity: of the model that it asks.
        writing_temperature: at which descriptions are written.
    """

    def __init__(
        self, questioner: Questioner, model_identity: str, *, writing_temperature: float = 0.4
    ) -> None:
        self._questioner = questioner
        self._model_identity = model_identity
        self._writing_temperature = writing_temperature

    @property
    def identity(self) -> str:
        """See :class:`~vdata_assets.concept_definitions.writer.ConceptWriter`."""
        templates = " ".join(template.id for template in TEMPLATES)
        return f"{self._model_identity} {templates} temperature={self._writing_temperature}"

    async def write(
        self, concept: Concept, views: Sequence[View], objection: Objection | None = None
    ) -> Wording:
        """See :class:`~vdata_assets.concept_definitions.writer.ConceptWriter`."""
        fields = {"count": str(len(views)), "category": quoted(concept.display_category, MAX_CATEGORY)}
        template = DEFINITION
        if objection is not None:
            template = REWRITE
            fields["rejected"] = as_data(
                coarse=objection.wording.coarse,
                detailed=objection.wording.detailed,
                reason=objection.verdict.reason,
            )
        request = Request(
            purpose="concept_definitions",
            prompt=template.id,
            text=template.render(**fields),
            images=await _jpegs(views),
            schema=Description,
            temperature=self._writing_temperature,
        )
        answer = await self._questioner.ask(request, Description)
        return Wording(answer.coarse, answer.detailed)

    async def verify(self, concept: Concept, wording: Wording, view: View) -> Verdict:
        """See :class:`~vdata_assets.concept_definitions.writer.ConceptWriter`."""
        definition = as_data(
            category=one_line(concept.display_category, MAX_CATEGORY),
            coarse=wording.coarse,
            detailed=wording.detailed,
        )
        request = Request(
            purpose="definition_verification",
            prompt=VERIFICATION.id,
            text=VERIFICATION.render(definition=definition),
            images=await _jpegs([view]),
            schema=answers.Verdict,
        )
        answer = await self._questioner.ask(request, answers.Verdict)
        return Verdict(answer.verdict == "ACCEPT", one_line(answer.reason, MAX_REASON))


def as_data(**facts: str) -> str:
    """Texts of others as a JSON object of one line."""
    return json.dumps(facts, ensure_ascii=False)


async def _jpegs(views: Sequence[View]) -> tuple[bytes, ...]:
    return tuple([await asyncio.to_thread(jpeg, view) for view in views])


def jpeg(view: View) -> bytes:
    """The view as a file: the same bytes for the same pixels."""
    file = io.BytesIO()
    Image.fromarray(view.pixels).save(file, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return file.getvalue()
