"""What a user types: scaffold a dataset, check it, launch it, and the errors on the way."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from waiting import wait_for

BIN = Path(sys.executable).parent
TYPE = "vdata_assets.workflows.ConceptRetrieval"
PHOTOS = """\
    type: vdata_assets.workflows.ConceptRetrieval
    attributes:
      root: {root}
      catalog: {{num_train: 4}}
    """
WHOLE = ("--job", "concepts", "--partition-range", "bag...toy")


@pytest.fixture(scope="module")
def project(make_project, test_data):
    project = make_project()
    project.add_dataset("concepts", PHOTOS.format(root=test_data("dreambooth-concepts")))
    return project


def test_yaml_and_definitions_are_sound(project):
    for command in (("dg", "check", "yaml"), ("dg", "check", "defs")):
        done = project.run(*command)
        assert done.returncode == 0, done.stdout + done.stderr
    listed = project.run("dg", "list", "defs", "--json")
    names = {asset["asset_key"] for asset in json.loads(listed.stdout)["assets"]}
    assert {"concepts/images", "concepts/catalog", "concepts/training_dataset"} <= names


def test_a_scaffolded_dataset_says_what_to_fill_in(make_project):
    project = make_project()
    done = project.run("dg", "scaffold", "defs", TYPE, "pets", "--root", 'a "b": {c}')
    assert done.returncode == 0, done.stdout + done.stderr
    written = yaml.safe_load((project.folder / "dagster_project/defs/pets/defs.yaml").read_text())
    assert written == {"type": TYPE, "attributes": {"root": 'a "b": {c}'}}
    assert project.run("dg", "check", "yaml").returncode == 0


def test_wrong_yaml_names_file_field_value_and_what_is_allowed(make_project):
    project = make_project()
    project.add_dataset(
        "pets",
        """\
        type: vdata_assets.workflows.ConceptRetrieval
        attributes:
          root: photos
          catalog:
            num_train: five
            num_trian: 5
          encoder: {type: open_clp}
          audits: {images_readable: IGNORE}
        """,
    )
    done = project.run("dg", "check", "yaml")
    assert done.returncode == 1
    said = done.stdout + done.stderr
    for part in (
        "defs/pets/defs.yaml:5",
        "attributes.catalog.num_train 'five' is not of type 'integer', 'null'",
        "('num_trian' was unexpected)",
        "attributes.encoder.type 'open_clp' is not one of ['descriptor', 'open_clip']",
        "attributes.audits.images_readable 'IGNORE' is not one of ['WARNING', 'FAILED']",
    ):
        assert part in said, said


def test_launch_publishes_everything(project):
    catalog = project.run("dg", "launch", "--assets", 'key:"concepts/catalog"')
    assert catalog.returncode == 0, catalog.stderr[-3000:]
    whole = project.run("dg", "launch", *WHOLE)
    assert whole.returncode == 0, whole.stderr[-3000:]
    combined = (
        project.home / "concepts/retrieval_dataset/current/all/seed_42/retrieval_top3_combined_all.json"
    )
    assert {entry["category"] for entry in json.loads(combined.read_text())} == {
        "household object",
        "pet animal",
    }


def test_loading_imports_no_torch(project):
    code = (
        "import sys, dagster_project.definitions as d\n"
        "d.defs(); print({'torch', 'polars', 'datasets', 'matplotlib'} & set(sys.modules))"
    )
    done = project.run("python", "-c", code)
    assert done.stdout == "set()\n", done.stderr


def test_kill_9_half_way_leaves_what_was_published(project):
    """Settings change so that everything is made anew; the run is killed; the old versions are whole."""
    current = {link: link.resolve() for link in project.home.rglob("current")}
    folder = project.folder / "dagster_project/defs/concepts/defs.yaml"
    folder.write_text(folder.read_text().replace("num_train: 4", "num_train: 3"))
    with subprocess.Popen(
        [str(BIN / "dg"), "launch", *WHOLE],
        cwd=project.folder, env=project.env, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as run:  # fmt: skip
        catalog = project.home / "concepts/catalog/current"
        wait_for(lambda: catalog.resolve() != current[catalog], "the next catalog", pause=0.05)
        subprocess.run(["pkill", "-KILL", "-s", str(run.pid)], check=False)
        run.kill()
    for link in project.home.rglob("current"):
        manifest = json.loads((link / "manifest.json").read_text())
        for name, record in manifest["files"].items():
            assert (link / name).stat().st_size == record["bytes"], link
    again = project.run("dg", "launch", *WHOLE)
    assert again.returncode == 0, again.stderr[-3000:]
