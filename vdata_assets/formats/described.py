"""What every folder that is exported carries: a card, a Croissant file and checksums."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from vdata_assets.formats.about import DESCRIPTIONS, About, Column, columns_of, split_about
from vdata_assets.formats.checksums import digests, write_checksums
from vdata_assets.formats.croissant import write_croissant
from vdata_assets.formats.dataset_card import write_card

DATASET_DICT_FORMAT = "huggingface"
"""Told of every DatasetDict, whatever its columns: ``datasets.load_from_disk`` takes it."""


def describe_folder(folder: Path, about: About) -> None:
    """Write README.md, croissant.json and checksums.sha256, over those that are there.

    Args:
        folder: of a dataset that is whole.
        about: of the dataset.
    """
    known = {name: found for name, found in digests(folder).items() if name not in DESCRIPTIONS}
    write_card(folder, about)
    write_croissant(folder, about, known)
    write_checksums(folder, known)


def describe_files(
    folder: Path, about: About, columns: Sequence[Column], splits: Mapping[str, tuple[int, Sequence[str]]]
) -> None:
    """Describe a folder whose splits are some files each.

    Args:
        folder: of the dataset.
        about: of it; columns and splits are filled in here.
        columns: of each row.
        splits: rows and names of the files, by split.
    """
    told = tuple(
        split_about(folder, split, rows, [Path(file) for file in files])
        for split, (rows, files) in splits.items()
    )
    describe_folder(folder, replace(about, columns=tuple(columns), splits=told))


def describe_dataset_dict(folder: Path, about: About, features: Any, rows: Mapping[str, int]) -> None:
    """Describe a DatasetDict that :mod:`~vdata_assets.formats.tables.dataset_dict` wrote.

    Args:
        folder: of the DatasetDict.
        about: of the dataset; format, columns, features and splits are filled in here.
        features: columns and types, as ``datasets.Features``.
        rows: number of them by split, in the dataset's order.
    """
    files = {split: sorted(file.name for file in (folder / split).iterdir()) for split in rows}
    splits = {split: (count, [f"{split}/{file}" for file in files[split]]) for split, count in rows.items()}
    told = replace(about, format=DATASET_DICT_FORMAT, features=features)
    describe_files(folder, told, columns_of(features), splits)
