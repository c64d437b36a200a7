"""Tables of the retrieval stage."""

import dataframely as dy


class RetrievalRows(dy.Schema):
    """One row a query: one positive and K - 1 distractors in shuffled slots. Lists are in slot order."""

    query_id = dy.String(primary_key=True, description="image_id of the query")
    query_path = dy.String(description="POSIX, relative to the dataset's root")
    category = dy.String()
    concept = dy.String(description="the query's concept, and so the positive's")
    label = dy.UInt32(description="slot of the positive, 0-based")
    ret_ids = dy.List(dy.String(), description="image_id a slot")
    ret_paths = dy.List(dy.String(), description="path a slot")
    ret_concepts = dy.List(dy.String(), description="concept a slot")
    similarities = dy.List(dy.Float32(), description="cosine similarity of query and slot")
    ranks = dy.List(
        dy.UInt32(), description="0 for the positive; distractors 1, 2, ... in the order they were chosen"
    )
