"""127,000 images in 67 classes to LLaVA JSON lines of all splits, against the usual generator done properly.

The peer is what an engineer writes for this with the standard library, in dictionaries and loops: ``json``
for the rows, and for every sample a ``random.Random`` seeded with the image's path and the number of its
copy, so that a further image changes no other sample. From its catalog on it does what ours does in the same
span:

- images of equal content stay together; each class is split 80/10/10 in a seeded order;
- training images of priority classes are there five times, with a fresh draw and an id of its own each;
- each split's samples stand in a seeded order, drawn for each as well;
- the same templates are filled in, with the article of each class's name;
- ``train.jsonl``, ``val.jsonl`` and ``test.jsonl`` have the same fields; the table of splits and what they
  achieved are written beside them;
- audits: contents on one side only, splits and classes within five points of their shares, every class
  trained, ids unique, templates not empty and without unknown placeholders, no ``<image>`` in a text.

It does less than ours in this: its table of splits is a CSV; a content in several classes counts for its
first; sizes of splits are right by class, not in sum; a further template changes most of its samples, not
only those that take it. Neither draws from large classes or looks for near-duplicates here. The peer's
catalog reads every file once, hashes it and takes its header from Pillow; ours finds cut-off files too, and
gives ids.

The files are ten hard links to each of 12,700 contents, real photos with a few bytes after their end; all
reads come from the page cache. Ours and the peer's run in turns. Two ratios are told, by time and by
processor time: from the catalog on, and of the whole way, most of which is the reading of the files. Before,
the lines of both are checked by the rules of the format, and their images compared class by class.

    python bench/conversations.py [number of images]
"""

import csv
import hashlib
import io
import json
import os
import random
import resource
import shutil
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from string import Formatter
from tempfile import TemporaryDirectory
from typing import NamedTuple

import PIL.Image
import xxhash
from memory import PeakMemory
from report import report

from vdata_assets.conversations.class_balance import chosen_images, sample_rows
from vdata_assets.conversations.class_images import ClassCatalog, class_images
from vdata_assets.conversations.class_samples import Conversations
from vdata_assets.conversations.class_settings import ClassBalanceSettings, ClassWordingSettings
from vdata_assets.formats.chat.llava_chat import LlavaLines
from vdata_assets.formats.problems import Problem
from vdata_assets.formats.samples_of.class_samples import write_class_lines
from vdata_assets.quality.findings import Status
from vdata_assets.splits.class_splits import class_splits
from vdata_assets.splits.settings import SplitSettings

BENCH = "conversations"
IMAGES, CLASSES = 127_000, 67
LINKS = 10
ROUNDS = 3
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
PHOTOS = Path(os.environ.get("VDATA_TEST_DATA", SHARED)) / "fashion-attributes" / "products" / "images"
SEED = 42
POINTS = 5
PRIORITY = [f"Breed {number:02}" for number in range(CLASSES - 7, CLASSES)]
WORDING = ClassWordingSettings(subject="cat", kind="breed")
BALANCE = ClassBalanceSettings(max_per_class=None, priority_classes=PRIORITY)
SPLITS = SplitSettings(seed=SEED)
PLACEHOLDERS = {"subject", "kind", "noun", "class", "breed", "article"}


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


class Image(NamedTuple):
    """A row of the peer's catalog."""

    path: str
    breed: str
    content: str
    width: int
    height: int
    format: str | None


def peer_catalog(root: Path) -> list[Image]:
    """Every image: read once, hashed, its header read."""
    rows = []
    for folder in sorted(root.iterdir()):
        for path in sorted(folder.glob("*.jpg")):
            data = path.read_bytes()
            with PIL.Image.open(io.BytesIO(data)) as image:
                where = str(path.relative_to(root))
                rows.append(
                    Image(where, folder.name, xxhash.xxh3_128_hexdigest(data), *image.size, image.format)
                )
    return rows


def peer_splits(images: list[Image]) -> dict[str, str]:
    """A split for every content: of each class in a seeded order, to the one that lacks most images."""
    sizes = Counter(image.content for image in images)
    classes: dict[str, dict[str, None]] = defaultdict(dict)
    seen = set()
    for image in images:
        if image.content not in seen:
            seen.add(image.content)
            classes[image.breed][image.content] = None
    places = {}
    for breed, of_class in classes.items():
        contents = list(of_class)
        random.Random(f"{SEED}:{breed}").shuffle(contents)
        total = sum(sizes[content] for content in contents)
        lacking = {name: ratio * total for name, ratio in SPLITS.ratios.items()}
        for content in contents:
            split = max(lacking, key=lambda name: lacking[name])
            lacking[split] -= sizes[content]
            places[content] = split
    return places


def peer_conversations(images: list[Image], out: Path) -> int:
    """The peer from its catalog on: the number of lines."""
    for template in (*WORDING.questions, *WORDING.answers):
        unknown = {name for _, name, _, _ in Formatter().parse(template) if name} - PLACEHOLDERS
        if unknown or not template.strip() or "<image>" in template:
            sys.exit(f"template {template!r} is empty or has what is not known: {unknown}")
    places = peer_splits(images)
    values = {}
    for breed in {image.breed for image in images}:
        if "<image>" in breed:
            sys.exit(f"class {breed!r} has <image> in it")
        an = "an" if breed[0] in "AEIOU" else "a"
        values[breed] = {**WORDING.subject_values(), "class": breed, "breed": breed, "article": an}
    samples: dict[str, list[tuple[float, str, Image, str, str]]] = {name: [] for name in SPLITS.ratios}
    ids = set()
    for image in images:
        split = places[image.content]
        name = f"{image.breed}_{image.path.rpartition('/')[2].rpartition('.')[0]}"
        if name in ids:
            name = f"{name}-{hashlib.blake2b(image.path.encode(), digest_size=4).hexdigest()}"
        times = BALANCE.priority_copies if split == "train" and image.breed in PRIORITY else 1
        for copy in range(times):
            draw = random.Random(f"{SEED}:{image.path}:{copy}")
            sample_id = f"{name}_copy{copy}" if copy else name
            ids.add(sample_id)
            order = draw.random()
            question = draw.choice(WORDING.questions).format(**values[image.breed])
            answer = draw.choice(WORDING.answers).format(**values[image.breed])
            samples[split].append((order, sample_id, image, question, answer))
    for split, rows in samples.items():
        rows.sort()
        with open(out / f"{split}.jsonl", "w") as file:
            for _, sample_id, image, question, answer in rows:
                sample = {
                    "id": sample_id,
                    "image": image.path,
                    "conversations": [
                        {"from": "human", "value": f"<image>\n{question}"},
                        {"from": "gpt", "value": answer},
                    ],
                    "metadata": {"class": image.breed},
                }
                file.write(json.dumps(sample) + "\n")
    lines = sum(map(len, samples.values()))
    if len(ids) < lines:
        sys.exit("two samples have one id")
    peer_audit(images, places, out)
    return lines


def peer_audit(images: list[Image], places: dict[str, str], out: Path) -> None:
    """Write the table of splits and what they achieved; leave if a split is not as it should be."""
    sides = defaultdict(set)
    with open(out / "splits.csv", "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("path", "content", "split"))
        for image in images:
            sides[image.content].add(places[image.content])
            table.writerow((image.path, image.content, places[image.content]))
    cells = Counter((image.breed, places[image.content]) for image in images)
    classes = Counter(image.breed for image in images)
    splits = Counter(places[image.content] for image in images)
    found: dict[str, dict[str, float]] = {breed: {} for breed in classes}
    for breed, total in classes.items():
        for split, size in splits.items():
            found[breed][split] = 100 * (cells[breed, split] / size - total / len(images))
    problems = [content for content, names in sides.items() if len(names) > 1]
    problems += [f"{breed}: {off}" for breed, off in found.items() if max(map(abs, off.values())) > POINTS]
    problems += [breed for breed in classes if not cells[breed, "train"]]
    for split, ratio in SPLITS.ratios.items():
        if abs(100 * (splits[split] / len(images) - ratio)) > POINTS:
            problems.append(f"{split}: {splits[split]} images")
    with open(out / "split_config.json", "w") as file:
        json.dump({"seed": SEED, "sizes": splits, "deviations": found}, file, indent=2)
    if problems:
        sys.exit(f"the peer's splits are wrong: {problems[:5]}")


def conversations(catalog: ClassCatalog, out: Path) -> int:
    """Ours from the catalog on, with the audits of the splits: the number of lines."""
    chosen = chosen_images(catalog.images, BALANCE, SEED)
    made = class_splits(chosen, SPLITS, 0, out)
    wrong = [finding.message for finding in made.findings if finding.status is not Status.PASSED]
    if wrong:
        sys.exit(f"our splits are wrong: {wrong}")
    rows = sample_rows(chosen, made.splits, SPLITS, BALANCE, SEED)
    write_class_lines(Conversations(rows, WORDING).batches(), out, SPLITS.ratios)
    return rows.height


def fresh(folder: Path) -> Path:
    """An empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def processor() -> float:
    """Processor seconds of this process and of its children that have ended."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def images_by_class(out: Path, split: str) -> dict[str, Counter[str]]:
    """What a split holds, by class: how often each image. All lines are checked by the format's rules."""
    (out / f"{split}.jsonl").rename(out / f"{split}_llava.jsonl")
    problems: list[Problem] = []
    LlavaLines().validate(out, split, problems.append)
    if problems:
        sys.exit(f"{split}: {len(problems)} problems, first {problems[0]}")
    found: dict[str, Counter[str]] = defaultdict(Counter)
    with open(out / f"{split}_llava.jsonl") as file:
        for row in map(json.loads, file):
            found[row["metadata"]["class"]][row["image"]] += 1
    return found


def compare(ours: Path, theirs: Path) -> None:
    """Leave unless both hold all images, split alike but for two contents a class, and repeated alike."""
    totals: list[Counter[str]] = [Counter(), Counter()]
    for split in SPLITS.ratios:
        both = [images_by_class(out, split) for out in (ours, theirs)]
        for breed in both[0].keys() | both[1].keys():
            times = BALANCE.priority_copies if split == "train" and breed in PRIORITY else 1
            if any(set(found[breed].values()) - {times} for found in both):
                sys.exit(f"{breed}: images of {split} are not there {times} times")
            if abs(len(both[0][breed]) - len(both[1][breed])) > 2 * LINKS:
                sys.exit(f"{breed}: {len(both[0][breed])} and {len(both[1][breed])} images in {split}")
            for total, found in zip(totals, both, strict=True):
                total.update(found[breed].keys())
    if totals[0] != totals[1] or set(totals[0].values()) != {1}:
        sys.exit("the images of the lines are not the same, each in one split")


def main() -> None:
    """Measure and report; exit with 1 if a target is missed."""
    images = int(sys.argv[1]) if len(sys.argv) > 1 else IMAGES
    with TemporaryDirectory() as name:
        folder = Path(name)
        root = plant(folder, images)
        catalog, rows = class_images(root, None), peer_catalog(root)
        if catalog.images.height != images or len(rows) != images:
            sys.exit(f"{catalog.images.height} and {len(rows)} of {images} images were seen")
        outs = fresh(folder / "ours"), fresh(folder / "theirs")
        lines = conversations(catalog, outs[0]), peer_conversations(rows, outs[1])
        compare(*outs)
        print(f"{images} images; lines: ours {lines[0]}, the peer's {lines[1]}")
        works: dict[str, Callable[[], object]] = {
            "our catalog": lambda: class_images(root, None),
            "the peer's catalog": lambda: peer_catalog(root),
            "ours from the catalog on": lambda: conversations(catalog, outs[0]),
            "the peer from its catalog on": lambda: peer_conversations(rows, outs[1]),
        }
        memory = {}
        for what, work in works.items():
            with PeakMemory() as peak:
                work()
            memory[what] = peak.mb
        found: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for _ in range(ROUNDS):
            for what, work in works.items():
                for out in outs:
                    fresh(out)
                start, used = time.perf_counter(), processor()
                work()
                found[what].append((time.perf_counter() - start, processor() - used))
    took = {what: [statistics.median(run) for run in zip(*runs, strict=True)] for what, runs in found.items()}
    for what, (wall, cpu) in took.items():
        runs = [round(run[0], 2) for run in found[what]]
        print(f"{what}: {wall:.2f} s of {runs}, {cpu:.2f} s of processors, {memory[what]:.0f} MB")
    ours, theirs = took["ours from the catalog on"], took["the peer from its catalog on"]
    our_catalog, their_catalog = took["our catalog"], took["the peer's catalog"]
    print(f"from the catalog on, by processor time: {theirs[1] / ours[1]:.2f}")
    whole = [(theirs[at] + their_catalog[at]) / (ours[at] + our_catalog[at]) for at in (0, 1)]
    print(f"the whole way: {whole[0]:.2f} times as fast as the peer, by processor time {whole[1]:.2f}")
    against = "a generator with random and json that does the same, from the catalog on (time, theirs / ours)"
    sys.exit(
        not report(BENCH, theirs[0] / ours[0], against, ">= 5", peak_mb=memory["ours from the catalog on"])
    )


if __name__ == "__main__":
    main()
