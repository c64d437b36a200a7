"""A small version of annotations, as the merge publishes it."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import xxhash
from made_samples import image_bytes
from PIL import Image
from pycocotools import mask as coco

from vdata_assets.annotations.schema import MergedFrames, Objects
from vdata_assets.formats.segmentation.llava import write_llava
from vdata_assets.formats.segmentation.segmentation_samples import WrittenSamples
from vdata_resources.images import probe

HEIGHT, WIDTH = 24, 32


@dataclass
class Annotations:
    """A version's folder and a split for its frames."""

    source: Path
    splits: pl.DataFrame

    @property
    def frames(self) -> pl.DataFrame:
        return pl.read_parquet(self.source / "frames.parquet")

    @property
    def objects(self) -> pl.DataFrame:
        return pl.read_parquet(self.source / "objects.parquet")


def photo(number: int) -> bytes:
    """A JPEG of noise."""
    pixels = np.random.default_rng(number).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    file = BytesIO()
    Image.fromarray(pixels).save(file, "JPEG")
    return file.getvalue()


def annotated(place: int, number: int, height: int, width: int) -> dict[str, Any]:
    """A rectangle as a mask, its box and its area."""
    top, left = (5 * number + 3 * place) % (height - 4), (7 * number + 2 * place) % (width - 5)
    mask = np.zeros((height, width), np.uint8, order="F")
    mask[top : top + 4, left : left + 5] = 1
    return {"rle": coco.encode(mask)["counts"].decode(), "box": [left, top, 5, 4], "area": 20}


@pytest.fixture
def annotations(tmp_path: Path) -> Callable[..., Annotations]:
    """Makes annotations: the labels of each frame's objects, and pictures for those that are to have another.

    An object whose label begins with ``!`` is one with a reason. Frame ``n`` is in split ``val`` if n % 5 is
    3, ``test`` if it is 4, else ``train``.
    """

    def make(
        labels: Sequence[Sequence[str]],
        pictures: dict[int, Path] | None = None,
        size: tuple[int, int] = (HEIGHT, WIDTH),
    ) -> Annotations:
        source = tmp_path / "annotations"
        (source / "frames" / "cup").mkdir(parents=True)
        frames, objects = [], []
        for number, named in enumerate(labels):
            other = (pictures or {}).get(number)
            content = photo(number) if other is None else other.read_bytes()
            file = f"frames/cup/frame_{number:06d}{'.jpg' if other is None else other.suffix}"
            (source / file).write_bytes(content)
            height, width = (HEIGHT, WIDTH) if other is None else size
            frames.append(
                {
                    "frame_id": f"cup-{number:06d}",
                    "export": "cup",
                    "video_id": "cup final",
                    "frame_index": number,
                    "timestamp": number / 30,
                    "width": width,
                    "height": height,
                    "file": file,
                    "content_hash": xxhash.xxh3_128_hexdigest(content),
                    "phash": number,
                    "upright_rgb": probe(content).upright_rgb,
                    "origin": "archive",
                    "objects": len(named),
                    "reason": None,
                    "labels": sorted(set(named)),
                }
            )
            for place, label in enumerate(named):
                known = annotated(place, number, height, width)
                if label.startswith("!"):
                    known = dict.fromkeys(known) | {"reason": "the mask is empty"}
                objects.append(
                    {
                        "frame_id": f"cup-{number:06d}",
                        "position": place,
                        "object_id": f"{label}-{place}",
                        "label": label.removeprefix("!"),
                        **known,
                    }
                )
        schema = {name: column.dtype for name, column in MergedFrames.columns().items()}
        MergedFrames.validate(pl.DataFrame(frames, schema), cast=True).write_parquet(
            source / "frames.parquet"
        )
        schema = {name: column.dtype for name, column in Objects.columns().items()}
        Objects.validate(pl.DataFrame(objects, schema), cast=True).write_parquet(source / "objects.parquet")
        names = ["train", "train", "train", "val", "test"]
        splits = pl.DataFrame(
            {
                "sample_id": [frame["frame_id"] for frame in frames],
                "split": [names[number % 5] for number in range(len(frames))],
            },
            {"sample_id": pl.String, "split": pl.String},
        )
        return Annotations(source, splits)

    return make


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of two pictures, ``a.png`` and ``b.png``."""
    root = tmp_path / "root"
    root.mkdir()
    for name in ("a.png", "b.png"):
        (root / name).write_bytes(image_bytes("PNG"))
    return root


@pytest.fixture
def linked() -> Callable[..., WrittenSamples]:
    """Writes annotations in LLaVA's format, pictures as hard links."""

    def write(made: Annotations, folder: Path, **options: Any) -> WrittenSamples:
        def link(file: Path, name: str) -> None:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            os.link(file, folder / name)

        return write_llava(made.source, made.splits, folder, link, **options)

    return write
