"""Which prompts of a run are supervision, and the masks that answer them."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vdata_assets.dataengine.annotator import Family
from vdata_assets.dataengine.settings import ConvsegExportSettings
from vdata_assets.formats.convseg.convseg_images import NO_IMAGE, ConvsegImage, image_of, image_size
from vdata_assets.formats.convseg.convseg_masks import MASKS, write_mask
from vdata_assets.formats.convseg.run_files import MaskSize, UnusableFile
from vdata_assets.formats.convseg.run_model import NO_SATISFYING, FoundRun, Run, RunPrompt, RunRegion
from vdata_assets.formats.convseg.run_reader import read_run

DUPLICATE = "duplicate_prompt"
BAD_MASK = "unreadable_mask"
SIZE_MISMATCH = "size_mismatch"
EMPTY_MASK = "empty_mask"

IMAGES = "images"
HELD_MASKS = 16


@dataclass(frozen=True)
class WrittenSample:
    """A sample whose mask is written.

    Attributes:
        sample_id: the run's key, the concept and the prompt's index.
        concept: family of the prompt.
        prompt: what is asked.
        mask: name of the mask's file.
        area: pixels of the mask.
    """

    sample_id: str
    concept: Family
    prompt: RunPrompt
    mask: str
    area: int


@dataclass
class WrittenRun:
    """What was exported of a run.

    Attributes:
        found: the run.
        key: stem of its files.
        prompts: how many verified prompts it has.
        samples: those exported.
        image: name of the image's file, its size and hash; None if there is no sample.
        skipped: how often something was not exported, by reason.
    """

    found: FoundRun
    key: str
    prompts: int = 0
    samples: list[WrittenSample] = field(default_factory=list)
    image: tuple[str, MaskSize, int] | None = None
    skipped: Counter[str] = field(default_factory=Counter)


def same_prompt(text: str) -> str:
    """What two prompts have in common that ask the same: case and spaces do not count."""
    return " ".join(text.split()).casefold()


def write_run_samples(found: FoundRun, key: str, settings: ConvsegExportSettings, out: Path) -> WrittenRun:
    """Write the image and the masks of a run's samples into ``images`` and ``masks``.

    Args:
        found: the run.
        key: stem of the files.
        settings: what is exported.
        out: a folder that has both folders.
    """
    run = read_run(found.folder, found.inside)
    written = WrittenRun(found, key, sum(len(family.prompts) for family in run.families))
    if run.unusable is not None:
        written.skipped[run.unusable] += 1
    written.skipped.update(family.unusable for family in run.families if family.unusable is not None)
    chosen = list(_chosen(run, settings.include_negatives, written.skipped))
    size = _working_size(run, chosen)
    image = NO_IMAGE if size is None else image_of(found, run, size, full_size=settings.full_size)
    if size is None or isinstance(image, str):
        if chosen:
            written.skipped[str(image)] += len(chosen)
        return written
    seen: set[str] = set()
    read = lru_cache(HELD_MASKS)(lambda index: run.regions[index].mask())
    for concept, prompt in chosen:
        mask = DUPLICATE if same_prompt(prompt.text) in seen else _union(read, prompt.satisfying, size)
        if isinstance(mask, str):
            written.skipped[mask] += 1
            continue
        seen.add(same_prompt(prompt.text))
        mask = scaled_up(mask, image.size)
        sample_id = f"{key}_{concept}_{prompt.index:03d}"
        name = f"{MASKS}/{sample_id}.png"
        write_mask(out / name, mask)
        written.samples.append(WrittenSample(sample_id, concept, prompt, name, int(np.count_nonzero(mask))))
    if written.samples:
        written.image = _write_image(image, key, out)
    return written


def _working_size(run: Run, chosen: Sequence[tuple[Family, RunPrompt]]) -> MaskSize | None:
    """The size that most masks of the chosen prompts have; without masks, that of the picture."""
    needed = dict.fromkeys(index for _, prompt in chosen for index in prompt.satisfying)
    for indices in (needed, run.regions):
        sizes = Counter(size for index in indices if (size := _size(run.regions[index])) is not None)
        if sizes:
            return sizes.most_common(1)[0][0]
    pictures = (run.original, *(family.image for family in run.families))
    return next((size for path in pictures if path and (size := image_size(path))), None)


def _union(
    read: Callable[[int], NDArray[np.bool_]], indices: Sequence[int], size: MaskSize
) -> NDArray[np.bool_] | str:
    """The union of masks, or why there is none; of no masks it is empty."""
    union = np.zeros(size, np.bool_)
    for index in indices:
        try:
            mask = read(index)
        except UnusableFile:
            return BAD_MASK
        if mask.shape != union.shape:
            return SIZE_MISMATCH
        union |= mask
    return union if union.any() or not indices else EMPTY_MASK


def scaled_up(mask: NDArray[np.bool_], size: MaskSize) -> NDArray[np.bool_]:
    """A mask at another size: every pixel is what the mask has under its centre, as in the masks room."""
    if mask.shape == size:
        return mask
    rows, columns = (
        (2 * np.arange(wanted) + 1) * have // (2 * wanted)
        for wanted, have in zip(size, mask.shape, strict=True)
    )
    return mask[rows][:, columns]


def _chosen(run: Run, negatives: bool, skipped: Counter[str]) -> Iterator[tuple[Family, RunPrompt]]:
    for family in run.families:
        for prompt in family.prompts:
            if prompt.skip is not None:
                skipped[prompt.skip] += 1
            elif not prompt.satisfying and not negatives:
                skipped[NO_SATISFYING] += 1
            else:
                yield family.name, prompt


def _size(region: RunRegion) -> MaskSize | None:
    try:
        return region.size()
    except UnusableFile:
        return None


def _write_image(image: ConvsegImage, key: str, out: Path) -> tuple[str, MaskSize, int]:
    name = f"{IMAGES}/{key}.jpg"
    (out / name).write_bytes(image.jpeg)
    return name, image.size, image.phash
