"""An evaluation's figures in the UI: percent, with n, unknown, interval and chance; drawn for any table."""

from typing import Any

import polars as pl
import pytest

from vdata_assets.evaluation.schema import Metrics
from vdata_assets.reports.evaluation_plots import MAX_PLOTS, metrics_markdown, value_plot
from vdata_assets.rows import table_of


def figure(facet: str = "material", value: float | None = 0.4525, **values: Any) -> dict[str, Any]:
    interval = {} if value is None else {"low": value - 0.0225, "high": value + 0.0225, "chance": 0.125}
    given = {"facet": facet, "metric": "match", "k": 10, "value": value, "n": 1000, "unknown": 20}
    return given | interval | values


def table(*rows: dict[str, Any]) -> pl.DataFrame:
    return table_of(rows, Metrics)


def test_a_line_a_facet_and_metric_with_a_cell_for_every_k() -> None:
    rows = [figure(k=k, value=value) for k, value in ((1, 0.6), (5, 0.5), (10, 0.4525))]
    rows += [figure(k=10, metric="match_unknown_as_zero", n=1020), figure("category", None, n=0)]
    lines = metrics_markdown(table(*rows)).replace("\\", "").replace("\u2060", "").splitlines()
    assert lines[2] == "| facet | metric | n | unknown | @1 | @5 | @10 |"
    assert lines[4] == "| category | match | 0 | 20 | - | - | - |"
    assert lines[9] == (
        "| material | match | 1,000 | 20 | 60.0 (57.8 to 62.2), chance 12.5 "
        "| 50.0 (47.8 to 52.2), chance 12.5 | 45.2 (43.0 to 47.5), chance 12.5 |"
    )
    assert lines[10].startswith("| material | match, unknown as 0 | 1,020 | 20 | - | - | 45.2 ")


def test_a_plot_a_facet_and_the_rest_by_name() -> None:
    shown = metrics_markdown(table(*(figure(f"a{number:02}") for number in range(MAX_PLOTS + 2))))
    assert shown.count("](data:image/png;base64,") == MAX_PLOTS
    assert shown.endswith("Not drawn: a08, a09.")


def test_no_figure_says_so() -> None:
    assert metrics_markdown(table()) == "No figure was measured."


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([], id="none"),
        pytest.param([figure()], id="all queries"),
        pytest.param([figure(value=None, n=0)], id="not measured"),
        pytest.param([figure(low=None, high=None, chance=None)], id="without interval and chance"),
        pytest.param(
            [figure(slice_by="material", slice_value=f"$<{number}", n=number) for number in range(100)],
            id="many values",
        ),
        pytest.param([figure(slice_by="category", slice_value="jeans")], id="by another facet"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_a_plot_is_small_and_reproducible(rows: list[dict[str, Any]]) -> None:
    data = value_plot(table(*rows), "material")
    assert data.startswith(b"\x89PNG")
    assert len(data) <= 50_000
    assert data == value_plot(table(*rows), "material")
