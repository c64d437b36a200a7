"""A dataset's list of formats, as its YAML has it."""

import re
from typing import Any, get_args

import pytest
from pydantic import BaseModel, ValidationError

from vdata_assets.formats.export_settings import FormatList, PlainFormat
from vdata_assets.formats.registry import FORMAT_NAMES, FORMATS, format_named


class Settings(BaseModel):
    formats: FormatList = ("llava", "parquet")


GIVEN: dict[str, tuple[Any, str, dict[str, Any]]] = {
    "a name": ("llava", "llava", {}),
    "a name with options left as they are": (
        "webdataset",
        "webdataset",
        {"shard_bytes": 500_000_000, "shard_samples": 10_000},
    ),
    "a mapping without options": ({"format": "coco"}, "coco", {}),
    "one of two options": (
        {"format": "webdataset", "shard_size_mb": 2},
        "webdataset",
        {"shard_bytes": 2_000_000, "shard_samples": 10_000},
    ),
    "parquet": ({"format": "parquet", "shard_size_mb": 3}, "parquet", {"shard_bytes": 3_000_000}),
    "swift": ({"format": "swift", "bbox_type": "norm1"}, "swift", {"bbox_type": "norm1"}),
    "gemini": ({"format": "gemini", "prefix": "gs://b/cats"}, "gemini", {"prefix": "gs://b/cats"}),
}


@pytest.mark.parametrize("case", GIVEN)
def test_an_entry_says_a_format_and_its_options(case: str) -> None:
    given, name, options = GIVEN[case]
    (entry,) = Settings(formats=[given]).formats
    assert (entry.format, entry.options()) == (name, options)
    assert format_named(name, entry.options()).name == name
    dumped = Settings(formats=[given]).model_dump()
    assert Settings.model_validate(dumped).formats == (entry,)


NAMES = ", ".join(FORMAT_NAMES)
REFUSED: dict[str, tuple[list[Any], str]] = {
    "unknown format": (["lava"], f"format 'lava': use one of {NAMES}"),
    "unknown format of a mapping": ([{"format": 3}], f"format 3: use one of {NAMES}"),
    "no format": (
        [{"shard_size_mb": 3}],
        "{'shard_size_mb': 3} is no format: write a name, or {format: name}",
    ),
    "number": ([7], "7 is no format: write a name, or {format: name} with its options"),
    "unknown option": (
        [{"format": "webdataset", "shards": 3}],
        "webdataset has no option 'shards': it has shard_size_mb, shard_samples",
    ),
    "option of a plain format": (
        [{"format": "llava", "shard_size_mb": 3}],
        "llava has no option 'shard_size_mb': it has none",
    ),
    "bad value": ([{"format": "parquet", "shard_size_mb": 0}], "greater than or equal to 1"),
    "bad choice": ([{"format": "swift", "bbox_type": "xywh"}], "Input should be 'real' or 'norm1'"),
    "gemini by name": (["gemini"], "gemini needs a prefix"),
    "gemini with a word": ([{"format": "gemini", "prefix": "bucket"}], "String should match pattern"),
    "twice": (
        ["llava", "coco", {"format": "llava"}],
        "llava is listed twice, and its files have one folder: leave one entry",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_wrong_is_said_with_what_is_allowed(case: str) -> None:
    formats, message = REFUSED[case]
    with pytest.raises(ValidationError, match=re.escape(message)):
        Settings(formats=formats)


def test_a_default_may_be_names() -> None:
    assert [entry.format for entry in Settings().formats] == ["llava", "parquet"]
    assert Settings(formats=[]).formats == ()


def test_every_format_can_be_listed() -> None:
    plain = get_args(PlainFormat.model_fields["format"].annotation)
    assert {*plain, "swift", "gemini", "parquet", "webdataset"} == set(FORMATS)
