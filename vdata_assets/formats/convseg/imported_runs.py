"""Run folders made elsewhere, taken into a folder of our own where they can be used."""

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import dataframely as dy
import polars as pl

from vdata_assets.dataengine.checks import IMPORTED_RUNS_COMPLETE
from vdata_assets.dataengine.run_folder import ACCEPTED, ORIGINAL
from vdata_assets.dataengine.schema import RUN_PREFIX
from vdata_assets.formats.convseg.convseg_images import image_size
from vdata_assets.formats.convseg.convseg_keys import image_keys, shown_name
from vdata_assets.formats.convseg.imported_copy import copy_run
from vdata_assets.formats.convseg.run_files import UnusableFile
from vdata_assets.formats.convseg.run_model import (
    NO_SATISFYING,
    NO_VERIFICATIONS,
    NOT_ACCEPTED,
    FoundRun,
    Run,
    RunRegion,
)
from vdata_assets.formats.convseg.run_reader import found_runs, read_run
from vdata_assets.quality.findings import Finding
from vdata_resources.parallel import ordered_map
from vdata_resources.progress import Progress

ORIGIN = "imported_runs"


class ImportedRuns(dy.Schema):
    """Every run folder under runs_root, ordered by name."""

    folder = dy.String(description="name under runs_root")
    run = dy.String(nullable=True, description="name here; null: it cannot be used and is left out")
    regions = dy.UInt32(description="accepted regions that have a mask")
    prompts = dy.UInt32(description="verified prompts")
    accepted = dy.UInt32(description="of these, accepted ones")
    usable = dy.UInt32(description="of these, such whose regions all have a mask, negatives among them")
    reason = dy.String(nullable=True, description="why the folder, or some of it, cannot be used")


def import_runs(
    root: Path, out: Path, *, log: Callable[[str], object] = lambda line: None
) -> dy.DataFrame[ImportedRuns]:
    """Copy the run folders under a root that can be used, each into a folder with the contract's name.

    Args:
        root: a folder of run folders, or one; nothing outside of it is read, also not over links.
        out: an empty folder.
        log: where lines of progress go.

    Raises:
        ValueError: the root cannot be listed.
    """
    runs = image_keys(found_runs(root, ORIGIN))
    progress = Progress("imported_runs: import", len(runs), "runs", log)
    rows = []
    for row in ordered_map(lambda item: _imported(item[1], out / f"{RUN_PREFIX}{item[0]}"), runs.items()):
        rows.append(row)
        progress.advance()
    columns = {name: column.dtype for name, column in ImportedRuns.columns().items()}
    return ImportedRuns.validate(pl.DataFrame(rows, columns).sort("folder"))


def imported_runs_complete(table: pl.DataFrame) -> Finding:
    """Answer IMPORTED_RUNS_COMPLETE.

    Args:
        table: of schema ImportedRuns.
    """
    left_out = table["run"].null_count()
    partly = table.filter(pl.col("reason").is_not_null())
    none = [] if table.height else ["no run folder: set runs_root to a folder of out_region_refine_* folders"]
    return IMPORTED_RUNS_COMPLETE.finding(
        f"{left_out} of {table.height} run folders are left out, and parts of {partly.height - left_out}",
        none + [f"{folder}: {reason}" for folder, reason in partly.select("folder", "reason").iter_rows()],
        {"runs": table.height, "left_out": left_out, "usable_prompts": int(table["usable"].sum())},
    )


def _imported(found: FoundRun, target: Path) -> dict[str, object]:
    """Copy a run folder if it can be used; its row of the table."""
    run = read_run(found.folder, found.inside)
    prompts = [prompt for family in run.families for prompt in family.prompts]
    readable = {index: region for index, region in run.regions.items() if _has_mask(region)}
    reason = _unusable(found, run, readable)
    if reason is None:
        copy_run(found, run, readable, target)
    return {
        "folder": shown_name(found.name),
        "run": None if reason else target.name,
        "regions": len(readable),
        "prompts": len(prompts),
        "accepted": sum(prompt.skip != NOT_ACCEPTED for prompt in prompts),
        "usable": sum(prompt.skip is None and readable.keys() >= {*prompt.satisfying} for prompt in prompts),
        "reason": reason or "; ".join(_losses(run, readable)) or None,
    }


def _losses(run: Run, readable: Mapping[int, RunRegion]) -> list[str]:
    """What of a run cannot be used, but for what its own verdicts decide."""
    skips = Counter(
        prompt.skip
        for family in run.families
        for prompt in family.prompts
        if prompt.skip not in (None, NOT_ACCEPTED, NO_SATISFYING)
    )
    return [
        *(f"prompts left out: {count} {skip}" for skip, count in sorted(skips.items(), key=str)),
        *(f"region {index} has no readable mask" for index in run.regions if index not in readable),
        *(
            f"{family.name}: {family.unusable}"
            for family in run.families
            if family.unusable not in (None, NO_VERIFICATIONS)
        ),
    ]


def _unusable(found: FoundRun, run: Run, readable: Mapping[int, RunRegion]) -> str | None:
    """Why nothing of a run can be used."""
    if not found.folder.resolve().is_relative_to(found.inside.resolve()):
        return "a symbolic link out of runs_root: copy the folder there"
    if run.unusable is not None:
        return f"{ACCEPTED}: {run.problems[0].partition(': ')[2]}"
    if not readable:
        return f"{ACCEPTED}: no region has a readable mask"
    if all(family.unusable for family in run.families):
        return "no family has verified prompts"
    pictures = dict.fromkeys([run.original, *(family.image for family in run.families)])
    if not any(path is not None and image_size(path) for path in pictures):
        return f"neither {ORIGINAL} nor what image_path names can be read"
    return None


def _has_mask(region: RunRegion) -> bool:
    try:
        region.mask()
    except UnusableFile:
        return False
    return True
