"""Attribute retrieval in the UI: scoreboard and gallery open from what it shows; nothing in them runs."""

import csv
from pathlib import Path

import pytest
from ui import Ui

from vdata_assets.samples.garments import write_garment_samples

DATASET = "shop"
MARKUP = "<img src=x onerror=\"document.title='run'\"><script>document.title='run'</script>"
YAML = """\
    type: vdata_assets.workflows.AttributeRetrieval
    attributes:
      root: {root}
      products: {{shard_size: 60}}
      splits: {{ratios: {{train: 0.6, validation: 0.15, test: 0.25}}}}
      evaluation: {{bootstrap: 100}}
      training_pairs: {{num_pairs: {{train: 300, validation: 30}}}}
      protocol_model: {{epochs: 1, lr: 0.001}}
      scoreboard:
        min_queries: 5
        targets: [{{name: Pattern@10, facet: pattern, min_gain: 0}}]
    """
RUN_EVERYTHING = """\
import dagster as dg
from dagster_project.definitions import build_definitions
from dagster_project.demo import Demo, Run, run_demo

demo = Demo("shop", str, "products", {"shard": "shop_catalog", "category": "shop_training"})
with dg.DagsterInstance.get() as instance:
    runs = run_demo(demo, Run(build_definitions(), instance, "shop"))
raise SystemExit(not (len(runs) == 3 and all(run.success for run in runs)))
"""


def write_shop(root: Path) -> None:
    """The sample garments, with markup in every text."""
    write_garment_samples(root, articles=36)
    with (root / "products.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with (root / "products.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(row | {"text": f"{MARKUP} {row['text']}"} for row in rows)


@pytest.fixture(scope="module")
def ui(make_project, serve):
    project = make_project()
    root = project.home / "samples"
    write_shop(root)
    project.add_dataset(DATASET, YAML.format(root=root))
    made = project.run("python", "-c", RUN_EVERYTHING)
    assert made.returncode == 0, made.stderr[-3000:]
    return Ui(serve(project), DATASET)


@pytest.fixture
def open_from_ui(page, ui):
    """Opens the page whose path an asset's page in the UI shows."""

    def opened(asset: str, file: str):
        page.goto(f"{ui.address}/assets/{DATASET}/{asset}")
        shown = page.get_by_text(f"/{file}").first
        shown.wait_for()
        page.goto(Path(shown.inner_text().strip()).as_uri())
        return page

    return opened


def test_the_scoreboard_is_a_table_in_the_ui_and_a_page_of_its_own(page, ui, open_from_ui):
    page.goto(f"{ui.address}/assets/{DATASET}/scoreboard")
    page.get_by_text("[Show Markdown]").first.click()
    page.get_by_role("dialog").get_by_role("cell", name="pattern").first.wait_for()
    board = open_from_ui("scoreboard", "scoreboard.html")
    row = board.get_by_role("row").filter(has_text="Pattern@10").first
    row.wait_for()
    assert "points" in board.content()
    assert board.locator("img").first.evaluate("picture => picture.naturalWidth") > 300


def test_the_gallery_opens_and_markup_in_a_products_text_is_shown_not_run(page, ui, open_from_ui):
    gallery = open_from_ui("gallery", "gallery.html")
    gallery.locator("article").first.wait_for()
    assert gallery.locator("article").count() > 8
    assert gallery.locator("article img").first.evaluate("picture => picture.naturalWidth") > 40
    assert "<script>document.title='run'</script>" in gallery.locator("article").first.inner_text()
    assert gallery.title() != "run"
    assert gallery.locator("script").count() == 0


def test_the_gallery_is_used_by_keyboard(page, ui, open_from_ui):
    gallery = open_from_ui("gallery", "gallery.html")
    gallery.get_by_text("Next query").first.focus()
    gallery.keyboard.press("Enter")
    assert gallery.evaluate("location.hash") == "#q2"


def test_the_gate_says_what_it_asked(page, ui):
    page.goto(f"{ui.address}/assets/{DATASET}/promoted_model?view=checks")
    page.get_by_text("Checks (3)").wait_for()
    for check in ("slices_present", "no_regression", "something_gained"):
        page.get_by_text(check, exact=True).first.wait_for()
