"""Image and text vectors of a shard of products."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from vdata_assets.embeddings.audit import audit
from vdata_assets.embeddings.checks import TEXT_VECTORS_SOUND
from vdata_assets.embeddings.embed import TABLE, embed
from vdata_assets.embeddings.embed_texts import TEXT_TABLE, embed_texts, text_vectors_unsound
from vdata_assets.quality.findings import Finding
from vdata_resources.encoders.protocol import ImageEncoder, TextEncoder


@dataclass(frozen=True)
class EmbeddedProducts:
    """What was written.

    Attributes:
        images: rows of :class:`~vdata_assets.embeddings.schema.Embeddings`; image_id is the product_id.
        texts: from :func:`~vdata_assets.embeddings.embed_texts.embed_texts`.
        encoded: pictures that were decoded now.
        reused: pictures whose vector was there.
        findings: answers to ``PRODUCT_EMBEDDINGS_CHECKS``.
    """

    images: pl.DataFrame
    texts: pl.DataFrame
    encoded: int
    reused: int
    findings: list[Finding]


def embed_products(
    products: pl.DataFrame,
    place: Callable[[bool, str], Path],
    encoders: tuple[ImageEncoder, TextEncoder],
    previous: Path | None,
    out: Path,
    log: Callable[[str], object] = lambda line: None,
) -> EmbeddedProducts:
    """Write ``embeddings.parquet`` and ``text_embeddings.parquet``, and audit them.

    Args:
        products: usable rows: product_id, picture, embedded, content_hash and text.
        place: where a picture is, by ``embedded`` and ``picture``.
        encoders: for images and for texts.
        previous: folder with an earlier call's files; None if there is none.
        out: where the files go.
        log: where progress goes.

    Raises:
        EncoderUnavailable: an encoder cannot work here.
    """
    image_encoder, text_encoder = encoders
    images = products.select(
        "content_hash",
        image_id="product_id",
        path=pl.Series(
            [str(place(*row)) for row in products.select("embedded", "picture").iter_rows()], dtype=pl.String
        ),
    )
    # The paths are absolute: what they are joined to does not matter.
    made = embed(images, Path("/"), image_encoder, previous and previous / TABLE, log=log)
    made.table.write_parquet(out / TABLE)
    texts = embed_texts(products, text_encoder, previous and previous / TEXT_TABLE, log)
    texts.write_parquet(out / TEXT_TABLE)
    unsound = text_vectors_unsound(texts)
    spoken = texts["text_vector"].len() - texts["text_vector"].null_count()
    return EmbeddedProducts(
        made.table,
        texts,
        made.encoded,
        made.reused,
        [
            *audit(made.table, images, image_encoder),
            TEXT_VECTORS_SOUND.finding(
                f"{len(unsound)} of {spoken} text vectors are not finite or not of length 1",
                unsound,
                {"texts": spoken},
            ),
        ],
    )
