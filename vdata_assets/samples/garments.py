"""A small fashion shop for attribute retrieval: garments with pictures and texts that are known exactly."""

import io
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import dataframely as dy
import polars as pl

from vdata_assets.samples.concepts import DEMO_SEED
from vdata_assets.samples.flaws import DUPLICATE, TRUNCATED
from vdata_assets.samples.garment_drawing import drawn
from vdata_assets.samples.garment_kinds import Article, article
from vdata_assets.samples.garment_texts import ATTRIBUTES, written
from vdata_assets.samples.schema import EMPTY_CATEGORY, MISSING, REPEATED_ID, UNKNOWN_FORMAT, GarmentTruth
from vdata_assets.seeding import seeded_order, seeded_uniform
from vdata_resources.parallel import ordered_map
from vdata_resources.progress import Progress

ARTICLES = 480
LOTS = ("lot_a", "lot_b", "lot_c", "lot_d", "lot_e", "lot_f")
# Names of views with their numbers in ids, as in DeepFashion-MultiModal.
VIEWS = (("front", "1"), ("side", "2"), ("back", "3"), ("full", "4"), ("additional", "7"))
JPEG_QUALITY = 90
ROWS_PER_FLAW = 60
# Each kind of flaw is there at least once, in a row of its own.
FLAW_KINDS = (MISSING, TRUNCATED, EMPTY_CATEGORY, UNKNOWN_FORMAT, REPEATED_ID, DUPLICATE)
FEWEST_WITH_FLAWS = 12
# A picture that programs for photographers open; vdata reads plain raster formats only.
PHOTOSHOP = b"8BPS\0\1" + bytes(6) + b"\0\3\0\0\0\x80\0\0\0\x60\0\x08\0\3" + bytes(12)
COLUMNS = ("item_ID", "image", "category2", "text", "colour", "lot")


@dataclass(frozen=True)
class PlannedRow:
    """One row of the table, and its picture.

    Attributes:
        product_id: in the form of DeepFashion-MultiModal.
        path: of the picture, POSIX, relative to the root.
        article: what it shows.
        listed: number of the article in its id: another one for a picture that is shown twice.
        variant: position in the article's colours.
        picture: number of the picture among the article's, from 0.
        view: name of the view.
        flaw: what is wrong with it.
    """

    product_id: str
    path: str
    article: Article
    listed: int
    variant: int
    picture: int
    view: str
    flaw: str | None = None

    @property
    def key(self) -> str:
        """What its drawing and its text depend on beside the article."""
        return f"{self.picture} {REPEATED_ID}" if self.flaw == REPEATED_ID else str(self.picture)


def write_garment_samples(
    root: Path,
    *,
    articles: int = ARTICLES,
    seed: int = DEMO_SEED,
    flaws: bool = False,
    workers: int | None = None,
    log: Callable[[str], object] = lambda line: None,
) -> dy.DataFrame[GarmentTruth]:
    """Draw garments of 12 categories in 1 to 3 views, and write ``products.csv`` and ``images/*.jpg``.

    The CSV has the columns item_ID, image, category2, text, colour and lot. Colour is true; lot is drawn for
    each row and says nothing of anything. The folder appears complete or not at all; the same bytes for the
    same seed.

    Args:
        root: folder to make; it must not exist or be empty.
        articles: how many; about twice as many pictures. A larger number only appends.
        seed: of all choices.
        flaws: spoil about one row in 60; see :class:`~vdata_assets.samples.schema.GarmentTruth`. All other
            rows and files are the same without.
        workers: threads, by default one a core; the files do not depend on it.
        log: takes a line of progress every few seconds.

    Returns:
        What is true of every row of the CSV, in its order.

    Raises:
        FileExistsError: if there is something at ``root``.
        ValueError: if ``articles`` is not positive, or too small for flaws.
    """
    fewest = FEWEST_WITH_FLAWS if flaws else 1
    if articles < fewest:
        raise ValueError(f"articles: {articles}, must be at least {fewest}{' with flaws' if flaws else ''}")
    root = root.resolve()
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise FileExistsError(f"{root} is not an empty folder: name another, or remove it first")
    staging = root.with_name(f".{root.name}.partial")
    if staging.exists():
        shutil.rmtree(staging)
    (staging / "images").mkdir(parents=True)
    plans = planned(articles, seed)
    if flaws:
        plans = flawed(plans, articles, seed)
    progress = Progress("sample garments", len(plans), "pictures", log)
    for _ in ordered_map(lambda plan: _write_picture(staging, plan, seed), plans, workers, chunk=4):
        progress.advance()
    rows = [truth_of(number, plan, seed) for number, plan in enumerate(plans)]
    truth = GarmentTruth.validate(pl.DataFrame(rows, schema=GarmentTruth.create_empty().schema))
    (staging / "products.csv").write_bytes(_table(truth))
    os.replace(staging, root)
    return truth


def planned(articles: int, seed: int) -> list[PlannedRow]:
    """The sound rows, article by article."""
    plans = []
    for number in range(1, articles + 1):
        its = article(number, seed)
        for picture, view in enumerate(_views(its, seed)):
            variant = its.variant_of(picture)
            product_id = _product_id(its, number, variant, view[0])
            plans.append(PlannedRow(product_id, _path(product_id), its, number, variant, picture, view[0]))
    return plans


def _views(its: Article, seed: int) -> list[tuple[str, str]]:
    """The front, and further views in the order of their numbers."""
    draws = its.draws(seed)
    more = sorted(VIEWS[1:], key=lambda view: draws.uniform(f"view-{view[0]}", 0, 1))[: its.views - 1]
    return [VIEWS[0], *sorted(more, key=lambda view: view[1])]


def _product_id(its: Article, listed: int, variant: int, view: str) -> str:
    who = "WOMEN" if its.women else "MEN"
    return f"{who}-{its.category}-id_{listed:08}-{variant + 1:02}_{dict(VIEWS)[view]}_{view}"


def _path(product_id: str, suffix: str = ".jpg") -> str:
    return f"images/{product_id}{suffix}"


def flawed(plans: list[PlannedRow], articles: int, seed: int) -> list[PlannedRow]:
    """The rows with some of them spoilt, and further ones with a repeated id or another's picture."""
    count = max(len(FLAW_KINDS), round(len(plans) / ROWS_PER_FLAW))
    rows = {plan.product_id: place for place, plan in enumerate(plans)}
    chosen = [rows[key] for key in seeded_order(seed, "samples-garment-flaw", rows)[:count]]
    spoilt, more = list(plans), []
    for number, place in enumerate(chosen):
        plan, flaw = plans[place], FLAW_KINDS[number % len(FLAW_KINDS)]
        if flaw == REPEATED_ID:
            more.append(replace(plan, path=_path(plan.product_id, "_again.jpg"), flaw=flaw))
        elif flaw == DUPLICATE:
            listed = articles + 1 + number
            product_id = _product_id(plan.article, listed, plan.variant, plan.view)
            path = _path(product_id)
            more.append(replace(plan, listed=listed, product_id=product_id, path=path, flaw=flaw))
        elif flaw == UNKNOWN_FORMAT:
            spoilt[place] = replace(plan, path=_path(plan.product_id, ".psd"), flaw=flaw)
        else:
            spoilt[place] = replace(plan, flaw=flaw)
    return [*spoilt, *more]


def _write_picture(root: Path, plan: PlannedRow, seed: int) -> None:
    if plan.flaw == MISSING:
        return
    if plan.flaw == UNKNOWN_FORMAT:
        (root / plan.path).write_bytes(PHOTOSHOP)
        return
    buffer = io.BytesIO()
    picture = drawn(plan.article, plan.variant, plan.view, plan.key, seed)
    picture.save(buffer, "JPEG", quality=JPEG_QUALITY)
    data = buffer.getvalue()
    (root / plan.path).write_bytes(data[: len(data) // 2] if plan.flaw == TRUNCATED else data)


def truth_of(number: int, plan: PlannedRow, seed: int) -> dict[str, object]:
    """What is true of the ``number``-th row, by column of GarmentTruth; nothing is drawn for it."""
    its, words = plan.article, written(plan.article, plan.variant, plan.key, seed)
    lot = LOTS[int(seeded_uniform(seed, "samples-lot", str(plan.listed), plan.key) * len(LOTS))]
    return {
        "row": number,
        "product_id": plan.product_id,
        "path": plan.path,
        "article": plan.listed,
        "variant": plan.variant + 1,
        "view": plan.view,
        "category": its.category,
        "text": words.text,
        **words.said,
        **{f"true_{name}": getattr(its, name) for name in ATTRIBUTES},
        "colour": its.colours[plan.variant][0],
        "lot": lot,
        "flaw": plan.flaw,
    }


def _table(truth: dy.DataFrame[GarmentTruth]) -> bytes:
    """The CSV that a shop would export."""
    category = pl.when(pl.col("flaw").cast(pl.String) == EMPTY_CATEGORY).then(None).otherwise("category")
    columns = ["product_id", "path", "category", "text", "colour", "lot"]
    table = truth.with_columns(category.alias("category")).select(
        pl.col(name).alias(header) for name, header in zip(columns, COLUMNS, strict=True)
    )
    return table.write_csv(quote_style="necessary").encode()
