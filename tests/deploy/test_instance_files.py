"""The files of `deploy/instance` that a machine with systemd installs."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._core.test_utils import create_run_for_test

REPOSITORY = Path(__file__).resolve().parents[2]
INSTANCE = REPOSITORY / "deploy/instance"
SERVICES = sorted(file.name for file in (INSTANCE / "systemd").glob("*.service"))
# systemd's own measure, 0 to 10; what is less than 2 it calls OK.
HIGHEST_EXPOSURE = 19


@pytest.fixture(scope="module")
def units(tmp_path_factory):
    """The units, their paths replaced by this checkout: systemd verifies that commands exist."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze: apt-get install systemd")
    folder = tmp_path_factory.mktemp("units")
    shutil.copytree(INSTANCE / "systemd", folder, dirs_exist_ok=True)
    for file in folder.rglob("*.*"):
        if file.is_file():
            text = file.read_text().replace("/opt/vdata/.venv", sys.prefix)
            file.write_text(text.replace("/opt/vdata", str(REPOSITORY)))
    return folder


def systemd_analyze(units: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *arguments],
        env=os.environ | {"SYSTEMD_UNIT_PATH": f"{units}:"},
        capture_output=True,
        text=True,
    )


def test_systemd_understands_the_units(units):
    files = [str(units / name) for name in (*SERVICES, "vdata.target")]
    verified = systemd_analyze(units, "verify", "--man=no", *files)
    assert (verified.returncode, verified.stderr) == (0, "")


@pytest.mark.parametrize("service", SERVICES)
def test_services_are_confined(units, service):
    arguments = ("--offline=true", f"--threshold={HIGHEST_EXPOSURE}", "--no-pager", str(units / service))
    judged = systemd_analyze(units, "security", *arguments)
    assert judged.returncode == 0, judged.stdout + judged.stderr


def test_what_the_small_instance_has_the_team_has_too():
    small = yaml.safe_load((REPOSITORY / "dagster_project/instance/dagster.yaml").read_text())
    team = yaml.safe_load((INSTANCE / "dagster.yaml").read_text())
    for setting in ("telemetry", "nux", "python_logs"):
        assert team[setting] == small[setting]
    # There a run is a process of the code server, whose service is confined; its runs end with it.
    assert set(small) - {"run_launcher"} <= set(team)
    assert team["concurrency"]["pools"] == small["concurrency"]["pools"]


def test_no_password_is_in_the_files():
    database = yaml.safe_load((INSTANCE / "dagster.yaml").read_text())["storage"]["postgres"]["postgres_db"]
    assert database["password"] == {"env": "VDATA_POSTGRES_PASSWORD"}
    assert "PASSWORD" not in (INSTANCE / "instance.env").read_text()


BORDER = 1_000_000_000.0
LAUNCHED = {GRPC_INFO_TAG: json.dumps({"host": "localhost", "socket": "/run/vdata/code-server.sock"})}


@pytest.mark.parametrize(
    ("event", "seconds_before", "tags", "status"),
    [
        pytest.param("PIPELINE_START", 5, LAUNCHED, "FAILURE", id="of the code server before"),
        pytest.param("PIPELINE_STARTING", 5, LAUNCHED, "FAILURE", id="just launched there"),
        pytest.param("PIPELINE_CANCELING", 5, LAUNCHED, "CANCELED", id="being cancelled there"),
        pytest.param("PIPELINE_START", -5, LAUNCHED, "STARTED", id="of this code server"),
        pytest.param("PIPELINE_START", 5, {}, "STARTED", id="of another launcher"),
        pytest.param("PIPELINE_SUCCESS", 5, LAUNCHED, "SUCCESS", id="finished"),
    ],
)
def test_runs_that_a_code_server_left_behind(monkeypatch, event, seconds_before, tags, status):
    monkeypatch.syspath_prepend(INSTANCE)
    from fail_orphaned_runs import fail_orphaned_runs

    with dg.DagsterInstance.ephemeral() as instance:
        run = create_run_for_test(instance, tags=tags)
        for name in ("PIPELINE_STARTING", "PIPELINE_START", event):
            if event == "PIPELINE_STARTING" and name == "PIPELINE_START":
                continue
            happened = dg.DagsterEvent(event_type_value=name, job_name=run.job_name)
            entry = dg.EventLogEntry(
                error_info=None,
                level="debug",
                user_message="",
                run_id=run.run_id,
                timestamp=BORDER - seconds_before,
                job_name=run.job_name,
                dagster_event=happened,
            )
            instance.handle_new_event(entry)
        failed = fail_orphaned_runs(instance, BORDER)
        assert instance.get_run_by_id(run.run_id).status.value == status
        assert failed == ([run.run_id] if status in ("FAILURE", "CANCELED") else [])
