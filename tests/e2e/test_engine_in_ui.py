"""The data engine in the real UI: shards, a backfill of all, contact sheets of prompts, checks."""

import pytest
from ui import Ui, backfill_all, materialize
from waiting import wait_for

from vdata_assets.samples.tabletops import write_tabletop_samples

DATASET = "scenes"
SHARDS = {"shard-0000", "shard-0001"}
YAML = """\
    type: vdata_assets.workflows.ConversationalSegmentation
    attributes:
      root: {root}
      images: {{shard_size: 2}}
    """


@pytest.fixture(scope="module")
def project(make_project):
    project = make_project()
    root = project.home / "samples"
    write_tabletop_samples(root, images=4, log=print)
    project.add_dataset(DATASET, YAML.format(root=root))
    return project


@pytest.fixture(scope="module")
def ui(project, serve):
    return Ui(serve(project), DATASET)


def test_images_register_shards_and_a_backfill_makes_everything(page, ui):
    materialize(page, ui, "images")
    backfill_all(page, ui, 2)
    wait_for(lambda: ui.last_materialization("convseg_export"), "the backfill")
    assert ui.materialized("regions") == ui.materialized("prompts") == SHARDS
    assert ui.rows("runs") == 4


def test_a_shards_accepted_prompts_are_looked_at(page, ui):
    page.goto(f"{ui.address}/assets/{DATASET}/prompts?view=partitions&partition=shard-0000")
    page.get_by_text("table of families").first.wait_for()
    page.get_by_text("[Show Markdown]").first.click()
    picture = page.locator("img[src^='data:image/']").first
    picture.wait_for(state="attached")
    page.wait_for_timeout(500)
    assert picture.evaluate("picture => picture.naturalWidth") > 1000


def test_checks_say_what_they_found(page, ui):
    page.goto(f"{ui.address}/assets/{DATASET}/runs?view=checks")
    page.get_by_text("Checks (5)").wait_for()
    page.get_by_text("runs_complete", exact=True).first.click()
    page.get_by_text("0 files or fields are missing or wrong in 4 run folders").first.wait_for()
