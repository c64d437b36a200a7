"""The scoreboard compares figure by figure, in points, and a figure that is not there is never a pass."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
from scoreboard_lab import known, write_evaluation

from vdata_assets.evaluation.schema import Scoreboard
from vdata_assets.evaluation.scoreboard import scoreboard
from vdata_assets.evaluation.settings import ScoreboardSettings, Target

FLAT = {"category": [0.5], "material": [0.5], "neckline": [0.5]}


def target(name: str = "T", facet: str = "neckline", min_gain: float = 10, **more: Any) -> Target:
    return Target(name=name, facet=facet, min_gain=min_gain, **more)


def board(
    folder: Path,
    after: dict[str, list[float]],
    *targets: Target,
    before: dict[str, list[float]] = FLAT,
    facets: dict[str, list[str | None]] | None = None,
    facets_after: dict[str, list[str | None]] | None = None,
    min_queries: int = 30,
) -> pl.DataFrame:
    facets = facets or known()
    settings = ScoreboardSettings(targets=targets or (target(),), min_queries=min_queries)
    return scoreboard(
        write_evaluation(folder / "baseline", facets, before),
        write_evaluation(folder / "checkpoint", facets_after or facets, after),
        settings,
        bootstrap=200,
        seed=1,
    )


def row(table: pl.DataFrame, name: str = "T") -> SimpleNamespace:
    return SimpleNamespace(**table.row(by_predicate=pl.col("name") == name, named=True))


def test_values_and_changes_are_points(tmp_path: Path) -> None:
    found = row(board(tmp_path, FLAT | {"neckline": [0.7, 0.5]}))
    assert (found.n, found.baseline, found.checkpoint, found.delta) == (60, 50.0, 60.0, 10.0)
    assert (found.chance, found.min_gain, found.max_gain, found.verdict) == (25.0, 10.0, None, "met")
    assert 5 < found.low < 10 < found.high < 15


def test_targets_come_first_then_the_facets_that_are_no_target(tmp_path: Path) -> None:
    slice_ = target("A in material", "material", slice_by="material", slice_value="a")
    table = board(tmp_path, FLAT, target("Neckline@10"), slice_)
    Scoreboard.validate(table)
    assert table.select("name", "target", "facet").rows() == [
        ("Neckline@10", True, "neckline"),
        ("A in material", True, "material"),
        ("category@10", False, "category"),
        ("material@10", False, "material"),
    ]
    assert table["verdict"].to_list() == ["missed", "not measurable", "no change", "no change"]


def test_a_facet_gets_another_name_where_a_target_has_it(tmp_path: Path) -> None:
    table = board(tmp_path, FLAT, target("category@10"))
    assert table["name"].to_list() == ["category@10", "category@10 (overall)", "material@10"]


@pytest.mark.parametrize(
    ("before", "after", "delta", "verdict"),
    [
        pytest.param([0.8], [0.9], 10.0, "met", id="exactly the gain, which floats miss by 2e-15"),
        pytest.param([0.8] * 60, [0.9] * 59 + [0.89], 9.983333333, "missed", id="just below"),
        pytest.param([0.5], [0.5], 0.0, "missed", id="no change"),
        pytest.param([0.5], [0.1], -40.0, "missed", id="fell"),
    ],
)
def test_a_target_is_met_by_points(tmp_path, before, after, delta: float, verdict: str) -> None:
    found = row(board(tmp_path, FLAT | {"neckline": after}, before=FLAT | {"neckline": before}))
    assert (found.delta, found.verdict) == (delta, verdict)


def test_a_rise_to_the_level_of_chance_is_no_gain(tmp_path) -> None:
    """Two models that guess differ by luck: chance is 25 points here."""
    low, chance, above = [0.1], [0.2, 0.3], [0.4, 0.5]
    guessing = row(
        board(tmp_path / "a", FLAT | {"category": chance}, before=FLAT | {"category": low}), "category@10"
    )
    knowing = row(
        board(tmp_path / "b", FLAT | {"category": above}, before=FLAT | {"category": low}), "category@10"
    )
    assert (guessing.low > 0, guessing.verdict, knowing.verdict) == (True, "no change", "gain")


@pytest.mark.parametrize(
    ("after", "verdict"),
    [
        pytest.param([0.7, 0.6], "gain", id="all above zero"),
        pytest.param([0.3, 0.4], "loss", id="all below zero"),
        pytest.param([0.6, 0.4], "no change", id="around zero"),
        pytest.param([0.5], "no change", id="nothing"),
    ],
)
def test_a_facet_without_target_is_judged_by_its_interval(tmp_path, after, verdict: str) -> None:
    assert row(board(tmp_path, FLAT | {"category": after}), "category@10").verdict == verdict


@pytest.mark.parametrize(
    ("wanted", "verdict"),
    [
        pytest.param(target(facet="colour"), "missing", id="no such facet"),
        pytest.param(target(metric="ndcg"), "missing", id="no such metric"),
        pytest.param(target(k=5), "missing", id="no such k"),
        pytest.param(target(slice_by="colour", slice_value="a"), "missing", id="no such slice"),
        pytest.param(target(slice_by="material", slice_value="d"), "missing", id="no such value"),
        pytest.param(target(slice_by="material", slice_value="a"), "not measurable", id="20 of 30 queries"),
        pytest.param(target(facet="sleeve"), "missing", id="known of no query"),
        pytest.param(
            target(metric="match_unknown_as_zero", facet="sleeve"), "missed", id="unknown counts as zero"
        ),
    ],
)
def test_what_cannot_be_measured_is_never_met(tmp_path: Path, wanted: Target, verdict: str) -> None:
    facets = known(sleeve=[None])
    hits = FLAT | {"neckline": [1.0], "sleeve": [1.0]}
    found = row(board(tmp_path, hits, wanted, before=FLAT | {"sleeve": [0.0]}, facets=facets))
    assert found.verdict == verdict
    assert (found.delta is None) == (verdict == "missing")


@pytest.mark.parametrize("missing_in", ["baseline", "checkpoint"])
def test_a_facet_or_slice_of_one_side_only_is_missing(tmp_path: Path, missing_in: str) -> None:
    whole = known(material=["denim"])
    less = {"category": whole["category"], "material": ["wool"] * 60}
    before, after = (less, whole) if missing_in == "baseline" else (whole, less)
    denim = target("Denim", "material", slice_by="material", slice_value="denim")
    table = board(tmp_path, FLAT, denim, target(), facets=before, facets_after=after)
    assert row(table, "Denim").verdict == row(table, "T").verdict == "missing"
    table = board(tmp_path / "other", FLAT, denim, facets=before, facets_after=after)
    assert row(table, "neckline@10").verdict == "missing"


def test_slice_values_are_found_in_any_case_of_letters(tmp_path: Path) -> None:
    facets = known(material=["Denim", "denim", "Wool"])
    wanted = target("T", "material", slice_by="material", slice_value="DENIM")
    found = row(board(tmp_path, FLAT | {"material": [0.75]}, wanted, facets=facets))
    assert (found.n, found.delta, found.chance, found.slice_value) == (40, 25.0, 25.0, "DENIM")


def test_queries_that_do_not_know_the_facet_do_not_count(tmp_path: Path) -> None:
    facets = known(neckline=["a", None])
    found = row(board(tmp_path, FLAT | {"neckline": [1.0]}, facets=facets))
    assert (found.n, found.delta) == (30, 50.0)
    wanted = target(metric="match_unknown_as_zero")
    found = row(board(tmp_path / "zero", FLAT | {"neckline": [1.0]}, wanted, facets=facets))
    assert (found.n, found.delta) == (60, 25.0)


def test_points_in_an_evaluation_are_refused(tmp_path: Path) -> None:
    before = write_evaluation(tmp_path / "baseline", known(), FLAT)
    after = write_evaluation(tmp_path / "checkpoint", known(), FLAT, scale=100)
    file = after / "per_query_results.parquet"
    with pytest.raises(ValueError, match="fractions") as caught:
        scoreboard(before, after, ScoreboardSettings(targets=(target(),)), bootstrap=100, seed=1)
    assert str(caught.value) == (
        f"{file}: neckline:match@10 of query 'q0000' is 50: an evaluation holds fractions from 0 to 1, "
        "evaluate it again"
    )


def test_neither_the_queries_order_nor_another_row_changes_a_figure(tmp_path: Path) -> None:
    hits = FLAT | {"neckline": [0.9, 0.2, 0.6, 0.1]}
    first = row(board(tmp_path / "1", hits, target()))
    folders = [tmp_path / "1" / side for side in ("baseline", "checkpoint")]
    for folder in folders:
        file = folder / "per_query_results.parquet"
        pl.read_parquet(file).reverse().write_parquet(file)
    settings = ScoreboardSettings(targets=(target("U", "category"), target()), min_queries=30)
    assert row(scoreboard(*folders, settings, bootstrap=200, seed=1)) == first
