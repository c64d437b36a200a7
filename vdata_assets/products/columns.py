"""Columns of a source as text, whatever their types: ids are never numbers."""

import re
from collections.abc import Sequence

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from vdata_assets.products.settings import ProductSettings

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
# From here on not every float64 that is whole stands for one integer.
LARGEST_EXACT = 2.0**53


def wanted_columns(settings: ProductSettings) -> dict[str, str]:
    """Setting -> the column of the source that it names.

    Raises:
        ValueError: the template of the picture's path is none.
    """
    columns = settings.columns
    wanted = {"columns.product_id": columns.product_id, "columns.category": columns.category}
    if columns.text is not None:
        wanted["columns.text"] = columns.text
    if columns.image is not None:
        wanted["columns.image"] = columns.image
    if columns.image_path is not None:
        wanted |= {f"columns.image_path {{{name}}}": name for name in placeholders(columns.image_path)}
    return wanted | {f"keep[{place}]": name for place, name in enumerate(settings.keep)}


def placeholders(template: str) -> list[str]:
    """The columns in braces of a template such as ``images/{id}.jpg``, in order.

    Raises:
        ValueError: there is none, one is empty, or a brace stands alone.
    """
    names = PLACEHOLDER.findall(template)
    if not names or not all(names) or set("{}") & set(PLACEHOLDER.sub("", template)):
        raise ValueError(
            f"columns.image_path: {template!r} needs one or more columns in braces, e.g. images/{{id}}.jpg"
        )
    return names


def filled(template: str, columns: pl.DataFrame) -> pl.Series:
    """A template with every row's values; null where one of them is."""
    # By place: a name such as * would stand for several columns.
    pieces = [
        pl.nth(columns.columns.index(piece)) if place % 2 else pl.lit(piece)
        for place, piece in enumerate(PLACEHOLDER.split(template))
    ]
    return columns.select(path=pl.concat_str(pieces)).to_series()


def as_text(column: pa.ChunkedArray, name: str, where: str, names: Sequence[str] | None = None) -> pl.Series:
    """A column as trimmed text, null where it is empty.

    Text stays as it is, "007" too. A whole number has no ".0", also one that is a float because others of its
    column are missing. NaN is null.

    Args:
        column: of any Arrow type that has one value a row.
        name: of the column.
        where: the part of the source, for messages.
        names: what its integers stand for; one that stands for none is null.

    Raises:
        ValueError: the column holds lists, structs or bytes that are no UTF-8.
    """
    values = pl.Series("value", pl.from_arrow(column))
    if names is not None and values.dtype.is_integer():
        codes = range(len(names))
        return _stripped(values.replace_strict(codes, names, default=None, return_dtype=pl.String))
    if values.dtype.is_nested() or values.dtype == pl.Object:
        raise ValueError(f"{where}: column {name!r} holds {values.dtype}, which is no text: map another one")
    if values.dtype.is_float():
        return _float_text(values)
    try:
        return _stripped(values.cast(pl.String))
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"{where}: column {name!r} ({values.dtype}) is no text: {error}") from error


def holds_bytes(kind: pa.DataType) -> bool:
    """Whether a column of this type holds pictures: bytes, or what ``datasets`` makes of an image."""
    return _is_binary(kind) or (pa.types.is_struct(kind) and "bytes" in kind.names)


def image_bytes(column: pa.ChunkedArray) -> list[bytes | None]:
    """The pictures of a column for which :func:`holds_bytes`; None where there is none."""
    pictures = pc.struct_field(column, "bytes") if pa.types.is_struct(column.type) else column
    return list(pictures.to_pylist())


def image_paths(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The paths of a column that says pictures, null where it holds a picture itself."""
    if _is_binary(column.type):
        return pa.chunked_array([pa.nulls(len(column), pa.string())])
    if not pa.types.is_struct(column.type) or "path" not in column.type.names:
        return column
    paths = pc.struct_field(column, "path")
    if not holds_bytes(column.type):
        return paths
    return pc.if_else(pc.is_valid(pc.struct_field(column, "bytes")), pa.scalar(None, paths.type), paths)


def _is_binary(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_binary_view(kind)
        or pa.types.is_fixed_size_binary(kind)
    )


def _float_text(values: pl.Series) -> pl.Series:
    number = pl.col("value")
    whole = (number == number.floor()) & (number.abs() < LARGEST_EXACT)
    text = (
        pl.when(whole)
        .then(pl.when(whole).then(number).cast(pl.Int64).cast(pl.String))
        .when(number.is_not_nan())
        .then(number.cast(pl.String))
    )
    return values.to_frame().select(value=text).to_series()


def _stripped(values: pl.Series) -> pl.Series:
    text = pl.col("value").str.strip_chars()
    return values.to_frame().select(value=pl.when(text.str.len_bytes() > 0).then(text)).to_series()
