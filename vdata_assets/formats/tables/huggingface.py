"""Hugging Face datasets for training on retrieval rows, images embedded."""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl
from PIL import Image

from vdata_assets.conversations.reference_game import QUESTIONS, Questions, Task, listener_rows, speaker_rows
from vdata_assets.formats.tables.dataset_dict import DatasetDictWriter, dataset_dict_writer
from vdata_resources.images import UnreadableImage, is_upright_rgb, load_rgb
from vdata_resources.parallel import ordered_map
from vdata_resources.progress import Progress

SPLIT = "train"
IMAGE_COLUMNS: dict[Task, dict[str, str]] = {
    "speaker": {"image": "image_path"},
    "listener": {"query_image": "query_image_path", "reference_image": "reference_image_path"},
}
"""Column of the dataset that holds an image, and column of the task's rows that names its file."""

BATCH = 32
"""Rows a record batch, and rows whose images are read ahead of it."""


@dataclass(frozen=True)
class TrainingDataset:
    """A dataset as it was written.

    Attributes:
        folder: what ``datasets.load_from_disk`` takes.
        task: what it trains.
        rows: number of rows.
        dropped: retrieval rows left out, one row an unreadable image of theirs: query_id, path, reason.
    """

    folder: Path
    task: Task
    rows: int
    dropped: pl.DataFrame


def folder_name(dataset: str, seed: int, top_k: int, category: str = "all") -> str:
    """Name of the folder of a training dataset, e.g. ``PerVA_all_test_subset_seed_23_K_3``."""
    return f"{dataset}_{category}_test_subset_seed_{seed}_K_{top_k}"


def features(task: Task) -> Any:
    """Columns and types of a task's dataset, as ``datasets.Features``."""
    from datasets import Features, List, Value
    from datasets import Image as ImageFeature

    text = Value("string")
    if task == "speaker":
        return Features(
            image=ImageFeature(),
            ret_paths=List(text),
            names=List(text),
            speaker_problem=text,
            solution=text,
            category=text,
        )
    return Features(
        query_image_path=text,
        reference_image_path=text,
        query_image=ImageFeature(),
        reference_image=ImageFeature(),
        listener_problem=text,
        listener_solution=text,
        category=text,
    )


def write_training_dataset(
    rows: pl.DataFrame,
    root: Path,
    folder: Path,
    task: Task,
    *,
    seed: int = 23,
    use_description: bool = False,
    questions: Questions = QUESTIONS,
    workers: int | None = None,
    log: Callable[[str], object] = lambda line: None,
) -> TrainingDataset:
    """Write retrieval rows as a DatasetDict with the one split ``train``, as its ``save_to_disk`` would.

    Every image that a row refers to is decoded first; a row with one that cannot be is left out and kept
    in the result with the reason. Then the Arrow files are written batch by batch, so that memory holds
    some rows' images and never the dataset's.

    The same rows, images, task and seed give the same bytes.

    Args:
        rows: :class:`~vdata_assets.retrieval.schema.RetrievalRows`; ``DescribedRows`` if descriptions are
            used.
        root: the dataset's root that the rows' paths are relative to.
        folder: the folder to make; its parent exists.
        task: ``speaker`` or ``listener``.
        seed: of the listener's choices.
        use_description: the listener is told what is known of the reference.
        questions: the wording.
        workers: threads that read and decode; default: the cores this process may use.
        log: where lines of progress go.
    """
    folder.mkdir()
    kept, dropped = readable_rows(rows, root, workers, log)
    if task == "speaker":
        table = speaker_rows(kept, questions)
    else:
        table = listener_rows(kept, seed, questions, use_description=use_description)
    with dataset_dict_writer(folder, features(task), [SPLIT]) as writer:
        _write_rows(table, root, writer, task, workers, log)
    return TrainingDataset(folder, task, table.height, dropped)


def readable_rows(
    rows: pl.DataFrame,
    root: Path,
    workers: int | None = None,
    log: Callable[[str], object] = lambda line: None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows of which every image can be decoded, and per other row the images that cannot.

    Args:
        rows: :class:`~vdata_assets.retrieval.schema.RetrievalRows`.
        root: the dataset's root that the rows' paths are relative to.
        workers: threads that decode; default: the cores this process may use.
        log: where lines of progress go.

    Returns:
        The rows in their order, and the others' query_id, path and reason.
    """
    uses = rows.select("query_id", path=pl.concat_list("query_path", "ret_paths")).explode("path").unique()
    paths = uses["path"].unique().sort().to_list()
    progress = Progress("training dataset: decode", len(paths), "images", log)
    reasons: dict[str, list[str]] = {"path": [], "reason": []}
    found = ordered_map(_unreadable, (root / path for path in paths), workers)
    for path, reason in zip(paths, found, strict=True):
        if reason is not None:
            reasons["path"].append(path)
            reasons["reason"].append(reason)
        progress.advance()
    unreadable = pl.DataFrame(reasons, schema={"path": pl.String, "reason": pl.String})
    dropped = uses.join(unreadable, on="path").sort("query_id", "path")
    return rows.join(dropped, on="query_id", how="anti", maintain_order="left"), dropped


def _unreadable(path: Path) -> str | None:
    """Why an image cannot be decoded; None if it can."""
    try:
        load_rgb(path)
    except UnreadableImage as error:
        return error.reason
    return None


def embedded(path: Path) -> bytes:
    """The bytes that stand for an image file in a dataset: :func:`upright_rgb` of its own.

    Raises:
        UnreadableImage: the file has to be converted and cannot be decoded.
    """
    return upright_rgb(path.read_bytes())


def upright_rgb(content: bytes) -> bytes:
    """An image file's bytes as upright RGB for any reader.

    They are the file's own where these are RGB without transparency or a rotation in the metadata, as of
    most photos. Anything else (palette, alpha, CMYK, grey, 16 bits, rotated, damaged EXIF) is what
    :func:`~vdata_resources.images.load_rgb` makes of it, as PNG, so that a trainer sees exactly what the
    encoder saw.

    Raises:
        UnreadableImage: the image has to be converted and cannot be decoded.
    """
    with Image.open(BytesIO(content)) as image:
        if image.format == "PNG":
            image.load()  # its EXIF may come after the pixels
        if is_upright_rgb(image):
            return content
    png = BytesIO()
    load_rgb(content).save(png, "PNG")
    return png.getvalue()


def _write_rows(
    table: pl.DataFrame,
    root: Path,
    writer: DatasetDictWriter,
    task: Task,
    workers: int | None,
    log: Callable[[str], object],
) -> None:
    """Write a task's rows with their images."""
    import pyarrow as pa

    progress = Progress("training dataset: write", table.height, "rows", log)
    images = ordered_map(
        lambda paths: [{"bytes": embedded(root / path), "path": None} for path in paths],
        table.select(IMAGE_COLUMNS[task].values()).iter_rows(),
        workers,
        ahead=BATCH,
    )
    for rows in table.iter_slices(BATCH):
        embeds = zip(*islice(images, rows.height), strict=True)
        columns = rows.to_dict(as_series=False) | dict(zip(IMAGE_COLUMNS[task], embeds, strict=True))
        writer.write(SPLIT, pa.RecordBatch.from_pydict(columns, writer.schema))
        progress.advance(rows.height)
