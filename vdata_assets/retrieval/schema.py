"""Tables of the retrieval stage."""

import dataframely as dy


class MiningImages(dy.Schema):
    """What mining needs of the decodable images of one category, in any row order.

    Beside these columns the table has ``vector``: Array(Float32, d), L2-normalised, never null. d is the
    encoder's, so the schema cannot state it.
    """

    image_id = dy.String(primary_key=True)
    path = dy.String(description="POSIX, relative to the dataset's root")
    category = dy.String()
    concept = dy.String()
    phash = dy.UInt64(description="64-bit perceptual hash (pHash, DCT) of the decoded image")


class RetrievalRows(dy.Schema):
    """One row a query: one positive and K - 1 distractors in shuffled slots. Lists are in slot order."""

    query_id = dy.String(primary_key=True, description="image_id of the query")
    query_path = dy.String(description="POSIX, relative to the dataset's root")
    query_phash = dy.UInt64(description="perceptual hash of the query")
    category = dy.String()
    concept = dy.String(description="the query's concept, and so the positive's")
    label = dy.UInt32(description="slot of the positive, 0-based")
    ret_ids = dy.List(dy.String(), description="image_id a slot")
    ret_paths = dy.List(dy.String(), description="path a slot")
    ret_concepts = dy.List(dy.String(), description="concept a slot")
    ret_phashes = dy.List(dy.UInt64(), description="perceptual hash a slot")
    similarities = dy.List(dy.Float32(), description="cosine similarity of query and slot")
    ranks = dy.List(
        dy.UInt32(), description="0 for the positive; distractors 1, 2, ... in the order they were chosen"
    )


class DescribedRows(RetrievalRows):
    """Retrieval rows that say what is known of each slot's concept."""

    ret_descs = dy.List(dy.String(), description="'Name: ...' and 'Description: ...', two lines a slot")


class CombinedRows(RetrievalRows):
    """Retrieval rows of several categories. Replaced distractors have no similarity: vectors of different
    categories are never compared.
    """

    partition = dy.String(description="partition key of the category that the row was mined in")
    ret_categories = dy.List(dy.String(), description="category a slot")
    similarities = dy.List(
        dy.Float32(nullable=True), description="cosine similarity of query and slot; null for a replacement"
    )
    cross_category = dy.Enum(
        ["not_drawn", "replaced", "not_available"],
        description="whether the distractors are another category's: the row was not drawn for it, they are, "
        "or it was drawn but the other categories offer too few",
    )


class DescribedCombinedRows(CombinedRows):
    """Combined rows that say what is known of each slot's concept."""

    ret_descs = dy.List(dy.String(), description="'Name: ...' and 'Description: ...', two lines a slot")
