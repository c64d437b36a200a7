"""Definitions of a category: which views are looked at, what is kept of which answer, and no leak."""

import asyncio
import json

import numpy as np
import polars as pl
import pytest
from concept_pictures import ScriptedWriter, catalogued, drawn

from vdata_assets.concept_definitions import define
from vdata_assets.concept_definitions.audit import audit_definitions
from vdata_assets.concept_definitions.define import define_concepts, training_views
from vdata_assets.concept_definitions.definitions_json import ATTEMPTS, NAME, TABLE, write_definitions
from vdata_assets.concept_definitions.rules import RuleConceptWriter
from vdata_assets.concept_definitions.settings import ConceptDefinitionSettings
from vdata_assets.concept_definitions.writer import Objection, Verdict, Wording
from vdata_assets.quality.findings import Status
from vdata_resources.language.protocol import BlockedError, BudgetSpent, QuotaError

RED, BLUE, WHITE, GREY = (190, 30, 30), (40, 80, 200), (250, 250, 250), (128, 128, 128)
WORDING = Wording("A photo of a red mug", "The mug is mostly red.")
OTHER = Wording("A photo of a round mug", "The mug is red and round.")


def defined(images, root, writer, concepts=None, category="mug", **settings):
    return asyncio.run(
        define_concepts(
            images,
            sorted(set(images["concept"])) if concepts is None else concepts,
            category,
            root,
            writer,
            ConceptDefinitionSettings(**settings),
        )
    )


def pictures(concept, count, colour=RED, category="mug"):
    grounds = [WHITE, GREY, (90, 140, 90), (200, 190, 90), (60, 60, 90)]
    return {
        f"{category}/{concept}/{number:02}.png": drawn(colour, grounds[number % len(grounds)])
        for number in range(count)
    }


def test_a_concept_is_written_from_some_views_and_verified_against_another(tmp_path):
    images = catalogued(tmp_path, pictures("rex", 6))
    writer = ScriptedWriter({"rex": [WORDING]})
    result = defined(images, tmp_path, writer, views=2)
    ((_, written_from, objection),) = writer.wrote
    ((_, judged, verified_by),) = writer.judged
    assert (len(written_from), objection, judged) == (2, None, WORDING)
    assert verified_by not in written_from
    (row,) = result.definitions.to_dicts()
    assert row == {
        "category": "mug",
        "concept": "rex",
        "display_category": "mug",
        "verdict": "ACCEPT",
        "verified": True,
        "coarse": WORDING.coarse,
        "detailed": WORDING.detailed,
        "reference_id": written_from[0],
        "reference_path": written_from[0].removeprefix("id of "),
        "view_ids": written_from,
        "verified_by": verified_by,
        "attempts": 1,
        "reason": "so it is",
    }


@pytest.mark.parametrize(
    ("count", "written_from", "verified"), [(1, 1, False), (2, 1, True), (3, 2, True), (9, 3, True)]
)
def test_one_view_is_kept_for_verifying_if_there_are_two(tmp_path, count, written_from, verified):
    images = catalogued(tmp_path, pictures("rex", count))
    (row,) = defined(images, tmp_path, ScriptedWriter({"rex": [WORDING]})).definitions.to_dicts()
    assert (len(row["view_ids"]), row["verified"]) == (written_from, verified)
    if count == 1:
        assert row["reason"] == "not verified: there is one training view alone"
        assert row["verdict"] == "ACCEPT"


def test_a_rejected_wording_is_rewritten_once_with_the_reason(tmp_path):
    images = catalogued(tmp_path, pictures("rex", 3))
    verdict = Verdict(False, "it is round", ("a",))
    writer = ScriptedWriter({"rex": [WORDING, OTHER]}, {"rex": [verdict, Verdict(True, "yes")]})
    result = defined(images, tmp_path, writer)
    assert [objection for _, _, objection in writer.wrote] == [None, Objection(WORDING, verdict)]
    (row,) = result.definitions.to_dicts()
    assert (row["verdict"], row["coarse"], row["attempts"]) == ("ACCEPT", OTHER.coarse, 2)
    assert result.attempts.select("attempt", "coarse", "verdict", "reason").rows() == [
        (1, WORDING.coarse, "REJECT", "it is round"),
        (2, OTHER.coarse, "ACCEPT", "yes"),
    ]


@pytest.mark.parametrize(
    ("wordings", "verdicts", "verdict", "reason", "error", "texts"),
    [
        pytest.param(
            [WORDING, OTHER], [Verdict(False, "no"), Verdict(False, "still no")],
            "REJECT", "still no", (None, None), OTHER, id="rejected twice",
        ),
        pytest.param(
            [None], [], "REJECT", "nothing that could be stated agrees in the views",
            (None, None), None, id="nothing to state",
        ),
        pytest.param(
            [WORDING, None], [Verdict(False, "it is blue")],
            "REJECT", "it is blue", (None, None), None, id="nothing left to state",
        ),
        pytest.param(
            [Wording("A mug", "The mug is <red>."), WORDING], [Verdict(True, "yes")],
            "ACCEPT", "yes", (None, None), WORDING, id="not in form, then in form",
        ),
        pytest.param(
            [Wording("A mug of a red", "The mug is mostly red.")] * 2, [],
            "REJECT", 'coarse does not begin with "A photo of a"', (None, None),
            Wording("A mug of a red", "The mug is mostly red."), id="never in form",
        ),
        pytest.param(
            [BlockedError("withheld")], [],
            "ERROR", "withheld", ("concept_definitions", "blocked"), None, id="no wording",
        ),
        pytest.param(
            [WORDING], [QuotaError("429")],
            "ERROR", "429", ("definition_verification", "quota"), WORDING, id="no verdict",
        ),
        pytest.param(
            [WORDING, QuotaError("429")], [Verdict(False, "no")],
            "ERROR", "429", ("concept_definitions", "quota"), None, id="no second wording",
        ),
    ],
)  # fmt: skip
def test_what_is_not_accepted_is_kept_with_its_reason(
    tmp_path, wordings, verdicts, verdict, reason, error, texts
):
    images = catalogued(tmp_path, pictures("rex", 3))
    result = defined(images, tmp_path, ScriptedWriter({"rex": wordings}, {"rex": verdicts}))
    (row,) = result.definitions.to_dicts()
    assert (row["verdict"], row["reason"]) == (verdict, reason)
    assert (row["coarse"], row["detailed"]) == ((texts.coarse, texts.detailed) if texts else (None, None))
    last = result.attempts.to_dicts()[-1]
    assert (last["stage"], last["kind"]) == error
    write_definitions(result.definitions, result.attempts, tmp_path, prefix="")
    assert len(json.loads((tmp_path / NAME).read_text())) == (verdict == "ACCEPT")


def test_a_concept_without_an_answer_leaves_the_others_as_they_are(tmp_path):
    images = catalogued(tmp_path, pictures("rex", 3) | pictures("ada", 3) | pictures("zoe", 3))
    writer = ScriptedWriter({"rex": [BlockedError("withheld")], "ada": [WORDING], "zoe": [OTHER]})
    assert defined(images, tmp_path, writer).definitions.select("concept", "verdict").rows() == [
        ("ada", "ACCEPT"), ("rex", "ERROR"), ("zoe", "ACCEPT"),
    ]  # fmt: skip


def test_a_spent_budget_ends_the_work(tmp_path):
    images = catalogued(tmp_path, pictures("rex", 2) | pictures("ada", 2))
    writer = ScriptedWriter({"rex": [BudgetSpent("max_cost_usd")], "ada": [WORDING]})
    with pytest.raises(BudgetSpent, match="max_cost_usd"):
        defined(images, tmp_path, writer)


def test_concepts_without_a_usable_training_image_say_so(tmp_path):
    images = catalogued(tmp_path, pictures("rex", 1))
    (tmp_path / "mug/rex/00.png").write_bytes(b"damaged")
    result = defined(images, tmp_path, ScriptedWriter({}), concepts=["rex", "only tested"])
    assert result.definitions.select("concept", "verdict", "reason").rows() == [
        ("only tested", "ERROR", "there is no training image"),
        ("rex", "ERROR", "none of 1 training images can be read, the first: mug/rex/00.png: "
         "not an image in a known format (starts with 64 61 6d 61 67 65 64)"),
    ]  # fmt: skip
    assert result.attempts["kind"].to_list() == ["no_image", "unreadable"]


def test_an_unreadable_view_is_passed_over(tmp_path):
    images = catalogued(tmp_path, pictures("rex", 5))
    chosen, _ = training_views(images, tmp_path, 4, ConceptDefinitionSettings())
    (tmp_path / chosen[0].path).write_bytes(b"damaged")
    instead, unreadable = training_views(images, tmp_path, 4, ConceptDefinitionSettings())
    assert [view.path for view in instead[:3]] == [view.path for view in chosen[1:]]
    assert len(instead) == 4
    assert unreadable[0].startswith(chosen[0].path)


def test_identical_files_are_one_view(tmp_path):
    images = catalogued(tmp_path, pictures("rex", 4)).with_columns(content_hash=pl.lit("the same"))
    views, _ = training_views(images, tmp_path, 4, ConceptDefinitionSettings())
    assert len(views) == 1


def test_views_do_not_depend_on_row_order_and_further_images_only_push_in(tmp_path):
    images = catalogued(tmp_path, pictures("rex", 8))
    settings = ConceptDefinitionSettings()

    def ids(table, wanted=4):
        return [view.image_id for view in training_views(table, tmp_path, wanted, settings)[0]]

    assert ids(images) == ids(images.reverse())
    fewer = images.filter(pl.col("image_id") != ids(images)[1])
    assert ids(fewer, 3) == [ids(images)[0], *ids(images)[2:]]


def test_views_are_no_larger_than_asked_for(tmp_path):
    images = catalogued(tmp_path, {"mug/rex/0.png": np.zeros((300, 600, 3), np.uint8)})
    (view,), _ = training_views(images, tmp_path, 1, ConceptDefinitionSettings(max_side=128))
    assert view.pixels.shape == (64, 128, 3)


@pytest.mark.parametrize(
    ("category", "named", "display"),
    [
        ("veg", {"veg": "vegetable"}, "vegetable"),
        ("trolley_bag", {"veg": "vegetable"}, "trolley bag"),
        ("früh  stück", {}, "früh stück"),
    ],
)
def test_a_category_is_called_as_the_settings_say(tmp_path, category, named, display):
    images = catalogued(tmp_path, pictures("rex", 2, category=category))
    result = defined(
        images, tmp_path, ScriptedWriter({"rex": [WORDING]}), category=category, display_categories=named
    )
    assert result.definitions["display_category"].to_list() == [display]
    assert result.definitions["category"].to_list() == [category]


def test_the_files_hold_the_accepted_definitions_in_the_documents_shape(tmp_path):
    images = catalogued(tmp_path, pictures("Ülo", 3) | pictures("rex", 3))
    writer = ScriptedWriter({"Ülo": [WORDING], "rex": [None]})
    result = defined(images, tmp_path, writer)
    write_definitions(result.definitions, result.attempts, tmp_path, prefix="/data/")
    text = (tmp_path / NAME).read_text(encoding="utf-8")
    (entry,) = json.loads(text)
    assert list(entry) == ["name", "category", "display_category", "coarse", "detailed", "reference_image"]
    assert entry["name"] == "Ülo"
    assert "Ülo" in text
    assert entry["reference_image"].startswith("/data/mug/Ülo/0")
    assert pl.read_parquet(tmp_path / TABLE).equals(result.definitions)
    assert pl.read_parquet(tmp_path / ATTEMPTS).height == 2


def test_a_category_without_concepts_is_an_empty_list(tmp_path):
    images = catalogued(tmp_path, pictures("rex", 1)).clear()
    result = defined(images, tmp_path, ScriptedWriter({}))
    write_definitions(result.definitions, result.attempts, tmp_path, prefix="")
    assert json.loads((tmp_path / NAME).read_text()) == []


def test_no_other_image_is_ever_opened(tmp_path, monkeypatch):
    train = catalogued(tmp_path, pictures("rex", 3) | pictures("ada", 3, BLUE))
    catalogued(tmp_path, {f"mug/rex/test{n}.png": drawn(BLUE, WHITE) for n in range(3)}, "test")
    opened = []
    load = define.load_rgb
    monkeypatch.setattr(define, "load_rgb", lambda path, **how: opened.append(path) or load(path, **how))
    defined(train, tmp_path, RuleConceptWriter())
    assert sorted(opened) == sorted(tmp_path / path for path in train["path"])


def test_real_photos_are_defined_the_same_every_time_and_pass_their_audit(tmp_path, test_data):
    root = test_data("dreambooth-concepts")
    rows = [
        {
            "image_id": path.relative_to(root).as_posix(),
            "path": path.relative_to(root).as_posix(),
            "concept": path.parent.name,
            "split": "train",
            "content_hash": str(path),
        }
        for path in sorted((root / "toy").rglob("*.jpg"))
    ]
    images = pl.DataFrame(rows)
    first, second = (
        defined(table, root, RuleConceptWriter(), category="toy", max_side=256)
        for table in (images, images.reverse())
    )
    assert first.definitions.equals(second.definitions)
    assert first.attempts.equals(second.attempts)
    assert (first.definitions["verdict"] == "ACCEPT").all()
    write_definitions(first.definitions, first.attempts, tmp_path, prefix="")
    concepts = sorted(set(images["concept"]))
    findings = audit_definitions(first.definitions, images, concepts, tmp_path, prefix="")
    assert [finding.status for finding in findings] == [Status.PASSED] * 3
    assert findings[0].message == (
        "3 of 3 concepts have an accepted definition, 3 of them verified against another view; "
        "0 were rejected, 0 could not be decided"
    )
