"""Reading in processes: order, errors, and what is left behind."""

import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from vdata_assets.catalog.fingerprint import Fingerprint, fingerprints
from vdata_assets.catalog.scan import scan
from vdata_assets.catalog.worker import Worker
from vdata_resources.progress import Progress

Plant = Callable[..., Path]


@pytest.fixture
def root(plant: Plant) -> str:
    return str(plant({f"{n}.png": n for n in range(20)} | {"é.png": b"x"}))


PATHS = [f"{n}.png" for n in range(20)] + ["é.png", "gone.png"]


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vdata_assets.catalog.scan.ALONE_FOR", 0)
    monkeypatch.setattr("vdata_assets.catalog.scan.CHUNK", 3)


@pytest.mark.usefixtures("at_once")
def test_rows_come_in_the_order_of_the_paths(root: str) -> None:
    rows = [Fingerprint(*row) for row in scan(root, PATHS, 2, print).rows()]
    assert rows == fingerprints(root, PATHS)
    assert rows[-2].reason == "not an image in a known format (starts with 78)"
    assert rows[-1].reason == "the file cannot be read: No such file or directory"


@pytest.mark.usefixtures("at_once")
def test_progress_is_said(root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vdata_assets.catalog.scan.Progress", partial(Progress, every=0))
    lines: list[str] = []
    scan(root, PATHS, 1, lines.append)
    assert len(lines) == 8
    assert lines[-1].startswith("catalog: read: 22/22 images (100.0%), ")


def test_a_worker_that_dies_is_an_error_not_a_hang(root: str) -> None:
    with Worker(root) as worker:
        assert worker.fingerprints(PATHS) == fingerprints(root, PATHS)
        worker.process.send_signal(signal.SIGKILL)
        worker.process.wait()
        with pytest.raises(RuntimeError, match=r"^a process that reads images ended with status -9 "):
            worker.fingerprints(PATHS)


def test_no_process_is_left_behind(root: str) -> None:
    with Worker(root) as worker:
        assert worker.process.poll() is None
    assert worker.process.poll() is not None


UNGUARDED = """
import sys
from vdata_assets.catalog import scan
scan.ALONE_FOR, scan.CHUNK = 0, 3
print(scan.scan(sys.argv[1], sys.argv[2:], 2, print).height)
"""


def test_a_script_needs_no_main_guard(root: str, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(UNGUARDED)
    done = subprocess.run([sys.executable, script, root, *PATHS], capture_output=True, text=True, check=True)
    assert done.stdout == "22\n"
