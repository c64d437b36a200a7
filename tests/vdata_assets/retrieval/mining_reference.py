"""The obvious way to mine: one query at a time, in plain loops, and small categories to mine."""

from collections import Counter

import numpy as np
import polars as pl

from vdata_assets.retrieval.draws import draw_keys, pair_draws
from vdata_assets.retrieval.settings import MiningSettings, Strategy
from vdata_assets.retrieval.similarity import on_grid, unit_means
from vdata_assets.seeding import seeded_int, seeded_uniform


def category(concepts, vectors, hashes=None, name="cats"):
    """A table for ``mine``: one image a concept name and vector; hashes are far apart unless given."""
    vectors = np.asarray(vectors, np.float64).reshape(len(concepts), -1)
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    seen = Counter()
    paths = []
    for concept in concepts:
        paths.append(f"{name}/{concept}/{seen[concept]:02d}.jpg")
        seen[concept] += 1
    if hashes is None:
        hashes = [seeded_int(0, "test-hash", path) for path in paths]
    return pl.DataFrame(
        {
            "image_id": [f"id:{path}" for path in paths],
            "path": paths,
            "category": [name] * len(paths),
            "concept": list(concepts),
            "phash": pl.Series(hashes, dtype=pl.UInt64),
            "vector": pl.Series(vectors.astype(np.float32), dtype=pl.Array(pl.Float32, vectors.shape[1])),
        }
    )


def random_category(seed, sizes, dim=6, copies=0, name="cats"):
    """Concepts c0, c1, ... of the given sizes; ``copies`` images repeat the vector and hash of another."""
    rng = np.random.default_rng(seed)
    concepts = [f"c{number}" for number, size in enumerate(sizes) for _ in range(size)]
    centres = rng.normal(size=(len(sizes), dim))
    vectors = np.array([centres[int(name[1:])] + rng.normal(size=dim) for name in concepts])
    hashes = rng.integers(0, 1 << 63, len(concepts), dtype=np.uint64)
    for _ in range(copies):
        original, copy = rng.integers(0, len(concepts), 2)
        vectors[copy] = vectors[original]
        hashes[copy] = hashes[original] ^ np.uint64(rng.integers(0, 1 << 8))
    return category(concepts, vectors, hashes, name)


class Reference:
    """Rows by plain loops. Only what a draw and a grid vector are is shared with the stage."""

    def __init__(self, images: pl.DataFrame, settings: MiningSettings):
        self.settings = settings
        self.images = images.drop("vector").sort("path").to_dicts()
        self.vectors = on_grid(images.sort("path")["vector"].to_numpy())
        self.concepts: dict[str, list[int]] = {}
        for number, image in enumerate(self.images):
            self.concepts.setdefault(image["concept"], []).append(number)
        self.means = {
            name: unit_means(self.vectors[members], np.array([0]))[0]
            for name, members in self.concepts.items()
        }
        self.guards: Counter[str] = Counter()

    def rows(self):
        """All rows by query path, and the number of queries without one by reason."""
        results = {image["path"]: self.row(number) for number, image in enumerate(self.images)}
        rows = {path: row for path, row in results.items() if isinstance(row, dict)}
        return rows, Counter(reason for reason in results.values() if isinstance(reason, str))

    def row(self, query: int):
        """The row of a query, or the reason why it has none."""
        settings, image = self.settings, self.images[query]
        own = self.concepts[image["concept"]]
        if len(self.concepts) == 1:
            return "category_has_one_concept"
        if len(self.concepts) < settings.top_k:
            return "category_has_fewer_concepts_than_top_k"
        if len(own) == 1:
            return "concept_has_one_image"
        positive = self.positive(query, own)
        others = sorted(
            (name for name in self.concepts if name != image["concept"]),
            key=lambda name: (-float(self.means[name] @ self.vectors[query]), name),
        )
        picks = []
        for name in others[: settings.candidate_concepts]:
            allowed = [i for i in self.concepts[name] if not self.refusals(query, positive, i)]
            if allowed:
                picks.append(min(allowed, key=lambda i: (-self.score(query, i), self.images[i]["path"])))
        picks.sort(key=lambda i: (-self.score(query, i), self.images[i]["path"]))
        if len(picks) < settings.top_k - 1:
            return "guards_left_too_few_distractors"
        chosen = [positive, *picks[: settings.top_k - 1]]
        slots = sorted(chosen, key=lambda i: self.draw("slots-query", query, "slots-image", i))
        return {
            "label": slots.index(positive),
            "ret_paths": [self.images[i]["path"] for i in slots],
            "ret_concepts": [self.images[i]["concept"] for i in slots],
            "similarities": [float(np.float32(self.similarity(query, i))) for i in slots],
            "ranks": [chosen.index(i) for i in slots],
        }

    def positive(self, query: int, own: list[int]) -> int:
        views = [i for i in own if i != query]
        fresh = [i for i in views if not self.near(query, i)]
        if not fresh:
            self.guards["positive_is_copy"] += 1
        elif len(fresh) < len(views):
            self.guards["positive_copies_passed_over"] += 1
        draw = seeded_uniform(self.settings.seed, "easy-positive", self.images[query]["image_id"])
        sign = -1 if draw < self.settings.easy_positive_prob else 1
        return min(fresh or views, key=lambda i: (sign * self.similarity(query, i), self.images[i]["path"]))

    def refusals(self, query: int, positive: int, image: int) -> list[str]:
        settings = self.settings
        score, bound = self.similarity(query, image), self.similarity(query, positive)
        hits = []
        if self.near(query, image) or self.near(positive, image):
            hits.append("near_duplicate")
        if settings.max_score is not None and score > settings.max_score:
            hits.append("max_score")
        if settings.absolute_margin is not None and score > bound - settings.absolute_margin:
            hits.append("absolute_margin")
        if settings.relative_margin is not None and score > bound - abs(bound) * settings.relative_margin:
            hits.append("relative_margin")
        self.guards.update(hits)
        return hits

    def near(self, one: int, other: int) -> bool:
        bits = (self.images[one]["phash"] ^ self.images[other]["phash"]).bit_count()
        hamming, cosine = self.settings.near_duplicate_hamming, self.settings.near_duplicate_cosine
        return (hamming is not None and bits <= hamming) or (
            cosine is not None and self.similarity(one, other) >= cosine
        )

    def score(self, query: int, image: int) -> float:
        strategy = self.settings.strategy
        if strategy is Strategy.MIXED:
            draw = seeded_int(self.settings.seed, "strategy", self.images[query]["image_id"])
            strategy = (Strategy.SIMILAR, Strategy.DISSIMILAR, Strategy.RANDOM)[draw % 3]
        if strategy is Strategy.RANDOM:
            return self.draw("distractor-query", query, "distractor-image", image)
        sign = 1 if strategy is Strategy.SIMILAR else -1
        return sign * self.similarity(query, image)

    def similarity(self, one: int, other: int) -> float:
        return float(self.vectors[one] @ self.vectors[other])

    def draw(self, query_purpose: str, query: int, image_purpose: str, image: int) -> float:
        seed, ids = self.settings.seed, (self.images[query]["image_id"], self.images[image]["image_id"])
        keys = draw_keys(seed, query_purpose, [ids[0]]), draw_keys(seed, image_purpose, [ids[1]])
        return float(pair_draws(*keys)[0])
