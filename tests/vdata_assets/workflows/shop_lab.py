"""Attribute retrieval's assets as tests make them, on a small shop, and what they published."""

from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from vdata_assets.workflows import AttributeRetrieval
from vdata_assets.workflows.attribute_retrieval import CATALOG_PART, TRAINING_PART

NAME = "shop"
DIMENSIONS = {"catalog_embeddings": "shard", "hard_negatives": "category"}
QUICK: dict[str, Any] = {
    "products": {"shard_size": 60},
    "attributes": {"columns": {"colour": "colour", "lot": "lot"}},
    "splits": {"ratios": {"train": 0.6, "validation": 0.15, "test": 0.25}},
    "evaluation": {"bootstrap": 100},
    "gallery": {"queries": 12},
    "hard_negatives": {"top_k": 10},
    "training_pairs": {"num_pairs": {"train": 600, "validation": 60}},
    "protocol_model": {"epochs": 2, "lr": 0.001},
    "scoreboard": {
        "min_queries": 5,
        "targets": [{"name": "Colour@10", "facet": "colour", "min_gain": 0}],
    },
}


def key(asset: str) -> dg.AssetKey:
    return dg.AssetKey([NAME, asset])


def definitions(root: Path, **settings: Any) -> dg.Definitions:
    component = AttributeRetrieval.model_validate({"root": str(root), **QUICK, **settings})
    return component.definitions(component.dataset(NAME, Path("/")))


def materialize(lab, defs: dg.Definitions, *assets: str) -> dg.ExecuteInProcessResult:
    """Materialize assets one after the other; the first result that is no success, or the last."""
    for asset in assets:
        span = None
        if asset in DIMENSIONS:
            keys = lab.instance.get_dynamic_partitions(f"{NAME}/{DIMENSIONS[asset]}")
            span = (keys[0], keys[-1])
        result = lab.run(defs, key(asset), span=span)
        if not result.success:
            return result
    return result


def everything(lab, defs: dg.Definitions) -> dg.ExecuteInProcessResult:
    """All assets, in two runs after the products."""
    result = lab.run(defs, key("products"))
    for part, dimension in ((CATALOG_PART, "shard"), (TRAINING_PART, "category")):
        if not result.success:
            return result
        keys = lab.instance.get_dynamic_partitions(f"{NAME}/{dimension}")
        result = lab.run(defs, *map(key, part), span=(keys[0], keys[-1]))
    return result


def published(lab, asset: str, partition: str | None = None) -> Path:
    version = lab.store.artifact(NAME, asset, partition).current()
    assert version is not None, f"{asset}[{partition}] is not published"
    return version.path


def table(lab, asset: str, name: str, partition: str | None = None) -> pl.DataFrame:
    return pl.read_parquet(published(lab, asset, partition) / name)


def failure(lab, result: dg.ExecuteInProcessResult) -> str:
    (entry,) = lab.instance.all_logs(result.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    return entry.get_dagster_event().step_failure_data.error.to_string()
