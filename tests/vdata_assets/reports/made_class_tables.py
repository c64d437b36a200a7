"""Small tables of conversations about classes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

TURNS = [("user", "What is this?"), ("assistant", "An owl.")]
TEXTS = pl.List(pl.Struct({"role": pl.String, "text": pl.String}))
SAMPLES = pl.Schema(
    {
        "sample_id": pl.String,
        "image_id": pl.String,
        "path": pl.String,
        "class": pl.String,
        "split": pl.Enum(["train", "val", "test", "spare"]),
        "copy": pl.UInt32,
        "turns": TEXTS,
    }
)
IMAGES = pl.Schema(dict.fromkeys(("image_id", "path", "class", "reason"), pl.String))
TEMPLATES = pl.Schema({"template": pl.String, "kind": pl.String, "split": pl.String, "times": pl.UInt32})


def sample(path: str, split: str = "train", copy: int = 0, turns: Sequence[tuple[str, str]] = TURNS) -> dict:
    """A sample of the picture at ``<class>/<name>``."""
    return {
        "sample_id": f"{path}-{copy}",
        "image_id": f"id of {path}",
        "path": path,
        "class": path.partition("/")[0],
        "split": split,
        "copy": copy,
        "turns": [{"role": role, "text": text} for role, text in turns],
    }


def samples(rows: Iterable[Mapping[str, Any]] = ()) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=SAMPLES)


def images(paths: Mapping[str, str | None]) -> pl.DataFrame:
    """Files of the catalog: path -> why it is unreadable, or None."""
    rows = [
        {"image_id": f"id of {path}", "path": path, "class": path.partition("/")[0], "reason": reason}
        for path, reason in paths.items()
    ]
    return pl.DataFrame(rows, schema=IMAGES)


def templates(rows: Iterable[tuple[str, str, str, int]] = ()) -> pl.DataFrame:
    """Template, kind, split and how often."""
    return pl.DataFrame(list(rows), schema=TEMPLATES, orient="row")
