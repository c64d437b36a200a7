"""What training reads, checked and numbered: labelled pairs, targets, and how often pairs are drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vdata_assets.embeddings.product_vectors import META_COLUMNS, ProductVectors
from vdata_assets.pairs.settings import POSITIVE_KINDS, PairKind
from vdata_assets.protocol.settings import ProtocolSettings

TRAIN = "train"
UNKNOWN = "unknown"
UNKNOWN_TARGET = -100
PAIR_COLUMNS = ("a_id", "b_id", "split", "kind", "label")
_SHOWN = 5


@dataclass(frozen=True)
class TrainingData:
    """Training pairs as row numbers of the vectors, and what is known of the rows.

    Attributes:
        a, b: (p,) rows of the positive pairs that are trained.
        weight: (p,) float32, of each in the loss, above 0.
        draw: (p,) how often each is drawn, relative to the others.
        together: sorted ``smaller row * n + larger row`` of all positive pairs, those of weight 0 too.
        first_negative: (n,) where the negatives of a row begin in ``negative``.
        negatives: (n,) how many it has.
        negative: (m,) rows, those of one owner together; every negative pair is there from both ends.
        owner: (m,) the row that has the negative, ascending.
        group: (n,) number of the row's group.
        has_text: (n,) whether its text vector is one.
        targets: (n, attributes) number of the row's value among those of each attribute;
            ``UNKNOWN_TARGET`` where it is unknown.
    """

    a: NDArray[np.intp]
    b: NDArray[np.intp]
    weight: NDArray[np.float32]
    draw: NDArray[np.float64]
    together: NDArray[np.int64]
    first_negative: NDArray[np.intp]
    negatives: NDArray[np.intp]
    negative: NDArray[np.intp]
    owner: NDArray[np.intp]
    group: NDArray[np.int64]
    has_text: NDArray[np.bool_]
    targets: NDArray[np.int64]

    @property
    def trains_text(self) -> bool:
        """Whether a pair has text on both sides."""
        return bool((self.has_text[self.a] & self.has_text[self.b]).any())


def training_pairs(pairs: pl.DataFrame) -> pl.DataFrame:
    """The pairs of split train by their ids, with the columns that training reads."""
    chosen = pairs.filter(pl.col("split").cast(pl.String) == TRAIN).select(PAIR_COLUMNS)
    return chosen.with_columns(pl.col("kind").cast(pl.String)).sort("a_id", "b_id")


def training_data(
    vectors: ProductVectors,
    pairs: pl.DataFrame,
    values: Mapping[str, Sequence[str]],
    settings: ProtocolSettings,
) -> TrainingData:
    """Check and number what is trained.

    Args:
        vectors: all products.
        pairs: of schema Pairs; the pairs of other splits are left alone.
        values: the values of each attribute that has a head, as the attribute's schema lists them.
        settings: weights of the kinds and balance.

    Raises:
        ValueError: a pair whose product is missing or of another split, or whose label contradicts its kind;
            no positive pair with a weight; an attribute without a column, a value that is listed twice, is
            ``unknown`` or not listed at all; a balance attribute that is none.
    """
    table = training_pairs(pairs)
    _check_labels(table)
    rows = _numbered(table, vectors.meta)
    targets = attribute_targets(vectors.meta, values)
    positive = table["label"].to_numpy() == 1
    a, b = rows[:, positive]
    weight = _kind_weights(table.filter(pl.col("label") == 1)["kind"], settings)
    trained = weight > 0
    if not trained.any():
        raise ValueError(
            f"pairs: none of the {len(table)} pairs of split {TRAIN!r} is a positive one with a weight above "
            "0: raise protocol.strong_weight, medium_weight or weak_weight, or sample other pairs"
        )
    low, high = rows[:, ~positive]
    owner, negative = np.concatenate([low, high]), np.concatenate([high, low])
    order = np.lexsort((negative, owner))
    counts = np.bincount(owner, minlength=len(vectors))
    return TrainingData(
        a=a[trained],
        b=b[trained],
        weight=weight[trained],
        draw=draw_weights(vectors.meta, a[trained], b[trained], settings),
        together=np.sort(np.minimum(a, b) * len(vectors) + np.maximum(a, b)).astype(np.int64),
        first_negative=np.cumsum(counts) - counts,
        negatives=counts,
        negative=negative[order],
        owner=owner[order],
        group=group_numbers(vectors.meta),
        has_text=vectors.meta["has_text"].to_numpy(),
        targets=targets,
    )


def group_numbers(meta: pl.DataFrame) -> NDArray[np.int64]:
    """A number a group; a product without a group is one by itself."""
    group = meta.select(pl.coalesce("group_id", "product_id").rank("dense").cast(pl.Int64))
    return group.to_series().to_numpy()


def attribute_targets(meta: pl.DataFrame, values: Mapping[str, Sequence[str]]) -> NDArray[np.int64]:
    """Numbers of the rows' values in the given order of values, (n, attributes); unknown: ``UNKNOWN_TARGET``.

    Raises:
        ValueError: an attribute has no column, a value is listed twice, or a row's value is not listed.
    """
    targets = np.full((meta.height, len(values)), UNKNOWN_TARGET, np.int64)
    for place, (attribute, listed) in enumerate(values.items()):
        if attribute not in _attributes(meta):
            raise ValueError(f"values: {attribute!r} is no attribute of the products: {_attributes(meta)}")
        if len(set(listed)) < len(listed):
            twice = next(value for value in listed if list(listed).count(value) > 1)
            raise ValueError(f"values: {twice!r} is listed twice for {attribute!r}")
        if UNKNOWN in listed:
            raise ValueError(f"values: {UNKNOWN!r} is listed for {attribute!r}: it is no class; leave it out")
        column = meta[attribute]
        foreign = meta.filter(column.is_not_null() & ~column.is_in(list(listed)))
        if foreign.height:
            product, value = foreign["product_id"][0], foreign[attribute][0]
            raise ValueError(
                f"{attribute} of {foreign.height} products, such as {value!r} of {product!r}, is not among "
                f"its {len(listed)} values: add it to the attribute's values, or make it null if unknown"
            )
        numbers = pl.DataFrame({attribute: list(listed), "number": range(len(listed))}).cast(
            {attribute: pl.String, "number": pl.Int64}
        )
        joined = meta.select(attribute).join(numbers, on=attribute, how="left", maintain_order="left")
        targets[:, place] = joined["number"].fill_null(UNKNOWN_TARGET).to_numpy()
    return targets


def draw_weights(
    meta: pl.DataFrame, a: NDArray[np.intp], b: NDArray[np.intp], settings: ProtocolSettings
) -> NDArray[np.float64]:
    """How often each pair is drawn, relative to the others.

    A category that n sides of the pairs have is drawn as often as n ** (1 - balance) says, and so is each
    value of ``balance_attribute`` among the sides of its category: raising a rare value within its category
    does not raise that category once more. Sides that do not know the category or value keep their share.
    A pair whose sides differ is drawn as often as their mean.

    Args:
        meta: the products.
        a: (p,) rows of the one side.
        b: (p,) rows of the other.
        settings: ``balance`` and ``balance_attribute``.

    Raises:
        ValueError: ``balance_attribute`` is no attribute.
    """
    attribute = settings.balance_attribute
    if not settings.balance:
        return np.ones(len(a))
    if attribute not in _attributes(meta):
        raise ValueError(
            f"protocol.balance_attribute: {attribute!r} is no attribute of the products: {_attributes(meta)}"
            "; name one of them, or set protocol.balance to 0"
        )
    sides = meta.select("category", value=attribute)[np.concatenate([a, b])]
    rare_category = pl.len().over("category").cast(pl.Float64) ** -settings.balance
    rare_value = pl.len().over("category", "value").cast(pl.Float64) ** -settings.balance
    known = sides.select(
        "category",
        rare_category=pl.when(pl.col("category").is_not_null()).then(rare_category),
        rare_value=pl.when(pl.col("value").is_not_null()).then(rare_value),
    )
    side = known.select(
        (pl.col("rare_category") / pl.col("rare_category").mean()).fill_null(1.0)
        * (pl.col("rare_value") / pl.col("rare_value").mean().over("category")).fill_null(1.0)
    )
    return side.to_series().to_numpy().reshape(2, -1).mean(axis=0)


def _attributes(meta: pl.DataFrame) -> list[str]:
    return [name for name in meta.columns if name not in META_COLUMNS]


def _check_labels(table: pl.DataFrame) -> None:
    """Refuse pairs that their kind says to be what their label denies: one of both is wrong."""
    positive = pl.col("kind").is_in([kind.value for kind in POSITIVE_KINDS])
    wrong = table.filter(pl.col("label") != positive.cast(pl.Int64))
    if wrong.height:
        a, b, _, kind, label = wrong.row(0)
        raise ValueError(
            f"pairs: {wrong.height} pairs contradict themselves, such as {a!r} and {b!r}: kind {kind!r} with "
            f"label {label}; sample the pairs again"
        )


def _numbered(table: pl.DataFrame, meta: pl.DataFrame) -> NDArray[np.intp]:
    """Rows of both sides of every pair, (2, p)."""
    products = meta.select("product_id", other="split").with_row_index("row")
    sides = []
    for side in ("a_id", "b_id"):
        joined = table.join(products, left_on=side, right_on="product_id", how="left", maintain_order="left")
        missing = joined.filter(pl.col("row").is_null())
        if missing.height:
            shown = ", ".join(map(repr, missing[side].unique().sort().head(_SHOWN)))
            raise ValueError(
                f"pairs: {missing.height} pairs of split {TRAIN!r} name products without vectors: {shown}"
            )
        foreign = joined.filter(pl.col("other").ne_missing(TRAIN))
        if foreign.height:
            a, b, product, split = foreign.select("a_id", "b_id", pl.col(side).alias("p"), "other").row(0)
            raise ValueError(
                f"pairs: {a!r} and {b!r} are a pair of split {TRAIN!r}, but {product!r} is of split "
                f"{split!r}: sample the pairs of these splits again"
            )
        sides.append(joined["row"].cast(pl.Int64).to_numpy())
    return np.stack(sides)


def _kind_weights(kinds: pl.Series, settings: ProtocolSettings) -> NDArray[np.float32]:
    """The weight of every positive pair in the loss."""
    weights = {
        PairKind.STRONG_GROUP.value: settings.strong_weight,
        PairKind.STRONG_ATTRIBUTE.value: settings.strong_weight,
        PairKind.MEDIUM.value: settings.medium_weight,
        PairKind.WEAK.value: settings.weak_weight,
    }
    return kinds.replace_strict(weights, return_dtype=pl.Float32).to_numpy()
