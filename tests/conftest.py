"""Fixtures that every test may use."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

# A shared machine is slow at times: an example that takes long is no failure. In CI the examples are the same
# in every run.
settings.register_profile("vdata", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("vdata")

REPOSITORY = Path(__file__).resolve().parent.parent
TEST_DATA = Path(os.environ.get("VDATA_TEST_DATA", REPOSITORY.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def test_data() -> Callable[[str], Path]:
    """Folder of real photos and masks by name; the test is skipped, with the reason, where it is absent."""

    def folder(name: str) -> Path:
        path = TEST_DATA / name
        if not path.exists():
            pytest.skip(f"no test data at {path}: set VDATA_TEST_DATA")
        return path

    return folder
