"""Work that outlives a killed process."""

import os
import signal
import subprocess
import sys

import pytest

from vdata_resources.store import Store

FIRST, SECOND = "a" * 16, "b" * 16
KILLED = """
import os, signal, sys
from pathlib import Path
from vdata_resources.store import Store
with Store(Path(sys.argv[1])).artifact("clothes", "model").draft("a" * 16) as draft:
    (draft.scratch / "state").write_text("epoch 3")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def artifact(tmp_path):
    return Store(tmp_path).artifact("clothes", "model")


def test_what_a_killed_writer_left_is_found_by_the_next_of_the_same_fingerprint(tmp_path, artifact):
    child = subprocess.run([sys.executable, "-c", KILLED, os.fspath(tmp_path)], check=False)
    assert child.returncode == -signal.SIGKILL
    with artifact.draft(FIRST) as draft:
        assert (draft.scratch / "state").read_text() == "epoch 3"


def test_another_fingerprint_starts_anew_and_gives_up_the_old_work(artifact):
    with artifact.draft(FIRST) as draft:
        old = draft.scratch
        (old / "state").write_text("epoch 3")
    with artifact.draft(SECOND) as draft:
        assert list(draft.scratch.iterdir()) == []
    assert not old.exists()


def test_a_publication_needs_the_work_no_longer(artifact):
    with artifact.draft(FIRST) as draft:
        scratch = draft.scratch
        (draft.path / "model").write_text("done")
        version = draft.publish({}, {})
    assert not scratch.parent.exists()
    assert set(version.files) == {"model"}


def test_a_rejection_keeps_the_work(artifact):
    with artifact.draft(FIRST) as draft:
        (draft.scratch / "state").write_text("epoch 3")
        draft.reject({"findings": []})
    with artifact.draft(FIRST) as draft:
        assert (draft.scratch / "state").read_text() == "epoch 3"


def test_no_scratch_folder_is_made_unasked(artifact):
    with artifact.draft(FIRST):
        pass
    assert not (artifact.folder / "scratch").exists()
