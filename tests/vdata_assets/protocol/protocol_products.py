"""Made products whose pictures show their material but not their mood, and pairs of them."""

from itertools import combinations

import numpy as np
import polars as pl

from vdata_assets.embeddings.product_vectors import ProductVectors
from vdata_assets.pairs.settings import PairKind
from vdata_assets.protocol.settings import ProtocolSettings

DIM, TEXT_DIM = 16, 12
CATEGORIES = ("coats", "skirts")
MATERIALS = ("denim", "leather", "wool")
MOODS = ("calm", "loud", "warm")
VALUES = {"material": ["cotton", *MATERIALS], "mood": list(MOODS)}
ENCODER = "made vectors 1"
FAST = ProtocolSettings(
    epochs=3, batch_size=32, lr=0.01, anchor_weight=0.0, balance=0.5, device="cpu", seed=7
)


def unit(vectors):
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def made_products(count=240, seed=0, unknown=0.1):
    """A third are of split validation. The material is a weak direction among strong ones of no meaning."""
    rng = np.random.default_rng(seed)
    category, material, mood = (rng.integers(0, len(of), count) for of in (CATEGORIES, MATERIALS, MOODS))
    image = rng.standard_normal((count, DIM)) * np.array([0.3] * 6 + [1.5] * (DIM - 6))
    image[np.arange(count), category] += 3
    image[np.arange(count), 2 + material] += 1.5
    text = rng.standard_normal((count, TEXT_DIM))
    has_text = rng.random(count) > 0.2
    text[~has_text] = 0
    ids = [f"p{number:04d}" for number in range(count)]
    meta = pl.DataFrame(
        {
            "product_id": ids,
            "category": [CATEGORIES[code] for code in category],
            "group_id": ids,
            "content_hash": ids,
            "phash": pl.Series(range(count), dtype=pl.UInt64),
            "split": ["validation" if number % 3 == 0 else "train" for number in range(count)],
            "has_text": has_text,
            "material": [None if rng.random() < unknown else MATERIALS[code] for code in material],
            "mood": [MOODS[code] for code in mood],
        }
    )
    return ProductVectors(meta, unit(image), unit(text), ENCODER)


def made_pairs(vectors, count=240, seed=0):
    """Positives share category and material, hard negatives the category, easy ones nothing."""
    rng = np.random.default_rng(seed)
    rows = vectors.meta.filter(split="train").to_dicts()
    pairs = list(combinations(rows, 2))
    left = {PairKind.STRONG_ATTRIBUTE: count // 2, PairKind.MINED_HARD: count // 3, PairKind.EASY: count // 6}
    found = []
    for place in rng.permutation(len(pairs)):
        a, b = pairs[place]
        kind = PairKind.EASY
        if a["category"] == b["category"]:
            if not (a["material"] and b["material"]):
                continue
            kind = PairKind.STRONG_ATTRIBUTE if a["material"] == b["material"] else PairKind.MINED_HARD
        if left[kind]:
            left[kind] -= 1
            found.append(pair(a["product_id"], b["product_id"], kind))
    return pairs_table(found)


def pair(a, b, kind, split="train", label=None):
    kind = PairKind(kind)
    label = int(kind.positive) if label is None else label
    return {"a_id": a, "b_id": b, "split": split, "kind": kind.value, "label": label}


def pairs_table(rows):
    kinds = pl.Enum([kind.value for kind in PairKind])
    schema = {"a_id": pl.String, "b_id": pl.String, "split": pl.String, "kind": kinds, "label": pl.UInt8}
    return pl.DataFrame(rows, schema=schema).sort("split", "kind", "a_id", "b_id")


def hand_made(rows, dim=4, seed=0):
    """Products from rows of (id, category, group, split, has_text, material), with random vectors."""
    rng = np.random.default_rng(seed)
    columns = ("product_id", "category", "group_id", "split", "has_text", "material")
    meta = pl.DataFrame(rows, schema=list(columns), orient="row").with_columns(
        content_hash="product_id", phash=pl.lit(0, pl.UInt64)
    )
    image, text = rng.standard_normal((2, meta.height, dim))
    text[~meta["has_text"].to_numpy()] = 0
    return ProductVectors(meta, unit(image), unit(text), ENCODER)


def files_of(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }
