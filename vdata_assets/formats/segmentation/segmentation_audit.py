"""What is asked of datasets of segmented objects before they are published."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any, TypedDict

import msgspec
import polars as pl
import xxhash

from vdata_assets.conversations.segmentation import Box, Turn, untruth
from vdata_assets.formats.checks import DATASET_HF_LOADS, DATASET_LLAVA_LOADS, SAMPLES_WRITTEN
from vdata_assets.formats.segmentation.annotation_hf import features
from vdata_assets.formats.segmentation.llava import IMAGES, MANIFEST, LlavaFrames
from vdata_assets.formats.segmentation.segmentation_samples import (
    Log,
    SampleSelection,
    WrittenSamples,
    sample_slices,
)
from vdata_assets.formats.tables.huggingface import embedded
from vdata_assets.quality.findings import Check, Finding
from vdata_resources.images import UnreadableImage
from vdata_resources.progress import Progress

SpokenTurn = TypedDict("SpokenTurn", {"from": str, "value": str})


class Line(msgspec.Struct, forbid_unknown_fields=True):
    """A sample as LLaVA reads it."""

    id: str
    image: str
    conversations: list[SpokenTurn]
    masks: list[str]
    bounding_boxes: list[tuple[int, int, int, int]]


class ListedSample(msgspec.Struct):
    """A sample as the manifest lists it."""

    id: str
    split: str
    image: str
    width: int
    height: int
    objects: int


class Manifest(msgspec.Struct):
    """What is read of a manifest."""

    samples: list[ListedSample]


LINE = msgspec.json.Decoder(Line)

Frame = dict[str, Any]
"""A row of the frames table."""

Object = tuple[str, tuple[int, ...], str, str, int]
"""rle, box, label, object_id and area of the objects table."""


def audit_annotation_hf(dataset: WrittenSamples, *, log: Log = lambda line: None) -> list[Finding]:
    """Load a DatasetDict as a trainer would and compare all of it with the annotations.

    Pictures are not decoded again: their bytes are those that were decoded on import. Memory holds some
    samples at a time.

    Args:
        dataset: what was written.
        log: where lines of progress go.
    """
    return _findings(DATASET_HF_LOADS, dataset, _hf_problems(dataset, log))


def audit_llava(dataset: WrittenSamples, *, log: Log = lambda line: None) -> list[Finding]:
    """Read LLaVA's files as a trainer would and compare all of them with the annotations.

    Pictures are not decoded again: their bytes are those that were decoded on import. Memory holds some
    samples and the manifest.

    Args:
        dataset: what was written.
        log: where lines of progress go.
    """
    return _findings(DATASET_LLAVA_LOADS, dataset, _llava_problems(dataset, log))


def _findings(loads: Check, dataset: WrittenSamples, problems: Iterable[str]) -> list[Finding]:
    selection = dataset.selection
    problems = list(problems)
    objects, split = selection.without_objects, selection.without_split
    statistics = selection.statistics
    return [
        loads.finding(
            f"{len(problems)} problems in {statistics['samples']} samples of {statistics['objects']} objects",
            problems,
            {"samples": statistics["samples"], "objects": statistics["objects"]},
        ),
        SAMPLES_WRITTEN.finding(
            f"{len(objects) + len(split)} of {selection.frames.height} frames are left out: "
            f"{len(objects)} without objects, {len(split)} without split",
            [*(f"{name}: no objects" for name in objects), *(f"{name}: no split" for name in split)],
            {"frames_without_objects": len(objects), "frames_without_split": len(split)},
        ),
    ]


def _hf_problems(dataset: WrittenSamples, log: Log) -> Iterator[str]:
    """All that is wrong with a DatasetDict, one line each."""
    from datasets import DatasetDict, load_from_disk

    selection = dataset.selection
    try:
        # ArrowInvalid and JSONDecodeError are ValueErrors.
        loaded = load_from_disk(str(dataset.folder))
    except (OSError, ValueError, KeyError) as error:
        yield f"does not load: {error}"
        return
    if not isinstance(loaded, DatasetDict) or tuple(loaded) != selection.splits:
        yield f"is not a DatasetDict with the splits {list(selection.splits)}: {loaded}"
        return
    for split, table in loaded.items():
        if table.features != features():
            yield f"{split}: columns are {table.features}, expected {features()}"
            return
    wrong = list(_id_problems(selection, {split: table["id"][:] for split, table in loaded.items()}))
    yield from wrong
    if not wrong:
        files = {split: [file["filename"] for file in table.cache_files] for split, table in loaded.items()}
        rows = {split: _hf_rows(split_files) for split, split_files in files.items()}
        progress = Progress("dataset_hf: audit", selection.samples.height, "samples", log)
        yield from _compared(selection, rows, _hf_problem, progress)


def _hf_rows(files: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The rows of a split's Arrow files, images as buffers.

    They are read, not mapped as by ``load_from_disk``: the pages of a map stay in memory.
    """
    import pyarrow as pa

    for file in files:
        with pa.OSFile(file) as opened, pa.ipc.open_stream(opened) as batches:
            for batch in batches:
                images = (value.as_buffer() for value in batch["image"].flatten()[0])
                rows = pl.DataFrame(batch.drop_columns(["image"])).iter_rows(named=True)
                for image, row in zip(images, rows, strict=True):
                    yield row | {"image": image}


def _hf_problem(frame: Frame, objects: Sequence[Object], row: dict[str, Any]) -> str | None:
    """What is wrong with a row; None if nothing is. Not asked of its image."""
    for name in ("video_id", "frame_index"):
        if row[name] != frame[name]:
            return f"{name} is {row[name]}, expected {frame[name]}"
    size = [frame["height"], frame["width"]]
    for mask in row["masks"]:
        if mask["size"] != size:
            return f"a mask's size is {mask['size']}, expected {size}"
    masks = [mask["counts"] for mask in row["masks"]]
    boxes = [tuple(box) for box in row["bounding_boxes"]]
    written = zip_longest(masks, boxes, row["labels"], row["object_ids"], row["areas"])
    if Counter(written) != Counter(objects):
        return "masks, boxes, labels, ids and areas are not those of the objects table"
    return _untruth(row["conversations"], boxes, objects)


def _llava_problems(dataset: WrittenSamples, log: Log) -> Iterator[str]:
    """All that is wrong with LLaVA's files, one line each."""
    folder, selection = dataset.folder, dataset.selection
    ids: dict[str, list[str]] = {}
    wrong: list[str] = []
    for split in selection.splits:
        try:
            with (folder / f"{split}.jsonl").open("rb") as lines:
                ids[split] = [LINE.decode(line).id for line in lines]
            LlavaFrames().validate(
                folder, split, lambda told: None if told.warning else wrong.append(f"{told}")
            )
            if not _is_array_of(folder / f"{split}.jsonl", folder / f"{split}.json"):
                wrong.append(f"{split}.json is not the lines of {split}.jsonl as one array")
        except (FileNotFoundError, msgspec.DecodeError) as error:
            wrong.append(f"{split}: {_why(error)}")
            ids[split] = []
    wrong += _manifest_problems(folder / MANIFEST, selection)
    wrong += _id_problems(selection, ids)
    yield from wrong
    if not wrong:
        rows = {split: _llava_rows(folder, split) for split in selection.splits}
        progress = Progress("dataset_llava: audit", selection.samples.height, "samples", log)
        yield from _compared(selection, rows, _llava_problem, progress)


def _llava_rows(folder: Path, split: str) -> Iterator[dict[str, Any]]:
    """The rows of a split, images as paths."""
    with (folder / f"{split}.jsonl").open("rb") as lines:
        for line in lines:
            row = msgspec.structs.asdict(LINE.decode(line))
            yield row | {"name": row["image"], "image": folder / row["image"]}


def _llava_problem(frame: Frame, objects: Sequence[Object], row: dict[str, Any]) -> str | None:
    """What is wrong with a row; None if nothing is. Not asked of its image."""
    names = _image_names(frame)
    if row["name"] not in names:
        return f"image is {row['name']}, expected {names[0]}"
    boxes = row["bounding_boxes"]
    if Counter(zip_longest(row["masks"], boxes)) != Counter(row[:2] for row in objects):
        return "masks and boxes are not those of the objects table"
    return _untruth(row["conversations"], boxes, objects)


def _is_array_of(lines: Path, array: Path) -> bool:
    """Whether a JSON file is an array whose elements are, byte for byte, the lines of another file."""
    with lines.open("rb") as elements, array.open("rb") as file:
        before = b"[\n"
        for element in elements:
            expected = before + element.rstrip(b"\n")
            if file.read(len(expected)) != expected:
                return False
            before = b",\n"
        return file.read() == b"\n]\n"


def _manifest_problems(path: Path, selection: SampleSelection) -> Iterator[str]:
    """Samples that a manifest does not list as they are."""
    try:
        listed = msgspec.json.decode(path.read_bytes(), type=Manifest).samples
    except (FileNotFoundError, msgspec.DecodeError) as error:
        yield f"{path.name}: {_why(error)}"
        return
    frames = selection.samples.with_columns(id="frame_id", objects="sound")
    if len(listed) != frames.height:
        yield f"{path.name}: {len(listed)} samples are listed, expected {frames.height}"
        return
    for sample, frame in zip(listed, frames.iter_rows(named=True), strict=True):
        known = msgspec.structs.asdict(sample)
        names = _image_names(frame)
        image = sample.image if sample.image in names else names[0]
        expected = {name: frame[name] for name in known if name != "image"} | {"image": image}
        if known != expected:
            yield f"{path.name}: {sample} is listed, expected {expected}"


def _image_names(frame: Frame) -> tuple[str, str]:
    """What a frame's image may be called: as its file is, or as what that was converted to."""
    name = f"{IMAGES}/{frame['export']}/{Path(frame['file']).name}"
    return name, f"{name}.png"


def _why(error: FileNotFoundError | msgspec.DecodeError) -> str:
    """Why a file cannot be read, without the place where a candidate happens to lie."""
    return f"there is no file {Path(error.filename).name}" if isinstance(error, OSError) else str(error)


def _id_problems(selection: SampleSelection, found: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Samples that are missing, in a wrong split, more than once or in another order than the frames."""
    if not selection.splits:
        yield "there are no samples: annotate frames, and materialize splits"
    expected = dict(selection.samples.select("frame_id", "split").iter_rows())
    times = Counter(name for ids in found.values() for name in ids)
    for split, ids in found.items():
        wanted = [name for name, its_split in expected.items() if its_split == split]
        yield from (f"{split}: sample {name} is missing" for name in sorted(set(wanted).difference(ids)))
        yield from (
            f"{split}: sample {name} does not belong there" for name in sorted(set(ids).difference(wanted))
        )
        yield from (f"{split}: sample {name} is there {times[name]} times" for name in ids if times[name] > 1)
        if sorted(ids) == sorted(wanted) and list(ids) != wanted:
            yield f"{split}: samples are not in the order of the frames"


def _compared(
    selection: SampleSelection,
    rows: Mapping[str, Iterator[dict[str, Any]]],
    problem: Callable[[Frame, Sequence[Object], dict[str, Any]], str | None],
    progress: Progress,
) -> Iterator[str]:
    """Problems of the rows, which are those of the samples by split, in their order.

    Args:
        selection: the samples.
        rows: what was written of them; ``image`` holds the image's bytes or path.
        problem: what is wrong with a row, but for its image.
        progress: counts rows.
    """

    samples = ((frame, objects, next(rows[frame["split"]])) for frame, objects in _expected(selection))

    def examined(sample: tuple[Frame, list[Object], dict[str, Any]]) -> list[str]:
        frame, objects, row = sample
        wrong = (problem(frame, objects, row), _image_problem(selection.source, frame, row["image"]))
        return [f"{frame['split']}: {frame['frame_id']}: {text}" for text in wrong if text is not None]

    # Parsing holds the interpreter's lock: threads would only contend for it.
    for found in map(examined, samples):
        yield from found
        progress.advance()


def _expected(selection: SampleSelection) -> Iterator[tuple[Frame, list[Object]]]:
    """Every sample's frame and objects."""
    for samples in sample_slices(selection):
        objects = samples.objects
        boxes = map(tuple, objects["box"].to_list())
        table = list(zip(objects["rle"], boxes, *objects["label", "object_id", "area"], strict=True))
        offsets = samples.offsets.tolist()
        for frame, start, end in zip(
            samples.frames.iter_rows(named=True), offsets[:-1], offsets[1:], strict=True
        ):
            yield frame, table[start:end]


def _image_problem(source: Path, frame: Frame, image: Any) -> str | None:
    """What is wrong with an image; None if it is the frame's own file or that as upright RGB.

    A hard link to the frame's file is that file, whose bytes are not read again.
    """
    if isinstance(image, Path):
        try:
            if os.path.samefile(image, f"{source}/{frame['file']}"):
                return None
            image = image.read_bytes()
        except FileNotFoundError:
            return f"there is no file {image.name}"
    if xxhash.xxh3_128_hexdigest(image or b"") == frame["content_hash"]:
        return None
    try:
        same = embedded(source / frame["file"]) == image
    except (OSError, UnreadableImage) as error:
        return f"the frame's picture cannot be compared: {error}"
    return None if same else f"the image is not {frame['file']} of the annotations"


def _untruth(turns: Sequence[Turn], boxes: Sequence[Box], objects: Sequence[Object]) -> str | None:
    return untruth(turns, boxes, [row[2] for row in objects], [row[1] for row in objects])
