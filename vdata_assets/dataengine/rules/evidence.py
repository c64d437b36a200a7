"""How well a picture bears a mask out: its edge, its inside, its pieces."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vdata_assets.dataengine.annotator import Caption, Judgement
from vdata_assets.dataengine.rules.colours import NAMES, ColourMap, lab_of
from vdata_assets.dataengine.rules.geometry import Mask, Shape, eroded, grown, part_sizes
from vdata_assets.dataengine.rules.region_colour import RegionColour
from vdata_assets.dataengine.rules.scene import given_label

LEAST_PIXELS = 200
LEAST_SHARE = 5e-4
MOST_SHARE = 0.6
ONE_PIECE = 0.95
# An edge is seen where colours on its two sides are so far apart in CIELAB.
EDGE = 7.0
EDGE_SHARE = 0.8
# So far inside and outside of it they are looked at.
STEP = 3
# Borders of the picture that a region may be cut by.
CUTS = 2
# A mask that somebody drew: pixels in pieces smaller than this are dust.
DUST = 9
LEAST_GIVEN = 16


@dataclass(frozen=True)
class Evidence:
    """What a mask looks like.

    Attributes:
        area: in pixels.
        share: of the picture.
        piece: share of the mask in its largest piece.
        cuts: borders of the picture that it lies on.
        edge: share of its outline along which the colour changes.
        contrast: median change of colour across the outline, in CIELAB.
        colour: of its inside; None if no name is sure.
        spread: median distance of the inside's colours from their median, in CIELAB.
    """

    area: int
    share: float
    piece: float
    cuts: int
    edge: float
    contrast: float
    colour: str | None
    spread: float

    @property
    def quality(self) -> float:
        """Larger is better: an outline that is seen all along, around one even piece."""
        return self.edge + min(self.contrast, 30.0) / 60 + self.piece - min(self.spread, 30.0) / 60


def evidence(pixels: NDArray[np.uint8], mask: Mask) -> Evidence:
    """Look at a mask that is not empty."""
    shape = Shape.of(mask)
    x0, y0, x1, y1 = shape.box
    height, width = mask.shape
    reach = 2 * STEP + 1
    window = (slice(max(0, y0 - reach), y1 + reach + 1), slice(max(0, x0 - reach), x1 + reach + 1))
    near, seen = Shape.of(mask[window]), np.ascontiguousarray(pixels[window])
    edge, contrast = _outline(seen, near.mask)
    colour = RegionColour.of(seen, ColourMap.of(seen), near)
    lab = lab_of(seen[near.mask][:: -(-shape.area // 20_000)])
    return Evidence(
        area=shape.area,
        share=shape.area / mask.size,
        piece=float(part_sizes(near.mask)[0] / shape.area),
        cuts=sum((x0 == 0, y0 == 0, x1 == width - 1, y1 == height - 1)),
        edge=edge,
        contrast=contrast,
        colour=colour.name,
        spread=float(np.median(np.sqrt(((lab - colour.lab) ** 2).sum(axis=-1)))),
    )


def _outline(pixels: NDArray[np.uint8], mask: Mask) -> tuple[float, float]:
    """Share of the outline along which the colour changes, and the median change.

    Pixels a few outside the mask are compared with the nearest ones a few inside, both smoothed a little.
    """
    from scipy.ndimage import distance_transform_edt, uniform_filter

    inside = eroded(np.pad(mask, STEP), STEP - 1)[STEP:-STEP, STEP:-STEP]
    if not inside.any():
        inside = mask
    ring = grown(mask, STEP) & ~grown(mask, STEP - 1)
    if not ring.any():
        return 0.0, 0.0
    smooth = uniform_filter(pixels.astype(np.float32), size=(3, 3, 1))
    _, (rows, columns) = distance_transform_edt(~inside, return_indices=True)
    rows, columns = rows[ring], columns[ring]
    outer = lab_of(np.rint(smooth[ring]).astype(np.uint8))
    inner = lab_of(np.rint(smooth[rows, columns]).astype(np.uint8))
    changes = np.sqrt(((outer - inner) ** 2).sum(axis=-1))
    return float(np.mean(changes >= EDGE)), float(np.median(changes))


def judge_mask(pixels: NDArray[np.uint8], caption: Caption, mask: Mask) -> Judgement:
    """Whether a mask stands: one that somebody drew and named, or one that was found by its colour."""
    if not mask.any():
        return Judgement(False, "The mask is empty.")
    if given_label(caption.label) is not None:
        return _judge_given(mask)
    seen = evidence(pixels, mask)
    words = caption.label.split()
    wanted = words[0] if words[0] in NAMES else None
    least = max(LEAST_PIXELS, LEAST_SHARE * mask.size)
    faults = {
        f"{seen.area} px are too few: at least {least:.0f}": seen.area < least,
        f"it covers {seen.share:.0%} of the picture: no single region": seen.share > MOST_SHARE,
        f"it is cut by {seen.cuts} borders of the picture": seen.cuts > CUTS,
        f"its largest piece is only {seen.piece:.0%} of it": seen.piece < ONE_PIECE,
        f"the colour changes along only {seen.edge:.0%} of its outline": seen.edge < EDGE_SHARE,
        f"it is {seen.colour or 'of no sure colour'}, not {wanted}": (
            wanted is not None and seen.colour != wanted
        ),
    }
    found = [fault for fault, is_so in faults.items() if is_so]
    if found:
        return Judgement(False, f"Rejected: {'; '.join(found)}.")
    return Judgement(
        True,
        f"The colour changes along {seen.edge:.0%} of the outline, by {seen.contrast:.0f} CIELAB units in "
        f"the median; {seen.piece:.0%} of {seen.area} px are one piece"
        + (f", surely {seen.colour}." if seen.colour else "."),
    )


def _judge_given(mask: Mask) -> Judgement:
    """Whether a drawn mask is more than dust; its name is not judged."""
    sizes = part_sizes(mask)
    area, solid = int(sizes.sum()), int(sizes[sizes >= DUST].sum())
    if area < LEAST_GIVEN:
        return Judgement(False, f"{area} px are too few: at least {LEAST_GIVEN}.")
    if 2 * solid < area:
        return Judgement(False, f"It is dust: {solid} of {area} px are in pieces of at least {DUST} px.")
    return Judgement(True, f"It was given; {area} px in {len(sizes)} pieces, the largest of {sizes[0]} px.")


def prefers_refined(pixels: NDArray[np.uint8], initial: Mask, refined: Mask) -> Judgement:
    """Which of two masks the picture bears out better; accept: the refined one, also if they are as good."""
    if not refined.any() or not initial.any():
        return Judgement(bool(refined.any()), "The other mask is empty.")
    before, after = evidence(pixels, initial), evidence(pixels, refined)
    better = after.quality >= before.quality
    said = [
        f"{name} mask's outline is seen along {seen.edge:.0%} of it, by {seen.contrast:.0f} CIELAB units, "
        f"around colours that vary by {seen.spread:.0f}"
        for name, seen in (("The refined", after), ("the initial", before))
    ]
    return Judgement(better, f"{'; '.join(said)}.")
