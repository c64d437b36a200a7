"""The obvious way to judge one query's results."""

import math


def query_metrics(wanted: str | None, listed: list[str | None], allowed: list[str | None], k: int) -> dict:
    """Match, recall, mrr and ndcg of one query; None where not defined.

    Args:
        wanted: the query's value.
        listed: the results' values.
        allowed: the values of all products that may be found.
        k: results that are looked at.
    """
    names = ("match", "recall", "mrr", "ndcg")
    if wanted is None or not allowed:
        return dict.fromkeys(names)
    right = [value == wanted for value in listed[:k]]
    relevant = sum(value == wanted for value in allowed)
    values: dict[str, float | None] = dict.fromkeys(names)
    values["match"] = sum(right) / min(k, len(allowed))
    if relevant:
        values["recall"] = sum(right) / relevant
        values["mrr"] = max([1 / place for place, hit in enumerate(right, 1) if hit], default=0.0)
        gain = sum(1 / math.log2(place + 1) for place, hit in enumerate(right, 1) if hit)
        values["ndcg"] = gain / sum(1 / math.log2(place + 1) for place in range(1, min(k, relevant) + 1))
    return values
