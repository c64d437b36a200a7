"""Each way in which embeddings can be wrong is found, over all rows, with the paths that are hit."""

import numpy as np
import polars as pl
import pytest

from vdata_assets.embeddings.audit import audit
from vdata_assets.embeddings.checks import EMBEDDINGS_CHECKS
from vdata_assets.quality.findings import Status

DIM = 4
COUNT = 30


class Encoder:
    """As much of an encoder as the audit asks for."""

    identity = "encoder"
    dim = DIM


IMAGES = pl.DataFrame(
    {
        "image_id": [f"id{n}" for n in range(COUNT)],
        "path": [f"a/b/{n}.jpg" for n in range(COUNT)],
        "content_hash": [f"hash{n}" for n in range(COUNT)],
    }
)


def table(vectors=None, **columns):
    """Sound embeddings of IMAGES, but for what is given."""
    if vectors is None:
        vectors = np.random.default_rng(0).normal(size=(COUNT, DIM)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    rows = IMAGES.select("image_id", "content_hash").with_columns(
        encoder=pl.lit("encoder"),
        phash=pl.lit(7, pl.UInt64),
        reason=pl.lit(None, pl.String),
        vector=pl.Series(vectors, dtype=pl.Array(pl.Float32, vectors.shape[1])),
    )
    return rows.with_columns(**columns)


def changed(row, value):
    vectors = table()["vector"].to_numpy().copy()
    vectors[row] = value
    return table(vectors)


def undecodable(*numbers):
    hit = pl.col("image_id").is_in([f"id{n}" for n in numbers])
    return table(
        reason=pl.when(hit).then(pl.lit("truncated")),
        vector=pl.when(~hit).then(pl.col("vector")),
        phash=pl.when(~hit).then(pl.col("phash")),
    )


def without_vector(number):
    return table(vector=pl.when(pl.col("image_id") != f"id{number}").then(pl.col("vector")))


def replaced(column, number, value):
    hit = pl.col("image_id") == f"id{number}"
    return table(**{column: pl.when(hit).then(pl.lit(value)).otherwise(pl.col(column))})


def paths(*numbers):
    return tuple(f"a/b/{n}.jpg" for n in numbers)


ALL = paths(*range(20))
SOUND = "of 30 decoded images 0 have no vector, 0 one that is not finite, 0 one whose length is not 1"
COMPLETE = (
    "of 30 readable images {} have no row and {} one of another content or encoder; "
    "{} rows belong to no image, {} are repeated"
)
CASES = {
    "undecodable": (
        undecodable(3, 5),
        "images_decode",
        Status.WARNING,
        "2 of 30 images cannot be decoded (2: truncated)",
        paths(3, 5),
    ),
    "no vector": (
        without_vector(3),
        "vectors_sound",
        Status.FAILED,
        SOUND.replace("0 have no", "1 have no"),
        paths(3),
    ),
    "not a number": (
        changed(4, [np.nan, 0, 0, 1]),
        "vectors_sound",
        Status.FAILED,
        SOUND.replace("0 one that", "1 one that"),
        paths(4),
    ),
    "infinite": (
        changed(4, [np.inf, 0, 0, 1]),
        "vectors_sound",
        Status.FAILED,
        SOUND.replace("0 one that", "1 one that"),
        paths(4),
    ),
    "too long": (
        changed(29, [1.01, 0, 0, 0]),
        "vectors_sound",
        Status.FAILED,
        SOUND.replace("0 one whose", "1 one whose"),
        paths(29),
    ),
    "zero": (
        changed(29, 0),
        "vectors_sound",
        Status.FAILED,
        SOUND.replace("0 one whose", "1 one whose"),
        paths(29),
    ),
    "constant": (
        changed(slice(None), [1, 0, 0, 0]),
        "vectors_sound",
        Status.FAILED,
        SOUND + "; all different images have the same vector",
        ALL,
    ),
    "wrong dimension": (
        table(np.eye(COUNT, 5, dtype=np.float32)),
        "vectors_sound",
        Status.FAILED,
        "the vectors are Array(Float32, shape=(5,)), not 4 32-bit floats",
        ALL,
    ),
    "row missing": (
        table().filter(pl.col("image_id") != "id9"),
        "embeddings_complete",
        Status.FAILED,
        COMPLETE.format(1, 0, 0, 0),
        paths(9),
    ),
    "old content": (
        replaced("content_hash", 8, "old"),
        "embeddings_complete",
        Status.FAILED,
        COMPLETE.format(0, 1, 0, 0),
        paths(8),
    ),
    "other encoder": (
        replaced("encoder", 8, "old"),
        "embeddings_complete",
        Status.FAILED,
        COMPLETE.format(0, 1, 0, 0),
        paths(8),
    ),
    "foreign row": (
        pl.concat([table(), table().head(1).with_columns(image_id=pl.lit("foreign"))]),
        "embeddings_complete",
        Status.FAILED,
        COMPLETE.format(0, 0, 1, 0),
        ("foreign",),
    ),
    "repeated row": (
        pl.concat([table(), table().head(1)]),
        "embeddings_complete",
        Status.FAILED,
        COMPLETE.format(0, 0, 0, 1),
        paths(0),
    ),
}


def test_sound_embeddings_pass_every_check_in_order():
    findings = audit(table(), IMAGES, Encoder())
    assert [finding.name for finding in findings] == [check.name for check in EMBEDDINGS_CHECKS]
    assert {finding.status for finding in findings} == {Status.PASSED}
    assert [finding.message for finding in findings] == [
        "0 of 30 images cannot be decoded",
        SOUND,
        COMPLETE.format(0, 0, 0, 0),
    ]


@pytest.mark.parametrize(("embeddings", "name", "status", "message", "offenders"), CASES.values(), ids=CASES)
def test_what_is_wrong_is_found_and_nothing_else(embeddings, name, status, message, offenders):
    findings = {finding.name: finding for finding in audit(embeddings, IMAGES, Encoder())}
    hit = findings.pop(name)
    assert (hit.status, hit.message, hit.offenders) == (status, message, offenders)
    assert {finding.status for finding in findings.values()} == {Status.PASSED}


@pytest.mark.parametrize(
    "embeddings",
    [table().clear(), undecodable(*range(COUNT))],
    ids=["no rows", "none decodable"],
)
def test_no_vectors_at_all_are_no_crash(embeddings):
    vectors_sound = audit(embeddings, IMAGES, Encoder())[1]
    assert vectors_sound.status is Status.PASSED


def test_one_picture_under_many_names_is_not_constant():
    same = table(np.tile(np.eye(1, DIM, dtype=np.float32), (COUNT, 1)), content_hash=pl.lit("same"))
    images = IMAGES.with_columns(content_hash=pl.lit("same"))
    assert {finding.status for finding in audit(same, images, Encoder())} == {Status.PASSED}
