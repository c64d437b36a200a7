"""Rows that show held-out images, or near-copies of them, are reported."""

import polars as pl
import pytest

from vdata_assets.quality.findings import Status
from vdata_assets.retrieval.held_out import audit_held_out

FAR = [0x0, 0xFF, 0xFF00, 0xFF0000, 0xFF000000]


def images(held_out, hashes=FAR):
    ids = ["a", "b", "c", "d", "e"]
    return pl.DataFrame(
        {
            "image_id": ids,
            "path": [f"{name}.jpg" for name in ids],
            "phash": hashes,
            "held_out": [x in held_out for x in ids],
        },
        schema_overrides={"phash": pl.UInt64},
    )


ROWS = pl.DataFrame({"query_id": ["a"], "ret_ids": [["b", "c"]]})


@pytest.mark.parametrize(
    ("catalog", "limit", "status", "offenders"),
    [
        pytest.param(images({"d", "e"}), 4, Status.PASSED, (), id="held-out images are elsewhere"),
        pytest.param(images({"c"}), 4, Status.WARNING, ("c.jpg",), id="a distractor is held out"),
        pytest.param(images({"a"}), None, Status.WARNING, ("a.jpg",), id="a query is held out"),
        pytest.param(
            images({"e"}, [0x0, 0xFF, 0xFF00, 0xFF0000, 0xFF0F]),
            4,
            Status.WARNING,
            ("c.jpg",),
            id="a near-copy is held out",
        ),
        pytest.param(
            images({"e"}, [0x0, 0xFF, 0xFF00, 0xFF0000, 0xFF1F]),
            4,
            Status.PASSED,
            (),
            id="one bit too far for a copy",
        ),
        pytest.param(
            images({"e"}, [0x0, 0xFF, 0xFF00, 0xFF0000, 0xFF0F]),
            None,
            Status.PASSED,
            (),
            id="hashes are not compared",
        ),
    ],
)
def test_held_out_unseen(catalog, limit, status, offenders):
    finding = audit_held_out(ROWS, catalog, limit)
    assert (finding.name, finding.status, finding.offenders) == ("held_out_unseen", status, offenders)


def test_no_rows_show_nothing():
    assert audit_held_out(ROWS.clear(), images({"a"}), 4).status is Status.PASSED
