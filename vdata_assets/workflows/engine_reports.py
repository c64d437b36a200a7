"""What is said in the UI of the data engine's assets: findings, figures, pictures."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from vdata_assets.quality.findings import Check, Finding
from vdata_assets.workflows.engine_tables import COSTS, REGIONS_DIGEST, run_table, shard_costs
from vdata_assets.workflows.recipe import Built, Step
from vdata_assets.workflows.tables import as_markdown, described, read
from vdata_resources.store import Version

if TYPE_CHECKING:
    import polars as pl

    from vdata_assets.dataengine.find_regions import FoundRegions
    from vdata_assets.dataengine.settings import PromptSettings, RegionSettings
    from vdata_assets.dataengine.write_prompts import WrittenPrompts
    from vdata_assets.formats.convseg.convseg_tables import Export


def regions_built(
    found: "FoundRegions", costs: "pl.DataFrame", out: Path, settings: "RegionSettings", name: str
) -> Built:
    """Write a shard's tables, and say what is to be said of its regions."""
    from vdata_assets.dataengine.schema import Proposals
    from vdata_assets.dataengine.shard_audit import audit_regions, unanswered_questions
    from vdata_assets.reports import markdown
    from vdata_assets.reports.embed import SHEET_BYTES, encoded
    from vdata_assets.reports.engine_sheets import region_sheet

    found.pictures.write_parquet(out / "pictures.parquet")
    found.proposals.write_parquet(out / "proposals.parquet")
    found.errors.write_parquet(out / "errors.parquet")
    sheet = encoded(region_sheet(found.pictures, out, f"Regions of {name}"), SHEET_BYTES)
    findings = audit_regions(found.pictures, found.proposals, found.errors, found.asked, settings)
    return Built(
        findings,
        figures={
            "acceptance": acceptance(findings),
            "pictures": found.pictures.height,
            "regions": int(found.pictures["regions"].sum()),
            "unanswered": unanswered_questions(found.errors).height,
            **cost_figures(costs),
        },
        pictures={
            "regions sheet": markdown.image(f"Regions of {name}", sheet),
            **cost_pictures(costs),
            **error_pictures(found.errors),
        },
        table=described(found.proposals, Proposals),
    )


def prompts_built(
    written: "WrittenPrompts",
    regions: Version,
    costs: "pl.DataFrame",
    out: Path,
    settings: "PromptSettings",
    name: str,
) -> Built:
    """Write a shard's tables, and say what is to be said of its prompts."""
    from vdata_assets.dataengine.schema import Prompts
    from vdata_assets.dataengine.shard_audit import audit_prompts, unanswered_questions

    written.prompts.write_parquet(out / "prompts.parquet")
    written.silences.write_parquet(out / "silences.parquet")
    written.errors.write_parquet(out / "errors.parquet")
    pictures = read(regions.file("pictures.parquet"))
    findings = audit_prompts(pictures, written.prompts, written.errors, written.asked, settings)
    return Built(
        findings,
        figures={
            "acceptance": acceptance(findings),
            REGIONS_DIGEST: regions.digest,
            "unanswered": unanswered_questions(written.errors).height,
            **cost_figures(costs),
        },
        pictures={
            "table of families": as_markdown(family_table(written.prompts)),
            **prompt_pictures(written.prompts, out, name),
            "what was not written": as_markdown(silence_table(written.silences)),
            **cost_pictures(costs),
            **error_pictures(written.errors),
        },
        table=described(written.prompts, Prompts),
    )


def runs_built(
    step: Step,
    out: Path,
    images: Version,
    shards: Sequence[tuple[str, Version, Version]],
    missing: Mapping[str, str],
    settings: "PromptSettings",
) -> Built:
    """Write the table of run folders, and say what is to be said of them."""
    import polars as pl

    from vdata_assets.dataengine.checks import SHARDS_MERGED
    from vdata_assets.dataengine.schema import Prompts, Runs
    from vdata_assets.dataengine.shard_audit import families_balanced
    from vdata_assets.formats.convseg.run_audit import audit_runs
    from vdata_assets.formats.convseg.run_reader import found_runs
    from vdata_assets.reports import cost_plots, markdown

    table = run_table(images, shards)
    table.write_parquet(out / "runs.parquet")
    files = [written.file("prompts.parquet") for _, _, written in shards]
    prompts = pl.concat([Prompts.create_empty(), *map(read, files)])
    costs = shard_costs(shards)
    plot = {} if costs.is_empty() else {"cost plot": markdown.image("Costs", cost_plots.cost_plot(costs))}
    findings = [
        shards_merged(SHARDS_MERGED, len(shards), missing),
        *audit_runs(found_runs(out), log=step.log),
        families_balanced(prompts, settings.min_family_share),
    ]
    return Built(
        findings,
        figures={
            "shards": len(shards),
            "missing": dict(missing),
            "accepted": int(table["accepted"].sum()),
            "usd": float(costs["usd"].sum()),
        },
        pictures={
            "table of families": as_markdown(family_table(prompts)),
            **prompt_pictures(prompts, out, step.dataset.name),
            **plot,
        },
        table=described(table, Runs),
    )


def acceptance(findings: Sequence[Finding]) -> float:
    """The share that was accepted, as the finding that judges it counted it."""
    return next(float(finding.counts["share"]) for finding in findings if "share" in finding.counts)


def prompt_pictures(prompts: "pl.DataFrame", runs: Path, name: str) -> dict[str, str]:
    """Contact sheets of accepted and of rejected prompts, where there are any."""
    import polars as pl

    from vdata_assets.reports import markdown
    from vdata_assets.reports.embed import SHEET_BYTES, encoded
    from vdata_assets.reports.engine_sheets import prompt_sheet

    titles: dict[Literal["ACCEPT", "REJECT"], str] = {
        "ACCEPT": "Accepted prompts",
        "REJECT": "Rejected prompts",
    }
    present = prompts["verdict"].cast(pl.String).unique().to_list()
    return {
        title.lower(): markdown.image(
            title, encoded(prompt_sheet(prompts, runs, f"{title} of {name}", verdict), SHEET_BYTES)
        )
        for verdict, title in titles.items()
        if verdict in present
    }


def family_table(prompts: "pl.DataFrame") -> "pl.DataFrame":
    """Prompts of each family by verdict."""
    import polars as pl

    verdict = pl.col("verdict").cast(pl.String)
    return (
        prompts.group_by(pl.col("family").cast(pl.String), "negative")
        .agg(
            pl.len().alias("written"),
            *[(verdict == name).sum().alias(name.lower()) for name in ("ACCEPT", "REJECT", "ERROR")],
        )
        .with_columns((pl.col("accept") / pl.col("written")).alias("acceptance"))
        .sort("negative", "family")
    )


def silence_table(silences: "pl.DataFrame") -> "pl.DataFrame":
    """How many pictures each note is about."""
    import polars as pl

    return (
        silences.group_by(pl.col("family").cast(pl.String), "negative", "note")
        .agg(pl.len().alias("pictures"))
        .sort("family", "negative", "note")
    )


def cost_figures(costs: "pl.DataFrame") -> dict[str, Any]:
    """Totals, and the stages' rows so that shards can be compared."""
    import polars as pl

    totals = costs.select(pl.exclude("stage").sum())
    return {**totals.row(0, named=True), COSTS: costs.to_dicts()}


def cost_pictures(costs: "pl.DataFrame") -> dict[str, str]:
    """The stages as a table, if anything was asked of a service."""
    return {} if costs.is_empty() else {"table of stages": as_markdown(costs)}


def error_pictures(errors: "pl.DataFrame") -> dict[str, str]:
    """The errors as a table, if there are any."""
    return {} if errors.is_empty() else {"table of errors": as_markdown(errors.drop("image_id"))}


def shards_merged(check: Check, shards: int, missing: Mapping[str, str]) -> Finding:
    """Which shards' run folders are not there."""
    return check.finding(
        f"{len(missing)} of {shards + len(missing)} shards are missing",
        [f"{key}: {reason}" for key, reason in sorted(missing.items())],
        {"shards": shards},
    )


def export_built(export: "Export", name: str, log: Callable[[str], object]) -> Built:
    """What is to be said of the export."""
    from vdata_assets.formats.convseg.convseg_audit import audit_export
    from vdata_assets.formats.convseg.convseg_schema import ConvsegSamples
    from vdata_assets.reports import markdown
    from vdata_assets.reports.embed import SHEET_BYTES, encoded
    from vdata_assets.reports.engine_sheets import export_sheet

    sheet = encoded(export_sheet(placed_samples(export), export.folder, f"Samples of {name}"), SHEET_BYTES)
    return Built(
        audit_export(export, log=log),
        figures={
            "images": export.images.height,
            "skipped": export.skipped(),
        },
        pictures={
            "samples sheet": markdown.image("Exported samples", sheet),
            "table of splits": as_markdown(split_table(export)),
        },
        table=described(export.samples, ConvsegSamples),
    )


def split_table(export: "Export") -> "pl.DataFrame":
    """Images and samples of each split."""
    import polars as pl

    return (
        export.images.group_by("split")
        .agg(pl.len().alias("images"), pl.col("samples").sum())
        .sort("images", "split", descending=[True, False])
    )


def placed_samples(export: "Export") -> "pl.DataFrame":
    """The samples with their image, and where both files are in the export's folder."""
    import polars as pl

    prefix = pl.concat_str("split", pl.lit("/")) if export.settings.per_split else pl.lit("")
    return export.samples.join(
        export.images.select("image_key", "image", "split"), on="image_key", maintain_order="left"
    ).select(
        "sample_id",
        "prompt",
        family=pl.col("concept").cast(pl.String),
        image=prefix + pl.col("image"),
        mask=prefix + pl.col("mask"),
    )
