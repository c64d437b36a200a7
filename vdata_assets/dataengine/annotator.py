"""Who looks at pictures in the data engine, and what is asked of them.

Two answer: :mod:`~vdata_assets.dataengine.model_annotator` asks a vision-language model, and
:mod:`~vdata_assets.dataengine.rules.annotator` states what geometry and labels prove.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from vdata_resources.segmenters.protocol import Segmentation

Box = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels of the working picture, inclusive."""

Family = Literal["entities", "spatial", "affordances", "relations", "physics"]
FAMILIES: tuple[Family, ...] = ("entities", "spatial", "affordances", "relations", "physics")

Verdict = Literal["ACCEPT", "REJECT", "ERROR"]
"""ERROR: nobody could judge it."""

MAX_REGIONS = 8
MAX_PROMPTS = 3


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture at working size.

    Attributes:
        image_id: of the image.
        run: name of its run folder.
        pixels: (height, width, 3) RGB, upright, its long side at most ``max_side``.
        segmentation: the picture under segmentation, while regions are looked for.
    """

    image_id: str
    run: str
    pixels: NDArray[np.uint8]
    segmentation: Segmentation | None = None


@dataclass(frozen=True)
class Caption:
    """A region that somebody named.

    Attributes:
        label: noun phrase, e.g. ``"wooden chair"``.
        attributes: what can be seen of it, e.g. ``("red", "large")``.
        place: coarse place, e.g. ``"lower left"``.
        boxes: where its parts are, if whoever named it knows; otherwise boxes are asked for.
    """

    label: str
    attributes: tuple[str, ...] = ()
    place: str = ""
    boxes: tuple[Box, ...] = ()

    @property
    def description(self) -> str:
        """One phrase with all that was said, e.g. ``"wooden chair (red, large), lower left"``."""
        attributes = f" ({', '.join(self.attributes)})" if self.attributes else ""
        place = f", {self.place}" if self.place else ""
        return f"{self.label}{attributes}{place}"


@dataclass(frozen=True, eq=False)
class Region:
    """A region whose mask was accepted.

    Attributes:
        index: its number in the picture, from 0, which prompts refer to.
        caption: what it is called.
        mask: bool of shape (height, width), not empty.
    """

    index: int
    caption: Caption
    mask: NDArray[np.bool_]


@dataclass(frozen=True)
class Judgement:
    """A yes or no with its reason."""

    accept: bool
    reason: str


@dataclass(frozen=True)
class Prompt:
    """A request that a person could make, and the regions that answer it.

    Attributes:
        text: imperative sentence.
        candidates: indices of the regions that it could be mistaken for, those that answer it included.
        satisfying: indices of the regions that answer it: a strict subset of the candidates; none for a
            negative, whose target is not in the picture.
    """

    text: str
    candidates: tuple[int, ...]
    satisfying: tuple[int, ...]


@dataclass(frozen=True)
class Written:
    """What was written for one concept family.

    Attributes:
        prompts: at most :data:`MAX_PROMPTS`.
        note: why there are none, or what was left out; empty if there is nothing to say.
    """

    prompts: tuple[Prompt, ...]
    note: str = ""


class Annotator(Protocol):
    """Names regions, judges masks, writes prompts and judges those. Any number of calls may be under way.

    Every method raises :class:`~vdata_resources.language.protocol.ModelError` where there is no answer,
    which is no judgement.
    """

    @property
    def identity(self) -> str:
        """Changes whenever answers could: model, prompt versions, rules. Named in the metadata."""
        ...

    async def captions(self, picture: Picture) -> list[Caption]:
        """The regions worth naming, at most :data:`MAX_REGIONS`, each label once."""
        ...

    async def boxes(self, picture: Picture, captions: list[Caption]) -> list[tuple[Box, ...]]:
        """Boxes of each caption's parts, in order, inside the picture; none where it is not seen."""
        ...

    async def judge_mask(self, picture: Picture, caption: Caption, mask: NDArray[np.bool_]) -> Judgement:
        """Whether the mask covers what the caption names: all of it and little else."""
        ...

    async def prefers_refined(
        self, picture: Picture, caption: Caption, initial: NDArray[np.bool_], refined: NDArray[np.bool_]
    ) -> Judgement:
        """Which of two accepted masks is better; accept: the refined one."""
        ...

    async def prompts(
        self, picture: Picture, regions: list[Region], family: Family, *, negative: bool
    ) -> Written:
        """Prompts of a concept family; negative: such whose target is absent."""
        ...

    async def judge_prompt(
        self, picture: Picture, regions: list[Region], family: Family, prompt: Prompt
    ) -> Judgement:
        """Whether exactly the satisfying regions answer the prompt; for a negative, whether nothing does."""
        ...
