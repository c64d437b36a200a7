"""Sample export ZIPs of short clips, in the layouts that occur, and what is true of every object in them.

- documented: frames in ``images/``, text run lengths at full size in column-major order;
- public tool: no frames, but ``<name>.mp4`` beside the ZIP, at 24 frames a second where the JSON says 30;
  text run lengths of a 256 x 256 grid in row-major order, and boxes of the wrong reading of them;
- nested: all in one folder, with what macOS adds, PNG frames and COCO's ``{size, counts}`` masks.
"""

import io
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import dataframely as dy
import numpy as np
import polars as pl
from numpy.typing import NDArray

from vdata_assets.samples.clips import FPS, HEIGHT, WIDTH, Shot, shots
from vdata_assets.samples.concepts import DEMO_SEED
from vdata_assets.samples.scenes import EXPORTS, FLAWED, Layout, SampleExport
from vdata_assets.samples.schema import BAD_MASK, TINY, UNANNOTATED, ExportTruth
from vdata_resources.parallel import ordered_map
from vdata_resources.progress import Progress

GRID = 256
TINY_AREA = 64
JPEG_QUALITY = 92
CLAIMED_FPS = 30
ZIP_DATE = (2025, 11, 16, 6, 0, 0)
EXPORTED_AT = "2025-11-16T06:00:00Z"
STORED = (".jpg", ".png", ".mp4")

Entries = Iterator[tuple[str, bytes]]
Mask = NDArray[np.bool_]


def write_export_samples(
    inbox: Path,
    *,
    seed: int = DEMO_SEED,
    flaws: bool = False,
    workers: int | None = None,
    log: Callable[[str], object] = lambda line: None,
) -> dy.DataFrame[ExportTruth]:
    """Draw the exports that :mod:`vdata_assets.samples.scenes` lists into a folder, their videos beside them.

    The folder appears complete or not at all; the same bytes for the same seed.

    Args:
        inbox: folder to make; it must not exist or be empty.
        seed: of all choices.
        flaws: add the exports that are to be rejected.
        workers: threads, by default one a core; the files do not depend on it.
        log: takes a line of progress every few seconds.

    Returns:
        A table of all objects, ordered by export, frame and object.

    Raises:
        FileExistsError: if there is something at ``inbox``.
    """
    inbox = inbox.resolve()
    if inbox.exists() and (not inbox.is_dir() or any(inbox.iterdir())):
        raise FileExistsError(f"{inbox} is not an empty folder: name another, or remove it first")
    staging = inbox.with_name(f".{inbox.name}.partial")
    if staging.exists():
        shutil.rmtree(staging)
    staging.mkdir(parents=True)
    exports = (*EXPORTS, *FLAWED) if flaws else EXPORTS
    progress = Progress("sample exports", len(exports), "exports", log)
    rows: list[dict[str, object]] = []
    for written in ordered_map(lambda export: write_export(staging, export, seed), exports, workers):
        rows += written
        progress.advance()
    table = pl.DataFrame(rows, schema=ExportTruth.create_empty().schema)
    truth = ExportTruth.validate(table.sort("export", "frame_index", "object_id"))
    os.replace(staging, inbox)
    return truth


def write_export(folder: Path, export: SampleExport, seed: int) -> list[dict[str, object]]:
    """Write ``<name>.zip``, and ``<name>.mp4`` if its layout has one; returns the rows of the truth."""
    if export.layout == "public tool":
        frames = list(shots(export.clip, range(export.indices[-1] + 1), seed))
        (folder / f"{export.name}.mp4").write_bytes(video(frames))
        taken = [frames[index] for index in export.indices]
    else:
        taken = list(shots(export.clip, export.indices, seed))
    with ZipFile(folder / f"{export.name}.zip", "w") as archive:
        for name, data in LAYOUTS[export.layout](export, taken):
            entry = ZipInfo(name, ZIP_DATE)
            entry.create_system = 3
            entry.external_attr = (0o40755 if name.endswith("/") else 0o100644) << 16
            entry.compress_type = ZIP_STORED if name.endswith(STORED) else ZIP_DEFLATED
            archive.writestr(entry, data)
    return [row for shot in taken for row in truth_of(export, shot)]


def documented_entries(export: SampleExport, taken: list[Shot]) -> Entries:
    """The layout of the documents."""

    def annotated(shot: Shot, number: int, mask: Mask) -> dict[str, Any]:
        runs = run_lengths(mask.ravel(order="F"))
        if (shot.index, number) in export.broken:
            runs = broken(runs, first=(shot.index, number) == export.broken[0])
        return {"mask_rle": runs, "bbox": box_of(mask), "area": int(mask.sum()), "confidence": 0.95}

    yield "annotations.json", annotations(export, taken, annotated, f"{export.clip.name}.mp4", FPS)
    yield "metadata.json", metadata(export, f"{export.clip.name}.mp4", FPS)
    for shot in taken:
        yield f"images/frame_{shot.index:06d}.jpg", encoded(shot, "JPEG", quality=JPEG_QUALITY)


def public_tool_entries(export: SampleExport, taken: list[Shot]) -> Entries:
    """What the public demo tool writes, faults included."""
    rows = (2 * np.arange(GRID) + 1) * HEIGHT // (2 * GRID)
    columns = (2 * np.arange(GRID) + 1) * WIDTH // (2 * GRID)

    def annotated(shot: Shot, number: int, mask: Mask) -> dict[str, Any]:
        grid = mask[rows[:, None], columns]
        # Row-major runs read as column-major ones give the transposed mask.
        return {
            "mask_rle": run_lengths(grid.ravel()),
            "bbox": box_of(grid.T),
            "area": int(grid.sum()),
            "confidence": 0.95,
        }

    name = f"session_{export.name}.mp4"
    yield "annotations.json", annotations(export, taken, annotated, name, CLAIMED_FPS)
    yield "metadata.json", metadata(export, name, CLAIMED_FPS)


def nested_entries(export: SampleExport, taken: list[Shot]) -> Entries:
    """One folder in the archive, packed on a Mac, with COCO's masks."""
    from pycocotools.mask import encode

    def annotated(shot: Shot, number: int, mask: Mask) -> dict[str, Any]:
        counts = encode(np.asfortranarray(mask, np.uint8))["counts"].decode("ascii")
        return {"mask_rle": {"size": [HEIGHT, WIDTH], "counts": counts}, "bbox": box_of(mask)}

    name = f"{export.clip.name}.mov"
    contents = [
        ("annotations.json", annotations(export, taken, annotated, name, FPS)),
        ("metadata.json", metadata(export, name, FPS)),
        *((f"frames/frame_{shot.index:06d}.png", encoded(shot, "PNG")) for shot in taken),
    ]
    yield f"{export.name}/", b""
    yield f"{export.name}/.DS_Store", b"\x00\x00\x00\x01Bud1"
    for entry, data in contents:
        yield f"{export.name}/{entry}", data
        folder, _, file = f"{export.name}/{entry}".rpartition("/")
        yield f"__MACOSX/{folder}/._{file}", b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X"


LAYOUTS: Mapping[Layout, Callable[[SampleExport, list[Shot]], Entries]] = {
    "documented": documented_entries,
    "public tool": public_tool_entries,
    "nested": nested_entries,
}


def annotations(
    export: SampleExport,
    taken: list[Shot],
    annotated: Callable[[Shot, int, Mask], dict[str, Any]],
    video_name: str,
    fps: int,
) -> bytes:
    """The content of ``annotations.json``; ``annotated`` gives the fields that differ by layout."""
    total = export.indices[-1] + 1
    return to_json(
        {
            "video": {
                "filename": video_name,
                "width": WIDTH,
                "height": HEIGHT,
                "source_fps": float(fps),
                "total_frames": total,
                "duration_sec": round(total / fps, 3),
            },
            "export_config": {
                "target_fps": round(fps / export.indices.step, 3),
                "total_exported_frames": len(taken),
                "frame_indices": list(export.indices),
                "export_timestamp": EXPORTED_AT,
                "exporter_version": "1.0.0",
            },
            "annotations": [
                {
                    "frame_index": shot.index,
                    "timestamp_sec": round(shot.index / fps, 3),
                    "objects": [
                        {
                            "object_id": number,
                            "label": export.clip.cast[number].label,
                            **annotated(shot, number, mask),
                        }
                        for number, mask in shot.masks.items()
                        if shot.index not in export.unannotated
                    ],
                }
                for shot in taken
            ],
        }
    )


def metadata(export: SampleExport, video_name: str, fps: int) -> bytes:
    """The content of ``metadata.json``."""
    total = export.indices[-1] + 1
    return to_json(
        {
            "export_info": {
                "created_at": EXPORTED_AT,
                "format_version": "1.0",
                "exporter": "vdata sample exports",
            },
            "video": {
                "filename": video_name,
                "width": WIDTH,
                "height": HEIGHT,
                "fps": float(fps),
                "total_frames": total,
                "duration_sec": total / fps,
            },
            "export_config": {
                "target_fps": round(fps / export.indices.step, 3),
                "frame_indices": list(export.indices),
            },
        }
    )


def truth_of(export: SampleExport, shot: Shot) -> Iterator[dict[str, object]]:
    """What is known of a frame's objects because they were drawn so; one row for a frame without any."""
    from pycocotools.mask import encode

    frame = {"export": export.name, "frame_index": shot.index, "width": WIDTH, "height": HEIGHT}
    if shot.index in export.unannotated:
        yield {**frame, "flaw": UNANNOTATED}
        return
    for number, mask in shot.masks.items():
        area = int(mask.sum())
        flaw = TINY if area < TINY_AREA else None
        yield {
            **frame,
            "object_id": number,
            "label": export.clip.cast[number].label,
            "rle": encode(np.asfortranarray(mask, np.uint8))["counts"].decode("ascii"),
            "box": box_of(mask),
            "area": area,
            "flaw": BAD_MASK if (shot.index, number) in export.broken else flaw,
        }


def run_lengths(pixels: Mask) -> str:
    """Lengths of the runs of equal pixels, zeros first, as text."""
    changes = np.flatnonzero(pixels[1:] != pixels[:-1]) + 1
    runs = np.diff(np.concatenate([[0], changes, [pixels.size]])).tolist()
    return " ".join(map(str, [0, *runs] if pixels[0] else runs))


def broken(runs: str, *, first: bool) -> str:
    """The runs spoilt: the first one of an export a row short, others no numbers."""
    head, _, rest = runs.partition(" ")
    return f"{int(head) - WIDTH} {rest}" if first else f"{head} x{rest}"


def box_of(mask: Mask) -> list[int]:
    """[x, y, width, height] in pixels; zeros for an empty mask."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return [0, 0, 0, 0]
    x, y = int(columns[0]), int(rows[0])
    return [x, y, int(columns[-1]) + 1 - x, int(rows[-1]) + 1 - y]


def encoded(shot: Shot, kind: str, **options: int) -> bytes:
    """The frame as a picture file."""
    buffer = io.BytesIO()
    shot.image.save(buffer, kind, **options)
    return buffer.getvalue()


def video(frames: list[Shot]) -> bytes:
    """The frames as an MP4 file: MPEG-4 part 2, which every build of FFmpeg writes, on one thread."""
    import av

    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("mpeg4", FPS, {"flags": "+bitexact+qscale", "global_quality": "236"})
        stream.width, stream.height, stream.pix_fmt, stream.thread_count = WIDTH, HEIGHT, "yuv420p", 1
        for shot in frames:
            container.mux(stream.encode(av.VideoFrame.from_image(shot.image)))
        container.mux(stream.encode())
    return buffer.getvalue()


def to_json(content: object) -> bytes:
    """JSON as the public tool writes it."""
    return json.dumps(content, indent=2).encode()
