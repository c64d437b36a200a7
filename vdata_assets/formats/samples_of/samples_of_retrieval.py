"""Retrieval rows as samples for any format: which picture is the same, and whether two are."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from vdata_assets.conversations.reference_game import QUESTIONS, Questions, Task, listener_rows, speaker_rows
from vdata_assets.formats.conversation import Picture, Sample, Turn
from vdata_assets.formats.tables.huggingface import SPLIT, readable_rows

TASKS: tuple[Task, ...] = ("speaker", "listener")
CHOICE = (
    "Image 1 shows a certain {category}. {slots}. Which of them shows the same {category} instance, the very "
    "same one and not just one of its kind? Answer with its letter."
)
"""Asked about image 1, the query, and the slots after it."""

BATCH = 1024


def samples_of_retrieval(
    rows: pl.DataFrame,
    root: Path,
    *,
    tasks: Sequence[Task] = TASKS,
    seed: int = 23,
    use_description: bool = False,
    questions: Questions = QUESTIONS,
    workers: int | None = None,
    log: Callable[[str], object] = lambda line: None,
    left_out: Callable[[str, str, str], object] = lambda query_id, path, reason: None,
) -> Callable[[], Mapping[str, Iterator[Sample]]]:
    """A sample a task and row, all in the one split ``train``, task after task in the order of the rows.

    The training datasets (:func:`~vdata_assets.formats.tables.huggingface.write_training_dataset`) have the
    same rows: those with an image that cannot be decoded are left out and told.

    - ``listener``: the query and one reference, the listener's question, and yes or no. The same rows are
      positive as in the training dataset of the same seed.
    - ``speaker``: its question has no answer to train on, for what it says is judged by whether it is
      understood. The sample is the choice that decides this and that its row has the solution of: the query,
      then every slot, and the letter of the positive. Its id ends with ``_choice``.

    ``label`` is the category, ``metadata`` has the concept. Memory holds the rows and never an image for
    longer than it is decoded.

    Args:
        rows: :class:`~vdata_assets.retrieval.schema.RetrievalRows`, also combined ones; described ones if
            descriptions are used.
        root: the dataset's root, that the pictures' paths are relative to.
        tasks: which, in this order.
        seed: of the listener's choices.
        use_description: the listener is told what is known of the reference.
        questions: the wording of the listener's.
        workers: threads that decode; default: the cores this process may use.
        log: where lines of progress go.
        left_out: told the query_id of every row that is left out, with each of its images that cannot be
            decoded and why.

    Returns:
        Gives at every call the samples from the first one on. Reading them raises ValueError if a row has
        more slots than there are letters.
    """
    kept, unreadable = readable_rows(rows, root, workers, log)
    for query_id, path, reason in unreadable.select("query_id", "path", "reason").iter_rows():
        left_out(query_id, path, reason)

    def listened() -> Iterator[Sample]:
        asked = listener_rows(kept, seed, questions, use_description=use_description)
        asked = asked.with_columns(kept["query_id"], kept["concept"])
        for row in _named(asked):
            yield _sample(
                f"{row['query_id']}_listener",
                (row["query_image_path"], row["reference_image_path"]),
                row["listener_problem"],
                row["listener_solution"],
                row,
            )

    def chosen() -> Iterator[Sample]:
        asked = speaker_rows(kept, questions).with_columns(kept["query_id"], kept["concept"])
        for row in _named(asked):
            yield _sample(
                f"{row['query_id']}_choice",
                (row["image_path"], *row["ret_paths"]),
                CHOICE.format(category=row["category"], slots=_slots(row["names"])),
                row["solution"],
                row,
            )

    made: dict[Task, Callable[[], Iterator[Sample]]] = {"speaker": chosen, "listener": listened}
    return lambda: {SPLIT: (sample for task in tasks for sample in made[task]())}


def _named(table: pl.DataFrame) -> Iterator[dict[str, Any]]:
    for rows in table.iter_slices(BATCH):
        yield from rows.iter_rows(named=True)


def _sample(name: str, paths: Sequence[str], question: str, answer: str, row: Mapping[str, Any]) -> Sample:
    return Sample(
        name,
        (Turn("user", (*map(Picture, paths), question)), Turn("assistant", (answer,))),
        label=row["category"],
        metadata={"concept": row["concept"]},
    )


def _slots(names: Sequence[str]) -> str:
    """E.g. ``Image 2 is A, image 3 is B``."""
    stated = ", ".join(f"image {number} is {name}" for number, name in enumerate(names, 2))
    return stated[:1].upper() + stated[1:]
