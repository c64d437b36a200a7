"""Starting the UI as ``make ui`` does, on a free port."""

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from waiting import wait_for


def start_ui(folder: Path, environment: Mapping[str, str], log: Path) -> tuple[subprocess.Popen[bytes], str]:
    """The process of the UI of a project's folder, and its address; pages wait until it can answer."""
    with log.open("wb") as out:
        command = [sys.executable, "-m", "dagster_project.ui", "--port", "0"]
        ui = subprocess.Popen(command, cwd=folder, env=environment, stdout=out, stderr=out)

    def address() -> str | None:
        assert ui.poll() is None, log.read_text()
        found = re.search(r"^(http://127\.0\.0\.1:\d+), until Ctrl-C$", log.read_text(), re.MULTILINE)
        return found[1] if found else None

    try:
        return ui, wait_for(address, "the UI", log.read_text)
    except (AssertionError, TimeoutError):
        ui.kill()
        raise
