"""Splits of an export: near-copies together, what has a split stays, a whole export each."""

import json
from pathlib import Path

import polars as pl
import pytest
from made_exports import PLACE, exported, lines, many
from made_runs import made_run

from vdata_assets.formats.convseg.run_reader import found_runs
from vdata_assets.splits.settings import SplitSettings


def test_each_split_is_a_whole_export(tmp_path: Path) -> None:
    runs = many(tmp_path / "runs", 10)
    together = exported(runs, tmp_path / "together")
    export = exported(runs, tmp_path / "out", per_split=True, path_mode="absolute")
    assert export.splits.equals(together.splits)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "export_manifest.json",
        "split_config.json",
        "splits.parquet",
        "test",
        "train",
        "val",
    ]
    seen = []
    for split, expected in (("train", 8), ("val", 1), ("test", 1)):
        folder = tmp_path / "out" / split
        rows = lines(folder / "dataset.jsonl")
        items = json.loads((folder / "items.json").read_bytes())
        assert items["dataset"] == f"convseg_export_{split}"
        assert len(rows) == items["count"] == len(items["items"]) == expected
        assert json.loads((folder / "export_manifest.json").read_bytes())["counts"]["images"] == expected
        for row in rows:
            assert Path(row["image"]).parent == PLACE / split / "images"
            assert (folder / Path(row["image"]).relative_to(PLACE / split)).is_file()
            assert (folder / Path(row["mask_merged"]).relative_to(PLACE / split)).is_file()
        seen += [item["id"] for item in items["items"]]
        assert len(list((folder / "images").iterdir())) == expected
    assert sorted(seen) == together.samples["sample_id"].sort().to_list()


def test_near_copies_share_a_split(tmp_path: Path) -> None:
    for number in range(12):
        made_run(tmp_path / "runs", f"{number:02}", seed=number // 3)
    export = exported(found_runs(tmp_path / "runs"), tmp_path / "out")
    assert export.splits["group"].n_unique() == 4
    grouped = export.images.with_row_index().group_by(pl.col("index") // 3).agg(pl.col("split").n_unique())
    assert grouped["split"].to_list() == [1] * 4


def test_what_has_a_split_stays_and_an_image_between_two_is_left_out(tmp_path: Path) -> None:
    runs = many(tmp_path / "runs", 4)
    before = exported(runs, tmp_path / "before")
    previous = before.splits.select(
        "sample_id", split=pl.Series(["train", "test", "train", "val"], dtype=pl.String)
    )
    made_run(tmp_path / "runs", "twin", seed=0)
    export = exported(found_runs(tmp_path / "runs"), tmp_path / "after", previous)
    assert dict(export.splits.select("sample_id", "split").iter_rows()) == {
        "00": "train",
        "01": "test",
        "02": "train",
        "03": "val",
        "twin": "train",
    }
    # Near to everything, the twin links images of several splits.
    between = exported(
        found_runs(tmp_path / "runs"), tmp_path / "between", previous, near_duplicate_hamming=31
    )
    assert between.skipped()["image_between_splits"] == 1
    assert sorted(path.name for path in (tmp_path / "between/images").iterdir()) == [
        f"0{number}.jpg" for number in range(4)
    ]
    assert not (tmp_path / "between/masks/twin_entities_000.png").exists()
    manifest = json.loads((tmp_path / "between/export_manifest.json").read_bytes())
    assert manifest["per_run"][4]["skipped"] == {"image_between_splits": 1, "no_verifications": 4}


@pytest.mark.parametrize("name", ["../out", "images", "masks", "a/b", "."])
def test_splits_that_can_name_no_folder(tmp_path: Path, name: str) -> None:
    made_run(tmp_path / "runs")
    splits = SplitSettings(ratios={name: 1.0})
    runs = found_runs(tmp_path / "runs")
    with pytest.raises(ValueError, match=r"^splits\.ratios: .* cannot name a split's folder: use letters"):
        exported(runs, tmp_path / "out", per_split=True, splits=splits)
    assert exported(runs, tmp_path / "together", splits=splits).samples.height == 1
