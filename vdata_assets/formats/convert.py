"""Samples made such that a format can say them, and what they lose by it; one format to another.

What a format lacks (its ``expresses``) is taken out of a sample where the rest still makes sense:

=============================  ======================================================================
id, label, metadata, sizes     dropped
weight                         dropped; of users and systems too where a service weighs answers alone
system turn                    put before the first question, an empty line between
place of a picture in a turn   pictures come first in their turn
picture in another turn        a user's pictures all come first in the first question
boxes                          the objects are dropped
masks                          become their box if the format has boxes and the picture's size is known;
                               objects of which nothing is left are dropped
picture by path                its bytes, where the format holds bytes
picture's bytes                a file ``pictures/<hash>.<ending>`` in the export's folder, if one is given
=============================  ======================================================================

A sample is left out and named where that would make another of it: several pictures for a format of one, no
picture for a format of pictures, a picture in an answer, several rounds for a format of one prompt, a URL
where there are none (nothing is fetched), turns that do not alternate or are empty; and where the format
refuses it for its content (a text with a placeholder in it, a picture that is gone, damaged or too large).
COCO holds no texts, and conversational segmentation two answers alone and one mask of all objects: that is
counted.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path

from vdata_assets.formats.chat.chat_messages import ChatMessages
from vdata_assets.formats.coco.coco_geometry import measured
from vdata_assets.formats.coco.coco_instances import Coco
from vdata_assets.formats.conversation import Feature, MarkedObject, Picture, Sample, Turn, merged
from vdata_assets.formats.convseg.convseg import Convseg, joins, keeps_answer
from vdata_assets.formats.data_uri import media_type_of
from vdata_assets.formats.features import features_of
from vdata_assets.formats.format import Format
from vdata_assets.formats.inline_pictures import path_fault
from vdata_assets.formats.problems import Report
from vdata_assets.formats.tables.embedded_pictures import shown_alike
from vdata_assets.formats.tables.webdataset import WebDataset
from vdata_assets.formats.trials import trial_of
from vdata_assets.masks.segmentations import RunLengthMask
from vdata_resources.images import UnreadableImage
from vdata_resources.parallel import ordered_map

NAMED = 20
AHEAD = 16
PICTURES = "pictures"
NOT_TAKEN_OUT = (
    Feature.URL,
    Feature.DATA,
    Feature.PATH,
    Feature.SEVERAL_PICTURES,
    Feature.NO_PICTURE,
    Feature.ASSISTANT_PICTURE,
    Feature.SEVERAL_ROUNDS,
)
"""What a sample is left out for if the format lacks it."""
SILENT = frozenset({Feature.ASSISTANT_PICTURE, Feature.SEVERAL_ROUNDS})
"""Those of them that do not count where nothing is said."""


@dataclass(frozen=True)
class LeftOut:
    """A sample that a format cannot say.

    Attributes:
        sample: its id, or ``row`` and its number in its split.
        reason: why, and how to mend it.
    """

    sample: str
    reason: str

    def __str__(self) -> str:
        return f"{self.sample}: {self.reason}"


@dataclass
class Lost:
    """What of the samples is not in the target.

    Attributes:
        samples: that were looked at.
        features: samples that hold something which the target lacks, by what it is; those that were left out
            for it too.
        texts: conversations that are written without what they say, or without what is answered.
        joined: samples whose objects became one, with one mask and the sample's class.
        left_out: samples that are not written.
        first: the first 20 of them.
    """

    samples: int = 0
    features: Counter[Feature] = field(default_factory=Counter)
    texts: int = 0
    joined: int = 0
    left_out: int = 0
    first: list[LeftOut] = field(default_factory=list)

    def leave_out(self, sample: str, reason: str) -> None:
        """Count and, if it is among the first, name a sample."""
        self.left_out += 1
        if len(self.first) < NAMED:
            self.first.append(LeftOut(sample, reason))

    def __str__(self) -> str:
        """In one line: ``lost: id of 3, metadata of 2; left out: 1 of 4 samples``."""
        parts = [f"{one.value} of {self.features[one]:,}" for one in Feature if self.features[one]]
        further = {"texts": self.texts, "single objects": self.joined}
        parts += [f"{name} of {count:,}" for name, count in further.items() if count]
        lost = ", ".join(parts) or "nothing"
        return f"lost: {lost}; left out: {self.left_out:,} of {self.samples:,} samples"


def adapted(
    samples: Iterable[Sample], target: Format, root: Path, lost: Lost, pictures: Path | None = None
) -> Iterator[Sample]:
    """The samples as the target can say them, in order; those that it cannot say are left out and named.

    Args:
        samples: read lazily; memory holds some of them.
        target: the format.
        root: folder that pictures' paths are relative to. A picture that is not there leaves its sample out.
        lost: is added to.
        pictures: folder of the export, for samples with pictures' bytes and a format of paths: the pictures,
            those by path too, become files under it, and it is the root of the samples that are given. None:
            such samples are left out.
    """
    adapter = _Adapter(target, root, pictures)
    reads = target.inlines or isinstance(target, Convseg)
    answers = ordered_map(adapter, samples, None, AHEAD) if reads else map(adapter, samples)
    before = ""
    for number, (sample, missing, answer) in enumerate(answers, 1):
        lost.samples += 1
        lost.features.update(missing)
        twice = isinstance(target, WebDataset) and sample.id and sample.id == before
        if twice and isinstance(answer, Sample):
            answer = "comes twice in a row, which is one in a tar: name them apart"
        if isinstance(answer, str):
            lost.leave_out(sample.id or f"row {number}", answer)
            continue
        if isinstance(target, Convseg):
            lost.texts += not keeps_answer(answer)
            lost.joined += joins(answer)
        lost.texts += isinstance(target, Coco) and any(turn.text for turn in sample.turns)
        before = sample.id
        yield answer


def convert(
    source: Format, source_folder: Path, target: Format, target_folder: Path, root: Path, report: Report
) -> Lost:
    """Write a dataset of one format in another.

    Args:
        source: the format that it is in.
        source_folder: where it is.
        target: the format to write.
        target_folder: where to; made if it is not there, and without files of the format.
        root: folder that the source's pictures by path are relative to, and the target's: but where the
            source has pictures' bytes and the target is of paths, all of the target's pictures are files in
            ``pictures`` under its folder, and their paths are relative to that folder.
        report: told of rows of the source that cannot be read.

    Raises:
        ValueError: the name of a split is none for the target.
    """
    target_folder.mkdir(parents=True, exist_ok=True)
    splits = source.splits(source_folder)
    own = target_folder if _needs_files(source, source_folder, target) else None
    lost = Lost()
    target.save(
        {
            split: adapted(source.load(source_folder, split, report), target, root, lost, own)
            for split in splits
        },
        target_folder,
        own or root,
    )
    return lost


def _needs_files(source: Format, folder: Path, target: Format) -> bool:
    """Whether there are pictures' bytes that the target has to refer to as files."""
    if Feature.DATA in target.expresses or Feature.DATA not in source.expresses:
        return False
    if Feature.PATH not in source.expresses:
        return True
    loaded = (one for split in source.splits(folder) for one in source.load(folder, split, lambda told: None))
    return any(picture.data is not None for one in loaded for picture in one.pictures)


class _Adapter:
    """Samples as a format can say them, one at a time; may be called from several threads."""

    def __init__(self, target: Format, root: Path, pictures: Path | None) -> None:
        self._name = target.name
        self._root = root
        self._pictures = pictures if Feature.DATA not in target.expresses else None
        self._expresses = target.expresses | ({Feature.PATH} if target.inlines else set())
        self._trial = trial_of(target, root if self._pictures is None else self._pictures)
        self._silent = isinstance(target, Coco)
        self._as_stored = isinstance(target, Convseg)
        self._weighs_answers = isinstance(target, ChatMessages)

    def __call__(self, sample: Sample) -> tuple[Sample, frozenset[Feature], Sample | str]:
        """The sample, what of it is lost, and the sample as the format says it or why it does not."""
        held = features_of(sample)
        if self._pictures is not None and Feature.DATA in held:
            held = held - {Feature.DATA}
        missing = held - self._expresses
        if self._weighs_answers and any(
            turn.weight is not None for turn in sample.turns if turn.role != "assistant"
        ):
            missing |= {Feature.WEIGHT}
        try:
            said = self._trial(self._said(sample, missing))
        except ValueError as error:
            return sample, missing, _reason(error, sample)
        return sample, missing, said

    def _said(self, sample: Sample, missing: frozenset[Feature]) -> Sample:
        """The sample without what is missing.

        Raises:
            ValueError: it would be another sample.
        """
        for one in NOT_TAKEN_OUT:
            if one in missing and not (self._silent and one in SILENT):
                raise ValueError(f"{one.value}: {self._name} cannot say it")
        turns = sample.turns
        if self._silent:
            turns = (Turn("user", sample.pictures),)
        elif not _alternates(turns):
            roles = ", ".join(turn.role for turn in turns)
            raise ValueError(f"turns are of user and assistant in turn, after a system's or not, not {roles}")
        else:
            turns = self._spoken(turns, missing)
        if self._pictures is not None:
            turns = tuple(self._as_files(turn) for turn in turns)
        return replace(
            sample,
            id="" if Feature.ID in missing else sample.id,
            turns=turns,
            objects=tuple(_objects(sample, missing)),
            sizes=() if Feature.SIZES in missing else sample.sizes,
            label=None if Feature.LABEL in missing else sample.label,
            metadata={} if Feature.METADATA in missing else sample.metadata,
        )

    def _spoken(self, turns: tuple[Turn, ...], missing: frozenset[Feature]) -> tuple[Turn, ...]:
        if Feature.WEIGHT in missing:
            kept = ("assistant",) if self._weighs_answers else ()
            turns = tuple(turn if turn.role in kept else replace(turn, weight=None) for turn in turns)
        if Feature.SYSTEM in missing:
            system, first, *rest = turns
            between = "\n\n" if first.text else ""
            turns = (replace(first, parts=merged(iter((*system.parts, between, *first.parts)))), *rest)
        if Feature.PICTURE_ANYWHERE in missing:
            pictures = tuple(picture for turn in turns for picture in turn.pictures)
            place = int(turns[0].role == "system")
            turns = tuple(
                replace(turn, parts=(*(pictures if at == place else ()), *_texts(turn)))
                for at, turn in enumerate(turns)
            )
        elif not {Feature.PICTURE_PLACE, Feature.SYSTEM}.isdisjoint(missing):
            turns = tuple(replace(turn, parts=(*turn.pictures, *_texts(turn))) for turn in turns)
        for turn in turns:
            if not turn.parts:
                raise ValueError(f"a turn of {turn.role} has nothing in it: leave the round out")
        return turns

    def _as_files(self, turn: Turn) -> Turn:
        return replace(
            turn, parts=tuple(self._file(part) if isinstance(part, Picture) else part for part in turn.parts)
        )

    def _file(self, picture: Picture) -> Picture:
        """The picture as a file of the export, named by its content.

        Raises:
            ValueError: it cannot be read, or is no image file.
        """
        content = picture.data
        if content is None:
            path = str(picture.path)
            fault = path_fault(path)
            if fault is not None:
                raise ValueError(f"picture {path}: the path {fault}")
            try:
                content = (self._root / path).read_bytes()
            except OSError as error:
                raise ValueError(f"picture {path}: cannot be read: {error.strerror}") from error
        media_type = media_type_of(content)
        if media_type is None:
            raise ValueError("a picture's bytes are no image (JPEG, PNG, WebP, GIF, BMP, TIFF): leave it out")
        if self._as_stored:
            try:
                content = shown_alike(content)
            except UnreadableImage as error:
                raise ValueError(f"a picture's bytes are damaged: {error.reason}: leave it out") from error
            media_type = media_type_of(content) or media_type
        ending = media_type.removeprefix("image/").replace("jpeg", "jpg")
        name = f"{PICTURES}/{blake2b(content, digest_size=16).hexdigest()}.{ending}"
        assert self._pictures is not None  # noqa: S101 - asked before this is called
        file = self._pictures / name
        if not file.exists():
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(content)
        return Picture(path=name)


def _alternates(turns: tuple[Turn, ...]) -> bool:
    roles = [turn.role for turn in turns]
    said = roles[1:] if roles[:1] == ["system"] else roles
    return bool(said) and said == ["user", "assistant"] * (len(said) // 2)


def _texts(turn: Turn) -> tuple[str, ...]:
    """A turn's texts as one; a line each where a picture between them was all that parted them."""
    joined = ""
    for part in turn.parts:
        if isinstance(part, str):
            apart = not joined or joined[-1].isspace() or part[0].isspace()
            joined += part if apart else f"\n{part}"
    return (joined,) if joined else ()


def _objects(sample: Sample, missing: frozenset[Feature]) -> Iterator[MarkedObject]:
    """The objects without masks or boxes.

    Raises:
        ValueError: a mask whose box is wanted is not sound.
    """
    if Feature.MASKS not in missing:
        yield from () if Feature.BOXES in missing else sample.objects
        return
    if Feature.BOXES in missing:
        return
    for one in sample.objects:
        box = one.box
        if box is None and one.mask is not None and one.picture < len(sample.sizes):
            width, height = sample.sizes[one.picture]
            (found,) = measured([RunLengthMask((height, width), one.mask)], [height], [width])
            if isinstance(found, str):
                raise ValueError(f"mask of {one.label!r}: {found}")
            box = found[1].box
        if box is not None or one.mask is None:
            yield replace(one, box=box, mask=None)


def _reason(error: ValueError, sample: Sample) -> str:
    """Why, without the sample's name, which is told beside it."""
    return str(error).removeprefix(f"sample {sample.id!r}: ").removeprefix("sample '': ")
