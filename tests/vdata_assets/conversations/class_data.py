"""Classed images for tests, without files."""

from hashlib import blake2b

import polars as pl


def image_rows(counts: dict[str, int], suffix: str = ".jpg") -> pl.DataFrame:
    """Images of classes, all different, readable."""
    paths = [f"{name}/{number:04}{suffix}" for name, count in counts.items() for number in range(count)]
    return pl.DataFrame(
        {
            "image_id": [blake2b(path.encode(), digest_size=16).hexdigest() for path in paths],
            "path": paths,
            "class": [path.partition("/")[0] for path in paths],
            "content_hash": [f"content of {path}" for path in paths],
        },
        schema={"image_id": pl.String, "path": pl.String, "class": pl.String, "content_hash": pl.String},
    ).with_columns(phash=pl.lit(None, pl.UInt64), reason=pl.lit(None, pl.String))


def all_in(images: pl.DataFrame, split: str = "train") -> pl.DataFrame:
    """Splits that have all images in one."""
    return images.select(sample_id="image_id", split=pl.lit(split))
