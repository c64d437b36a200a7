"""The formats by their names."""

import subprocess
import sys
from typing import Any

import pytest

from vdata_assets.formats.conversation import Feature
from vdata_assets.formats.registry import FORMAT_NAMES, FORMATS, format_named


@pytest.mark.parametrize("name", FORMAT_NAMES)
def test_a_format_is_what_its_name_says_and_whole(name: str) -> None:
    made = format_named(name)
    assert made.name == name
    assert made.expresses <= set(Feature)
    for method in ("save", "splits", "load", "load_file", "validate"):
        assert callable(getattr(made, method))


OPTIONS: dict[str, dict[str, Any]] = {
    "swift": {"bbox_type": "norm1"},
    "gemini": {"prefix": "gs://bucket/cats"},
    "huggingface": {"classes": ["a"], "workers": 1},
    "parquet": {"classes": ["a"], "shard_bytes": 5, "workers": 1},
    "webdataset": {"shard_bytes": 5, "shard_samples": 2, "workers": 1},
    "convseg": {"workers": 1},
}


@pytest.mark.parametrize("name", FORMAT_NAMES)
def test_every_option_reaches_the_format(name: str) -> None:
    options = OPTIONS.get(name, {})
    assert set(options) == set(FORMATS[name].options)
    made = format_named(name, options)
    assert {option: getattr(made, option) for option in options} == options


REFUSED = {
    "no such format": (
        "lava",
        {},
        f"format 'lava': there is none of this name: use one of {', '.join(FORMAT_NAMES)}",
    ),
    "no such option": ("gemini", {"bucket": "x"}, "format gemini: no option 'bucket': it takes prefix"),
    "no options": ("llava", {"shards": 1}, "format llava: no option 'shards': it takes none"),
    "bad value": (
        "gemini",
        {"prefix": "bucket"},
        "prefix: 'bucket': has to be the address of a folder, such as gs://bucket/cats",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_wrong_is_said(case: str) -> None:
    name, options, message = REFUSED[case]
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is compared whole
        format_named(name, options)
    assert str(caught.value) == message


def test_settings_and_registry_are_light() -> None:
    program = (
        "import sys, vdata_assets.formats.registry, vdata_assets.formats.export_settings, "
        "vdata_assets.formats.export_checks\n"
        "heavy = {'datasets', 'pyarrow', 'PIL', 'polars', 'numpy'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
