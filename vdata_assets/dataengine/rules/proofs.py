"""Claims put to the proof: which regions answer one, or that none does."""

from dataclasses import dataclass
from math import hypot

import numpy as np

from vdata_assets.dataengine.rules.claims import (
    BETWEEN,
    CORNERS,
    EXTREMES,
    HALVES,
    OPPOSITES,
    RELATIONS,
    Anchor,
    Claim,
    Unproven,
)
from vdata_assets.dataengine.rules.relations import AREA_RATIO, SIDE_MARGIN, Finding, between, placed, related
from vdata_assets.dataengine.rules.scene import Scene

# Absence of what is there, but elsewhere, is only claimed of these: its opposite holds of everything.
REFUTABLE = (*HALVES, *CORNERS, *OPPOSITES, "touching", "inside", "larger", "smaller")


@dataclass(frozen=True)
class Proof:
    """What answers a claim.

    Attributes:
        satisfying: indices of the regions that do; none of a refuted claim.
        candidates: indices of the regions that could be mistaken for them, with them.
        figures: the evidence.
    """

    satisfying: tuple[int, ...]
    candidates: tuple[int, ...]
    figures: str


def prove(scene: Scene, claim: Claim) -> Proof:
    """The regions that answer a claim.

    Raises:
        Unproven: it is ambiguous, too close to call, or nothing or everything answers it.
    """
    members = scene.members(claim.target)
    if claim.predicate or not claim.several:
        scene.each_whole(members)
    if not claim.predicate:
        satisfying, figures = members, _group_figures(scene, members)
    elif claim.predicate in EXTREMES:
        best, figures = extreme(scene, members, claim.predicate)
        satisfying = (best,)
    else:
        findings = _findings(scene, claim, members)
        satisfying = tuple(index for index, finding in findings.items() if finding.truth)
        others = [finding.figures for finding in findings.values() if not finding.truth]
        figures = "; ".join(findings[index].figures for index in satisfying)
        if others:
            figures += f"; of the others: {'; '.join(others)}"
    if not satisfying:
        raise Unproven("nothing answers it")
    if claim.several is not None and (len(satisfying) > 1) != claim.several:
        raise Unproven(f"{len(satisfying)} answer it, which the sentence does not say")
    everything = tuple(range(len(scene.shapes)))
    candidates = members if len(satisfying) < len(members) else everything
    if len(satisfying) == len(candidates):
        raise Unproven("everything answers it")
    return Proof(satisfying, candidates, figures)


def refute(scene: Scene, claim: Claim) -> Proof:
    """Show that nothing in the picture answers a claim.

    Raises:
        Unproven: something may.
    """
    everything = tuple(range(len(scene.shapes)))
    if claim.target.kind != "colour":
        raise Unproven("what is not in the list may be in the picture all the same")
    anchors = [anchor_of(scene, anchor) for anchor in claim.anchors]
    if not any(colour.name == claim.target.name for colour in scene.colours):
        return Proof((), everything, scene.absence(claim.target.name))
    if claim.predicate not in REFUTABLE:
        raise Unproven(f"something {claim.target.name} is there")
    members = scene.members(claim.target)
    findings = _findings(scene, claim, members)
    for index, finding in findings.items():
        opposite = OPPOSITES.get(claim.predicate)
        clear = related(scene, index, anchors[0], opposite).truth if opposite else finding.truth is False
        if not clear:
            raise Unproven(f"it is not far from true: {finding.figures}")
    if not findings:
        raise Unproven("there is nothing to compare")
    elsewhere = scene.absence(claim.target.name, besides=members)
    figures = "; ".join(finding.figures for finding in findings.values())
    return Proof((), everything, f"{figures}; elsewhere {elsewhere}")


def anchor_of(scene: Scene, anchor: Anchor) -> int:
    """The region that an anchor names.

    Raises:
        Unproven: it is not surely one.
    """
    members = scene.members(anchor.group)
    scene.each_whole(members)
    if anchor.pick:
        return extreme(scene, members, anchor.pick)[0]
    if len(members) != 1:
        raise Unproven(f"there are {len(members)} of what it is compared with")
    return members[0]


def extreme(scene: Scene, members: tuple[int, ...], predicate: str) -> tuple[int, str]:
    """The one region that is most something of several, with the figures.

    Raises:
        Unproven: there are not several, or the next comes too close.
    """
    if len(members) < 2:
        raise Unproven("there is nothing to compare")
    measures = [_measures(scene, index, predicate) for index in members]
    order = np.lexsort(np.array(measures).T[::-1])
    best, *rest = (measures[position] for position in order)
    margin = _margin(scene, predicate)
    for column, (value, *others) in enumerate(zip(best, *rest, strict=True)):
        nearest = min(others)
        clear = (
            value + margin <= nearest
            if margin
            else nearest >= AREA_RATIO * value
            if value > 0
            else (nearest * AREA_RATIO >= value)
        )
        if not clear:
            raise Unproven(f"{predicate}: {_figures(predicate, column, value, nearest)}: too close to call")
    nearest = min(other[0] for other in rest)
    return members[int(order[0])], f"{_figures(predicate, 0, best[0], nearest)}"


def _measures(scene: Scene, index: int, predicate: str) -> tuple[float, ...]:
    """What must be least of the extreme region, each by the margin."""
    shape = scene.shapes[index]
    x0, y0, x1, y1 = shape.box
    if predicate == "central":
        middle_x, middle_y = (scene.width - 1) / 2, (scene.height - 1) / 2
        return (
            hypot(shape.x - middle_x, shape.y - middle_y),
            hypot((x0 + x1) / 2 - middle_x, (y0 + y1) / 2 - middle_y),
        )
    return {
        "leftmost": (x0, shape.x),
        "rightmost": (-x1, -shape.x),
        "topmost": (y0, shape.y),
        "lowest": (-y1, -shape.y),
        "largest": (-shape.area,),
        "smallest": (shape.area,),
    }[predicate]


def _margin(scene: Scene, predicate: str) -> float:
    """In pixels; 0 where ratios count."""
    if predicate in ("largest", "smallest"):
        return 0.0
    side = {"central": max(scene.width, scene.height), "topmost": scene.height, "lowest": scene.height}
    return SIDE_MARGIN * side.get(predicate, scene.width)


def _figures(predicate: str, column: int, value: float, nearest: float) -> str:
    what = {
        "leftmost": "left edge at column",
        "rightmost": "right edge at column",
        "topmost": "upper edge at row",
        "lowest": "lower edge at row",
        "largest": "pixels:",
        "smallest": "pixels:",
        "central": "distance from the centre",
    }[predicate]
    if column:
        what = "centre at"
    return f"{what} {abs(value):.0f}, the next {abs(nearest):.0f}"


def _findings(scene: Scene, claim: Claim, members: tuple[int, ...]) -> dict[int, Finding]:
    """What is found of each member; the anchors themselves, which are no answer, are left out.

    Raises:
        Unproven: one is too close to call.
    """
    anchors = [anchor_of(scene, anchor) for anchor in claim.anchors]
    if len(set(anchors)) < len(anchors):
        raise Unproven("it is compared with one region twice")
    findings = {}
    for index in members:
        if index in anchors:
            continue
        if claim.predicate in HALVES or claim.predicate in CORNERS:
            finding = placed(scene, index, claim.predicate)
        elif claim.predicate in RELATIONS:
            finding = related(scene, index, anchors[0], claim.predicate)
        elif claim.predicate == BETWEEN:
            finding = between(scene, index, anchors[0], anchors[1])
        else:
            raise Unproven(f"{claim.predicate!r} is not measured")
        if finding.truth is None:
            raise Unproven(f"region {index}: {finding.figures}: too close to call")
        findings[index] = finding
    return findings


def _group_figures(scene: Scene, members: tuple[int, ...]) -> str:
    """What a group without a predicate rests on."""
    parts = []
    for index in members:
        label, colour = scene.labels[index], scene.colours[index]
        lightness, a, b = (float(value) for value in colour.lab)
        measured = f"CIELAB {lightness:.0f}, {a:.0f}, {b:.0f}"
        parts.append(f"region {index} is " + (f"labelled {label!r}" if label is not None else measured))
    return "; ".join(parts)
