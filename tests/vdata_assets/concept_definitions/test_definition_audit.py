"""What the audit of definitions finds."""

import asyncio
import json

import polars as pl
import pytest
from concept_pictures import ScriptedWriter, catalogued, drawn

from vdata_assets.concept_definitions.audit import audit_definitions
from vdata_assets.concept_definitions.define import define_concepts
from vdata_assets.concept_definitions.definitions_json import NAME, write_definitions
from vdata_assets.concept_definitions.settings import ConceptDefinitionSettings
from vdata_assets.concept_definitions.writer import Wording
from vdata_assets.quality.findings import Status

WORDING = Wording("A photo of a red mug", "The mug is mostly red.")
CONCEPTS = ["ada", "rex"]
NO_OBJECT = (
    "rex: is no object of non-empty name, category, display_category, coarse, detailed, reference_image"
)


@pytest.fixture
def made(tmp_path):
    """Images and sound definitions of two concepts, written to a folder."""
    views = [f"mug/{name}/{number}.png" for name in CONCEPTS for number in range(3)]
    images = catalogued(tmp_path, {path: drawn((190, 30, 30), (250, 250, 250)) for path in views})
    writer = ScriptedWriter({name: [WORDING] for name in CONCEPTS})
    result = asyncio.run(
        define_concepts(images, CONCEPTS, "mug", tmp_path, writer, ConceptDefinitionSettings())
    )
    write_definitions(result.definitions, result.attempts, tmp_path, prefix="")
    return images, result.definitions


def findings(tmp_path, made, definitions=None, images=None, concepts=CONCEPTS, prefix=""):
    found = audit_definitions(
        made[1] if definitions is None else definitions,
        made[0] if images is None else images,
        concepts,
        tmp_path,
        prefix=prefix,
    )
    return {finding.name: finding for finding in found}


def with_rex(made, **values):
    """The definitions with other values for one concept."""
    table = made[1]
    rex = pl.col("concept") == "rex"
    return table.with_columns(
        pl.when(rex).then(pl.lit(value, dtype=table.schema[name])).otherwise(pl.col(name)).alias(name)
        for name, value in values.items()
    )


def test_sound_definitions_pass(tmp_path, made):
    assert {finding.status for finding in findings(tmp_path, made).values()} == {Status.PASSED}


def test_concepts_without_a_definition_are_named(tmp_path, made):
    table = with_rex(made, verdict="REJECT", verified=False, reason="it is blue")
    finding = findings(tmp_path, made, table)["definitions_written"]
    assert finding.status is Status.WARNING
    assert finding.offenders == ("rex: it is blue",)
    assert finding.message == (
        "1 of 2 concepts have an accepted definition, 1 of them verified against another view; "
        "1 were rejected, 0 could not be decided"
    )


@pytest.mark.parametrize(
    ("change", "offender"),
    [
        pytest.param(
            {"coarse": "A photo of an owl"}, 'rex: coarse does not begin with "A photo of a"', id="coarse"
        ),
        pytest.param(
            {"detailed": "Red. And blue."},
            'rex: detailed is no sentence of at least 4 words that ends with "."',
            id="detailed",
        ),
        pytest.param({"coarse": ""}, NO_OBJECT, id="empty"),
        pytest.param({"extra": "x"}, NO_OBJECT, id="a further field"),
    ],
)
def test_files_out_of_form_fail(tmp_path, made, change, offender):
    entries = json.loads((tmp_path / NAME).read_text())
    entries[1] |= change
    (tmp_path / NAME).write_text(json.dumps(entries))
    finding = findings(tmp_path, made)["definitions_well_formed"]
    assert finding.status is Status.FAILED
    assert finding.offenders[0] == offender
    assert finding.offenders[-1] == f"{NAME} does not hold the accepted definitions"


def test_a_concept_too_few_or_another_prefix_fails(tmp_path, made):
    few = findings(tmp_path, made, concepts=[*CONCEPTS, "zoe"])["definitions_well_formed"]
    assert few.offenders == ("zoe: has no row, or one too many",)
    other = findings(tmp_path, made, prefix="/data/")["definitions_well_formed"]
    assert other.offenders == (f"{NAME} does not hold the accepted definitions",)


@pytest.mark.parametrize("split", ["test", "negative"])
@pytest.mark.parametrize("column", ["view_ids", "verified_by"])
def test_an_image_that_is_no_training_image_fails(tmp_path, made, column, split):
    images, table = made
    leaked = table.filter(pl.col("concept") == "rex")[column][0]
    leaked = leaked[0] if column == "view_ids" else leaked
    retold = images.with_columns(
        split=pl.when(pl.col("image_id") == leaked).then(pl.lit(split)).otherwise("split")
    )
    finding = findings(tmp_path, made, images=retold)["definitions_from_training"]
    assert finding.status is Status.FAILED
    assert finding.offenders == (f"rex: {leaked} are no training images of it",)


def test_another_concepts_image_and_a_wrong_path_fail(tmp_path, made):
    stranger = made[1].filter(pl.col("concept") == "ada")["reference_id"][0]
    finding = findings(tmp_path, made, with_rex(made, reference_id=stranger))["definitions_from_training"]
    assert finding.offenders == (f"rex: {stranger} are no training images of it",)
    finding = findings(tmp_path, made, with_rex(made, reference_path="x"))["definitions_from_training"]
    assert finding.offenders[0].startswith("rex: x is not the path of id of mug/rex/")


def test_a_view_that_verifies_itself_fails(tmp_path, made):
    row = made[1].filter(pl.col("concept") == "rex").to_dicts()[0]
    finding = findings(tmp_path, made, with_rex(made, verified_by=row["view_ids"][0]))[
        "definitions_from_training"
    ]
    assert finding.offenders == (f"rex: {row['view_ids'][0]} verifies what was written from it",)
