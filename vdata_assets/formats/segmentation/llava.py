"""Annotated frames in LLaVA's instruction format: JSON lines, the same as JSON arrays, and images beside."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import polars as pl

from vdata_assets.conversations.segmentation import PHRASES, Phrases
from vdata_assets.formats.about import About, Column
from vdata_assets.formats.chat.llava_chat import LlavaLines, SplitFile
from vdata_assets.formats.coco.coco_geometry import sides
from vdata_assets.formats.conversation import Picture, Sample
from vdata_assets.formats.described import describe_files
from vdata_assets.formats.json_lines import Row, array_of_lines, read_lines, write_lines
from vdata_assets.formats.segmentation.samples_of_annotations import samples_of_selection
from vdata_assets.formats.segmentation.segmentation_samples import (
    SPLIT_NAMES,
    Log,
    SampleSelection,
    WrittenSamples,
    picture,
    select_samples,
)
from vdata_assets.formats.tables.huggingface import upright_rgb
from vdata_assets.formats.tables.row_columns import LLAVA
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
COLUMNS = (
    *LLAVA[:-1],
    Column("masks", "text", ENCODING["masks"], repeated=True),
    Column("bounding_boxes", "integer", ENCODING["bounding_boxes"], repeated=True),
)


class LlavaFrames(LlavaLines):
    """LLaVA's rows with ``masks`` and ``bounding_boxes`` in place of ``metadata``, ``<split>.jsonl``.

    A row is ``{"id", "image", "conversations", "masks", "bounding_boxes"}``. Trainers pass over the last two,
    and :meth:`load` does.
    """

    name: ClassVar[str] = "dataset_llava"
    _file: ClassVar[SplitFile] = SplitFile(".jsonl", read_lines, write_lines)

    def _row(self, sample: Sample) -> Row:
        said = super()._row(replace(sample, objects=(), sizes=(), label=None, metadata={}))
        boxes = [sides(one.box) for one in sample.objects if one.box is not None]
        return {**said, "masks": [one.mask for one in sample.objects], "bounding_boxes": boxes}


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
    images = dict(_pictures(selection, folder, link, workers, log))
    progress = Progress("dataset_llava: write", selection.samples.height, "samples", log)

    def shown(samples: Iterator[Sample]) -> Iterator[Sample]:
        for sample in samples:
            yield _with_picture(sample, images)
            progress.advance()

    samples = samples_of_selection(selection, seed, phrases)()
    written = {split: shown(some) for split, some in samples.items()}
    for file in LlavaFrames().save(written, folder, folder):
        array_of_lines(folder / file, folder / file.with_suffix(".json"))
    _write_manifest(folder / MANIFEST, selection, images)
    return WrittenSamples(folder, selection)


def describe_llava(written: WrittenSamples, about: About) -> None:
    """Write the card, the Croissant file and the checksums.

    Args:
        written: by :func:`write_llava`.
        about: of the dataset; columns and splits are filled in here.
    """
    sizes = written.statistics["splits"]
    splits = {split: (rows, [f"{split}.jsonl", f"{split}.json"]) for split, rows in sizes.items()}
    describe_files(written.folder, about, COLUMNS, splits)


def _pictures(
    selection: SampleSelection,
    folder: Path,
    link: Callable[[Path, str], object],
    workers: int | None,
    log: Log,
) -> Iterator[tuple[str, str]]:
    """Put the pictures of all samples into the folder; each frame's file and the name that it has there."""
    source = selection.source
    frames = selection.samples.select("export", "file", "content_hash", "upright_rgb")
    progress = Progress("dataset_llava: pictures", frames.height, "pictures", log)
    converted = ordered_map(
        lambda frame: None if frame[3] else upright_rgb(picture(source / frame[1], frame[2])),
        frames.iter_rows(),
        workers,
        chunk=16,
    )
    for (export, file, *_), content in zip(frames.iter_rows(), converted, strict=True):
        name = f"{IMAGES}/{export}/{file.rpartition('/')[2]}"
        yield file, _placed(folder, source / file, name, content, link)
        progress.advance()


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


def _with_picture(sample: Sample, images: Mapping[str, str]) -> Sample:
    """The sample with its picture as it is in the folder, which the first turn begins with."""
    first, *rest = sample.turns
    shown, *texts = first.parts
    path = str(shown.path) if isinstance(shown, Picture) else ""
    return replace(sample, turns=(replace(first, parts=(Picture(images[path]), *texts)), *rest))


def _write_manifest(path: Path, selection: SampleSelection, images: Mapping[str, str]) -> None:
    """Write what the dataset holds and every sample of it, a sample a line."""
    head = {
        "statistics": selection.statistics,
        "encoding": ENCODING,
        "files": {split: [f"{split}.jsonl", f"{split}.json"] for split in selection.splits},
    }
    samples = selection.samples.select(
        "split",
        "width",
        "height",
        id="frame_id",
        image=pl.col("file").replace_strict(images, return_dtype=pl.String),
        objects="sound",
    ).select(SAMPLE_KEYS)
    with path.open("w", encoding="utf-8") as file:
        file.write(json.dumps(head, indent=2, ensure_ascii=False).removesuffix("\n}") + ',\n  "samples": [')
        for number, sample in enumerate(samples.iter_rows(named=True)):
            file.write(f"{',' if number else ''}\n    {json.dumps(sample, ensure_ascii=False)}")
        file.write("\n  ]\n}\n")
