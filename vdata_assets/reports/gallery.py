"""The gallery: queries and what they found, with pictures, scores and what matches, as one page."""

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
from PIL import Image

from vdata_assets.evaluation.checks import GALLERY_COMPLETE
from vdata_assets.quality.findings import Finding
from vdata_assets.reports.embed import encoded
from vdata_assets.reports.gallery_content import contents, drawn_queries
from vdata_assets.reports.gallery_page import PLACEHOLDER, Thumbnail, gallery_page
from vdata_resources.images import UnreadableImage, load_rgb
from vdata_resources.parallel import ordered_map
from vdata_resources.progress import Progress

FILE = "gallery.html"
TOP = 10
WIDTH, HEIGHT = 120, 160
THUMBNAIL_BYTES = 6_000


@dataclass(frozen=True)
class Gallery:
    """What was drawn for a gallery.

    Attributes:
        wanted: how many queries were asked for.
        drawn: ids of its queries, in the page's order.
        unreadable: product -> why its picture is not there.
    """

    wanted: int
    drawn: tuple[str, ...]
    unreadable: dict[str, str]


def write_gallery(
    products: pl.DataFrame,
    per_query: pl.DataFrame,
    *,
    picture_of: Callable[[str], Path | None],
    facets: Sequence[str],
    out: Path,
    title: str,
    seed: int,
    queries: int = 100,
    log: Callable[[str], object],
) -> Gallery:
    """Write ``gallery.html``: a page that stands alone, for a browser, with or without a mouse.

    Args:
        products: ``product_id``, ``text`` and a String column a facet (null or ``unknown``: unknown) of
            queries and results.
        per_query: PerQuery of the evaluation.
        picture_of: product id -> its picture's file, None if there is none.
        facets: the category and the attributes that are compared.
        out: folder; it exists.
        title: head line.
        seed: decides which queries are shown.
        queries: how many at most, an equal share for every category.
        log: where progress goes.

    Raises:
        ValueError: products lack a column.
    """
    drawn = drawn_queries(per_query, queries, seed)
    shown = list(contents(products, per_query, drawn, facets, TOP))
    ids = dict.fromkeys(product.product_id for query in shown for product in query.products)
    thumbnails = _thumbnails(ids, picture_of, log)
    page = gallery_page(shown, facets, thumbnails, title, per_query.height)
    (out / FILE).write_text(page, encoding="utf-8")
    unreadable = {name: found.reason for name, found in thumbnails.items() if found.data is None}
    return Gallery(queries, tuple(drawn), unreadable)


def _thumbnails(
    ids: Iterable[str], picture_of: Callable[[str], Path | None], log: Callable[[str], object]
) -> Mapping[str, Thumbnail]:
    """A small picture of every product, or why there is none."""
    files = {product_id: picture_of(product_id) for product_id in ids}
    progress = Progress("gallery", len(files), "pictures", log)
    found = {}
    for product_id, thumbnail in zip(files, ordered_map(thumbnail_of, files.values()), strict=True):
        found[product_id] = thumbnail
        progress.advance()
    return found


def thumbnail_of(file: Path | None) -> Thumbnail:
    """The picture within 120 x 160 pixels as a JPEG file of at most 6 kB, or why there is none."""
    if file is None:
        return Thumbnail(None, (WIDTH, WIDTH), "no picture")
    try:
        image = load_rgb(file, min_side=HEIGHT)
    except UnreadableImage as unreadable:
        return Thumbnail(None, (WIDTH, WIDTH), unreadable.reason)
    image.thumbnail((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    data = encoded(image, THUMBNAIL_BYTES)
    with Image.open(io.BytesIO(data)) as made:
        return Thumbnail(data, made.size, "")


def audit_gallery(gallery: Gallery, per_query: pl.DataFrame, folder: Path) -> list[Finding]:
    """Answer every check of ``GALLERY_CHECKS`` by reading the page again.

    Args:
        gallery: what was drawn.
        per_query: PerQuery of the evaluation.
        folder: where the page lies.
    """
    reader = _PageReader()
    reader.feed((folder / FILE).read_text(encoding="utf-8"))
    reader.close()
    length = pl.col("results").list.head(TOP).list.len()
    results = dict(per_query.select("query_id", length).iter_rows())
    wanted = min(gallery.wanted, per_query.height)
    offenders = [] if wanted else ["no query"]
    if len(set(gallery.drawn)) != wanted:
        offenders.append(f"{len(set(gallery.drawn))} queries drawn of {wanted} wanted")
    for number, query_id in enumerate(gallery.drawn, start=1):
        places = sum(reader.places.get(f"q{number}", (0, 0)))
        if places != 1 + results[query_id]:
            offenders.append(f"query {query_id}: {places} places for it and its {results[query_id]} results")
    offenders += [f"{product_id}: {reason}" for product_id, reason in sorted(gallery.unreadable.items())]
    absent = sum(placeholders for _, placeholders in reader.places.values())
    return [
        GALLERY_COMPLETE.finding(
            f"{len(reader.places):,} of {len(gallery.drawn):,} drawn queries are shown; {absent:,} places "
            f"have no picture, of {len(gallery.unreadable):,} products",
            offenders,
            {"queries": len(reader.places), "without_picture": absent},
        )
    ]


class _PageReader(HTMLParser):
    """Counts embedded pictures and placeholders within every article, by its id."""

    def __init__(self) -> None:
        super().__init__()
        self.places: dict[str, tuple[int, int]] = {}
        self._article = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Count a place."""
        given = dict(attrs)
        if tag == "article":
            self._article = given.get("id") or ""
            self.places[self._article] = (0, 0)
        elif self._article:
            pictures, placeholders = self.places[self._article]
            pictures += tag == "img" and (given.get("src") or "").startswith("data:image/")
            placeholders += given.get("class") == PLACEHOLDER
            self.places[self._article] = (pictures, placeholders)

    def handle_endtag(self, tag: str) -> None:
        """Leave an article."""
        if tag == "article":
            self._article = ""
