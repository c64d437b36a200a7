"""Loading a code location of 20 datasets against loading an empty project's: seconds more, of at most one.

The datasets are those of the demo, four times over under names of their own: four of each workflow.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from report import report

REPOSITORY = Path(__file__).resolve().parent.parent
ROUNDS = 7
COPIES = 4
# The instance is there before a code server loads definitions, so its imports are nobody's.
LOAD = """
import time
from dagster import DagsterInstance
DagsterInstance.ephemeral()
started = time.perf_counter()
import {module} as module
module.defs().get_repository_def()
print(time.perf_counter() - started)
"""
EMPTY = """
from pathlib import Path
import dagster as dg

@dg.definitions
def defs():
    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
"""
PYPROJECT = """
[project]
name = "empty"
version = "0.1.0"
[tool.dg]
directory_type = "project"
[tool.dg.project]
root_module = "empty"
"""


def seconds(module: str, folder: Path) -> float:
    """Time to import a module and resolve its definitions in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-c", LOAD.format(module=module)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": f"{folder}{os.pathsep}{REPOSITORY}"},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout.split()[-1])


def with_many_datasets(folder: Path) -> int:
    """A copy of the project with every dataset several times; the number of datasets."""
    shutil.copy(REPOSITORY / "pyproject.toml", folder)
    shutil.copytree(REPOSITORY / "dagster_project", folder / "dagster_project")
    datasets = [file.parent for file in sorted(folder.glob("dagster_project/defs/*/defs.yaml"))]
    for dataset in datasets:
        for copy in range(1, COPIES):
            shutil.copytree(dataset, dataset.with_name(f"{dataset.name}{copy}"))
    return len(datasets) * COPIES


def main() -> int:
    """Measure both in turn and compare the medians."""
    with tempfile.TemporaryDirectory() as scratch:
        full, empty = Path(scratch, "full"), Path(scratch, "empty")
        full.mkdir()
        datasets = with_many_datasets(full)
        (empty / "empty/defs").mkdir(parents=True)
        (empty / "empty/__init__.py").touch()
        (empty / "empty/defs/__init__.py").touch()
        (empty / "empty/definitions.py").write_text(EMPTY)
        (empty / "pyproject.toml").write_text(PYPROJECT)
        pairs = [
            (seconds("dagster_project.definitions", full), seconds("empty.definitions", empty))
            for _ in range(ROUNDS)
        ]
    ours, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
    print(f"{datasets} datasets {ours:.3f} s, an empty project {theirs:.3f} s")
    against = "1 s more than an empty project"
    return 0 if report("code_location", ours - theirs, against, "<= 1") else 1


if __name__ == "__main__":
    sys.exit(main())
