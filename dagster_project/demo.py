"""`make demo`: every workflow on generated samples, without GPU, network services or keys.

The same runs that a user starts in the UI, on the same instance, so that `make ui` shows them afterwards.
"""

import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

from dagster_project.definitions import PROJECT, build_definitions
from vdata_assets.workflows.resources import StoreResource, vdata_home

QUIET = {"loggers": {"console": {"config": {"log_level": "WARNING"}}}}


@dataclass(frozen=True)
class Demo:
    """A dataset of generated samples.

    Attributes:
        dataset: folder of its defs.yaml, and of its samples.
        write: generates the samples in a folder; says what it wrote.
        discover: the asset that registers the partitions; without partitions, the first asset.
        jobs: the job for what a dimension's partitions divide, by dimension, in order; None: no partitions.
    """

    dataset: str
    write: Callable[[Path], str]
    discover: str
    jobs: Mapping[str | None, str]


@dataclass(frozen=True)
class Run:
    """Runs of one dataset on the instance.

    Attributes:
        definitions: of the code location.
        instance: Dagster's.
        dataset: its name.
    """

    definitions: dg.Definitions
    instance: dg.DagsterInstance
    dataset: str

    def asset(self, name: str) -> dg.ExecuteInProcessResult:
        """Materialize one asset."""
        job = self.definitions.resolve_implicit_global_asset_job_def()
        return job.execute_in_process(asset_selection=[dg.AssetKey([self.dataset, name])], **self.options)

    def job(self, name: str, partitions: Sequence[str]) -> dg.ExecuteInProcessResult:
        """Run a job for a range of partitions, or one that has none."""
        ends = (ASSET_PARTITION_RANGE_START_TAG, ASSET_PARTITION_RANGE_END_TAG)
        tags = dict(zip(ends, (partitions[0], partitions[-1]), strict=True)) if partitions else None
        return self.definitions.resolve_job_def(name).execute_in_process(tags=tags, **self.options)

    @property
    def options(self) -> dict[str, Any]:
        """How runs are executed."""
        return {"instance": self.instance, "run_config": QUIET, "raise_on_error": False}


def say(line: str) -> None:
    """A line on standard output."""
    sys.stdout.write(f"{line}\n")


def write_concepts(root: Path) -> str:
    """Photos of objects from several sides, a few files flawed on purpose."""
    from vdata_assets.samples.concepts import write_concept_images

    return f"{write_concept_images(root, flaws=True, log=say).height} sample images"


def write_exports(root: Path) -> str:
    """Annotated clips as export ZIPs, in the layouts that occur."""
    from vdata_assets.samples.exports import write_export_samples

    truth = write_export_samples(root, log=say)
    return f"{truth['export'].n_unique()} sample exports with {truth.height} objects"


def write_garments(root: Path) -> str:
    """Products with texts, some rows flawed on purpose."""
    from vdata_assets.samples.garments import write_garment_samples

    truth = write_garment_samples(root, flaws=True, log=say)
    return f"{truth.height} sample products of {truth['article'].n_unique()} articles"


def write_things(root: Path) -> str:
    """Photos in folders by class, of very unequal size, some files flawed on purpose."""
    from vdata_assets.samples.classes import write_class_images

    truth = write_class_images(root, flaws=True, log=say)
    return f"{truth.height} sample images of {truth['class'].n_unique()} classes"


def write_tabletops(root: Path) -> str:
    """Scenes of several objects, some files flawed on purpose."""
    from vdata_assets.samples.tabletops import write_tabletop_samples

    truth = write_tabletop_samples(root, flaws=True, log=say)
    return f"{truth['path'].n_unique()} sample scenes with {truth.height} objects"


DEMOS = (
    Demo("objects", write_concepts, "catalog", {"category": "objects"}),
    Demo("clips", write_exports, "inbox", {"export": "clips"}),
    Demo("tabletops", write_tabletops, "images", {"shard": "tabletops"}),
    Demo(
        "garments",
        write_garments,
        "products",
        {"shard": "garments_catalog", "category": "garments_training"},
    ),
    Demo("things", write_things, "catalog", {None: "things"}),
)


def write_samples(demo: Demo, root: Path) -> str:
    """Generate the samples unless they are there; says what it did."""
    if root.exists():
        return f"samples are there: {root}"
    started = time.monotonic()
    return f"{demo.write(root)} in {root} ({time.monotonic() - started:.1f} s)"


def run_demo(demo: Demo, run: Run) -> list[dg.ExecuteInProcessResult]:
    """Register the partitions, then materialize everything for all of them."""
    runs = [run.asset(demo.discover)]
    for dimension, job in demo.jobs.items():
        partitions = run.instance.get_dynamic_partitions(f"{demo.dataset}/{dimension}") if dimension else []
        if runs[-1].success and (partitions or dimension is None):
            runs.append(run.job(job, partitions))
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
    definitions = build_definitions({"store": StoreResource(home=str(home))})
    runs: list[dg.ExecuteInProcessResult] = []
    with dg.DagsterInstance.get() as instance:
        for demo in DEMOS:
            root = home / "samples" / demo.dataset
            say(write_samples(demo, root))
            runs += run_demo(demo, Run(definitions, instance, demo.dataset))
        say(summary(instance, [run.run_id for run in runs], home))
    success = all(run.success for run in runs)
    say(
        f"\n{'done' if success else 'FAILED'} in {time.monotonic() - started:.0f} s; "
        "look at it with `make ui` on http://127.0.0.1:3000"
    )
    return 0 if success else 1


if __name__ == "__main__":
    sys.exit(main())
