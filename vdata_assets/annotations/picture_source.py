"""Where the pictures of an export come from: its ZIP, a video, or a folder of frames beside it."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import polars as pl

from vdata_assets.annotations.errors import BadExport
from vdata_assets.annotations.inbox import VIDEO_ENDINGS, VIDEOS
from vdata_assets.annotations.settings import ExportSettings
from vdata_assets.annotations.video import UnreadableVideo, VideoFacts, probe_video

if TYPE_CHECKING:
    from vdata_assets.annotations.contents import Container

Origin = Literal["archive", "video", "folder"]

FOLDER_ENDINGS = ("", ".frames", ".clean_frames")
PICTURE_ENDINGS = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".jp2", ".ppm"}
)
FRAME_NAME = re.compile(r"(?:[a-z]+[ _-]?)?(\d{1,9})", re.ASCII | re.IGNORECASE)
MAX_NAME_BYTES = 255


@dataclass(frozen=True)
class Source:
    """Where pictures come from.

    Attributes:
        origin: the kind of source, as in the frames table.
        why: what was taken and why, one sentence.
        absent: why a frame has no picture, if this source does not have it.
        path: the video or the folder; None for the ZIP and what is in it.
        member: the ZIP's entry of the video, if it is in the ZIP.
        files: frame index to the file's name in the folder, or to the ZIP's entry. Empty for a video.
        fps: frames a second of the video beside the ZIP, even if pictures come from elsewhere: what the
            export says of it is a constant in the public tool. None if there is no readable one.
    """

    origin: Origin
    why: str
    absent: str
    path: Path | None = None
    member: str | None = None
    files: Mapping[int, str] = field(default_factory=dict)
    fps: Fraction | None = None


def find_source(archive_path: Path, container: "Container", settings: ExportSettings, key: str) -> Source:
    """Choose where an export's pictures come from.

    With ``frames: auto`` the first of these that is there, clean ones before those in the ZIP:

    1. what ``videos`` names for the export's key;
    2. a folder beside the ZIP, ``<zip>/``, ``<zip>.frames/`` or ``<zip>.clean_frames/``, that has a picture
       (``frame_000012.jpg`` or the like) of one of the export's frames;
    3. a video beside the ZIP or in ``videos/`` there, named as the ZIP or as the export's video;
    4. a video inside the ZIP;
    5. pictures inside the ZIP.

    A video that cannot be read is no reason to take painted pictures instead: it stays the source, and every
    frame then says why it has no picture.

    The names come from inside the ZIP and are not trusted: only the last component of a video's name is used,
    and only if it is that of a video.

    Raises:
        BadExport: ``frames`` asks for a kind that is not there, or ``videos`` names nothing that is.
    """
    finder = _Finder(archive_path, container, settings, key)
    candidates = {
        "folder": finder.folder,
        "video": finder.video,
        "archive": finder.archive,
    }
    named = finder.named()
    if named is not None:
        if settings.frames not in ("auto", named.origin):
            raise BadExport(
                f"frames: {settings.frames} is set, but videos names a {named.origin} for {key}: "
                "remove one of the two"
            )
        return named
    if settings.frames == "auto":
        found = next((source for find in candidates.values() if (source := find()) is not None), None)
        return found or finder.nothing()
    found = candidates[settings.frames]()
    if found is None:
        raise BadExport(
            f"{archive_path.name}: frames: {settings.frames} is set, but there is no such source; "
            f"looked for {finder.looked_for(settings.frames)}"
        )
    return found


def numbered_pictures(names: Iterator[str]) -> dict[int, str]:
    """Frame index by number in the file's name: ``frame_000012.jpg``, ``frame-12.png`` and ``12.jpg`` are 12.

    Where several have one number, ``frame_%06d`` is taken first, then the first by name.
    """
    found: dict[int, str] = {}
    for name in sorted(names):
        stem, ending = os.path.splitext(name)
        match = FRAME_NAME.fullmatch(stem)
        if match is None or ending.lower() not in PICTURE_ENDINGS:
            continue
        index = int(match[1])
        if index not in found or (stem == f"frame_{index:06d}" and not found[index].startswith(stem)):
            found[index] = name
    return found


def plain_video_name(name: str) -> str | None:
    """The last component of a video's name, if it can be that of a video file, else None."""
    last = re.split(r"[/\\]", name)[-1].strip()
    sound = last.isprintable() and not last.startswith(".") and len(last.encode()) <= MAX_NAME_BYTES
    return last if sound and last.lower().endswith(VIDEO_ENDINGS) else None


@dataclass(frozen=True)
class _Finder:
    archive_path: Path
    container: "Container"
    settings: ExportSettings
    key: str

    def named(self) -> Source | None:
        """What the setting names."""
        name = self.settings.videos.get(self.key)
        if name is None:
            return None
        path = self.archive_path.parent / name
        grounds = f"videos names it for {self.key}"
        if path.is_file():
            return self._video_source(path, grounds)
        if path.is_dir():
            return self._folder_source(path, self._pictures(path), grounds)
        raise BadExport(f"videos: {name!r}, named for {self.key}, is no file and no folder: correct the path")

    def folder(self) -> Source | None:
        for path in self._folders():
            if path.is_dir():
                pictures = self._pictures(path)
                if not pictures.keys().isdisjoint(self.container.frames.get_column("frame_index")):
                    return self._folder_source(path, pictures, "it lies beside the ZIP")
        return None

    def video(self) -> Source | None:
        beside = self._video_beside()
        if beside is not None:
            return self._video_source(*beside)
        member = self.container.video_member
        if member is None:
            return None
        return Source(
            "video",
            f"Frames are cut from {member} in the ZIP.",
            f"no picture: the video {member} does not have it",
            member=member,
        )

    def archive(self) -> Source | None:
        rows = self.container.frames.filter(pl.col("member").is_not_null()).select("frame_index", "member")
        if rows.is_empty():
            return None
        return Source(
            "archive",
            f"Pictures are those in the ZIP ({rows.height} of {self.container.frames.height} frames): "
            f"{'no folder or video lies beside it' if self.settings.frames == 'auto' else 'as frames asks'}.",
            "no picture: the ZIP has none of this frame",
            files=dict(rows.iter_rows()),
            fps=self._fps_beside(),
        )

    def nothing(self) -> Source:
        return Source(
            "archive",
            f"There are no pictures; looked for {self.looked_for('auto')}.",
            f"no picture: none in the ZIP, and neither a folder {self.archive_path.stem}.frames/ nor a video "
            f"{self.archive_path.stem}.mp4 beside it",
        )

    def looked_for(self, kind: str) -> str:
        """What a source of the kind would have been."""
        stem = self.archive_path.stem
        own = plain_video_name(self.container.video.name)
        names = f"{stem}{VIDEO_ENDINGS[0]} (or {', '.join(VIDEO_ENDINGS[1:])})" + (
            f" or {own}" if own else ""
        )
        folders = ", ".join(f"{path.name}/" for path in self._folders())
        texts = {
            "folder": f"frame_000000.jpg and so on in {folders}",
            "video": f"{names} beside the ZIP or in {VIDEOS}/, and a video in the ZIP",
            "archive": "pictures in the ZIP",
        }
        return "; ".join(texts.values()) if kind == "auto" else texts[kind]

    def _folders(self) -> list[Path]:
        return [self.archive_path.with_name(self.archive_path.stem + ending) for ending in FOLDER_ENDINGS]

    def _video_beside(self) -> tuple[Path, str] | None:
        own = plain_video_name(self.container.video.name)
        names = [(self.archive_path.stem + ending, "it is named as the ZIP") for ending in VIDEO_ENDINGS]
        names += [(own, "it is named as the export's video")] if own else []
        for folder in (self.archive_path.parent, self.archive_path.parent / VIDEOS):
            for name, grounds in names:
                if (folder / name).is_file():
                    return folder / name, grounds
        return None

    def _fps_beside(self) -> Fraction | None:
        beside = self._video_beside()
        if beside is None:
            return None
        try:
            return probe_video(beside[0]).fps
        except UnreadableVideo:  # pictures come from elsewhere: it is not needed
            return None

    def _video_source(self, path: Path, grounds: str) -> Source:
        absent = f"no picture: the video {path.name} does not have it"
        try:
            facts = probe_video(path)
        except UnreadableVideo as error:
            return Source("video", f"{error.reason}; {grounds}.", f"no picture: {error.reason}", path=path)
        why = f"Frames are cut from {path.name} ({self._described(facts)}): {grounds}."
        return Source("video", why, absent, path=path, fps=facts.fps)

    def _described(self, facts: VideoFacts) -> str:
        """The video's facts, and the export's where they differ."""
        video = self.container.video
        size, declared = f"{facts.width}x{facts.height}", f"{video.width}x{video.height}"
        fps = f"{float(facts.fps):g} fps" if facts.fps else "unknown fps"
        if size != declared:
            size += f", the export says {declared}"
        if video.fps is not None and video.fps != facts.fps:
            fps += f", the export says {float(video.fps):g}"
        return f"{size}; {fps}"

    def _folder_source(self, path: Path, pictures: dict[int, str], grounds: str) -> Source:
        return Source(
            "folder",
            f"Pictures are those in {path.name}/: {grounds}.",
            f"no picture: {path.name}/ has none of this frame",
            path=path,
            files=pictures,
            fps=self._fps_beside(),
        )

    @staticmethod
    def _pictures(folder: Path) -> dict[int, str]:
        with os.scandir(folder) as entries:
            return numbered_pictures(entry.name for entry in entries if entry.is_file())
