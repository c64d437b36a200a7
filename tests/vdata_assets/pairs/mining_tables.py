"""Products of a category as vectors, and hard negatives by an obvious double loop."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from hypothesis import strategies as st

from vdata_assets.embeddings.product_vectors import ProductVectors
from vdata_assets.pairs.settings import HardNegativeSettings
from vdata_assets.retrieval.similarity import on_grid

UNBOUND = {"near_duplicate_hamming": None, "near_duplicate_cosine": None}
STRINGS = ("product_id", "category", "group_id", "content_hash", "split")
EAST, NORTH, WEST = (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0)


def toward(degrees: float) -> tuple[float, float]:
    """A unit vector of the plane."""
    return float(np.cos(np.radians(degrees))), float(np.sin(np.radians(degrees)))


def vectors(rows: Sequence[Mapping[str, Any]], attributes: Sequence[str] = ("material",)) -> ProductVectors:
    """Products that are of one category and split and each of a group and picture of its own, unless a row
    says otherwise. A row's ``image`` and ``text`` are vectors; without ``text`` it has none.
    """
    filled = [
        {
            "category": "Tees",
            "group_id": row["product_id"],
            "content_hash": row["product_id"],
            "phash": number,
            "split": "train",
            "has_text": "text" in row,
            **dict.fromkeys(attributes),
            **{name: value for name, value in row.items() if name not in ("image", "text")},
        }
        for number, row in enumerate(rows)
    ]
    schema = dict.fromkeys(STRINGS, pl.String) | {"phash": pl.UInt64, "has_text": pl.Boolean}
    schema |= dict.fromkeys(attributes, pl.String)
    order = ["product_id", "category", "group_id", "content_hash", "phash", "split", "has_text", *attributes]
    images = [row["image"] for row in rows]
    texts = [row.get("text", (0.0, 0.0)) for row in rows]
    return ProductVectors(
        pl.DataFrame(filled, schema={name: schema[name] for name in order}),
        np.array(images, np.float32).reshape(len(rows), -1 if rows else 2),
        np.array(texts, np.float32).reshape(len(rows), -1 if rows else 2),
        "test",
    )


def by_double_loop(category: ProductVectors, settings: HardNegativeSettings) -> list[tuple[Any, ...]]:
    """(query_id, negative_id, rank, score, image_score, text_score, mismatches), by query and rank."""
    rows = category.meta.to_dicts()
    image = on_grid(category.image)
    text = [on_grid(category.text[[n]])[0] if row["has_text"] else None for n, row in enumerate(rows)]
    weight = settings.image_weight

    def scored(a: int, b: int) -> tuple[float, float, float | None]:
        pictures = float(image[a] @ image[b])
        if text[a] is None or text[b] is None:
            return pictures, pictures, None
        words = float(text[a] @ text[b])
        return pictures * weight + words * (1 - weight), pictures, words

    def equal(a: int, b: int, column: str) -> bool:
        return rows[a][column] is not None and rows[a][column] == rows[b][column]

    found: list[tuple[Any, ...]] = []
    for a in sorted(range(len(rows)), key=lambda n: rows[n]["product_id"]):
        if rows[a]["split"] not in settings.splits:
            continue
        others = [b for b in range(len(rows)) if b != a and equal(a, b, "split")]
        limits = [] if settings.max_score is None else [settings.max_score]
        if mates := [b for b in others if equal(a, b, "group_id")]:
            nearest = max(scored(a, b)[0] for b in mates)
            if settings.absolute_margin is not None:
                limits.append(nearest - settings.absolute_margin)
            if settings.relative_margin is not None:
                limits.append(nearest - abs(nearest) * settings.relative_margin)
        allowed = []
        for b in others:
            score, pictures, words = scored(a, b)
            bits, cosine = settings.near_duplicate_hamming, settings.near_duplicate_cosine
            hashes = rows[a]["phash"], rows[b]["phash"]
            near = bits is not None and None not in hashes and (hashes[0] ^ hashes[1]).bit_count() <= bits
            near |= cosine is not None and pictures >= cosine
            differing = sorted(
                name
                for name in category.attributes
                if None not in (rows[a][name], rows[b][name]) and rows[a][name] != rows[b][name]
            )
            own = equal(a, b, "group_id") or equal(a, b, "content_hash")
            if differing and not own and not near and all(score <= limit for limit in limits):
                allowed.append((-score, rows[b]["product_id"], pictures, words, differing))
        for rank, (score, name, pictures, words, differing) in enumerate(
            sorted(allowed)[: settings.top_k], 1
        ):
            found.append((rows[a]["product_id"], name, rank, -score, pictures, words, differing))
    return found


VALUES = st.sampled_from([None, None, "silk", "wool", "ü"])
# Few directions and hashes: ties and near-duplicates are common.
DIRECTIONS = st.sampled_from([EAST, NORTH, WEST, toward(10), toward(170), toward(11)])
PRODUCT = st.fixed_dictionaries(
    {
        "image": DIRECTIONS,
        "material": VALUES,
        "row": VALUES,
        "group_id": st.sampled_from("gh") | st.sampled_from("ijklmnop"),
        "content_hash": st.sampled_from([None, *"xyzuvw"]),
        "phash": st.sampled_from([None, 0, 0b11, 0b1111111, 2**64 - 1]),
        "split": st.sampled_from(["train", "train", "validation", "test"]),
    },
    optional={"text": DIRECTIONS},
)
SETTINGS = st.builds(
    HardNegativeSettings,
    top_k=st.integers(1, 5),
    splits=st.sampled_from([("train", "validation"), ("train",)]),
    image_weight=st.sampled_from([0.0, 0.3, 0.7, 1.0]),
    near_duplicate_hamming=st.sampled_from([None, 1, 4]),
    near_duplicate_cosine=st.sampled_from([None, 0.985]),
    max_score=st.sampled_from([None, 0.5, 0.99]),
    absolute_margin=st.sampled_from([None, 0.0, 0.2]),
    relative_margin=st.sampled_from([None, 0.0, 0.1, 1.0]),
)
IDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=3)
CATEGORIES = st.dictionaries(IDS, PRODUCT, max_size=14).map(
    lambda rows: vectors([{"product_id": name, **row} for name, row in rows.items()], ["material", "row"])
)
