"""What the Ray executor is asked for, by file, run config and tags."""

import re
import socket
import sys

import dagster as dg
import pytest

from vdata_resources.executors.ray_client import RayUnavailable, connected
from vdata_resources.executors.ray_executor import Request, ray_executor, requested

USUAL = Request(num_cpus=2, num_gpus=0.5, memory=1000)


@pytest.mark.parametrize(
    ("tags", "request_"),
    [
        pytest.param({}, USUAL, id="no-tags"),
        pytest.param({"vdata/gpus": "1", "owner": "lab"}, Request(2, 1, 1000), id="gpus"),
        pytest.param({"vdata/gpus": "0"}, Request(2, 0, 1000), id="no-gpus"),
        pytest.param(
            {"vdata/gpus": "1", "ray/num_gpus": "0.25"}, Request(2, 0.25, 1000), id="ray-over-vdata"
        ),
        pytest.param(
            {"ray/num_cpus": "8", "ray/memory": "64000"}, Request(8, 0.5, 64000), id="cpus-and-memory"
        ),
        pytest.param({"ray/resources": '{"tpu": 1}'}, Request(2, 0.5, 1000, {"tpu": 1}), id="resources"),
    ],
)
def test_tags_change_what_a_step_asks_for(tags, request_):
    assert requested(tags, USUAL) == request_


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        pytest.param({"vdata/gpus": "many"}, "vdata/gpus: 'many' is no number of 0 or more", id="word"),
        pytest.param({"ray/num_cpus": "-1"}, "ray/num_cpus: '-1' is no number of 0 or more", id="negative"),
        pytest.param({"ray/num_cpus": "nan"}, "ray/num_cpus: 'nan' is no number of 0 or more", id="nan"),
        pytest.param({"ray/memory": "64G"}, "ray/memory: '64G' is no number of bytes", id="memory"),
        pytest.param(
            {"ray/resources": "tpu"},
            "ray/resources: 'tpu' is no JSON object of names with amounts, such as {\"tpu\": 1}",
            id="resources",
        ),
        pytest.param(
            {"ray/cpus": "1"},
            "ray/cpus: no such option; allowed are ray/num_cpus, ray/num_gpus, ray/memory, ray/resources",
            id="unknown",
        ),
    ],
)
def test_a_wrong_tag_is_refused_with_what_is_allowed(tags, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        requested(tags, USUAL)


def test_run_config_has_the_last_word_over_the_file():
    executor = ray_executor({"num_cpus": 3, "max_concurrent": 7, "retries": {"disabled": {}}})
    job = dg.GraphDefinition("empty").to_job(executor_def=executor)
    config = dg.validate_run_config(job, {"execution": {"config": {"num_cpus": 4.0}}})["execution"]["ray"]
    assert (config["num_cpus"], config["num_gpus"], config["max_concurrent"]) == (4.0, 0.0, 7)
    assert (config["env"], config["python"]) == (["DAGSTER_HOME", "PYTHONPATH", "VDATA_HOME"], sys.executable)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        pytest.param(
            {"cpus": 1},
            "VDATA_EXECUTOR_CONFIG: cpus: no such setting of the Ray executor; allowed are address, ",
            id="name",
        ),
        pytest.param(
            {"num_cpus": "many"}, "VDATA_EXECUTOR_CONFIG: num_cpus: 'many': Invalid scalar", id="value"
        ),
        pytest.param(
            {"env": ["VDATA_HOME", "OPENAI_API_KEY"]}, "env: OPENAI_API_KEY looks like a secret", id="secret"
        ),
    ],
)
def test_wrong_settings_of_the_file_are_refused_at_load(settings, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        ray_executor(settings)


def test_where_nobody_answers_the_run_fails_with_the_setting():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{probe.getsockname()[1]}"
    with pytest.raises(
        RayUnavailable, match=f"^address: no Ray job server answers at {address}: .*; correct the"
    ):
        connected(address)


def test_without_ray_the_run_fails_with_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray.job_submission", None)
    with pytest.raises(RayUnavailable, match=r"VDATA_EXECUTOR: 'ray' is set and .* install vdata\[team\]"):
        connected("http://127.0.0.1:8265")
