"""``exports`` where something is amiss: the list, what is upstream, what a source holds."""

from pathlib import Path

import polars as pl
import pytest
from exports_lab import NAME, WORKFLOWS, failure, findings, key, published, told
from pydantic import ValidationError

from vdata_assets.formats.registry import FORMAT_NAMES
from vdata_assets.samples.garments import write_garment_samples

every = pytest.mark.parametrize("workflow", WORKFLOWS.values(), ids=WORKFLOWS.keys())
SHOP = WORKFLOWS["AttributeRetrieval"]


@every
def test_an_unknown_format_is_refused_at_load_with_those_that_there_are(workflow):
    with pytest.raises(ValidationError) as refused:
        workflow.definitions(Path("/data"), formats=["lava"])
    assert f"format 'lava': use one of {', '.join(FORMAT_NAMES)}" in str(refused.value)


@every
def test_without_formats_there_is_no_such_asset(workflow):
    def assets(**settings):
        defs = workflow.definitions(Path("/data"), **settings)
        return {name for asset in defs.assets for name in getattr(asset, "keys", ())}

    assert assets() - assets(formats=[]) == {key("exports")}


@every
def test_what_is_not_published_is_what_to_materialize(lab, workflow, tmp_path):
    result = lab.run(workflow.definitions(tmp_path), key("exports"))
    assert not result.success
    wanted = f"{NAME}/{workflow.made_of[0]} is not published: materialize it first"
    assert wanted in failure(lab, result)


@pytest.fixture
def shop(tmp_path) -> Path:
    """Garments as a Parquet file with the pictures' bytes in it, but for the first two."""
    root = tmp_path / "shop"
    write_garment_samples(root, articles=8)
    rows = pl.read_csv(root / "products.csv")
    pictures = [
        {"bytes": None if number < 2 else (root / path).read_bytes(), "path": path}
        for number, path in enumerate(rows["image"])
    ]
    rows.with_columns(image=pl.Series(pictures)).write_parquet(root / "products.parquet")
    return root


SETTINGS = {"products": {"source": {"type": "parquet"}}, "attributes": {}}


def exported(lab, root: Path, **settings) -> None:
    defs = SHOP.definitions(root, **SETTINGS, **settings)
    SHOP.materialize(lab, defs)
    result = lab.run(defs, key("exports"))
    assert result.success, failure(lab, result)


def test_products_whose_pictures_lie_elsewhere_are_named(lab, shop):
    exported(lab, shop, formats=["llava"])
    names = pl.read_csv(shop / "products.csv")["item_ID"].to_list()
    complete = findings(lab)["export_complete"]
    assert complete["status"] == "WARNING"
    assert complete["message"].startswith("2 are in no format; ")
    assert complete["offenders"] == [
        f"{name}: its picture is under the root, most are in the source's rows: make a dataset of each"
        for name in names[:2]
    ]
    assert told(lab)["dagster/row_count"] == len(names) - 2
    assert told(lab)["pictures_relative_to"] == str(published(lab, "products"))


def test_products_without_texts_make_exports_without_rows_and_say_so(lab, shop):
    rows = pl.read_parquet(shop / "products.parquet")
    rows.with_columns(text=pl.lit(None, pl.String)).write_parquet(shop / "products.parquet")
    exported(lab, shop, formats=["llava", "parquet"])
    assert told(lab)["dagster/row_count"] == 0
    assert findings(lab)["service_limits"]["offenders"] == [
        f"{name}: no split: there is nothing to train on" for name in ("llava", "parquet")
    ]
