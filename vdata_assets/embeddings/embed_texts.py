"""From texts to vectors, encoding only what was never encoded before."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from vdata_resources.encoders.protocol import TextEncoder
from vdata_resources.progress import Progress

TEXT_TABLE = "text_embeddings.parquet"
BATCH = 1024


def embed_texts(
    texts: pl.DataFrame,
    encoder: TextEncoder,
    previous: Path | None = None,
    log: Callable[[str], object] = lambda line: None,
) -> pl.DataFrame:
    """A vector for every text, in the texts' order.

    Equal texts are encoded once, and not at all if the previous file has them from the same encoder.

    Args:
        texts: columns ``product_id`` and ``text``, which may be null.
        encoder: makes the vectors.
        previous: Parquet file with an earlier call's table; None if there is none.
        log: where progress goes.

    Returns:
        ``product_id``, ``text``, ``encoder`` and ``text_vector``: Array(Float32, d), L2-normalised; null
        where there is no text, or none of which the encoder makes anything.

    Raises:
        EncoderUnavailable: the encoder cannot work here.
    """
    wanted = texts.select("text").drop_nulls().unique(maintain_order=True)
    known = _reusable(previous, encoder).join(wanted, on="text", how="semi")
    fresh = wanted.join(known, on="text", how="anti", maintain_order="left")["text"].to_list()
    progress = Progress("embeddings: texts", len(fresh), "texts", log)
    parts = [known]
    for start in range(0, len(fresh), BATCH):
        batch = fresh[start : start + BATCH]
        vectors = encoder.encode_texts(batch)
        said = np.flatnonzero(vectors.any(axis=1))
        parts.append(
            pl.DataFrame(
                {"text": [batch[row] for row in said], "text_vector": vectors[said]}, schema=known.schema
            )
        )
        progress.advance(len(batch))
    log(f"embeddings: {len(fresh):,} texts encoded, {known.height:,} reused")
    return (
        texts.select("product_id", "text", encoder=pl.lit(encoder.identity))
        .join(pl.concat(parts), on="text", how="left", maintain_order="left")
        .select("product_id", "text", "encoder", "text_vector")
    )


def text_vectors_unsound(table: pl.DataFrame) -> list[str]:
    """The products whose text vector is not finite or not of length 1.

    Args:
        table: from :func:`embed_texts`.
    """
    present = table.drop_nulls("text_vector")
    vectors = present["text_vector"].to_numpy()
    sound = np.isfinite(vectors).all(axis=1) & (np.abs(np.linalg.norm(vectors, axis=1) - 1) <= 1e-3)
    return present.filter(pl.Series(~sound))["product_id"].to_list()


def _reusable(previous: Path | None, encoder: TextEncoder) -> pl.DataFrame:
    schema = {"text": pl.String(), "text_vector": pl.Array(pl.Float32, encoder.dim)}
    if previous is None:
        return pl.DataFrame(schema=schema)
    rows = pl.scan_parquet(previous).filter(
        pl.col("encoder") == encoder.identity, pl.col("text_vector").is_not_null()
    )
    if not rows.select(pl.len()).collect().item():  # another encoder's vectors have another length
        return pl.DataFrame(schema=schema)
    return rows.select(*schema).unique("text", keep="first", maintain_order=True).collect()
