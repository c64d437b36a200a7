"""Which queries a gallery shows, and what it says of each result."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from vdata_assets.attributes.settings import CATEGORY, UNKNOWN
from vdata_assets.seeding import seeded_order

NO_CATEGORY = "unknown category"
Comparison = Literal["match", "differs", "unknown"]


@dataclass(frozen=True)
class Product:
    """What is known of a product.

    Attributes:
        product_id: its id.
        text: its text; None if there is none.
        facets: facet -> value; None where it is unknown.
    """

    product_id: str
    text: str | None
    facets: dict[str, str | None]


@dataclass(frozen=True)
class Result:
    """A product that was found, with its similarities; the text's is None where one is missing."""

    product: Product
    fused: float
    image: float
    text: float | None


@dataclass(frozen=True)
class Query:
    """A query and what it found, best first."""

    product: Product
    results: tuple[Result, ...]

    @property
    def category(self) -> str:
        """Of the query, for headings."""
        return self.product.facets.get(CATEGORY) or NO_CATEGORY

    @property
    def products(self) -> list[Product]:
        """The query's own and those of its results."""
        return [self.product, *(result.product for result in self.results)]


def compared(query: Product, result: Product, facet: str) -> Comparison:
    """Whether two products have a facet in common; unknown on either side matches nothing."""
    one, other = query.facets[facet], result.facets[facet]
    if one is None or other is None:
        return "unknown"
    return "match" if one == other else "differs"


def drawn_queries(per_query: pl.DataFrame, queries: int, seed: int) -> list[str]:
    """Ids of so many queries, the categories in turn, so that each has an equal share as far as it has some.

    Within a category the order is seeded by the queries' ids: another product moves little.

    Args:
        per_query: columns query_id and category; queries without one count as a category of their own.
        queries: how many at most.
        seed: the user's.

    Returns:
        The ids by category and id, the unknown category last.
    """
    groups = {
        category: seeded_order(seed, "gallery-queries", group["query_id"])
        for (category,), group in per_query.select("query_id", CATEGORY).group_by(CATEGORY)
    }
    names = seeded_order(seed, "gallery-categories", [name for name in groups if name is not None])
    turns: list[Any] = [*names, *([None] if None in groups else [])]
    longest = max(map(len, groups.values()), default=0)
    drawn = [
        (name is None, name or "", groups[name][turn])
        for turn in range(longest)
        for name in turns
        if turn < len(groups[name])
    ]
    return [query_id for _, _, query_id in sorted(drawn[:queries])]


def contents(
    products: pl.DataFrame, per_query: pl.DataFrame, drawn: Sequence[str], facets: Sequence[str], top: int
) -> Iterator[Query]:
    """The drawn queries with their results.

    Args:
        products: product_id, text, and a String column a facet; an attribute's ``unknown`` counts as null. A
            product that is not there has neither text nor facets.
        per_query: PerQuery.
        drawn: query ids.
        facets: what is compared.
        top: results a query.

    Raises:
        ValueError: products lack a column.
    """
    lacking = [name for name in ("product_id", "text", *facets) if name not in products.columns]
    if lacking:
        raise ValueError(f"products have no column {lacking[0]!r}, only {', '.join(products.columns)}")
    columns = ["query_id", "results", "scores", "image_scores", "text_scores"]
    rows = {
        row["query_id"]: row
        for row in per_query.select(columns).filter(pl.col("query_id").is_in(list(drawn))).to_dicts()
    }
    needed = {*drawn, *(found for row in rows.values() for found in row["results"][:top])}
    held = {
        row["product_id"]: _product(row, facets)
        for row in products.select("product_id", "text", *facets)
        .filter(pl.col("product_id").is_in(list(needed)))
        .to_dicts()
    }
    empty = dict.fromkeys(facets)
    for query_id in drawn:
        row = rows[query_id]
        scores = zip(row["results"], row["scores"], row["image_scores"], row["text_scores"], strict=True)
        results = (
            Result(held.get(found) or Product(found, None, dict(empty)), fused, image, text)
            for found, fused, image, text in list(scores)[:top]
        )
        yield Query(held.get(query_id) or Product(query_id, None, dict(empty)), tuple(results))


def _product(row: dict[str, Any], facets: Sequence[str]) -> Product:
    values = {facet: None if facet != CATEGORY and row[facet] == UNKNOWN else row[facet] for facet in facets}
    return Product(row["product_id"], row["text"], values)
