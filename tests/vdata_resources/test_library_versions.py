"""Versions of libraries in an identity."""

from importlib.metadata import PackageNotFoundError

import numpy as np
import PIL
import pytest

from vdata_resources.library_versions import library_versions


def test_versions_are_in_the_order_asked_for():
    assert library_versions("pillow", "numpy") == f"pillow={PIL.__version__} numpy={np.__version__}"


def test_a_library_that_is_missing_is_named():
    with pytest.raises(PackageNotFoundError, match="no-such-library"):
        library_versions("numpy", "no-such-library")
