"""The files of an export that list its samples, in the layout of the run output contract's exporter."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from vdata_assets.dataengine.annotator import FAMILIES
from vdata_assets.formats.about import About
from vdata_assets.formats.convseg.convseg_keys import shown_name
from vdata_assets.formats.convseg.convseg_lists import (
    DATASET,
    ENCODER,
    ITEMS,
    EvalItem,
    train_line,
    write_items,
    write_listing,
)
from vdata_assets.formats.convseg.convseg_masks import MASKS
from vdata_assets.formats.convseg.convseg_samples import IMAGES
from vdata_assets.formats.convseg.convseg_tables import Export
from vdata_assets.formats.described import describe_files
from vdata_assets.formats.tables.row_columns import CONVSEG

MANIFEST = "export_manifest.json"
WHOLE = "prompts"
"""What an export that is in one piece is told as: no split, for these are in its splits.parquet."""


def write_files(export: Export) -> None:
    """Write the lists of samples and the manifest; per split, move images and masks into its folder first.

    Args:
        export: whose ``images`` and ``masks`` are written.
    """
    for split, images in export.parts():
        folder = export.folder / split
        samples = export.samples.join(images, on="image_key", maintain_order="left")
        if split:
            _move(export.folder, folder, [*images["image"], *samples["mask"]])
        if export.settings.mode != "eval":
            with (folder / DATASET).open("wb") as file:
                file.writelines(map(train_line, listed(export, split, samples)))
        if export.settings.mode != "train":
            items = map(ENCODER.encode, listed(export, split, samples))
            write_items(folder / ITEMS, _name(export, split), samples.height, items)
        if split:
            _write_manifest(folder / MANIFEST, export, split, images, samples)
    if export.settings.per_split:
        (export.folder / IMAGES).rmdir()
        (export.folder / MASKS).rmdir()
    _write_manifest(export.folder / MANIFEST, export, "", export.images, export.samples)


def describe_export(export: Export, about: About) -> None:
    """Write the card, the Croissant file and the checksums of a whole export.

    Args:
        export: as it was written; one in one piece is told as the split ``prompts``.
        about: of the dataset; columns and splits are filled in here.
    """
    # Of items.json no reader of tables knows that the rows are within an object: its rows alone are counted.
    trains = export.settings.mode != "eval"
    lists = [DATASET, *[ITEMS] * (export.settings.mode == "both")] if trains else []
    splits = {
        split or WHOLE: (int(images["samples"].sum()), [Path(split, name).as_posix() for name in lists])
        for split, images in export.parts()
    }
    describe_files(export.folder, about, CONVSEG if trains else (), splits)


def listed(export: Export, split: str, samples: pl.DataFrame) -> Iterator[EvalItem]:
    """What the lists say of samples, with paths as the files have them.

    Args:
        export: what they are of.
        split: name of the folder that the files are in, or empty.
        samples: columns sample_id, image, mask, prompt and concept.
    """
    absolute = export.settings.path_mode == "absolute"
    start = f"{(export.place / split).as_posix()}/" if absolute else ""
    rows = samples.select("sample_id", "image", "mask", "prompt", "concept")
    for sample_id, image, mask, prompt, concept in rows.iter_rows():
        yield EvalItem(sample_id, start + image, start + mask, prompt, concept)


def _move(source: Path, target: Path, names: list[str]) -> None:
    for inner in (IMAGES, MASKS):
        (target / inner).mkdir(parents=True)
    for name in names:
        (source / name).rename(target / name)


def _name(export: Export, split: str) -> str:
    return f"{export.name}_{split}" if split else export.name


def _write_manifest(
    path: Path, export: Export, split: str, images: pl.DataFrame, samples: pl.DataFrame
) -> None:
    """Settings, counts, and every run with what it gave and what it did not."""
    settings = export.settings
    trains, evals = settings.mode != "eval", settings.mode != "train"
    concepts = dict(samples.group_by("concept").len().iter_rows())
    sizes = dict(images.group_by("split").agg(pl.col("samples").sum()).iter_rows())
    skipped = export.skipped() if not split else {}
    head: dict[str, Any] = {
        "dataset": _name(export, split),
        "mode": settings.mode,
        "path_mode": settings.path_mode,
        "settings": settings.model_dump(mode="json"),
        "concepts": list(FAMILIES),
        "counts": {
            "runs": images.height if split else len(export.runs),
            "verified_prompts": None if split else export.prompts,
            "images": images.height,
            "masks": samples.height,
            "train_rows": samples.height if trains else 0,
            "eval_items": samples.height if evals else 0,
            "negatives": int((samples["satisfying"].list.len() == 0).sum()),
            "by_concept": {name: concepts.get(name, 0) for name in FAMILIES},
            "by_split": {name: sizes.get(name, 0) for name in settings.splits.ratios},
        },
        "skipped_reason_counts": skipped,
        "written_files": [*[DATASET] * trains, *[ITEMS] * evals],
    }
    if split:
        del head["counts"]["verified_prompts"], head["skipped_reason_counts"]
    rows = _run_rows(export, images if split else None)
    write_listing(path, head, "per_run", map(ENCODER.encode, rows))


def _run_rows(export: Export, images: pl.DataFrame | None) -> Iterator[dict[str, object]]:
    """What every run gave; of the images' runs only, if they are given."""
    runs = pl.DataFrame(
        [(key, shown_name(run.name), run.origin) for key, run in export.runs.items()],
        {"image_key": pl.String, "run": pl.String, "origin": pl.String},
        orient="row",
    )
    if images is not None:
        runs = runs.join(images, on="image_key", how="semi", maintain_order="left")
    skips = export.skips.group_by("image_key").agg("reason", "count")
    table = runs.join(
        export.images.select("image_key", "split", "samples"),
        on="image_key",
        how="left",
        maintain_order="left",
    ).join(skips, on="image_key", how="left", maintain_order="left")
    for key, run, origin, split, samples, reasons, counts in table.iter_rows():
        yield {
            "run": run,
            "origin": origin,
            "image_key": key,
            "split": split,
            "exported_samples": samples or 0,
            "skipped": dict(sorted(zip(reasons or [], counts or [], strict=True))),
        }
