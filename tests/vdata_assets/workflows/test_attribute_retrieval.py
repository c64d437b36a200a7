"""The whole workflow on a small shop: what is published, what holds a model back, what is done once."""

import json
import shutil

import dagster as dg
import numpy as np
import polars as pl
import pytest
import shop_lab
from pydantic import ValidationError
from shop_lab import definitions, everything, failure, key, materialize, published, table

from vdata_assets.evaluation.settings import KS
from vdata_assets.samples.garments import write_garment_samples
from vdata_assets.workflows import AttributeRetrieval
from vdata_assets.workflows.attribute_retrieval import CATALOG_PART, TRAINING_PART
from vdata_assets.workflows.resources import CredentialsResource, StoreResource
from vdata_resources.store import Store

ASSETS = (*CATALOG_PART, *TRAINING_PART)


@pytest.fixture(scope="module")
def garments(tmp_path_factory):
    root = tmp_path_factory.mktemp("samples") / "garments"
    write_garment_samples(root, articles=60, flaws=True)
    return root


@pytest.fixture(scope="module")
def shop(make_module_lab, garments):
    """Everything made once; tests only look."""
    lab = make_module_lab()
    result = everything(lab, definitions(garments))
    assert result.success, failure(lab, result)
    return lab


def metrics(lab, asset: str) -> pl.DataFrame:
    return table(lab, asset, "metrics.parquet").filter(pl.col("slice_by").is_null())


def test_every_asset_is_published(shop):
    names = ("shard", "category")
    partitions = {name: shop.instance.get_dynamic_partitions(f"shop/{name}") for name in names}
    assert len(partitions["shard"]) > 1
    assert len(partitions["category"]) == 12
    for asset in ASSETS:
        for partition in partitions.get(shop_lab.DIMENSIONS.get(asset, ""), [None]):
            assert published(shop, asset, partition).is_dir()


def test_flawed_rows_are_kept_with_their_reason_and_left_out_of_everything(shop):
    products = table(shop, "products", "products.parquet")
    bad = products.filter(pl.col("reason").is_not_null())
    assert bad.height
    assert bad["reason"].str.len_chars().min() > 10
    usable = set(products.filter(pl.col("reason").is_null())["row"])
    for asset, name, column in (
        ("attributes", "attributes.parquet", "product_id"),
        ("splits", "splits.parquet", "sample_id"),
        ("product_groups", "groups.parquet", "product_id"),
        ("catalog_vectors", "catalog/catalog_meta.parquet", "product_id"),
    ):
        assert table(shop, asset, name)[column].n_unique() == len(usable)


def test_no_article_and_no_picture_is_in_two_splits(shop):
    rows = (
        table(shop, "splits", "splits.parquet")
        .rename({"sample_id": "product_id"})
        .join(table(shop, "product_groups", "groups.parquet"), on="product_id")
        .join(table(shop, "products", "products.parquet"), on="product_id")
    )
    for column in ("group_id", "content_hash"):
        assert rows.group_by(column).agg(pl.col("split").n_unique())["split"].max() == 1


def test_the_catalogs_arrays_have_a_unit_row_a_product(shop):
    folder = published(shop, "catalog_vectors") / "catalog"
    meta = pl.read_parquet(folder / "catalog_meta.parquet")
    images, texts = np.load(folder / "catalog_img.npy"), np.load(folder / "catalog_txt.npy")
    assert len(images) == len(texts) == meta.height
    np.testing.assert_allclose(np.linalg.norm(images, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(texts, axis=1), meta["has_text"].cast(float), atol=1e-5)


def test_queries_are_of_the_test_split_and_results_of_the_train_split(shop):
    side = dict(table(shop, "splits", "splits.parquet").select("sample_id", "split").iter_rows())
    for asset in ("baseline_evaluation", "full_evaluation"):
        found = table(shop, asset, "per_query_results.parquet")
        assert {side[query] for query in found["query_id"]} == {"test"}
        assert {side[product] for product in found["results"].explode()} == {"train"}


def test_pairs_and_hard_negatives_never_touch_the_test_split(shop):
    side = dict(table(shop, "splits", "splits.parquet").select("sample_id", "split").iter_rows())
    pairs = table(shop, "training_pairs", "pairs.parquet")
    assert pairs.height
    for a, b, split in pairs.select("a_id", "b_id", "split").iter_rows():
        assert side[a] == side[b] == split != "test"


def test_catalog_and_queries_both_go_through_the_checkpoint(shop):
    assert metrics(shop, "baseline_evaluation").height == metrics(shop, "full_evaluation").height
    encoders = [
        json.loads((published(shop, asset) / "metrics.json").read_text())["encoder"]
        for asset in ("baseline_evaluation", "full_evaluation")
    ]
    assert encoders[1].startswith(encoders[0])
    assert "protocol" in encoders[1]


def test_the_promoted_model_is_the_best_checkpoint(shop):
    model, promoted = published(shop, "protocol_model"), published(shop, "promoted_model")
    assert (promoted / "best.pt").read_bytes() == (model / "best.pt").read_bytes()


def test_the_ui_shows_pictures_counts_columns_and_where_the_pages_are(shop):
    def metadata(asset):
        (event,) = shop.instance.fetch_materializations(key(asset), limit=1).records
        return event.asset_materialization.metadata

    assert metadata("gallery")["gallery"].value.endswith("gallery.html")
    assert metadata("scoreboard")["scoreboard page"].value.endswith("scoreboard.html")
    for asset, picture in {
        "gallery": "gallery of queries",
        "scoreboard": "scoreboard",
        "protocol_model": "plot of the training",
        "baseline_evaluation": "metrics",
    }.items():
        assert "data:image/" in metadata(asset)[picture].value
    for asset in ASSETS:
        if asset not in shop_lab.DIMENSIONS:
            assert metadata(asset)["dagster/row_count"].value > 0


def test_a_second_run_does_nothing(shop, garments):
    before = {asset: published(shop, asset) for asset in ASSETS if asset not in shop_lab.DIMENSIONS}
    assert everything(shop, definitions(garments)).success
    assert before == {asset: published(shop, asset) for asset in before}


def test_a_wider_catalog_encodes_only_what_is_new_and_mines_only_categories_that_changed(
    make_lab, garments, tmp_path
):
    root = tmp_path / "garments"
    shutil.copytree(garments, root)
    lines = (root / "products.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    header, rows = lines[0], [line for line in lines[1:] if ",Skirts," not in line]
    skirts = [line for line in lines[1:] if ",Skirts," in line]
    (root / "products.csv").write_text("".join([header, *rows, *skirts[:1]]), encoding="utf-8")
    lab = make_lab()
    defs = definitions(root)
    until_mined = (*CATALOG_PART[:6], "hard_negatives")
    assert materialize(lab, defs, *until_mined).success
    splits = table(lab, "splits", "splits.parquet")
    tees = published(lab, "hard_negatives", "tees")
    (root / "products.csv").write_text("".join([header, *rows, *skirts[:1], *skirts[1:2]]), encoding="utf-8")
    assert materialize(lab, defs, *until_mined).success
    later = table(lab, "splits", "splits.parquet")
    kept = splits.join(later, on="sample_id", suffix="_later")
    assert kept.height == splits.height == later.height - 1
    assert (kept["split"] == kept["split_later"]).all()
    assert published(lab, "hard_negatives", "tees") == tees
    events = lab.instance.fetch_materializations(key("catalog_embeddings"), limit=10).records
    assert min(event.asset_materialization.metadata["encoded"].value for event in events) <= 1


class TestGate:
    """A model that was made worse on purpose, or one that cannot be judged, is not promoted."""

    @pytest.fixture
    def worse(self, make_lab, shop, garments):
        """The shop's evaluations, those of the checkpoint spoilt: every match of the category is gone."""
        lab = make_lab()
        lab.instance.add_dynamic_partitions("shop/category", ["tees"])
        for asset in ("protocol_model", "baseline_evaluation", "full_evaluation"):
            with Store(lab.home).artifact("shop", asset).draft("a" * 32) as draft:
                shutil.copytree(published(shop, asset), draft.path, dirs_exist_ok=True)
                (draft.path / "manifest.json").unlink()
                if asset == "full_evaluation":
                    spoil(draft.path)
                draft.publish({"figures": {}, "pictures": {}, "table": None}, {"findings": []})
        return lab

    def test_a_regressing_model_is_held_back_and_the_board_says_why(self, worse, garments):
        result = materialize(worse, definitions(garments), "scoreboard", "promoted_model")
        assert not result.success
        assert ("no_regression", None, False, "ERROR") in worse.verdicts(result)
        assert "category@10" in failure(worse, result)
        board = table(worse, "scoreboard", "scoreboard.parquet")
        (row,) = board.filter(pl.col("name") == "category@10").to_dicts()
        assert (row["checkpoint"], row["verdict"]) == (0.0, "loss")
        assert worse.store.artifact("shop", "promoted_model").current() is None

    def test_a_target_without_a_slice_is_no_pass(self, make_lab, shop, garments):
        board = {"min_queries": 5, "targets": [{"name": "Fur@10", "facet": "fur", "min_gain": 0}]}
        defs = definitions(garments, scoreboard=board)
        result = materialize(shop, defs, "scoreboard", "promoted_model")
        assert not result.success
        assert ("slices_present", None, False, "ERROR") in shop.verdicts(result)


def spoil(folder) -> None:
    """No result is of the query's category any more, in the queries' rows and in the figures."""
    per_query = pl.read_parquet(folder / "per_query_results.parquet")
    columns = [f"category:{metric}@{k}" for metric in ("match", "recall", "mrr", "ndcg") for k in KS]
    spoilt = per_query.with_columns(
        pl.when(pl.col(name).is_not_null()).then(0.0).alias(name) for name in columns
    )
    spoilt.write_parquet(folder / "per_query_results.parquet")
    figures = pl.read_parquet(folder / "metrics.parquet")
    zero = (pl.col("facet") == "category") & pl.col("value").is_not_null()
    figures.with_columns(
        pl.when(zero).then(0.0).otherwise(pl.col(name)).alias(name) for name in ("value", "low", "high")
    ).write_parquet(folder / "metrics.parquet")


WRONG = {
    "a split that is not there": (
        {"evaluation": {"query_split": "tset"}},
        "evaluation.query_split: there is no split 'tset', splits.ratios has train, validation, test",
    ),
    "queries that were trained on": (
        {"evaluation": {"query_split": "train"}},
        "evaluation.query_split is 'train': a model is not measured by what it was trained on",
    ),
    "an attribute from an own column": (
        {"attributes": {"columns": {"kind": "category"}}},
        "attributes.columns.kind: 'category' is a column of the products table",
    ),
    "a misspelt field": ({"products": {"shard": 3}}, "Extra inputs are not permitted"),
    "an unknown source": ({"products": {"source": {"type": "excel"}}}, "'csv', 'parquet', 'huggingface'"),
    "a check that is not there": ({"audits": {"no_regresion": "WARNING"}}, "no such check: no_regresion"),
    "an anchor without a length": (
        {"protocol_model": {"projection_dim": 64}},
        "set anchor_weight to 0 or projection_dim to null",
    ),
}


@pytest.mark.parametrize(("settings", "message"), WRONG.values(), ids=WRONG.keys())
def test_wrong_settings_are_refused_with_what_is_allowed(settings, message):
    with pytest.raises(ValidationError) as refused:
        AttributeRetrieval.model_validate({"root": "/data", **settings})
    assert message in str(refused.value)


def test_a_missing_source_names_the_file(lab, tmp_path):
    result = materialize(lab, definitions(tmp_path), "products")
    assert not result.success
    assert "products.csv" in failure(lab, result)


def test_both_jobs_take_partitions_of_their_own_kind(garments):
    resources = {"store": StoreResource(home="/store"), "credentials": CredentialsResource()}
    defs = dg.Definitions.merge(definitions(garments), dg.Definitions(resources=resources))
    for job, dimension in {"shop_catalog": "shop/shard", "shop_training": "shop/category"}.items():
        assert defs.resolve_job_def(job).partitions_def == dg.DynamicPartitionsDefinition(name=dimension)
