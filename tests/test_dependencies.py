"""The one environment serves dagster and SAM2: their parsers need versions of antlr that others exclude."""

import subprocess
import sys
from importlib.metadata import version

import pytest

PARSE = """
from dagster import AssetKey, AssetSelection
selection = AssetSelection.from_string('key:"pets/catalog" or group:pets')
assert selection == AssetSelection.from_string("key:pets/catalog") | AssetSelection.groups("pets"), selection
print("parsed")
"""
BUILD = """
from sam2.build_sam import build_sam2
model = build_sam2("configs/sam2.1/sam2.1_hiera_t.yaml", ckpt_path=None, device="cpu")
print("built", type(model).__name__)
"""


@pytest.mark.parametrize(
    ("program", "printed"),
    [
        pytest.param(PARSE + BUILD, ["parsed", "built SAM2Base"], id="dagster first"),
        pytest.param(BUILD + PARSE, ["built SAM2Base", "parsed"], id="SAM2 first"),
    ],
)
def test_one_process_parses_a_selection_and_builds_sam2(program, printed):
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert [line for line in ran.stdout.splitlines() if line] == printed


@pytest.mark.parametrize(
    ("package", "pinned"),
    [("antlr4-python3-runtime", "4.13.2"), ("hydra-core", "1.4.0.dev6"), ("omegaconf", "2.4.0")],
)
def test_the_versions_that_serve_both_are_installed(package, pinned):
    assert version(package) == pinned
