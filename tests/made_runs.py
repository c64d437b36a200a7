"""Run folders for tests: written by the writer, then spoilt by hand."""

import json
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vdata_assets.dataengine.annotator import FAMILIES, Caption, Family, Prompt, Region
from vdata_assets.dataengine.run_folder import JudgedPrompt, write_family, write_regions

HEIGHT, WIDTH = 40, 60

Said = tuple[str, Sequence[int], str]
"""Text, satisfying and verdict."""


def picture(seed: int = 0, height: int = HEIGHT, width: int = WIDTH) -> NDArray[np.uint8]:
    """Smooth colours, other ones for every seed."""
    small = np.random.default_rng(seed).integers(0, 255, (4, 5, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))


def rectangle(x: int, y: int, width: int = 8, height: int = 6) -> NDArray[np.bool_]:
    mask = np.zeros((HEIGHT, WIDTH), np.bool_)
    mask[y : y + height, x : x + width] = True
    return mask


MASKS = [rectangle(2, 3), rectangle(6, 5), rectangle(40, 30)]


def view() -> bytes:
    file = BytesIO()
    Image.new("RGB", (8, 8), "red").save(file, "JPEG")
    return file.getvalue()


def judged(prompts: Sequence[Said]) -> list[JudgedPrompt]:
    return [
        JudgedPrompt(
            number,
            Prompt(text, tuple(range(len(MASKS))), tuple(satisfying)),
            not satisfying,
            verdict,  # type: ignore[arg-type]
            "because",
            view(),
        )
        for number, (text, satisfying, verdict) in enumerate(prompts)
    ]


def made_run(
    root: Path,
    name: str = "a",
    prompts: dict[Family, Sequence[Said]] | None = None,
    *,
    seed: int = 0,
    masks: Sequence[NDArray[np.bool_]] = MASKS,
) -> Path:
    """A run folder as the writer makes it; by default with an accepted prompt about region 0."""
    said = {"entities": [("Segment the box", [0], "ACCEPT")]} if prompts is None else prompts
    folder = root / f"out_region_refine_{name}"
    regions = [Region(number, Caption(f"box {number}"), mask) for number, mask in enumerate(masks)]
    write_regions(folder, picture(seed), regions)
    for family in FAMILIES:
        write_family(folder, family, judged(said.get(family, [])))  # type: ignore[call-overload]
    return folder


def edit(path: Path, change: Any) -> None:
    """Change the content of a JSON file in place."""
    content = json.loads(path.read_text())
    changed = change(content)
    path.write_text(json.dumps(content if changed is None else changed))


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
