"""Regions of a shard's images: named, proposed, refined, verified.

Pictures are worked on side by side; of each, the segmenter runs in a thread while the annotator is asked.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dataframely as dy
import numpy as np
import polars as pl
from numpy.typing import NDArray

from vdata_assets.dataengine.annotator import Annotator, Box, Caption, Judgement, Picture, Region, Verdict
from vdata_assets.dataengine.attempts import UNREADABLE, Attempts, error_table
from vdata_assets.dataengine.given_regions import GivenRegion
from vdata_assets.dataengine.masks_of_regions import initial_masks, refinements
from vdata_assets.dataengine.pictures import WorkingPicture, load_picture
from vdata_assets.dataengine.run_folder import write_regions
from vdata_assets.dataengine.schema import EngineErrors, Proposals, WorkedPictures
from vdata_assets.dataengine.settings import RegionSettings
from vdata_assets.masks.dense import inclusive_box, runs_of
from vdata_assets.masks.write import write_compressed
from vdata_assets.rows import table_of
from vdata_resources.concurrently import gathered, ordered
from vdata_resources.images import UnreadableImage
from vdata_resources.progress import Progress
from vdata_resources.segmenters.protocol import MaskProposal, Segmenter

PICTURES = "pictures.parquet"
PROPOSALS = "proposals.parquet"
ERRORS = "errors.parquet"

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class FoundRegions:
    """What was found in a shard.

    Attributes:
        pictures: of schema WorkedPictures.
        proposals: of schema Proposals.
        errors: of schema EngineErrors.
        asked: questions, so that the share of errors can be told.
    """

    pictures: dy.DataFrame[WorkedPictures]
    proposals: dy.DataFrame[Proposals]
    errors: dy.DataFrame[EngineErrors]
    asked: int


@dataclass
class _Proposal:
    """A named region on its way: its masks, and what was said of them."""

    caption: Caption
    initial: Mask | None = None
    refined: Mask | None = None
    row: dict[str, Any] = field(default_factory=dict)
    accepted: Mask | None = None


@dataclass
class _Worked:
    """A picture that is done, or could not be read."""

    attempts: Attempts
    picture: dict[str, Any] | None = None
    proposals: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class RegionFinder:
    """What finds regions.

    Attributes:
        annotator: names regions and judges masks.
        segmenter: makes masks.
        settings: working size and limits.
        given: regions by path of images that have them already.
    """

    annotator: Annotator
    segmenter: Segmenter
    settings: RegionSettings
    given: Mapping[str, Sequence[GivenRegion]] = field(default_factory=dict)

    async def shard(
        self,
        images: pl.DataFrame,
        root: Path,
        out: Path,
        *,
        ahead: int,
        log: Callable[[str], object],
    ) -> FoundRegions:
        """Find the regions of every image, and write each run folder's pictures and masks.

        Args:
            images: readable rows of EngineImages.
            root: folder of the images.
            out: where the run folders go.
            ahead: pictures that are worked on at a time.
            log: where progress goes.

        Raises:
            ModelUnavailable: the model cannot work here.
            SegmenterUnavailable: the segmenter cannot work here.
            BudgetSpent: the next question could cost too much.
        """
        progress = Progress("regions", images.height, "images", log)
        done: list[_Worked] = []

        async def one(row: dict[str, Any]) -> _Worked:
            return await self._image(row, root, out)

        async with aclosing(ordered(one, images.iter_rows(named=True), ahead)) as results:
            async for worked in results:
                done.append(worked)
                progress.advance()
        pictures = [worked.picture for worked in done if worked.picture]
        proposals = [row for worked in done for row in worked.proposals]
        return FoundRegions(
            table_of(pictures, WorkedPictures),
            table_of(proposals, Proposals),
            error_table([worked.attempts for worked in done]),
            sum(worked.attempts.asked for worked in done),
        )

    async def _image(self, row: dict[str, Any], root: Path, out: Path) -> _Worked:
        worked = _Worked(Attempts(row["image_id"], row["run"]))
        try:
            source = await asyncio.to_thread(
                load_picture, root / row["path"], row["content_hash"], self.settings.max_side
            )
        except UnreadableImage as unreadable:
            worked.attempts.note("load", "", UNREADABLE, unreadable.reason)
            return worked
        segmentation = await asyncio.to_thread(self.segmenter.open, source.pixels)
        picture = Picture(row["image_id"], row["run"], source.pixels, segmentation)
        if row["path"] in self.given:
            proposals = await asyncio.to_thread(
                _given_proposals, self.given[row["path"]], picture, worked.attempts
            )
        else:
            proposals = await self._proposals(picture, worked.attempts)
        await gathered(self._verify(picture, proposal, worked.attempts) for proposal in proposals)
        if row["path"] in self.given:
            _drop_partial_labels(proposals)
        regions = [
            Region(index, proposal.caption, proposal.accepted)
            for index, proposal in enumerate(p for p in proposals if p.accepted is not None)
            if proposal.accepted is not None
        ]
        await asyncio.to_thread(write_regions, out / picture.run, picture.pixels, regions)
        worked.picture = _picture_row(row, source, len(proposals), len(regions))
        worked.proposals = await asyncio.to_thread(_proposal_rows, picture, proposals)
        return worked

    async def _proposals(self, picture: Picture, attempts: Attempts) -> list[_Proposal]:
        """Named regions with their masks; the automatic masks are made while the annotator is asked."""
        segmentation = picture.segmentation
        assert segmentation is not None  # noqa: S101 - it was opened for this
        automatic = asyncio.ensure_future(asyncio.to_thread(segmentation.automatic))
        try:
            captions = await self._captions(picture, attempts)
        finally:
            masks = await automatic  # a thread cannot be abandoned
        initial = await asyncio.to_thread(initial_masks, segmentation, [c.boxes for c in captions])
        refined = await asyncio.to_thread(self._refined, initial, masks)
        proposals = []
        for caption, mask, better in zip(captions, initial, refined, strict=True):
            proposal = _Proposal(caption, mask, better[0] if better else None)
            proposal.row["refined_iou"] = better[1] if better else None
            proposals.append(proposal)
        return proposals

    def _refined(
        self, initial: list[Mask | None], automatic: list[MaskProposal]
    ) -> list[tuple[Mask, float] | None]:
        return refinements(
            initial,
            automatic,
            min_area=self.settings.min_mask_area,
            min_iou=self.settings.min_refinement_iou,
        )

    async def _captions(self, picture: Picture, attempts: Attempts) -> list[Caption]:
        """The named regions, with boxes where they were found."""
        captions = await attempts.ask("region_captions", "", self.annotator.captions(picture)) or []
        unplaced = [caption for caption in captions if not caption.boxes]
        if not unplaced:
            return captions
        answer = await attempts.ask("region_boxes", "", self.annotator.boxes(picture, unplaced))
        boxes: list[tuple[Box, ...]] = answer or [() for _ in unplaced]
        placed = dict(zip(unplaced, boxes, strict=True))
        return [Caption(c.label, c.attributes, c.place, placed[c]) if c in placed else c for c in captions]

    async def _verify(self, picture: Picture, proposal: _Proposal, attempts: Attempts) -> None:
        """Judge both masks; if both stand, have one picked."""
        initial, refined = await gathered(
            [
                self._judged(picture, proposal, "initial", proposal.initial, attempts),
                self._judged(picture, proposal, "refined", proposal.refined, attempts),
            ]
        )
        if initial is None and refined is None:
            return
        if initial is None or refined is None:
            chosen, reason = (
                ("refined", "only the refined mask stands")
                if initial is None
                else (
                    "initial",
                    "only the initial mask stands",
                )
            )
        else:
            chosen, reason = await self._preferred(picture, proposal.caption, initial, refined, attempts)
        proposal.accepted = refined if chosen == "refined" else initial
        proposal.row |= {"chosen": chosen, "chosen_reason": reason}

    async def _judged(
        self, picture: Picture, proposal: _Proposal, which: str, mask: Mask | None, attempts: Attempts
    ) -> Mask | None:
        """The mask if it is accepted; what was said of it goes into the row."""
        if mask is None:
            return None
        judgement = await attempts.ask(
            "mask_verification",
            f"{proposal.caption.label} ({which})",
            self.annotator.judge_mask(picture, proposal.caption, mask),
        )
        proposal.row |= {
            f"{which}_verdict": verdict_of(judgement),
            f"{which}_reason": judgement.reason if judgement else "nobody could judge it: see errors",
        }
        return mask if judgement is not None and judgement.accept else None

    async def _preferred(
        self, picture: Picture, caption: Caption, initial: Mask, refined: Mask, attempts: Attempts
    ) -> tuple[str, str]:
        """Which of two sound masks is taken, and why."""
        if np.array_equal(initial, refined):
            return "initial", "the refined mask is the same"
        choice = await attempts.ask(
            "mask_choice",
            caption.label,
            self.annotator.prefers_refined(picture, caption, initial, refined),
        )
        if choice is None:
            return "initial", "both stand, and nobody could choose: see errors"
        return ("refined" if choice.accept else "initial"), choice.reason


def verdict_of(judgement: Judgement | None) -> Verdict:
    """ACCEPT, REJECT, or ERROR where there is no answer."""
    if judgement is None:
        return "ERROR"
    return "ACCEPT" if judgement.accept else "REJECT"


def _given_proposals(given: Sequence[GivenRegion], picture: Picture, attempts: Attempts) -> list[_Proposal]:
    """Regions with the masks that people drew; one that is malformed is noted and has none."""
    height, width = picture.pixels.shape[:2]
    proposals = []
    for number, region in enumerate(given):
        try:
            mask = region.mask(width, height)
        except ValueError as malformed:
            attempts.note("given_regions", f"{region.label} ({number})", UNREADABLE, str(malformed))
            proposals.append(_Proposal(Caption(region.label)))
            continue
        proposals.append(_Proposal(Caption(region.label, boxes=(inclusive_box(mask),)), mask))
    return proposals


def _drop_partial_labels(proposals: Sequence[_Proposal]) -> None:
    """Take back accepted masks of labels of which another was not: "every cup" would miss that one."""
    partial = {proposal.caption.label for proposal in proposals if proposal.accepted is None}
    for proposal in proposals:
        if proposal.accepted is not None and proposal.caption.label in partial:
            proposal.accepted = None
            proposal.row |= {
                "chosen": None,
                "chosen_reason": "another given region of this label was not accepted: the label is left out",
            }


def _picture_row(row: dict[str, Any], source: WorkingPicture, captions: int, regions: int) -> dict[str, Any]:
    height, width = source.pixels.shape[:2]
    return {
        **{name: row[name] for name in ("image_id", "run", "path")},
        "width": width,
        "height": height,
        "source_width": source.source_width,
        "source_height": source.source_height,
        "captions": captions,
        "regions": regions,
    }


def _proposal_rows(picture: Picture, proposals: Sequence[_Proposal]) -> list[dict[str, Any]]:
    """The rows of a picture's proposals, those with an accepted mask numbered."""
    accepted = [proposal.accepted for proposal in proposals if proposal.accepted is not None]
    strings = iter(write_compressed(runs_of(accepted)).to_list())
    rows = []
    index = 0
    for position, proposal in enumerate(proposals):
        caption = proposal.caption
        row: dict[str, Any] = {
            "image_id": picture.image_id,
            "position": position,
            "run": picture.run,
            "label": caption.label,
            "attributes": list(caption.attributes),
            "place": caption.place,
            "boxes": [list(box) for box in caption.boxes],
            **proposal.row,
        }
        if proposal.accepted is not None:
            row |= {
                "index": index,
                "rle": next(strings),
                "area": int(np.count_nonzero(proposal.accepted)),
                "box": list(inclusive_box(proposal.accepted)),
            }
            index += 1
        rows.append(row)
    return rows
