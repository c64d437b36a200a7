"""``make ui``'s process: what it says when it cannot serve, and that nothing of it stays behind."""

import os
import signal
import socket
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from served_ui import start_ui
from waiting import PATIENCE_SECONDS, wait_for

from dagster_project.ui import CannotServe, serve

PROJECT = Path(__file__).parents[2]
LOCATION = """
import dagster as dg

@dg.asset
def number():
    return 1

defs = dg.Definitions(assets=[number])
"""


@pytest.fixture
def place(tmp_path):
    """A workspace and an instance's folder."""
    (tmp_path / "location.py").write_text(LOCATION)
    (tmp_path / "workspace.yaml").write_text("load_from:\n  - python_file: location.py\n")
    (tmp_path / "dagster").mkdir()
    (tmp_path / "dagster/dagster.yaml").write_text("telemetry: {enabled: false}\n")
    return tmp_path


@pytest.fixture
def served(place):
    """A UI that answers, its address, and the processes that it started."""
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "DAGSTER_HOME": str(place / "dagster")}
    log = place / "log"
    ui, address = start_ui(place, environment, log)
    children: list[psutil.Process] = []
    try:
        wait_for(lambda: "Instance is configured with" in log.read_text(), "the daemon", log.read_text)
        children.extend(psutil.Process(ui.pid).children(recursive=True))
        yield ui, address, children
    finally:
        ui.kill()
        for child in children:
            with suppress(psutil.NoSuchProcess):
                child.kill()


def daemon_of(children) -> psutil.Process:
    (daemon,) = (child for child in children if "dagster_project.daemon" in child.cmdline())
    return daemon


def test_a_request_of_another_site_is_refused_and_ctrl_c_stops_everything(place, served):
    ui, address, children = served
    with pytest.raises(urllib.error.HTTPError, match="405"):
        urllib.request.urlopen(f"{address}/graphql?query=%7Bversion%7D", timeout=PATIENCE_SECONDS)
    ui.send_signal(signal.SIGINT)
    assert ui.wait(PATIENCE_SECONDS) == 0
    assert psutil.wait_procs(children, PATIENCE_SECONDS)[1] == []
    assert "Daemon threads shut down." in (place / "log").read_text().splitlines()[-1]


def test_a_ui_whose_daemon_was_killed_says_so_and_ends(place, served):
    ui, _, children = served
    daemon_of(children).kill()
    assert ui.wait(PATIENCE_SECONDS) == 1
    assert psutil.wait_procs(children, PATIENCE_SECONDS)[1] == []
    assert "the daemon ended with status -9" in (place / "log").read_text()


def test_the_daemon_of_a_ui_that_was_killed_ends(served):
    ui, _, children = served
    ui.kill()
    daemon_of(children).wait(PATIENCE_SECONDS)


def test_a_port_that_is_taken_is_named(place):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(
            CannotServe, match=rf"^port {port}: .* in use: choose another, make ui PORT=3001$"
        ):
            serve(port, place / "workspace.yaml")


def test_a_number_that_is_no_port_is_named(place):
    with pytest.raises(CannotServe, match=r"^port 99999: .* 0-65535.*: choose another"):
        serve(99999, place / "workspace.yaml")


def test_a_workspace_that_is_missing_is_named(place):
    with pytest.raises(CannotServe, match=r"^no file /.*/other.yaml: run in the project's folder, or say --"):
        serve(0, place / "other.yaml")


def test_an_instance_that_is_missing_is_named(place, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", "")
    with pytest.raises(CannotServe, match=r"^DAGSTER_HOME is not set: `make ui`"):
        serve(0, place / "workspace.yaml")
