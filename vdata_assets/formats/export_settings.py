"""Settings of a dataset's ``formats:`` list. Light to import: read when the code location loads.

An entry is a name, ``llava``, or a mapping with the options that this format has,
``{format: webdataset, shard_size_mb: 500}``.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from vdata_assets.formats.registry import FORMAT_NAMES

MEGABYTE = 1_000_000
ADDRESS = r"^(gs|https?)://[^/?#\s]+(/[^?#]*)?$"


class FormatSettings(BaseModel):
    """One format to write; :func:`~vdata_assets.formats.export.formats_of` makes it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: str

    def options(self) -> dict[str, Any]:
        """What :func:`~vdata_assets.formats.registry.format_named` takes."""
        return {}

    @model_validator(mode="before")
    @classmethod
    def _known_options(cls, given: Any) -> Any:
        if isinstance(given, dict):
            known = [name for name in cls.model_fields if name != "format"]
            unknown = next((name for name in given if name not in cls.model_fields), None)
            if unknown is not None:
                takes = f"it has {', '.join(known)}" if known else "it has none"
                raise ValueError(f"{given.get('format')} has no option {unknown!r}: {takes}")
        return given


class PlainFormat(FormatSettings):
    """A format without options."""

    format: Literal[
        "llava",
        "llava_json",
        "sharegpt",
        "fireworks",
        "fireworks_file_paths",
        "openai",
        "together",
        "gemini_inline",
        "huggingface",
        "coco",
        "convseg",
    ]


class SwiftFormat(FormatSettings):
    """ms-swift's."""

    format: Literal["swift"]
    bbox_type: Literal["real", "norm1"] = Field(
        "real", description="real: pixels; norm1: shares of the sides"
    )

    def options(self) -> dict[str, Any]:
        """See :class:`FormatSettings`."""
        return {"bbox_type": self.bbox_type}


class GeminiFormat(FormatSettings):
    """Vertex AI's, with the addresses of uploaded pictures; ``gemini_inline`` needs none."""

    format: Literal["gemini"]
    prefix: str = Field(
        pattern=ADDRESS, description="address that the dataset's root is uploaded to, e.g. gs://bucket/cats"
    )

    def options(self) -> dict[str, Any]:
        """See :class:`FormatSettings`."""
        return {"prefix": self.prefix}

    @model_validator(mode="before")
    @classmethod
    def _has_prefix(cls, given: Any) -> Any:
        if isinstance(given, dict) and "prefix" not in given:
            raise ValueError(
                "gemini needs a prefix, the address that the pictures are uploaded to: write {format: "
                "gemini, prefix: 'gs://bucket/folder'}, or use gemini_inline"
            )
        return given


class ParquetFormat(FormatSettings):
    """Parquet files with pictures in them."""

    format: Literal["parquet"]
    shard_size_mb: int = Field(500, ge=1, description="megabytes from which on another file begins")

    def options(self) -> dict[str, Any]:
        """See :class:`FormatSettings`."""
        return {"shard_bytes": self.shard_size_mb * MEGABYTE}


class WebDatasetFormat(FormatSettings):
    """WebDataset's tar archives."""

    format: Literal["webdataset"]
    shard_size_mb: int = Field(500, ge=1, description="megabytes of an archive at most")
    shard_samples: int = Field(10_000, ge=1, description="samples of an archive at most")

    def options(self) -> dict[str, Any]:
        """See :class:`FormatSettings`."""
        return {"shard_bytes": self.shard_size_mb * MEGABYTE, "shard_samples": self.shard_samples}


def _entry(given: Any) -> Any:
    """A name as the mapping that it stands for.

    Raises:
        ValueError: it is neither, or of no format; says which there are.
    """
    if isinstance(given, FormatSettings):
        return given
    entry = {"format": given} if isinstance(given, str) else given
    if not isinstance(entry, dict) or "format" not in entry:
        raise ValueError(f"{given!r} is no format: write a name, or {{format: name}} with its options")
    if entry["format"] not in FORMAT_NAMES:
        raise ValueError(f"format {entry['format']!r}: use one of {', '.join(FORMAT_NAMES)}")
    return entry


def _once(entries: Sequence[FormatSettings]) -> Sequence[FormatSettings]:
    names = [entry.format for entry in entries]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"{twice} is listed twice, and its files have one folder: leave one entry")
    return entries


class _NameOrMapping:
    """The JSON schema of an entry, so that a wrong one is named by what it should be."""

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"if": {"type": "string"}, "then": {"enum": list(FORMAT_NAMES)}, "else": handler(core)}


AnyFormat = Annotated[
    Annotated[
        PlainFormat | SwiftFormat | GeminiFormat | ParquetFormat | WebDatasetFormat,
        Field(discriminator="format"),
    ],
    BeforeValidator(_entry),
    _NameOrMapping(),
]
FormatList = Annotated[tuple[AnyFormat, ...], AfterValidator(_once), Field(validate_default=True)]
"""Type of a setting ``formats``; its default may be names too."""
