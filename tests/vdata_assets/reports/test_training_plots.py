"""Loss curves draw for any log and name the best epoch."""

import polars as pl
import pytest

from vdata_assets.reports.training_plots import loss_curves


def log(validation: list[float | None], **columns: list[float | None]) -> pl.DataFrame:
    epochs = len(validation)
    given = {
        "lr": [1e-4] * epochs,
        "loss": [3.0 - epoch / 10 for epoch in range(epochs)],
        "image_loss": [2.0] * epochs,
        "text_loss": [None] * epochs,
        "head_loss": [0.5] * epochs,
        "anchor_loss": [0.00012345] * epochs,
        "validation": validation,
        "category:match@10": [0.5] * epochs,
        "material:match@10": [None] * epochs,
    } | columns
    return pl.DataFrame(
        {"epoch": range(1, epochs + 1), "step": [10 * epoch for epoch in range(1, epochs + 1)], **given},
        schema={"epoch": pl.UInt32, "step": pl.UInt32, **dict.fromkeys(given, pl.Float64)},
    )


@pytest.mark.parametrize(
    ("validation", "said"),
    [
        pytest.param([0.25, 0.5, 0.5], "Best epoch: **2 of 3**", id="the first of equals"),
        pytest.param([0.25], "Best epoch: **1 of 1**", id="one epoch"),
        pytest.param([0.25, float("nan")], "Best epoch: **1 of 2**", id="not a number is not the best"),
        pytest.param([float("nan")] * 2, "No epoch could be validated.", id="none"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_the_best_epoch_is_named_and_all_are_drawn(validation: list[float], said: str) -> None:
    shown = loss_curves(log(validation).reverse())
    assert shown.startswith(said)
    assert shown.count("](data:image/png;base64,") == 1
    assert shown.count("\n| ") == 2 + len(validation)
    assert len(shown) < 80_000


def test_losses_keep_their_digits_and_those_not_trained_are_left_out() -> None:
    shown = loss_curves(log([0.5]))
    assert r"0\.0001234" in shown
    assert "text" not in shown


def test_no_epoch_says_so() -> None:
    assert loss_curves(log([])) == "No epoch was trained."


@pytest.mark.filterwarnings("error")
def test_names_are_text_and_a_diverged_loss_draws() -> None:
    facet = "<b>$|`:match@10"
    shown = loss_curves(log([0.5] * 3, loss=[1.0, float("nan"), float("inf")], **{facet: [0.5] * 3}))
    assert r"\<b\>\$\|\`" in shown
