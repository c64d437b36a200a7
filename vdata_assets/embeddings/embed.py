"""From images to vectors and perceptual hashes, encoding only what was never encoded before."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import xxhash

from vdata_assets.embeddings.schema import Embeddings
from vdata_resources.encoders.protocol import ImageEncoder
from vdata_resources.parallel import ordered_map
from vdata_resources.perceptual_hash import perceptual_hash

TABLE = "embeddings.parquet"
CHANGED = "the file is gone or was written since it was catalogued: materialize the catalog again"


@dataclass(frozen=True)
class Embedded:
    """The rows, and what making them took.

    Attributes:
        table: per :class:`~vdata_assets.embeddings.schema.Embeddings`, with ``vector``.
        encoded: contents that were decoded now, readable or not.
        reused: contents whose vector the previous file had.
    """

    table: pl.DataFrame
    encoded: int
    reused: int


def embed(
    images: pl.DataFrame,
    root: Path,
    encoder: ImageEncoder,
    previous: Path | None = None,
    workers: int | None = None,
    log: Callable[[str], object] = lambda line: None,
) -> Embedded:
    """Vector and perceptual hash of every image, in the images' order.

    Equal contents are encoded once. A row of the previous file is reused if its content hash and its
    encoder's identity are the same; an image that could not be decoded is tried again.

    Args:
        images: ``image_id``, ``path`` (POSIX, relative to ``root``) and ``content_hash``, no nulls.
        root: the dataset's root.
        encoder: makes the vectors.
        previous: Parquet file with an earlier call's table; None if there is none.
        workers: decoding threads; None for one a core.
        log: where progress goes.

    Raises:
        EncoderUnavailable: the encoder cannot work here.
    """
    contents = images.unique("content_hash", keep="first", maintain_order=True)
    reused = _reusable(previous, encoder).join(contents.select("content_hash"), on="content_hash", how="semi")
    fresh = contents.join(reused, on="content_hash", how="anti", maintain_order="left")
    known = pl.concat([reused, _encode(fresh, root, encoder, workers, log)])
    log(f"embeddings: {fresh.height:,} images encoded, {reused.height:,} reused")
    rows = images.select("image_id", "content_hash").join(
        known, on="content_hash", how="left", maintain_order="left"
    )
    rows = rows.select(*Embeddings.column_names(), "vector")
    Embeddings.validate(rows.drop("vector"))
    return Embedded(rows, fresh.height, reused.height)


def _columns(dim: int) -> dict[str, pl.DataType]:
    """What is known of a content: all columns but ``image_id``."""
    types = {name: column.dtype for name, column in Embeddings.columns().items() if name != "image_id"}
    return types | {"vector": pl.Array(pl.Float32, dim)}


def _reusable(previous: Path | None, encoder: ImageEncoder) -> pl.DataFrame:
    columns = _columns(encoder.dim)
    if previous is None:
        return pl.DataFrame(schema=columns)
    rows = pl.scan_parquet(previous).filter(
        pl.col("encoder") == encoder.identity, pl.col("vector").is_not_null()
    )
    if not rows.select(pl.len()).collect().item():  # another encoder's vectors have another length
        return pl.DataFrame(schema=columns)
    return rows.select(*columns).unique("content_hash", keep="first", maintain_order=True).collect()


def _encode(
    images: pl.DataFrame,
    root: Path,
    encoder: ImageEncoder,
    workers: int | None,
    log: Callable[[str], object],
) -> pl.DataFrame:
    columns = _columns(encoder.dim)
    if images.is_empty():
        return pl.DataFrame(schema=columns)
    # A file that was written since it was catalogued must not give its vector to the old content's hash.
    hashes = ordered_map(_content_hash, (root / path for path in images["path"]), workers)
    images = images.with_columns(
        changed=pl.Series(list(hashes), dtype=pl.String).ne_missing(images["content_hash"])
    )
    unchanged = images.with_row_index("index").filter(~pl.col("changed"))
    places = unchanged["index"].to_list()
    parts = [
        images.with_row_index("index")
        .filter("changed")
        .select("index", reason=pl.lit(CHANGED, dtype=pl.String))
    ]
    paths = [root / path for path in unchanged["path"]]
    for batch in encoder.encode_images(paths, perceptual_hash, workers, log):
        parts.append(
            pl.DataFrame(
                {
                    "index": [places[index] for index in batch.indices],
                    "phash": batch.inspected,
                    "vector": batch.vectors,
                },
                schema={"index": pl.UInt32, "phash": columns["phash"], "vector": columns["vector"]},
            )
        )
        parts.append(
            pl.DataFrame(
                {"index": [places[index] for index in batch.errors], "reason": list(batch.errors.values())},
                schema={"index": pl.UInt32, "reason": columns["reason"]},
            )
        )
    return (
        images.select("content_hash")
        .with_row_index("index")
        .join(pl.concat(parts, how="diagonal"), on="index", how="left", maintain_order="left")
        .with_columns(encoder=pl.lit(encoder.identity))
        .select(*columns)
    )


def _content_hash(path: Path) -> str | None:
    """The xxh3-128 hash of a file's bytes as the catalog has it; None if the file cannot be read."""
    try:
        return xxhash.xxh3_128_hexdigest(path.read_bytes())
    except OSError:
        return None
