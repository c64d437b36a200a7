"""The scoreboard says the same in text, JSON, Parquet, HTML and Markdown, and shows names as text."""

import json
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from vdata_assets.evaluation.schema import Scoreboard, Verdict
from vdata_assets.reports.scoreboard_page import (
    headline,
    scoreboard_markdown,
    scoreboard_text,
    write_scoreboard,
)
from vdata_assets.reports.scoreboard_plots import changes_plot, figures_plot
from vdata_assets.rows import table_of

HOSTILE = '<script>alert(1)</script>|"\u202e'


def figure(name: str, **values: Any) -> dict[str, Any]:
    return {
        "name": name,
        "target": False,
        "facet": "material",
        "metric": "match",
        "k": 10,
        "n": 0,
        "verdict": Verdict.MISSING.value,
    } | values


MEASURED = {"n": 1200, "baseline": 18.34, "checkpoint": 25.14, "chance": 9.0, "low": 4.06, "high": 9.4}
TABLE = table_of(
    [
        figure(
            "Neckline@10", target=True, facet="neckline", delta=6.8, min_gain=5, max_gain=10, verdict="met",
            **MEASURED,
        ),
        figure("Denim@10", target=True, slice_by="material", slice_value="denim", min_gain=10),
        figure("猫@10", target=True, delta=-0.04, min_gain=2.5, verdict="not measurable", **MEASURED),
        figure("category@10", facet="category", delta=-6.8, verdict="loss", **MEASURED),
    ],
    Scoreboard,
)  # fmt: skip


HEAD = """\
Garments: 1 of 3 targets met; 1 not measurable, 1 missing
Values and changes are points from 0 to 100 over the queries that count on both sides; intervals are from a \
paired bootstrap; chance is what a random order would give. A gain is above zero by its whole interval, and \
the checkpoint above chance by its own.

checkpoint: epoch_3.pt
"""
FIGURES = """\
Queries  Baseline  Checkpoint  Change  95 % interval     Target  Chance  Verdict
-------  --------  ----------  ------  -------------  ---------  ------  --------------
  1,200      18.3        25.1    +6.8   +4.1 to +9.4  +5 to +10     9.0  met
      0         -           -       -              -        +10       -  missing
  1,200      18.3        25.1    +0.0   +4.1 to +9.4       +2.5     9.0  not measurable
  1,200      18.3        25.1    -6.8   +4.1 to +9.4          -     9.0  loss
"""


def test_the_text_is_an_aligned_table_in_points() -> None:
    text = scoreboard_text(TABLE, "Garments", {"checkpoint": "epoch_3.pt"})
    head, table = text.split("\n\nFigure")
    assert head + "\n" == HEAD
    lines = ("Figure" + table).splitlines()
    # A wide character takes two places.
    split = lines[0].index("Queries")
    places = [split - line.count("猫") for line in lines]
    assert [line[place:] for line, place in zip(lines, places, strict=True)] == FIGURES.splitlines()
    assert [line[:place].rstrip() for line, place in zip(lines, places, strict=True)] == [
        "Figure       Measures",
        "-----------  -----------------------------------------",
        "Neckline@10  neckline match@10",
        "Denim@10     material match@10 where material is denim",
        "猫@10        material match@10",
        "category@10  category match@10",
    ]


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        ([], "0 of 0 targets met"),
        (["met", "met"], "2 of 2 targets met"),
        (["met", "missed", "missing"], "1 of 3 targets met; 1 missed, 1 missing"),
    ],
)
def test_the_headline_counts_targets(verdicts: list[str], said: str) -> None:
    rows = [figure(str(place), target=True, verdict=verdict) for place, verdict in enumerate(verdicts)]
    assert headline(table_of([*rows, figure("other")], Scoreboard)) == said


def test_all_files_say_the_same(tmp_path: Path) -> None:
    write_scoreboard(TABLE, tmp_path, title="Garments", about={"encoder": "descriptor"})
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        f"scoreboard.{end}" for end in ("html", "json", "parquet", "txt")
    ]
    assert pl.read_parquet(tmp_path / "scoreboard.parquet").equals(TABLE)
    content = json.loads((tmp_path / "scoreboard.json").read_text())
    assert content["unit"] == "points, 0 to 100"
    assert content["targets"] == {"met": 1, "missed": 0, "not measurable": 1, "missing": 1}
    assert content["figures"] == TABLE.with_columns(pl.col("verdict").cast(pl.String)).to_dicts()
    text = scoreboard_text(TABLE, "Garments", {"encoder": "descriptor"})
    assert (tmp_path / "scoreboard.txt").read_text(encoding="utf-8") == text
    page = (tmp_path / "scoreboard.html").read_text(encoding="utf-8")
    assert [page.count(f'class="{kind}"') for kind in ("met", "not-measurable", "missing", "loss")] == [1] * 4


def test_names_from_outside_are_text(tmp_path: Path) -> None:
    rows = [figure(HOSTILE, target=True, facet=HOSTILE, slice_by=HOSTILE, slice_value=HOSTILE, min_gain=1)]
    table = table_of(rows, Scoreboard)
    write_scoreboard(table, tmp_path, title=HOSTILE, about={HOSTILE: HOSTILE})
    page = (tmp_path / "scoreboard.html").read_text(encoding="utf-8")
    shown = "&lt;script&gt;alert(1)&lt;/script&gt;|&quot;\ufffd"
    # The title twice, what it is about twice, the figure's name and three times in what it measures.
    assert page.count(shown) == 2 + 2 + 1 + 3
    assert "<script" not in page
    assert "script-src" not in page
    assert re.search(r"content=\"default-src 'none'; img-src data:; style-src 'sha256-[\w+/=]+';", page)
    assert not re.search(r'(src|href)="(?!data:image/png;base64,|#)', page)
    assert r"\<script\>alert\(1\)\<\/script\>\|\"" in scoreboard_markdown(table)


def test_the_ui_shows_the_table_and_both_plots() -> None:
    shown = scoreboard_markdown(TABLE)
    assert shown.startswith("**1 of 3 targets met; 1 not measurable, 1 missing**")
    assert shown.count("](data:image/png;base64,") == 2
    assert len(shown) < 150_000


@pytest.mark.parametrize("plot", [figures_plot, changes_plot])
@pytest.mark.parametrize(
    "table",
    [
        pytest.param(TABLE, id="some of everything"),
        pytest.param(TABLE.head(0), id="no rows"),
        pytest.param(TABLE[1:2], id="nothing measured"),
        pytest.param(pl.concat([TABLE] * 50), id="many rows"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_a_plot_is_small_and_reproducible(plot, table: pl.DataFrame) -> None:
    data = plot(table)
    assert data.startswith(b"\x89PNG")
    assert len(data) <= 50_000
    assert data == plot(table)
