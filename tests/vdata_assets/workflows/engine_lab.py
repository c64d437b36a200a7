"""The data engine's assets as tests make them, and what they published."""

from pathlib import Path

import dagster as dg
import engine_model
import polars as pl

from vdata_assets.workflows import ConversationalSegmentation
from vdata_assets.workflows.model_settings import GeminiSettings
from vdata_assets.workflows.resources import CredentialsResource

NAME = "scenes"
SHARDED = ("regions", "prompts")
EVERYTHING = ("images", "regions", "prompts", "runs", "convseg_export")


def key(asset):
    return dg.AssetKey([NAME, asset])


def definitions(root, **settings):
    component = ConversationalSegmentation(root=str(root), **settings)
    return component.definitions(component.dataset(NAME, Path("/")))


def gemini(server, **settings):
    prices = {"input_usd_per_million": 1.0, "output_usd_per_million": 4.0}
    return GeminiSettings(model="gemini-test", base_url=server.url, **{**prices, **settings})


def materialize(lab, defs, *assets, shards=("shard-0000",)):
    """Materialize assets one after the other; the first result that is no success, or the last."""
    for asset in assets:
        span = (shards[0], shards[-1]) if asset in SHARDED else None
        result = lab.run(defs, key(asset), span=span)
        if not result.success:
            return result
    return result


def failure(lab, result):
    (entry,) = lab.instance.all_logs(result.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    return entry.get_dagster_event().step_failure_data.error.to_string()


def published(lab, asset, shard=None):
    return lab.store.artifact(NAME, asset, shard).current()


def table(lab, asset, name, shard=None):
    return pl.read_parquet(published(lab, asset, shard).file(name))


def with_key(lab):
    return type(lab)(
        lab.instance,
        lab.home,
        CredentialsResource(google_api_key=engine_model.KEY, openai_api_key=engine_model.KEY),
    )
