"""Ten epochs of protocol training on 50,000 pairs, 512 dimensions of image and text, on the CPU.

38,283 products of split train, 4,254 of split validation; pairs in the usual shares, so 27,500 positive ones
an epoch, in batches of 64. Ours is everything that `train` does: checks, digests, validation after every
epoch, checkpoints and the state to resume from. It runs in a process of its own, whose peak memory is told;
the vectors are mapped from files.

The peer is the usual loop, which encodes each step's images with the backbone: open_clip's ViT-B-32 with
random weights, forward only, the very products of our batches (each once a step). It is timed on 2 steps and
scaled by the number of steps. Decoding the pictures, encoding the texts, and the training itself are left
out, so it is timed too short.
"""

import json
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

import numpy as np
import polars as pl
from report import report

from vdata_assets.embeddings.product_vectors import ProductVectors
from vdata_assets.pairs.settings import USUAL_SHARES, PairKind
from vdata_assets.protocol.batches import NONE, plan_epoch
from vdata_assets.protocol.settings import ProtocolSettings
from vdata_assets.protocol.train import train
from vdata_assets.protocol.training_data import training_data

TRAIN, VALIDATION, DIM, PAIRS = 38_283, 4_254, 512, 50_000
CATEGORIES, LIMIT, TIMED_STEPS = 20, 120, 2
VALUES = {"material": 15, "pattern": 14, "neckline": 14, "sleeve": 11}
HEADS = {name: [f"{name}_{number}" for number in range(count)] for name, count in VALUES.items()}
SETTINGS = ProtocolSettings(device="cpu")


def made_products(rng: np.random.Generator) -> tuple[pl.DataFrame, np.ndarray, np.ndarray]:
    """Products whose vectors hold their category and attributes, under noise; a third of values unknown."""
    count = TRAIN + VALIDATION
    ids = [f"p{number:06d}" for number in range(count)]
    category = rng.integers(0, CATEGORIES, count)
    image = 2 * rng.standard_normal((CATEGORIES, DIM), np.float32)[category]
    columns: dict[str, list[str | None]] = {}
    for name, values in VALUES.items():
        codes = rng.integers(0, values, count)
        image += rng.standard_normal((values, DIM), np.float32)[codes]
        known = rng.random(count) > 1 / 3
        columns[name] = [f"{name}_{code}" if told else None for code, told in zip(codes, known, strict=True)]
    text = image + 2 * rng.standard_normal((count, DIM), np.float32)
    image += 4 * rng.standard_normal((count, DIM), np.float32)
    has_text = rng.random(count) > 0.05
    text[~has_text] = 0
    for vectors in (image, text):
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors /= np.where(lengths > 0, lengths, 1)
    meta = pl.DataFrame(
        {
            "product_id": ids,
            "category": [f"category_{code}" for code in category],
            "group_id": ids,
            "content_hash": ids,
            "phash": rng.integers(0, 1 << 63, count, dtype=np.uint64),
            "split": ["train"] * TRAIN + ["validation"] * VALIDATION,
            "has_text": has_text,
            **columns,
        }
    )
    return meta, image, text


def made_pairs(meta: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Pairs in the usual shares: positives agree in category and material, negatives differ in material."""
    known = meta.head(TRAIN).with_row_index("row").filter(pl.col("material").is_not_null())
    row, category, material = (known[name].to_numpy() for name in ("row", "category", "material"))
    a, b = rng.integers(0, len(known), (2, 400 * PAIRS))
    fitting = {
        True: (category[a] == category[b]) & (material[a] == material[b]) & (a < b),
        False: (material[a] != material[b]) & (a < b),
    }
    tables = []
    for positive, fits in fitting.items():
        kinds = [kind for kind in PairKind if kind.positive == positive]
        counts = [round(PAIRS * USUAL_SHARES[kind.value]) for kind in kinds]
        sides = {"a_row": row[a[fits]], "b_row": row[b[fits]]}
        table = pl.DataFrame(sides).unique(maintain_order=True).head(sum(counts))
        kind = np.repeat([kind.value for kind in kinds], counts)
        tables.append(table.with_columns(kind=pl.Series(kind), label=pl.lit(int(positive), pl.UInt8)))
    ids = meta.with_row_index("row").select("row", "product_id")
    named = pl.concat(tables)
    for side in ("a", "b"):
        named = named.join(ids.rename({"row": f"{side}_row", "product_id": f"{side}_id"}), on=f"{side}_row")
    return named.with_columns(split=pl.lit("train")).sort("a_id", "b_id")


def read(folder: Path) -> tuple[ProductVectors, pl.DataFrame]:
    """What was made, the vectors mapped."""
    image, text = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("image", "text"))
    vectors = ProductVectors(pl.read_parquet(folder / "meta.parquet"), image, text, "made for the bench")
    return vectors, pl.read_parquet(folder / "pairs.parquet")


def own_peak_mb() -> float:
    """Peak resident memory; getrusage would tell the parent's at the fork, if that was more."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def ours(folder: Path) -> None:
    """The child process: train, and say how long it took and how much memory was used."""
    vectors, pairs = read(folder)
    (folder / "out").mkdir()
    started, used = time.perf_counter(), time.process_time()
    trained = train(vectors, pairs, HEADS, SETTINGS, folder / "out", folder / "scratch", print)
    seconds = time.perf_counter() - started
    cpu = time.process_time() - used
    best = trained.log["validation"].max()
    print(
        json.dumps(
            {
                "seconds": seconds,
                "cpu": cpu,
                "peak_mb": own_peak_mb(),
                "start": trained.start_validation,
                "best": best,
            }
        )
    )


def backbone_seconds(folder: Path) -> float:
    """Encoding the images of every step of all epochs, scaled from some steps."""
    import open_clip
    import torch

    vectors, pairs = read(folder)
    data = training_data(vectors, pairs, HEADS, SETTINGS)
    plan = plan_epoch(data, SETTINGS, 1)
    model, _, _ = open_clip.create_model_and_transforms("ViT-B-32", pretrained=None)
    model.eval()
    seconds = []
    with torch.inference_mode():
        model.encode_image(torch.rand(8, 3, 224, 224))
        for draws in islice(plan.steps(), TIMED_STEPS):
            pair = plan.pair[draws]
            rows = np.concatenate(
                [data.a[pair], data.b[pair], plan.negatives_a[draws].ravel(), plan.negatives_b[draws].ravel()]
            )
            images = torch.rand(len(np.unique(rows[rows != NONE])), 3, 224, 224)
            started = time.perf_counter()
            model.encode_image(images)
            seconds.append(time.perf_counter() - started)
    return min(seconds) * (len(plan.bounds) - 1) * SETTINGS.epochs


def main() -> bool:
    """Measure, print a JSON line a target, and say whether all are met."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        meta, image, text = made_products(rng)
        meta.write_parquet(folder / "meta.parquet")
        np.save(folder / "image.npy", image)
        np.save(folder / "text.npy", text)
        made_pairs(meta, rng).write_parquet(folder / "pairs.parquet")
        child = subprocess.run(
            [sys.executable, __file__, name], check=True, stdout=subprocess.PIPE, text=True
        )
        print(child.stdout, end="")
        measured = json.loads(child.stdout.splitlines()[-1])
        backbone = backbone_seconds(folder)
    seconds, peak_mb = measured["seconds"], measured["peak_mb"]
    print(
        f"ours {seconds:.1f} s, {measured['cpu']:.1f} s of CPU and {peak_mb:,.0f} MB; encoding "
        f"each step's images {backbone:,.0f} s, scaled from {TIMED_STEPS} steps"
    )
    met = [
        report("protocol_training", seconds / LIMIT, f"{LIMIT} s", "<= 1", peak_mb=peak_mb),
        report(
            "protocol_training_backbone",
            backbone / seconds,
            "encoding each step's images with ViT-B-32, scaled",
            ">= 100",
            peak_mb=peak_mb,
        ),
    ]
    return all(met)


if __name__ == "__main__":
    if len(sys.argv) == 2:
        ours(Path(sys.argv[1]))
    else:
        sys.exit(not main())
