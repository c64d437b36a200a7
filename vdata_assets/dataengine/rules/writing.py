"""Which of all the claims that hold are asked for: few, and each of another kind."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TypeVar

from vdata_assets.dataengine.annotator import MAX_PROMPTS, Family, Prompt, Written
from vdata_assets.dataengine.rules.claims import (
    BETWEEN,
    CORNERS,
    EXTREMES,
    HALVES,
    RELATIONS,
    Anchor,
    Claim,
    Group,
    Unproven,
)
from vdata_assets.dataengine.rules.colours import NAMES
from vdata_assets.dataengine.rules.proofs import REFUTABLE, Proof, anchor_of, prove, refute
from vdata_assets.dataengine.rules.scene import Scene
from vdata_assets.dataengine.rules.wording import mass_noun, sentences, understood
from vdata_assets.seeding import seeded_int, seeded_order

SILENT: dict[Family, str] = {
    "affordances": "what can be done with a region follows from no measurement",
    "physics": "forces, weight and support follow from no measurement",
}
NOTHING_HOLDS = "no claim of this family can be proved: too few regions, or too close to call"
NOTHING_ABSENT = "nothing can be proved to be absent: a region or some pixels come too close"

# Picked regions that others are compared with; of given labels only positions are true in the room too.
ANCHOR_PICKS = ("largest", "smallest", "leftmost", "rightmost", "topmost", "lowest")
# Comparisons that say nothing new of a region picked so.
IDLE = {
    "largest": ("larger", "smaller"),
    "smallest": ("larger", "smaller"),
    "leftmost": ("left of", "right of"),
    "rightmost": ("left of", "right of"),
    "topmost": ("above", "below"),
    "lowest": ("above", "below"),
}
# Nouns, and regions that others are compared with, that one picture's relations are looked for among: more
# than most pictures have.
COMPARED = 12


Named = TypeVar("Named", Group, Anchor)


@dataclass(frozen=True)
class _Found:
    """A claim that holds."""

    claim: Claim
    proof: Proof
    telling: bool


def write(scenes: Sequence[Scene], family: Family, *, negative: bool, image_id: str) -> Written:
    """Prompts of a family that hold in every view of a picture; they name regions by their positions.

    Args:
        scenes: the picture and other views of it, the first of which is searched.
        family: which concept family, none of the silent ones.
        negative: write prompts whose target is absent.
        image_id: decides among what holds.
    """
    scene, *others = scenes
    show = refute if negative else prove
    claims = _absent(scene, family, image_id) if negative else _claims(scene, family, image_id)
    found = _holding(scene, claims, show)
    key = f"{family}{' absent' if negative else ''}"
    keyed = {repr(entry.claim): entry for entry in found}
    order = {name: rank for rank, name in enumerate(seeded_order(0, f"rules {key} {image_id}", keyed))}
    waiting = sorted(keyed, key=lambda name: order[name])
    labels = [label for label in scene.labels if label is not None]
    chosen: list[_Found] = []
    prompts: list[Prompt] = []
    while waiting and len(chosen) < MAX_PROMPTS:
        name = min(waiting, key=lambda name: (_sameness(keyed[name], chosen), order[name]))
        waiting.remove(name)
        entry = keyed[name]
        if not all(agrees(view, entry.claim, entry.proof, show) for view in others):
            continue
        wordings = sentences(entry.claim)
        text = wordings[seeded_int(0, "rules wording", image_id, name) % len(wordings)]
        if understood(text, labels) != entry.claim:
            continue
        chosen.append(entry)
        prompts.append(Prompt(text, entry.proof.candidates, entry.proof.satisfying))
    note = "" if prompts else NOTHING_ABSENT if negative else NOTHING_HOLDS
    return Written(tuple(prompts), note)


def agrees(view: Scene, claim: Claim, proof: Proof, show: Callable[[Scene, Claim], Proof]) -> bool:
    """Whether another view of the picture shows the same answer."""
    try:
        return show(view, claim).satisfying == proof.satisfying
    except Unproven:
        return False


def _holding(scene: Scene, claims: Iterator[Claim], show: Callable[[Scene, Claim], Proof]) -> list[_Found]:
    found = []
    for claim in claims:
        if not sentences(claim):
            continue
        for several in (None,) if claim.several is None else (False, True):
            numbered = replace(claim, several=several)
            try:
                proof = show(scene, numbered)
            except Unproven:
                continue
            telling = _telling(scene, numbered, proof)
            if telling or claim.predicate not in ("larger", "smaller"):
                found.append(_Found(numbered, proof, telling))
            break
    return found


def _telling(scene: Scene, claim: Claim, proof: Proof) -> bool:
    """Whether the whole sentence is needed to find the answer, not its noun alone."""
    if not claim.predicate:
        return True
    try:
        members = scene.members(claim.target)
    except Unproven:
        return False
    return len(proof.satisfying) < len(members)


def _sameness(entry: _Found, chosen: list[_Found]) -> int:
    """How little a claim adds to those that are chosen."""
    predicates = Counter(other.claim.predicate for other in chosen)
    answers = Counter(other.proof.satisfying for other in chosen)
    targets = Counter(other.claim.target for other in chosen)
    repeated = answers[entry.proof.satisfying] if entry.proof.satisfying else 0
    wording = predicates[entry.claim.predicate] if entry.claim.predicate else 0
    return 8 * (not entry.telling) + 4 * wording + 3 * repeated + targets[entry.claim.target]


def _claims(scene: Scene, family: Family, image_id: str) -> Iterator[Claim]:
    """All claims of a family that may hold."""
    groups = scene.groups()
    if family == "entities":
        for group in groups:
            yield Claim(group, several=None if mass_noun(group) is not None else False)
        return
    if family == "spatial":
        for group in groups:
            for predicate in (*EXTREMES, *HALVES, *CORNERS):
                yield Claim(group, predicate)
        return
    anchors = _few(_anchors(scene, groups), image_id)
    for group in _few(groups, image_id):
        for predicate in RELATIONS:
            for anchor in anchors:
                if predicate not in IDLE.get(anchor.pick, ()) and _sensible(group, predicate, anchor):
                    yield Claim(group, predicate, (anchor,))
        for pair in combinations(anchors, 2):
            yield Claim(group, BETWEEN, pair)


def _few(things: list[Named], image_id: str) -> list[Named]:
    """At most so many, chosen for this picture."""
    keyed = {repr(thing): thing for thing in things}
    return [keyed[key] for key in seeded_order(0, f"rules compared {image_id}", keyed)[:COMPARED]]


def _sensible(group: Group, predicate: str, anchor: Anchor) -> bool:
    """Whether somebody would say it: a colour is not compared with a region of a named colour."""
    return predicate != "same colour" or (group.kind != "colour" and anchor.group.kind != "colour")


def _anchors(scene: Scene, groups: list[Group]) -> list[Anchor]:
    """Regions that have a name of their own."""
    anchors = []
    for group in groups:
        picks = ("",) if len(scene.members(group)) == 1 else ANCHOR_PICKS
        for anchor in (Anchor(group, pick) for pick in picks):
            try:
                anchor_of(scene, anchor)
            except Unproven:
                continue
            anchors.append(anchor)
    return anchors


def _absent(scene: Scene, family: Family, image_id: str) -> Iterator[Claim]:
    """Claims of a family that may hold of nothing."""
    seen = {colour.name for colour in scene.colours}
    targets = [Group("colour", name) for name in NAMES]
    gone = [group for group in targets if group.name not in seen]
    if family == "entities":
        yield from (Claim(group) for group in gone)
        return
    if family == "spatial":
        for group in targets:
            for predicate in (*HALVES, *CORNERS):
                yield Claim(group, predicate)
        return
    anchors = _few(_anchors(scene, scene.groups()), image_id)
    for group in targets:
        for predicate in RELATIONS:
            if predicate in REFUTABLE:
                for anchor in anchors:
                    if predicate not in IDLE.get(anchor.pick, ()):
                        yield Claim(group, predicate, (anchor,))
