"""Regions of a shard: named, proposed, refined, verified; what has no answer is an error of its own."""

import asyncio
import json

import numpy as np
import polars as pl
import pytest
import xxhash
from PIL import Image
from scripted import NO, YES, ScriptedAnnotator, ScriptedSegmenter, caption

from vdata_assets.dataengine.find_regions import RegionFinder
from vdata_assets.dataengine.given_regions import read_given_regions
from vdata_assets.dataengine.settings import RegionSettings
from vdata_assets.dataengine.shard_audit import audit_regions
from vdata_assets.masks.dense import decoded
from vdata_assets.quality.findings import Status
from vdata_resources.language.protocol import (
    AnswerTimeoutError,
    BlockedError,
    BudgetSpent,
    ModelUnavailable,
    QuotaError,
    UnparsableError,
)

BIG, PART, SMALL = (10, 10, 59, 49), (10, 10, 59, 44), (70, 10, 74, 14)  # 2,000, 1,750 and 25 pixels
SETTINGS = RegionSettings()


@pytest.fixture
def shard(tmp_path):
    """A folder of pictures, and what finds their regions."""
    root, out = tmp_path / "photos", tmp_path / "out"
    root.mkdir()
    out.mkdir()

    def find(annotator, offered=(), names=("a",), settings=SETTINGS, given=None, size=(100, 80), ahead=3):
        rows = []
        for name in names:
            file = root / f"{name}.png"
            if not file.exists():
                Image.new("RGB", size, (120, 130, 140)).save(file)
            rows.append(
                (
                    f"id-{name}",
                    file.name,
                    f"out_region_refine_{name}",
                    xxhash.xxh3_128_hexdigest(file.read_bytes()),
                )
            )
        images = pl.DataFrame(rows, schema=["image_id", "path", "run", "content_hash"], orient="row")
        finder = RegionFinder(annotator, ScriptedSegmenter(list(offered)), settings, given or {})
        return asyncio.run(finder.shard(images, root, out, ahead=ahead, log=print))

    find.root, find.out = root, out
    return find


def named(*captions):
    return {"out_region_refine_a": list(captions)}


def test_a_region_that_is_refined_has_both_masks_judged_and_one_chosen(shard):
    annotator = ScriptedAnnotator(named(caption("cup", PART)))
    found = shard(annotator, offered=[BIG])
    (row,) = found.proposals.to_dicts()
    assert (row["initial_verdict"], row["refined_verdict"], row["chosen"]) == ("ACCEPT", "ACCEPT", "refined")
    assert row["refined_iou"] == pytest.approx(1750 / 2000)
    assert (row["index"], row["area"], row["box"]) == (0, 2000, list(BIG))
    assert decoded(row["rle"], 80, 100)[10:50, 10:60].all()
    assert found.pictures.select("captions", "regions", "width", "height").rows() == [(1, 1, 100, 80)]
    assert annotator.asked == ["captions", "choice for cup"]
    accepted = json.loads((shard.out / "out_region_refine_a/accepted_regions/accepted.json").read_bytes())
    assert [(entry["index"], entry["label"], entry["bbox"]) for entry in accepted] == [(0, "cup", list(BIG))]


@pytest.mark.parametrize(
    ("judged", "preferred", "chosen", "area", "reason"),
    [
        pytest.param({}, YES, "refined", 2000, "it fits", id="both stand, refined picked"),
        pytest.param({}, NO, "initial", 1750, "it does not fit", id="both stand, initial picked"),
        pytest.param(
            {("cup", 2000): NO}, YES, "initial", 1750, "only the initial mask stands", id="refined rejected"
        ),
        pytest.param(
            {("cup", 1750): NO}, YES, "refined", 2000, "only the refined mask stands", id="initial rejected"
        ),
        pytest.param({("cup", 1750): NO, ("cup", 2000): NO}, YES, None, None, None, id="both rejected"),
        pytest.param(
            {},
            BlockedError("x"),
            "initial",
            1750,
            "both stand, and nobody could choose: see errors",
            id="no choice",
        ),
    ],
)
def test_the_mask_that_is_taken(shard, judged, preferred, chosen, area, reason):
    annotator = ScriptedAnnotator(named(caption("cup", PART)), judged=judged, preferred=preferred)
    found = shard(annotator, offered=[BIG])
    assert found.proposals.select("chosen", "area", "chosen_reason").rows() == [(chosen, area, reason)]


def test_an_error_is_no_rejection_and_the_other_mask_may_stand(shard):
    annotator = ScriptedAnnotator(
        named(caption("cup", PART), caption("pen", SMALL)),
        judged={("cup", 1750): QuotaError("slow down"), ("pen", 25): UnparsableError("no JSON")},
    )
    found = shard(annotator, offered=[BIG])
    assert found.proposals.select("label", "initial_verdict", "refined_verdict", "chosen").rows() == [
        ("cup", "ERROR", "ACCEPT", "refined"),
        ("pen", "ERROR", None, None),
    ]
    assert found.errors.select("stage", "subject", "kind", "message").rows() == [
        ("mask_verification", "cup (initial)", "quota", "slow down"),
        ("mask_verification", "pen (initial)", "unparsable", "no JSON"),
    ]
    assert found.asked == 4  # captions, and three masks


def test_captions_without_boxes_are_asked_for_together_and_only_they(shard):
    annotator = ScriptedAnnotator(
        named(caption("cup", PART), caption("pen"), caption("hat")), placed={"pen": (SMALL,)}
    )
    found = shard(annotator)
    assert annotator.asked == ["captions", "boxes of pen, hat"]
    assert found.proposals.select("label", "initial_verdict", "index").rows() == [
        ("cup", "ACCEPT", 0),
        ("pen", "ACCEPT", 1),
        ("hat", None, None),
    ]


@pytest.mark.parametrize(
    ("annotator", "stage", "kind"),
    [
        pytest.param(
            ScriptedAnnotator(named=named(caption("cup")), placed={"*": AnswerTimeoutError("120 s")}),
            "region_boxes",
            "timeout",
            id="boxes",
        ),
        pytest.param(
            ScriptedAnnotator(named={"out_region_refine_a": BlockedError("safety")}),
            "region_captions",
            "blocked",
            id="captions",
        ),
    ],
)
def test_without_an_answer_the_picture_has_no_regions_and_the_others_go_on(shard, annotator, stage, kind):
    annotator.named["out_region_refine_b"] = [caption("cup", BIG)]
    found = shard(annotator, names=("a", "b"))
    assert found.pictures.select("run", "regions").rows() == [
        ("out_region_refine_a", 0),
        ("out_region_refine_b", 1),
    ]
    assert found.errors.select("run", "stage", "kind").rows() == [("out_region_refine_a", stage, kind)]


def test_a_file_that_changed_or_vanished_is_an_error_of_that_picture_alone(shard):
    annotator = ScriptedAnnotator({f"out_region_refine_{name}": [caption("cup", BIG)] for name in "abc"})
    shard(annotator, names=("a", "b", "c"))
    rows = pl.DataFrame(
        [
            (
                f"id-{name}",
                f"{name}.png",
                f"out_region_refine_{name}",
                "0" * 32
                if name == "b"
                else xxhash.xxh3_128_hexdigest((shard.root / f"{name}.png").read_bytes()),
            )
            for name in "abc"
        ],
        schema=["image_id", "path", "run", "content_hash"],
        orient="row",
    )
    finder = RegionFinder(annotator, ScriptedSegmenter(), SETTINGS)
    found = asyncio.run(finder.shard(rows, shard.root, shard.out, ahead=2, log=print))
    assert found.pictures["run"].to_list() == ["out_region_refine_a", "out_region_refine_c"]
    assert found.errors.select("stage", "kind", "message").rows() == [
        ("load", "unreadable", "changed since `images` was materialized: materialize that again")
    ]


@pytest.mark.parametrize(
    "error",
    [BudgetSpent("1.00 of 1.00 USD"), ModelUnavailable("set GOOGLE_API_KEY")],
    ids=["budget", "no key"],
)
def test_what_concerns_every_request_ends_the_shard(shard, error):
    annotator = ScriptedAnnotator({f"out_region_refine_{name}": error for name in "abcdef"})
    with pytest.raises(type(error), match=str(error)):
        shard(annotator, names="abcdef")


def test_small_automatic_masks_refine_nothing(shard):
    annotator = ScriptedAnnotator(named(caption("pen", SMALL)))
    found = shard(annotator, offered=[SMALL])
    assert found.proposals.select("refined_verdict", "refined_iou", "chosen").rows() == [
        (None, None, "initial")
    ]


def test_the_result_is_the_same_however_many_pictures_are_under_way(shard):
    def annotator():
        return ScriptedAnnotator({f"out_region_refine_{name}": [caption(name, PART)] for name in "abcdefg"})

    one = shard(annotator(), offered=[BIG], names="abcdefg", ahead=1)
    many = shard(annotator(), offered=[BIG], names="abcdefg", ahead=7)
    assert one.proposals.equals(many.proposals)
    assert one.pictures.equals(many.pictures)


def test_working_size_bounds_masks_and_keeps_the_sources_size(shard):
    annotator = ScriptedAnnotator(named(caption("cup", BIG)))
    found = shard(annotator, size=(200, 160), settings=RegionSettings(max_side=100))
    assert found.pictures.select("width", "height", "source_width", "source_height").rows() == [
        (100, 80, 200, 160)
    ]
    assert Image.open(shard.out / "out_region_refine_a/original_image.png").size == (100, 80)


COCO = {
    "images": [{"id": 1, "file_name": "a.png", "width": 100, "height": 80}],
    "categories": [{"id": 1, "name": "person"}, {"id": 2, "name": "tree-merged"}],
}


def given_file(tmp_path, annotations):
    file = tmp_path / "given.json"
    file.write_text(json.dumps({**COCO, "annotations": annotations}))
    return read_given_regions(file)


def test_given_regions_are_verified_but_neither_named_nor_refined(shard, tmp_path):
    square = [10, 10, 60, 10, 60, 50, 10, 50]
    given = given_file(
        tmp_path,
        [
            {"image_id": 1, "category_id": 1, "segmentation": [square]},
            {"image_id": 1, "category_id": 2, "segmentation": {"size": [80, 100], "counts": [1, 0, 5]}},
        ],
    )
    annotator = ScriptedAnnotator()
    found = shard(annotator, offered=[BIG], given=given)
    assert annotator.asked == []
    assert found.proposals.select("label", "area", "refined_verdict", "chosen").rows() == [
        ("person", 2000, None, "initial"),
        ("tree", None, None, None),
    ]
    assert found.errors.select("stage", "subject", "kind", "message").rows() == [
        (
            "given_regions",
            "tree (1)",
            "unreadable",
            "run lengths sum to 6, the image has 100 x 80 = 8000 pixels: the mask is of another size",
        )
    ]
    findings = audit_regions(found.pictures, found.proposals, found.errors, found.asked, SETTINGS)
    assert {finding.status for finding in findings} == {Status.PASSED}


def test_a_label_of_which_one_given_region_is_not_accepted_is_left_out_whole(shard, tmp_path):
    first, second = ([x, 10, x + 20, 10, x + 20, 50, x, 50] for x in (10, 50))
    third = [75, 60, 95, 60, 95, 75, 75, 75]
    given = given_file(
        tmp_path,
        [
            {"image_id": 1, "category_id": 1, "segmentation": [first]},
            {"image_id": 1, "category_id": 2, "segmentation": [second]},
            {"image_id": 1, "category_id": 1, "segmentation": [third]},
        ],
    )
    found = shard(ScriptedAnnotator(judged={("person", 300): NO}), given=given)
    left_out = "another given region of this label was not accepted: the label is left out"
    assert found.proposals.select("label", "index", "initial_verdict", "chosen_reason").rows() == [
        ("person", None, "ACCEPT", left_out),
        ("tree", 0, "ACCEPT", "only the initial mask stands"),
        ("person", None, "REJECT", None),
    ]


def test_audits_name_what_is_odd(shard):
    annotator = ScriptedAnnotator(
        {**named(caption("cup", BIG), caption("pen", SMALL)), "out_region_refine_b": BlockedError("safety")},
        judged={("pen", 25): NO},
    )
    found = shard(annotator, names=("a", "b"))
    settings = RegionSettings(min_acceptance=0.6, max_error_share=0.1)
    findings = {
        f.name: f for f in audit_regions(found.pictures, found.proposals, found.errors, found.asked, settings)
    }
    assert {name: (f.status.value, f.message, f.offenders) for name, f in findings.items()} == {
        "region_masks_valid": ("PASSED", "0 of 1 accepted masks are unsound", ()),
        "pictures_with_regions": (
            "WARNING",
            "1 of 2 pictures have no accepted region",
            ("out_region_refine_b",),
        ),
        "mask_acceptance": (
            "WARNING",
            "1 of 2 regions (50.0%) are accepted; expected: 60% to 100%",
            ("50.0% accepted",),
        ),
        "service_errors": (
            "FAILED",
            "1 of 4 questions (25.0%) had no answer: 1 blocked",
            ("out_region_refine_b, region_captions: blocked, safety",),
        ),
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param({"rle": "zzz"}, "out_region_refine_a 0: ", id="malformed"),
        pytest.param(
            {"box": [10, 10, 60, 50]},
            "out_region_refine_a 0: box [10, 10, 60, 50] is not the mask's [10, 10, 59, 49]",
            id="box of exclusive ends",
        ),
    ],
)
def test_an_unsound_mask_fails_the_shard(shard, change, said):
    found = shard(ScriptedAnnotator(named(caption("cup", BIG))))
    broken = found.proposals.with_columns(
        **{name: pl.Series([value], dtype=found.proposals.schema[name]) for name, value in change.items()}
    )
    finding = audit_regions(found.pictures, broken, found.errors, found.asked, SETTINGS)[0]
    assert finding.status is Status.FAILED
    assert finding.offenders[0].startswith(said)


def test_given_coco_photos_keep_the_masks_that_people_drew(test_data, tmp_path):
    folder = test_data("coco-panoptic")
    given = read_given_regions(folder / "panoptic_coco_detection_format.json")
    for file_name, regions in given.items():
        width, height = Image.open(folder / "input_images" / file_name).size
        areas = [int(np.count_nonzero(region.mask(width, height))) for region in regions]
        assert min(areas) > 0
        assert sum(areas) <= width * height
    # There is a crowd of persons, so how many there are is not known: none is taken.
    labels = {region.label for region in given["000000142238.jpg"]}
    assert {"sports ball", "tree", "grass"} <= labels
    assert "person" not in labels
