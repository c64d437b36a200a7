"""What is asked of a Hugging Face training dataset before it is published."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import polars as pl

from vdata_assets.conversations.reference_game import Task
from vdata_assets.formats.checks import DATASET_LOADS, ROWS_EMBEDDED
from vdata_assets.formats.tables.huggingface import BATCH, IMAGE_COLUMNS, SPLIT, TrainingDataset, features
from vdata_assets.quality.findings import Finding
from vdata_resources.images import UnreadableImage, load_rgb
from vdata_resources.parallel import ordered_map
from vdata_resources.progress import Progress


def audit_training_datasets(
    datasets: Sequence[TrainingDataset],
    *,
    workers: int | None = None,
    log: Callable[[str], object] = lambda line: None,
) -> list[Finding]:
    """Load written datasets as a trainer would and look at every row and image of them.

    Memory holds some rows' images at a time.

    Args:
        datasets: what was written, one a task.
        workers: threads that decode; default: the cores this process may use.
        log: where a line of progress goes every few seconds.
    """
    problems = [
        f"{dataset.task}/{problem}" for dataset in datasets for problem in _problems(dataset, workers, log)
    ]
    rows = {dataset.task: dataset.rows for dataset in datasets}
    # Every task is made of the same retrieval rows, and so leaves out the same.
    dropped = pl.concat([dataset.dropped for dataset in datasets]).unique().sort("query_id", "path")
    rows_dropped = dropped["query_id"].n_unique()
    return [
        DATASET_LOADS.finding(
            f"{len(problems)} problems in "
            + ", ".join(f"{count} {task} rows" for task, count in rows.items()),
            problems,
            {f"{task}_rows": count for task, count in rows.items()},
        ),
        ROWS_EMBEDDED.finding(
            f"{rows_dropped} retrieval rows are left out, for an image of theirs cannot be decoded",
            (f"{query_id}: {path}: {reason}" for query_id, path, reason in dropped.iter_rows()),
            {"rows_left_out": rows_dropped},
        ),
    ]


def _problems(dataset: TrainingDataset, workers: int | None, log: Callable[[str], object]) -> Iterator[str]:
    """All that is wrong with the dataset, one line each."""
    from datasets import DatasetDict, load_from_disk

    try:
        # ArrowInvalid and JSONDecodeError are ValueErrors.
        loaded = load_from_disk(str(dataset.folder))
    except (OSError, ValueError, KeyError) as error:
        yield f"does not load: {error}"
        return
    if not isinstance(loaded, DatasetDict) or list(loaded) != [SPLIT]:
        yield f"is not a DatasetDict with the split {SPLIT} alone"
        return
    split = loaded[SPLIT]
    if split.features != features(dataset.task):
        yield f"{SPLIT}: columns are {split.features}, expected {features(dataset.task)}"
        return
    if split.num_rows != dataset.rows or not dataset.rows:
        yield f"{SPLIT}: {split.num_rows} rows, expected {dataset.rows or 'at least one'}"
    yield from _image_problems(split, dataset.task, workers, log)
    yield from _answer_problems(split.remove_columns(list(IMAGE_COLUMNS[dataset.task])), dataset.task)


def _image_problems(
    split: Any, task: Task, workers: int | None, log: Callable[[str], object]
) -> Iterator[str]:
    """Images that cannot be decoded."""
    columns = IMAGE_COLUMNS[task]
    progress = Progress("training dataset: audit", split.num_rows * len(columns), "images", log)
    for reason in ordered_map(_undecodable, _images(split, list(columns)), workers):
        if reason is not None:
            yield reason
        progress.advance()


def _images(split: Any, columns: list[str]) -> Iterator[tuple[str, bytes]]:
    """Place and bytes of every image, row by row."""
    row = 0
    for table in split.select_columns(columns).with_format("arrow").iter(BATCH):
        for images in table.to_pylist():
            for column in columns:
                yield f"{SPLIT}[{row}].{column}", (images[column] or {}).get("bytes") or b""
            row += 1


def _undecodable(image: tuple[str, bytes]) -> str | None:
    """Which image has which fault; None if it decodes."""
    place, content = image
    try:
        load_rgb(content)
    except UnreadableImage as error:
        return f"{place}: {error.reason}"
    return None


def _answer_problems(texts: Any, task: Task) -> Iterator[str]:
    """Solutions that cannot be given, and answers that are not half yes and half no."""
    if task == "speaker":
        for place, row in enumerate(texts):
            solution, names = row["solution"], row["names"]
            if solution not in names or len(names) != len(row["ret_paths"]):
                yield f"{SPLIT}[{place}]: solution {solution} of {names} for {len(row['ret_paths'])} images"
        return
    answers = texts["listener_solution"]
    counts = Counter(answers)
    for place, answer in enumerate(answers):
        if answer not in ("yes", "no"):
            yield f"{SPLIT}[{place}]: listener_solution {answer} is not yes or no"
    if abs(counts["yes"] - counts["no"]) > 1:
        yield f"{SPLIT}: {counts['yes']} yes and {counts['no']} no, expected half each"
