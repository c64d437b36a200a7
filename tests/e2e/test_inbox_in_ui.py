"""The real UI in a browser: a ZIP is dropped into the inbox, and the dataset grows."""

import shutil

import pytest
from ui import Ui
from waiting import wait_for

DATASET = "clips"
YAML = """\
    type: vdata_assets.workflows.AnnotationDataset
    attributes:
      root: {root}
    """
EMPTY = "3b4d8878-6706-40bb-af20-ba61a76ae85e"


@pytest.fixture(scope="module")
def inbox(tmp_path_factory):
    return tmp_path_factory.mktemp("inbox")


@pytest.fixture(scope="module")
def ui(make_project, serve, inbox):
    project = make_project()
    project.add_dataset(DATASET, YAML.format(root=inbox))
    return Ui(serve(project), DATASET)


def test_a_dropped_export_becomes_a_partition_and_a_dataset(page, ui, inbox, test_data):
    shutil.copy(test_data("sam2-export") / "bmx-trees.zip", inbox)
    wait_for(lambda: "bmx-trees" in ui.materialized("export"), "the export")
    wait_for(lambda: ui.rows("preparation_summary"), "the summary")
    assert ui.rows("annotations") == ui.rows("dataset_hf") == ui.rows("dataset_llava") == 20
    page.goto(f"{ui.address}/assets/{DATASET}/export?view=partitions")
    page.get_by_text("bmx-trees", exact=True).first.wait_for()


def test_checks_are_readable(page, ui):
    page.goto(f"{ui.address}/assets/{DATASET}/annotations?view=checks")
    page.get_by_text("missing_annotations", exact=True).first.click()
    page.get_by_text("0 frames (0.0%) have no annotations").first.wait_for()


def test_the_masks_are_shown_on_the_frames(page, ui):
    page.goto(f"{ui.address}/assets/{DATASET}/export?view=partitions&partition=bmx-trees")
    page.get_by_text("[Show Markdown]").first.click()
    pictures = page.locator("img[src^='data:image/']")
    pictures.first.wait_for(state="attached")
    page.wait_for_timeout(500)
    assert pictures.first.evaluate("picture => picture.naturalWidth") > 600


def test_a_second_export_makes_the_dataset_grow(page, ui, inbox, test_data):
    shutil.copy(test_data("sam2-export") / "coco-142238.zip", inbox)
    wait_for(lambda: ui.rows("dataset_llava") == 21, "the grown dataset")
    assert ui.materialized("export") == {"bmx-trees", "coco-142238"}


def test_an_export_without_objects_is_rejected_with_its_reason_and_the_dataset_stands(
    page, ui, inbox, test_data
):
    genuine = test_data("sam2-export-genuine")
    shutil.copytree(genuine / "05_default_juggle.clean_frames", inbox / f"{EMPTY}.clean_frames")
    shutil.copy(genuine / f"{EMPTY}.zip", inbox)
    wait_for(lambda: "FAILURE" in ui.run_statuses(), "the rejection")
    page.goto(f"{ui.address}/assets/{DATASET}/export?view=checks")
    page.get_by_text("missing_annotations", exact=True).first.click()
    page.get_by_text("42 frames (100.0%) have no annotations").first.wait_for()
    assert EMPTY not in ui.materialized("export")
    assert ui.rows("annotations") == 21
