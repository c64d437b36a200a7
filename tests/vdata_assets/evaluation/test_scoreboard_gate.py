"""The gate holds back what fell, and what it cannot see; the audit finds two sides that do not compare."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scoreboard_lab import known, write_evaluation

from vdata_assets.evaluation.gate import audit_promotion
from vdata_assets.evaluation.schema import Scoreboard, Verdict
from vdata_assets.evaluation.scoreboard import scoreboard
from vdata_assets.evaluation.scoreboard_audit import audit_scoreboard
from vdata_assets.evaluation.settings import ScoreboardSettings, Target
from vdata_assets.quality.findings import Finding, Status

SETTINGS = ScoreboardSettings(
    targets=(
        Target(name="Neckline@10", facet="neckline", min_gain=5),
        Target(name="A@10", facet="material", slice_by="material", slice_value="A", min_gain=10),
    )
)
QUERIES = 200
GOOD = np.random.default_rng(0).choice([0.4, 0.6, 0.8], QUERIES).tolist()
FLAT = {"category": GOOD, "material": GOOD, "neckline": GOOD}
BETTER = {facet: [value + 0.15 for value in values] for facet, values in FLAT.items()}
KNOWN = known(QUERIES)


def board(folder: Path, after: dict[str, list[float]], queries: int = QUERIES) -> pl.DataFrame:
    sides = (
        write_evaluation(folder / name, known(queries), hits)
        for name, hits in (("baseline", FLAT), ("checkpoint", after))
    )
    return scoreboard(*sides, SETTINGS, bootstrap=200, seed=1)


def gate(table: pl.DataFrame, settings: ScoreboardSettings = SETTINGS) -> dict[str, Finding]:
    findings = audit_promotion(table, settings)
    assert [finding.name for finding in findings] == ["slices_present", "no_regression", "something_gained"]
    return {finding.name: finding for finding in findings}


def worse(by: float, seed: int = 1) -> list[float]:
    """The matches of a model made worse on purpose, by so much on average, not for every query the same."""
    noise = np.random.default_rng(seed).normal(0, 0.02, QUERIES)
    return (np.array(GOOD) - by + noise - noise.mean()).tolist()


def test_a_better_model_passes(tmp_path: Path) -> None:
    findings = gate(board(tmp_path, BETTER))
    assert {finding.status for finding in findings.values()} == {Status.PASSED}
    assert findings["slices_present"].message == "of 2 targets and 2 facets 4 are measurable; 0 obstacles"
    assert findings["no_regression"].message == "0 of 4 measurable figures fell by more than 1 points"
    assert findings["something_gained"].counts == {"offenders": 0, "gained": 4}


@pytest.mark.parametrize(
    ("facet", "hit"),
    [
        pytest.param("category", ["category@10"], id="a facet"),
        pytest.param("neckline", ["Neckline@10"], id="a target"),
        pytest.param("material", ["A@10", "material@10"], id="a target of a slice, and its facet"),
    ],
)
def test_a_model_made_worse_on_purpose_is_held_back_though_all_else_rose(tmp_path, facet, hit) -> None:
    finding = gate(board(tmp_path, BETTER | {facet: worse(0.05)}))["no_regression"]
    assert finding.status is Status.FAILED
    assert [offender.partition(":")[0] for offender in finding.offenders] == hit


@pytest.mark.parametrize(
    ("by", "held_back"),
    [
        pytest.param(0.05, True, id="5 points, which as a fraction would be within 1"),
        pytest.param(0.015, True, id="1.5 points"),
        pytest.param(0.005, False, id="half a point, allowed"),
        pytest.param(0.01, False, id="exactly what is allowed"),
        pytest.param(0.0, False, id="nothing"),
    ],
)
def test_max_regression_is_in_points(tmp_path: Path, by: float, held_back: bool) -> None:
    finding = gate(board(tmp_path, FLAT | {"category": worse(by)}))["no_regression"]
    assert (finding.status is Status.FAILED) == held_back


def test_a_fall_within_its_interval_is_no_regression(tmp_path: Path) -> None:
    wild = np.random.default_rng(3).permutation(np.repeat([0.0, 1.0], [85, 115]))
    table = board(tmp_path, FLAT | {"category": wild.tolist()})
    fell = table.row(by_predicate=pl.col("name") == "category@10", named=True)
    assert fell["delta"] < -1 < 0 < fell["high"]
    assert gate(table)["no_regression"].status is Status.PASSED


def test_too_few_queries_are_not_judged_but_named(tmp_path: Path) -> None:
    table = board(tmp_path, FLAT | {"material": worse(0.3)}, queries=60)
    finding = gate(table)["no_regression"]
    said = "1 of 3 measurable figures fell by more than 1 points: material@10; not judged: A@10"
    assert finding.message == said
    assert [offender.partition(":")[0] for offender in finding.offenders] == ["material@10"]


def test_no_row_at_all_fails() -> None:
    finding = gate(Scoreboard.create_empty())["slices_present"]
    assert finding.status is Status.FAILED
    assert finding.offenders == (
        "Neckline@10: not in the table",
        "A@10: not in the table",
        "no facet's overall match@10 is in the table",
        "no figure has 30 queries: nothing is measurable",
    )


def test_nothing_measurable_fails(tmp_path: Path) -> None:
    finding = gate(board(tmp_path, BETTER, queries=12))["slices_present"]
    assert finding.status is Status.FAILED
    assert finding.offenders == ("no figure has 30 queries: nothing is measurable",)


def edited(table: pl.DataFrame, name: str, **values: object) -> pl.DataFrame:
    return table.with_columns(
        pl.when(pl.col("name") == name)
        .then(pl.lit(value))
        .otherwise(pl.col(column))
        .cast(table.schema[column])
        .alias(column)
        for column, value in values.items()
    )


NO_FIGURE = "its figures are no points from 0 to 100 with their difference"


@pytest.mark.parametrize(
    ("change", "offender"),
    [
        pytest.param(
            lambda table: table.filter(pl.col("name") != "A@10"), "A@10: not in the table", id="row left out"
        ),
        pytest.param(
            lambda table: edited(table, "A@10", verdict=Verdict.MISSING.value),
            "A@10: missing, no query of material 'A' has material match@10",
            id="target missing",
        ),
        pytest.param(
            lambda table: edited(table, "category@10", verdict=Verdict.MISSING.value),
            "category@10: missing on one side",
            id="facet missing",
        ),
        pytest.param(
            lambda table: edited(table, "A@10", slice_value="b"),
            "A@10: the table has another figure of this name; make the scoreboard again",
            id="another figure",
        ),
        pytest.param(
            lambda table: edited(table, "Neckline@10", delta=0.15), f"Neckline@10: {NO_FIGURE}", id="fraction"
        ),
        pytest.param(
            lambda table: edited(table, "Neckline@10", delta=float("nan")),
            f"Neckline@10: {NO_FIGURE}",
            id="nan",
        ),
        pytest.param(
            lambda table: edited(table, "category@10", delta=None), f"category@10: {NO_FIGURE}", id="null"
        ),
        pytest.param(
            lambda table: table.filter(pl.col("name") == "A@10").vstack(table.filter(pl.col("name") == "x")),
            "no facet's overall match@10 is in the table",
            id="no facets",
        ),
    ],
)
def test_what_the_gate_cannot_see_holds_the_model_back(tmp_path: Path, change, offender: str) -> None:
    finding = gate(change(board(tmp_path, BETTER)))["slices_present"]
    assert finding.status is Status.FAILED
    assert offender in finding.offenders


def test_a_model_that_raised_nothing_is_warned_of(tmp_path: Path) -> None:
    finding = gate(board(tmp_path, FLAT))["something_gained"]
    assert (finding.status, finding.offenders) == (Status.WARNING, ("no figure rose",))


def audited(tmp_path: Path, **checkpoint: object) -> tuple[Finding, Finding]:
    before = write_evaluation(tmp_path / "baseline", KNOWN, FLAT)
    arguments = {"facets": KNOWN, "hits": BETTER} | checkpoint
    after = write_evaluation(tmp_path / "checkpoint", **arguments)
    table = scoreboard(before, after, SETTINGS, bootstrap=100, seed=1)
    same, met = audit_scoreboard(table, before, after)
    assert (same.name, met.name) == ("same_queries", "targets_met")
    return same, met


def test_two_sides_that_compare_pass(tmp_path: Path) -> None:
    same, met = audited(tmp_path)
    assert same.status is met.status is Status.PASSED
    assert met.message == "2 of 2 targets are met, 0 missed, 0 not measurable, 0 missing"


@pytest.mark.parametrize(
    ("checkpoint", "offender"),
    [
        pytest.param({"first": 1}, "q0000: only in the baseline", id="a query less"),
        pytest.param({"first": 1}, "q0200: only in the checkpoint", id="a query more"),
        pytest.param({"first": 1000}, "no query was asked on both sides", id="all others"),
        pytest.param(
            {"relevant": 8},
            "q0000: category_relevant is 7 in the baseline, 8 in the checkpoint",
            id="catalog",
        ),
        pytest.param(
            {"facets": KNOWN | {"category": ["z", *KNOWN["category"][1:]]}},
            "q0000: category is a in the baseline, z in the checkpoint",
            id="a query that became another",
        ),
        pytest.param(
            {"facets": {facet: KNOWN[facet] for facet in ("category", "material")}},
            "facet neckline: only in the baseline",
            id="a facet less",
        ),
    ],
)
def test_sides_that_do_not_compare_are_found(tmp_path: Path, checkpoint: dict, offender: str) -> None:
    same, _ = audited(tmp_path, **checkpoint)
    assert same.status is Status.FAILED
    assert offender in same.offenders


def test_figures_that_are_not_those_of_the_metrics_are_found(tmp_path: Path) -> None:
    table = board(tmp_path, BETTER)
    wrong = edited(table, "Neckline@10", checkpoint=0.75)
    same, _ = audit_scoreboard(wrong, tmp_path / "baseline", tmp_path / "checkpoint")
    assert same.status is Status.FAILED
    assert same.offenders[0].startswith(
        "Neckline@10: 0.7500 points of 200 queries, but the checkpoint's metrics"
    )


def test_targets_that_are_not_met_are_named(tmp_path: Path) -> None:
    _, met = audited(tmp_path, hits=BETTER | {"neckline": GOOD})
    assert (met.status, met.offenders) == (Status.WARNING, ("Neckline@10: missed",))
    none = board(tmp_path / "none", BETTER).filter(~pl.col("target"))
    _, met = audit_scoreboard(none, tmp_path / "baseline", tmp_path / "checkpoint")
    assert (met.status, met.offenders) == (Status.WARNING, ("no target",))
