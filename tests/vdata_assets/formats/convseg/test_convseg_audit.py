"""Whatever is wrong in an export is found when it is read back, and nothing in a sound one."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from made_runs import HEIGHT, MASKS, WIDTH, made_run
from PIL import Image

from vdata_assets.dataengine.checks import EXPORT_CHECKS
from vdata_assets.dataengine.settings import ConvsegExportSettings
from vdata_assets.formats.convseg.convseg_audit import audit_export
from vdata_assets.formats.convseg.convseg_export import export_runs
from vdata_assets.formats.convseg.convseg_tables import Export
from vdata_assets.formats.convseg.run_reader import found_runs
from vdata_assets.quality.findings import Finding, Status

PROMPTS = {"entities": [("a", [0], "ACCEPT"), ("b", [0, 1], "ACCEPT")], "spatial": [("c", [], "ACCEPT")]}


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., Export]:
    """Exports two runs of two samples each, and one negative each."""

    def make(**options: Any) -> Export:
        for seed, name in enumerate("xy"):
            made_run(tmp_path / "runs", name, PROMPTS, seed=seed)  # type: ignore[arg-type]
        settings = ConvsegExportSettings(include_negatives=True, **options)
        return export_runs(found_runs(tmp_path / "runs"), tmp_path / "out", settings, place=tmp_path / "out")

    return make


def by_name(export: Export) -> dict[str, Finding]:
    return {finding.name: finding for finding in audit_export(export)}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"mode": "train"},
        {"mode": "eval"},
        {"path_mode": "absolute"},
        {"per_split": True},
        {"per_split": True, "path_mode": "absolute"},
        {"full_size": True},
    ],
)
def test_a_sound_export_passes(made: Callable[..., Export], options: dict[str, Any]) -> None:
    findings = by_name(made(**options))
    assert list(findings) == [check.name for check in EXPORT_CHECKS]
    for name in ("samples", "masks", "prompts", "loads", "images_apart"):
        assert findings[f"export_{name}"].status is Status.PASSED
    assert findings["export_samples"].message == (
        "6 samples of 2 images in 2 runs; left out: 6 no_verifications"
    )
    assert findings["export_samples"].counts["skipped_no_verifications"] == 6


def test_an_export_without_samples_fails(tmp_path: Path) -> None:
    export = export_runs([], tmp_path / "out", ConvsegExportSettings(), place=tmp_path)
    finding = by_name(export)["export_samples"]
    assert finding.status is Status.FAILED
    assert finding.message == "0 samples of 0 images in 0 runs; left out: nothing"


def save(path: Path, pixels: Any) -> None:
    Image.fromarray(pixels).save(path)


@pytest.mark.parametrize(
    ("spoil", "offender"),
    [
        (
            lambda out: save(out / "masks/x_entities_000.png", MASKS[1] * np.uint8(255)),
            "x_entities_000: is not the union of regions [0] as 0 and 255",
        ),
        (
            lambda out: save(out / "masks/x_entities_000.png", MASKS[0] * np.uint8(1)),
            "x_entities_000: is not the union of regions [0] as 0 and 255",
        ),
        (
            lambda out: save(out / "masks/x_spatial_000.png", MASKS[0] * np.uint8(255)),
            "x_spatial_000: is not the union of regions [] as 0 and 255",
        ),
    ],
)
def test_wrong_masks_are_named(
    made: Callable[..., Export], tmp_path: Path, spoil: Any, offender: str
) -> None:
    export = made()
    spoil(tmp_path / "out")
    findings = by_name(export)
    assert findings["export_masks"].offenders == (offender,)
    assert findings["export_loads"].status is Status.PASSED


def test_masks_are_compared_with_what_the_run_holds(made: Callable[..., Export], tmp_path: Path) -> None:
    export = made()
    npz = tmp_path / "runs/out_region_refine_x/accepted_regions/masks/000_mask.npz"
    np.savez_compressed(npz, mask=MASKS[2])
    assert by_name(export)["export_masks"].offenders == (
        "x_entities_000: is not the union of regions [0] as 0 and 255",
        "x_entities_001: is not the union of regions [0, 1] as 0 and 255",
    )


@pytest.mark.parametrize(
    ("spoil", "offender"),
    [
        (lambda out: (out / "images/x.jpg").unlink(), "images/x.jpg: is missing"),
        (lambda out: (out / "images/x.jpg").write_bytes(b"no"), "images/x.jpg: is no picture: "),
        (
            lambda out: Image.new("RGB", (4, 4)).save(out / "images/x.jpg"),
            f"images/x.jpg: is not {WIDTH} x {HEIGHT} pixels",
        ),
        (
            lambda out: Image.new("L", (WIDTH, HEIGHT)).save(out / "images/x.jpg"),
            "images/x.jpg: has the mode L, not RGB",
        ),
        (
            lambda out: save(out / "masks/x_entities_000.png", MASKS[0][:-1] * np.uint8(255)),
            f"masks/x_entities_000.png: is not {WIDTH} x {HEIGHT} pixels",
        ),
        (
            lambda out: Image.new("RGB", (WIDTH, HEIGHT)).save(out / "masks/x_entities_000.png"),
            "masks/x_entities_000.png: has the mode RGB, not L",
        ),
        (lambda out: (out / "dataset.jsonl").unlink(), "dataset.jsonl: is missing"),
        (lambda out: (out / "items.json").unlink(), "items.json: is missing"),
        (lambda out: (out / "export_manifest.json").unlink(), "export_manifest.json: is missing"),
        (
            lambda out: (out / "dataset.jsonl").write_bytes((out / "dataset.jsonl").read_bytes() + b"{}\n"),
            "dataset.jsonl: has more samples than there are: 6",
        ),
        (
            lambda out: (out / "dataset.jsonl").write_bytes(b""),
            "dataset.jsonl: has fewer samples than there are: 0",
        ),
        (
            lambda out: (out / "dataset.jsonl").write_text(
                (out / "dataset.jsonl").read_text().replace('"mask_merged"', '"mask"', 1)
            ),
            "dataset.jsonl: sample 0: Object contains unknown field `mask`",
        ),
        (
            lambda out: (out / "dataset.jsonl").write_text(
                (out / "dataset.jsonl").read_text().replace('"prompt":"b"', '"prompt":"x"', 1)
            ),
            "dataset.jsonl: sample 1 is TrainRow(",
        ),
        (
            lambda out: (out / "items.json").write_text(
                (out / "items.json").read_text().replace('"count": 6', '"count": 7')
            ),
            "items.json: count is 7, not 6",
        ),
        (
            lambda out: (out / "items.json").write_text((out / "items.json").read_text()[:-30]),
            "items.json: has fewer samples than there are: 5",
        ),
        (
            lambda out: (out / "items.json").write_text(
                json.dumps({**json.loads((out / "items.json").read_text()), "split": "train"})
            ),
            "items.json: Object contains unknown field `split`",
        ),
    ],
)
def test_what_does_not_load_is_named(
    made: Callable[..., Export], tmp_path: Path, spoil: Any, offender: str
) -> None:
    export = made()
    spoil(tmp_path / "out")
    finding = by_name(export)["export_loads"]
    assert finding.status is Status.FAILED
    assert finding.offenders[0].startswith(offender)


def test_files_of_another_mode_are_named(made: Callable[..., Export], tmp_path: Path) -> None:
    export = made(mode="train")
    (tmp_path / "out/items.json").write_text("{}")
    assert by_name(export)["export_loads"].offenders == ("items.json: is there in mode train",)


def test_prompts_that_are_empty_or_asked_twice_are_named(made: Callable[..., Export]) -> None:
    export = made()
    prompts = pl.Series(["a", " A", "c", "a", " ", "c"])
    finding = by_name(replace(export, samples=export.samples.with_columns(prompt=prompts)))["export_prompts"]
    assert finding.offenders == ("x_entities_001", "y_entities_001")
    assert finding.message == "2 of 6 prompts are empty or asked twice of an image"


def test_near_copies_in_two_splits_are_named(made: Callable[..., Export]) -> None:
    export = made()
    images = export.images.with_columns(phash=pl.lit(7, pl.UInt64))
    finding = by_name(replace(export, images=images))["export_images_apart"]
    assert finding.status is Status.FAILED
    assert finding.message == (
        "2 of 2 pictures look like a picture of another split (at most 4 of 64 bits differ)"
    )
