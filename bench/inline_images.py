"""Fireworks rows with the pictures inside against plain base64 and write of the same files.

2,000 photos, the real ones of a folder repeated as hard links, or made ones where it is absent. Ours is
``Fireworks().save`` from paths to finished rows; the plain way reads each file, encodes it by
``base64.b64encode`` and writes it, and nothing else. Both write to the same disk in turns of 250 photos, each
turn's file removed after it; the ratio is the turns' median. Peak memory is ours alone, in a process of its
own, for 500 and for 2,000 photos: it must not grow.
"""

import base64
import multiprocessing
import os
import random
import statistics
import sys
import tempfile
import time
from io import BytesIO
from itertools import cycle, islice
from pathlib import Path

from memory import PeakMemory
from PIL import Image
from report import report

from vdata_assets.formats.chat.fireworks import Fireworks
from vdata_assets.formats.conversation import Picture, Sample, Turn

PHOTOS = 2_000
SLICE = 250
ROUNDS = 2
TEST_DATA = Path(os.environ.get("VDATA_TEST_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


def made(number: int) -> bytes:
    """A JPEG of noise of about 90 kB."""
    noise = random.Random(number).randbytes(3 * 160 * 120)
    photo = Image.frombytes("RGB", (160, 120), noise).resize((500, 375))
    file = BytesIO()
    photo.save(file, "JPEG", quality=90)
    return file.getvalue()


def photos(root: Path, count: int) -> list[str]:
    """Names of photos in ``root``: hard links to real ones, or made ones and hard links to these."""
    real = sorted((TEST_DATA / "cat-breeds").rglob("*.jpg"))
    if not real:
        real = [root / f"made-{number}.jpg" for number in range(32)]
        for number, file in enumerate(real):
            file.write_bytes(made(number))
    names = []
    for number, file in enumerate(islice(cycle(real), count)):
        names.append(f"{number:06d}.jpg")
        try:
            (root / names[-1]).hardlink_to(file)
        except OSError:  # another file system, or one whose files may not be linked
            (root / names[-1]).write_bytes(file.read_bytes())
    return names


def sample(name: str) -> Sample:
    """A question about a photo and its answer."""
    question = Turn("user", (Picture(path=name), "What cat breed is this?"))
    return Sample("", (question, Turn("assistant", (f"This is {name}.",))))


def ours(root: Path, names: list[str], folder: Path) -> float:
    """Seconds from paths to rows."""
    started = time.perf_counter()
    (file,) = Fireworks().save({"train": map(sample, names)}, folder, root)
    took = time.perf_counter() - started
    (folder / file).unlink()
    return took


def plain(root: Path, names: list[str], folder: Path) -> float:
    """Seconds to read, encode and write the same files."""
    started = time.perf_counter()
    with (folder / "plain.txt").open("wb") as file:
        for name in names:
            file.write(base64.b64encode((root / name).read_bytes()))
    took = time.perf_counter() - started
    (folder / "plain.txt").unlink()
    return took


def growth(root: Path, names: list[str], folder: Path, connection: object) -> None:
    """Send how much memory writing takes beyond what the process has before, and the peak, in MB."""
    with PeakMemory() as before:
        time.sleep(0.3)
    with PeakMemory() as during:
        ours(root, names, folder)
    connection.send((during.mb - before.mb, during.mb))


def memory(root: Path, names: list[str], folder: Path) -> tuple[float, float]:
    """Growth and peak of a new process."""
    near, far = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=growth, args=(root, names, folder, far))
    process.start()
    found = near.recv()
    process.join()
    return found


def main() -> bool:
    """Alternate, measure memory, print."""
    with tempfile.TemporaryDirectory() as temporary:
        root, folder = Path(temporary, "raw"), Path(temporary, "out")
        root.mkdir()
        folder.mkdir()
        names = photos(root, PHOTOS)
        size = sum((root / name).stat().st_size for name in names)
        ours(root, names[:SLICE], folder)
        plain(root, names[:SLICE], folder)
        ratios = []
        for turn, start in enumerate([*range(0, PHOTOS, SLICE)] * ROUNDS):
            part = names[start : start + SLICE]
            first, second = (ours, plain) if turn % 2 else (plain, ours)
            took = {way: way(root, part, folder) for way in (first, second)}
            ratios.append(took[plain] / took[ours])
            mb = sum((root / name).stat().st_size for name in part) / 1e6
            print(f"rows {mb / took[ours]:,.0f} MB/s, plain {mb / took[plain]:,.0f} MB/s, {ratios[-1]:.3f}")
        few, _ = memory(root, names[: PHOTOS // 4], folder)
        all_of_them, peak = memory(root, names, folder)
        print(f"{PHOTOS} photos, {size / 1e6:,.0f} MB")
        print(f"memory: {few:.1f} MB more for {PHOTOS // 4} photos, {all_of_them:.1f} MB for {PHOTOS}")
    against = "plain base64 and write of the same files"
    return report("inline_images", statistics.median(ratios), against, ">= 0.7", peak_mb=peak)


if __name__ == "__main__":
    sys.exit(not main())
