"""Does what is published still hold: every byte, every check of record, every raw file."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from vdata_assets.embeddings.checks import NEAR_DUPLICATE_CHECKS
from vdata_assets.quality.findings import Status
from vdata_assets.quality.report import report_json
from vdata_assets.samples.concepts import write_concept_images
from vdata_assets.workflows import AnnotationDataset, ConceptRetrieval
from vdata_assets.workflows.full_audit import FULL_AUDIT_CHECKS, full_audit
from vdata_assets.workflows.resources import CredentialsResource, StoreResource

NAME = "my-pets"
AUDIT = dg.AssetKey([NAME, "full_audit"])
INTACT, PASS, RAW = (check.name for check in FULL_AUDIT_CHECKS)


def definitions(photos: Path, **settings) -> dg.Definitions:
    component = ConceptRetrieval.model_validate({"root": str(photos), **settings})
    dataset = component.dataset(NAME, photos.parent)
    return dg.Definitions.merge(component.definitions(dataset), full_audit(dataset))


@pytest.fixture(scope="module")
def made_once(make_module_lab, tmp_path_factory):
    """A catalog in two versions, the vectors of one category, and the photos that they are made of."""
    lab, photos = make_module_lab(), tmp_path_factory.mktemp("raw") / "photos"
    write_concept_images(photos, categories=2, concepts_per_category=2, views_per_concept=4, size=64)
    defs = definitions(photos)
    lab.run(defs, dg.AssetKey([NAME, "catalog"]))
    next(photos.rglob("*.jpg")).unlink()
    lab.run(defs, dg.AssetKey([NAME, "catalog"]))
    (category, _) = lab.instance.get_dynamic_partitions(f"{NAME}/category")
    made = lab.run(defs, dg.AssetKey([NAME, "embeddings"]), partition=category)
    assert made.success, made.all_events[-1].message
    return lab, photos, category


@pytest.fixture
def category(made_once) -> str:
    return made_once[2]


@pytest.fixture
def photos(made_once, tmp_path) -> Path:
    return shutil.copytree(made_once[1], tmp_path / "photos")


@pytest.fixture
def published(made_once, tmp_path):
    """A copy of what was published, to damage."""
    home = shutil.copytree(made_once[0].home, tmp_path / "home", symlinks=True)
    return replace(made_once[0], home=home)


def audit(lab, defs) -> tuple[dg.ExecuteInProcessResult, dict[str, dg.AssetCheckEvaluation]]:
    result = lab.run(defs, AUDIT)
    events = lab.instance.all_logs(result.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    found = [entry.get_dagster_event().asset_check_evaluation_data for entry in events]
    return result, {one.check_name: one for one in found}


def offenders(evaluation: dg.AssetCheckEvaluation) -> list[str]:
    return list(evaluation.metadata["first_offenders"].value)


def test_what_is_whole_passes_and_is_counted_by_asset(published, photos):
    result, checks = audit(published, definitions(photos))
    assert result.success
    assert {name: one.passed for name, one in checks.items()} == {INTACT: True, PASS: True, RAW: True}
    (event,) = result.asset_materializations_for_node("my_pets__full_audit")
    figures = {name: value.value for name, value in event.metadata.items()}
    assert (figures["versions"], figures["raw_files"]) == (3, 15)
    table = figures["table of assets"].splitlines()
    assert [line.split("|")[1:4] for line in table if "catalog" in line or "embeddings" in line] == [
        [" catalog ", " 1 ", " 2 "],
        [" embeddings ", " 1 ", " 1 "],
    ]


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    os.chmod(file, 0o644)
    file.write_bytes(content)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def spoil_manifest(file: Path) -> None:
    manifest = file.parent / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"bytes": ', '"bytes": 1'))


DAMAGES = [
    pytest.param(flip, "embeddings.parquet", "has other content", id="a byte is flipped"),
    pytest.param(cut, "embeddings.parquet", "bytes instead of", id="a file is cut short"),
    pytest.param(Path.unlink, "embeddings.parquet", "is missing", id="a file is gone"),
    pytest.param(
        lambda file: (file.parent / "notes.txt").write_text("x"),
        "notes.txt",
        "is not in the manifest",
        id="a file was put there",
    ),
    pytest.param(
        spoil_manifest,
        "manifest.json",
        "its list of files is not the one that was written",
        id="the manifest",
    ),
    pytest.param(
        lambda file: (file.parent / "manifest.json").write_text("{"),
        "manifest.json",
        "is damaged",
        id="half a manifest",
    ),
    pytest.param(
        lambda file: (file.parent / "manifest.json").unlink(), "manifest.json", "is missing", id="no manifest"
    ),
]


@pytest.mark.parametrize(("damage", "file", "problem"), DAMAGES)
def test_damage_of_a_published_file_fails_the_run_and_is_named(
    published, photos, category, damage, file, problem
):
    folder = published.store.artifact(NAME, "embeddings", category).folder
    damage(folder / "current" / "embeddings.parquet")
    result, checks = audit(published, definitions(photos))
    assert not result.success
    assert (checks[INTACT].passed, checks[INTACT].severity) == (False, dg.AssetCheckSeverity.ERROR)
    version = os.readlink(folder / "current")
    assert f"embeddings/{category}/{version}/{file}" in offenders(checks[INTACT])
    assert problem in checks[INTACT].description


def test_an_old_version_is_read_as_well(published, photos):
    old, _ = sorted((published.store.artifact(NAME, "catalog").folder / "versions").glob("0*"))
    flip(old / "catalog.parquet")
    _, checks = audit(published, definitions(photos))
    assert offenders(checks[INTACT]) == [f"catalog/versions/{old.name}/catalog.parquet"]


def test_a_damaged_version_is_mended_as_the_check_says(published, photos, category):
    folder = published.store.artifact(NAME, "embeddings", category).folder
    version = (folder / "current").resolve()
    flip(version / "embeddings.parquet")
    assert not audit(published, definitions(photos))[0].success
    shutil.rmtree(version)
    (folder / "current").unlink()
    published.run(definitions(photos), dg.AssetKey([NAME, "embeddings"]), partition=category)
    assert audit(published, definitions(photos))[0].success


def test_raw_files_that_went_or_changed_are_a_warning_or_fail_by_the_dataset_s_levels(published, photos):
    first, second, *_ = sorted(file for file in photos.rglob("*") if file.suffix == ".jpg")
    first.unlink()
    second.write_bytes(second.read_bytes() + b"\0")
    result, checks = audit(published, definitions(photos))
    assert result.success
    assert (checks[RAW].passed, checks[RAW].severity) == (False, dg.AssetCheckSeverity.WARN)
    gone, changed = (file.relative_to(photos).as_posix() for file in (first, second))
    assert offenders(checks[RAW]) == [gone, changed]
    assert checks[RAW].description == f"2 of 15 raw files are not as they were; first: {gone}: is gone"
    strict, _ = audit(published, definitions(photos, audits={RAW: "FAILED"}))
    assert not strict.success


def test_checks_of_record_are_asked_again_at_today_s_levels(published, photos):
    hit = NEAR_DUPLICATE_CHECKS[0].finding("2 pictures are alike", ["a.jpg"])
    with published.store.artifact(NAME, "retrieval", "mug").draft("0" * 32) as draft:
        draft.publish({}, report_json([replace(hit, status=Status.WARNING)]))
    assert audit(published, definitions(photos))[1][PASS].passed
    result, checks = audit(published, definitions(photos, audits={hit.name: "FAILED"}))
    assert not result.success
    assert offenders(checks[PASS]) == [f"retrieval/mug: {hit.name}"]


def test_a_zip_that_left_the_inbox_is_told_and_what_was_made_of_it_stands(lab, tmp_path):
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for key in ("one", "two"):
        with lab.store.artifact(NAME, "export", key).draft("0" * 32) as draft:
            draft.publish({"figures": {"inbox_state": "as it was"}}, {"findings": []})
    (inbox / "one.zip").write_bytes(b"another")
    component = AnnotationDataset(root=str(inbox))
    result, checks = audit(lab, full_audit(component.dataset(NAME, tmp_path)))
    assert result.success
    assert checks[RAW].metadata["offenders"].value == 2
    assert offenders(checks[RAW]) == ["one.zip", "two"]


def test_it_runs_by_a_job_and_on_sundays_once_turned_on_and_never_with_the_whole_dataset(photos):
    defs = definitions(photos, schedules={"full_audit": "0 1 * * 6", "timezone": "Europe/Berlin"})
    resources = {"store": StoreResource(home="/nowhere"), "credentials": CredentialsResource()}
    repository = dg.Definitions.merge(defs, dg.Definitions(resources=resources)).get_repository_def()
    schedule = repository.get_schedule_def("my_pets_full_audit_weekly")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 1 * * 6", "Europe/Berlin")
    assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED
    assert repository.get_job("my_pets_full_audit").asset_layer.executable_asset_keys == {AUDIT}
    assert AUDIT not in repository.get_job("my_pets").asset_layer.executable_asset_keys


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"full_audit": "weekly"}, "'weekly' is no cron expression"),
        ({"observation": "0 25 * * *"}, "'0 25 * * *' is no cron expression"),
        ({"timezone": "Berlin"}, "'Berlin' is no time zone"),
    ],
)
def test_a_wrong_cadence_is_named(photos, settings, said):
    with pytest.raises(ValueError, match=said.replace("*", r"\*")):
        definitions(photos, schedules=settings)
