"""Run folders of the data engine: a picture, its accepted regions, and the prompts about them.

The tree, names and fields are those of the run output contract; the JSON is laid out as its writer does it:
indented by one, ASCII, no newline at the end. The same content is the same bytes in every run.
"""

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vdata_assets.dataengine.annotator import Box, Family, Prompt, Region
from vdata_assets.masks.dense import inclusive_box
from vdata_assets.reports.overlays import overlay

ORIGINAL = "original_image.png"
COLOURED = "all_regions_colored.png"
REGIONS = "accepted_regions"
ACCEPTED = f"{REGIONS}/accepted.json"
SUMMARY = "summary.json"
PROMPTS = "conversational_segmentation_prompts.json"
PICTURES = "generated_prompts_viz"

# Photos: a higher level takes 1.6 times as long for 5% less. Masks: 6 halves them in the same time.
FAST, SMALL = 1, 6
MOST_LABEL, MOST_PROMPT = 60, 40
NAMELESS = "unnamed"
SIGNATURES = {b"\xff\xd8\xff": "jpg", b"\x89PNG\r\n\x1a\n": "png"}
CLASSIFIED = {"ACCEPT": "ACCEPTED", "REJECT": "REJECTED"}


@dataclass(frozen=True)
class JudgedPrompt:
    """A prompt with its verdict.

    Attributes:
        index: its number in the family, from 0.
        prompt: what was written.
        negative: whether its target is absent on purpose.
        verdict: ERROR: nobody could judge it.
        reason: of the verdict.
        view: the picture that it was judged by, encoded as JPEG or PNG; None if there is none.
    """

    index: int
    prompt: Prompt
    negative: bool
    verdict: Literal["ACCEPT", "REJECT", "ERROR"]
    reason: str
    view: bytes | None = None


def mask_name(index: int, ending: str) -> str:
    """Path of a region's mask in the run folder; ``ending`` is ``png`` or ``npz``."""
    return f"{REGIONS}/masks/{index:03d}_mask.{ending}"


def box_name(index: int) -> str:
    """Path of a region's box in the run folder."""
    return f"{REGIONS}/bboxes/{index:03d}_bbox.txt"


def overlay_name(index: int, label: str) -> str:
    """Path of a region's picture in the run folder."""
    return f"{REGIONS}/{index:03d}_{slug(label, MOST_LABEL)}.png"


def slug(text: str, most: int) -> str:
    """A text as part of a file name: ASCII letters, digits, ``-`` and ``_``, at most ``most`` of them."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9-]+", "_", plain)[:most].strip("_-") or NAMELESS


def picture_ending(content: bytes) -> str | None:
    """``jpg`` or ``png`` by a file's first bytes; None if it is neither."""
    return next((ending for start, ending in SIGNATURES.items() if content.startswith(start)), None)


def run_json(content: object) -> bytes:
    """JSON as run folders have it."""
    return json.dumps(content, indent=1, allow_nan=False).encode("ascii")


def write_regions(folder: Path, pixels: NDArray[np.uint8], regions: Sequence[Region]) -> None:
    """Write the picture and its accepted regions.

    Pictures with masks drawn on them are for people and have 256 colours; the picture itself and the masks
    are lossless.

    Args:
        folder: the run folder; it is made.
        pixels: (height, width, 3) RGB, upright, at working size.
        regions: accepted ones, in the order of their indices.

    Raises:
        ValueError: a mask is empty or not of the picture's size, or an index occurs twice.
    """
    indices = [region.index for region in regions]
    if len(set(indices)) < len(indices):
        raise ValueError(f"regions of {folder.name} have the indices {indices}: number them apart")
    for region in regions:
        if region.mask.shape != pixels.shape[:2]:
            raise ValueError(
                f"region {region.index} of {folder.name}: its mask has shape {region.mask.shape}, "
                f"its picture {pixels.shape[:2]}"
            )
    boxes = [inclusive_box(region.mask) for region in regions]
    for inner in ("masks", "bboxes"):
        (folder / REGIONS / inner).mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(pixels)
    picture.save(folder / ORIGINAL, "PNG", compress_level=FAST)
    numbered = ((f"{region.index}: {_drawable(region.caption.label)}", region.mask) for region in regions)
    _save_drawing(overlay(picture, numbered), folder / COLOURED)
    for region, box in zip(regions, boxes, strict=True):
        _write_region(folder, picture, region, box)
    accepted = [_entry(region, box) for region, box in zip(regions, boxes, strict=True)]
    (folder / ACCEPTED).write_bytes(run_json(accepted))


def write_family(folder: Path, family: Family, prompts: Sequence[JudgedPrompt], *, note: str = "") -> None:
    """Write what one concept family asks of the picture, and the verdicts.

    A prompt that nobody could judge is among the prompts but not among the verifications, whose verdict is
    ACCEPT or REJECT; its picture is not classified.

    Args:
        folder: the run folder.
        family: whose folder to write.
        prompts: in order, negatives among them.
        note: why nothing, or less than wanted, was written; kept as a field of its own unless empty.

    Raises:
        ValueError: a view is neither JPEG nor PNG.
    """
    place = folder / family
    place.mkdir(parents=True, exist_ok=True)
    written = [
        {
            "prompt": judged.prompt.text,
            "candidates": list(judged.prompt.candidates),
            "satisfying": list(judged.prompt.satisfying),
        }
        for judged in prompts
    ]
    pictures = [_write_pictures(folder, family, judged) for judged in prompts]
    verifications = [
        {
            "index": judged.index,
            "prompt": judged.prompt.text,
            "satisfying": list(judged.prompt.satisfying),
            "verdict": judged.verdict,
            "reason": judged.reason,
            "src_path": source,
            "classified_path": classified,
        }
        for judged, (source, classified) in zip(prompts, pictures, strict=True)
        if judged.verdict != "ERROR"
    ]
    if written:
        (place / PROMPTS).write_bytes(run_json(written))
    summary: dict[str, object] = {
        "image_path": ORIGINAL,
        "accepted_dir": REGIONS,
        "conversational_prompts": written or None,
        "prompt_verifications": verifications or None,
    }
    if note:
        summary["note"] = note
    (place / SUMMARY).write_bytes(run_json(summary))


def _entry(region: Region, box: Box) -> dict[str, object]:
    return {
        "index": region.index,
        "label": region.caption.label,
        "description": region.caption.description,
        "path": overlay_name(region.index, region.caption.label),
        "bbox": list(box),
        "mask_path": mask_name(region.index, "png"),
        "mask_npz_path": mask_name(region.index, "npz"),
    }


def _write_region(folder: Path, picture: Image.Image, region: Region, box: Box) -> None:
    label, mask = region.caption.label, np.ascontiguousarray(region.mask).view(np.uint8)
    _save_drawing(
        overlay(picture, [(_drawable(label), region.mask)]), folder / overlay_name(region.index, label)
    )
    Image.fromarray(mask * 255).save(folder / mask_name(region.index, "png"), "PNG", compress_level=SMALL)
    # numpy dates every member 1980-01-01, so the bytes depend on the mask alone.
    packed = BytesIO()
    np.savez_compressed(packed, mask=mask)
    (folder / mask_name(region.index, "npz")).write_bytes(packed.getvalue())
    (folder / box_name(region.index)).write_text(" ".join(map(str, box)) + "\n", encoding="ascii")


def _drawable(label: str) -> str:
    """A label without halves of surrogate pairs, which JSON can hold and no text can."""
    return label.encode(errors="replace").decode()


def _save_drawing(drawing: Image.Image, path: Path) -> None:
    few = drawing.quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    few.save(path, "PNG", compress_level=FAST)


def _write_pictures(folder: Path, family: Family, judged: JudgedPrompt) -> tuple[str, str]:
    """Write a prompt's picture and its copy by verdict; their paths, empty where there is none."""
    if judged.view is None:
        return "", ""
    view = judged.view
    ending = picture_ending(view)
    if ending is None:
        raise ValueError(
            f"view of prompt {judged.index} of {folder.name}/{family} starts with {view[:8].hex(' ')}: "
            "give a JPEG or PNG"
        )
    name = f"{judged.index:03d}_{slug(judged.prompt.text, MOST_PROMPT)}.{ending}"
    places = [f"{family}/{PICTURES}/{name}"]
    if judged.verdict != "ERROR":
        places.append(f"{family}/{PICTURES}/{CLASSIFIED[judged.verdict]}/{name}")
    for place in places:
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_bytes(view)
    return places[0], places[1] if len(places) > 1 else ""
