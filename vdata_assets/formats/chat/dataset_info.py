"""``dataset_info.json``: what LLaMA-Factory knows of the datasets in a folder.

Read by ``get_dataset_list`` in ``src/llamafactory/data/parser.py`` of hiyouga/LLaMA-Factory and described in
``data/README.md`` there.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import msgspec

INFO = "dataset_info.json"


class Columns(msgspec.Struct, frozen=True):
    """Keys of a row; None for what it does not have, for ``columns`` replaces the defaults."""

    messages: str | None = None
    images: str | None = None
    videos: str | None = None
    audios: str | None = None
    system: str | None = None


class Tags(msgspec.Struct, frozen=True):
    """Keys and words of a turn; None for what it does not have, for ``tags`` replaces the defaults."""

    role_tag: str | None = None
    content_tag: str | None = None
    user_tag: str | None = None
    assistant_tag: str | None = None
    observation_tag: str | None = None
    function_tag: str | None = None
    system_tag: str | None = None


class Entry(msgspec.Struct, frozen=True):
    """A dataset; ``file_name`` is relative to the folder, and None for one that is on a hub."""

    file_name: str | None = None
    formatting: str = "alpaca"
    ranking: bool = False
    columns: Columns = Columns(messages="conversations")
    tags: Tags = Tags("from", "value", "human", "gpt", "observation", "function_call", "system")


def read_info(folder: Path) -> dict[str, Entry]:
    """The datasets of a folder by name, in the file's order; none if there is no ``dataset_info.json``.

    Raises:
        ValueError: the file is not of this form; names the field.
    """
    file = folder / INFO
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Entry])
    except FileNotFoundError:
        return {}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{INFO}: {error}") from error


def write_info(folder: Path, entries: Mapping[str, Entry]) -> None:
    """Write ``dataset_info.json``, without what is None."""
    told = {
        name: {
            "file_name": entry.file_name,
            "formatting": entry.formatting,
            "columns": _given(entry.columns),
            "tags": _given(entry.tags),
        }
        for name, entry in entries.items()
    }
    text = json.dumps(told, indent=2, ensure_ascii=False)
    (folder / INFO).write_text(text + "\n", encoding="utf-8")


def _given(held: Columns | Tags) -> dict[str, str]:
    return {name: value for name, value in msgspec.structs.asdict(held).items() if value is not None}
