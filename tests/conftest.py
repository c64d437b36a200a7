"""Fixtures that every test may use."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

# A shared machine is slow at times: an example that takes long is no failure. In CI the examples are the same
# in every run.
settings.register_profile("vdata", deadline=None, max_examples=50, derandomize="CI" in os.environ)
settings.load_profile("vdata")

# A served UI keeps a core busy: at most two at a time, each with files that take about half of the time.
TOGETHER = {
    "test_commands.py": "e2e 1",
    "test_inbox_in_ui.py": "e2e 1",
    "test_classes_in_ui.py": "e2e 1",
    "test_shop_in_ui.py": "e2e 2",
    "test_engine_in_ui.py": "e2e 2",
    "test_ui.py": "e2e 2",
}

REPOSITORY = Path(__file__).resolve().parent.parent
TEST_DATA = Path(os.environ.get("VDATA_TEST_DATA", REPOSITORY.parent / "shared" / "data"))


class FilesTogether(LoadFileScheduling):
    """A worker takes a file as a whole, for its fixtures' sake, or the files that stand together."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return TOGETHER.get(Path(file).name, file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FilesTogether:
    """How tests are shared out among the workers of ``pytest -n``."""
    return FilesTogether(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files come first: one that began last would run alone."""
    first = ("e2e", "deploy", "dagster_project", "workflows")
    items.sort(key=lambda item: next((at for at, name in enumerate(first) if name in item.path.parts), 9))


@pytest.fixture(scope="session")
def test_data() -> Callable[[str], Path]:
    """Folder of real photos and masks by name; the test is skipped, with the reason, where it is absent."""

    def folder(name: str) -> Path:
        path = TEST_DATA / name
        if not path.exists():
            pytest.skip(f"no test data at {path}: set VDATA_TEST_DATA")
        return path

    return folder
