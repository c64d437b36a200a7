"""Settings of an encoder that is spread over Ray, and why it cannot be; the work is in tests/deploy."""

import socket
import sys

import pytest
from pydantic import ValidationError

from vdata_assets.embeddings.ray_encoder import RayWorkers
from vdata_assets.workflows.digests import digest
from vdata_assets.workflows.settings import DescriptorSettings, OpenClipSettings, step_device
from vdata_resources.encoders import EncoderUnavailable


@pytest.mark.parametrize(
    ("settings", "workers"),
    [
        pytest.param(DescriptorSettings(spread={"ray": {}}), RayWorkers(gpus_per_actor=0), id="no-gpu"),
        pytest.param(OpenClipSettings(spread={"ray": {}}), RayWorkers(gpus_per_actor=1), id="one-gpu"),
        pytest.param(
            OpenClipSettings(device="cpu", spread={"ray": {}}), RayWorkers(gpus_per_actor=0), id="on-cpus"
        ),
        pytest.param(
            OpenClipSettings(
                spread={"ray": {"address": "10.0.0.1:6379", "actors": 4, "cpus_per_actor": 8,
                                "gpus_per_actor": 0.5, "batch_size": 256}}
            ),
            RayWorkers("10.0.0.1:6379", 4, 8, 0.5, 256),
            id="all-set",
        ),
    ],
)  # fmt: skip
def test_settings_say_where_the_work_goes(settings, workers):
    assert settings.build().workers == workers
    assert step_device(settings) is None  # the step itself takes no GPU


def test_spreading_changes_nothing_that_a_version_depends_on():
    spread, here = DescriptorSettings(spread={"ray": {"actors": 4}}), DescriptorSettings()
    assert digest(spread) == digest(here)
    assert step_device(here) == "cpu"


@pytest.mark.parametrize("address", ["ray://10.0.0.1:10001", "http://10.0.0.1:8265", "10.0.0.1", ""])
def test_only_addresses_of_a_cluster_itself_are_taken(address):
    with pytest.raises(ValidationError, match=r"spread\.ray\.address"):
        DescriptorSettings(spread={"ray": {"address": address}})


@pytest.fixture
def silent() -> str:
    """An address where nobody answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def test_where_nobody_answers_it_fails_before_work_with_the_setting(silent):
    encoder = DescriptorSettings(spread={"ray": {"address": silent}}).build()
    message = f"^spread.ray.address: nobody answers at {silent}: .*; start the cluster, correct the address, "
    with pytest.raises(EncoderUnavailable, match=message):
        next(encoder.encode_images([], lambda image: None))


def test_auto_is_the_cluster_of_the_environment(silent, monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", silent)
    with pytest.raises(EncoderUnavailable, match=f"^spread.ray.address: nobody answers at {silent}: "):
        _ = DescriptorSettings(spread={"ray": {}}).build().identity


def test_without_ray_it_fails_before_work_with_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(EncoderUnavailable) as refused:
        _ = DescriptorSettings(spread={"ray": {}}).build().dim
    assert str(refused.value) == (
        "spread.ray: Ray is not installed: install vdata[team], or leave `spread` out to encode here"
    )
