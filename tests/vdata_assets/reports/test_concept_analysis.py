"""The analysis works for any catalog, and its files depend on nothing but the data."""

import html
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest
from markdown_it import MarkdownIt
from PIL import Image

from vdata_assets.reports.concept_analysis import Analysis, analyse
from vdata_assets.reports.schema import Counts
from vdata_assets.reports.settings import AnalysisSettings

PLOTS = ["categories", "concepts", "image_sizes"]
TREES = {
    "empty dataset": {},
    "empty category": {"toy": {}},
    "one image": {"toy": {"duck": 1}},
    "two categories": {"toy": {"duck": 3, "car": 2}, "bag": {"red": 2}},
    "hostile names": {"<b>|`x`": {"[a](http://x.y)": 2}, "猫 $\\frac$": {"\u202e\n": 1}, "../..": {"a|b": 1}},
}


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., tuple[Analysis, Path]]:
    def analysis(made: SimpleNamespace, **settings) -> tuple[Analysis, Path]:
        out = tmp_path / f"out{len(list(tmp_path.glob('out*')))}"
        out.mkdir()
        retrieval = settings.pop("retrieval", None)
        workers = settings.pop("workers", None)
        result = analyse(
            made.images.lazy(),
            made.categories,
            made.root,
            out,
            settings=AnalysisSettings(**settings),
            workers=workers,
            log=print,
            retrieval=retrieval,
        )
        return result, out

    return analysis


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize("tree", TREES.values(), ids=TREES)
def test_every_catalog_gives_all_files_and_a_page(catalog: Callable, run: Callable, tree: dict) -> None:
    result, out = run(catalog(tree))
    assert set(contents(out)) == {
        "analysis.json",
        "counts.parquet",
        *(f"plots/{name}.png" for name in PLOTS),
        *(f"contact_sheets/p{number}.jpg" for number in range(len(tree))),
    }
    Counts.validate(pl.read_parquet(out / "counts.parquet"))
    report = json.loads((out / "analysis.json").read_text(encoding="utf-8"))
    assert report["totals"] == result.figures
    assert result.figures["images"] == sum(sum(concepts.values()) for concepts in tree.values())
    assert {row["category"] for row in report["categories"]} == set(tree)


def test_the_page_shows_names_as_they_are(catalog: Callable, run: Callable) -> None:
    result, _ = run(catalog(TREES["hostile names"]))
    page = MarkdownIt("commonmark").enable("table").render(result.page)
    names = [html.unescape(cell) for cell in re.findall(r"<td>(.*?)</td>", page)]
    assert names[:3] == ["../..", "<b>|`x`", "猫 $\\frac$"]
    assert set(re.findall(r"<(\w+)", page)) == {
        *("h2", "p", "table", "thead", "tbody", "tr", "th", "td", "img"),
    }


def test_outputs_do_not_depend_on_workers(catalog: Callable, run: Callable) -> None:
    made = catalog({f"category {number}": {"a": 7, "b": 2} for number in range(6)})
    first, second = (run(made, workers=workers) for workers in (1, 3))
    assert first[0] == second[0]
    assert contents(first[1]) == contents(second[1])


@pytest.mark.parametrize("shown", [0, 2, 50])
def test_the_page_shows_a_bounded_number_of_sheets(catalog: Callable, run: Callable, shown: int) -> None:
    made = catalog({f"category {number}": {"a": 1} for number in range(10)})
    result, out = run(made, shown_sheets=shown)
    assert result.page.count("![Contact sheet of ") == min(shown, 10)
    assert f"{min(shown, 10)} of 10; the folder holds all." in result.page
    assert len(list((out / "contact_sheets").iterdir())) == 10


def test_many_categories_stay_within_a_page(catalog: Callable, run: Callable) -> None:
    result, out = run(catalog({f"category {number:03}": {"a": 1} for number in range(500)}))
    assert "450 more rows are not shown." in result.page
    assert len(result.page) < 1_000_000
    assert len(list((out / "contact_sheets").iterdir())) == 500


def test_unreadable_images_are_counted_with_their_reason(catalog: Callable, run: Callable) -> None:
    made = catalog({"toy": {"duck": 2, "car": 1}}, unreadable=("toy/duck/0", "toy/duck/1", "toy/car/0"))
    result, _ = run(made)
    assert result.figures["unreadable"] == 3
    assert "| image file is truncated | 3 |" in result.page
    assert "No image is readable." in result.page


def test_retrieval_rows_are_summed_up(catalog: Callable, run: Callable) -> None:
    rows = pl.DataFrame([{"query_id": "q", "similarities": [0.75, 0.5], "ranks": [0, 1]}])
    made = catalog({"toy": {"duck": 2, "car": 1}})
    result, out = run(made, retrieval=rows.lazy())
    assert (
        "1 queries. Mean similarity to the query: 0.750 positives, 0.500 distractors. "
        "The positive is the most similar slot of 100.0% of the queries." in result.page
    )
    assert (out / "plots" / "similarities.png").is_file()
    empty, _ = run(made, retrieval=rows.head(0).lazy())
    assert "No query has distractors." in empty.page


def test_sheets_of_real_photos_are_small(run: Callable, catalog: Callable, test_data) -> None:
    root = test_data("clothing-explicit-split")
    photos = sorted(path.relative_to(root).as_posix() for path in root.rglob("*.jpg"))[:48]
    made = catalog({"clothes": {f"concept {number}": 6 for number in range(8)}})
    made.images = made.images.with_columns(path=pl.Series(photos))
    made.root = root
    _, out = run(made)
    data = (out / "contact_sheets" / "p0.jpg").read_bytes()
    assert len(data) <= 150_000
    with Image.open(io.BytesIO(data)) as image:
        assert image.size == (868, 1172)
