"""What the language model will be asked about concepts, before it is asked."""

import numpy as np
from pydantic import BaseModel

from vdata_assets.concept_definitions.model import as_data, jpeg
from vdata_assets.concept_definitions.prompts import DEFINITION, VERIFICATION
from vdata_assets.concept_definitions.settings import ConceptDefinitionSettings
from vdata_assets.concept_definitions.wording import MAX_CHARACTERS, OPENING
from vdata_assets.concept_definitions.writer import View
from vdata_resources.language.costs import StageEstimate, estimated_tokens
from vdata_resources.language.protocol import Request

# Tokens of answers like the examples in the templates, at 4 characters a token.
DESCRIPTION_TOKENS = 70
VERDICT_TOKENS = 40


def expected_calls(concepts: int, settings: ConceptDefinitionSettings) -> list[StageEstimate]:
    """What defining concepts asks of the model if nothing is in the cache and no wording is rejected.

    Assumed are as many views a concept as wanted and one more, each a square of the largest side. A rejected
    wording costs both questions once more. Retries and tokens of thinking come on top.

    Args:
        concepts: how many.
        settings: what is looked at.

    Returns:
        One row a stage, in the order of work.
    """
    blank = jpeg(View("", "", np.zeros((settings.max_side, settings.max_side, 3), np.uint8)))
    definition = as_data(category="object", coarse=OPENING, detailed="." * (MAX_CHARACTERS // 2))
    stages = (
        (
            "concept_definitions",
            DEFINITION.render(count=str(settings.views), category='"object"'),
            settings.views,
            DESCRIPTION_TOKENS,
        ),
        ("definition_verification", VERIFICATION.render(definition=definition), 1, VERDICT_TOKENS),
    )
    return [
        StageEstimate(
            stage,
            concepts,
            estimated_tokens(Request(stage, stage, text, (blank,) * images, BaseModel)),
            output,
        )
        for stage, text, images, output in stages
    ]
