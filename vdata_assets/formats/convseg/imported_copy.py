"""A copy of a run folder that others made: known files only, under the contract's names.

JSON is written anew with the contract's fields, and paths in it lead to what was copied. A prompt that cannot
be used in the source cannot be used in the copy, for the same reason or because a region is not there.
"""

from collections.abc import Mapping
from pathlib import Path

from vdata_assets.dataengine.annotator import Family
from vdata_assets.dataengine.run_folder import (
    ACCEPTED,
    CLASSIFIED,
    COLOURED,
    MOST_PROMPT,
    ORIGINAL,
    PICTURES,
    PROMPTS,
    REGIONS,
    SUMMARY,
    box_name,
    mask_name,
    overlay_name,
    picture_ending,
    run_json,
    slug,
)
from vdata_assets.formats.convseg.convseg_images import MOST_IMAGE
from vdata_assets.formats.convseg.run_files import (
    MOST_MASK,
    UnusableFile,
    file_inside,
    located,
    read_json,
    read_limited,
    read_mask,
)
from vdata_assets.formats.convseg.run_model import FoundRun, Run, RunFamily, RunRegion
from vdata_assets.formats.convseg.run_reader import whole_number
from vdata_resources.images import UnreadableImage, probe

SOURCE = "source_image"
UNKNOWN = -1
VERIFICATION_TEXTS = ("prompt", "verdict", "reason")

Json = Mapping[str, object]


def copy_run(found: FoundRun, run: Run, regions: Mapping[int, RunRegion], target: Path) -> None:
    """Copy a run folder.

    Args:
        found: the source.
        run: its content.
        regions: those to copy, by index.
        target: where to; it is made.
    """
    for name in ("masks", "bboxes"):
        (target / REGIONS / name).mkdir(parents=True)
    for name in (ORIGINAL, COLOURED):
        _copy_picture(file_inside(found.folder / name, found.inside), target, name)
    entries = {whole_number(entry.get("index")): entry for entry in _objects(_read(found, ACCEPTED))}
    accepted = [
        _copy_region(found, entries.get(index, {}), region, target) for index, region in regions.items()
    ]
    (target / ACCEPTED).write_bytes(run_json(accepted))
    images: dict[Path, str] = {}
    for family in run.families:
        if family.image is not None and family.image not in images:
            images[family.image] = _copy_image(family.image, run, len(images), target)
        _copy_family(found, family, images.get(family.image, "") if family.image else "", target)


def _copy_region(found: FoundRun, entry: Json, region: RunRegion, target: Path) -> Json:
    index = region.index
    masks = {
        ending: _copy_mask(path, target, mask_name(index, ending))
        for ending, path in (("png", region.png), ("npz", region.npz))
    }
    if region.box is not None:
        (target / box_name(index)).write_text(" ".join(map(str, region.box)) + "\n", encoding="ascii")
    drawing = overlay_name(index, region.label)
    return {
        "index": index,
        "label": region.label,
        "description": _text(entry.get("description")),
        "path": _copy_picture(located(entry.get("path"), found.folder, found.inside), target, drawing),
        "bbox": None if region.box is None else list(region.box),
        "mask_path": masks["png"],
        "mask_npz_path": masks["npz"],
    }


def _copy_family(found: FoundRun, family: RunFamily, image: str, target: Path) -> None:
    """Write a family's files; without a summary in the source there is none in the copy."""
    summary = _read(found, f"{family.name}/{SUMMARY}")
    if not isinstance(summary, dict):
        return
    (target / family.name).mkdir()
    written = summary.get("conversational_prompts")
    prompts = [_prompt(entry) for entry in _objects(written)] if isinstance(written, list) else None
    if prompts:
        (target / family.name / PROMPTS).write_bytes(run_json(prompts))
    verifications = summary.get("prompt_verifications")
    content = {
        "image_path": image,
        "accepted_dir": REGIONS,
        "conversational_prompts": prompts,
        "prompt_verifications": [
            _verification(found, family.name, prompt.index, entry, target)
            for prompt, entry in zip(family.prompts, _objects(verifications), strict=False)
        ]
        if isinstance(verifications, list)
        else None,
    }
    (target / family.name / SUMMARY).write_bytes(run_json(content))


def _prompt(entry: Json) -> Json:
    return {
        "prompt": _text(entry.get("prompt")),
        "candidates": _indices(entry.get("candidates")) or [],
        "satisfying": _indices(entry.get("satisfying")),
    }


def _verification(found: FoundRun, family: Family, index: int, entry: Json, target: Path) -> Json:
    if not entry:
        return {}
    name = f"{index:03d}_{slug(_text(entry.get('prompt')), MOST_PROMPT)}"
    verdict = _text(entry.get("verdict"))
    places = {"src_path": f"{family}/{PICTURES}/{name}"}
    if verdict.strip().upper() in CLASSIFIED:
        folder = CLASSIFIED[verdict.strip().upper()]
        places["classified_path"] = f"{family}/{PICTURES}/{folder}/{name}"
    copied = {
        field: _copy_picture(
            located(entry.get(field), found.folder, found.inside), target, place, ending=True
        )
        for field, place in places.items()
    }
    return {
        "index": index,
        "prompt": _text(entry.get("prompt")),
        "satisfying": _indices(entry.get("satisfying")),
        "verdict": verdict,
        "reason": _text(entry.get("reason")),
        "src_path": copied["src_path"],
        "classified_path": copied.get("classified_path", ""),
    }


def _copy_image(path: Path, run: Run, number: int, target: Path) -> str:
    """Copy the picture that a summary names; its path in the copy, empty if it is no picture."""
    if path == run.original:
        return ORIGINAL
    try:
        data = read_limited(path, MOST_IMAGE)
        form = probe(data).format
    except (UnusableFile, UnreadableImage):
        return ""
    name = f"{SOURCE}_{number}.{'jpg' if form == 'JPEG' else form.lower()}"
    (target / name).write_bytes(data)
    return name


def _copy_picture(path: Path | None, target: Path, name: str, *, ending: bool = False) -> str:
    """Copy a JPEG or PNG; its path in the copy, empty if it is neither.

    Args:
        path: of the source, if there is one.
        target: the copied run folder.
        name: the copy's path in it.
        ending: whether the name is still to get its ending.
    """
    if path is None:
        return ""
    try:
        data = read_limited(path, MOST_IMAGE)
    except UnusableFile:
        return ""
    kind = picture_ending(data)
    if kind is None:
        return ""
    name = f"{name}.{kind}" if ending else name
    (target / name).parent.mkdir(parents=True, exist_ok=True)
    (target / name).write_bytes(data)
    return name


def _copy_mask(path: Path | None, target: Path, name: str) -> str | None:
    """Copy a mask's file; its path in the copy, None if it is no mask."""
    if path is None:
        return None
    try:
        read_mask(path)
        (target / name).write_bytes(read_limited(path, MOST_MASK))
    except UnusableFile:
        return None
    return name


def _indices(value: object) -> list[int] | None:
    """A list of indices, what is none as one that no region has; None if it is no list."""
    if not isinstance(value, list):
        return None
    numbers = (whole_number(entry) for entry in value)
    return [UNKNOWN if number is None else number for number in numbers]


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _read(found: FoundRun, name: str) -> object:
    """Content of a JSON file; None where there is none, which the run says."""
    path = file_inside(found.folder / name, found.inside)
    try:
        return None if path is None else read_json(path)
    except UnusableFile:
        return None


def _objects(content: object) -> list[Json]:
    return (
        [entry if isinstance(entry, dict) else {} for entry in content] if isinstance(content, list) else []
    )
