"""An export ZIP of 10,000 frames to both training formats, against plainly reading and writing the bytes.

    python bench/annotation_prepare.py [frames]

The ZIP holds 1280x720 JPEGs and three masks a frame, made of real photos and real masks: a few hundred
pictures are cut out of them and repeated, each repetition made another file by a JPEG comment. Ours is the
whole workflow as a user runs it: import with decoding and hashing of every frame, audit, merge, split, the
Hugging Face dataset and the LLaVA files, all of it on the disk when it ends. The peer reads
every entry of the same ZIP and writes it as a file and once more into one large file, as much as ours has
written, and syncs. Memory is measured for 10,000 frames and for four times as many.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import polars as pl
from memory import PeakMemory, private
from PIL import Image, ImageOps
from report import report

BENCH = "annotation_prepare"
FRAMES, OBJECTS = 10_000, 3
GROWN = 4
WARM_FRAMES = 20
ASSETS = ("export", "annotations", "splits", "dataset_hf", "dataset_llava")
WIDTH, HEIGHT = 1280, 720
PICTURES = 400
LIMIT_SECONDS = 30
LIMIT_MB = 1500
LABELS = ("person", "ball", "dog", "car", "umbrella")
DATA = Path(os.environ.get("VDATA_TEST_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
PHOTOS = (
    "sam2-export-genuine/*.clean_frames/*.jpg",
    "sam2-assets/videos/*/*.jpg",
    "sam2-assets/images/*.jpg",
)
MASKS = "sam2-assets/sav_dataset/*.json"


def pictures(count: int) -> list[bytes]:
    """JPEGs of 1280x720: cuts out of real photos, upright and mirrored."""
    files = sorted(path for pattern in PHOTOS for path in DATA.glob(pattern))
    if not files:
        sys.exit(f"no photos in {DATA}: set VDATA_TEST_DATA")
    made = []
    for number in range(count):
        photo = Image.open(files[number % len(files)]).convert("RGB")
        step = number // len(files)
        width, height = photo.size
        left, top = (step % 3) * width // 12, (step // 3 % 3) * height // 12
        cut = photo.crop((left, top, left + width * 5 // 6, top + height * 5 // 6))
        cut = cut.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
        made.append(jpeg(ImageOps.mirror(cut) if number % 2 else cut))
    return made


def jpeg(image: Image.Image) -> bytes:
    """The image as a JPEG file."""
    from io import BytesIO

    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=75)
    return buffer.getvalue()


def commented(picture: bytes, number: int) -> bytes:
    """The same picture as another file: a comment segment after the start of image."""
    text = f"frame {number}".encode()
    return picture[:2] + b"\xff\xfe" + (len(text) + 2).to_bytes(2, "big") + text + picture[2:]


def masks() -> list[str]:
    """Real masks at 1280x720 as space-separated run lengths, column-major."""
    from vdata_assets.masks.read import read_compressed
    from vdata_assets.masks.scale import scaled
    from vdata_assets.masks.validate import problems
    from vdata_assets.masks.write import write_text

    found = [
        mask
        for path in sorted(DATA.glob(MASKS))
        for step in json.loads(path.read_text())["masklet"]
        for mask in step
    ]
    runs = read_compressed(pl.Series([mask["counts"] for mask in found])).runs
    sizes = np.array([mask["size"] for mask in found], np.int64)
    target = np.tile(np.array([[HEIGHT, WIDTH]], np.int64), (len(found), 1))
    large = scaled(runs, sizes[:, 0], sizes[:, 1], target[:, 0], target[:, 1])
    sound = problems(large, target[:, 0], target[:, 1]).is_null()
    return write_text(large).filter(sound).to_list()


def annotations(frames: int) -> Iterator[str]:
    """The JSON of an export, piece by piece."""
    head = {
        "video": {
            "filename": "bench.mp4",
            "width": WIDTH,
            "height": HEIGHT,
            "source_fps": 30.0,
            "total_frames": frames,
            "duration_sec": frames / 30,
        },
        "export_config": {"target_fps": 30.0, "total_exported_frames": frames},
    }
    yield json.dumps(head)[:-1] + ', "annotations": ['
    shapes = masks()
    for frame in range(frames):
        objects = [
            {
                "object_id": number,
                "label": LABELS[(frame // 7 + number) % len(LABELS)],
                "mask_rle": shapes[(frame * OBJECTS + number) % len(shapes)],
                "bbox": [0, 0, 1, 1],
                "area": 1,
                "confidence": 0.95,
            }
            for number in range(OBJECTS)
        ]
        entry = {"frame_index": frame, "timestamp_sec": frame / 30, "objects": objects}
        yield (", " if frame else "") + json.dumps(entry)
    yield "]}"


def write_zip(path: Path, frames: int) -> None:
    """An export as the public tool packs it."""
    base = pictures(min(PICTURES, frames))
    with ZipFile(path, "w", ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("annotations.json", "w", force_zip64=True) as file:
            for piece in annotations(frames):
                file.write(piece.encode())
        for number in range(frames):
            archive.writestr(f"images/frame_{number:06d}.jpg", commented(base[number % len(base)], number))


def prepare(inbox: Path, home: Path) -> float:
    """The whole workflow in this process, on an instance of its own; seconds."""
    import dagster as dg

    from vdata_assets.workflows.annotation_dataset import AnnotationDataset
    from vdata_assets.workflows.resources import StoreResource

    component = AnnotationDataset(root=str(inbox))
    definitions = dg.Definitions.merge(
        component.definitions(component.dataset("bench", inbox)),
        dg.Definitions(resources={"store": StoreResource(home=str(home))}),
    )
    quiet = {"loggers": {"console": {"config": {"log_level": os.environ.get("BENCH_LOG", "ERROR")}}}}
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("bench/export", ["export"])
        started = time.perf_counter()
        definitions.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=instance,
            partition_key="export",
            run_config=quiet,
            asset_selection=[dg.AssetKey(["bench", asset]) for asset in ASSETS],
        )
        return time.perf_counter() - started


def prepare_warm(inbox: Path, home: Path) -> None:
    """First on a few frames, which loads the libraries as Dagster's step processes have them, then timed."""
    with TemporaryDirectory() as folder:
        write_zip(Path(folder, "export.zip"), WARM_FRAMES)
        prepare(Path(folder), Path(folder, "home"))
    print(prepare(inbox, home))


def measured(inbox: Path, home: Path) -> tuple[float, float]:
    """Seconds and peak memory in MB of the workflow in a process of its own."""
    with PeakMemory(private) as peak:
        command = [sys.executable, __file__, "--prepare", inbox, home]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return float(done.stdout), peak.mb


def plain(archive: Path, out: Path, total: int) -> float:
    """Seconds to read every entry, write it to a file, and write as many bytes as are left once more."""
    started = time.perf_counter()
    out.mkdir()
    left = total
    with ZipFile(archive) as entries, (out / "again").open("wb") as again:
        for entry in entries.namelist():
            data = entries.read(entry)
            if entry.startswith("images/"):
                (out / Path(entry).name).write_bytes(data)
                left -= len(data)
            if left > 0:
                left -= again.write(data[:left])
    os.sync()
    return time.perf_counter() - started


def written_bytes(home: Path) -> int:
    """Bytes of all files below a folder, each once however many links it has."""
    stats = {
        stat.st_ino: stat.st_size for path in home.rglob("*") if (stat := path.lstat()) and path.is_file()
    }
    return sum(stats.values())


def main() -> None:
    """Measure and report; exit with 1 if a target is missed."""
    if sys.argv[1:2] == ["--prepare"]:
        prepare_warm(Path(sys.argv[2]), Path(sys.argv[3]))
        return
    frames = int(sys.argv[1]) if len(sys.argv) > 1 else FRAMES
    with TemporaryDirectory() as folder:
        inboxes = {}
        for count in (frames, GROWN * frames):
            inboxes[count] = Path(folder, f"inbox-{count}")
            inboxes[count].mkdir()
            write_zip(inboxes[count] / "export.zip", count)
        os.sync()  # or the disk would still be at work on the ZIPs
        ours, peak = measured(inboxes[frames], Path(folder, "home"))
        total = written_bytes(Path(folder, "home"))
        os.sync()
        bare = plain(inboxes[frames] / "export.zip", Path(folder, "plain"), total)
        print(f"ours {ours:.1f} s, plain {bare:.1f} s, {total / 1e6:,.0f} MB written, {peak:,.0f} MB memory")
        grown, grown_peak = measured(inboxes[GROWN * frames], Path(folder, "grown"))
        print(f"{GROWN * frames} frames: {grown:.1f} s, {grown_peak:,.0f} MB memory")
    scale = frames / FRAMES
    met = [
        report(
            BENCH, ours / LIMIT_SECONDS / scale, f"{LIMIT_SECONDS} s a {FRAMES} frames", "<= 1", peak_mb=peak
        ),
        report(
            BENCH,
            ours / bare,
            "reading the ZIP and writing as many bytes (time, ours / plain)",
            "<= 3",
            peak_mb=peak,
        ),
        report(BENCH, peak / LIMIT_MB, f"{LIMIT_MB} MB", "<= 1", peak_mb=peak),
        report(
            BENCH, grown_peak / peak, f"memory of a {GROWN}th of the frames", "<= 1.25", peak_mb=grown_peak
        ),
    ]
    sys.exit(not all(met))


if __name__ == "__main__":
    main()
