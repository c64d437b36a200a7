"""Perceptual hashes: what they see, and the cache that several processes share."""

import multiprocessing
import os
import signal
import sqlite3
import time

import imagehash
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from vdata_resources.images import load_rgb
from vdata_resources.perceptual_hash import hamming, perceptual_hash, perceptual_hash_of, perceptual_hashes

HASHES = st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=5)


@pytest.fixture(scope="module")
def photos(test_data):
    return sorted(test_data("dreambooth-concepts").rglob("*.jpg"))[:24]


def test_the_hash_is_that_of_imagehash(photos):
    image = load_rgb(photos[0])
    assert f"{perceptual_hash(image):016x}" == str(imagehash.phash(image))


@pytest.mark.parametrize(
    ("changed", "nearest", "farthest"),
    [("ukbench00120_resize.jpg", 0, 8), ("ukbench00120_hflip.jpg", 20, 64), ("ukbench09268.jpg", 20, 64)],
)
def test_the_same_picture_is_near_and_others_are_far(test_data, changed, nearest, farthest):
    folder = test_data("edge-images") / "duplicates"
    original, other = (perceptual_hash(load_rgb(folder / name)) for name in ("ukbench00120.jpg", changed))
    assert nearest <= hamming(original, other) <= farthest


def test_a_file_decoded_at_reduced_size_has_nearly_the_hash_of_the_whole(photos):
    away = [int(hamming(perceptual_hash_of(photo), perceptual_hash(load_rgb(photo)))) for photo in photos]
    assert max(away) <= 4


@given(HASHES, HASHES)
def test_hamming_counts_bits_of_every_pair(left, right):
    counted = hamming(np.array(left, np.uint64)[:, None], np.array(right, np.uint64))
    assert counted.tolist() == [[(a ^ b).bit_count() for b in right] for a in left]


def test_only_what_is_not_cached_is_decoded(tmp_path, photos):
    files = {f"content{n}": path for n, path in enumerate(photos)}
    cache = tmp_path / "folder" / "hashes.sqlite"
    first = perceptual_hashes(files, cache, workers=1)
    gone = dict.fromkeys(files, tmp_path / "gone.jpg")
    assert perceptual_hashes(gone, cache, workers=2) == first
    assert list(first) == list(files)
    assert first["content0"] == perceptual_hash_of(photos[0])


def test_a_bad_file_has_no_hash_and_is_tried_again(tmp_path, photos):
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no image")
    cache = tmp_path / "hashes.sqlite"
    assert perceptual_hashes({"bad": bad, "good": photos[0]}, cache)["bad"] is None
    assert perceptual_hashes({"bad": photos[0]}, cache)["bad"] is not None


def test_a_file_that_is_no_cache_is_named(tmp_path, photos):
    cache = tmp_path / "hashes.sqlite"
    cache.write_bytes(b"some other file" * 100)
    with pytest.raises(
        ValueError, match=r"cache: .*hashes.sqlite is no cache of perceptual hashes .*: delete it"
    ):
        perceptual_hashes({"a": photos[0]}, cache)


def fill(cache, folder, repeats):
    for repeat in range(repeats):
        perceptual_hashes({f"{os.getpid()}-{repeat}-{p.name}": p for p in sorted(folder.iterdir())}, cache, 1)


@pytest.fixture
def small_files(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    for shade in range(20):
        Image.new("RGB", (8, 8), (shade * 10, 50, 50)).save(folder / f"{shade}.png")
    return folder


def test_several_processes_share_a_cache_and_one_is_killed(tmp_path, small_files):
    context = multiprocessing.get_context("fork")
    cache = tmp_path / "hashes.sqlite"
    writers = [context.Process(target=fill, args=(cache, small_files, repeats)) for repeats in (5, 5, 10_000)]
    for writer in writers:
        writer.start()
    time.sleep(0.3)
    os.kill(writers[2].pid, signal.SIGKILL)
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0, -signal.SIGKILL]
    with sqlite3.connect(cache) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    for writer in writers[:2]:
        files = {f"{writer.pid}-4-{path.name}": tmp_path / "gone" for path in small_files.iterdir()}
        assert None not in perceptual_hashes(files, cache).values()
