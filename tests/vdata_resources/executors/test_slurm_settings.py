"""What a step asks Slurm for: settings of a place, a launch's run config, an asset's tags."""

import re
from pathlib import Path

import pytest
import yaml
from dagster._config import process_config

from vdata_resources.executors.slurm_executor import slurm_executor
from vdata_resources.executors.slurm_options import OPTIONS, sbatch_options
from vdata_resources.executors.slurm_settings import SlurmSettings, config_schema

EXAMPLE = Path(__file__).resolve().parents[3] / "deploy/slurm/executor.yaml"

ASKED = [
    pytest.param({}, "gpu", {}, [], id="nothing"),
    pytest.param(
        {
            "partition": "long", "account": "vision", "qos": "high", "reservation": "friday",
            "constraint": "a100|h100", "nodelist": "n[1-3]", "exclude": "n4", "licenses": "vdata:1",
            "gres": "nvme:1", "cpus": 8, "mem": "64G", "time": "1-12:00:00", "nice": -5,
        },
        "gpu",
        {},
        [
            "--partition=long", "--account=vision", "--qos=high", "--reservation=friday",
            "--constraint=a100|h100", "--nodelist=n[1-3]", "--exclude=n4", "--licenses=vdata:1",
            "--gres=nvme:1", "--cpus-per-task=8", "--mem=64G", "--time=1-12:00:00", "--nice=-5",
        ],
        id="every-option",
    ),
    pytest.param({"partition": None}, "gpu", {"vdata/gpus": "1"}, ["--gres=gpu:1"], id="gpu"),
    pytest.param({}, "gpu:a100", {"vdata/gpus": "2"}, ["--gres=gpu:a100:2"], id="gpu-of-a-kind"),
    pytest.param({}, None, {"vdata/gpus": "2"}, [], id="cluster-without-gpus"),
    pytest.param({}, "gpu", {"vdata/gpus": "0"}, [], id="asset-that-needs-none-here"),
    pytest.param({"gres": "nvme:1"}, "gpu", {"vdata/gpus": "1"}, ["--gres=gpu:1,nvme:1"], id="gpu-and-gres"),
    pytest.param(
        {"gres": "nvme:1"}, "gpu", {"vdata/gpus": "1", "slurm/gres": "gpu:h100:4"}, ["--gres=gpu:h100:4"],
        id="tag-replaces-gres",
    ),
    pytest.param(
        {"mem": "4G", "time": "10"}, "gpu", {"slurm/mem": "64G", "slurm/cpus": "16", "owner": "me"},
        ["--mem=64G", "--time=10", "--cpus-per-task=16"], id="tags-replace-settings",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("settings", "gpu_gres", "tags", "options"), ASKED)
def test_options_of_sbatch(settings, gpu_gres, tags, options):
    assert sbatch_options(settings, gpu_gres, tags) == options


REFUSED = [
    pytest.param({"vdata/gpus": "one"}, "tag vdata/gpus: 'one': a whole number is expected", id="gpus"),
    pytest.param({"slurm/wrap": "rm"}, "tag slurm/wrap: no such option; allowed are slurm/", id="option"),
    pytest.param({"slurm/mem": "1G\n--x"}, "mem: '1G\\n--x': printable text without ", id="line-break"),
    pytest.param({"slurm/mem": ""}, "mem: '': printable text", id="empty"),
]  # fmt: skip


@pytest.mark.parametrize(("tags", "said"), REFUSED)
def test_a_wrong_tag_is_refused_by_name(tags, said):
    with pytest.raises(ValueError, match="^" + re.escape(said)):
        sbatch_options({}, "gpu", tags)


WRONG = [
    pytest.param({"partitoin": "x", "mem": "1G"}, "partitoin: no such setting of the Slurm executor; "
                 "allowed are account, constraint, cpus, ", id="unknown"),
    pytest.param({"cpus": "many"}, "cpus: 'many': ", id="type"),
    pytest.param({"poll_seconds": 0}, "poll_seconds: 0: at least 1 is expected", id="range"),
    pytest.param({"max_jobs": 0}, "max_jobs: 0: at least 1 is expected", id="limit"),
    pytest.param({"retry_on": ["TIRED"]}, "retry_on: TIRED: no such state; known are ", id="state"),
    pytest.param({"mem": "1\n2"}, "mem: '1\\n2': printable text", id="text"),
]  # fmt: skip


@pytest.mark.parametrize(("defaults", "said"), WRONG)
def test_a_wrong_settings_file_is_refused_at_load(defaults, said):
    with pytest.raises(ValueError, match="^VDATA_EXECUTOR_CONFIG: " + re.escape(said)):
        slurm_executor(defaults)


def test_the_example_holds_every_setting_with_its_default():
    example = yaml.safe_load(EXAMPLE.read_text())
    own = set(config_schema({})) - {"retries", "tag_concurrency_limits"}
    assert set(example) == own
    assert {name: field.default_value for name, field in config_schema({}).items() if name in own} == example


def test_run_config_has_the_last_word():
    executor = slurm_executor({"partition": "short", "mem": "4G", "gpu_gres": None})
    seen = []
    for config in ({}, {"mem": "64G", "max_jobs": 3, "gpu_gres": "gpu:a100"}):
        resolved = process_config(executor.config_field.config_type, config)
        settings = SlurmSettings.from_config(resolved.value)
        asked = {name: value for name, value in settings.options.items() if value}
        seen.append((asked, settings.gpu_gres, settings.max_jobs))
    assert set(settings.options) == set(OPTIONS)
    assert seen == [
        ({"partition": "short", "mem": "4G"}, None, None),
        ({"partition": "short", "mem": "64G"}, "gpu:a100", 3),
    ]


def test_logs_need_a_folder_that_nodes_share(monkeypatch, tmp_path):
    monkeypatch.delenv("VDATA_HOME", raising=False)
    with pytest.raises(
        ValueError, match="log_dir: jobs need a folder for logs that all nodes share: set VDATA_HOME"
    ):
        SlurmSettings().logs()
    monkeypatch.setenv("VDATA_HOME", str(tmp_path))
    assert SlurmSettings().logs() == tmp_path / "slurm"
    assert SlurmSettings(log_dir=tmp_path / "logs").logs() == tmp_path / "logs"
