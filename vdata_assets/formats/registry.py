"""The formats by their names in YAML files. Light to import: a format is imported when asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from vdata_assets.formats.format import Format

PACKAGE = "vdata_assets.formats"


@dataclass(frozen=True)
class Known:
    """Where a format is, and what it is made with.

    Attributes:
        module: within this package.
        made_by: its class there.
        options: what the class takes, all of it by name and none of it needed.
    """

    module: str
    made_by: str
    options: tuple[str, ...] = ()

    def make(self, options: Mapping[str, Any]) -> "Format":
        """Import and make the format.

        Raises:
            ValueError: an option has a value that the format refuses.
        """
        made = getattr(import_module(f"{PACKAGE}.{self.module}"), self.made_by)(**options)
        return cast("Format", made)


FORMATS: Mapping[str, Known] = MappingProxyType(
    {
        "llava": Known("chat.llava_chat", "LlavaLines"),
        "llava_json": Known("chat.llava_chat", "LlavaArray"),
        "sharegpt": Known("chat.sharegpt", "ShareGpt"),
        "swift": Known("chat.swift", "Swift", ("bbox_type",)),
        "fireworks": Known("chat.fireworks", "Fireworks"),
        "fireworks_file_paths": Known("chat.fireworks", "FireworksLocal"),
        "openai": Known("chat.openai_vision", "OpenAiVision"),
        "together": Known("chat.together_vision", "Together"),
        "gemini": Known("chat.gemini_tuning", "GeminiTuning", ("prefix",)),
        "gemini_inline": Known("chat.gemini_tuning", "GeminiInline"),
        "huggingface": Known("tables.hf_conversations", "HuggingFace", ("classes", "workers")),
        "parquet": Known(
            "tables.parquet_conversations", "ParquetImages", ("classes", "shard_bytes", "workers")
        ),
        "webdataset": Known("tables.webdataset", "WebDataset", ("shard_bytes", "shard_samples", "workers")),
        "coco": Known("coco.coco_instances", "Coco"),
        "convseg": Known("convseg.convseg", "Convseg", ("workers",)),
    }
)
FORMAT_NAMES = tuple(FORMATS)


def format_named(name: str, options: Mapping[str, Any] = MappingProxyType({})) -> "Format":
    """A format made with its options.

    Raises:
        ValueError: there is no such format, it has no such option, or refuses its value; names what there is.
    """
    known = FORMATS.get(name)
    if known is None:
        raise ValueError(f"format {name!r}: there is none of this name: use one of {', '.join(FORMATS)}")
    unknown = [option for option in options if option not in known.options]
    if unknown:
        takes = f"it takes {', '.join(known.options)}" if known.options else "it takes none"
        raise ValueError(f"format {name}: no option {unknown[0]!r}: {takes}")
    return known.make(options)
