"""Conversations about classed images as samples for any format, and straight as LLaVA's lines."""

import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vdata_assets.formats.chat.llava_chat import ROLES
from vdata_assets.formats.conversation import Picture, Sample, Turn
from vdata_assets.formats.image_tokens import IMAGE
from vdata_assets.formats.line_format import split_file

ESCAPES = {mark: json.dumps(mark)[1:-1] for mark in (*map(chr, range(32)), '"', "\\")}
"""What JSON does not take as it is, by RFC 8259, section 7."""


def class_format_samples(batches: Iterable[pl.DataFrame], prefix: str = "") -> Iterator[Sample]:
    """The samples: the picture before the first question, the class as label and in the metadata.

    Args:
        batches: of schema :class:`~vdata_assets.conversations.class_schema.ClassSamples`; of one split.
        prefix: what stands before each path, such as ``images/``: the name of the dataset's root where paths
            are to be relative to the folder above it. The formats' root is then that folder.
    """
    for batch in batches:
        said = batch.select(pl.col("turns").explode()).unnest("turns")
        turns = zip(said["role"].to_list(), said["text"].to_list(), strict=True)
        heads = batch.select("sample_id", "path", "class", number=pl.col("turns").list.len())
        for sample_id, path, name, number in heads.iter_rows():
            role, question = next(turns)
            first = Turn(role, (Picture(prefix + path), question))
            rest = (Turn(role, (text,)) for _, (role, text) in zip(range(number - 1), turns, strict=False))
            yield Sample(sample_id, (first, *rest), label=name, metadata={"class": name})


def write_class_lines(
    batches: Iterable[pl.DataFrame], folder: Path, splits: Iterable[str], prefix: str = ""
) -> list[Path]:
    """Write ``<split>.jsonl``, a sample a line as LLaVA has it, a batch at a time and without making samples.

    A row is ``{"id", "image", "conversations", "metadata": {"class"}}``;
    :class:`~vdata_assets.formats.chat.llava_chat.LlavaLines` reads and checks it.

    Args:
        batches: of schema ClassSamples, of any splits.
        folder: where to; it exists.
        splits: a file is made for each, also if it has no samples.
        prefix: as in :func:`class_format_samples`.

    Returns:
        The files, relative to ``folder``.

    Raises:
        ValueError: a text has ``<image>`` in it, which trainers replace by a picture; a split's name cannot
            be a file's.
        KeyError: a batch has a split that is not among ``splits``.
    """
    names = {split: split_file(split, ".jsonl") for split in splits}
    with ExitStack() as stack:
        files: dict[str, IO[bytes]] = {
            split: stack.enter_context((folder / name).open("wb")) for split, name in names.items()
        }
        for batch in batches:
            for (split,), part in _lines(batch, prefix).group_by("split", maintain_order=True):
                # One column without quotes or a header is plain lines.
                part.select("line").write_csv(files[str(split)], include_header=False, quote_style="never")
    return list(names.values())


def _lines(batch: pl.DataFrame, prefix: str) -> pl.DataFrame:
    """A batch as LLaVA's lines, with their split. What recurs, turns and classes, is made once."""
    classes, of_class = _coded(batch["class"])
    tails = classes.to_frame("class").select(pl.lit('],"metadata":') + _json(pl.struct("class")) + "}")
    return batch.select(
        "split",
        line=pl.concat_str(
            pl.lit('{"id":"'),
            pl.col("sample_id").str.replace_many(ESCAPES),
            pl.lit('","image":"'),
            (prefix + pl.col("path")).str.replace_many(ESCAPES),
            *_turns(batch),
            tails.to_series().gather(of_class),
        ),
    )


def _turns(batch: pl.DataFrame) -> list[pl.Series]:
    """The first turns of all samples as JSON, then the second ones, and so on; none is an empty text."""
    said = batch["turns"].explode().struct.unnest()
    roles, of_role = _coded(said["role"])
    texts, of_text = _coded(said["text"])
    marked = np.flatnonzero(texts.str.contains(IMAGE, literal=True))
    numbers = batch["turns"].list.len().to_numpy()
    if len(marked):
        turn = np.flatnonzero(of_text == marked[0])[0]
        sample = batch["sample_id"][int(np.searchsorted(np.cumsum(numbers), turn, side="right"))]
        raise ValueError(
            f"sample {sample!r}: a text has {IMAGE} in it, which trainers replace by a picture: "
            f"{texts[int(marked[0])]!r}"
        )
    spoken = pl.DataFrame({"from": roles.replace_strict(ROLES)}).join(
        texts.to_frame("value"), how="cross", maintain_order="left_right"
    )
    pictured = pl.struct("from", value=pl.lit(f"{IMAGE}\n") + pl.col("value"))
    first = spoken.select(pl.lit('","conversations":[') + _json(pictured)).to_series()
    further = spoken.select(pl.lit(",") + _json(pl.struct("from", "value"))).to_series()
    place = np.arange(numbers.max(initial=1))
    turns = np.full((batch.height, len(place)), len(first))
    turns[place < numbers[:, None]] = of_role * len(texts) + of_text
    none = pl.Series([""])
    books = [first, *[further] * len(place[1:])]
    return [pl.concat([book, none]).gather(turns[:, at]).alias(str(at)) for at, book in enumerate(books)]


def _coded(column: pl.Series) -> tuple[pl.Series, NDArray[np.int64]]:
    """The distinct values of a column in the order of the first of each, and the number of each row's."""
    coded = column.to_arrow().dictionary_encode()
    return pl.Series(coded.dictionary), coded.indices.to_numpy().astype(np.int64)


def _json(row: pl.Expr) -> pl.Expr:
    return row.struct.json_encode()
