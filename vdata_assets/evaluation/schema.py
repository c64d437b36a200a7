"""Tables of the evaluation stage. All values are fractions from 0 to 1, but for points, which say so."""

from enum import Enum

import dataframely as dy

from vdata_assets.evaluation.settings import METRICS


class Metrics(dy.Schema):
    """One figure a row: a facet's metric at k over a slice of the queries.

    Ordered by slice_by (null first), slice_value, facet, metric in the order of ``METRICS``, and k.
    """

    slice_by = dy.String(nullable=True, description="facet whose value the queries have; null: all queries")
    slice_value = dy.String(nullable=True, description="that value")
    facet = dy.String(description="what is to match: category or an attribute")
    metric = dy.Enum(list(METRICS))
    k = dy.UInt32(description="results that are looked at")
    value = dy.Float64(nullable=True, description="mean over the queries; null if there are none")
    n = dy.UInt32(description="queries that count")
    unknown = dy.UInt32(description="queries of the slice of which the facet is unknown")
    low = dy.Float64(nullable=True, description="lower end of the bootstrap 95 % interval of the mean")
    high = dy.Float64(nullable=True, description="upper end")
    chance = dy.Float64(nullable=True, description="what a random order of the same products would give")


class PerQuery(dy.Schema):
    """One row a query, in the queries' order.

    Beside these columns the table has each facet's value (String, null if unknown) under its name,
    ``<facet>_relevant`` (UInt32: products of the catalog that match, those excluded not counted) and
    ``<facet>:<metric>@<k>`` (Float64, null where the facet is unknown or, for recall, mrr and ndcg, nothing
    in the catalog is relevant) for every facet, k and metric but ``match_unknown_as_zero``, which is match
    with null as 0.
    """

    query_id = dy.String(primary_key=True)
    results = dy.List(dy.String(), description="product_id of the 10 best, best first")
    scores = dy.List(dy.Float32(), description="fused similarity of each")
    image_scores = dy.List(dy.Float32(), description="cosine similarity of the pictures")
    text_scores = dy.List(dy.Float32(nullable=True), description="of the texts; null where one is missing")
    excluded = dy.UInt32(description="products left out: itself, same article, same picture")


class Verdict(Enum):
    """What the scoreboard says of a figure."""

    MET = "met"
    MISSED = "missed"
    NOT_MEASURABLE = "not measurable"
    MISSING = "missing"
    GAIN = "gain"
    NO_CHANGE = "no change"
    LOSS = "loss"


class Scoreboard(dy.Schema):
    """One figure a row, baseline beside checkpoint, over the same queries. Values and changes are points.

    Targets first, in their order; then every facet's overall match@10.
    """

    name = dy.String(primary_key=True)
    target = dy.Bool(description="whether it has a target; else it is shown for what it is")
    facet = dy.String()
    slice_by = dy.String(nullable=True)
    slice_value = dy.String(nullable=True)
    metric = dy.String()
    k = dy.UInt32()
    n = dy.UInt32(description="queries that count in both")
    baseline = dy.Float64(nullable=True, description="points, 0 to 100")
    checkpoint = dy.Float64(nullable=True, description="points, 0 to 100")
    chance = dy.Float64(nullable=True, description="points, 0 to 100")
    delta = dy.Float64(nullable=True, description="points, checkpoint minus baseline")
    low = dy.Float64(nullable=True, description="points, lower end of the paired bootstrap 95 % interval")
    high = dy.Float64(nullable=True, description="points, upper end")
    min_gain = dy.Float64(nullable=True, description="points")
    max_gain = dy.Float64(nullable=True, description="points")
    verdict = dy.Enum([verdict.value for verdict in Verdict])
