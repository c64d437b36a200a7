"""A training that was killed goes on and ends with the bytes of one that was not."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from protocol_products import FAST, VALUES, files_of, made_pairs, made_products

from vdata_assets.protocol import resume
from vdata_assets.protocol.train import train

VECTORS = made_products()
PAIRS = made_pairs(VECTORS)
CHILD = """
import os, signal, sys
from pathlib import Path
from protocol_products import FAST, VALUES, made_pairs, made_products
from vdata_assets.protocol.train import train

vectors = made_products()
def log(line):
    if sys.argv[2] in line:
        os.kill(os.getpid(), signal.SIGKILL)
folder = Path(sys.argv[1])
train(vectors, made_pairs(vectors), VALUES, FAST, folder / "out", folder / "scratch", log)
"""


class Killed(Exception):  # noqa: N818 - it is what happens to a training
    pass


def run(folder, *, kill_at=None, settings=FAST, pairs=PAIRS, vectors=VECTORS):
    """Train in a folder, into a new ``out``; the log's lines."""
    shutil.rmtree(folder / "out", ignore_errors=True)
    (folder / "out").mkdir(parents=True)
    lines = []

    def log(line):
        lines.append(line)
        if kill_at is not None and kill_at in line:
            raise Killed

    train(vectors, pairs, VALUES, settings, folder / "out", folder / "scratch", log)
    return lines


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Files of a training that was not stopped."""
    folder = tmp_path_factory.mktemp("whole")
    run(folder)
    return files_of(folder / "out")


@pytest.mark.parametrize("epoch", [1, 2, 3])
def test_killed_after_an_epoch_it_goes_on_to_the_same_bytes(tmp_path, whole, epoch):
    with pytest.raises(Killed):
        run(tmp_path, kill_at=f"epoch {epoch}/3")
    lines = run(tmp_path)
    assert lines[0] == f"train: goes on after epoch {epoch}, from {tmp_path / 'scratch' / 'state.pt'}"
    assert len(lines) == 1 + 3 - epoch
    assert files_of(tmp_path / "out") == whole


def test_killed_between_checkpoint_and_state_the_epoch_is_trained_again(tmp_path, whole, monkeypatch):
    replace, calls = os.replace, []

    def stop_at_the_second_state(source, target):
        calls.append(Path(target).name)
        if calls.count("state.pt") == 2:
            raise Killed
        replace(source, target)

    monkeypatch.setattr("os.replace", stop_at_the_second_state)
    with pytest.raises(Killed):
        run(tmp_path)
    monkeypatch.undo()
    assert calls == ["epoch_1.pt", "state.pt", "epoch_2.pt", "state.pt"]
    assert run(tmp_path)[0].startswith("train: goes on after epoch 1,")
    assert files_of(tmp_path / "out") == whole


def test_sigkill_and_another_hash_seed_change_no_byte(tmp_path, whole):
    """One child is killed after epoch 2 and its training finished here; another is left alone."""
    children = {}
    for name, kill_at, hash_seed in (("killed", "epoch 2/3", "1"), ("left alone", "no line", "2")):
        (tmp_path / name / "out").mkdir(parents=True)
        command = [sys.executable, "-c", CHILD, str(tmp_path / name), kill_at]
        path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
        environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": path}
        children[name] = subprocess.Popen(command, env=environment)
    assert children["killed"].wait() == -signal.SIGKILL
    assert children["left alone"].wait() == 0
    assert files_of(tmp_path / "left alone" / "out") == whole
    assert run(tmp_path / "killed")[0].startswith("train: goes on after epoch 2,")
    assert files_of(tmp_path / "killed" / "out") == whole


def test_a_finished_training_is_not_trained_again(tmp_path, whole):
    run(tmp_path)
    assert len(run(tmp_path)) == 1
    assert files_of(tmp_path / "out") == whole


def test_the_number_of_cores_changes_no_byte(tmp_path, whole, monkeypatch):
    monkeypatch.setattr("vdata_resources.parallel.usable_cores", lambda: 1)
    run(tmp_path)
    assert files_of(tmp_path / "out") == whole


def truncated(scratch):
    state = scratch / "state.pt"
    state.write_bytes(state.read_bytes()[:-100])


def flipped(scratch):
    state = scratch / "state.pt"
    content = bytearray(state.read_bytes())
    content[len(content) // 2] ^= 1
    state.write_bytes(bytes(content))


DAMAGE = {
    "a truncated state": (truncated, "state.pt: is damaged or no vdata protocol checkpoint"),
    "a flipped bit": (flipped, "state.pt: is damaged or no vdata protocol checkpoint"),
    "no state at all": (lambda scratch: (scratch / "state.pt").write_text("state"), "state.pt: is damaged"),
    "a checkpoint for a state": (
        lambda scratch: shutil.copyfile(scratch / "epoch_1.pt", scratch / "state.pt"),
        "state.pt: holds ",
    ),
    "a missing checkpoint": (
        lambda scratch: (scratch / "epoch_1.pt").unlink(),
        "epoch_1.pt: is missing or not",
    ),
    "another checkpoint": (
        lambda scratch: (scratch / "epoch_1.pt").write_bytes(b""),
        "epoch_1.pt: is missing or not what was written",
    ),
}


@pytest.mark.parametrize(("damage", "reason"), DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_state_is_not_gone_on_from(tmp_path, whole, damage, reason):
    with pytest.raises(Killed):
        run(tmp_path, kill_at="epoch 2/3")
    damage(tmp_path / "scratch")
    lines = run(tmp_path)
    assert reason in lines[0]
    assert lines[0].endswith("; training starts anew")
    assert len(lines) == 4
    assert files_of(tmp_path / "out") == whole


OTHER = {
    "settings": {"settings": FAST.model_copy(update={"lr": 0.02})},
    "pairs": {"pairs": PAIRS.head(200)},
    "vectors": {"vectors": made_products(seed=1), "pairs": made_pairs(made_products(seed=1))},
}


@pytest.mark.parametrize("changes", OTHER.values(), ids=OTHER)
def test_a_state_of_other_inputs_is_not_gone_on_from(tmp_path, changes):
    with pytest.raises(Killed):
        run(tmp_path, kill_at="epoch 1/3")
    lines = run(tmp_path, **changes)
    state = tmp_path / "scratch" / "state.pt"
    assert lines[0] == f"train: {state}: is of other settings, pairs or vectors; training starts anew"
    assert len(lines) == 4


def test_the_digest_of_inputs_does_not_depend_on_the_device_or_on_other_splits():
    def digest(**changes):
        settings = FAST.model_copy(update=changes)
        return resume.inputs_digest(VECTORS, PAIRS, VALUES, settings)

    assert digest() == digest(device="auto")
    assert digest() != digest(seed=8)
    other = PAIRS.head(1).with_columns(split=PAIRS["split"].head(1).replace("train", "test"))
    assert digest() == resume.inputs_digest(VECTORS, PAIRS.vstack(other), VALUES, FAST)
