"""What the assets of the data engine read from each other, and what is said of them in the UI."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from vdata_assets.workflows.dataset import Dataset
from vdata_assets.workflows.recipe import Step
from vdata_assets.workflows.tables import previous_table, read
from vdata_assets.workflows.upstreams import published_partitions, register
from vdata_resources.store import NotPublished, Store, Version

if TYPE_CHECKING:
    import polars as pl

    from vdata_assets.dataengine.settings import EngineImageSettings
    from vdata_assets.formats.convseg.run_model import FoundRun

COSTS = "costs"
REGIONS_DIGEST = "regions_digest"


def answered(version: Version) -> bool:
    """Whether no question was left without an answer in making the version."""
    return not version.metadata["figures"]["unanswered"]


def register_shards(step: Step, version: Version) -> None:
    """Register one partition a shard."""
    register(step, sorted(set(read(version.file("images.parquet"))["shard"])))


def shard_images(step: Step) -> "pl.DataFrame":
    """The readable images of the step's shard, in the images' order.

    Raises:
        NotPublished: the key was registered by hand and no shard ever had it, or all its images are gone.
    """
    import polars as pl

    images = read(step.upstream("images").file("images.parquet")).filter(pl.col("shard") == step.key)
    if images.is_empty():
        raise NotPublished(f"no image is in the shard {step.key!r} any more: delete the partition")
    return images.filter(pl.col("reason").is_null()).select("image_id", "path", "run", "content_hash")


def worked_shards(step: Step) -> tuple[list[tuple[str, Version, Version]], dict[str, str]]:
    """Key, regions and prompts of every shard that has both, and by key why others have not."""
    shards = sorted(set(read(step.upstream("images").file("images.parquet"))["shard"]))
    names = {key: key for key in shards}
    regions, without_regions = published_partitions(step, "regions", names)
    prompts, without_prompts = published_partitions(step, "prompts", names)
    found = {key: version for key, _, version in regions}
    both, missing = [], {**without_prompts, **without_regions}
    for key, _, version in prompts:
        if key not in found:
            continue
        if version.metadata["figures"][REGIONS_DIGEST] != found[key].digest:
            missing[key] = "its regions are newer than its prompts: materialize prompts"
        else:
            both.append((key, found[key], version))
    return both, missing


def link_runs(step: Step, versions: Sequence[Version]) -> None:
    """Put all files of the versions' run folders into the candidate."""
    from vdata_assets.dataengine.schema import RUN_PREFIX

    for version in versions:
        for name in version.files:
            if name.startswith(RUN_PREFIX):
                step.link(version, name, name)


def run_table(images: Version, shards: Sequence[tuple[str, Version, Version]]) -> "pl.DataFrame":
    """Every run folder, of schema Runs."""
    import polars as pl

    from vdata_assets.dataengine.schema import Runs

    contents = read(images.file("images.parquet")).select("image_id", "content_hash")
    rows = [Runs.create_empty()]
    for key, found, written in shards:
        accepted = pl.col("verdict").cast(pl.String) == "ACCEPT"
        counts = (
            read(written.file("prompts.parquet"))
            .group_by("run")
            .agg(
                prompts=pl.len(),
                accepted=(accepted & ~pl.col("negative")).sum(),
                negatives=(accepted & pl.col("negative")).sum(),
            )
        )
        table = (
            read(found.file("pictures.parquet"))
            .join(contents, on="image_id", maintain_order="left")
            .join(counts, on="run", how="left", maintain_order="left")
            .with_columns(pl.col("prompts", "accepted", "negatives").fill_null(0), shard=pl.lit(key))
        )
        rows.append(Runs.validate(table.select(Runs.column_names()), cast=True))
    return Runs.validate(pl.concat(rows).sort("run"))


def published_sources(step: Step, assets: Sequence[str]) -> dict[str, Version]:
    """The versions of those assets that are published.

    Raises:
        NotPublished: none of them is.
    """
    found = {}
    missing = []
    for asset in assets:
        try:
            found[asset] = step.upstream(asset)
        except NotPublished as absent:
            missing.append(str(absent))
    if not found:
        raise NotPublished("; ".join(missing))
    return found


def all_runs(versions: Mapping[str, Version], root: Path) -> "list[FoundRun]":
    """The run folders of some versions, those that were made here with their source files."""
    from vdata_assets.formats.convseg.run_reader import found_runs

    found = []
    for origin, version in versions.items():
        sources = {}
        if "runs.parquet" in version.files:
            table = read(version.file("runs.parquet")).select("run", "path", "content_hash")
            sources = {run: (root / path, content) for run, path, content in table.iter_rows()}
        for run in found_runs(version.path, origin):
            source, content = sources.get(run.name, (None, None))
            found.append(replace(run, source=source, source_hash=content))
    return found


def previous_splits(step: Step) -> "pl.DataFrame | None":
    """The splits that are published now, or None."""
    before = previous_table(step, "splits.parquet")
    return read(before) if before else None


def shard_costs(shards: Sequence[tuple[str, Version, Version]]) -> "pl.DataFrame":
    """What making each shard cost: columns of StageCosts, and shard."""
    import polars as pl

    from vdata_assets.dataengine.schema import StageCosts

    schema = StageCosts.create_empty().schema
    tables = [StageCosts.create_empty().with_columns(shard=pl.lit("", pl.String))]
    for key, *versions in shards:
        rows = [row for version in versions for row in version.metadata["figures"][COSTS]]
        tables.append(pl.DataFrame(rows, schema=schema).with_columns(shard=pl.lit(key)))
    return pl.concat(tables)


def present_shards(store: Store, dataset: Dataset, settings: "EngineImageSettings") -> dict[str, str]:
    """Every shard that there is or will be once `images` is made, by its key; no file is opened.

    Raises:
        ValueError: the root cannot be listed.
    """
    from vdata_assets.catalog.listing import list_files
    from vdata_assets.catalog.shards import shard_keys

    version = store.artifact(dataset.name, "images").current()
    table = read(version.file("images.parquet")) if version else None
    known = dict(table.select("path", "shard").iter_rows()) if table is not None else {}
    paths = sorted(
        folder.prefix + name for folder in list_files(dataset.root).folders for name in folder.images
    )
    present = set(paths)
    here = {path: shard for path, shard in known.items() if path in present}
    return {key: key for key in shard_keys(paths, settings.shard_size, here).values()}
