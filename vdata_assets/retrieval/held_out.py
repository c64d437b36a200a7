"""Whether rows show what is held out: the leak that makes an evaluation worthless."""

import polars as pl

from vdata_assets.quality.findings import Finding
from vdata_assets.quality.near_duplicates import near_duplicate_pairs
from vdata_assets.retrieval.checks import HELD_OUT_UNSEEN


def audit_held_out(rows: pl.DataFrame, images: pl.DataFrame, max_distance: int | None) -> Finding:
    """Answer :data:`~vdata_assets.retrieval.checks.HELD_OUT_UNSEEN`. Offenders are paths of images in rows.

    Args:
        rows: :class:`~vdata_assets.retrieval.schema.RetrievalRows` of a category.
        images: all decodable images of the category: image_id, path, phash and held_out (boolean).
        max_distance: bits in which the perceptual hashes of near-duplicates differ at most; None: only the
            images themselves are looked for.
    """
    shown = pl.concat([rows["query_id"], rows["ret_ids"].explode()]).unique().drop_nulls()
    used = images.filter(pl.col("image_id").is_in(shown.implode()))
    leaked = used.filter("held_out")
    unseen = images.filter("held_out")
    near = (
        near_duplicate_pairs(used.filter(~pl.col("held_out")), unseen, max_distance)
        if max_distance is not None
        else pl.DataFrame(schema={"image_id": pl.String})
    )
    copies = used.filter(pl.col("image_id").is_in(near["image_id"].implode()))
    return HELD_OUT_UNSEEN.finding(
        f"of {used.height} images in the rows {leaked.height} are held out and {copies.height} are "
        f"near-duplicates of the {unseen.height} images that are",
        [*leaked["path"].sort(), *copies["path"].sort()],
        {"held_out": leaked.height, "near_duplicates": copies.height},
    )
