"""What will be asked is foreseen by stage."""

import pytest

from vdata_assets.dataengine.annotator import FAMILIES
from vdata_assets.dataengine.model_costs import expected_calls
from vdata_resources.language.costs import Prices, estimated_cost

STAGES = ["region_captions", "region_boxes", "mask_verification", "mask_choice"]
WRITING = [f"prompts_{family}" for family in FAMILIES]
NEGATIVE = [f"negatives_{family}" for family in FAMILIES]


@pytest.mark.parametrize(
    ("options", "calls"),
    [
        pytest.param(
            {"negatives": True},
            dict(zip(STAGES, [10, 10, 120, 60], strict=True))
            | dict.fromkeys([*WRITING, *NEGATIVE], 10)
            | {"prompt_verification": 300},
            id="all",
        ),
        pytest.param(
            {"negatives": False},
            dict(zip(STAGES, [10, 10, 120, 60], strict=True))
            | dict.fromkeys(WRITING, 10)
            | {"prompt_verification": 150},
            id="without negatives",
        ),
        pytest.param(
            {"negatives": False, "given_regions": True},
            dict.fromkeys(WRITING, 10) | {"prompt_verification": 150},
            id="with given regions",
        ),
    ],
)
def test_calls_are_foreseen_by_stage(options: dict[str, bool], calls: dict[str, int]) -> None:
    foreseen = expected_calls(10, **options)
    assert {row.stage: row.calls for row in foreseen} == calls
    assert list(calls) == [row.stage for row in foreseen]
    assert all(100 < row.input_tokens < 6000 and 0 < row.output_tokens <= 400 for row in foreseen)
    assert estimated_cost(foreseen, Prices(0.3, 2.5))["usd"].sum() > 0


def test_larger_pictures_and_more_of_them_cost_more() -> None:
    def tokens(pictures: int, width: int, height: int) -> int:
        rows = expected_calls(pictures, negatives=True, width=width, height=height)
        return sum(row.calls * row.input_tokens for row in rows)

    assert tokens(0, 768, 576) == 0
    assert tokens(20, 768, 576) == 2 * tokens(10, 768, 576)
    assert tokens(10, 384, 288) < tokens(10, 768, 576)
