"""The gallery as HTML. Native elements only: links step through it, and style alone filters it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from vdata_assets.attributes.settings import CATEGORY
from vdata_assets.reports import html_page
from vdata_assets.reports.gallery_content import NO_CATEGORY, Product, Query, Result, compared
from vdata_assets.reports.html_page import text
from vdata_assets.reports.names import one_line

SHORT = 80
PLACEHOLDER = "placeholder"
SIGNS = {"match": "✓", "differs": "✗", "unknown": "?"}
STYLE = """
nav ul, .results, .chips { list-style: none; margin: 0; padding: 0; display: flex; flex-wrap: wrap; }
nav ul { gap: .3rem 1rem; } .filter { margin: 1rem 0; } select { font: inherit; }
article { border-top: 1px solid #d9d9d9; padding: .8rem 0; scroll-margin-top: .5rem; }
.step { display: flex; gap: 1rem; margin: .2rem 0 .6rem; } .step span { color: #595959; }
.shown { display: grid; grid-template-columns: 9rem 1fr; gap: 1rem; }
.results { gap: 1rem; } .results li.result { width: 9rem; } .query { border-right: 2px solid #1a1a1a; }
.product { margin: .2rem 0; overflow-wrap: anywhere; } .scores { margin: .2rem 0; font-size: .85rem; }
.placeholder { display: flex; align-items: center; justify-content: center; width: 120px; min-height: 120px;
  background: #e8e8e8; border: 1px dashed #595959; font-size: .85rem; overflow-wrap: anywhere; }
.chips { gap: .2rem; font-size: .8rem; } .chips li { padding: 0 .4rem; border-radius: .6rem;
  border: 1px solid; overflow-wrap: anywhere; }
.match { background: #e0f5ee; color: #00523b; } .differs { background: #fdeadd; color: #8a3b00; }
.unknown { background: #f0f0f0; color: #4d4d4d; border-style: dashed !important; }
details, .text { font-size: .85rem; margin: .2rem 0; overflow-wrap: anywhere; }
@media (max-width: 40rem) { .shown { grid-template-columns: 1fr; } .query { border: 0; } }
@supports not selector(:has(a)) { .filter { display: none; } }
"""
HOW = (
    "Each query stands beside its best results. Scores are cosine similarities: fused is what results are "
    "ordered by, image and text are its parts. A chip says whether a result has the query's value; where "
    "either is unknown nothing is said."
)


@dataclass(frozen=True)
class Thumbnail:
    """A product's small picture.

    Attributes:
        data: a JPEG file, or None.
        size: width and height in pixels.
        reason: why there is none.
    """

    data: bytes | None
    size: tuple[int, int]
    reason: str


def gallery_page(
    shown: Sequence[Query],
    facets: Sequence[str],
    thumbnails: Mapping[str, Thumbnail],
    title: str,
    total: int,
) -> str:
    """The whole page.

    Text from outside is escaped; ids and links of the page are numbers.

    Args:
        shown: the queries, those of a category side by side.
        facets: what is compared.
        thumbnails: of all products that are shown.
        title: head line.
        total: how many queries the evaluation has.
    """
    sections = [(name, list(queries)) for name, queries in groupby(shown, lambda query: query.category)]
    links, options, rules, blocks = [], [], [], []
    first = 1
    for number, (name, queries) in enumerate(sections, start=1):
        label = f"{text(name)} ({len(queries):,})"
        links.append(f'<li><a href="#c{number}">{label}</a></li>')
        options.append(f'<option value="c{number}">{label}</option>')
        chosen = f'body:has(option[value="c{number}"]:checked)'
        rules.append(f"{chosen} section:not(#c{number}), {chosen} .across {{ display: none; }}")
        articles = [
            _article(
                query, first + place, len(shown), (place == 0, place == len(queries) - 1), facets, thumbnails
            )
            for place, query in enumerate(queries)
        ]
        first += len(queries)
        blocks.append(
            f'<section id="c{number}" aria-labelledby="c{number}-name" tabindex="-1">\n'
            f'<h2 id="c{number}-name"><bdi>{text(name)}</bdi></h2>\n' + "\n".join(articles) + "\n</section>"
        )
    body = (
        '<a class="skip" href="#queries">Skip to the queries</a>\n'
        f"<header>\n<h1>{text(title)}</h1>\n<p>{len(shown):,} of {total:,} queries, an equal share of each "
        f"category. {text(HOW)}</p>\n"
        f'<nav id="categories" aria-label="Categories" tabindex="-1"><ul>{"".join(links)}</ul></nav>\n'
        '<p class="filter"><label for="category">Show</label> <select id="category" autocomplete="off">'
        f'<option value="">all categories</option>{"".join(options)}</select></p>\n</header>\n'
        '<main id="queries" tabindex="-1">\n'
        + ("\n".join(blocks) or "<p>There is no query.</p>")
        + "\n</main>"
    )
    return html_page.page(title, body, STYLE + "\n".join(rules) + "\n")


def _article(
    query: Query,
    number: int,
    total: int,
    edges: tuple[bool, bool],
    facets: Sequence[str],
    thumbnails: Mapping[str, Thumbnail],
) -> str:
    """A query and its results; ``edges``: whether it is the first and the last of its category."""
    product = query.product
    known = "".join(
        f"<li>{text(facet)}: {text(value or 'unknown')}</li>" for facet, value in product.facets.items()
    )
    picture = _picture(product, "Query", thumbnails[product.product_id])
    results = "\n".join(
        _result(query, result, rank, facets, thumbnails[result.product.product_id])
        for rank, result in enumerate(query.results, start=1)
    )
    return (
        f'<article id="q{number}" aria-labelledby="q{number}-name" tabindex="-1">\n'
        f'<h3 id="q{number}-name">Query {number:,} of {total:,}: <bdi>{text(product.product_id)}</bdi></h3>\n'
        f'<p class="step">{_step("Previous", number - 1, number > 1, edges[0])} '
        f'{_step("Next", number + 1, number < total, edges[1])} <a href="#categories">Categories</a></p>\n'
        f'<div class="shown">\n<div class="query">{picture}{_text(product)}'
        f'<ul class="chips">{known}</ul></div>\n'
        f"<div><p>{text(_summary(query, facets))}</p>\n"
        f'<ol class="results">\n{results}\n</ol></div>\n</div>\n</article>'
    )


def _step(name: str, number: int, there: bool, across: bool) -> str:
    """A link to the query before or after; one into another category goes when only one is shown."""
    if not there:
        return f"<span>No {name.lower()} query</span>"
    kind = ' class="across"' if across else ""
    return f'<a{kind} href="#q{number}">{name} query</a>'


def _summary(query: Query, facets: Sequence[str]) -> str:
    """How many of the results match, by facet."""
    if not query.results:
        return "Nothing was found."
    parts = []
    for facet in facets:
        answers = [compared(query.product, result.product, facet) for result in query.results]
        unknown = f" ({answers.count('unknown')} unknown)" if "unknown" in answers else ""
        parts.append(f"{facet} {answers.count('match')}{unknown}")
    return f"Of {len(query.results)} results match: {', '.join(parts)}."


def _result(query: Query, result: Result, rank: int, facets: Sequence[str], thumbnail: Thumbnail) -> str:
    chips = []
    for facet in facets:
        answer = compared(query.product, result.product, facet)
        value = result.product.facets[facet]
        said = answer if value is None else f"{answer} ({value})"
        if answer == "unknown" and value is not None:
            said = f"unknown of the query ({value})"
        chips.append(f'<li class="{answer}">{SIGNS[answer]} {text(facet)}: {text(said)}</li>')
    words = "none" if result.text is None else f"{result.text:.3f}"
    return (
        f'<li class="result">{_picture(result.product, f"Result {rank}", thumbnail)}'
        f'<p class="product">{rank}. <bdi>{text(result.product.product_id)}</bdi></p>'
        f'<p class="scores">fused {result.fused:.3f}<br>image {result.image:.3f}<br>text {words}</p>'
        f'<ul class="chips">{"".join(chips)}</ul>{_text(result.product)}</li>'
    )


def _picture(product: Product, role: str, thumbnail: Thumbnail) -> str:
    """The picture, or a placeholder that says why there is none."""
    if thumbnail.data is None:
        return f'<div class="{PLACEHOLDER}">no picture: {text(thumbnail.reason)}</div>'
    width, height = thumbnail.size
    category = product.facets.get(CATEGORY) or NO_CATEGORY
    return html_page.picture(
        f"{role}: {category}, product {product.product_id}",
        thumbnail.data,
        f'width="{width}" height="{height}" loading="lazy" decoding="async"',
    )


def _text(product: Product) -> str:
    """The product's text; a long one opens on demand."""
    full = one_line(product.text or "")
    if not full:
        return '<p class="text">no text</p>'
    if len(full) <= SHORT:
        return f'<p class="text" dir="auto">{text(full)}</p>'
    short = f'<summary dir="auto">{text(full[: SHORT - 1])}…</summary>'
    return f'<details>{short}<p dir="auto">{text(full)}</p></details>'
