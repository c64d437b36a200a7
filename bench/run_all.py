"""Run every bench one after the other; the exit status says whether all targets were met."""

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
SHARED = {"memory.py", "report.py", "run_all.py"}


def main() -> int:
    """Run the scripts in name order, each in a process of its own, and list the ones that missed."""
    scripts = [script for script in sorted(FOLDER.glob("*.py")) if script.name not in SHARED]
    missed = [script.name for script in scripts if subprocess.run([sys.executable, script]).returncode]
    print(f"{len(scripts) - len(missed)} of {len(scripts)} benches met their targets", *missed)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
