"""Runs of the data engine as the files that train.py and eval.py read.

Of each run the image once, and a mask a prompt, as the run output contract's exporter has them: prompts whose
verdict is ACCEPT, whose satisfying regions are some and all have a mask. Images are split with near-copies
together. Memory holds tables of a row a sample, and the pictures of as many runs as there are cores.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from vdata_assets.dataengine.settings import ConvsegExportSettings
from vdata_assets.formats.convseg.convseg_files import write_files
from vdata_assets.formats.convseg.convseg_keys import image_keys
from vdata_assets.formats.convseg.convseg_masks import MASKS
from vdata_assets.formats.convseg.convseg_samples import IMAGES, write_run_samples
from vdata_assets.formats.convseg.convseg_schema import ConvsegImages, ConvsegSamples, ConvsegSkips
from vdata_assets.formats.convseg.convseg_tables import Export, ExportTables
from vdata_assets.formats.convseg.run_model import FoundRun
from vdata_assets.splits.near_samples import near_pairs, without_links
from vdata_assets.splits.sample_splits import write_sample_splits
from vdata_resources.parallel import ordered_map
from vdata_resources.progress import Progress

BETWEEN_SPLITS = "image_between_splits"
SAFE_SPLIT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def export_runs(
    runs: Sequence[FoundRun],
    out: Path,
    settings: ConvsegExportSettings,
    *,
    place: Path,
    name: str = "convseg_export",
    previous: pl.DataFrame | None = None,
    log: Callable[[str], object] = lambda line: None,
) -> Export:
    """Write images, masks, ``dataset.jsonl``, ``items.json``, ``export_manifest.json`` and the splits.

    The same runs and settings give the same bytes.

    Args:
        runs: in the order that the samples are to have. Of runs of one name the first has the plain file
            name, the others one with a hash of their origin.
        out: where to: an empty folder.
        settings: what is exported and how.
        place: the folder that ``out`` will be reachable at, for absolute paths.
        name: of the dataset, in ``items.json``.
        previous: columns sample_id (an image key) and split of the version before, or None.
        log: where lines of progress go.

    Raises:
        ValueError: a split's name cannot be a folder's, or two runs are one.
    """
    taken = (IMAGES, MASKS)
    unsafe = [name for name in settings.splits.ratios if name in taken or not SAFE_SPLIT.fullmatch(name)]
    if settings.per_split and unsafe:
        raise ValueError(
            f"splits.ratios: {unsafe[0]!r} cannot name a split's folder: use letters, digits, - and _, "
            f"not {IMAGES} or {MASKS}, or set per_split: false"
        )
    keys = image_keys(runs)
    for folder in (IMAGES, MASKS):
        (out / folder).mkdir(parents=True)
    progress = Progress("convseg_export: write", len(runs), "runs", log)
    tables = ExportTables()
    for written in ordered_map(
        lambda run: write_run_samples(run[1], run[0], settings, out), keys.items(), chunk=4
    ):
        tables.add(written)
        progress.advance()
    images, samples, skips = tables.images(), tables.samples(), tables.skips()
    rows = images.select("phash", "labels", sample_id="image_key")
    placed = without_links(rows, settings.splits, settings.near_duplicate_hamming, previous)
    splits = write_sample_splits(
        placed,
        settings.splits,
        out,
        pairs=near_pairs(placed, settings.near_duplicate_hamming),
        previous=previous,
    )
    left_out = images.join(placed, left_on="image_key", right_on="sample_id", how="anti")
    skips = pl.concat([skips, _unplaced(out, left_out, samples)]).sort("image_key", "reason")
    images = images.join(splits.select("split", image_key="sample_id"), on="image_key", maintain_order="left")
    export = Export(
        out,
        place,
        name,
        settings,
        ConvsegSamples.validate(samples.join(images, on="image_key", how="semi", maintain_order="left")),
        ConvsegImages.validate(images),
        ConvsegSkips.validate(skips),
        splits,
        keys,
        tables.prompts,
    )
    write_files(export)
    return export


def _unplaced(out: Path, left_out: pl.DataFrame, samples: pl.DataFrame) -> pl.DataFrame:
    """Remove what was written of images that can be in no split; the skips that they make."""
    unused = samples.join(left_out, on="image_key", how="semi")
    for name in (*left_out["image"], *unused["mask"]):
        (out / name).unlink()
    return left_out.select(
        "image_key", "run", "origin", reason=pl.lit(BETWEEN_SPLITS), count="samples"
    ).select(ConvsegSkips.column_names())
