"""Products with texts as samples for any format: the text is what is said of the picture."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import polars as pl

from vdata_assets.attributes.settings import UNKNOWN
from vdata_assets.formats.conversation import Picture, Sample, Turn
from vdata_assets.formats.tables.row_batches import in_order
from vdata_assets.seeding import seeded_int

QUESTIONS = (
    "Describe this product.",
    "What product is this?",
    "Write a description of the product in the picture.",
    "What is offered here? Describe it.",
)
"""None asks for more, or for something else, than a title or description says."""

TAGS = "_tags"
BATCH = 4096


def samples_of_products(
    products: pl.DataFrame,
    splits: pl.DataFrame,
    attributes: pl.DataFrame | None = None,
    *,
    embedded: bool,
    seed: int = 23,
    questions: Sequence[str] = QUESTIONS,
) -> Callable[[], Mapping[str, Iterator[Sample]]]:
    """The usable products that have a text, in their order, by split.

    A question is drawn for a product by its id and the seed, the answer is the product's text as it is,
    ``label`` the category, and ``metadata`` has every attribute that is known, its tags joined by commas, the
    primary one first. Memory holds the tables and never a picture.

    All pictures of a dataset are relative to one folder. Those that the source embeds are in the products'
    version, the others under the dataset's root: products whose pictures are in the other place are left out,
    and a source that has both is two datasets.

    Args:
        products: of schema :class:`~vdata_assets.products.schema.Products`.
        splits: columns sample_id (a product_id) and split.
        attributes: of schema :class:`~vdata_assets.attributes.schema.Attributes`; None: no metadata.
        embedded: whether the formats' root is the products' version, and not the dataset's root.
        seed: of the questions.
        questions: the wording.

    Returns:
        Gives at every call the samples of each split from the first one on; train, validation and test in
        this order, then others by name. A split without such products is not there.

    Raises:
        ValueError: a product that would be a sample has no split.
    """
    told = products.filter(
        pl.col("reason").is_null() & pl.col("text").is_not_null() & (pl.col("embedded") == embedded)
    ).select("product_id", "picture", "text", "category")
    rows = told.join(
        splits.select("split", product_id="sample_id"),
        on="product_id",
        how="left",
        maintain_order="left",
        validate="1:1",
    )
    without = rows.filter(pl.col("split").is_null())["product_id"]
    if len(without):
        raise ValueError(
            f"splits: {len(without)} products have no split, the first is {without[0]!r}: materialize splits"
        )
    names = _attribute_names(attributes)
    if attributes is not None:
        known = attributes.select("product_id", *(f"{name}{TAGS}" for name in names))
        rows = rows.join(known, on="product_id", how="left", maintain_order="left", validate="1:1")
    make = partial(_of_split, rows, names, seed, questions)
    return lambda: {split: make(split) for split in in_order(rows["split"].unique())}


def _attribute_names(attributes: pl.DataFrame | None) -> list[str]:
    found = () if attributes is None else attributes.columns
    return [name.removesuffix(TAGS) for name in found if name.endswith(TAGS)]


def _of_split(
    rows: pl.DataFrame, names: Sequence[str], seed: int, questions: Sequence[str], split: str
) -> Iterator[Sample]:
    for part in rows.filter(pl.col("split") == split).drop("split").iter_slices(BATCH):
        for product_id, picture, text, category, *tags in part.iter_rows():
            question = questions[seeded_int(seed, "products/question", product_id) % len(questions)]
            yield Sample(
                product_id,
                (Turn("user", (Picture(picture), question)), Turn("assistant", (text,))),
                label=category,
                metadata={
                    name: ", ".join(said)
                    for name, said in zip(names, tags, strict=True)
                    if said and said != [UNKNOWN]
                },
            )
