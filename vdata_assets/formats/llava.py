"""Annotated frames in LLaVA's instruction format: JSON lines, the same as JSON arrays, and images beside."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import compress, islice
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from vdata_assets.conversations.segmentation import PHRASES, Phrases, Turn
from vdata_assets.formats.huggingface import upright_rgb
from vdata_assets.formats.json_lines import array_of_lines
from vdata_assets.formats.segmentation_samples import (
    SPLIT_NAMES,
    Log,
    Samples,
    SampleSelection,
    WrittenSamples,
    picture,
    sample_slices,
    select_samples,
    with_conversations,
)
from vdata_resources.parallel import ordered_map
from vdata_resources.progress import Progress

IMAGES = "images"
MANIFEST = "samples_manifest.json"
SAMPLE_KEYS = ("id", "split", "image", "width", "height", "objects")
ENCODING = {
    "masks": "COCO compressed run lengths (column-major) at the image's height and width, a string an object",
    "bounding_boxes": "[x, y, width, height] in pixels",
    "order": "masks and bounding boxes are in the order in which the conversation mentions the objects",
}


def write_llava(
    source: Path,
    splits: pl.DataFrame,
    folder: Path,
    link: Callable[[Path, str], object],
    *,
    names: Sequence[str] = SPLIT_NAMES,
    seed: int = 23,
    phrases: Phrases = PHRASES,
    workers: int | None = None,
    log: Log = lambda line: None,
) -> WrittenSamples:
    """Write annotated frames as ``<split>.jsonl``, the same as one array in ``<split>.json``, and a manifest.

    A sample is ``{"id", "image", "conversations", "masks", "bounding_boxes"}``, its image
    ``images/<export>/<name>`` within the folder. Pictures that are not upright RGB become PNG files, for the
    trainer's loader does not heed EXIF orientation. ``samples_manifest.json`` lists every sample. The same
    annotations, splits and seed give the same bytes; memory holds some frames' texts and never the dataset's.

    Args:
        source: a version of the annotations.
        splits: columns sample_id (a frame_id) and split.
        folder: where to; it is made or is empty.
        link: puts a file (first argument) into the folder under a relative name (second argument), whose
            folders it makes; best as a hard link.
        names: of the splits, in the order that the manifest is to have.
        seed: of the conversations.
        phrases: the wording.
        workers: threads that convert pictures; default: the cores this process may use.
        log: where lines of progress go.

    Raises:
        ValueError: a picture is gone, or the tables do not fit together.
    """
    selection = select_samples(source, splits, names)
    folder.mkdir(exist_ok=True)
    progress = Progress("dataset_llava: write", selection.samples.height, "samples", log)
    frames = selection.samples.select("export", "file", "content_hash", "upright_rgb")
    converted = ordered_map(
        lambda frame: None if frame[3] else upright_rgb(picture(source / frame[1], frame[2])),
        frames.iter_rows(),
        workers,
        chunk=16,
    )
    placed = (
        _placed(folder, source / file, f"{IMAGES}/{export}/{file.rpartition('/')[2]}", content, link)
        for (export, file, *_), content in zip(frames.iter_rows(), converted, strict=True)
    )
    images: list[str] = []
    encoder = msgspec.json.Encoder()
    with ExitStack() as stack:
        lines = {
            split: stack.enter_context((folder / f"{split}.jsonl").open("wb")) for split in selection.splits
        }
        for samples in sample_slices(selection):
            shown = list(islice(placed, samples.frames.height))
            images += shown
            for split in selection.splits:
                mine, turns = with_conversations(samples.of_split(split), seed, phrases)
                rows = _rows(mine, turns, compress(shown, samples.frames["split"] == split))
                lines[split].writelines(encoder.encode(row) + b"\n" for row in rows)
            progress.advance(samples.frames.height)
    for split in selection.splits:
        array_of_lines(folder / f"{split}.jsonl", folder / f"{split}.json")
    _write_manifest(folder / MANIFEST, selection, images)
    return WrittenSamples(folder, selection)


def _placed(
    folder: Path, file: Path, name: str, content: bytes | None, link: Callable[[Path, str], object]
) -> str:
    """Put a picture into the folder; its name there."""
    if content is None:
        try:
            link(file, name)
        except FileNotFoundError as error:
            raise ValueError(f"{file}: there is no such file: materialize annotations") from error
        return name
    name += ".png"  # after the whole name: there may be a frame.gif and a frame.png
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    return name


def _rows(samples: Samples, turns: Sequence[Sequence[Turn]], images: Iterable[str]) -> Iterator[Any]:
    """Samples as LLaVA has them."""
    masks, boxes = samples.objects["rle"].to_list(), samples.objects["box"].to_list()
    offsets = samples.offsets.tolist()
    for frame_id, image, said, start, end in zip(
        samples.frames["frame_id"], images, turns, offsets[:-1], offsets[1:], strict=True
    ):
        yield {
            "id": frame_id,
            "image": image,
            "conversations": said,
            "masks": masks[start:end],
            "bounding_boxes": boxes[start:end],
        }


def _write_manifest(path: Path, selection: SampleSelection, images: Sequence[str]) -> None:
    """Write what the dataset holds and every sample of it, a sample a line."""
    head = {
        "statistics": selection.statistics,
        "encoding": ENCODING,
        "files": {split: [f"{split}.jsonl", f"{split}.json"] for split in selection.splits},
    }
    samples = selection.samples.select(
        "split", "width", "height", id="frame_id", image=pl.Series(images, dtype=pl.String), objects="sound"
    ).select(SAMPLE_KEYS)
    with path.open("w", encoding="utf-8") as file:
        file.write(json.dumps(head, indent=2, ensure_ascii=False).removesuffix("\n}") + ',\n  "samples": [')
        for number, sample in enumerate(samples.iter_rows(named=True)):
            file.write(f"{',' if number else ''}\n    {json.dumps(sample, ensure_ascii=False)}")
        file.write("\n  ]\n}\n")
