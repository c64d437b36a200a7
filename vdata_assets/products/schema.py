"""Tables of the products stage."""

import dataframely as dy


class Products(dy.Schema):
    """Every row of the source, in its order; unusable ones keep a reason.

    A product is a row of the source: one view of an article. Beside these columns the table has those that
    the settings keep, under their names in the source: String, null where empty.
    """

    row = dy.UInt32(primary_key=True, description="position in the source, from 0")
    product_id = dy.String(
        nullable=True, description="the source's id; unique among usable rows; null where it is missing"
    )
    picture = dy.String(
        nullable=True,
        description="POSIX path, within this asset's version if embedded, else relative to the root",
    )
    embedded = dy.Bool(description="whether the source held the picture's bytes")
    category = dy.String(nullable=True, description="null: unknown")
    partition = dy.String(nullable=True, description="partition key of the category; null if it is unknown")
    text = dy.String(nullable=True, description="as the source has it, trimmed; null: none")
    content_hash = dy.String(nullable=True, description="xxh3-128 of the picture's bytes, 32 hex digits")
    phash = dy.UInt64(nullable=True, description="64-bit perceptual hash (pHash, DCT) of the picture")
    width = dy.UInt32(nullable=True, description="pixels, upright")
    height = dy.UInt32(nullable=True, description="pixels, upright")
    shard = dy.String(nullable=True, description="partition key of the embeddings; null if unusable")
    reason = dy.String(nullable=True, description="why the row cannot be used; null if it can")
