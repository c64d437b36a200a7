import csv
import json
import os
import re
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from made_vectors import products, with_meta

from vdata_assets.embeddings.product_vectors import ProductVectors
from vdata_assets.evaluation.evaluate import QUERY_TIMES, Evaluated, evaluate
from vdata_assets.evaluation.schema import Metrics, PerQuery
from vdata_assets.evaluation.settings import KS, METRICS, EvaluationSettings
from vdata_resources.encoders import DescriptorEncoder

SETTINGS = EvaluationSettings(bootstrap=100)
QUERIES, CATALOG = products(60, 1, prefix="q", dim=64), products(300, 2, dim=64)


UNNAMEABLE = (
    "attribute '{}' cannot name a column and a file of the evaluation: give it a name of letters, digits and "
    "underscores other than query_id, results, scores, image_scores, text_scores, excluded"
)


def called(name: str) -> list[ProductVectors]:
    """Both sides with another name for the attribute."""
    return [
        ProductVectors(side.meta.rename({"material": name}), side.image, side.text, side.encoder)
        for side in (QUERIES, CATALOG)
    ]


def evaluated(out: Path, queries: ProductVectors = QUERIES, catalog: ProductVectors = CATALOG) -> Evaluated:
    return evaluate(queries, catalog, SETTINGS, out, lambda line: None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("evaluation")
    evaluated(out)
    return out


def test_it_writes_what_it_returns(tmp_path):
    made = evaluated(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "metrics.json",
        "metrics.parquet",
        "metrics_by_category.json",
        "metrics_by_material.json",
        "per_query_results.parquet",
        "query_times.json",
    ]
    assert pl.read_parquet(tmp_path / "metrics.parquet").equals(made.metrics)
    assert pl.read_parquet(tmp_path / "per_query_results.parquet").equals(made.per_query)
    Metrics.validate(pl.read_parquet(tmp_path / "metrics.parquet"))


def test_every_facet_is_measured_over_all_queries_and_over_every_facets_values(folder):
    metrics = pl.read_parquet(folder / "metrics.parquet")
    slices = metrics.select("slice_by", "slice_value").unique(maintain_order=True).rows()
    assert slices == [
        (None, None),
        ("category", "cardigans"),
        ("category", "shirts"),
        ("category", "shorts"),
        ("material", "denim"),
        ("material", "knit"),
    ]
    figures = (
        metrics.filter(slice_value="denim").select("facet", pl.col("metric").cast(pl.String), "k").rows()
    )
    assert figures == [(f, metric, k) for f in ("category", "material") for metric in METRICS for k in KS]


def test_unknown_queries_are_left_out_and_counted(folder):
    metrics = pl.read_parquet(folder / "metrics.parquet")
    unknown = QUERIES.meta["material"].null_count()
    assert unknown > 0
    match = metrics.filter(pl.col("slice_by").is_null(), facet="material", metric="match", k=10)
    zeros = metrics.filter(
        pl.col("slice_by").is_null(), facet="material", metric="match_unknown_as_zero", k=10
    )
    assert match.select("n", "unknown").row(0) == (60 - unknown, unknown)
    assert zeros.select("n", "unknown").row(0) == (60, unknown)
    assert zeros["value"][0] == pytest.approx(match["value"][0] * (60 - unknown) / 60)
    assert zeros["chance"][0] == pytest.approx(match["chance"][0] * (60 - unknown) / 60)


def test_a_row_a_query_has_its_results_and_values(folder):
    per_query = pl.read_parquet(folder / "per_query_results.parquet")
    PerQuery.validate(per_query.select(PerQuery.column_names()))
    values = [f"{metric}@{k}" for metric in ("match", "recall", "mrr", "ndcg") for k in KS]
    assert per_query.columns == [
        *PerQuery.column_names(),
        *("category", "category_relevant", *(f"category:{value}" for value in values)),
        *("material", "material_relevant", *(f"material:{value}" for value in values)),
    ]
    assert per_query["query_id"].to_list() == QUERIES.meta["product_id"].to_list()
    assert (per_query["results"].list.len() == 10).all()
    assert per_query["material"].equals(QUERIES.meta["material"])


def test_the_json_says_the_same_with_its_units_and_what_was_asked(folder):
    told = json.loads((folder / "metrics.json").read_text())
    metrics = pl.read_parquet(folder / "metrics.parquet")
    assert {key: told[key] for key in told if key != "facets"} == {
        "units": "fraction",
        "encoder": "made",
        "queries": 60,
        "catalog": 300,
        "settings": json.loads(SETTINGS.model_dump_json()),
    }
    assert told["facets"]["material"]["unknown"] == QUERIES.meta["material"].null_count()
    for row in metrics.filter(pl.col("slice_by").is_null()).to_dicts():
        figure = told["facets"][row["facet"]][row["metric"]][str(row["k"])]
        assert figure == {name: row[name] for name in ("value", "n", "low", "high", "chance")}
    by_material = json.loads((folder / "metrics_by_material.json").read_text())
    assert by_material["slice_by"] == "material"
    assert list(by_material["slices"]) == ["denim", "knit"]
    for value, part in by_material["slices"].items():
        assert part["queries"] == (QUERIES.meta["material"] == value).sum()
        row = metrics.filter(slice_value=value, facet="category", metric="ndcg", k=5).row(0, named=True)
        assert part["facets"]["category"]["ndcg"]["5"]["value"] == row["value"]


def test_query_times_are_in_seconds(folder):
    times = json.loads((folder / QUERY_TIMES).read_text())
    assert (times["units"], times["queries"]) == ("seconds", 60)
    assert 0 < times["per_query"]["p50"] <= times["per_query"]["p95"] <= times["all"]


def test_files_are_the_same_whatever_the_threads_and_hash_seed(folder, tmp_path):
    script = (
        "from pathlib import Path\n"
        "from made_vectors import products\n"
        "from vdata_assets.evaluation.evaluate import evaluate\n"
        "from vdata_assets.evaluation.settings import EvaluationSettings\n"
        "queries, catalog = products(60, 1, prefix='q', dim=64), products(300, 2, dim=64)\n"
        f"out = Path({str(tmp_path)!r})\n"
        "evaluate(queries, catalog, EvaluationSettings(bootstrap=100), out, print)\n"
    )
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS", "PYTHONHASHSEED")
    environment = os.environ | dict.fromkeys(names, "1") | {"PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", script], env=environment, check=True)
    assert digests(tmp_path) == digests(folder)


def digests(folder: Path) -> dict[str, str]:
    return {
        path.name: sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.name != QUERY_TIMES
    }


@pytest.mark.parametrize(("queries", "catalog"), [(0, 5), (5, 0), (0, 0)])
def test_without_queries_or_products_figures_have_no_value(tmp_path, queries, catalog):
    made = evaluated(tmp_path, products(queries, prefix="q"), products(catalog))
    overall = made.metrics.filter(pl.col("slice_by").is_null(), metric="match")
    assert overall.select("value", "low", "high", "chance").null_count().row(0) == (6,) * 4
    assert made.per_query["results"].list.len().to_list() == [0] * queries
    assert json.loads((tmp_path / "metrics.json").read_text())["facets"]["category"]["match"]["1"]["n"] == 0


def test_a_small_catalog_gives_as_many_results_as_there_are(tmp_path):
    made = evaluated(tmp_path, catalog=products(4, 2, dim=64))
    assert made.per_query["results"].list.len().to_list() == (4 - made.hits.excluded).tolist()


@pytest.mark.parametrize(
    ("queries", "catalog", "message"),
    [
        (
            ProductVectors(QUERIES.meta.drop("material"), QUERIES.image, QUERIES.text, "made"),
            CATALOG,
            "queries have the attributes [] and the catalog ['material']: take both from one table",
        ),
        (*called("../etc"), UNNAMEABLE.format("../etc")),
        (*called("scores"), UNNAMEABLE.format("scores")),
        (
            QUERIES,
            with_meta(CATALOG, product_id=["twice", "twice", *(f"p{row}" for row in range(298))]),
            "product_id 'twice' is there twice in the catalog: keep one row a product",
        ),
    ],
    ids=["attributes differ", "a name that is a path", "a name of a column", "an id twice"],
)
def test_what_cannot_be_evaluated_is_refused(tmp_path, queries, catalog, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        evaluated(tmp_path, queries, catalog)


def test_real_garments_are_found_by_their_kind(test_data, tmp_path):
    folder = test_data("fashion-attributes") / "products"
    with (folder / "styles.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))[::3]
    pictures = [folder / "images" / f"{row['id']}.jpg" for row in rows]
    vectors = np.zeros((len(rows), DescriptorEncoder.dim), np.float32)
    for batch in DescriptorEncoder().encode_images(pictures, inspect=lambda image: None):
        vectors[batch.indices] = batch.vectors
    digests = [sha256(path.read_bytes()).hexdigest() for path in pictures]
    meta = pl.DataFrame(rows).select(
        product_id="id",
        category="articleType",
        group_id="id",
        content_hash=pl.Series(digests),
        phash=pl.lit(0, pl.UInt64),
        split=pl.lit("all"),
        has_text=pl.lit(False),
        colour="baseColour",
    )
    garments = ProductVectors(meta, vectors, np.zeros((len(rows), 0), np.float32), "descriptor")
    made = evaluated(tmp_path, garments, garments)
    copies = pl.Series(digests).value_counts().filter(pl.col("count") > 1)["count"]
    assert (made.hits.excluded > 1).sum() == copies.sum()
    for facet in ("category", "colour"):
        row = made.metrics.filter(pl.col("slice_by").is_null(), facet=facet, metric="match", k=10)
        assert row["low"][0] > 2 * row["chance"][0]
