"""Conversations about classed images as samples for any format, and straight as LLaVA's lines."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import polars as pl

from vdata_assets.formats.conversation import Picture, Sample, Turn
from vdata_assets.formats.image_tokens import IMAGE
from vdata_assets.formats.line_format import split_file
from vdata_assets.formats.llava_chat import ROLES


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
    :class:`~vdata_assets.formats.llava_chat.LlavaLines` reads and checks it.

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
            for (split,), part in _rows(batch, prefix).group_by("split", maintain_order=True):
                part.drop("split").write_ndjson(files[str(split)])
    return list(names.values())


def _rows(batch: pl.DataFrame, prefix: str) -> pl.DataFrame:
    """A batch as LLaVA's rows, with their split."""
    said = batch.with_row_index("row").select("row", "sample_id", "turns").explode("turns").unnest("turns")
    marked = said.filter(pl.col("text").str.contains(IMAGE, literal=True))
    if marked.height:
        raise ValueError(
            f"sample {marked['sample_id'][0]!r}: a text has {IMAGE} in it, which trainers replace by a "
            f"picture: {marked['text'][0]!r}"
        )
    first = pl.col("row").is_first_distinct()
    turns = said.select(
        "row",
        turn=pl.struct(
            pl.col("role").replace_strict(ROLES).alias("from"),
            pl.when(first).then(pl.format(f"{IMAGE}\n{{}}", "text")).otherwise("text").alias("value"),
        ),
    )
    conversations = turns.group_by("row", maintain_order=True).agg("turn")["turn"]
    return batch.select(
        "split",
        pl.col("sample_id").alias("id"),
        (pl.lit(prefix) + pl.col("path")).alias("image"),
        conversations.alias("conversations"),
        pl.struct("class").alias("metadata"),
    )
