"""Steps whose model may run on a GPU: their pool, what they ask of executors, the device they have."""

import os
from pathlib import Path

import dagster as dg
import pytest

from vdata_assets.workflows.dataset import Dataset
from vdata_assets.workflows.publish import published_asset
from vdata_assets.workflows.recipe import Built, Recipe
from vdata_resources import devices

KEY = dg.AssetKey(["pets", "vectors"])
GPU = "GPU-aaaaaaaa-0000-0000-0000-000000000000"


def vectors(device, step_tags=None) -> dg.AssetsDefinition:
    """An asset that publishes which devices it sees."""

    def inputs(step):
        return {}

    def build(step, out):
        """Vectors."""
        (out / "visible.txt").write_text(os.environ.get(devices.VISIBLE, "all"))
        return Built([])

    dataset = Dataset("pets", Path("/nowhere"), step_tags=step_tags or {})
    return published_asset(
        dataset, "vectors", Recipe(inputs, build, None, "1", ()), deps=[], kinds=set(), device=device
    )


@pytest.fixture
def gpus(tmp_path, monkeypatch):
    """A machine with the GPUs it is told of; without any, a machine without a driver."""
    monkeypatch.setattr(devices, "_bound", [])
    monkeypatch.delenv(devices.VISIBLE, raising=False)

    def has(*uuids):
        client = tmp_path / "nvidia-smi"
        listing = "".join(f"GPU {n}: NVIDIA H200 (UUID: {uuid})\\n" for n, uuid in enumerate(uuids))
        client.write_text(
            f"#!/bin/sh\nprintf '{listing or 'No devices were found'}'\nexit {0 if uuids else 6}\n"
        )
        client.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    return has


@pytest.mark.parametrize(
    ("device", "step_tags", "pool", "asked"),
    [
        (None, {}, None, None),
        ("cpu", {}, "gpu", None),
        ("auto", {}, "gpu", "1"),
        ("cuda", {}, "gpu", "1"),
        ("cuda", {"vectors": {"vdata/gpus": "2", "slurm/mem": "64G"}}, "gpu", "2"),
        ("cuda", {"others": {"vdata/gpus": "2"}}, "gpu", "1"),
    ],
)
def test_what_a_step_asks_for(device, step_tags, pool, asked):
    op = vectors(device, step_tags).op
    assert op.pool == pool
    assert op.tags.get("vdata/gpus") == asked
    assert op.tags.get("slurm/mem") == step_tags.get("vectors", {}).get("slurm/mem")


@pytest.mark.parametrize(
    ("device", "there", "seen"),
    [("cpu", [GPU], "all"), ("auto", [GPU], GPU), ("cuda", [GPU], GPU), ("auto", [], "all")],
)
def test_a_step_sees_its_own_device_alone(lab, gpus, device, there, seen):
    gpus(*there)
    assert lab.run(dg.Definitions(assets=[vectors(device)]), KEY).success
    assert lab.store.artifact("pets", "vectors").current().file("visible.txt").read_text() == seen


def test_a_step_that_demands_a_gpu_fails_before_work_and_names_the_setting(lab, gpus):
    gpus()
    result = lab.run(dg.Definitions(assets=[vectors("cuda")]), KEY)
    (failure,) = result.get_step_failure_events()
    assert failure.step_failure_data.error.cause.message == (
        "vdata_resources.devices.GpuUnavailable: pets/vectors: device: 'cuda' is set and this machine has no "
        "GPU: set 'auto' or 'cpu', or run where there is one\n"
    )
    assert lab.store.artifact("pets", "vectors").current() is None
