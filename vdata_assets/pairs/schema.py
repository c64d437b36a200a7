"""Tables of the pairs stage."""

import dataframely as dy

from vdata_assets.pairs.settings import PairKind


class ProductGroups(dy.Schema):
    """Every usable product and the article it shows, ordered by product_id."""

    product_id = dy.String(primary_key=True)
    group_id = dy.String(description="smallest product_id of those that show one article")
    key = dy.String(nullable=True, description="the best rule that joined it to others; null if it is alone")
    value = dy.String(nullable=True, description="what the rule found in it")
    confidence = dy.Float64(nullable=True, description="of that rule")
    size = dy.UInt32(description="products of the group")


class HardNegatives(dy.Schema):
    """Products of a category that look or read alike and differ in an attribute, by query and rank.

    Beside these columns the table has ``query_<attribute>`` and ``negative_<attribute>`` (String, null if
    unknown) for every attribute.
    """

    query_id = dy.String(primary_key=True)
    negative_id = dy.String(primary_key=True)
    split = dy.String(description="of both")
    category = dy.String(description="of both")
    rank = dy.UInt32(description="1: the most similar")
    score = dy.Float32(description="fused similarity")
    image_score = dy.Float32(description="cosine similarity of the pictures")
    text_score = dy.Float32(nullable=True, description="of the texts; null where one is missing")
    mismatches = dy.List(dy.String(), description="attributes known on both sides and different, sorted")


class Pairs(dy.Schema):
    """Training pairs, ordered by split, kind, a_id and b_id. ``a_id`` is the smaller id of the two.

    Beside these columns the table has none: attributes and vectors are looked up by id.
    """

    a_id = dy.String(primary_key=True)
    b_id = dy.String(primary_key=True)
    split = dy.String(description="of both")
    kind = dy.Enum([kind.value for kind in PairKind])
    label = dy.UInt8(description="1: shall be near; 0: shall be apart")
    category_a = dy.String(nullable=True)
    category_b = dy.String(nullable=True)
    shared = dy.List(dy.String(), description="attributes known on both sides and equal, sorted")
    mismatches = dy.List(dy.String(), description="attributes known on both sides and different, sorted")
