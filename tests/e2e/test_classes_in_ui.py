"""Class conversations in the UI: the report with its contact sheet, the checks, the exports; no name runs."""

from pathlib import Path

import pytest
from ui import Ui

from vdata_assets.samples.classes import write_class_images

DATASET = "things"
MARKUP = "Vase <img src=x onerror=\"document.title='run'\">"
YAML = """\
    type: vdata_assets.workflows.ClassConversations
    attributes:
      root: {root}
      conversations: {{subject: thing, kind: kind, n_turns: 2}}
      balance: {{priority_classes: [Utility Lamp]}}
      formats: [llava, fireworks]
    """
RUN_EVERYTHING = """\
import dagster as dg
from dagster_project.definitions import build_definitions
from dagster_project.demo import Demo, Run, run_demo

demo = Demo("things", str, "catalog", {None: "things"})
with dg.DagsterInstance.get() as instance:
    runs = run_demo(demo, Run(build_definitions(), instance, "things"))
raise SystemExit(not (len(runs) == 2 and all(run.success for run in runs)))
"""


@pytest.fixture(scope="module")
def ui(make_project, serve):
    project = make_project()
    root = project.home / "samples"
    write_class_images(root, images={"Amphora": 9, "Utility Lamp": 4, "Hourglass Vase": 1}, size=64)
    (root / "Hourglass Vase").rename(root / MARKUP)
    project.add_dataset(DATASET, YAML.format(root=root))
    made = project.run("python", "-c", RUN_EVERYTHING)
    assert made.returncode == 0, made.stderr[-3000:]
    return Ui(serve(project), DATASET)


def test_the_report_shows_its_plots_and_a_contact_sheet_of_conversations(page, ui):
    page.goto(f"{ui.address}/assets/{DATASET}/report")
    row = page.get_by_role("row").filter(has=page.get_by_text("Conversations", exact=True)).first
    row.get_by_text("[Show Markdown]").click()
    sheet = page.get_by_role("dialog").locator("img[src^='data:image/']").first
    sheet.wait_for(state="attached")
    page.wait_for_timeout(500)
    assert sheet.evaluate("picture => picture.naturalWidth") > 600
    assert page.title() != "run"


def test_the_reports_page_opens_from_what_the_ui_shows_and_runs_no_name(page, ui):
    page.goto(f"{ui.address}/assets/{DATASET}/report")
    shown = page.get_by_text("/report.html").first
    shown.wait_for()
    page.goto(Path(shown.inner_text().strip()).as_uri())
    page.get_by_role("cell", name=MARKUP).first.wait_for()
    samples = page.locator("article")
    assert samples.count() >= 6
    assert samples.first.locator("dd").count() == 4
    pictures = page.locator("img").evaluate_all("found => found.map(one => one.naturalWidth)")
    assert len(pictures) > samples.count()
    assert min(pictures) > 40
    assert page.title() != "run"
    assert page.locator("script").count() == 0


@pytest.mark.parametrize(
    ("asset", "check", "said"),
    [
        ("conversations", "samples_disjoint", "0 of 14 pictures are in samples of more than one split"),
        ("exports", "formats_valid", "in 2 formats: 0 problems"),
    ],
)
def test_checks_say_what_they_found(page, ui, asset, check, said):
    page.goto(f"{ui.address}/assets/{DATASET}/{asset}?view=checks")
    page.get_by_text("Checks (").wait_for()
    page.get_by_text(check, exact=True).first.click()
    page.get_by_text(said).first.wait_for()


def test_the_table_of_formats_is_read_in_the_ui(page, ui):
    page.goto(f"{ui.address}/assets/{DATASET}/exports")
    for name in ("llava", "fireworks"):
        page.get_by_role("cell", name=name, exact=True).first.wait_for()
