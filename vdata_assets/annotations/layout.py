"""Which entry of an export is what: the annotations, the pictures, the video."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from posixpath import basename, splitext
from typing import NamedTuple

from vdata_assets.annotations.errors import BadExport
from vdata_assets.annotations.inbox import VIDEO_ENDINGS

ANNOTATIONS = "annotations.json"
METADATA = "metadata.json"
PICTURE_FOLDERS = ("images", "frames", "data")
PICTURE_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".avif", ".jp2")
# In a folder of pictures any name that ends in a number; beside the JSON only what frames are called.
IN_FOLDER = re.compile(r"(?:.*\D)?(\d{1,9})", re.ASCII)
BESIDE_JSON = re.compile(r"(?:(?:frame|image|img|f)[ _-]?)?(\d{1,9})", re.ASCII | re.IGNORECASE)
SAV = re.compile(r"(.+)_(manual|auto)\.json")
ENTRIES_SHOWN = 5


class Masklets(NamedTuple):
    """An entry with SA-V masklets of a video."""

    kind: str
    name: str


@dataclass(frozen=True)
class Layout:
    """Where things are in an export.

    Attributes:
        annotations: the entry annotations.json; None for SA-V.
        metadata: the entry metadata.json; None if there is none.
        masklets: entries of SA-V masklets, manual before auto; empty for the documented layout.
        pictures: frame index to the entry of its picture.
        videos: entries that are videos.
    """

    annotations: str | None
    metadata: str | None
    masklets: tuple[Masklets, ...]
    pictures: dict[int, str]
    videos: tuple[str, ...]

    def video(self, name: str, file: str) -> str | None:
        """The entry of the video with a name, or the only one there is; None if there is none.

        Raises:
            BadExport: there are several and none has the name.
        """
        named = [video for video in self.videos if basename(video) == name]
        if not self.videos:
            return None
        if len(named) == 1 or len(self.videos) == 1:
            return [*named, *self.videos][0]
        raise BadExport(
            f"{file} holds several videos ({', '.join(self.videos)}): keep that of the annotations"
        )


def find_layout(names: Sequence[str], file: str) -> Layout:
    """Find annotations.json, at the top or in a folder, or SA-V masklets, and what belongs to them.

    Args:
        names: the archive's entries.
        file: the archive's name, for messages.

    Raises:
        BadExport: there are no annotations or those of several exports, or two pictures of one frame.
    """
    found = [name for name in names if basename(name) == ANNOTATIONS]
    masklets = () if found else _masklets(names, file)
    if len(found) > 1:
        raise BadExport(f"{file} holds {' and '.join(found)}: drop one ZIP for each export")
    if not found and not masklets:
        raise BadExport(
            f"{file} holds no {ANNOTATIONS} and no SA-V masklets (<video>_manual.json, <video>_auto.json), "
            f"only {_shown(names)}: drop the ZIP that the tool exported"
        )
    main = found[0] if found else masklets[0].name
    root = main.removesuffix(basename(main))
    inside = [name for name in names if name.startswith(root)]
    return Layout(
        annotations=found[0] if found else None,
        metadata=next((name for name in inside if name == root + METADATA), None),
        masklets=masklets,
        pictures=_pictures(inside, root),
        videos=tuple(name for name in inside if name.lower().endswith(VIDEO_ENDINGS)),
    )


def _shown(names: Sequence[str]) -> str:
    shown = ", ".join(names[:ENTRIES_SHOWN]) or "no file at all"
    return f"{shown} and {len(names) - ENTRIES_SHOWN} more" if len(names) > ENTRIES_SHOWN else shown


def _masklets(names: Sequence[str], file: str) -> tuple[Masklets, ...]:
    matches = [(SAV.fullmatch(basename(name)), name) for name in names]
    found = [(match[1], Masklets(match[2], name)) for match, name in matches if match]
    videos = sorted({video for video, _ in found})
    if len(videos) > 1:
        raise BadExport(
            f"{file} holds masklets of several videos ({', '.join(videos)}): drop one ZIP for each"
        )
    kinds = [masklets.kind for _, masklets in found]
    if len(set(kinds)) < len(kinds):
        listed = " and ".join(masklets.name for _, masklets in found)
        raise BadExport(f"{file} holds the same masklets twice ({listed}): keep one of them")
    return tuple(sorted((masklets for _, masklets in found), reverse=True))


def _pictures(inside: Sequence[str], root: str) -> dict[int, str]:
    """Frame index, the number at the end of a picture's name, to its entry."""
    pictures: dict[int, str] = {}
    for name in inside:
        folder, _, last = name.removeprefix(root).rpartition("/")
        stem, ending = splitext(last)
        if ending.lower() not in PICTURE_ENDINGS or folder.lower() not in ("", *PICTURE_FOLDERS):
            continue
        number = (IN_FOLDER if folder else BESIDE_JSON).fullmatch(stem)
        if number is None:
            continue
        other = pictures.setdefault(int(number[1]), name)
        if other != name:
            raise BadExport(f"{other} and {name} are both frame {int(number[1])}: keep one of them")
    return pictures
