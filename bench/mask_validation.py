"""Validating 30,000 masks of 1280x720, COCO compressed, against decoding them with pycocotools one by one.

The masks are the SA-V masklets of the test data, scaled: real outlines of one to a few hundred columns,
repeated. ``problems_of_compressed`` is timed on all of them, in a process of its own where its memory is
measured; ``pycocotools.mask.decode`` on some, and scaled. Decoding says less: it accepts a mask that is
empty, and may read beyond its memory on a malformed one. Kernels are compiled before; every time is the best
of three.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from report import report

from vdata_assets.masks.measure import areas
from vdata_assets.masks.read import read_compressed
from vdata_assets.masks.scale import scaled
from vdata_assets.masks.validate import problems_of_compressed
from vdata_assets.masks.write import write_compressed

REPOSITORY = Path(__file__).resolve().parent.parent
TEST_DATA = Path(os.environ.get("VDATA_TEST_DATA", REPOSITORY.parent / "shared" / "data"))
MASKS, HEIGHT, WIDTH = 30_000, 720, 1280
DECODED = 1_000
REPEATS = 3


def real_masks() -> pl.Series:
    """The test data's SA-V masks at the wanted size, those without a pixel left out."""
    stored = [
        mask
        for file in sorted((TEST_DATA / "sam2-assets" / "sav_dataset").glob("*.json"))
        for step in json.loads(file.read_text())["masklet"]
        for mask in step
    ]
    if not stored:
        sys.exit(f"no SA-V masklets under {TEST_DATA}: set VDATA_TEST_DATA")
    sizes = np.array([mask["size"] for mask in stored])
    target = np.full((len(stored), 2), (HEIGHT, WIDTH))
    runs = read_compressed(pl.Series([mask["counts"] for mask in stored])).runs
    runs = scaled(runs, *sizes.T, *target.T)
    return write_compressed(runs.take(np.flatnonzero(areas(runs))))


def best(function: Callable[[], Any]) -> float:
    """Seconds of the fastest of some calls."""
    seconds = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def ours(table: str) -> None:
    """The child process: validate the table's masks, say how long it took and how much memory was used."""
    rle = pl.read_parquet(table)["rle"]
    heights, widths = np.full(len(rle), HEIGHT), np.full(len(rle), WIDTH)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    problems = problems_of_compressed(rle, heights, widths)
    seconds = best(lambda: problems_of_compressed(rle, heights, widths))
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = len(problems) - problems.null_count()
    print(json.dumps({"seconds": seconds, "peak_mb": peak_mb, "before_mb": before, "found": found}))


def main() -> bool:
    """Measure, print a JSON line, and say whether the target is met."""
    from pycocotools.mask import decode

    masks = real_masks()
    rle = masks.gather(np.arange(MASKS) % len(masks))
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder, "masks.parquet")
        rle.to_frame().write_parquet(table)
        child = subprocess.run(
            [sys.executable, __file__, str(table)], check=True, capture_output=True, text=True
        )
    measured = json.loads(child.stdout.splitlines()[-1])
    if measured["found"]:
        sys.exit(f"{measured['found']} of {MASKS} sound masks were refused")
    some = rle.gather(np.random.default_rng(0).choice(MASKS, DECODED, replace=False)).to_list()
    peers = [{"size": [HEIGHT, WIDTH], "counts": text.encode()} for text in some]

    def decode_all() -> None:
        for peer in peers:
            decode(peer)

    peer_seconds = best(decode_all) * MASKS / DECODED
    megabytes = rle.str.len_bytes().sum() / 1e6
    print(
        f"{MASKS} masks, {megabytes:.0f} MB: ours {measured['seconds']:.3f} s, pycocotools "
        f"{peer_seconds:.1f} s (scaled from {DECODED}); memory from {measured['before_mb']:.0f} "
        f"to {measured['peak_mb']:.0f} MB"
    )
    return report(
        "mask_validation",
        peer_seconds / measured["seconds"],
        "pycocotools.mask.decode, one by one",
        ">= 100",
        peak_mb=measured["peak_mb"],
    )


if __name__ == "__main__":
    if len(sys.argv) == 2:
        ours(sys.argv[1])
    else:
        sys.exit(not main())
