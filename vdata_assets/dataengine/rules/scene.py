"""What is known of a picture and its regions: measured once, then asked for every claim."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from vdata_assets.dataengine.annotator import Region
from vdata_assets.dataengine.rules.claims import Group, Unproven
from vdata_assets.dataengine.rules.colours import (
    FAINT,
    LIKELY,
    NAMES,
    POSSIBLE,
    ColourMap,
    lab_of,
)
from vdata_assets.dataengine.rules.geometry import Contact, Mask, Shape, contacts, eroded, grown, part_sizes
from vdata_assets.dataengine.rules.region_colour import RegionColour

# A part of the picture that people may notice: thicker than 2 px, and so large a share of the picture.
NOTABLE = 2e-4
NOTABLE_PIXELS = 16
# For a claim that there is nothing of a colour: less than that.
TRACE = 2e-5
TRACE_PIXELS = 4
TRACE_SHARE = 5e-3
# Around a mask: blurred edges, and what a mask leaves out of its object.
RIM = 4
# A plain background: so far in CIELAB from its median, and no less of the picture.
PLAIN = 15.0
LEAST_BACKGROUND = 0.15
APART = 4
REACH = 24


@dataclass(frozen=True, eq=False)
class Scene:
    """A picture with its regions' shapes, colours and labels.

    Attributes:
        pixels: (height, width, 3) RGB.
        shapes: of the regions, in order.
        labels: given ones; None where a region has no name but its colour's.
        scale: pixels of the working picture that a pixel is wide.
        base: the scene that this one differs from in its masks' edges only.
    """

    pixels: NDArray[np.uint8]
    shapes: tuple[Shape, ...]
    labels: tuple[str | None, ...]
    scale: int = 1
    base: "Scene | None" = None
    _groups: dict[Group, tuple[int, ...] | str] = field(default_factory=dict)
    _traces: dict[tuple[str, tuple[int, ...]], tuple[float, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, pixels: NDArray[np.uint8], regions: list[Region]) -> "Scene":
        """Measure a picture.

        Raises:
            ValueError: a mask is empty or not of the picture's size.
        """
        for region in regions:
            if region.mask.shape != pixels.shape[:2]:
                raise ValueError(
                    f"region {region.index}: its mask has shape {region.mask.shape}, "
                    f"the picture {pixels.shape[:2]}"
                )
        shapes = tuple(Shape.of(region.mask) for region in regions)
        return cls(pixels, shapes, tuple(given_label(region.caption.label) for region in regions))

    def halved(self) -> "Scene":
        """The scene at half the resolution.

        Raises:
            Unproven: a region is too small for that.
        """
        height, width = (side // 2 * 2 for side in self.pixels.shape[:2])
        if not height or not width:
            raise Unproven("the picture is too small to look at it twice")
        pixels = self.pixels[:height, :width].astype(np.uint16)
        pixels = pixels[0::2, 0::2] + pixels[0::2, 1::2] + pixels[1::2, 0::2] + pixels[1::2, 1::2]
        masks = []
        for shape in self.shapes:
            mask = shape.mask[:height, :width].astype(np.uint8)
            masks.append(mask[0::2, 0::2] + mask[0::2, 1::2] + mask[1::2, 0::2] + mask[1::2, 1::2] >= 2)
        if not all(mask.any() for mask in masks):
            raise Unproven("a region is no more than a few pixels")
        small = ((pixels + 2) // 4).astype(np.uint8)
        return Scene(small, tuple(map(Shape.of, masks)), self.labels, scale=2 * self.scale)

    def trimmed(self) -> "Scene":
        """The scene with every mask shrunk by 2 px, where that leaves half of it.

        A claim that hangs on a few pixels at an edge does not survive it.
        """
        shapes = []
        for shape in self.shapes:
            smaller = eroded(np.pad(shape.mask, 2), 2)[2:-2, 2:-2]
            shapes.append(Shape.of(smaller) if 2 * np.count_nonzero(smaller) >= shape.area else shape)
        return Scene(self.pixels, tuple(shapes), self.labels, self.scale, base=self)

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.pixels.shape[0])

    @cached_property
    def colour_map(self) -> ColourMap:
        """What every pixel may be called."""
        return ColourMap.of(self.pixels) if self.base is None else self.base.colour_map

    @cached_property
    def colours(self) -> tuple[RegionColour, ...]:
        """Of the regions, in order."""
        if self.base is not None:
            return self.base.colours
        return tuple(RegionColour.of(self.pixels, self.colour_map, shape) for shape in self.shapes)

    @cached_property
    def contacts(self) -> dict[tuple[int, int], Contact]:
        """How near regions come, by ordered pair; those far apart are left out."""
        return contacts(self.shapes, REACH // self.scale)

    def groups(self) -> list[Group]:
        """Groups that are surely known, each with at least one region."""
        labels = sorted({label for label in self.labels if label is not None})
        colours = {colour.name for colour in self.colours}
        wanted = [Group("label", label) for label in labels]
        wanted += [Group("colour", name) for name in NAMES if name in colours]
        wanted.append(Group("all"))
        return [group for group in wanted if not isinstance(self._resolved(group), str)]

    def members(self, group: Group) -> tuple[int, ...]:
        """The regions of a group, all that the picture has of it.

        Raises:
            Unproven: it is not sure which ones they are, or there may be more in the picture.
        """
        found = self._resolved(group)
        if isinstance(found, str):
            raise Unproven(found)
        return found

    def each_whole(self, members: tuple[int, ...]) -> None:
        """Make sure that no two regions may be parts of one thing, which another hides in the middle.

        Raises:
            Unproven: two of one colour are close together, or touch the same third one.
        """
        known = (self.base or self)._perhaps_one
        for pair in combinations(members, 2):
            if pair in known:
                raise Unproven(f"regions {pair[0]} and {pair[1]} may be parts of one thing")

    @cached_property
    def _perhaps_one(self) -> frozenset[tuple[int, int]]:
        """Pairs of regions that may be parts of one thing."""
        numbers = range(len(self.shapes))
        touched = [{other for other in numbers if self._close(one, other)} for one in numbers]
        return frozenset(
            (one, other)
            for one, other in combinations(numbers, 2)
            if self.labels[one] is None
            and self.labels[other] is None
            and self.colours[one].possible & self.colours[other].possible
            and ((one, other) in self.contacts or touched[one] & touched[other])
        )

    def _close(self, one: int, other: int) -> bool:
        """Whether two regions are at most a blurred edge apart."""
        contact = self.contacts.get((one, other))
        return contact is not None and contact.gap * self.scale <= APART

    def absence(self, name: str, besides: tuple[int, ...] = ()) -> str:
        """Evidence that nothing in the picture has a colour, but for some regions.

        Raises:
            Unproven: something may have it.
        """
        if self.base is not None:
            return self.base.absence(name, besides)
        if (name, besides) not in self._traces:
            named = [index for index, colour in enumerate(self.colours) if colour.name is not None]
            bright = self.colour_map.perhaps(name, POSSIBLE, casts=False)
            # Where something has the colour, the light has no cast that hides it; and what has a sure name of
            # its own hardly has another in other light.
            seen = (
                bright
                if besides
                else np.where(self._around(named), bright, self.colour_map.perhaps(name, FAINT, casts=True))
            )
            seen &= ~self._around(besides)
            largest = next(iter(part_sizes(eroded(seen, 1)).tolist()), 0)
            self._traces[name, besides] = float(seen.mean()), int(largest)
        share, largest = self._traces[name, besides]
        said = f"{share:.2%} of the picture's pixels may be called {name}, {largest} of them in one place"
        least = max(TRACE_PIXELS, TRACE * self.width * self.height)
        if largest >= least or share > TRACE_SHARE:
            raise Unproven(said)
        return said

    def _resolved(self, group: Group) -> tuple[int, ...] | str:
        """A group's regions, or why they are not known."""
        if self.base is not None:
            return self.base._resolved(group)
        if group not in self._groups:
            self._groups[group] = (
                self._of_label(group.name)
                if group.kind == "label"
                else self._of_colour(group.name)
                if group.kind == "colour"
                else self._of_all()
            )
        return self._groups[group]

    def _of_label(self, name: str) -> tuple[int, ...] | str:
        words = set(words_of(name))
        for other in self.labels:
            if other is not None and other != name and words <= set(words_of(other)):
                return f"a {other!r} may be called {name!r} too: the labels are not apart"
        found = tuple(index for index, label in enumerate(self.labels) if label == name)
        return found or f"no region is labelled {name!r}"

    def _of_colour(self, name: str) -> tuple[int, ...] | str:
        found = tuple(index for index, colour in enumerate(self.colours) if colour.name == name)
        if not found:
            return f"no region is surely {name}"
        doubtful = [
            index
            for index, colour in enumerate(self.colours)
            if index not in found and name in colour.possible
        ]
        if doubtful:
            return f"region {doubtful[0]} may be called {name} too"
        others = [index for index in range(len(self.shapes)) if index not in found]
        own = self._around(found)
        # A region that is called otherwise has shades; what of it is most likely of this name counts.
        doubtful_parts = np.where(
            self._around(others),
            self.colour_map.called(name, LIKELY),
            self.colour_map.perhaps(name, POSSIBLE, casts=False),
        )
        largest = self._notable(doubtful_parts & ~own)
        if largest:
            return f"{largest} px outside of the {name} regions may be called {name} too"
        return found

    def _of_all(self) -> tuple[int, ...] | str:
        if len(self.shapes) < 2 or any(label is not None for label in self.labels):
            return "more than the given regions may be seen"
        near = [pair for pair in self.contacts if self._close(*pair)]
        if near:
            return f"regions {near[0][0]} and {near[0][1]} are not clearly apart"
        rest = ~self._around(range(len(self.shapes)))
        if rest.mean() < LEAST_BACKGROUND:
            return f"only {rest.mean():.0%} of the picture is background"
        thin = (slice(None, None, 2), slice(None, None, 2))
        lab, seen = lab_of(self.pixels[thin]), rest[thin]
        if not seen.any():
            return "too little of the picture is background"
        strange = (((lab - np.median(lab[seen], axis=0)) ** 2).sum(axis=-1) > PLAIN**2) & seen
        largest = 4 * self._notable(strange, 4)
        if largest:
            return f"the background is not plain: {largest} px stand out"
        return tuple(range(len(self.shapes)))

    def _around(self, indices: Sequence[int]) -> Mask:
        """The pixels of regions, and of their blurred edges."""
        union = np.zeros(self.pixels.shape[:2], np.bool_)
        for index in indices:
            union |= self.shapes[index].mask
        return grown(union, -(-RIM // self.scale))

    def _notable(self, mask: Mask, thinned: int = 1) -> int:
        """Pixels of the largest part that people may notice; 0 if there is none."""
        if not mask.any():
            return 0
        least = max(NOTABLE_PIXELS / (self.scale**2 * thinned), NOTABLE * mask.size)
        largest = next(iter(part_sizes(eroded(mask, 1)).tolist()), 0)
        return int(largest) if largest >= least else 0


def words_of(label: str) -> list[str]:
    """The words of a label, in lower case."""
    return label.lower().replace("-", " ").replace("_", " ").split()


def given_label(label: str) -> str | None:
    """The label, unless it is one of the rules' own, which name colours."""
    words = label.split()
    own = words == ["region"] or (len(words) == 2 and words[0] in NAMES and words[1] == "region")
    return None if own else label
