"""Tables of the embeddings stage."""

import dataframely as dy


class Embeddings(dy.Schema):
    """One row a readable image of a category, in the catalog's order; undecodable ones keep a reason.

    Beside these columns the Parquet file has ``vector``: Array(Float32, d), L2-normalised, null where the
    image could not be decoded. d is the encoder's, so the schema cannot state it.
    """

    image_id = dy.String(primary_key=True)
    content_hash = dy.String(description="xxh3-128 of the file's bytes, 32 hex digits")
    encoder = dy.String(description="identity of the encoder that made the vector")
    phash = dy.UInt64(nullable=True, description="64-bit perceptual hash (pHash, DCT) of the decoded image")
    reason = dy.String(nullable=True, description="why the image cannot be decoded; null if it can")
