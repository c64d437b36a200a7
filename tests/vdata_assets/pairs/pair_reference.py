"""What pairs are, one product at a time: the words of PairKind as plain Python, for tests to compare with."""

from itertools import combinations
from typing import Any

import polars as pl
from hypothesis import strategies as st

from vdata_assets.pairs.settings import PairKind, PairSettings

ATTRIBUTES = ("material", "pattern", "sleeve")
KNOWN = ("product_id", "category", "group_id", "content_hash", "split")
Product = dict[str, Any]
Pair = tuple[str, str]


def product(product_id: str, category: str | None = "tops", **known: str | None) -> Product:
    """A product of the train split, alone in its group and on a picture of its own unless told otherwise."""
    return {
        "product_id": product_id,
        "category": category,
        "group_id": f"group of {product_id}",
        "content_hash": f"picture of {product_id}",
        "split": "train",
        **dict.fromkeys(ATTRIBUTES),
        **known,
    }


def product_table(products: list[Product]) -> pl.DataFrame:
    """Products as ``ProductVectors.meta`` has them."""
    return pl.DataFrame(products, schema=dict.fromkeys((*KNOWN, *ATTRIBUTES), pl.String)).with_columns(
        phash=pl.lit(0, pl.UInt64), has_text=pl.lit(True)
    )


def negative_table(rows: list[tuple[str, str, str, int]]) -> pl.DataFrame:
    """Rows of (query, negative, split, rank) as ``HardNegatives`` has them."""
    schema = {"query_id": pl.String, "negative_id": pl.String, "split": pl.String, "rank": pl.UInt32}
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(score=pl.lit(0.5, pl.Float32))


def is_kind(kind: PairKind, a: Product, b: Product, settings: PairSettings, mined: set[Pair]) -> bool:
    """Whether two products of a split are a pair of the kind."""

    def same(column: str) -> bool:
        return a[column] is not None and a[column] == b[column]

    known = [name for name in ATTRIBUTES if a[name] is not None and b[name] is not None]
    equal = [name for name in known if a[name] == b[name]]
    different = [name for name in known if a[name] != b[name]]
    strong = not different and len(equal) >= settings.strong_shared
    close = len(different) <= settings.medium_max_different and len(different) < len(equal)
    match kind:
        case PairKind.STRONG_GROUP:
            return same("group_id")
        case PairKind.STRONG_ATTRIBUTE:
            return same("category") and not same("group_id") and strong
        case PairKind.MEDIUM:
            medium = close and not strong and settings.hard_attribute not in different
            return same("category") and not same("group_id") and medium
        case PairKind.WEAK:
            return same("category") and not same("group_id") and not known
    if same("group_id") or same("content_hash"):
        return False
    match kind:
        case PairKind.MINED_HARD:
            pair = tuple(sorted((a["product_id"], b["product_id"])))
            return same("category") and bool(different) and pair in mined
        case PairKind.MATERIAL_HARD:
            return same("category") and settings.hard_attribute in different
    return None not in (a["category"], b["category"]) and a["category"] != b["category"]


def every_pair(
    products: list[Product], negatives: pl.DataFrame, settings: PairSettings
) -> dict[str, dict[PairKind, set[Pair]]]:
    """By split and kind all pairs that there are, by looking at each two products."""
    mined = {tuple(sorted(row)) for row in negatives.select("query_id", "negative_id").iter_rows()}
    pairs: dict[str, dict[PairKind, set[Pair]]] = {}
    for split in settings.num_pairs:
        members = sorted((p for p in products if p["split"] == split), key=lambda p: p["product_id"])
        pairs[split] = {
            kind: {
                (a["product_id"], b["product_id"])
                for a, b in combinations(members, 2)
                if is_kind(kind, a, b, settings, mined)
            }
            for kind in PairKind
        }
    return pairs


@st.composite
def catalogs(draw: st.DrawFn) -> tuple[list[Product], pl.DataFrame]:
    """Up to 14 products with everything shared and everything unknown at times, and some hard negatives."""

    def maybe(*values: str) -> st.SearchStrategy[str | None]:
        return st.sampled_from([None, *values])

    rows = draw(
        st.lists(
            st.fixed_dictionaries(
                {
                    "category": maybe("tops", "tops", "shoes"),
                    "group_id": st.sampled_from([None, *"ghijklmnop"]),
                    "content_hash": st.sampled_from("0123456789abcdef"),
                    "split": st.sampled_from(["train", "train", "validation", "test"]),
                    "material": maybe("denim", "wool"),
                    "pattern": maybe("plaid", "solid"),
                    "sleeve": maybe("long", "short"),
                }
            ),
            max_size=14,
        )
    )
    products = [{"product_id": f"é{place:02d}", **row} for place, row in enumerate(rows)]
    ids = [each["product_id"] for each in products] + ["nobody"]
    found = draw(st.lists(st.tuples(st.sampled_from(ids), st.sampled_from(ids)), max_size=30, unique=True))
    split = {each["product_id"]: each["split"] for each in products}
    ranked = [
        (query, negative, split.get(query, "train"), rank + 1) for rank, (query, negative) in enumerate(found)
    ]
    return products, negative_table(ranked)
