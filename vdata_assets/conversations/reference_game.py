"""Questions of a reference game: a speaker describes an image, a listener says whether two show the same."""

from dataclasses import dataclass
from string import ascii_uppercase
from typing import Literal

import polars as pl

from vdata_assets.seeding import seeded_int, seeded_order

Task = Literal["speaker", "listener"]


@dataclass(frozen=True)
class Questions:
    """Wording of the two questions. ``{category}`` stands for the category's display name.

    Attributes:
        version: changes with every change of the wording.
        speaker: asked about one image.
        listener: asked about image 1, the query, and image 2, the reference.
        told: asked in the listener's place if the reference is described too, as ``{description}``.
    """

    version: str
    speaker: str
    listener: str
    told: str


QUESTIONS = Questions(
    version="1",
    speaker="""\
Describe the {category} in the image so that someone can pick out this very one among similar ones. \
Give two descriptions:
1. coarse: five or six words that begin with "A photo of a".
2. detailed: one sentence on the visible features that last and set this {category} apart, such as its \
shape, colours, material, pattern, lettering and marks.
Leave out the background and the surroundings, and what people wear unless that is the {category} itself.
Answer with one JSON object and nothing else:
{{"coarse": "A photo of a ...", "detailed": "..."}}""",
    listener="""\
Is the {category} in image 1 the same {category} instance as in image 2, the very same one and not just \
one of its kind? Answer with one word: yes or no.""",
    told="""\
The {category} in image 2 is described as follows:
{description}

Is the {category} in image 1 the same {category} instance as in image 2, the very same one and not just \
one of its kind? Go by what lasts, such as shape, colours, pattern and marks, and turn to the description \
where the images leave a doubt. Answer with one word: yes or no.""",
)


def speaker_rows(rows: pl.DataFrame, questions: Questions = QUESTIONS) -> pl.DataFrame:
    """One speaker question a retrieval row, in its order.

    Args:
        rows: :class:`~vdata_assets.retrieval.schema.RetrievalRows`.
        questions: the wording.

    Returns:
        Columns image_path (the query's), ret_paths, names (A, B, ... for the slots), speaker_problem,
        solution (the name of the positive's slot) and category.

    Raises:
        ValueError: a row has more slots than there are letters.
    """
    slots = rows["ret_paths"].list.len().to_list()
    most = max(slots, default=0)
    if most > len(ascii_uppercase):
        raise ValueError(
            f"a retrieval row has {most} slots and there are {len(ascii_uppercase)} names: lower top_k"
        )
    names = pl.Series([list(ascii_uppercase[:count]) for count in slots], dtype=pl.List(pl.String))
    return rows.select(
        image_path="query_path",
        ret_paths="ret_paths",
        names=names,
        speaker_problem=_asked(questions.speaker),
        solution=pl.lit(names).list.get(pl.col("label")),
        category="category",
    )


def listener_rows(
    rows: pl.DataFrame, seed: int, questions: Questions = QUESTIONS, *, use_description: bool = False
) -> pl.DataFrame:
    """One listener question a retrieval row, in its order: half with the positive, half with a distractor.

    The half, rounded down, of rows that come first in the seeded order of query ids are positive. A row
    more elsewhere moves the border by at most one row.

    Args:
        rows: :class:`~vdata_assets.retrieval.schema.RetrievalRows`; ``DescribedRows`` if descriptions are
            used.
        seed: which rows are positive, and which distractor the others show.
        questions: the wording.
        use_description: the question tells what is known of the reference.

    Returns:
        Columns query_image_path, reference_image_path, listener_problem, listener_solution (yes or no)
        and category.
    """
    order = seeded_order(seed, "listener/positive", rows["query_id"])
    positive = set(order[: len(order) // 2])
    slots = [
        label if query in positive else _distractor(seed, query, label, ids)
        for query, label, ids in rows.select("query_id", "label", "ret_ids").iter_rows()
    ]
    return rows.with_columns(slot=pl.Series(slots, dtype=pl.UInt32)).select(
        query_image_path="query_path",
        reference_image_path=pl.col("ret_paths").list.get(pl.col("slot")),
        listener_problem=_told(questions.told) if use_description else _asked(questions.listener),
        listener_solution=pl.when(pl.col("slot") == pl.col("label"))
        .then(pl.lit("yes"))
        .otherwise(pl.lit("no")),
        category="category",
    )


def _distractor(seed: int, query: str, label: int, ids: list[str]) -> int:
    """The slot of a row's distractor that comes first in an order of the images, whatever their slots."""
    others = (slot for slot in range(len(ids)) if slot != label)
    return min(others, key=lambda slot: (seeded_int(seed, "listener/distractor", query, ids[slot]), slot))


def _asked(question: str) -> pl.Expr:
    """The question about each row's category."""
    return pl.col("category").map_elements(
        lambda category: question.format(category=category), return_dtype=pl.String
    )


def _told(question: str) -> pl.Expr:
    """The question about each row's category, with the description of the image in its ``slot``."""
    description = pl.col("ret_descs").list.get(pl.col("slot"))
    return pl.struct("category", description=description).map_elements(
        lambda row: question.format(**row), return_dtype=pl.String
    )
