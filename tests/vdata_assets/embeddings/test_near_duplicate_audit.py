"""Near-copies across concepts and across splits are reported, identical files left to the catalog."""

import polars as pl
import pytest

from vdata_assets.embeddings.near_duplicates import audit_near_duplicates


@pytest.mark.parametrize(
    ("second", "across_concepts", "across_splits"),
    [
        pytest.param(("mug", "train", "h2", 0b1111), 0, 0, id="same concept, same split"),
        pytest.param(("vase", "train", "h2", 0b1111), 1, 0, id="another concept"),
        pytest.param(("mug", "test", "h2", 0b1111), 0, 1, id="another split"),
        pytest.param(("vase", "test", "h2", 0b1111), 1, 1, id="both"),
        pytest.param(("vase", "test", "h2", 0b11111), 0, 0, id="one bit too far"),
        pytest.param(("vase", "test", "h1", 0b0), 0, 0, id="identical file"),
        pytest.param(("mug", "negative", "h2", 0b0), 0, 0, id="a counterexample is in no split"),
        pytest.param(("vase", "test", "h2", None), 0, 0, id="not decoded"),
    ],
)
def test_pairs_by_kind(second, across_concepts, across_splits):
    rows = [("a", "a.jpg", "mug", "train", "h1", 0), ("b", "b.jpg", *second)]
    table = pl.DataFrame(
        rows,
        schema={
            "image_id": pl.String,
            "path": pl.String,
            "concept": pl.String,
            "split": pl.String,
            "content_hash": pl.String,
            "phash": pl.UInt64,
        },
        orient="row",
    )
    concepts, splits = audit_near_duplicates(table, table)
    assert (concepts.counts["offenders"], splits.counts["offenders"]) == (across_concepts, across_splits)
    if across_concepts:
        assert concepts.offenders == ("a.jpg ~ b.jpg (4 bits)",)
