"""An exported dataset and what is told of it."""

from pathlib import Path
from typing import Any

from made_rows import CLASSES, sample

from vdata_assets.formats.about import About, columns_of, split_about
from vdata_assets.formats.tables.conversation_rows import features
from vdata_assets.quality.findings import Finding, Status


def exported(folder: Path, format_: Any, rows: int = 3, **told: Any) -> About:
    """Write a dataset of splits train and val, the latter without rows; what is told of it."""
    made = [sample(f"{number}", CLASSES[number % 2]) for number in range(rows)]
    written = format_.save({"train": made, "val": []}, folder, folder)
    mine = {split: [file for file in written if split in file.as_posix()] for split in ("train", "val")}
    declared = features(CLASSES)
    known: dict[str, Any] = {
        "name": "Cats",
        "description": "Cats and dogs.",
        "format": format_.name,
        "license": "cc-by-4.0",
        "columns": columns_of(declared),
        "features": declared,
        "classes": tuple(CLASSES),
        "provenance": {"source": "tests"},
        "settings": {"seed": 23},
        "findings": [Finding("ids_unique", Status.PASSED, "3 ids are unique")],
        "published": "2025-01-31",
        "url": "https://example.org/cats",
    }
    splits = (
        split_about(folder, "train", rows, mine["train"]),
        split_about(folder, "val", 0, mine["val"]),
    )
    return About(splits=splits, **(known | told))
