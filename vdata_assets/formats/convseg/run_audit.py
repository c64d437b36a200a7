"""What is asked of run folders: all files and fields of the contract, sound masks, prompts of their own."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vdata_assets.dataengine.annotator import FAMILIES
from vdata_assets.dataengine.checks import PROMPTS_UNIQUE, RUN_MASKS_VALID, RUNS_COMPLETE
from vdata_assets.dataengine.run_folder import (
    ACCEPTED,
    COLOURED,
    ORIGINAL,
    PROMPTS,
    SUMMARY,
    box_name,
)
from vdata_assets.formats.convseg.convseg_images import image_size
from vdata_assets.formats.convseg.convseg_samples import same_prompt
from vdata_assets.formats.convseg.run_files import (
    MOST_BOX,
    MaskSize,
    UnusableFile,
    file_inside,
    located,
    read_json,
    read_limited,
    read_mask,
)
from vdata_assets.formats.convseg.run_model import BLANK, NOT_ACCEPTED, FoundRun, Run, RunRegion
from vdata_assets.formats.convseg.run_reader import read_run
from vdata_assets.masks.dense import inclusive_box
from vdata_assets.quality.findings import Finding
from vdata_resources.parallel import ordered_map
from vdata_resources.progress import Progress

SUMMARY_FIELDS = ("image_path", "accepted_dir", "conversational_prompts", "prompt_verifications")
ENTRY_TEXTS = ("label", "path")
VERIFICATION_TEXTS = ("prompt", "verdict", "reason", "src_path", "classified_path")
WRITTEN_VERDICTS = ("ACCEPT", "REJECT")
# The contract's tree shows the file of written prompts in this family alone.
WITH_PROMPTS = "entities"


@dataclass(frozen=True)
class RunProblems:
    """What is wrong with a run folder, one line each.

    Attributes:
        incomplete: files and fields that are missing or lead nowhere.
        masks: what is wrong with masks and their boxes.
        prompts: accepted prompts that are empty or asked twice.
        regions: how many regions it has.
        accepted: how many accepted prompts.
    """

    incomplete: tuple[str, ...]
    masks: tuple[str, ...]
    prompts: tuple[str, ...]
    regions: int
    accepted: int


def audit_runs(
    runs: Sequence[FoundRun], *, log: Callable[[str], object] = lambda line: None
) -> list[Finding]:
    """Answer RUNS_COMPLETE, RUN_MASKS_VALID and PROMPTS_UNIQUE over all run folders.

    Args:
        runs: the folders.
        log: where lines of progress go.
    """
    progress = Progress("runs: audit", len(runs), "runs", log)
    incomplete: list[str] = []
    masks: list[str] = []
    prompts: list[str] = []
    regions = accepted = 0
    for run, problems in zip(runs, ordered_map(run_problems, runs, chunk=4), strict=True):
        incomplete += [f"{run.name}/{problem}" for problem in problems.incomplete]
        masks += [f"{run.name}/{problem}" for problem in problems.masks]
        prompts += [f"{run.name}/{problem}" for problem in problems.prompts]
        regions += problems.regions
        accepted += problems.accepted
        progress.advance()
    return [
        RUNS_COMPLETE.finding(
            f"{len(incomplete)} files or fields are missing or wrong in {len(runs)} run folders",
            incomplete,
            {"runs": len(runs)},
        ),
        RUN_MASKS_VALID.finding(f"{len(masks)} problems in {regions} masks", masks, {"regions": regions}),
        PROMPTS_UNIQUE.finding(
            f"{len(prompts)} of {accepted} accepted prompts are empty or asked twice of a picture",
            prompts,
            {"accepted_prompts": accepted},
        ),
    ]


def run_problems(found: FoundRun) -> RunProblems:
    """Examine one run folder; nothing in it raises."""
    run = read_run(found.folder, found.inside)
    incomplete = [
        *run.problems,
        *_missing(found, run),
        *_misshapen_regions(found),
        *_misshapen_families(found),
    ]
    accepted = [
        (family.name, prompt)
        for family in run.families
        for prompt in family.prompts
        if prompt.skip != NOT_ACCEPTED
    ]
    asked: Counter[str] = Counter()
    prompts = []
    for family, prompt in accepted:
        asked[same_prompt(prompt.text)] += 1
        if prompt.skip == BLANK:
            prompts.append(f"{family}: prompt {prompt.index} is empty")
        elif asked[same_prompt(prompt.text)] > 1:
            prompts.append(f"{family}: prompt {prompt.index} is asked twice: {prompt.text}")
    size = None if run.original is None else image_size(run.original)
    masks = [problem for region in run.regions.values() for problem in _mask_problems(region, size)]
    return RunProblems(tuple(incomplete), tuple(masks), tuple(prompts), len(run.regions), len(accepted))


def _missing(found: FoundRun, run: Run) -> Iterator[str]:
    """Files whose place nothing but the contract says."""
    for name in (ORIGINAL, COLOURED):
        path = file_inside(found.folder / name, found.inside)
        if path is None:
            yield f"{name}: is missing"
        elif image_size(path) is None:
            yield f"{name}: is no picture"
    for region in run.regions.values():
        path = file_inside(found.folder / box_name(region.index), found.inside)
        if path is None:
            yield f"{box_name(region.index)}: is missing"
            continue
        try:
            text = read_limited(path, MOST_BOX)
        except UnusableFile as error:
            yield f"{box_name(region.index)}: {error}"
            continue
        if region.box is not None and text.split() != [str(side).encode() for side in region.box]:
            yield f"{box_name(region.index)}: is {text[:40]!r}, and {ACCEPTED} has {list(region.box)}"


def _misshapen_regions(found: FoundRun) -> Iterator[str]:
    for place, entry in enumerate(_objects(_content(found, ACCEPTED))):
        where = f"{ACCEPTED}: $[{place}]"
        for field in ENTRY_TEXTS:
            if not isinstance(entry.get(field), str):
                yield f"{where}.{field}: is no text"
        if entry.get("bbox") is None:
            yield f"{where}.bbox: is missing"
        if isinstance(entry.get("path"), str) and located(entry["path"], found.folder, found.inside) is None:
            yield f"{where}.path: leads to no file of the runs"


def _misshapen_families(found: FoundRun) -> Iterator[str]:
    for family in FAMILIES:
        file = f"{family}/{SUMMARY}"
        summary = _content(found, file)
        if not isinstance(summary, dict):
            continue
        yield from (f"{file}: $.{field}: is missing" for field in SUMMARY_FIELDS if field not in summary)
        folder = summary.get("accepted_dir")
        if "accepted_dir" in summary and not (
            isinstance(folder, str) and located(f"{folder}/{Path(ACCEPTED).name}", found.folder, found.inside)
        ):
            yield f"{file}: $.accepted_dir: leads to no folder with {Path(ACCEPTED).name}"
        written = summary.get("conversational_prompts")
        if not isinstance(written, list | dict | None):
            yield f"{file}: $.conversational_prompts: is neither list nor object nor null"
        prompts = f"{family}/{PROMPTS}"
        if written and family == WITH_PROMPTS and _content(found, prompts) is None:
            yield f"{prompts}: is missing or no JSON"
        for place, entry in enumerate(_objects(summary.get("prompt_verifications"))):
            where = f"{file}: $.prompt_verifications[{place}]"
            yield from (f"{where}.{problem}" for problem in _misshapen_verification(entry, found))


def _misshapen_verification(entry: dict[str, object], found: FoundRun) -> Iterator[str]:
    for field in VERIFICATION_TEXTS:
        if not isinstance(entry.get(field), str):
            yield f"{field}: is no text"
    if isinstance(entry.get("verdict"), str) and entry["verdict"] not in WRITTEN_VERDICTS:
        yield f"verdict: is neither {' nor '.join(WRITTEN_VERDICTS)}"
    if not isinstance(entry.get("satisfying"), list):
        yield "satisfying: is no list"
    for field in ("src_path", "classified_path"):
        # Empty: no picture was made.
        if entry.get(field) and located(entry[field], found.folder, found.inside) is None:
            yield f"{field}: leads to no file of the runs"


def _mask_problems(region: RunRegion, size: MaskSize | None) -> Iterator[str]:
    name = f"accepted_regions: region {region.index}"
    masks: list[NDArray[np.bool_]] = []
    for path in (region.png, region.npz):
        if path is None:
            continue  # said to be missing elsewhere
        try:
            masks.append(read_mask(path))
        except UnusableFile as error:
            yield f"{name}: {path.name} {error}"
    if len(masks) == 2 and not np.array_equal(masks[0], masks[1]):
        yield f"{name}: PNG and NPZ differ"
    for mask in masks[:1]:
        own = MaskSize(*mask.shape)
        if size not in (None, own):
            yield f"{name}: its mask is {own}, the picture {size}"
        if not mask.any():
            yield f"{name}: its mask is empty"
        elif region.box is not None and region.box != inclusive_box(mask):
            yield f"{name}: its box is {list(region.box)}, its mask's {list(inclusive_box(mask))}"


def _content(found: FoundRun, name: str) -> object:
    """Content of a JSON file; None where that is said to be missing or damaged elsewhere."""
    path = file_inside(found.folder / name, found.inside)
    try:
        return None if path is None else read_json(path)
    except UnusableFile:
        return None


def _objects(content: object) -> list[dict[str, object]]:
    return (
        [entry if isinstance(entry, dict) else {} for entry in content] if isinstance(content, list) else []
    )
