"""The sheet of definitions: a tile a concept, whatever became of it."""

import polars as pl
import pytest
from PIL import Image

from vdata_assets.reports.definition_sheet import MAX_CONCEPTS, definition_sheet
from vdata_assets.reports.palette import DISTRACTOR, POSITIVE


def definitions(count, **values):
    rows = [
        {
            "concept": f"concept {number:02}",
            "verdict": "ACCEPT",
            "reason": "so it is",
            "coarse": "A photo of a red mug",
            "detailed": "The mug is red. " * 5,
            "reference_path": "a.png",
            **values,
        }
        for number in range(count)
    ]
    return pl.DataFrame(rows)


def colours(sheet):
    return {colour for _, colour in sheet.getcolors(1 << 24)}


def rgb(colour):
    return tuple(bytes.fromhex(colour.removeprefix("#")))


@pytest.fixture
def root(tmp_path):
    Image.new("RGB", (40, 20), (1, 2, 3)).save(tmp_path / "a.png")
    return tmp_path


@pytest.mark.parametrize(("verdict", "frame"), [("ACCEPT", POSITIVE), ("REJECT", DISTRACTOR)])
def test_the_frame_shows_the_verdict_and_the_picture_is_the_reference(root, verdict, frame):
    seen = colours(definition_sheet(definitions(1, verdict=verdict), "mug", root))
    assert rgb(frame) in seen
    assert (1, 2, 3) in seen


def test_a_concept_without_a_reference_shows_its_reason(root):
    undecided = definitions(
        1, verdict="ERROR", reference_path=None, coarse=None, detailed=None, reason="there is no image"
    )
    seen = colours(definition_sheet(undecided, "früh 猫", root))
    assert rgb(POSITIVE) not in seen
    assert (1, 2, 3) not in seen


def test_a_large_category_is_shown_in_part(root):
    at_most = definition_sheet(definitions(MAX_CONCEPTS), "mug", root)
    more = definition_sheet(definitions(MAX_CONCEPTS + 9), "mug", root)
    assert at_most.size == more.size
    assert at_most.tobytes() != more.tobytes()
