"""Export ZIPs as the SAM2 export tool's documents describe them."""

import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from export_zips import HEIGHT, WIDTH, a_frame, an_object, picture

MakeZip = Callable[..., Path]


@pytest.fixture
def make_zip(tmp_path: Path) -> MakeZip:
    """Writes an export ZIP below ``tmp_path`` and returns its path.

    Args:
        frames: how many frames (every sixth of the video, one sound object each), or their annotations.
        name: of the ZIP.
        folder: what stands before every entry's name, such as ``"export/"``.
        pictures: format of the pictures' names, with the frame index; None for none.
        video: overrides of the field ``video``; ``...`` leaves a field out.
        annotations: overrides of annotations.json's fields; or its text or bytes.
        metadata: fields of metadata.json, or its text; None for none.
        extra: further entries, by name.
    """

    def make(
        frames: int | Sequence[Mapping[str, Any]] = 3,
        *,
        name: str = "export.zip",
        folder: str = "",
        pictures: str | None = "images/frame_{:06d}.jpg",
        video: Mapping[str, Any] | None = None,
        annotations: Mapping[str, Any] | str | bytes | None = None,
        metadata: Mapping[str, Any] | str | None = None,
        extra: Mapping[str, bytes | str] | None = None,
    ) -> Path:
        entries = [a_frame(6 * n, an_object()) for n in range(frames)] if isinstance(frames, int) else frames
        described = {
            "filename": "clip.mp4",
            "width": WIDTH,
            "height": HEIGHT,
            "source_fps": 30.0,
            "total_frames": 1000,
            "duration_sec": 33.333,
        } | dict(video or {})
        if not isinstance(annotations, str | bytes):
            document = {
                "video": {field: value for field, value in described.items() if value is not ...},
                "annotations": list(entries),
            } | dict(annotations or {})
            annotations = json.dumps({key: value for key, value in document.items() if value is not ...})
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(folder + "annotations.json", annotations)
            if metadata is not None:
                text = metadata if isinstance(metadata, str) else json.dumps(metadata)
                archive.writestr(folder + "metadata.json", text)
            for entry in entries if pictures else ():
                index = entry["frame_index"]
                file = pictures.format(index)
                archive.writestr(folder + file, picture(index, ending=file.rpartition(".")[2]))
            for extra_name, content in (extra or {}).items():
                archive.writestr(extra_name, content)
        return path

    return make
