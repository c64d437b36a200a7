"""Embeds photos here and on a Ray cluster, and prints as JSON how the two differ: FOLDER PHOTO..."""

import json
import sys
from pathlib import Path
from typing import Any

import open_clip
import polars as pl
import torch
import xxhash

from vdata_assets.embeddings.embed import embed
from vdata_assets.workflows.settings import DescriptorSettings, OpenClipSettings
from vdata_resources.encoders import EncoderUnavailable, ImageEncoder

TINY = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 64, "layers": 2, "width": 64, "patch_size": 16, "head_width": 32},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 64, "heads": 2, "layers": 2},
}
TEXTS = ["a red cup", "a green plant"]


def checkpoint(folder: Path) -> str:
    """A model with random weights, as open_clip names it."""
    (folder / "tiny.json").write_text(json.dumps(TINY))
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": TINY, "preprocess_cfg": {}}))
    open_clip.add_model_config(folder / "tiny.json")
    torch.manual_seed(0)
    torch.save(open_clip.create_model("tiny").state_dict(), folder / "open_clip_pytorch_model.bin")
    return f"local-dir:{folder}"


def table(photos: list[Path]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "image_id": [str(number) for number in range(len(photos))],
            "path": [str(photo) for photo in photos],
            "content_hash": [xxhash.xxh3_128_hexdigest(photo.read_bytes()) for photo in photos],
        }
    )


def compared(photos: list[Path], here: ImageEncoder, there: ImageEncoder) -> dict[str, Any]:
    """Whether both ways give the same table, to the byte, and what the spread one said."""
    images, said = table(photos), []
    one, other = embed(images, Path("/"), here).table, embed(images, Path("/"), there, log=said.append).table
    same_bytes = one["vector"].to_numpy().tobytes() == other["vector"].to_numpy().tobytes()
    return {"equal": one.equals(other) and same_bytes, "reasons": other["reason"].to_list(), "said": said}


def unavailable(ray: dict[str, Any]) -> str:
    """Why the cluster does not do it."""
    try:
        return DescriptorSettings(spread={"ray": ray}).build().identity
    except EncoderUnavailable as error:
        return str(error)


def main(folder: Path, photos: list[Path]) -> None:
    broken = folder / "broken.jpg"
    broken.write_bytes(photos[0].read_bytes()[:3000])
    clip = {"model": checkpoint(folder), "pretrained": None, "device": "cpu", "batch_size": 4}
    images, texts = OpenClipSettings(**clip).build_with_texts()
    far_images, far_texts = OpenClipSettings(**clip, spread={"ray": {"batch_size": 8}}).build_with_texts()
    two = DescriptorSettings(spread={"ray": {"actors": 2, "batch_size": 5}})
    answer = {
        "too_large": unavailable({"cpus_per_actor": 64, "gpus_per_actor": 2}),
        "descriptor": compared([*photos[:4], broken, *photos[4:]], DescriptorSettings().build(), two.build()),
        "texts": bool((far_texts.encode_texts(TEXTS) == texts.encode_texts(TEXTS)).all()),
        "open_clip": compared([*photos, broken], images, far_images),
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
