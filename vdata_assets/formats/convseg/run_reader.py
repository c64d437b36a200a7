"""Run folders read back, also such that others made: tolerant of their habits, trusting nothing in them.

What is wrong is named by file and JSON path, and costs what it concerns: a region, a prompt or a family.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from vdata_assets.dataengine.annotator import FAMILIES, Box, Family
from vdata_assets.dataengine.run_folder import ACCEPTED, ORIGINAL, SUMMARY, mask_name
from vdata_assets.dataengine.schema import RUN_PREFIX
from vdata_assets.formats.convseg.run_files import UnusableFile, file_inside, located, read_json
from vdata_assets.formats.convseg.run_model import (
    AMBIGUOUS_INDEX,
    BAD_REGIONS,
    BAD_SUMMARY,
    BAD_VERIFICATION,
    BLANK,
    NO_MASK,
    NO_REGIONS,
    NO_SATISFYING,
    NO_SUMMARY,
    NO_VERIFICATIONS,
    NOT_ACCEPTED,
    NOT_TEXT,
    UNKNOWN_INDEX,
    FoundRun,
    Run,
    RunFamily,
    RunPrompt,
    RunRegion,
)

Json = Mapping[str, object]

LARGEST = 999_999
# Skips that say nothing against the folder: they are found in every one, or are audited on their own.
USUAL = (None, NOT_ACCEPTED, NO_SATISFYING, BLANK)


def found_runs(root: Path, origin: str = "runs") -> list[FoundRun]:
    """The run folders in a folder, by name; the folder itself if it is one.

    A run folder has the contract's name, or an accepted.json, or a family's summary.json.

    Raises:
        ValueError: the folder cannot be listed.
    """
    try:
        entries = sorted(path for path in root.iterdir() if path.is_dir())
    except OSError as error:
        raise ValueError(f"{root} cannot be listed ({error.strerror}): set it to a folder of runs") from error
    folders = [root] if _has_run_files(root) else []
    folders += [path for path in entries if path.name.startswith(RUN_PREFIX) or _has_run_files(path)]
    return [FoundRun(folder, root, origin) for folder in folders]


def read_run(folder: Path, inside: Path) -> Run:
    """Read a run folder; whatever is wrong in it is named in ``problems`` and raises nothing.

    Args:
        folder: the run folder.
        inside: the folder that no path in it may leave.
    """
    problems: list[str] = []
    entries, unusable = _entries(folder, inside, problems)
    regions: dict[int, RunRegion] = {}
    known: set[int] = set()
    ambiguous: set[int] = set()
    for place, entry in enumerate(entries):
        index = whole_number(entry.get("index"))
        if index is None:
            problems.append(f"{ACCEPTED}: $[{place}].index: {_shown(entry.get('index'))} is no index")
            continue
        if index in known:
            problems.append(f"{ACCEPTED}: $[{place}].index: {index} occurs twice")
            ambiguous.add(index)
            continue
        known.add(index)
        region = _region(folder, inside, index, entry, f"{ACCEPTED}: $[{place}]", problems)
        if region is not None:
            regions[index] = region
    indices = _Indices(frozenset(known), frozenset(ambiguous), frozenset(regions))
    families = tuple(_family(folder, inside, name, indices, problems) for name in FAMILIES)
    usable = {index: region for index, region in regions.items() if index not in ambiguous}
    original = file_inside(folder / ORIGINAL, inside)
    return Run(folder, original, usable, families, unusable, tuple(problems))


def whole_number(value: object) -> int | None:
    """The value of an integer, of a float without fraction, or of digits as text, 0 to 999,999; else None."""
    if isinstance(value, str) and len(text := value.strip()) <= len(str(LARGEST)) and text.isascii():
        value = int(text) if text.isdecimal() else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LARGEST:
        return None
    return int(value) if value == int(value) else None


@dataclass(frozen=True)
class _Indices:
    """Of the regions: all that are recorded, those recorded twice, those with a mask's file."""

    known: frozenset[int]
    ambiguous: frozenset[int]
    masked: frozenset[int]


def _has_run_files(folder: Path) -> bool:
    names = (ACCEPTED, *(f"{name}/{SUMMARY}" for name in FAMILIES))
    return any(os.path.isfile(folder / name) for name in names)


def _entries(folder: Path, inside: Path, problems: list[str]) -> tuple[list[Json], str | None]:
    """The objects of accepted.json, and why there are none."""
    path = file_inside(folder / ACCEPTED, inside)
    if path is None:
        problems.append(f"{ACCEPTED}: is missing")
        return [], NO_REGIONS
    try:
        content = read_json(path)
    except UnusableFile as error:
        problems.append(f"{ACCEPTED}: {error}")
        return [], BAD_REGIONS
    if not isinstance(content, list):
        problems.append(f"{ACCEPTED}: $: {_shown(content)} is no list")
        return [], BAD_REGIONS
    return [entry for _, entry in _objects(content, f"{ACCEPTED}: $", problems)], None


def _objects(content: Sequence[object], where: str, problems: list[str]) -> Iterator[tuple[int, Json]]:
    """The objects of a list, with their places; what is none is empty."""
    for place, entry in enumerate(content):
        if not isinstance(entry, dict):
            problems.append(f"{where}[{place}]: {_shown(entry)} is no object")
        yield place, entry if isinstance(entry, dict) else {}


def _region(
    folder: Path, inside: Path, index: int, entry: Json, where: str, problems: list[str]
) -> RunRegion | None:
    """A region; None if it has no mask's file."""
    label = entry.get("label")
    if not isinstance(label, str) or not label.strip():
        problems.append(f"{where}.label: {_shown(label)} is no label")
    files = {}
    for ending, field in (("png", "mask_path"), ("npz", "mask_npz_path")):
        recorded = located(entry.get(field), folder, inside)
        files[ending] = recorded or file_inside(folder / mask_name(index, ending), inside)
        if recorded is None:
            problems.append(f"{where}.{field}: {_shown(entry.get(field))} leads to no file of the runs")
    if not any(files.values()):
        return None
    box = _box(entry.get("bbox"))
    if box is None and entry.get("bbox") is not None:
        problems.append(f"{where}.bbox: {_shown(entry['bbox'])} is not four whole numbers")
    return RunRegion(index, label if isinstance(label, str) else "", box, files["png"], files["npz"])


def _box(value: object) -> Box | None:
    if not isinstance(value, list) or len(value) != 4:
        return None
    x0, y0, x1, y1 = (whole_number(side) for side in value)
    if x0 is None or y0 is None or x1 is None or y1 is None:
        return None
    return x0, y0, x1, y1


def _family(folder: Path, inside: Path, name: Family, indices: _Indices, problems: list[str]) -> RunFamily:
    file = f"{name}/{SUMMARY}"
    path = file_inside(folder / file, inside)
    if path is None:
        problems.append(f"{file}: is missing")
        return RunFamily(name, None, (), NO_SUMMARY)
    try:
        summary = read_json(path)
    except UnusableFile as error:
        problems.append(f"{file}: {error}")
        return RunFamily(name, None, (), BAD_SUMMARY)
    if not isinstance(summary, dict):
        problems.append(f"{file}: $: {_shown(summary)} is no object")
        return RunFamily(name, None, (), BAD_SUMMARY)
    image = located(summary.get("image_path"), folder, inside)
    if image is None:
        problems.append(
            f"{file}: $.image_path: {_shown(summary.get('image_path'))} leads to no file of the runs"
        )
    verifications = summary.get("prompt_verifications")
    if not isinstance(verifications, list):
        if verifications is not None:
            problems.append(f"{file}: $.prompt_verifications: {_shown(verifications)} is no list")
        return RunFamily(name, image, (), NO_VERIFICATIONS)
    return RunFamily(name, image, tuple(_prompts(verifications, file, indices, problems)), None)


def _prompts(
    verifications: Sequence[object], file: str, indices: _Indices, problems: list[str]
) -> Iterator[RunPrompt]:
    where = f"{file}: $.prompt_verifications"
    numbers: set[int] = set()
    free = count(len(verifications))
    declared = {whole_number(entry.get("index")) for entry in verifications if isinstance(entry, dict)}
    for place, entry in _objects(verifications, where, problems):
        number = whole_number(entry.get("index"))
        if number is None or number in numbers:
            problems.append(f"{where}[{place}].index: {_shown(entry.get('index'))} is no index of its own")
            number = next(other for other in free if other not in declared)
        numbers.add(number)
        text, satisfying, skip = _content(entry, indices)
        if skip not in USUAL:
            problems.append(f"{where}[{place}]: {skip}")
        yield RunPrompt(number, text, satisfying, skip)


def _content(entry: Json, indices: _Indices) -> tuple[str, tuple[int, ...], str | None]:
    """Text and indices of a verification, and why it is no supervision."""
    prompt, verdict, satisfying = (entry.get(field) for field in ("prompt", "verdict", "satisfying"))
    text = prompt.strip() if isinstance(prompt, str) else ""
    if not entry:
        return text, (), BAD_VERIFICATION
    if not isinstance(verdict, str) or verdict.strip().upper() != "ACCEPT":
        return text, (), NOT_ACCEPTED
    if not text:
        return text, (), BLANK
    if not text.isprintable() and not _is_unicode(text):
        return text, (), NOT_TEXT
    if not isinstance(satisfying, list):
        return text, (), NO_SATISFYING
    numbers = [whole_number(value) for value in satisfying]
    known = tuple(
        dict.fromkeys(number for number in numbers if number in indices.known and number is not None)
    )
    if len(set(numbers)) != len(known):
        return text, (), UNKNOWN_INDEX
    if not indices.ambiguous.isdisjoint(known):
        return text, (), AMBIGUOUS_INDEX
    if not indices.masked.issuperset(known):
        return text, (), NO_MASK
    return text, known, None


def _is_unicode(text: str) -> bool:
    """Whether a text can be written; JSON can escape halves of a surrogate pair alone."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(value: object) -> str:
    """A value of any size in a message."""
    if isinstance(value, list | dict):
        return f"{'a list' if isinstance(value, list) else 'an object'} of {len(value)}"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
