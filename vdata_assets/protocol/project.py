"""Products as a checkpoint sees them: their vectors projected, their attributes predicted."""

from hashlib import blake2b
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vdata_assets.embeddings.product_vectors import ProductVectors
from vdata_assets.protocol.checkpoint import load_checkpoint
from vdata_assets.retrieval.blocks import map_blocks, rows_of


def projected(vectors: ProductVectors, checkpoint: Path) -> ProductVectors:
    """The same products with projected vectors.

    Their encoder names the checkpoint by its bytes: a catalog of one checkpoint cannot be taken for one of
    another or of the encoder itself.

    Args:
        vectors: of the encoder that the checkpoint was trained on.
        checkpoint: a file that training wrote.

    Raises:
        WrongEncoder: the vectors are of another encoder.
        ValueError: the file is damaged or no checkpoint, or the vectors are of other lengths.
    """
    model = load_checkpoint(checkpoint, vectors.encoder)
    digest = blake2b(checkpoint.read_bytes(), digest_size=8).hexdigest()
    return ProductVectors(
        meta=vectors.meta,
        image=project(vectors.image, model.image, f"{checkpoint}: image"),
        text=project(vectors.text, model.text, f"{checkpoint}: text"),
        encoder=f"{vectors.encoder} | protocol {digest}",
    )


def project(vectors: NDArray[np.float32], projection: NDArray[np.float32], what: str) -> NDArray[np.float32]:
    """Vectors times a projection, L2-normalised, in blocks; zeros stay zeros.

    Args:
        vectors: (n, d).
        projection: (p, d).
        what: names the projection in an error.

    Raises:
        ValueError: the vectors are of another length.
    """
    if vectors.shape[1] != projection.shape[1]:
        raise ValueError(
            f"{what}: projects vectors of length {projection.shape[1]}, these have {vectors.shape[1]}"
        )
    result = np.empty((len(vectors), len(projection)), np.float32)

    def work(rows: NDArray[np.intp]) -> None:
        block = vectors[rows] @ projection.T
        lengths = np.linalg.norm(block, axis=1, keepdims=True)
        result[rows] = block / np.where(lengths > 0, lengths, 1)

    for _ in map_blocks(work, rows_of(0, len(vectors), max(projection.shape))):
        pass
    return result


def attribute_predictions(vectors: ProductVectors, checkpoint: Path) -> pl.DataFrame:
    """What the checkpoint's heads see in the pictures.

    Args:
        vectors: as in :func:`projected`.
        checkpoint: likewise.

    Returns:
        product_id, and for every attribute that has values ``<attribute>`` (String: the likeliest value) and
        ``<attribute>_probability`` (Float32, among the attribute's values; a head knows no unknown).

    Raises:
        ValueError: as in :func:`projected`.
    """
    model = load_checkpoint(checkpoint, vectors.encoder)
    image = project(vectors.image, model.image, f"{checkpoint}: image")
    columns = []
    for attribute, (weight, bias) in model.heads.items():
        if not len(weight):
            continue
        scores = image @ weight.T + bias
        best = scores.argmax(axis=1)
        odds = np.exp(scores - scores.max(axis=1, keepdims=True)).sum(axis=1)
        columns += [
            pl.Series(attribute, model.values[attribute], dtype=pl.String).gather(best),
            pl.Series(f"{attribute}_probability", 1 / odds, dtype=pl.Float32),
        ]
    return vectors.meta.select("product_id").with_columns(columns)
