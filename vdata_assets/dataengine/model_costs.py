"""What the language model will be asked, before it is asked."""

from math import ceil

import numpy as np
from pydantic import BaseModel

from vdata_assets.dataengine import views
from vdata_assets.dataengine.annotator import FAMILIES, MAX_PROMPTS, Picture
from vdata_assets.dataengine.answers import MAX_BOXES
from vdata_assets.dataengine.prompts.concept_specific_meta_prompts import DEFINITIONS, FAMILY_PROMPTS
from vdata_assets.dataengine.prompts.concept_specific_meta_prompts_for_negatives import NEGATIVES
from vdata_assets.dataengine.prompts.region_dense_caption_meta_prompt import REGION_CAPTIONS
from vdata_assets.dataengine.prompts.template import described, quoted
from vdata_assets.dataengine.prompts.verification_meta_prompts import (
    MASK_CHOICE,
    MASK_VERIFICATION,
    NEGATIVE_VERIFICATION,
    PROMPT_VERIFICATION,
    REGION_BOXES,
)
from vdata_resources.language.costs import StageEstimate, estimated_tokens
from vdata_resources.language.protocol import Request

REGIONS = 6
"""Regions of a picture: the middle of the 5 to 7 that are asked for."""

# Tokens of answers like the examples in the templates, at 4 characters a token.
CAPTION_TOKENS = 40
BOX_TOKENS = 30
VERDICT_TOKENS = 40
PROMPT_TOKENS = 60

REGION = described("blue ceramic mug", ("glazed", "small", "half full"), "lower center")
PROMPT = quoted("Could you please mark the mug that is farther from the teapot?", 100)


def expected_calls(
    pictures: int, *, negatives: bool, given_regions: bool = False, width: int = 768, height: int = 576
) -> list[StageEstimate]:
    """What annotating pictures asks of the model if nothing is in the cache; more than a usual run needs.

    Assumed are 6 regions a picture, each with an initial and a refined mask that are both accepted, so that
    one is chosen, and 3 prompts of each concept family, and as many negatives. Regions that are rejected or
    have no refined mask, and families that are silent, cost less. Retries and tokens of thinking come on
    top. Input is counted on the templates by :func:`~vdata_resources.language.costs.estimated_tokens`.

    Args:
        pictures: how many.
        negatives: whether prompts whose target is absent are written too.
        given_regions: whether regions come from a file, so that only prompts are asked for.
        width: of a working picture in pixels, usually.
        height: likewise.

    Returns:
        One row a stage, in the order of work.
    """
    blank = views.plain(Picture("", "", np.zeros((height, width, 3), np.uint8)))
    stages: list[StageEstimate] = []

    def add(stage: str, each: int, text: str, images: int, output: int) -> None:
        asked = estimated_tokens(Request(stage, stage, text, (blank,) * images, BaseModel))
        stages.append(StageEstimate(stage, pictures * each, asked, output))

    regions = "\n".join([REGION] * REGIONS)
    if not given_regions:
        add("region_captions", 1, REGION_CAPTIONS.render(), 1, REGIONS * CAPTION_TOKENS)
        text = REGION_BOXES.render(regions=regions, most=str(MAX_BOXES))
        add("region_boxes", 1, text, 1, REGIONS * BOX_TOKENS)
        add("mask_verification", 2 * REGIONS, MASK_VERIFICATION.render(region=REGION), 2, VERDICT_TOKENS)
        add("mask_choice", REGIONS, MASK_CHOICE.render(region=REGION), 2, VERDICT_TOKENS)
    for kind, templates in (("prompts", FAMILY_PROMPTS), ("negatives", dict.fromkeys(FAMILIES, NEGATIVES))):
        if kind == "prompts" or negatives:
            for family in FAMILIES:
                definition = DEFINITIONS[family].text
                text = templates[family].render(regions=regions, definition=definition, most=str(MAX_PROMPTS))
                add(f"{kind}_{family}", 1, text, 2, MAX_PROMPTS * PROMPT_TOKENS)
    verified = len(FAMILIES) * MAX_PROMPTS
    definition = max((template.text for template in DEFINITIONS.values()), key=len)
    text = PROMPT_VERIFICATION.render(prompt=PROMPT, regions=REGION, definition=definition)
    add("prompt_verification", verified, text, 2, VERDICT_TOKENS)
    if negatives:
        text = NEGATIVE_VERIFICATION.render(prompt=PROMPT, definition=definition)
        add("prompt_verification", verified, text, 1, VERDICT_TOKENS)
        stages[-2:] = [_mean(*stages[-2:])]
    return stages


def _mean(one: StageEstimate, other: StageEstimate) -> StageEstimate:
    """Two equally large halves of a stage as one."""
    tokens = ceil((one.input_tokens + other.input_tokens) / 2)
    return StageEstimate(one.stage, one.calls + other.calls, tokens, one.output_tokens)
