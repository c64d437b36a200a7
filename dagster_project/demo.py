"""`make demo`: every workflow on generated samples, without GPU, network services or keys.

The same runs that a user starts in the UI, on the same instance, so that `make ui` shows them afterwards.
"""

import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

from dagster_project.definitions import PROJECT, build_definitions
from vdata_assets.workflows.resources import StoreResource, vdata_home

DATASET = "objects"
QUIET = {"loggers": {"console": {"config": {"log_level": "WARNING"}}}}


def write_samples(root: Path) -> str:
    """Generate the sample photos unless they are there; says what it did."""
    from vdata_assets.samples.concepts import write_concept_images

    if root.exists():
        return f"samples are there: {root}"
    started = time.monotonic()
    truth = write_concept_images(root, flaws=True, log=lambda line: sys.stdout.write(f"{line}\n"))
    return f"{truth.height} sample images in {root} ({time.monotonic() - started:.1f} s)"


def run_dataset(
    definitions: dg.Definitions, instance: dg.DagsterInstance, dataset: str
) -> list[dg.ExecuteInProcessResult]:
    """Materialize the catalog, which registers the categories, then everything for all of them."""
    key = dg.AssetKey([dataset, "catalog"])
    job = definitions.resolve_implicit_global_asset_job_def()
    options: dict[str, Any] = {"instance": instance, "run_config": QUIET, "raise_on_error": False}
    runs = [job.execute_in_process(asset_selection=[key], **options)]
    categories = instance.get_dynamic_partitions(f"{dataset}/category")
    if runs[0].success and categories:
        tags = {ASSET_PARTITION_RANGE_START_TAG: categories[0], ASSET_PARTITION_RANGE_END_TAG: categories[-1]}
        whole = definitions.resolve_job_def(dataset)
        runs.append(whole.execute_in_process(tags=tags, **options))
    return runs


def summary(instance: dg.DagsterInstance, run_ids: Sequence[str], home: Path) -> str:
    """What was built, which checks passed, and where things are."""
    return "\n".join([*_asset_lines(instance, run_ids, home), "", *_check_lines(instance, run_ids)])


def _events(
    instance: dg.DagsterInstance, run_ids: Sequence[str], kind: dg.DagsterEventType
) -> Iterator[dg.DagsterEvent]:
    # A run's result lacks what a step that failed has logged; the instance has it.
    for run_id in run_ids:
        for entry in instance.all_logs(run_id, of_type=kind):
            yield entry.get_dagster_event()


def _asset_lines(instance: dg.DagsterInstance, run_ids: Sequence[str], home: Path) -> Iterator[str]:
    made: dict[str, dict[str | None, Any]] = {}
    for event in _events(instance, run_ids, dg.DagsterEventType.ASSET_MATERIALIZATION):
        materialization = event.step_materialization_data.materialization
        partitions = made.setdefault(materialization.asset_key.to_user_string(), {})
        partitions.setdefault(materialization.partition, materialization.metadata)
    yield f"\n{'asset':<30} {'made':>5} {'reused':>7} {'rows':>9}   where"
    for asset, partitions in made.items():
        reused = sum(entry["reused"].value for entry in partitions.values())
        rows = sum(entry["dagster/row_count"].value for entry in partitions.values())
        yield f"{asset:<30} {len(partitions) - reused:>5} {reused:>7} {rows:>9,}   {home / asset}"


def _check_lines(instance: dg.DagsterInstance, run_ids: Sequence[str]) -> Iterator[str]:
    events = _events(instance, run_ids, dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    answers = [event.asset_check_evaluation_data for event in events]
    evaluations = {(answer.asset_check_key, answer.partition): answer for answer in answers}
    verdicts = Counter(
        "passed" if answer.passed else answer.severity.value.lower() for answer in evaluations.values()
    )
    yield "checks: " + ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))
    for (check, partition), answer in evaluations.items():
        if not answer.passed:
            where = check.asset_key.to_user_string() + (f"[{partition}]" if partition else "")
            yield f"  {answer.severity.value:<5} {where} {check.name}: {answer.description}"


def main() -> int:
    """Run the demo; the exit status says whether everything was published."""
    warnings.filterwarnings("ignore", category=dg.BetaWarning)
    home = Path(vdata_home(PROJECT))
    started = time.monotonic()
    sys.stdout.write(write_samples(home / "samples" / DATASET) + "\n")
    definitions = build_definitions({"store": StoreResource(home=str(home))})
    with dg.DagsterInstance.get() as instance:
        runs = run_dataset(definitions, instance, DATASET)
        sys.stdout.write(summary(instance, [run.run_id for run in runs], home) + "\n")
    success = all(run.success for run in runs)
    sys.stdout.write(
        f"\n{'done' if success else 'FAILED'} in {time.monotonic() - started:.0f} s; "
        "look at it with `make ui` on http://127.0.0.1:3000\n"
    )
    return 0 if success else 1


if __name__ == "__main__":
    sys.exit(main())
