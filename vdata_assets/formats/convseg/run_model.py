"""What a run folder holds, and the reasons for which a prompt of it is no supervision."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from vdata_assets.dataengine.annotator import Box, Family
from vdata_assets.formats.convseg.run_files import MaskSize, UnusableFile, mask_size, read_mask

NO_REGIONS = "no_accepted_json"
BAD_REGIONS = "invalid_accepted_json"
NO_SUMMARY = "no_summary"
BAD_SUMMARY = "invalid_summary"
NO_VERIFICATIONS = "no_verifications"
BAD_VERIFICATION = "invalid_verification"
NOT_ACCEPTED = "verdict_not_accept"
BLANK = "blank_prompt"
NOT_TEXT = "prompt_not_text"
NO_SATISFYING = "no_satisfying"
UNKNOWN_INDEX = "unknown_index"
AMBIGUOUS_INDEX = "ambiguous_index"
NO_MASK = "no_mask_file"

Read = TypeVar("Read")


@dataclass(frozen=True)
class FoundRun:
    """A run folder, not read yet.

    Attributes:
        folder: where it is.
        inside: the folder that nothing it names may be outside of.
        origin: where it comes from, e.g. ``runs`` or ``imported_runs``; tells runs of one name apart.
        source: the picture's file as it was before it was scaled, if that is known.
        source_hash: xxh3-128 of that file when the run was made, 32 hex digits; another content is not used.
    """

    folder: Path
    inside: Path
    origin: str = "runs"
    source: Path | None = None
    source_hash: str | None = None

    @property
    def name(self) -> str:
        """The run folder's name."""
        return self.folder.name


@dataclass(frozen=True)
class RunRegion:
    """An accepted region.

    Attributes:
        index: which prompts refer to.
        label: as recorded.
        box: x0, y0, x1, y1, inclusive; None if none is recorded.
        png: its mask's file; None if there is none.
        npz: likewise.
    """

    index: int
    label: str
    box: Box | None
    png: Path | None
    npz: Path | None

    def size(self) -> MaskSize:
        """Size of the mask, from the header of its PNG or, where that is no use, of its NPZ.

        Raises:
            UnusableFile: neither can be used.
        """
        return self._first_usable(mask_size, npz_first=False)

    def mask(self, *, npz_first: bool = False) -> NDArray[np.bool_]:
        """The mask, from the PNG or, where that is no use, from the NPZ; or the other way round.

        Raises:
            UnusableFile: neither can be used.
        """
        return self._first_usable(read_mask, npz_first=npz_first)

    def _first_usable(self, read: Callable[[Path], Read], *, npz_first: bool) -> Read:
        files = [path for path in (self.png, self.npz) if path is not None]
        if npz_first:
            files.reverse()
        for path in files[:-1]:
            try:
                return read(path)
            except UnusableFile:
                continue
        return read(files[-1])


@dataclass(frozen=True)
class RunPrompt:
    """A verified prompt.

    Attributes:
        index: its number in the family, unique there: the recorded one where that is.
        text: without space around it.
        satisfying: indices of regions that have a mask's file; none for a negative.
        skip: why it is no supervision; None if it is.
    """

    index: int
    text: str
    satisfying: tuple[int, ...]
    skip: str | None


@dataclass(frozen=True)
class RunFamily:
    """A concept family of a run.

    Attributes:
        name: of its folder.
        image: the picture that its summary names, if that is a file in the right place.
        prompts: those that were verified.
        unusable: why there are none; None if there are, or could be.
    """

    name: Family
    image: Path | None
    prompts: tuple[RunPrompt, ...]
    unusable: str | None


@dataclass(frozen=True)
class Run:
    """A run folder's content but for masks and pictures, which stay in their files.

    Attributes:
        folder: where it is.
        original: its original_image.png, if there is one.
        regions: the accepted regions that have a mask's file, by index.
        families: one each, in the document's order.
        unusable: why no region can be used at all; None if one can, or there is none.
        problems: all that is wrong, one line each.
    """

    folder: Path
    original: Path | None
    regions: Mapping[int, RunRegion]
    families: tuple[RunFamily, ...]
    unusable: str | None
    problems: tuple[str, ...]
