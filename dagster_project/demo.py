"""`make demo`: every workflow on generated samples, without GPU, network services or keys.

The same runs that a user starts in the UI, on the same instance, so that `make ui` shows them afterwards.
"""

import sys
import time
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import dagster as dg
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

from dagster_project.definitions import build_definitions, vdata_home
from vdata_assets.workflows.resources import StoreResource

DATASET = "shapes"
SEED = 7


def write_samples(root: Path) -> str:
    """Generate the sample photos unless they are there; says what it did."""
    from vdata_assets.samples import write_concept_images

    if root.exists():
        return f"samples are there: {root}"
    started = time.monotonic()
    truth = write_concept_images(root, seed=SEED)
    return f"{truth.height} sample images in {root} ({time.monotonic() - started:.1f} s)"


def run_dataset(
    definitions: dg.Definitions, instance: dg.DagsterInstance, dataset: str
) -> list[dg.ExecuteInProcessResult]:
    """Materialize the catalog, which registers the categories, then everything for all of them."""
    key = dg.AssetKey([dataset, "catalog"])
    job = definitions.resolve_implicit_global_asset_job_def()
    runs = [job.execute_in_process(instance=instance, asset_selection=[key], raise_on_error=False)]
    categories = instance.get_dynamic_partitions(f"{dataset}/category")
    if runs[0].success and categories:
        tags = {ASSET_PARTITION_RANGE_START_TAG: categories[0], ASSET_PARTITION_RANGE_END_TAG: categories[-1]}
        whole = definitions.resolve_job_def(dataset)
        runs.append(whole.execute_in_process(instance=instance, tags=tags, raise_on_error=False))
    return runs


def summary(runs: Sequence[dg.ExecuteInProcessResult], home: Path) -> str:
    """What was built, which checks passed, and where things are."""
    lines = ["", f"{'asset':<32} {'made':>5} {'reused':>7} {'rows':>9}   where"]
    made: dict[str, list[dg.AssetMaterialization]] = {}
    for run in runs:
        for event in run.all_events:
            if event.is_step_materialization:
                materialization = event.step_materialization_data.materialization
                made.setdefault(materialization.asset_key.to_user_string(), []).append(materialization)
    for asset, events in made.items():
        reused = sum(bool(event.metadata["reused"].value) for event in events)
        rows = sum(
            int(event.metadata["dagster/row_count"].value)
            for event in events
            if "dagster/row_count" in event.metadata
        )
        lines.append(f"{asset:<32} {len(events) - reused:>5} {reused:>7} {rows:>9,}   {home / asset}")
    evaluations = [evaluation for run in runs for evaluation in run.get_asset_check_evaluations()]
    verdicts = Counter(
        "PASSED" if e.passed else "WARNING" if e.severity is dg.AssetCheckSeverity.WARN else "FAILED"
        for e in evaluations
    )
    lines += ["", "checks: " + ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))]
    for evaluation in evaluations:
        if not evaluation.passed:
            where = evaluation.asset_key.to_user_string() + (
                f"[{evaluation.partition}]" if evaluation.partition else ""
            )
            lines.append(
                f"  {evaluation.severity.value:<5} {where} {evaluation.check_name}: {evaluation.description}"
            )
    return "\n".join(lines)


def main() -> int:
    """Run the demo; the exit status says whether everything was published."""
    warnings.filterwarnings("ignore", category=dg.BetaWarning)
    home = Path(vdata_home())
    started = time.monotonic()
    sys.stdout.write(write_samples(home / "samples" / DATASET) + "\n")
    definitions = build_definitions({"store": StoreResource(home=str(home))})
    with dg.DagsterInstance.get() as instance:
        runs = run_dataset(definitions, instance, DATASET)
    sys.stdout.write(summary(runs, home) + "\n")
    success = all(run.success for run in runs)
    sys.stdout.write(
        f"\n{'done' if success else 'FAILED'} in {time.monotonic() - started:.0f} s; "
        "look at it with `make ui` on http://127.0.0.1:3000\n"
    )
    return 0 if success else 1


if __name__ == "__main__":
    sys.exit(main())
