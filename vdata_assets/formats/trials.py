"""Whether a format takes a sample, asked of one sample before the whole is written.

A format's ``save`` ends at the first sample that it cannot say. A trial asks what ``save`` would, of one
sample and of its pictures' files, so that it can be left out and named. Pictures that rows hold as text stay
with the sample as bytes, so that ``save`` does not read them again.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from vdata_assets.formats.chat import chat_rows, llava_chat, sharegpt
from vdata_assets.formats.chat.chat_messages import ChatMessages
from vdata_assets.formats.chat.gemini_tuning import GeminiInline
from vdata_assets.formats.coco.coco_instances import Coco
from vdata_assets.formats.conversation import Picture, Sample
from vdata_assets.formats.convseg.convseg import Convseg
from vdata_assets.formats.format import Format
from vdata_assets.formats.inline_pictures import InlinePictures
from vdata_assets.formats.line_format import LineFormat
from vdata_assets.formats.tables.embedded_pictures import require_text, with_pictures
from vdata_assets.formats.tables.webdataset import WebDataset

Trial = Callable[[Sample], Sample]
"""The sample to write; raises ValueError with the reason if the format does not take it."""
Asked = Callable[[Sample], object]
"""Raises ValueError with the reason if the format does not take the sample."""


def trial_of(target: Format, root: Path) -> Trial:
    """The trial of a format.

    Args:
        target: the format. What its ``expresses`` lacks is not asked for here.
        root: folder that pictures' paths are relative to; a picture that is not there is refused by every
            format, though some do not open it.
    """
    said = _said(target, root)
    inlined = target.pictures(root) if isinstance(target, ChatMessages | GeminiInline) else None

    def trial(sample: Sample) -> Sample:
        require_text(sample)
        if inlined is not None and target.inlines:
            sample = _with_bytes(sample, inlined)
        said(sample)
        if not target.inlines:
            _require_files(sample, root)
        return sample

    return trial


def _with_bytes(sample: Sample, pictures: InlinePictures) -> Sample:
    """The sample with its pictures by path as the bytes that the service takes."""

    def read(part: str | Picture) -> str | Picture:
        if isinstance(part, str) or part.path is None:
            return part
        try:
            return Picture(data=pictures.read(part)[0])
        except ValueError as error:
            raise ValueError(f"picture {part.path}: {error}") from error

    turns = tuple(replace(turn, parts=tuple(map(read, turn.parts))) for turn in sample.turns)
    return replace(sample, turns=turns)


def _said(target: Format, root: Path) -> Asked:
    if isinstance(target, Coco):
        return lambda sample: target.save_files({Path(os.devnull): [sample]}, root)
    if isinstance(target, Convseg):
        return lambda sample: target.marked(sample, root)
    if isinstance(target, LineFormat):
        return lambda sample: target.row_of(sample, root)
    if isinstance(target, ChatMessages):
        return lambda sample: _try_chat(sample, target, root)
    if isinstance(target, llava_chat.LlavaLines):
        return lambda sample: _try_turns(sample, target)
    if isinstance(target, sharegpt.ShareGpt):
        return lambda sample: _try_turns(sample, target)
    return lambda sample: _try_embedded(sample, target, root)


def _require_files(sample: Sample, root: Path) -> None:
    for picture in sample.pictures:
        if picture.path is not None and not os.path.isfile(f"{root}/{picture.path}"):
            raise ValueError(f"picture {picture.path}: there is no such file: restore it or leave it out")


def _try_turns(sample: Sample, target: Format) -> None:
    roles, reserved = (
        (sharegpt.ROLES, sharegpt.TAKEN)
        if isinstance(target, sharegpt.ShareGpt)
        else (llava_chat.ROLES, llava_chat.RESERVED)
    )
    chat_rows.paths_of(sample)
    chat_rows.turns_of(sample, roles, "\n", reserved)
    chat_rows.metadata_of(sample)


def _try_chat(sample: Sample, target: ChatMessages, root: Path) -> None:
    rules, pictures = target.rules, target.pictures(root)
    most = rules.most_pictures
    if most is not None and len(sample.pictures) > most:
        raise ValueError(f"{len(sample.pictures)} pictures: {rules.service} takes at most {most}")
    for turn in sample.turns:
        if turn.weight not in (None, 0, 1):
            raise ValueError(f"weight {turn.weight}: {rules.service} takes 0 or 1")
    for place, picture in enumerate(sample.pictures):
        try:
            target.append_url(bytearray(), picture, pictures)
        except ValueError as error:
            raise ValueError(f"picture {picture.path or picture.url or place}: {error}") from error


def _try_embedded(sample: Sample, target: Format, root: Path) -> None:
    classes = getattr(target, "classes", None)
    if sample.label is not None and classes is not None and sample.label not in classes:
        raise ValueError(f"label {sample.label!r} is none of the {len(classes)} classes")
    if isinstance(target, WebDataset) and sample.label == "":
        raise ValueError("label '' is that of a sample without one: leave it out")
    for _ in with_pictures([sample], root, target.expresses, target.name, 1):
        pass
