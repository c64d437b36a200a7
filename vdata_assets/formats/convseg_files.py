"""The files of an export that list its samples, in the layout of the run output contract's exporter."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from vdata_assets.dataengine.annotator import FAMILIES
from vdata_assets.formats.convseg_keys import shown_name
from vdata_assets.formats.convseg_samples import IMAGES, MASKS
from vdata_assets.formats.convseg_tables import Export

DATASET, ITEMS, MANIFEST = "dataset.jsonl", "items.json", "export_manifest.json"
ENCODER = msgspec.json.Encoder()


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
                file.writelines(
                    ENCODER.encode({"image": image, "mask_merged": mask, "prompt": prompt}) + b"\n"
                    for _, image, mask, prompt, _ in listed(export, split, samples)
                )
        if export.settings.mode != "train":
            _write_items(folder / ITEMS, export, split, samples)
        if split:
            _write_manifest(folder / MANIFEST, export, split, images, samples)
    if export.settings.per_split:
        (export.folder / IMAGES).rmdir()
        (export.folder / MASKS).rmdir()
    _write_manifest(export.folder / MANIFEST, export, "", export.images, export.samples)


def listed(export: Export, split: str, samples: pl.DataFrame) -> Iterator[tuple[str, str, str, str, str]]:
    """Id, image, mask, prompt and concept of samples, with paths as the files have them.

    Args:
        export: what they are of.
        split: name of the folder that the files are in, or empty.
        samples: columns sample_id, image, mask, prompt and concept.
    """
    absolute = export.settings.path_mode == "absolute"
    start = f"{(export.place / split).as_posix()}/" if absolute else ""
    rows = samples.select("sample_id", "image", "mask", "prompt", "concept")
    for sample_id, image, mask, prompt, concept in rows.iter_rows():
        yield sample_id, start + image, start + mask, prompt, concept


def _move(source: Path, target: Path, names: list[str]) -> None:
    for inner in (IMAGES, MASKS):
        (target / inner).mkdir(parents=True)
    for name in names:
        (source / name).rename(target / name)


def _write_items(path: Path, export: Export, split: str, samples: pl.DataFrame) -> None:
    """The samples as one JSON object, a sample a line."""
    head = {"dataset": f"{export.name}_{split}" if split else export.name, "count": samples.height}
    keys = ("id", "image", "mask", "prompt", "concept")
    rows = (dict(zip(keys, row, strict=True)) for row in listed(export, split, samples))
    _write_listing(path, head, "items", rows)


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
        "dataset": f"{export.name}_{split}" if split else export.name,
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
    _write_listing(path, head, "per_run", _run_rows(export, images if split else None))


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


def _write_listing(path: Path, head: dict[str, Any], name: str, rows: Iterable[Mapping[str, object]]) -> None:
    """A JSON object with its fields a line each, and last an array, an element a line."""
    with path.open("wb") as file:
        file.write(json.dumps(head, indent=2, ensure_ascii=False).removesuffix("\n}").encode())
        file.write(f',\n  "{name}": ['.encode())
        for number, row in enumerate(rows):
            file.write((b",\n    " if number else b"\n    ") + ENCODER.encode(row))
        file.write(b"\n  ]\n}\n")
