"""Pictures sorted into folders by class, ``<root>/<class>/NNN.jpg``: very unequal classes, some alike."""

import io
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

import dataframely as dy
import polars as pl
from PIL import Image, ImageEnhance

from vdata_assets.samples.concepts import DEMO_SEED, SAVE_OPTIONS
from vdata_assets.samples.flaws import DUPLICATE, TRUNCATED
from vdata_assets.samples.patterns import PRINTS
from vdata_assets.samples.products import KINDS
from vdata_assets.samples.render import check_side
from vdata_assets.samples.schema import NEAR_DUPLICATE, OTHER_CLASS, ClassTruth
from vdata_assets.samples.variants import Concept, concepts_of, picture
from vdata_resources.parallel import ordered_map
from vdata_resources.progress import Progress

PRODUCTS = 12
CUT_SHARE, BRIGHTER = 1 / 80, 1.06


@dataclass(frozen=True)
class ClassPlan:
    """What a class shows.

    Attributes:
        kind: a name in ``products.KINDS``.
        shape: the one of the kind's shapes that makes the class.
        images: how many pictures.
        colours: those that it comes in; empty for all of the kind's.
    """

    kind: str
    shape: str
    images: int
    colours: tuple[str, ...] = ()


# Names for which "a" or "an" cannot be told from the first letter, with spaces and accents; lamps, mugs and
# vases come in two classes each that are easily mistaken for one another.
CLASSES = {
    "Hourglass Vase": ClassPlan("vase", "flared", 1),
    "Écru Lamp": ClassPlan("lamp", "drum", 2, ("cream",)),
    "Utility Lamp": ClassPlan("lamp", "dome", 5),
    "Toy Robot": ClassPlan("toy robot", "square", 12),
    "Espresso Cup": ClassPlan("mug", "straight", 20),
    "Café Mug": ClassPlan("mug", "wide", 30),
    "Amphora": ClassPlan("vase", "amphora", 40),
    "Upright Cushion": ClassPlan("cushion", "tall", 60),
}
# Further files that are made of sound ones: path, what it is made of, what is wrong with it.
FLAWED = (
    ("Amphora/000 brighter.jpg", "Amphora/000.jpg", NEAR_DUPLICATE),
    ("Espresso Cup/by mistake.jpg", "Café Mug/000.jpg", OTHER_CLASS),
    ("Toy Robot/truncated.jpg", "Toy Robot/000.jpg", TRUNCATED),
    ("Upright Cushion/000 (copy).jpg", "Upright Cushion/000.jpg", DUPLICATE),
)


def write_class_images(
    root: Path,
    *,
    images: Mapping[str, int] | None = None,
    seed: int = DEMO_SEED,
    size: int = 160,
    flaws: bool = False,
    workers: int | None = None,
    log: Callable[[str], object] = lambda line: None,
) -> dy.DataFrame[ClassTruth]:
    """Draw a folder of JPEG files for every class.

    The tree appears complete or not at all; the same bytes for the same seed. A further picture or class
    changes no other file, and neither do flaws.

    Args:
        root: folder to make; it must not exist or be empty.
        images: how many of which classes of :data:`CLASSES`; by default all, of 1 to 60 pictures.
        seed: of all choices.
        size: of the square pictures in pixels, a multiple of 4.
        flaws: add a near-duplicate, a copy in another class, a JPEG that ends half way and a copy.
        workers: threads, by default one a core; the files do not depend on it.
        log: takes a line of progress every few seconds.

    Returns:
        A table of all files, ordered by path.

    Raises:
        FileExistsError: if there is something at ``root``.
        ValueError: for an unknown class, a number out of range, or flaws without the classes they are put in.
    """
    root = root.resolve()
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise FileExistsError(f"{root} is not an empty folder: name another, or remove it first")
    check_side(size)
    counts = {name: plan.images for name, plan in CLASSES.items()} if images is None else dict(images)
    _check(counts, flaws)
    staging = root.with_name(f".{root.name}.partial")
    if staging.exists():
        shutil.rmtree(staging)
    for name in counts:
        (staging / name).mkdir(parents=True)
    progress = Progress("sample classes", sum(counts.values()), "images", log)
    rows: dict[str, dict[str, object]] = {}

    def draw(item: tuple[str, Concept, range]) -> list[dict[str, object]]:
        return list(_write_product(staging, *item, seed=seed, size=size))

    for written in ordered_map(draw, _work(counts, seed), workers):
        rows |= {str(row["path"]): row for row in written}
        progress.advance(len(written))
    for path, source, flaw in FLAWED if flaws else ():
        (staging / path).write_bytes(_spoilt(staging / source, flaw))
        rows[path] = {**rows[source], "path": path, "class": _folder(path), "copy_of": source, "flaw": flaw}
    table = pl.DataFrame(list(rows.values()), schema=ClassTruth.create_empty().schema)
    truth = ClassTruth.validate(table.sort("path"))
    os.replace(staging, root)
    return truth


def _check(counts: Mapping[str, int], flaws: bool) -> None:
    """Raise ValueError unless the classes are known and can be drawn as asked."""
    for name, count in counts.items():
        if name not in CLASSES:
            raise ValueError(f"images: unknown class {name!r}; known are {', '.join(CLASSES)}")
        if count < 1:
            raise ValueError(f"images: {count} of {name!r} asked for, must be at least 1")
    needed = {_folder(path) for flaw in FLAWED for path in flaw[:2]}
    if flaws and not needed <= counts.keys():
        raise ValueError(f"flaws: need the classes {', '.join(sorted(needed))}, not only {', '.join(counts)}")


def _folder(path: str) -> str:
    return path.partition("/")[0]


def _work(counts: Mapping[str, int], seed: int) -> Iterator[tuple[str, Concept, range]]:
    """Every product of every class with the numbers of its pictures; pictures take the products in turn."""
    for name, count in counts.items():
        products = products_of(name, seed)
        for place, product in enumerate(products[:count]):
            yield name, product, range(place, count, len(products))


def products_of(name: str, seed: int) -> list[Concept]:
    """The products of a class, at most 12: its shape in other colours and patterns, in a seeded order."""
    plan = CLASSES[name]
    kind = KINDS[plan.kind]
    every = concepts_of(plan.kind, len(kind.shapes) * len(kind.colours) * len(PRINTS), seed)
    colours = plan.colours or kind.colours
    fitting = (each for each in every if each.shape == plan.shape and each.look.colour in colours)
    return list(islice(fitting, PRODUCTS))


def _write_product(
    root: Path, name: str, product: Concept, numbers: range, *, seed: int, size: int
) -> Iterator[dict[str, object]]:
    """Write a product's pictures, and yield their rows of the truth."""
    solid = product.solid(seed)
    for view, number in enumerate(numbers):
        path = f"{name}/{number:03}.jpg"
        image = Image.fromarray(picture(product, solid, view, seed, size).image)
        image.save(root / path, **SAVE_OPTIONS["jpg"])
        yield {
            "path": path,
            "class": name,
            "kind": product.category,
            "shape": product.shape,
            **asdict(product.look),
            "copy_of": None,
            "flaw": None,
        }


def _spoilt(source: Path, flaw: str) -> bytes:
    """The file with a flaw that is made of a sound one."""
    data = source.read_bytes()
    if flaw == TRUNCATED:
        return data[: len(data) // 2]
    if flaw != NEAR_DUPLICATE:
        return data
    with Image.open(source) as image:
        edge = int(image.width * CUT_SHARE)
        cut = image.crop((edge, edge, image.width - edge, image.height - edge))
    buffer = io.BytesIO()
    ImageEnhance.Brightness(cut).enhance(BRIGHTER).save(buffer, **SAVE_OPTIONS["jpg"])
    return buffer.getvalue()
