"""The real UI in a browser: the graph, a backfill of all categories, checks, a contact sheet, automation."""

import json
import time
import urllib.request

import pytest

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
def address(project, serve):
    return serve(project)


@pytest.fixture
def page(browser):
    page = browser.new_page(viewport={"width": 1600, "height": 1000})
    page.set_default_timeout(60_000)
    yield page
    page.close()


def graphql(address: str, query: str) -> dict:
    request = urllib.request.Request(
        f"{address}/graphql", json.dumps({"query": query}).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["data"]


def wait_for(condition, seconds: float, what: str):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(1)
    raise TimeoutError(what)


def asset_node(address: str, asset: str, fields: str) -> dict:
    path = json.dumps([DATASET, asset])
    query = f"{{assetNodeOrError(assetKey: {{path: {path}}}) {{... on AssetNode {{{fields}}}}}}}"
    return graphql(address, query)["assetNodeOrError"]


def materialized(address: str, asset: str) -> set[str]:
    """Partition keys of an asset that are materialized."""
    fields = "assetPartitionStatuses {... on DefaultPartitionStatuses {materializedPartitions}}"
    return set(asset_node(address, asset, fields)["assetPartitionStatuses"]["materializedPartitions"])


def last_materialization(address: str, asset: str) -> str | None:
    events = asset_node(address, asset, "assetMaterializations(limit: 1) {timestamp}")[
        "assetMaterializations"
    ]
    return events[0]["timestamp"] if events else None


def test_the_graph_shows_every_asset(page, address):
    page.goto(f"{address}/asset-groups/")
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


def test_a_backfill_of_all_categories_publishes_everything(page, address, project):
    page.goto(f"{address}/assets/{DATASET}/catalog")
    page.get_by_role("button", name="Materialize").first.click()
    wait_for(lambda: last_materialization(address, "catalog"), 300, "the catalog")

    page.goto(f"{address}/asset-groups/")
    page.get_by_role("button", name="Materialize all").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("All", exact=True).click()
    dialog.get_by_text("4 partitions").wait_for()
    dialog.get_by_role("button", name="Launch backfill").click()
    wait_for(lambda: last_materialization(address, "training_dataset"), 900, "the backfill")
    assert materialized(address, "retrieval") == materialized(address, "embeddings") == CATEGORIES


def test_checks_are_readable(page, address):
    page.goto(f"{address}/assets/{DATASET}/catalog?view=checks")
    page.get_by_text("Checks (11)").wait_for()
    page.get_by_text("images_readable", exact=True).first.click()
    page.get_by_text("0 of 160 images cannot be read").first.wait_for()


def test_contact_sheets_and_plots_are_shown(page, address):
    page.goto(f"{address}/assets/{DATASET}/analysis?view=events")
    page.get_by_text("[Show Markdown]").first.click()
    pictures = page.locator("img[src^='data:image/']")
    pictures.nth(6).wait_for(state="attached")
    page.wait_for_timeout(500)
    widths = pictures.evaluate_all("pictures => pictures.map(picture => picture.naturalWidth)")
    assert len(widths) >= 7
    assert min(widths) > 300


def test_automation_follows_a_catalog_when_it_is_turned_on(page, address, project):
    """A catalog that is materialized in the UI makes everything downstream anew, by itself."""
    before = last_materialization(address, "training_dataset")
    started = project.run("dagster", "sensor", "start", "automation", "-w", "workspace.yaml")
    assert started.returncode == 0, started.stderr
    page.goto(f"{address}/assets/{DATASET}/catalog")
    page.get_by_role("button", name="Materialize").first.click()
    wait_for(lambda: last_materialization(address, "training_dataset") != before, 900, "the automation")
