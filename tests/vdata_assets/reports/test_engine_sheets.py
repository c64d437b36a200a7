"""Contact sheets and plots of the data engine."""

import io

import numpy as np
import polars as pl
import pytest
from PIL import Image

from vdata_assets.reports.cost_plots import cost_plot
from vdata_assets.reports.engine_sheets import (
    COLUMNS,
    TILE_SIZE,
    TILES,
    export_sheet,
    prompt_sheet,
    region_sheet,
)

FAMILIES = ("entities", "relations", "spatial")


@pytest.fixture
def runs(tmp_path):
    """Run folders with views of one prompt a family: green where accepted, orange where rejected."""
    for number in range(8):
        run = tmp_path / f"out_region_refine_{number}"
        for family in FAMILIES:
            for folder, colour in (("ACCEPTED", "#00C000"), ("REJECTED", "#FF8000")):
                place = run / family / "generated_prompts_viz" / folder
                place.mkdir(parents=True)
                Image.new("RGB", (64, 48), colour).save(place / "000_segment.png")
        Image.new("RGB", (64, 48), "#4040FF").save(run / "all_regions_colored.png")
    return tmp_path


def prompts(verdicts=("ACCEPT",)):
    return pl.DataFrame(
        [
            (
                f"id{number}",
                f"out_region_refine_{number}",
                family,
                0,
                False,
                "Segment $it$ <b>",
                verdict,
                "so",
            )
            for number in range(8)
            for family in FAMILIES
            for verdict in verdicts
        ],
        schema=["image_id", "run", "family", "index", "negative", "prompt", "verdict", "reason"],
        orient="row",
    )


def share_of(sheet, colour):
    return (np.asarray(sheet) == colour).all(axis=2).mean()


def test_a_prompt_sheet_shows_the_views_of_one_verdict_alone(runs):
    accepted = prompt_sheet(prompts(("ACCEPT", "REJECT")), runs, "Accepted", "ACCEPT")
    rejected = prompt_sheet(prompts(("ACCEPT", "REJECT")), runs, "Rejected", "REJECT")
    assert share_of(accepted, (0, 192, 0)) > 0.3 > 0.01 > share_of(accepted, (255, 128, 0))
    assert share_of(rejected, (255, 128, 0)) > 0.3 > 0.01 > share_of(rejected, (0, 192, 0))


def test_sheets_are_bounded_fit_the_dialog_and_are_the_same_twice(runs):
    sheet = prompt_sheet(prompts(), runs, "Accepted", "ACCEPT")
    assert sheet.width <= 1140
    again = prompt_sheet(prompts().sample(fraction=1.0, shuffle=True, seed=7), runs, "Accepted", "ACCEPT")
    np.testing.assert_array_equal(np.asarray(sheet), np.asarray(again))
    assert TILES % COLUMNS == 0
    assert sheet.width > COLUMNS * TILE_SIZE


def test_a_sheet_without_prompts_is_a_title(runs):
    assert prompt_sheet(prompts().clear(), runs, "Accepted", "ACCEPT").height < 100


def test_a_region_sheet_shows_the_coloured_regions(runs):
    pictures = pl.DataFrame(
        {"run": [f"out_region_refine_{n}" for n in range(8)], "captions": [2] * 8, "regions": [0] * 8}
    )
    assert share_of(region_sheet(pictures, runs, "Regions"), (64, 64, 255)) > 0.3


def test_an_export_sheet_lays_each_mask_on_its_image(tmp_path):
    Image.new("RGB", (640, 480), "#FFFFFF").save(tmp_path / "a.png")
    mask = np.zeros((480, 640), np.uint8)
    mask[:, :320] = 255
    Image.fromarray(mask).save(tmp_path / "m.png")
    samples = pl.DataFrame(
        {
            "sample_id": ["s"],
            "family": ["spatial"],
            "image": ["a.png"],
            "mask": ["m.png"],
            "prompt": ["Segment it."],
        }
    )
    Image.fromarray(mask * 0).save(tmp_path / "m0.png")
    with_mask = export_sheet(samples, tmp_path, "x")
    without = export_sheet(samples.with_columns(mask=pl.lit("m0.png")), tmp_path, "x")
    changed = (np.asarray(with_mask) != np.asarray(without)).any(axis=2)
    columns = np.flatnonzero(changed.any(axis=0))
    assert changed.mean() > 0.05
    assert columns.max() - columns.min() < TILE_SIZE * 0.6


@pytest.mark.parametrize("shards", [0, 1, 60], ids=["none", "one", "many"])
def test_the_cost_plot_is_a_small_png(shards):
    costs = pl.DataFrame(
        [(f"shard-{n:04d}", stage, 100 * n, 10, 0.1) for n in range(shards) for stage in ("a", "b")],
        schema={
            "shard": pl.String,
            "stage": pl.String,
            "input_tokens": pl.UInt64,
            "output_tokens": pl.UInt64,
            "usd": pl.Float64,
        },
        orient="row",
    )
    data = cost_plot(costs)
    assert len(data) <= 50_000
    assert Image.open(io.BytesIO(data)).format == "PNG"
