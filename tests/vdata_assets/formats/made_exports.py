"""Exports of made runs, and what stands in their files."""

import json
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from made_runs import made_run
from numpy.typing import NDArray
from PIL import Image

from vdata_assets.dataengine.settings import ConvsegExportSettings
from vdata_assets.formats.convseg.convseg_export import export_runs
from vdata_assets.formats.convseg.convseg_tables import Export
from vdata_assets.formats.convseg.run_model import FoundRun
from vdata_assets.formats.convseg.run_reader import found_runs

PLACE = Path("/data/export/current")
SUMMARY = "entities/summary.json"


def exported(runs: Sequence[FoundRun], out: Path, previous: Any = None, **options: Any) -> Export:
    return export_runs(runs, out, ConvsegExportSettings(**options), place=PLACE, previous=previous)


def lines(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def mask(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        assert image.mode == "L"
        return np.asarray(image)


def size(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def jpeg(pixels: NDArray[np.uint8], **options: Any) -> bytes:
    file = BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=95, subsampling=0, **options)
    return file.getvalue()


def many(root: Path, count: int) -> list[FoundRun]:
    for number in range(count):
        made_run(root, f"{number:02}", seed=number)
    return found_runs(root)
