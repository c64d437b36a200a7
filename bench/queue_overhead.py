"""100 partitions as 100 runs: seconds a partition beyond its work, of at most 1.5 on the local queue.

``vdata backfill`` on a dataset of one partitioned asset whose work is to sleep: each partition is a run that
goes through the queue of the instance that `make demo` has, four runs at a time. Beyond the work means: the
wall time over the partitions, less a partition's sleep over the runs at a time. Slurm and Ray are measured
likewise where their programs are, on the clusters of deploy/; their figures are told and not judged.

    python bench/queue_overhead.py [number of partitions]
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from memory import PeakMemory
from report import report

REPOSITORY = Path(__file__).resolve().parent.parent
PARTITIONS, AT_A_TIME, WORK_SECONDS, LIMIT_SECONDS = 100, 4, 0.5, 1.5
LOCATION = f"""
import time
from pathlib import Path

import dagster as dg

from dagster_project.executors import chosen_executor
from vdata_assets.workflows.dataset import Dataset
from vdata_assets.workflows.publish import published_asset
from vdata_assets.workflows.recipe import Built, Recipe
from vdata_assets.workflows.resources import CredentialsResource, StoreResource, vdata_home

HERE = Path(__file__).parent
DATASET = Dataset("naps", HERE, one_run=False)


def build(step, out):
    \"\"\"Sleep.\"\"\"
    time.sleep({WORK_SECONDS})
    return Built([])


defs = dg.Definitions(
    assets=[
        published_asset(
            DATASET,
            "nap",
            Recipe(lambda step: {{}}, build, None, "1", ()),
            deps=[],
            kinds=set(),
            partitioned=True,
        )
    ],
    resources={{"store": StoreResource(home=vdata_home(HERE)), "credentials": CredentialsResource()}},
    executor=chosen_executor(),
)
"""


@contextmanager
def slurm_cluster(folder: Path) -> Iterator[dict[str, str]]:
    """A cluster of deploy/slurm while the block lasts."""
    script = REPOSITORY / "deploy" / "slurm" / "cluster.sh"
    subprocess.run([script, "start", folder], check=True)
    try:
        yield {"VDATA_EXECUTOR": "slurm", "SLURM_CONF": str(folder / "slurm.conf")}
    finally:
        subprocess.run([script, "stop", folder], check=True)


@contextmanager
def ray_cluster(folder: Path) -> Iterator[dict[str, str]]:
    """A cluster of deploy/ray while the block lasts."""
    script = REPOSITORY / "deploy" / "ray" / "cluster.sh"
    subprocess.run([script, "start", folder, str(AT_A_TIME)], check=True)
    try:
        printed = subprocess.run(
            ["bash", "-c", f'set -a; source "{folder}/environment"; env -0'],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        variables = dict(line.split("=", 1) for line in printed.split("\0") if line.startswith("RAY_"))
        yield {"VDATA_EXECUTOR": "ray", **variables}
    finally:
        subprocess.run([script, "stop", folder], check=True)


def overhead(folder: Path, environment: dict[str, str], partitions: int) -> float:
    """Seconds a partition beyond its work."""
    place = folder / environment.get("VDATA_EXECUTOR", "local")
    (place / "dagster").mkdir(parents=True)
    shutil.copy(REPOSITORY / "dagster_project" / "instance" / "dagster.yaml", place / "dagster")
    (place / "location.py").write_text(LOCATION)
    (place / "workspace.yaml").write_text("load_from:\n  - python_file: location.py\n")
    variables = {
        **os.environ,
        **environment,
        "DAGSTER_HOME": str(place / "dagster"),
        "VDATA_HOME": str(place / "home"),
        "PYTHONPATH": str(REPOSITORY),
    }
    register = (
        "import dagster as dg\n"
        "with dg.DagsterInstance.get() as instance:\n"
        f"    instance.add_dynamic_partitions('naps/category', [f'p{{n:05}}' for n in range({partitions})])\n"
    )
    subprocess.run([sys.executable, "-c", register], env=variables, check=True)
    command = [sys.executable, "-m", "dagster_project.command_line", "backfill", "naps"]
    started = time.perf_counter()
    done = subprocess.run(command, cwd=place, env=variables, capture_output=True, text=True)
    seconds = time.perf_counter() - started
    if done.returncode or f"{partitions} published" not in done.stdout:
        sys.exit(f"{command} ended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return seconds / partitions - WORK_SECONDS / AT_A_TIME


def main() -> int:
    """Measure and report; exit with 1 if the target is missed."""
    partitions = int(sys.argv[1]) if len(sys.argv) > 1 else PARTITIONS
    clusters = {"slurm": ("slurmctld", slurm_cluster), "ray": ("ray", ray_cluster)}
    with TemporaryDirectory(prefix="vd") as name:
        folder = Path(name)
        folder.chmod(0o755)  # The daemons of Slurm have users of their own.
        with PeakMemory() as peak:
            local = overhead(folder, {"VDATA_EXECUTOR": "local"}, partitions)
        print(f"local queue: {local:.2f} s a partition beyond its work ({partitions} partitions)", flush=True)
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        os.environ["PATH"] = path
        for executor, (program, cluster) in clusters.items():
            if shutil.which(program) is None:
                print(f"{executor}: not measured: no {program} on this machine", flush=True)
                continue
            with cluster(folder / f"{executor}-cluster") as environment:
                took = overhead(folder, environment, partitions)
            print(f"{executor}: {took:.2f} s a partition beyond its work", flush=True)
    against = f"{LIMIT_SECONDS} s a partition beyond its work on the local queue (time, ours / limit)"
    return 0 if report("queue_overhead", local / LIMIT_SECONDS, against, "<= 1", peak_mb=peak.mb) else 1


if __name__ == "__main__":
    sys.exit(main())
