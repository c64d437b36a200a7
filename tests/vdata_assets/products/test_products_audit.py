"""What is asked of products: every check is hit by what it is about, and by nothing else."""

import polars as pl
import pytest

from vdata_assets.products.audit import audit_products
from vdata_assets.products.checks import PRODUCT_CHECKS, PRODUCTS_DATASET_LOADS
from vdata_assets.products.schema import Products
from vdata_assets.products.settings import ProductSettings
from vdata_assets.quality.findings import Status

SOUND = {
    "picture": "images/1.jpg",
    "embedded": False,
    "category": "Hat",
    "partition": "hat",
    "text": "a hat",
    "content_hash": "0" * 32,
    "phash": 1,
    "width": 1,
    "height": 1,
    "shard": "shard-0000",
    "reason": None,
}


def table(*rows):
    return pl.DataFrame(
        [{"row": place, "product_id": f"p{place}", **SOUND, **row} for place, row in enumerate(rows)],
        schema=Products.create_empty().schema,
    )


def hits(products, **settings):
    findings = audit_products(products, ProductSettings.model_validate(settings))
    assert [finding.name for finding in findings] == [
        check.name for check in PRODUCT_CHECKS if check != PRODUCTS_DATASET_LOADS
    ]
    return {
        finding.name: (finding.status, finding.message, list(finding.offenders))
        for finding in findings
        if finding.status is not Status.PASSED
    }


def test_sound_products_hit_nothing():
    assert hits(table({}, {})) == {}


@pytest.mark.parametrize(
    ("products", "settings", "expected"),
    [
        pytest.param(
            table(),
            {},
            {"products_found": (Status.FAILED, "0 of 0 rows can be used", ["the source has no rows"])},
            id="no rows",
        ),
        pytest.param(
            table({"reason": "gone"}, {"reason": "gone"}, {"reason": "else"}),
            {},
            {"products_found": (Status.FAILED, "0 of 3 rows can be used", ["2 rows: gone", "1 rows: else"])},
            id="no usable row",
        ),
        pytest.param(
            table(
                {}, {"product_id": None, "reason": "no id"}, {"product_id": "p0", "reason": "the id of row 0"}
            ),
            {},
            {
                "product_ids_unique": (
                    Status.WARNING,
                    "of 3 rows 1 have no id and 1 that of an earlier row",
                    ["row 1: no id", "row 2: p0, as row 0"],
                )
            },
            id="ids",
        ),
        pytest.param(
            table({}, {"product_id": "p0"}),
            {},
            {
                "product_ids_unique": (
                    Status.WARNING,
                    "of 2 rows 0 have no id and 1 that of an earlier row",
                    ["row 1: p0, as row 0"],
                )
            },
            id="a repeated id that was not seen",
        ),
        pytest.param(
            table(
                {},
                {"phash": None, "reason": "damaged"},
                {"picture": None, "product_id": None, "reason": "no id"},
            ),
            {},
            {
                "pictures_readable": (
                    Status.WARNING,
                    "2 of 3 rows have no picture that can be read",
                    ["row 1 (p1): damaged", "row 2: no id"],
                ),
                "product_ids_unique": (
                    Status.WARNING,
                    "of 3 rows 1 have no id and 0 that of an earlier row",
                    ["row 2: no id"],
                ),
            },
            id="pictures",
        ),
        pytest.param(
            table({}, {"text": None}, {"text": " "}, {"text": None, "reason": "gone"}),
            {},
            {"texts_present": (Status.WARNING, "2 of 3 products have no text", ["p1", "p2"])},
            id="texts",
        ),
        pytest.param(
            table({"text": None}),
            {"columns": {"text": None}},
            {
                "texts_present": (
                    Status.WARNING,
                    "1 of 1 products have no text",
                    ["columns.text is null: no product has one"],
                )
            },
            id="no texts by the settings",
        ),
        pytest.param(
            table({}, {"category": None, "partition": None}, {"category": "Shoe"}, {"partition": None}),
            {"categories": ["Hat"]},
            {
                "categories_known": (
                    Status.WARNING,
                    "3 of 4 products have no known category",
                    ["p1", "p2", "p3"],
                )
            },
            id="categories",
        ),
    ],
)
def test_a_check_is_hit_by_what_it_asks_for(products, settings, expected):
    assert hits(products, **settings) == expected
