"""Cataloguing 100,000 small photos, against Hugging Face's imagefolder and against the bare work.

The files are hard links to a few hundred real photos, so all reads come from the page cache: what is
compared is the work a file, not the disk.

    python bench/catalog_scan.py [number of images]
"""

import io
import os
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import xxhash
from memory import PeakMemory
from PIL import Image
from report import report

from vdata_assets.catalog.build import build_catalog

BENCH = "catalog_scan"
IMAGES = 100_000
CATEGORIES, CONCEPTS = 20, 50
ROUNDS = 3
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
PHOTOS = Path(os.environ.get("VDATA_TEST_DATA", SHARED)) / "fashion-attributes" / "products" / "images"


def plant(folder: Path, images: int) -> Path:
    """A tree ``<category>/<concept>/<number>.jpg`` of hard links to copies of the photos."""
    photos = [Path(shutil.copy(photo, folder)) for photo in sorted(PHOTOS.glob("*.jpg"))]
    if not photos:
        sys.exit(f"no photos in {PHOTOS}: set VDATA_TEST_DATA")
    root = folder / "root"
    for n in range(images):
        concept = root / f"category {n % CATEGORIES:02}" / f"concept {n // CATEGORIES % CONCEPTS:02}"
        if n < CATEGORIES * CONCEPTS:
            concept.mkdir(parents=True)
        os.link(photos[n % len(photos)], concept / f"{n:06}.jpg")
    return root


def files(folder: str) -> Iterator[str]:
    """Paths of all files below a folder."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                yield from files(entry.path)
            else:
                yield entry.path


def read(path: str) -> bytes:
    """A file's bytes."""
    with open(path, "rb") as file:
        return file.read()


def bare(root: Path) -> int:
    """Listing, header parse and hashing of every file, in one process, nothing kept."""
    count = 0
    for path in files(str(root)):
        data = read(path)
        xxhash.xxh3_128_hexdigest(data)
        with Image.open(io.BytesIO(data)) as image:
            count += image.size[0] > 0
    return count


def imagefolder(root: Path) -> int:
    """The peer: load the folder as a dataset, then hash every file."""
    from datasets import load_dataset

    rows = load_dataset("imagefolder", data_dir=str(root), split="train").num_rows
    for path in files(str(root)):
        xxhash.xxh3_128_hexdigest(read(path))
    return rows


def seconds(work: Callable[[], int], images: int) -> float:
    """How long the work takes; it must have seen every image."""
    start = time.perf_counter()
    seen = work()
    took = time.perf_counter() - start
    if seen != images:
        sys.exit(f"{work} saw {seen} of {images} images")
    return took


def main() -> None:
    """Measure and report; exit with 1 if a target is missed."""
    images = int(sys.argv[1]) if len(sys.argv) > 1 else IMAGES
    with TemporaryDirectory() as folder:
        root = plant(Path(folder), images)
        os.environ.update(HF_HOME=f"{folder}/hf", HF_HUB_OFFLINE="1", HF_DATASETS_DISABLE_PROGRESS_BARS="1")
        import datasets  # noqa: F401 - loading the library is not part of the peer's time

        ours, bares = [], []
        with PeakMemory() as peak:
            for _ in range(ROUNDS):
                ours.append(seconds(lambda: build_catalog(root).images["reason"].null_count(), images))
                bares.append(seconds(lambda: bare(root), images))
        theirs = seconds(lambda: imagefolder(root), images)
        own = statistics.median(ours)
        print(f"build_catalog {own:.1f} s of {[round(s, 1) for s in ours]}")
        print(f"bare {statistics.median(bares):.1f} s of {[round(s, 1) for s in bares]}")
        print(f"imagefolder and hashing {theirs:.1f} s")
    met = [
        report(
            BENCH,
            own / statistics.median(bares),
            "bare single-process listing, header parse and hashing (time, ours / bare)",
            "<= 2",
            peak_mb=peak.mb,
        ),
        report(
            BENCH,
            theirs / own,
            'datasets.load_dataset("imagefolder") and hashing (time, theirs / ours)',
            ">= 5",
            peak_mb=peak.mb,
        ),
    ]
    sys.exit(not all(met))


if __name__ == "__main__":
    main()
