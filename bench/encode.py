"""OpenClipEncoder end to end, decoding and perceptual hash included, against the bare model's forward pass.

Both run the same ViT-B-32 with random weights at the same batch size, precision and device, in turns of
128 of 512 photos, every photo twice; the ratio is the turns' median. The bare forward gets a ready tensor:
what it does is the limit that decoding can only fall short of.
"""

import os
import statistics
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

import open_clip
import torch
from report import report

from vdata_resources.encoders import OpenClipEncoder
from vdata_resources.perceptual_hash import perceptual_hash

MODEL = "ViT-B-32"
PHOTOS = 512
BATCH_SIZE = {"cpu": 16, "cuda": 128}
ROUNDS = 2
SLICE = 128  # photos a turn: short turns, so that whatever else the machine does falls on both
TEST_DATA = Path(os.environ.get("VDATA_TEST_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


def photos() -> list[Path]:
    """512 photos: the real ones of two folders, repeated."""
    folders = [TEST_DATA / "dreambooth-concepts", TEST_DATA / "clothing-explicit-split"]
    found = [path for folder in folders for path in sorted(folder.rglob("*.jpg"))]
    if not found:
        raise SystemExit(f"no test data at {TEST_DATA}: set VDATA_TEST_DATA")
    return list(islice(cycle(found), PHOTOS))


def saved_weights(folder: Path) -> Path:
    """A checkpoint of the model with random weights."""
    torch.manual_seed(0)
    path = folder / "random.pt"
    torch.save(open_clip.create_model(MODEL).state_dict(), path)
    return path


def end_to_end(encoder: OpenClipEncoder, paths: list[Path]) -> float:
    """Images a second from files to vectors."""
    started = time.perf_counter()
    done = sum(len(batch.indices) for batch in encoder.encode_images(paths, perceptual_hash))
    return done / (time.perf_counter() - started)


def bare_forward(model: torch.nn.Module, images: torch.Tensor, count: int) -> float:
    """Images a second from a tensor on the device to normalised vectors on the device."""
    started = time.perf_counter()
    with torch.inference_mode():
        for _ in range(count // len(images)):
            model.encode_image(images, normalize=True)
        if images.is_cuda:
            torch.cuda.synchronize()
    return count / (time.perf_counter() - started)


def main() -> None:
    """Warm up, alternate, print."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    precision = "bf16" if device == "cuda" else "fp32"
    batch_size = BATCH_SIZE[device]
    paths = photos()
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = str(saved_weights(Path(folder)))
        encoder = OpenClipEncoder(MODEL, checkpoint, device, precision, batch_size)
        model = open_clip.create_model(MODEL, checkpoint, precision=precision, device=device).eval()
        dtype = open_clip.get_input_dtype(precision)
        images = torch.rand(batch_size, 3, 224, 224, device=device, dtype=dtype)
        bare_forward(model, images, 4 * batch_size)
        end_to_end(encoder, paths[: 4 * batch_size])
        ratios = []
        for start in [*range(0, PHOTOS, SLICE)] * ROUNDS:
            ours = end_to_end(encoder, paths[start : start + SLICE])
            bare = bare_forward(model, images, SLICE)
            ratios.append(ours / bare)
            print(f"end to end {ours:,.1f} images/s, bare forward {bare:,.1f} images/s, {ours / bare:.3f}")
    report("encode", statistics.median(ratios), f"bare {MODEL} forward, {precision} on {device}", ">= 0.9")


if __name__ == "__main__":
    main()
