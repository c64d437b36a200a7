"""One GPU a step: which there are, who has one, what happens where there is none."""

import os
import re
import select
import subprocess
import sys
import threading
from pathlib import Path
from subprocess import PIPE

import pytest

from vdata_resources import devices
from vdata_resources.devices import VISIBLE, GpuUnavailable, leased_gpu, pool_slots, present_gpus

PROJECT = Path(__file__).parents[2]
A, B = "GPU-aaaaaaaa-0000-0000-0000-000000000000", "GPU-bbbbbbbb-0000-0000-0000-000000000000"
MIG_1, MIG_2 = "MIG-11111111-0000-0000-0000-000000000000", "MIG-22222222-0000-0000-0000-000000000000"
TWO = f"GPU 0: NVIDIA H200 (UUID: {A})\nGPU 1: NVIDIA H200 (UUID: {B})"
DIVIDED = (
    f"GPU 0: NVIDIA A100 (UUID: {A})\n"
    f"  MIG 1g.5gb Device 0: (UUID: {MIG_1})\n  MIG 1g.5gb Device 1: (UUID: {MIG_2})\n"
    f"GPU 1: NVIDIA A100 (UUID: {B})"
)


@pytest.fixture
def driver(tmp_path, monkeypatch):
    """A driver's client that lists what it is told to."""

    def says(listing, code=0):
        client = tmp_path / "bin" / "nvidia-smi"
        client.parent.mkdir(exist_ok=True)
        (tmp_path / "listing").write_text(listing)
        client.write_text(f'#!/bin/sh\ncat "{tmp_path}/listing"\nexit {code}\n')
        client.chmod(0o755)
        monkeypatch.setenv("PATH", str(client.parent), prepend=":")

    monkeypatch.delenv(VISIBLE, raising=False)
    monkeypatch.setattr(devices, "_bound", [])
    monkeypatch.setattr(devices, "_POLL_SECONDS", 0.02)
    return says


@pytest.fixture
def locks(tmp_path):
    folder = tmp_path / "locks"
    folder.mkdir()
    return folder


@pytest.mark.parametrize(
    ("listing", "visible", "expected"),
    [
        (TWO, None, [A, B]),
        (TWO, "1", [B]),
        (TWO, "1,0", [B, A]),
        (TWO, "GPU-bbbb", [B]),
        (TWO, "", []),
        (TWO, "-1", []),
        (TWO, "0,-1,1", [A]),
        (DIVIDED, None, [MIG_1, MIG_2, B]),
        (DIVIDED, MIG_2, [MIG_2]),
        (DIVIDED, "1", [B]),
        ("", None, []),
    ],
)
def test_the_devices_that_a_process_may_use(driver, monkeypatch, listing, visible, expected):
    driver(listing)
    if visible is not None:
        monkeypatch.setenv(VISIBLE, visible)
    assert present_gpus() == expected
    assert pool_slots() == max(1, len(expected))


@pytest.mark.parametrize(
    ("listing", "code", "expected"),
    [
        ("No devices were found", 6, []),
        ("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.", 9, []),
    ],
)
def test_a_client_without_a_device_is_a_machine_without_one(driver, listing, code, expected):
    driver(listing, code)
    assert present_gpus() == expected


def test_a_driver_that_fails_is_told_of(driver):
    driver("Failed to initialize NVML: Driver/library version mismatch", 18)
    with pytest.raises(RuntimeError, match="nvidia-smi -L failed with 18: Failed to initialize NVML"):
        present_gpus()


@pytest.mark.parametrize("visible", ["2", "GPU-", "GPU-cccc"])
def test_a_device_that_is_not_there_is_an_error(driver, monkeypatch, visible):
    driver(TWO)
    monkeypatch.setenv(VISIBLE, visible)
    with pytest.raises(RuntimeError, match=re.escape(f"CUDA_VISIBLE_DEVICES: '{visible}'")):
        present_gpus()


@pytest.mark.parametrize("device", ["cpu", "auto"])
def test_nothing_is_taken_where_nothing_is_needed_or_there(driver, locks, device):
    driver(TWO if device == "cpu" else "")
    with leased_gpu(device, "encoder.device", locks) as uuid:
        assert uuid is None
        assert VISIBLE not in os.environ


def test_a_demand_without_a_gpu_names_the_setting(driver, locks):
    driver("")
    message = (
        "encoder.device: 'cuda' is set and this machine has no GPU: "
        "set 'auto' or 'cpu', or run where there is one"
    )
    with (
        pytest.raises(GpuUnavailable, match=re.escape(message)),
        leased_gpu("cuda", "encoder.device", locks),
    ):
        raise AssertionError("work began")


@pytest.mark.parametrize("before", [None, "0,1"])
def test_the_variable_is_as_it_was_afterwards(driver, locks, monkeypatch, before):
    driver(TWO)
    if before:
        monkeypatch.setenv(VISIBLE, before)
    with leased_gpu("auto", "encoder.device", locks):
        assert os.environ[VISIBLE] == A
    assert os.environ.get(VISIBLE) == before


def test_a_process_keeps_the_device_that_cuda_has_read(driver, locks, monkeypatch):
    driver(TWO)
    monkeypatch.setattr(devices, "_bound", [B])
    with leased_gpu("auto", "encoder.device", locks) as uuid:
        assert uuid == B


HOLD = """
import os, sys
from pathlib import Path
from vdata_resources import devices
devices._POLL_SECONDS = 0.02
with devices.leased_gpu("cuda", "encoder.device", Path(sys.argv[1])) as uuid:
    assert os.environ["CUDA_VISIBLE_DEVICES"] == uuid
    print(uuid, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(locks):
    """Starts processes that take a device each and hold it until they are killed or their input ends."""
    started = []

    def start():
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(locks)], stdin=PIPE, stdout=PIPE, text=True, cwd=PROJECT
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_each_process_has_a_device_of_its_own_and_a_killed_one_gives_it_back(driver, holder):
    driver(TWO)
    workers = [holder() for _ in range(2)]
    held = [worker.stdout.readline().strip() for worker in workers]
    assert sorted(held) == [A, B]
    third = holder()
    assert not select.select([third.stdout], [], [], 2)[0]
    workers[0].kill()
    assert third.stdout.readline().strip() == held[0]


def test_waiting_for_a_device_is_told(driver, holder, locks, caplog):
    driver(f"GPU 0: NVIDIA H200 (UUID: {A})")
    other = holder()
    other.stdout.readline()
    threading.Timer(0.5, other.kill).start()
    with leased_gpu("auto", "encoder.device", locks) as uuid:
        assert uuid == A
    assert caplog.messages == [f"every GPU of this machine is at work ({A}): waiting for one"]
