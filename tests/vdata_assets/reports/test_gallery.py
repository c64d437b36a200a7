"""The gallery shows every drawn query with its results, to anyone, and runs nothing that it shows."""

import base64
import re
from collections import Counter
from collections.abc import Callable
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest
from gallery_lab import found, make_products
from hypothesis import given
from hypothesis import strategies as st

from vdata_assets.quality.findings import Finding, Status
from vdata_assets.reports.gallery import Gallery, audit_gallery, thumbnail_of, write_gallery
from vdata_assets.reports.gallery_content import Product, Result, compared, contents, drawn_queries

FACETS = ("category", "material")
HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(2)> &amp; \u202eexe\x07 ' javascript:"
VOID = {"meta", "img", "br", "link", "input"}


class Page(HTMLParser):
    """The page's elements, its text, and whether every element is closed where it should be."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs)
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def gallery(tmp_path: Path) -> Callable[..., tuple[Page, Gallery, Finding]]:
    """Write a gallery; its page, what was drawn, and the audit's answer."""

    def write(products: pl.DataFrame, per_query: pl.DataFrame | None = None, **options):
        per_query = found(products) if per_query is None else per_query
        given_: dict = {
            "picture_of": lambda product_id: tmp_path / f"{product_id}.png",
            "facets": FACETS,
            "title": "Gallery",
            "seed": 1,
            "log": print,
        }
        made = write_gallery(products, per_query, out=tmp_path, **given_ | options)
        (finding,) = audit_gallery(made, per_query, tmp_path)
        assert finding.name == "gallery_complete"
        return Page((tmp_path / "gallery.html").read_text(encoding="utf-8")), made, finding

    return write


def test_every_drawn_query_stands_with_its_ten_results(tmp_path: Path, gallery) -> None:
    products = make_products(tmp_path, {"jeans": 12, "tops": 3})
    page, made, finding = gallery(products)
    assert (finding.status, finding.message) == (
        Status.PASSED,
        "15 of 15 drawn queries are shown; 0 places have no picture, of 0 products",
    )
    assert [attributes["id"] for attributes in page.all("article")] == [f"q{n}" for n in range(1, 16)]
    assert len(page.all("img")) == 15 * 11
    assert {image["loading"] for image in page.all("img")} == {"lazy"}
    assert page.all("img")[0]["alt"] == "Query: jeans, product jeans-000"
    assert made.drawn == tuple(products["product_id"])


def test_the_page_loads_nothing_and_allows_no_script(tmp_path: Path, gallery) -> None:
    page, *_ = gallery(make_products(tmp_path, {"jeans": 3}, HOSTILE))
    (policy,) = (meta["content"] for meta in page.all("meta") if "http-equiv" in meta)
    source = (tmp_path / "gallery.html").read_text(encoding="utf-8")
    (style,) = re.findall(r"<style>(.*?)</style>", source, re.DOTALL)
    digest = base64.b64encode(sha256(style.encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    names = {tag for tag, _ in page.elements}
    assert not names & {"script", "iframe", "object", "embed", "link", "form", "base"}
    for _, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        assert (attributes.get("src") or "data:image/").startswith("data:image/")
        assert (attributes.get("href") or "#").startswith("#")


def test_markup_in_what_is_shown_is_text(tmp_path: Path, gallery) -> None:
    products = make_products(tmp_path, {"jeans": 3}, HOSTILE).with_columns(category=pl.lit(HOSTILE))
    page, *_ = gallery(products, title=HOSTILE)
    shown = "\"><script>alert(1)</script><img src=x onerror=alert(2)> &amp; \ufffdexe\ufffd ' javascript:"
    assert page.text.count(shown) >= 2 + 3
    assert shown in (page.all("img")[0]["alt"] or "")
    assert "\u202e" not in "".join(page.text)


@given(text=st.text(max_size=200))
def test_any_text_stays_text(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("any")
    products = pl.DataFrame(
        {"product_id": ["1", text + "2"], "text": text, "category": text, "material": text}
    )
    write_gallery(
        products, found(products), picture_of=lambda _: None, facets=FACETS, out=folder, title=text, seed=1,
        log=print,
    )  # fmt: skip
    page = Page((folder / "gallery.html").read_text(encoding="utf-8"))
    assert len(page.all("article")) == 2
    assert not {"script", "b"} & {tag for tag, _ in page.elements}


def test_what_matches_is_said_in_words(tmp_path: Path, gallery) -> None:
    products = make_products(tmp_path, {"jeans": 6, "tops": 1})
    per_query = found(products, ["jeans-003", "jeans-001", "jeans-002", "tops-000"]).head(1)
    page, *_ = gallery(products, per_query)
    said = "".join(page.text)
    assert "Of 4 results match: category 3, material 2 (1 unknown)." in said
    for chip in (
        "✓ category: match (jeans)",
        "✗ material: differs (wool)",
        "? material: unknown",
        "text none",
    ):
        assert chip in said
    page, *_ = gallery(products, found(products, ["jeans-000"]).slice(2, 1))
    assert "? material: unknown of the query (denim)" in "".join(page.text)


def test_the_page_can_be_walked_by_keyboard(tmp_path: Path, gallery) -> None:
    page, *_ = gallery(make_products(tmp_path, {"jeans": 2, "tops": 2}))
    ids = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    links = [(attributes["href"] or "").removeprefix("#") for attributes in page.all("a")]
    assert set(links) <= ids
    # Skip link, categories, and for each query the one before, the one after and the categories.
    assert links == [
        *("queries", "c1", "c2"),
        *("q2", "categories"),
        *("q1", "q3", "categories"),
        *("q2", "q4", "categories"),
        *("q3", "categories"),
    ]
    across = [attributes["href"] for attributes in page.all("a") if attributes.get("class") == "across"]
    assert across == ["#q3", "#q2"]
    assert [option["value"] for option in page.all("option")] == ["", "c1", "c2"]
    assert [tag for tag, _ in page.elements if tag in ("h1", "h2", "h3")] == ["h1", *["h2", "h3", "h3"] * 2]
    (label,) = page.all("label")
    assert label["for"] in ids


@pytest.mark.parametrize(
    ("text", "summaries", "said"),
    [
        pytest.param(None, 0, "no text", id="none"),
        pytest.param(" \n", 0, "no text", id="blank"),
        pytest.param("short", 0, "short", id="short"),
        pytest.param("word " * 100 + "end", 8, "word " * 100 + "end", id="long, whole on demand"),
    ],
)
def test_a_text_is_there_in_full(tmp_path: Path, gallery, text, summaries: int, said: str) -> None:
    products = make_products(tmp_path, {"jeans": 3}, text)
    page, *_ = gallery(products, found(products, ["jeans-000"]).head(4))
    assert len(page.all("summary")) == min(summaries, 6)
    assert said in page.text


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        pytest.param(lambda file: file.unlink(), "cannot be read: No such file or directory", id="no file"),
        pytest.param(lambda file: file.write_bytes(b""), "the file is empty", id="empty"),
        pytest.param(
            lambda file: file.write_bytes(b"<script>"),
            "not an image in a known format (starts with 3c 73 63 72 69 70 74 3e)",
            id="no picture",
        ),
    ],
)
def test_an_unreadable_picture_leaves_a_place_that_says_so(tmp_path: Path, gallery, spoil, reason) -> None:
    products = make_products(tmp_path, {"jeans": 3})
    spoil(tmp_path / "jeans-001.png")
    page, made, finding = gallery(products)
    assert made.unreadable == {"jeans-001": reason}
    assert (finding.status, finding.offenders) == (Status.WARNING, (f"jeans-001: {reason}",))
    assert finding.message == "3 of 3 drawn queries are shown; 3 places have no picture, of 1 products"
    assert page.text.count(f"no picture: {reason}") == 3


def test_a_product_without_a_picture_or_a_row_leaves_a_place(tmp_path: Path, gallery) -> None:
    products = make_products(tmp_path, {"jeans": 2})
    _, _, finding = gallery(products, found(products, ["gone"]), picture_of=lambda _: None)
    assert finding.offenders == ("gone: no picture", "jeans-000: no picture", "jeans-001: no picture")


def test_a_page_that_lost_a_query_or_a_result_is_found(tmp_path: Path, gallery) -> None:
    products = make_products(tmp_path, {"jeans": 3})
    _, made, _ = gallery(products)
    file = tmp_path / "gallery.html"
    file.write_text(re.sub(r'<article id="q2".*?</article>', "", file.read_text(), flags=re.DOTALL))
    (finding,) = audit_gallery(made, found(products), tmp_path)
    assert finding.offenders == ("query jeans-001: 0 places for it and its 2 results",)
    fewer = Gallery(3, made.drawn[:2], {})
    (finding,) = audit_gallery(fewer, found(products), tmp_path)
    assert finding.offenders[0] == "2 queries drawn of 3 wanted"


def test_no_query_gives_a_page_and_a_hit(tmp_path: Path, gallery) -> None:
    products = make_products(tmp_path, {"jeans": 3})
    page, _, finding = gallery(products, found(products).clear())
    assert "There is no query." in page.text
    assert (finding.status, finding.offenders) == (Status.WARNING, ("no query",))


def test_products_without_a_column_are_refused(tmp_path: Path, gallery) -> None:
    products = make_products(tmp_path, {"jeans": 3}).drop("material")
    with pytest.raises(ValueError, match="material") as caught:
        gallery(products)
    assert str(caught.value) == "products have no column 'material', only product_id, text, category"


def test_the_page_is_the_same_every_time(tmp_path: Path, gallery) -> None:
    products = make_products(tmp_path, {"jeans": 20, "tops": 20})
    gallery(products, queries=9)
    first = (tmp_path / "gallery.html").read_bytes()
    gallery(products.reverse(), found(products).reverse(), queries=9)
    assert (tmp_path / "gallery.html").read_bytes() == first


def queries(**sizes: int) -> pl.DataFrame:
    rows = [(f"{name}{number:03}", name) for name, size in sizes.items() for number in range(size)]
    return pl.DataFrame(
        rows, schema={"query_id": pl.String, "category": pl.String}, orient="row"
    ).with_columns(pl.col("category").replace("unknown", None))


@pytest.mark.parametrize(
    ("sizes", "wanted", "shares"),
    [
        pytest.param({"a": 50, "b": 500}, 20, {"a": 10, "b": 10}, id="equal shares"),
        pytest.param({"a": 3, "b": 500}, 20, {"a": 3, "b": 17}, id="a small category gives what it has"),
        pytest.param({"a": 3, "unknown": 9}, 6, {"a": 3, "u": 3}, id="the unknown category has a share"),
        pytest.param({"a": 3, "b": 2}, 100, {"a": 3, "b": 2}, id="all there are"),
        pytest.param({}, 100, {}, id="none"),
    ],
)
def test_every_category_has_an_equal_share(sizes: dict[str, int], wanted: int, shares) -> None:
    assert Counter(name[0] for name in drawn_queries(queries(**sizes), wanted, seed=1)) == shares


def test_one_more_product_replaces_at_most_one_query() -> None:
    table = queries(a=40, b=40)
    drawn = set(drawn_queries(table, 20, seed=1))
    for left_out in range(table.height):
        fewer = table.with_row_index().filter(pl.col("index") != left_out)
        assert len(drawn - set(drawn_queries(fewer, 20, seed=1))) <= 1
    assert drawn != set(drawn_queries(table, 20, seed=2))


@pytest.mark.parametrize(
    ("one", "other", "answer"),
    [
        ("wool", "wool", "match"),
        ("wool", "denim", "differs"),
        (None, "wool", "unknown"),
        (None, None, "unknown"),
    ],
)
def test_unknown_matches_nothing_not_even_unknown(one, other, answer: str) -> None:
    assert compared(Product("q", None, {"m": one}), Product("r", None, {"m": other}), "m") == answer


def test_results_keep_their_order_and_scores(tmp_path: Path) -> None:
    products = make_products(tmp_path, {"jeans": 4})
    (query,) = contents(products, found(products), ["jeans-002"], FACETS, 2)
    assert [type(result) for result in query.results] == [Result, Result]
    assert [(result.product.product_id, result.text is None) for result in query.results] == [
        ("jeans-000", False),
        ("jeans-001", True),
    ]
    assert query.product.facets == {"category": "jeans", "material": None}


def test_real_photos_become_small_pictures(test_data: Callable[[str], Path]) -> None:
    files = sorted((test_data("fashion-attributes") / "products" / "images").iterdir())[:20]
    thumbnails = [thumbnail_of(file) for file in files]
    assert all(thumbnail.data and len(thumbnail.data) <= 6000 for thumbnail in thumbnails)
    assert {thumbnail.size for thumbnail in thumbnails} == {(60, 80)}
