"""What is asked of a category's embeddings before they are published, over all rows."""

import numpy as np
import polars as pl

from vdata_assets.embeddings.checks import EMBEDDINGS_COMPLETE, IMAGES_DECODE, VECTORS_SOUND
from vdata_assets.quality.findings import Finding
from vdata_resources.encoders.protocol import ImageEncoder

LENGTH_TOLERANCE = 1e-3
SAME_VECTOR = 1e-6  # largest difference of an element


def audit(embeddings: pl.DataFrame, images: pl.DataFrame, encoder: ImageEncoder) -> list[Finding]:
    """Answer every check of ``EMBEDDINGS_CHECKS``, in that order, each at its default level.

    Offenders are paths; for rows that no image of the catalog belongs to, image ids.

    Args:
        embeddings: from :func:`~vdata_assets.embeddings.embed.embed`.
        images: the readable images of the catalog that were to be embedded: ``image_id``, ``path`` and
            ``content_hash``.
        encoder: the one that was to make the vectors.
    """
    rows = embeddings.join(
        images.select("image_id", "path", catalogued="content_hash"),
        on="image_id",
        how="left",
        maintain_order="left",
    ).with_columns(pl.col("path").fill_null(pl.col("image_id")))
    return [
        _images_decode(rows),
        _vectors_sound(rows, encoder.dim),
        _embeddings_complete(rows, images, encoder.identity),
    ]


def _images_decode(rows: pl.DataFrame) -> Finding:
    bad = rows.filter(pl.col("reason").is_not_null())
    reasons = bad["reason"].value_counts(name="times").sort("times", "reason", descending=[True, False])
    listed = "; ".join(f"{times}: {reason}" for reason, times in reasons.head(5).iter_rows())
    return IMAGES_DECODE.finding(
        f"{bad.height} of {rows.height} images cannot be decoded{listed and f' ({listed})'}",
        bad["path"],
        {"images": rows.height},
    )


def _vectors_sound(rows: pl.DataFrame, dim: int) -> Finding:
    decoded = rows.filter(pl.col("reason").is_null())
    if decoded.schema["vector"] != pl.Array(pl.Float32, dim):
        return VECTORS_SOUND.finding(
            f"the vectors are {decoded.schema['vector']}, not {dim} 32-bit floats", decoded["path"]
        )
    present = decoded.filter(pl.col("vector").is_not_null())
    vectors = present["vector"].to_numpy()
    finite = np.isfinite(vectors).all(axis=1)
    off_length = finite & (np.abs(np.linalg.norm(vectors, axis=1) - 1) > LENGTH_TOLERANCE)
    constant = present["content_hash"].n_unique() > 1 and bool(
        (np.abs(vectors - vectors[0]) <= SAME_VECTOR).all()
    )
    unsound = set(present.filter(~finite | off_length | constant)["image_id"])
    missing = decoded.height - present.height
    return VECTORS_SOUND.finding(
        f"of {decoded.height} decoded images {missing} have no vector, {(~finite).sum()} one that is not "
        f"finite, {off_length.sum()} one whose length is not 1"
        f"{'; all different images have the same vector' if constant else ''}",
        decoded.filter(pl.col("vector").is_null() | pl.col("image_id").is_in(unsound))["path"],
        {"images": decoded.height},
    )


def _embeddings_complete(rows: pl.DataFrame, images: pl.DataFrame, identity: str) -> Finding:
    missing = images.join(rows, on="image_id", how="anti", maintain_order="left")
    foreign = rows.filter(pl.col("catalogued").is_null())
    repeated = rows.filter(~pl.col("image_id").is_first_distinct())
    stale = rows.filter((pl.col("catalogued") != pl.col("content_hash")) | (pl.col("encoder") != identity))
    return EMBEDDINGS_COMPLETE.finding(
        f"of {images.height} readable images {missing.height} have no row and {stale.height} one of another "
        f"content or encoder; {foreign.height} rows belong to no image, {repeated.height} are repeated",
        [*missing["path"], *stale["path"], *foreign["path"], *repeated["path"]],
        {"images": images.height},
    )
