"""A user's project in a temporary folder, its commands, its UI and a browser."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest
from served_ui import start_ui
from waiting import PATIENCE_SECONDS

REPOSITORY = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
PARTS = ("dagster_project", "workspace.yaml", "pyproject.toml")
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@dataclass(frozen=True)
class Project:
    """A copy of the code location with datasets of its own.

    Attributes:
        folder: the project's folder.
        home: its VDATA_HOME.
    """

    folder: Path
    home: Path

    @property
    def env(self) -> dict[str, str]:
        return os.environ | {
            "VDATA_HOME": str(self.home),
            "DAGSTER_HOME": str(self.home / "dagster"),
            "PYTHONPATH": str(self.folder),
            "DG_CLI_CONFIG": os.devnull,
        }

    def add_dataset(self, name: str, defs_yaml: str) -> None:
        folder = self.folder / "dagster_project" / "defs" / name
        folder.mkdir()
        (folder / "defs.yaml").write_text(dedent(defs_yaml), encoding="utf-8")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the virtual environment in the project's folder."""
        return subprocess.run(
            [str(BIN / command[0]), *command[1:]],
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )


@pytest.fixture(scope="session")
def make_project(tmp_path_factory) -> Callable[[], Project]:
    """Makes a project without datasets, its instance configured as `make instance` does."""

    def make() -> Project:
        folder = tmp_path_factory.mktemp("project")
        for part in PARTS:
            source = REPOSITORY / part
            if source.is_dir():
                shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, folder / part)
        shutil.rmtree(folder / "dagster_project" / "defs")
        (folder / "dagster_project" / "defs").mkdir()
        (folder / "dagster_project" / "defs" / "__init__.py").touch()
        project = Project(folder, folder / ".vdata")
        (project.home / "dagster").mkdir(parents=True)
        shutil.copy(REPOSITORY / "dagster_project/instance/dagster.yaml", project.home / "dagster")
        return project

    return make


@pytest.fixture(scope="module")
def serve() -> Iterator[Callable[[Project], str]]:
    """Serves a project's UI with its daemon until the module's tests end; gives its address."""
    servers: list[subprocess.Popen[bytes]] = []

    def start(project: Project) -> str:
        server, address = start_ui(project.folder, project.env, project.home / "ui.log")
        servers.append(server)
        return address

    yield start
    for server in servers:
        server.terminate()
    for server in servers:
        try:
            assert server.wait(timeout=PATIENCE_SECONDS) == 0
        finally:
            server.kill()


@pytest.fixture(scope="module")
def browser():
    """Headless Chromium from the system. Closed with the module: until then asyncio.run() works nowhere."""
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("no chromium: run .ci/install-packages")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser):
    page = browser.new_page(viewport={"width": 1600, "height": 1000})
    page.set_default_timeout(120_000)
    yield page
    page.close()
