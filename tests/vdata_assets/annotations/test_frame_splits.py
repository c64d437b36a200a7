"""Frames that look alike share a split, nothing that has one moves, and what fits neither is left out."""

from pathlib import Path

import polars as pl
import pytest
from xxhash import xxh3_64_intdigest

from vdata_assets.annotations.frame_splits import write_frame_splits
from vdata_assets.quality.findings import Finding, Status
from vdata_assets.splits.settings import SplitSettings

HAMMING = 4
LEFT_OUT = "{} frames look like frames of two splits and are left out"


def some_frames(hashes: dict[str, int], video: str = "clip") -> pl.DataFrame:
    return pl.DataFrame(
        {
            "sample_id": list(hashes),
            "frame_id": list(hashes),
            "video_id": [video] * len(hashes),
            "phash": pl.Series(list(hashes.values()), dtype=pl.UInt64),
            "labels": [["ball"]] * len(hashes),
        }
    )


def previous(**splits: str) -> pl.DataFrame:
    return pl.DataFrame({"sample_id": list(splits), "split": list(splits.values())})


def named(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.name: finding for finding in findings}


def split(frames: pl.DataFrame, out: Path, before: pl.DataFrame | None, **settings):
    made = write_frame_splits(frames, SplitSettings(**settings), HAMMING, out, before)
    return dict(made.splits.select("sample_id", "split").iter_rows()), named(made.findings)


def test_a_new_frame_between_two_splits_is_left_out_and_nothing_moves(tmp_path):
    before = previous(a="train", b="val", c="test")
    # Six bits apart: a and b do not look alike, n looks like both.
    frames = some_frames({"a": 0b000000, "b": 0b111111, "c": 2**63 - 1, "n": 0b000111})
    splits, found = split(frames, tmp_path, before)
    assert splits == {"a": "train", "b": "val", "c": "test"}
    assert found["new_frames_placed"].status is Status.WARNING
    assert found["new_frames_placed"].offenders == ("n",)
    assert found["new_frames_placed"].message == LEFT_OUT.format("1 of 4")
    assert found["groups_whole"].status is found["near_duplicates_apart"].status is Status.PASSED


def test_new_frames_that_link_two_splits_only_together_are_left_out_together(tmp_path):
    before = previous(a="train", b="val", c="test")
    frames = some_frames({"a": 0, "b": 0b1111_1111_1111, "c": 2**63 - 1, "n": 0b1111, "m": 0b1111_1111})
    splits, found = split(frames, tmp_path, before)
    assert splits == {"a": "train", "b": "val", "c": "test"}
    assert found["new_frames_placed"].offenders == ("n", "m")


def test_a_new_frame_that_looks_like_one_split_joins_it(tmp_path):
    before = previous(a="train", b="val", c="test")
    frames = some_frames({"a": 0, "b": 2**32 - 1, "c": 2**63 - 1, "n": 1, "m": 2**32 - 2})
    splits, found = split(frames, tmp_path, before)
    assert (splits["n"], splits["m"]) == ("train", "val")
    assert found["new_frames_placed"].status is Status.PASSED


def test_rebalancing_leaves_nothing_out(tmp_path):
    before = previous(a="train", b="val", c="test")
    frames = some_frames({"a": 0b000000, "b": 0b111111, "c": 2**63 - 1, "n": 0b000111})
    splits, found = split(frames, tmp_path, before, on_growth="rebalance")
    assert len(splits) == 4
    assert splits["a"] == splits["b"] == splits["n"]
    assert found["near_duplicates_apart"].status is Status.PASSED


@pytest.mark.parametrize(
    ("strategy", "status"), [("stratified", Status.WARNING), ("temporal", Status.PASSED)]
)
def test_a_video_in_several_splits_is_said(tmp_path, strategy, status):
    clips = [
        some_frames({f"{video}{n}": xxh3_64_intdigest(f"{video}{n}".encode()) for n in range(10)}, video)
        for video in "xyz"
    ]
    _, found = split(pl.concat(clips), tmp_path, None, strategy=strategy)
    assert found["videos_whole"].status is status
    assert found["videos_whole"].counts["offenders"] == (3 if status is Status.WARNING else 0)


def test_the_first_split_leaves_nothing_out(tmp_path):
    _, found = split(some_frames({"a": 0, "b": 2**40 - 1, "c": 2**63 - 1}), tmp_path, None)
    assert found["new_frames_placed"].message == LEFT_OUT.format("0 of 3")
