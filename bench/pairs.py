"""50,000 training pairs of a catalog of 38,283 products and four attributes, against 10 seconds and 1 GB.

The catalog is skewed as fashion catalogs are: few categories, values and article sizes are common, many
rare, a third of the attributes unknown; every product has 50 hard negatives. All is one split, so that every
kind chooses among all. Timed is the whole call, from the tables in memory to validated pairs, in a process
of its own; its peak memory has the tables in it. The time is the best of two.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl
from report import report

from vdata_assets.pairs.pairs_audit import audit_pairs
from vdata_assets.pairs.sample_pairs import sample_pairs
from vdata_assets.pairs.settings import PairSettings
from vdata_assets.quality.findings import Status

PRODUCTS, CATEGORIES, NEGATIVES, PAIRS = 38_283, 20, 50, 50_000
VALUES = {"material": 15, "pattern": 14, "neckline": 14, "sleeve": 11}
UNKNOWN_SHARES = {"material": 0.25, "pattern": 0.4, "neckline": 0.45, "sleeve": 0.3}
REPEATS = 2
SECONDS, GIGABYTES = 10, 1
SETTINGS = PairSettings(num_pairs={"train": PAIRS})


def skewed(count: int) -> np.ndarray:
    """Shares of ``count`` values that fall as Zipf's law says."""
    shares = 1 / np.arange(1, count + 1)
    return shares / shares.sum()


def catalog() -> pl.DataFrame:
    """Products in groups of one to eight views, whose attributes are those of the group."""
    rng = np.random.default_rng(0)
    sizes = rng.choice(np.arange(1, 9), PRODUCTS, p=skewed(8))
    group = np.repeat(np.arange(PRODUCTS), sizes)[:PRODUCTS]
    groups = group[-1] + 1
    ids = np.array([f"shop-id_{each:08d}" for each in rng.permutation(groups)])
    columns: dict[str, object] = {
        "product_id": [f"{ids[each]}-{view:05d}_front" for view, each in enumerate(group)],
        "category": pl.Series(rng.choice(CATEGORIES, groups, p=skewed(CATEGORIES))[group]).cast(pl.String),
        "group_id": ids[group],
        "content_hash": [f"{row:032x}" for row in range(PRODUCTS)],
        "phash": rng.integers(0, 1 << 63, PRODUCTS, dtype=np.uint64),
        "split": ["train"] * PRODUCTS,
        "has_text": [True] * PRODUCTS,
    }
    for name, values in VALUES.items():
        value = pl.Series(rng.choice(values, groups, p=skewed(values))[group]).cast(pl.String)
        known = rng.random(groups)[group] >= UNKNOWN_SHARES[name]
        columns[name] = pl.select(pl.when(pl.Series(known)).then(name + "_" + value)).to_series()
    return pl.DataFrame(columns)


def hard_negatives(products: pl.DataFrame) -> pl.DataFrame:
    """For every product random ones of its category that differ from it, ranked."""
    rng = np.random.default_rng(1)
    tables = []
    for category in products.partition_by("category", maintain_order=True):
        query = np.repeat(np.arange(category.height), 3 * NEGATIVES)
        negative = rng.integers(0, category.height, len(query))
        codes = category.select(pl.col(*VALUES).rank("dense").fill_null(0)).to_numpy()
        left, right = codes[query], codes[negative]
        groups = category["group_id"].rank("dense").to_numpy()
        differs = ((left != right) & (left > 0) & (right > 0)).any(axis=1) & (
            groups[query] != groups[negative]
        )
        found = pl.DataFrame({"query": query[differs], "negative": negative[differs]}).unique(
            maintain_order=True
        )
        found = found.with_columns(rank=pl.int_range(1, pl.len() + 1, dtype=pl.UInt32).over("query"))
        found = found.filter(pl.col("rank") <= NEGATIVES)
        ids = category["product_id"]
        tables.append(
            found.select(
                "rank",
                query_id=ids[found["query"].to_numpy()],
                negative_id=ids[found["negative"].to_numpy()],
                split=pl.lit("train"),
                score=(1 - 0.01 * pl.col("rank")).cast(pl.Float32),
            )
        )
    return pl.concat(tables)


def ours(folder: Path) -> None:
    """The child process: draw from the folder's tables, say how long it took and how much memory was used."""
    products, negatives = (pl.read_parquet(folder / f"{name}.parquet") for name in ("products", "negatives"))
    seconds = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        sampled = sample_pairs(products, negatives, SETTINGS, print)
        seconds.append(time.perf_counter() - started)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sampled.pairs.write_parquet(folder / "pairs.parquet")
    print(json.dumps({"seconds": min(seconds), "peak_mb": peak_mb}))


def main() -> bool:
    """Measure, print a JSON line a target, and say whether all are met."""
    products = catalog()
    negatives = hard_negatives(products)
    with tempfile.TemporaryDirectory() as folder:
        products.write_parquet(Path(folder, "products.parquet"))
        negatives.write_parquet(Path(folder, "negatives.parquet"))
        child = subprocess.run([sys.executable, __file__, folder], check=True, capture_output=True, text=True)
        measured = json.loads(child.stdout.splitlines()[-1])
        pairs = pl.read_parquet(Path(folder, "pairs.parquet"))
    seconds, peak_mb = measured["seconds"], measured["peak_mb"]
    findings = audit_pairs(pairs, products, negatives, SETTINGS, {})
    passed = sum(finding.status is Status.PASSED for finding in findings)
    print(
        f"{pairs.height} pairs of {products.height} products and {negatives.height} hard negatives "
        f"in {seconds:.2f} s"
    )
    met = [
        report("pairs_audit", passed / len(findings), "checks of the pairs' audit", ">= 1", peak_mb=peak_mb),
        report("pairs_memory", peak_mb / 1024 / GIGABYTES, f"{GIGABYTES} GB", "<= 1", peak_mb=peak_mb),
        report("pairs", seconds / SECONDS, f"{SECONDS} seconds", "<= 1", peak_mb=peak_mb),
    ]
    return all(met)


if __name__ == "__main__":
    if len(sys.argv) == 2:
        ours(Path(sys.argv[1]))
    else:
        sys.exit(not main())
