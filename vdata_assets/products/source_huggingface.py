"""Products in a folder that ``datasets`` saved."""

import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from vdata_assets.products.settings import HuggingFaceSource
from vdata_assets.products.sources import Batch, Part, inside, placed

SETTING = "source.folder"
DATASET_DICT, STATE = "dataset_dict.json", "state.json"


def huggingface_parts(root: Path, source: HuggingFaceSource) -> list[Part]:
    """Each split as a part, in the dataset's order; nothing is decoded.

    Raises:
        ValueError: there is no such folder, ``save_to_disk`` did not write it, or its files leave it.
    """
    from datasets import Dataset, load_from_disk

    folder = placed(root, SETTING, source.folder)
    name = f"{SETTING}: {source.folder}"
    if not folder.is_dir():
        raise ValueError(f"{name} is a file: name the folder that save_to_disk wrote, or set source.type")
    try:
        _require_own_files(root, folder, name)
        # ArrowInvalid and JSONDecodeError are ValueErrors.
        loaded = load_from_disk(str(folder))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{name} is no dataset that save_to_disk wrote: {error}") from error
    if isinstance(loaded, Dataset):
        return [_part(loaded, name)]
    return [_part(split, f"{name}, split {key}") for key, split in loaded.items()]


def _part(split: Any, name: str) -> Part:
    from datasets import ClassLabel

    names = {column: what.names for column, what in split.features.items() if isinstance(what, ClassLabel)}
    return Part(name, split.features.arrow_schema, split.num_rows, partial(_batches, split), names)


def _batches(split: Any, columns: Sequence[str], rows: int) -> Iterator[Batch]:
    # As Arrow an image is its bytes and path: it is never decoded.
    for table in split.select_columns(list(columns)).with_format("arrow").iter(rows):
        yield Batch(table.select(list(columns)))


def _require_own_files(root: Path, folder: Path, name: str) -> None:
    """Make sure that the described files lie under root: ``datasets`` opens whatever is named."""
    folders = [folder]
    if (folder / DATASET_DICT).is_file():
        splits = json.loads((folder / DATASET_DICT).read_text(encoding="utf-8"))["splits"]
        folders = [folder / split for split in splits]
    for described in folders:
        if not inside(root, described / STATE):
            raise ValueError(f"its split {described.name} leaves the root")
        state = json.loads((described / STATE).read_text(encoding="utf-8"))
        for file in state["_data_files"]:
            if not inside(root, described / file["filename"]):
                raise ValueError(f"its file {file['filename']} leaves the root")
