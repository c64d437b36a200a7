"""127,000 images in 67 classes to LLaVA JSON lines of all splits, against a generator of the usual kind.

The peer is the generator that projects write for this: list the folders, read every file once to hash it and
check its header with Pillow, keep equal contents together, split them with scikit-learn by class, repeat the
priority classes of the training split, draw templates with ``random`` and write with ``json``. It has no
audits; ours has those of the splits. Neither looks for near-duplicates here.

The files are ten hard links to each of 12,700 contents, real photos with a few bytes after their end; all
reads come from the page cache. Two ratios are told: from the catalog on, and of the whole way, most of which
is the reading of the files.

    python bench/conversations.py [number of images]
"""

import io
import json
import os
import random
import shutil
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import xxhash
from memory import PeakMemory
from PIL import Image
from report import report

from vdata_assets.conversations.class_balance import chosen_images, sample_rows
from vdata_assets.conversations.class_images import ClassCatalog, class_images
from vdata_assets.conversations.class_samples import Conversations
from vdata_assets.conversations.class_settings import ClassBalanceSettings, ClassWordingSettings
from vdata_assets.formats.class_samples import class_format_samples, write_class_lines
from vdata_assets.formats.llava_chat import LlavaLines
from vdata_assets.splits.class_splits import class_splits
from vdata_assets.splits.settings import SplitSettings

BENCH = "conversations"
IMAGES, CLASSES = 127_000, 67
LINKS = 10
ROUNDS = 3
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
PHOTOS = Path(os.environ.get("VDATA_TEST_DATA", SHARED)) / "fashion-attributes" / "products" / "images"
PRIORITY = [f"Breed {number:02}" for number in range(CLASSES - 7, CLASSES)]
QUESTIONS = [
    "What cat breed is this?",
    "Can you identify this cat's breed?",
    "What type of cat is shown in this image?",
    "Identify the breed of this cat.",
    "What breed does this cat belong to?",
]
SKETCH_ANSWERS = [
    "This is a {breed}.",
    "The cat in the image is a {breed}.",
    "This cat belongs to the {breed} breed.",
    "{breed}",
    "I can identify this as a {breed} cat.",
]
WORDING = ClassWordingSettings(subject="cat", kind="breed")
BALANCE = ClassBalanceSettings(max_per_class=None, priority_classes=PRIORITY)
SPLITS = SplitSettings()


def plant(folder: Path, images: int) -> Path:
    """A tree ``<class>/<number>.jpg``: classes of very different sizes, ten links to each content."""
    photos = [photo.read_bytes() for photo in sorted(PHOTOS.glob("*.jpg"))]
    if not photos:
        sys.exit(f"no photos in {PHOTOS}: set VDATA_TEST_DATA")
    root, contents = folder / "root", folder / "contents"
    contents.mkdir()
    shares = [1 / (number + 5) for number in range(CLASSES)]
    ends = [sum(shares[: number + 1]) / sum(shares) * images for number in range(CLASSES)]
    number = 0
    for place in range(CLASSES):
        breed = root / f"Breed {place:02}"
        breed.mkdir(parents=True)
        for n in range(number, round(ends[place])):
            # After the end of the picture, where no decoder looks.
            content = contents / f"{place}-{n // LINKS}.jpg"
            if not content.exists():
                content.write_bytes(photos[n % len(photos)] + n.to_bytes(8, "little"))
            os.link(content, breed / f"{n:06}.jpg")
        number = round(ends[place])
    return root


def listed(root: Path) -> Iterator[tuple[str, Path]]:
    """The peer's listing, as the sketch has it."""
    for folder in sorted(root.iterdir()):
        if folder.is_dir():
            for path in folder.glob("*.jpg"):
                yield folder.name, path


def hashed(root: Path) -> list[tuple[str, Path, str]]:
    """The peer's catalog: every file read once, hashed, its header read."""
    rows = []
    for breed, path in listed(root):
        data = path.read_bytes()
        with Image.open(io.BytesIO(data)) as image:
            if image.size[0] > 0:
                rows.append((breed, path, xxhash.xxh3_128_hexdigest(data)))
    return rows


def sketch(rows: list[tuple[str, Path, str]], root: Path, out: Path) -> int:
    """The peer from its catalog on: the number of lines."""
    from sklearn.model_selection import train_test_split

    groups: dict[str, list[tuple[str, Path]]] = defaultdict(list)
    for breed, path, content in rows:
        groups[content].append((breed, path))
    contents = list(groups)
    train, rest = train_test_split(
        contents, test_size=0.2, stratify=[groups[content][0][0] for content in contents], random_state=42
    )
    val, test = train_test_split(
        rest, test_size=0.5, stratify=[groups[content][0][0] for content in rest], random_state=42
    )
    choose = random.Random(42)
    lines = 0
    for name, part in (("train", train), ("val", val), ("test", test)):
        images = [image for content in part for image in groups[content]]
        if name == "train":
            images = [image for image in images for _ in range(5 if image[0] in PRIORITY else 1)]
        with open(out / f"{name}.jsonl", "w") as file:
            for n, (breed, path) in enumerate(images):
                question = choose.choice(QUESTIONS)
                answer = choose.choice(SKETCH_ANSWERS).format(breed=breed)
                sample = {
                    "id": f"{breed}_{path.stem}_{n}",
                    "image": str(path.relative_to(root)),
                    "conversations": [
                        {"from": "human", "value": f"<image>\n{question}"},
                        {"from": "gpt", "value": answer},
                    ],
                    "metadata": {"class": breed},
                }
                file.write(json.dumps(sample) + "\n")
        lines += len(images)
    return lines


def conversations(catalog: ClassCatalog, out: Path) -> int:
    """Ours from the catalog on, with the audits of the splits: the number of lines."""
    chosen = chosen_images(catalog.images, BALANCE, 42)
    splits = class_splits(chosen, SPLITS, 0, out).splits
    rows = sample_rows(chosen, splits, SPLITS, BALANCE, 42)
    write_class_lines(Conversations(rows, WORDING).batches(), out, SPLITS.ratios)
    return rows.height


def through_samples(catalog: ClassCatalog, out: Path) -> int:
    """Ours from the catalog on through the format that every workflow has: the number of lines."""
    chosen = chosen_images(catalog.images, BALANCE, 42)
    splits = class_splits(chosen, SPLITS, 0, out).splits
    rows = sample_rows(chosen, splits, SPLITS, BALANCE, 42)
    made = {
        split: class_format_samples(Conversations(rows.filter(pl.col("split") == split), WORDING).batches())
        for split in SPLITS.ratios
    }
    LlavaLines().save(made, out, out)
    return rows.height


def fresh(folder: Path) -> Path:
    """An empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def seconds(work: Callable[[], object]) -> float:
    """How long the work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    """Measure and report; exit with 1 if a target is missed."""
    images = int(sys.argv[1]) if len(sys.argv) > 1 else IMAGES
    with TemporaryDirectory() as name:
        folder = Path(name)
        root = plant(folder, images)
        out = folder / "out"
        catalog, rows = class_images(root, None), hashed(root)
        if catalog.images.height != images or len(rows) != images:
            sys.exit(f"{catalog.images.height} and {len(rows)} of {images} images were seen")
        lines = conversations(catalog, fresh(out)), sketch(rows, root, fresh(out))
        times: dict[str, list[float]] = defaultdict(list)
        with PeakMemory() as peak:
            for _ in range(ROUNDS):
                times["our catalog"].append(seconds(lambda: class_images(root, None)))
                times["ours from the catalog on"].append(seconds(lambda: conversations(catalog, fresh(out))))
                times["ours through samples"].append(seconds(lambda: through_samples(catalog, fresh(out))))
        for _ in range(ROUNDS):
            times["the peer's catalog"].append(seconds(lambda: hashed(root)))
            times["the peer from its catalog on"].append(seconds(lambda: sketch(rows, root, fresh(out))))
        print(f"{images} images; lines: ours {lines[0]}, the peer's {lines[1]}")
        median = {what: statistics.median(found) for what, found in times.items()}
        for what, took in median.items():
            print(f"{what}: {took:.2f} s of {[round(one, 2) for one in times[what]]}")
    ours, theirs = median["ours from the catalog on"], median["the peer from its catalog on"]
    whole = (theirs + median["the peer's catalog"]) / (ours + median["our catalog"])
    print(f"the whole way: {whole:.2f} times as fast as the peer")
    against = "a generator with random, json and scikit-learn, from the catalog on (time, theirs / ours)"
    sys.exit(not report(BENCH, theirs / ours, against, ">= 5", peak_mb=peak.mb))


if __name__ == "__main__":
    main()
