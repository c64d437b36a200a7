"""The real UI in a browser: the graph, a backfill of all categories, checks, a contact sheet, automation."""

import pytest
from ui import Ui, backfill_all, materialize
from waiting import wait_for

DATASET = "clothes"
CATEGORIES = {"accessories", "bottoms", "onepiece-outer", "tops"}
YAML = """\
    type: vdata_assets.workflows.ConceptRetrieval
    attributes:
      root: {root}
      retrieval: {{source: catalog}}
    """


@pytest.fixture(scope="module")
def project(make_project, test_data):
    project = make_project()
    project.add_dataset(DATASET, YAML.format(root=test_data("clothing-explicit-split")))
    return project


@pytest.fixture(scope="module")
def ui(project, serve):
    return Ui(serve(project), DATASET)


def test_the_graph_shows_every_asset(page, ui):
    page.goto(ui.graph)
    for asset in (
        "images",
        "catalog",
        "concept_splits",
        "embeddings",
        "retrieval",
        "training_dataset",
        "analysis",
    ):
        page.get_by_text(asset, exact=True).first.wait_for()


def test_a_backfill_of_all_categories_publishes_everything(page, ui, project):
    materialize(page, ui, "catalog")
    backfill_all(page, ui, 4)
    wait_for(lambda: ui.last_materialization("training_dataset"), "the backfill")
    assert ui.materialized("retrieval") == ui.materialized("embeddings") == CATEGORIES


def test_checks_are_readable(page, ui):
    page.goto(f"{ui.address}/assets/{DATASET}/catalog?view=checks")
    page.get_by_text("Checks (11)").wait_for()
    page.get_by_text("images_readable", exact=True).first.click()
    page.get_by_text("0 of 160 images cannot be read").first.wait_for()


def test_contact_sheets_and_plots_are_shown(page, ui):
    page.goto(f"{ui.address}/assets/{DATASET}/analysis?view=events")
    page.get_by_text("[Show Markdown]").first.click()
    pictures = page.locator("img[src^='data:image/']")
    pictures.nth(6).wait_for(state="attached")
    page.wait_for_timeout(500)
    widths = pictures.evaluate_all("pictures => pictures.map(picture => picture.naturalWidth)")
    assert len(widths) >= 7
    assert min(widths) > 300


def test_automation_follows_a_catalog_when_it_is_turned_on(page, ui, project):
    """A catalog that is materialized in the UI makes everything downstream anew, by itself."""
    before = ui.last_materialization("training_dataset")
    started = project.run("dagster", "sensor", "start", "automation", "-w", "workspace.yaml")
    assert started.returncode == 0, started.stderr
    materialize(page, ui, "catalog")
    wait_for(lambda: ui.last_materialization("training_dataset") != before, "the automation")
