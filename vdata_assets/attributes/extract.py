"""What texts say of their products' attributes, with the words that say it."""

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from vdata_assets.attributes.reading import Claim, Reader
from vdata_assets.attributes.rules import AttributeRules, TagRules
from vdata_assets.attributes.settings import UNKNOWN
from vdata_assets.attributes.words import Words
from vdata_resources.progress import Progress

FROM_TEXT = "text"
Said = list[tuple[int, int, int]]
"""Of one attribute of one text, the primary tag first: tag, start and end of its evidence in characters."""


def extract(
    texts: Sequence[str | None],
    categories: Sequence[str | None],
    rules: AttributeRules,
    log: Callable[[str], object] = lambda line: None,
) -> pl.DataFrame:
    """Read the attributes of products from their texts.

    Args:
        texts: one a product; None: there is none.
        categories: one a product, which tells of what kind of thing the product is; None: the text tells.
        rules: what has to be said for a tag.
        log: where progress goes.

    Returns:
        One row a text, in order, with ``<name>``, ``<name>_tags`` and ``<name>_evidence`` for every attribute
        of the rules, as :class:`~vdata_assets.attributes.schema.Attributes` says. Tags are ordered by
        priority, then by where they are said first; those of details come last.
    """
    if len(texts) != len(categories):
        raise ValueError(f"{len(texts)} texts and {len(categories)} categories")
    reader = Reader(rules)
    scopes = {category: reader.vocabulary.category_scope(category) for category in set(categories)}
    known: dict[tuple[str, int], list[Said]] = {}
    nothing: list[Said] = [[] for _ in rules.attributes]
    said: list[list[Said]] = []
    progress = Progress("read", len(texts), "texts", log)
    for text, category in zip(texts, categories, strict=True):
        if text is None:
            said.append(nothing)
        else:
            key = (text, scopes[category])
            if key not in known:
                known[key] = _read(reader, rules, *key)
            said.append(known[key])
        progress.advance()
    columns: dict[str, pl.Series] = {}
    for at, name in enumerate(rules.attributes):
        columns |= _columns(name, rules.tags(name), texts, [row[at] for row in said])
    return pl.DataFrame(columns)


def _read(reader: Reader, rules: AttributeRules, text: str, scope: int) -> list[Said]:
    words = Words(text)
    by_attribute: list[list[Claim]] = [[] for _ in rules.attributes]
    for claim in reader.read(words, scope):
        by_attribute[claim.attribute].append(claim)
    return [
        [
            (claim.tag, words.start(claim.first), words.end(claim.last - 1))
            for claim in _ordered(claims, rule.tags)
        ]
        if claims
        else []
        for claims, rule in zip(by_attribute, rules.attributes.values(), strict=True)
    ]


def _ordered(claims: list[Claim], tags: Sequence[TagRules]) -> list[Claim]:
    """The first claim of every tag, in the tags' order; none where all are of details."""
    first: dict[int, Claim] = {}
    for claim in sorted(claims, key=lambda claim: (claim.detail, tags[claim.tag].priority, claim.first)):
        first.setdefault(claim.tag, claim)
    ordered = list(first.values())
    return [] if ordered[0].detail else ordered


def _columns(
    name: str, tags: list[str], texts: Sequence[str | None], said: list[Said]
) -> dict[str, pl.Series]:
    """The three columns of an attribute."""
    offsets = np.zeros(len(said) + 1, np.int64)
    np.cumsum([len(row) for row in said], out=offsets[1:])
    found = [tags[tag] for row in said for tag, _, _ in row]
    evidence = pa.StructArray.from_arrays(
        [
            pa.array(found, pa.large_string()),
            pa.array([start for row in said for _, start, _ in row], pa.uint32()),
            pa.array([end for row in said for _, _, end in row], pa.uint32()),
            pa.array(
                [
                    str(text)[start:end]
                    for text, row in zip(texts, said, strict=True)
                    for _, start, end in row
                ],
                pa.large_string(),
            ),
            pa.array([FROM_TEXT] * len(found), pa.large_string()),
        ],
        ["tag", "start", "end", "text", "source"],
    )
    return {
        name: pl.Series(name, [tags[row[0][0]] if row else UNKNOWN for row in said], pl.String),
        f"{name}_tags": _lists(offsets, pa.array(found, pa.large_string())),
        f"{name}_evidence": _lists(offsets, evidence),
    }


def _lists(offsets: NDArray[np.int64], values: pa.Array) -> pl.Series:
    series = pl.from_arrow(pa.LargeListArray.from_arrays(pa.array(offsets), values))
    assert isinstance(series, pl.Series)  # noqa: S101  (an array becomes a series, a table a frame)
    return series
