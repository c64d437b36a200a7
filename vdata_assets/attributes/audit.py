"""What is asked of attributes before they are published, over all rows."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from vdata_assets.attributes.checks import (
    ATTRIBUTES_COMPLETE,
    ATTRIBUTES_KNOWN,
    COLUMN_VALUES_KNOWN,
    EVIDENCE_STANDS,
)
from vdata_assets.attributes.extract import FROM_TEXT
from vdata_assets.attributes.rules import AttributeRules
from vdata_assets.attributes.settings import UNKNOWN, AttributeSettings
from vdata_assets.attributes.table import as_tag, cell_values
from vdata_assets.attributes.words import APOSTROPHE, Words
from vdata_assets.quality.findings import Finding

KNOWN_SHARE = 0.05
"""An attribute that is known of fewer products can be neither trained nor measured."""


def audit_attributes(
    table: pl.DataFrame,
    products: pl.DataFrame,
    values: Mapping[str, Sequence[str]],
    settings: AttributeSettings,
    rules: AttributeRules | None,
) -> list[Finding]:
    """Answer every check of ``ATTRIBUTE_CHECKS``, in that order.

    Args:
        table: of schema Attributes.
        products: of schema Products, with the columns that the settings name.
        values: by attribute, what it may be.
        settings, rules: those that the table was made with.
    """
    usable = products.filter(pl.col("reason").is_null())
    return [
        _complete(table, usable, values),
        _evidence_stands(table, usable, values, settings, rules),
        _column_values_known(usable, settings, rules),
        _known(table, values),
    ]


def _complete(table: pl.DataFrame, usable: pl.DataFrame, values: Mapping[str, Sequence[str]]) -> Finding:
    offenders = []
    ids, wanted = table["product_id"].to_list(), usable["product_id"].to_list()
    if ids != wanted:
        missing, extra = set(wanted) - set(ids), set(ids) - set(wanted)
        offenders += [f"{product}: missing" for product in wanted if product in missing]
        offenders += [f"{product}: not a usable product" for product in ids if product in extra]
        offenders += [f"{product}: {count} times" for product, count in Counter(ids).items() if count > 1]
        if not offenders:
            offenders.append("the products are in another order")
    for name, known in values.items():
        tags = pl.col(f"{name}_tags")
        sound = (
            pl.col(name).eq_missing(tags.list.first().fill_null(UNKNOWN))
            & tags.list.eval(pl.element().is_in(pl.Series(known, dtype=pl.String).implode())).list.all()
            & tags.list.n_unique().eq(tags.list.len())
        )
        wrong = table.filter(~sound.fill_null(False))
        offenders += [
            f"{product}: {name} {primary!r} of {found}"
            for product, primary, found in wrong.select("product_id", name, f"{name}_tags").iter_rows()
        ]
    return ATTRIBUTES_COMPLETE.finding(
        f"{table.height} rows for {usable.height} usable products, {len(values)} attributes", offenders
    )


def _evidence_stands(
    table: pl.DataFrame,
    usable: pl.DataFrame,
    values: Mapping[str, Sequence[str]],
    settings: AttributeSettings,
    rules: AttributeRules | None,
) -> Finding:
    """Every tag's evidence against the product's text or cell, read in another way than the rules do."""
    offenders: list[str] = []
    total = 0
    for name in values:
        evidence = pl.col(f"{name}_evidence")
        orders = table.filter(
            evidence.list.eval(pl.element().struct.field("tag")).ne_missing(pl.col(f"{name}_tags"))
        )
        offenders += [f"{product}: {name}: a tag without evidence" for product in orders["product_id"]]
        column = settings.columns.get(name)
        sources = usable.select("product_id", "text", cell=pl.lit(None) if column is None else column)
        rows = (
            table.select("product_id", evidence=evidence)
            .explode("evidence")
            .drop_nulls("evidence")
            .unnest("evidence")
            .rename({"text": "words"})
            .join(sources, on="product_id", how="left", maintain_order="left")
        )
        total += rows.height
        patterns = _patterns(rules, name)
        verdicts: dict[tuple[str, str], bool] = {}
        for product, tag, start, end, words, source, text, cell in rows.iter_rows():
            if source == FROM_TEXT:
                stands = text is not None and None not in (start, end) and text[start:end] == words
                if (tag, words) not in verdicts:
                    verdicts[tag, words] = tag in patterns and bool(patterns[tag].search(words))
                stands = stands and verdicts[tag, words]
            else:
                stands = words in cell_values(None if cell is None else str(cell)) and tag in (
                    words,
                    as_tag(words),
                )
            if not stands:
                offenders.append(f"{product}: {name} {tag}: {words!r}")
    return EVIDENCE_STANDS.finding(
        f"{len(offenders)} of {total} tags without evidence that stands", offenders, {"evidence": total}
    )


def _patterns(rules: AttributeRules | None, name: str) -> dict[str, re.Pattern[str]]:
    """By tag, how any of its phrases may be written: a described word alone, or with its noun after it."""
    if rules is None or name not in rules.attributes:
        return {}
    rule = rules.attributes[name]
    nouns = "|".join(map(_written, rule.nouns))
    return {
        tag.tag: re.compile(
            rf"(?<![^\W_])(?:{'|'.join(map(_written, (*tag.triggers, *tag.described)))})"
            rf"(?:[\W_]*(?:{nouns}))?(?![^\W_])",
            re.IGNORECASE,
        )
        for tag in rule.tags
    }


def _written(phrase: str) -> str:
    """A phrase with anything but letters and digits between its words, in the singular or the plural."""
    *words, last = (re.escape(word).replace("'", f"['{APOSTROPHE}]") for word in Words(phrase).tokens)
    last = f"{last[:-1]}(?:y|ys|ies)" if last.endswith("y") else f"{last}(?:e?s)?"
    return r"[\W_]*".join([*words, last])


def _column_values_known(
    usable: pl.DataFrame, settings: AttributeSettings, rules: AttributeRules | None
) -> Finding:
    ruled = rules.attributes if rules is not None else {}
    columns = {name: column for name, column in settings.columns.items() if name in ruled}
    offenders = [
        f"{column}: {value!r} is no {name} ({count} products)"
        for name, column in columns.items()
        for value, count in _values_of(usable[column])
        if as_tag(value) not in [tag.tag for tag in ruled[name].tags]
    ]
    return COLUMN_VALUES_KNOWN.finding(
        f"{len(offenders)} values are no tags of the rules, in {len(columns)} columns of such attributes",
        offenders,
    )


def _values_of(column: pl.Series) -> Iterator[tuple[str, int]]:
    """The values of a column's cells, sorted, and how many cells have each."""
    counts: dict[str, int] = {}
    cells = column.cast(pl.String).value_counts()
    for cell, count in cells.iter_rows():
        for value in cell_values(cell):
            counts[value] = counts.get(value, 0) + count
    return iter(sorted(counts.items()))


def _known(table: pl.DataFrame, values: Mapping[str, Sequence[str]]) -> Finding:
    offenders = []
    counts: dict[str, int] = {}
    for name in values:
        known = table[name].filter(table[name] != UNKNOWN)
        counts[f"known_{name}"] = known.len()
        if known.len() < KNOWN_SHARE * table.height or known.n_unique() < 2:
            offenders.append(f"{name}: known of {known.len()} products, {known.n_unique()} values")
    return ATTRIBUTES_KNOWN.finding(
        f"of {table.height} products "
        + ", ".join(f"{name} is known of {counts[f'known_{name}']}" for name in values),
        offenders,
        counts,
    )
