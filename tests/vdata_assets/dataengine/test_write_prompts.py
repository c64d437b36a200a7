"""Prompts of a shard: written by family, judged, filed by verdict; errors are no rejections."""

import asyncio
import json

import numpy as np
import polars as pl
import pytest
import xxhash
from PIL import Image
from scripted import NO, ScriptedAnnotator, ScriptedSegmenter, caption, prompt

from vdata_assets.dataengine.annotator import FAMILIES, Written
from vdata_assets.dataengine.find_regions import RegionFinder
from vdata_assets.dataengine.settings import PromptSettings, RegionSettings
from vdata_assets.dataengine.shard_audit import audit_prompts, families_balanced
from vdata_assets.dataengine.write_prompts import PromptWriter
from vdata_resources.language.protocol import BlockedError, BudgetSpent, UnparsableError

LEFT, RIGHT = (5, 5, 44, 44), (55, 5, 94, 44)
RUNS = ("out_region_refine_a", "out_region_refine_b")


@pytest.fixture
def shard(tmp_path):
    """Two pictures, the first with two regions, the second with none; and what writes their prompts."""
    root, regions, out = tmp_path / "photos", tmp_path / "regions", tmp_path / "prompts"
    for folder in (root, regions, out):
        folder.mkdir()
    rows = []
    for name in "ab":
        file = root / f"{name}.png"
        Image.new("RGB", (100, 80), (90, 120, 150)).save(file)
        rows.append(
            (
                f"id-{name}",
                file.name,
                f"out_region_refine_{name}",
                xxhash.xxh3_128_hexdigest(file.read_bytes()),
            )
        )
    images = pl.DataFrame(rows, schema=["image_id", "path", "run", "content_hash"], orient="row")
    finder = RegionFinder(
        ScriptedAnnotator({RUNS[0]: [caption("cup", LEFT), caption("pen", RIGHT)]}),
        ScriptedSegmenter(),
        RegionSettings(),
    )
    found = asyncio.run(finder.shard(images, root, regions, ahead=2, log=print))

    def write(annotator, ahead=2, **settings):
        writer = PromptWriter(annotator, PromptSettings(**settings))
        return asyncio.run(
            writer.shard(found.pictures, found.proposals, regions, out, ahead=ahead, log=print)
        )

    write.out, write.pictures = out, found.pictures
    return write


def summary(shard, family, run=RUNS[0]):
    return json.loads((shard.out / run / family / "summary.json").read_bytes())


SCRIPT = {
    ("entities", False): Written((prompt("Segment the cup."), prompt("Segment the hat.", satisfying=(1,)))),
    ("spatial", False): Written(
        (prompt("Segment what is on the right.", satisfying=(1,)),), "one was left out"
    ),
    ("spatial", True): Written((prompt("Segment what hangs below.", satisfying=()),)),
}


def test_prompts_are_filed_by_family_and_verdict_with_negatives_last(shard):
    written = shard(ScriptedAnnotator(written=SCRIPT, verdicts={"Segment the hat.": NO}))
    assert written.prompts.select(
        "run", "family", "index", "negative", "prompt", "verdict", "reason"
    ).rows() == [
        (RUNS[0], "entities", 0, False, "Segment the cup.", "ACCEPT", "it fits"),
        (RUNS[0], "entities", 1, False, "Segment the hat.", "REJECT", "it does not fit"),
        (RUNS[0], "spatial", 0, False, "Segment what is on the right.", "ACCEPT", "it fits"),
        (RUNS[0], "spatial", 1, True, "Segment what hangs below.", "ACCEPT", "it fits"),
    ]
    entities, spatial = summary(shard, "entities"), summary(shard, "spatial")
    assert [(v["index"], v["verdict"], v["satisfying"]) for v in entities["prompt_verifications"]] == [
        (0, "ACCEPT", [0]),
        (1, "REJECT", [1]),
    ]
    for verification, folder in zip(entities["prompt_verifications"], ("ACCEPTED", "REJECTED"), strict=True):
        assert f"/{folder}/" in verification["classified_path"]
        paths = [shard.out / RUNS[0] / verification[key] for key in ("src_path", "classified_path")]
        assert len({path.read_bytes() for path in paths}) == 1
    assert [v["satisfying"] for v in spatial["prompt_verifications"]] == [[1], []]
    assert spatial["note"] == "one was left out"


def test_every_family_of_every_picture_has_a_summary_that_says_why_it_is_silent(shard):
    written = shard(ScriptedAnnotator(written=SCRIPT))
    for run in RUNS:
        assert {path.parent.name for path in (shard.out / run).glob("*/summary.json")} == set(FAMILIES)
    assert summary(shard, "physics") == {
        "image_path": "original_image.png",
        "accepted_dir": "accepted_regions",
        "conversational_prompts": None,
        "prompt_verifications": None,
        "note": "nothing to say; negatives: nothing to say",
    }
    assert summary(shard, "physics", RUNS[1])["note"] == (
        "no region was accepted in this picture; negatives: no region was accepted in this picture"
    )
    notes = written.silences.filter(pl.col("run") == RUNS[0]).select("family", "negative", "note").rows()
    assert ("spatial", False, "one was left out") in notes
    assert ("entities", False, "") not in notes
    assert written.silences.filter(pl.col("run") == RUNS[1]).height == 2 * len(FAMILIES)


def test_errors_are_kept_apart_from_rejections(shard):
    script = {
        **SCRIPT,
        ("physics", False): UnparsableError("no JSON"),
        ("physics", True): BlockedError("safety"),
    }
    written = shard(ScriptedAnnotator(written=script, verdicts={"Segment the hat.": BlockedError("blocked")}))
    assert written.prompts["verdict"].value_counts().sort("verdict").rows() == [("ACCEPT", 3), ("ERROR", 1)]
    assert written.errors.select("stage", "subject", "kind").rows() == [
        ("negatives_physics", "", "blocked"),
        ("prompt_verification", "Segment the hat.", "blocked"),
        ("prompts_physics", "", "unparsable"),
    ]
    assert len(summary(shard, "entities")["prompt_verifications"]) == 1
    assert len(summary(shard, "entities")["conversational_prompts"]) == 2
    assert summary(shard, "physics")["note"] == (
        "nobody wrote any: see errors; negatives: nobody wrote any: see errors"
    )
    _, acceptance, errors = audit_prompts(
        shard.pictures, written.prompts, written.errors, written.asked, PromptSettings()
    )
    assert acceptance.message.startswith("3 of 3 prompts (100.0%) are accepted")
    assert (errors.status.value, errors.message) == (
        "FAILED",
        "3 of 14 questions (21.4%) had no answer: 2 blocked, 1 unparsable",
    )


def test_negatives_are_written_only_when_wanted(shard):
    written = shard(ScriptedAnnotator(written=SCRIPT), negatives=False)
    assert written.prompts["negative"].any() is False
    assert not any("negatives" in (summary(shard, family).get("note") or "") for family in FAMILIES)


def test_the_budget_ends_the_shard(shard):
    with pytest.raises(BudgetSpent, match="spent"):
        shard(ScriptedAnnotator(written={("spatial", False): BudgetSpent("all is spent")}))


def test_the_result_is_the_same_however_many_pictures_are_under_way(shard):
    one, many = (shard(ScriptedAnnotator(written=SCRIPT), ahead=ahead) for ahead in (1, 5))
    assert one.prompts.equals(many.prompts)
    assert one.silences.equals(many.silences)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        pytest.param({"prompt": "  "}, "the text is empty", id="empty"),
        pytest.param(
            {"candidates": [0, 7]}, "regions [7] do not exist, the picture has 2", id="unknown region"
        ),
        pytest.param(
            {"satisfying": [0, 1]}, "satisfying [0, 1] is no strict subset of candidates [0, 1]", id="all"
        ),
        pytest.param({"satisfying": []}, "no region satisfies it", id="none"),
        pytest.param({"negative": True}, "a negative is satisfied by [0]", id="negative"),
    ],
)
def test_unsound_prompts_fail_the_shard(shard, changed, problem):
    written = shard(ScriptedAnnotator(written={("entities", False): Written((prompt("Segment the cup."),))}))
    broken = written.prompts.with_columns(
        **{name: pl.Series([value], dtype=written.prompts.schema[name]) for name, value in changed.items()}
    )
    sound, *_ = audit_prompts(
        shard.pictures, written.prompts, written.errors, written.asked, PromptSettings()
    )
    finding, *_ = audit_prompts(shard.pictures, broken, written.errors, written.asked, PromptSettings())
    assert (sound.status.value, finding.status.value) == ("PASSED", "FAILED")
    assert finding.offenders == (f"{RUNS[0]} entities 0: {problem}",)


def test_families_that_write_but_are_hardly_accepted_are_named():
    prompts = pl.DataFrame(
        {
            "family": ["entities"] * 30 + ["spatial"] * 2 + ["physics"],
            "negative": [False] * 32 + [True],
            "verdict": ["ACCEPT"] * 31 + ["REJECT"] + ["ACCEPT"],
        }
    )
    finding = families_balanced(prompts, 0.05)
    assert (finding.status.value, finding.message, finding.offenders) == (
        "WARNING",
        "accepted prompts by family: entities 30, spatial 1",
        ("spatial: 1 of 31, of 2 written",),
    )
    assert families_balanced(prompts.clear(), 0.05).message == "accepted prompts by family: none"


def test_the_view_of_a_prompt_shows_what_answers_it(shard):
    shard(ScriptedAnnotator(written=SCRIPT))
    (verification, _) = summary(shard, "entities")["prompt_verifications"]
    view = np.asarray(Image.open(shard.out / RUNS[0] / verification["src_path"]).convert("RGB")).astype(int)
    redness = view[:, :, 0] - view[:, :, 2]
    assert redness[10:40, 10:40].mean() > redness[10:40, 60:90].mean() + 30
