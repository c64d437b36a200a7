"""Which executor the environment chooses, and what a dataset's YAML may ask of it."""

import re
from pathlib import Path

import pytest

from dagster_project.executors import EXECUTOR, EXECUTOR_CONFIG, chosen_executor, executor_sensors
from vdata_assets.workflows.concept_retrieval import ConceptRetrieval


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch):
    monkeypatch.delenv(EXECUTOR, raising=False)
    monkeypatch.delenv(EXECUTOR_CONFIG, raising=False)


@pytest.mark.parametrize(
    ("chosen", "name", "sensors"),
    [
        (None, "local", []),
        ("", "local", []),
        ("local", "local", []),
        ("slurm", "slurm", ["slurm_orphans"]),
        ("ray", "ray", ["ray_orphans"]),
    ],
)
def test_the_environment_chooses(monkeypatch, chosen, name, sensors):
    if chosen is not None:
        monkeypatch.setenv(EXECUTOR, chosen)
    assert chosen_executor().name == name
    assert [sensor.name for sensor in executor_sensors()] == sensors


def test_an_unknown_executor_is_refused(monkeypatch):
    monkeypatch.setenv(EXECUTOR, "celery")
    with pytest.raises(ValueError, match="VDATA_EXECUTOR: 'celery' is none of local, slurm, ray"):
        chosen_executor()


@pytest.mark.parametrize(
    ("executor", "content", "message"),
    [
        ("slurm", None, "VDATA_EXECUTOR_CONFIG: FILE: [Errno 2] No such file or directory"),
        (
            "slurm",
            "- partition",
            "VDATA_EXECUTOR_CONFIG: FILE: names of settings with their values are expected",
        ),
        ("slurm", "partition: [", "VDATA_EXECUTOR_CONFIG: FILE: while parsing"),
        (
            "local",
            "gpus: 1",
            "VDATA_EXECUTOR_CONFIG: gpus: no such setting of the local executor; allowed are",
        ),
        (
            "slurm",
            "gpus: 1",
            "VDATA_EXECUTOR_CONFIG: gpus: no such setting of the Slurm executor; allowed are",
        ),
        ("ray", "gpus: 1", "VDATA_EXECUTOR_CONFIG: gpus: no such setting of the Ray executor; allowed are"),
    ],
    ids=["absent", "a list", "no YAML", "unknown of local", "unknown of Slurm", "unknown of Ray"],
)
def test_a_wrong_settings_file_is_refused(tmp_path, monkeypatch, executor, content, message):
    file = tmp_path / "executor.yaml"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv(EXECUTOR, executor)
    monkeypatch.setenv(EXECUTOR_CONFIG, str(file))
    with pytest.raises(ValueError, match=re.escape(message.replace("FILE", str(file)))):
        chosen_executor()


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        (
            {"slurm/memory": "64G"},
            "embeddings: tag slurm/memory: no such option; allowed are slurm/partition",
        ),
        ({"vdata/gpus": "many"}, "embeddings: tag vdata/gpus: 'many': a whole number is expected"),
        ({"ray/gpus": "1"}, "embeddings: ray/gpus: no such option; allowed are ray/num_cpus"),
    ],
)
def test_a_tag_that_no_executor_takes_is_refused_at_load(tags, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        ConceptRetrieval(root="/nowhere", step_tags={"embeddings": tags})


def test_tags_of_an_asset_that_is_not_there_are_refused():
    component = ConceptRetrieval(root="/nowhere", step_tags={"embedings": {"slurm/mem": "64G"}})
    with pytest.raises(
        ValueError, match="step_tags: no such asset: embedings; allowed are analysis, catalog"
    ):
        component.check_tagged_assets(component.definitions(component.dataset("pets", Path("/"))))
