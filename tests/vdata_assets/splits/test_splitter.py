"""The general splitter: groups whole, sizes exact, classes in proportion, growth without moves."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from vdata_assets.quality.findings import Finding, Status
from vdata_assets.splits.groups import connected_groups
from vdata_assets.splits.sample_split_audit import audit_sample_splits
from vdata_assets.splits.sample_splits import split_samples, write_sample_splits
from vdata_assets.splits.settings import SplitSettings

Row = tuple[int, tuple[str, ...]]


def table(rows: list[Row], start: int = 0) -> pl.DataFrame:
    """Samples s000000, s000001, ... given the number of their video and their labels."""
    return pl.DataFrame(
        {
            "sample_id": [f"s{start + number:06}" for number in range(len(rows))],
            "video_id": [f"v{video}" for video, _ in rows],
            "labels": [list(labels) for _, labels in rows],
        },
        schema={"sample_id": pl.String, "video_id": pl.String, "labels": pl.List(pl.String)},
    )


def sizes(splits: pl.DataFrame) -> dict[str, int]:
    return dict(splits.group_by("split").len().iter_rows())


def finding(name: str, findings: list[Finding]) -> Finding:
    (found,) = [found for found in findings if found.name == name]
    return found


DOCUMENT = table(
    [(n, ("person",)) for n in range(900)]
    + [(n, ("car",)) for n in range(450)]
    + [(n, ("dog",)) for n in range(150)]
)
VIDEOS = table([(n // 300, ("person",)) for n in range(900)])


def test_1500_frames_of_60_30_10_percent_are_1200_150_150_of_the_same_shares(tmp_path: Path) -> None:
    splits = write_sample_splits(DOCUMENT, SplitSettings(), tmp_path)
    config = json.loads((tmp_path / "split_config.json").read_text())
    assert sizes(splits) == {"train": 1200, "val": 150, "test": 150}
    assert (config["strategy"], config["seed"]) == ("stratified", 42)
    assert config["ratios"] == {"train": 0.8, "val": 0.1, "test": 0.1}
    assert config["sizes"]["val"] == {"wanted": 150, "achieved": 150}
    assert config["classes"]["dog"]["test"] == {
        "samples": 15,
        "share_percent": 10.0,
        "deviation_points": 0.0,
    }
    assert config["largest_deviation_points"] == 0
    assert {found.status for found in audit_sample_splits(DOCUMENT, splits, SplitSettings())} == {
        Status.PASSED
    }


@pytest.mark.parametrize("seed", range(3))
def test_3_videos_of_300_frames_are_one_a_split(seed: int) -> None:
    splits = split_samples(VIDEOS, SplitSettings(strategy="temporal", seed=seed))
    assert sizes(splits) == {"train": 300, "val": 300, "test": 300}
    assert splits.group_by("group").agg(pl.col("split").n_unique())["split"].to_list() == [1, 1, 1]


def test_the_temporal_strategy_brings_videos_near_the_ratios() -> None:
    samples = table([(n // 300, ()) for n in range(3000)])
    splits = split_samples(samples, SplitSettings(strategy="temporal"))
    assert sizes(splits) == {"train": 2400, "val": 300, "test": 300}


@pytest.mark.parametrize("strategy", ["stratified", "random"])
def test_the_same_seed_gives_the_same_split_and_another_seed_another(strategy: str) -> None:
    first, again, other = (
        split_samples(DOCUMENT, SplitSettings(strategy=strategy, seed=seed)) for seed in (42, 42, 43)
    )
    assert first.equals(again)
    assert not first.equals(other)


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([(n, (f"rare{n}",)) for n in range(5)], id="classes of one member"),
        pytest.param([(n, (f"rare{n // 2}",)) for n in range(20)], id="classes of two members"),
        pytest.param([(0, ("cat",))], id="one sample"),
        pytest.param([(0, ("cat",)), (1, ("dog",))], id="two samples, three splits"),
        pytest.param([], id="none"),
        pytest.param([(n, ()) for n in range(10)], id="no labels"),
        pytest.param([(n, ("cat", "cat")) for n in range(10)], id="a label twice"),
    ],
)
def test_few_members_are_split_in_the_wanted_sizes(rows: list[Row]) -> None:
    splits = split_samples(table(rows), SplitSettings(), keys=["video_id"] if rows[:1] else [])
    if len({video for video, _ in rows}) == len(rows):
        wanted = SplitSettings().wanted_sizes(len(rows))
        assert sizes(splits) == {name: size for name, size in wanted.items() if size}


@pytest.mark.parametrize(
    ("samples", "ratios", "expected"),
    [
        pytest.param(10, (0.8, 0.1, 0.1), (8, 1, 1), id="no remainder"),
        pytest.param(14, (0.8, 0.1, 0.1), (11, 2, 1), id="of equal remainders the first"),
        pytest.param(3, (0.8, 0.1, 0.1), (1, 1, 1), id="none empty"),
        pytest.param(2, (0.8, 0.1, 0.1), (1, 1, 0), id="too few for all"),
        pytest.param(3, (0.9, 0.1, 0.0), (2, 1, 0), id="a ratio of zero"),
        pytest.param(0, (0.8, 0.1, 0.1), (0, 0, 0), id="nothing"),
        pytest.param(100, (0.57, 0.29, 0.14), (57, 29, 14), id="decimals, though less as floats"),
    ],
)
def test_wanted_sizes(samples: int, ratios: tuple[float, ...], expected: tuple[int, ...]) -> None:
    chosen = SplitSettings(ratios=dict(zip(("train", "val", "test"), ratios, strict=True)))
    assert tuple(chosen.wanted_sizes(samples).values()) == expected


@pytest.mark.parametrize(
    ("keys", "pairs", "expected"),
    [
        pytest.param([], [], "abcde", id="nothing shared"),
        pytest.param(["video"], [], "aacde", id="a video"),
        pytest.param(["video", "hash"], [], "aaade", id="a video and a hash, over a sample that has both"),
        pytest.param(["video"], [("d", "b")], "aacae", id="a pair joins a video"),
        pytest.param([], [("e", "d"), ("c", "d")], "abccc", id="pairs over pairs"),
    ],
)
def test_groups_are_what_is_connected(keys: list[str], pairs: list[tuple[str, str]], expected: str) -> None:
    samples = pl.DataFrame(
        {
            "sample_id": list("abcde"),
            "video": ["v", "v", None, None, "w"],
            "hash": [None, "x", "x", "y", None],
        }
    )
    frame = pl.DataFrame(pairs, schema={"sample_id": pl.String, "other": pl.String}, orient="row")
    assert "".join(connected_groups(samples, keys, frame)["group"]) == expected


@pytest.mark.parametrize(
    ("samples", "changes", "message"),
    [
        (
            VIDEOS.drop("video_id"),
            {"strategy": "temporal"},
            "the temporal strategy needs a column 'video_id'",
        ),
        (VIDEOS.drop("labels"), {}, "the stratified strategy needs a column 'labels'"),
        (VIDEOS.drop("sample_id"), {"strategy": "random"}, "samples have no column 'sample_id'"),
        (pl.concat([VIDEOS, VIDEOS[:1]]), {}, "sample_id 's000000' stands twice: make ids unique"),
        (
            VIDEOS.with_columns(video_id=pl.lit(None, pl.String)),
            {"strategy": "temporal"},
            "sample 's000000' has no video_id",
        ),
    ],
)
def test_unusable_tables_are_refused(samples: pl.DataFrame, changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        split_samples(samples, SplitSettings(**changes))


def test_pairs_of_unknown_samples_are_refused() -> None:
    pairs = pl.DataFrame({"sample_id": ["s000001"], "other": ["gone"]})
    with pytest.raises(ValueError, match="pair names sample_id 'gone', which no sample has"):
        split_samples(VIDEOS, SplitSettings(), pairs=pairs)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ratios": {"train": 0.8, "val": 0.1}}, "ratios sum to 0.9: make them sum to 1"),
        ({"ratios": {"train": 1.5, "val": -0.5}}, "ratio of 'train' is 1.5"),
        ({"ratios": {"": 1.0}}, "ratio of '' is 1.0: name it"),
        ({"strategy": "sequential"}, "Input should be 'stratified', 'temporal' or 'random'"),
    ],
)
def test_settings_out_of_bounds_are_refused(changes: dict, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        SplitSettings(**changes)


labels_of = st.lists(st.sampled_from("abcdef"), max_size=3).map(tuple)
rows_of = st.lists(st.tuples(st.integers(0, 12), labels_of), min_size=1, max_size=60)
settings_of = st.builds(
    SplitSettings,
    strategy=st.sampled_from(["stratified", "temporal", "random"]),
    ratios=st.sampled_from(
        [
            {"train": 0.8, "val": 0.1, "test": 0.1},
            {"train": 0.5, "test": 0.5},
            {"train": 0.9, "val": 0.1, "no": 0},
        ]
    ),
    seed=st.integers(0, 5),
)


@settings(max_examples=80, deadline=None)
@given(rows=rows_of, chosen=settings_of)
def test_every_sample_has_one_split_groups_are_whole_and_no_split_is_empty(
    rows: list[Row], chosen: SplitSettings
) -> None:
    samples = table(rows)
    splits = split_samples(samples, chosen, keys=["video_id"])
    assert splits["sample_id"].to_list() == samples["sample_id"].to_list()
    by_video = samples.join(splits, on="sample_id").group_by("video_id").agg(pl.col("split").n_unique())
    assert by_video["split"].max() == 1
    wanting = {name for name, ratio in chosen.ratios.items() if ratio}
    used = set(splits["split"])
    assert used <= wanting
    assert len(used) == min(len(wanting), by_video.height)


@settings(max_examples=60, deadline=None)
@given(labels=st.lists(labels_of, min_size=1, max_size=80), chosen=settings_of)
def test_sizes_are_exact_when_every_group_has_one_sample(
    labels: list[tuple[str, ...]], chosen: SplitSettings
) -> None:
    samples = table(list(enumerate(labels)))
    splits = split_samples(samples, chosen)
    assert sizes(splits) == {name: size for name, size in chosen.wanted_sizes(len(labels)).items() if size}


@settings(max_examples=60, deadline=None)
@given(rows=rows_of, chosen=settings_of, order=st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows: list[Row], chosen: SplitSettings, order) -> None:
    samples = table(rows)
    places = list(range(len(rows)))
    order.shuffle(places)
    assert split_samples(samples, chosen, keys=["video_id"]).equals(
        split_samples(samples[places], chosen, keys=["video_id"])
    )


@settings(max_examples=60, deadline=None)
@given(old=rows_of, new=rows_of, chosen=settings_of)
def test_old_samples_never_move_and_new_ones_join_their_group(
    old: list[Row], new: list[Row], chosen: SplitSettings
) -> None:
    before = split_samples(table(old), chosen, keys=["video_id"])
    samples = pl.concat([table(old), table(new, start=len(old))])
    after = split_samples(samples, chosen, keys=["video_id"], previous=before)
    assert after[: len(old)]["split"].equals(before["split"])
    assert finding("groups_whole", audit_sample_splits(samples, after, chosen)).status is Status.PASSED


def test_new_groups_go_where_they_bring_the_ratios_closest() -> None:
    before = pl.DataFrame({"sample_id": [f"s{n:06}" for n in range(90)], "split": ["train"] * 90})
    samples = table([(n, ()) for n in range(100)])
    kept = split_samples(samples, SplitSettings(), previous=before)
    anew = split_samples(samples, SplitSettings(on_growth="rebalance"), previous=before)
    assert sizes(kept) == {"train": 90, "val": 5, "test": 5}
    assert sizes(anew) == {"train": 80, "val": 10, "test": 10}


def test_a_new_sample_that_joins_groups_of_two_splits_is_reported(tmp_path: Path) -> None:
    samples = table([(n // 3, ()) for n in range(9)])
    before = split_samples(samples, SplitSettings(strategy="temporal"))
    grown = pl.concat([samples, table([(0, ())], start=9)])
    pairs = pl.DataFrame({"sample_id": ["s000009"], "other": ["s000003"]})
    chosen = SplitSettings(strategy="temporal")
    after = write_sample_splits(grown, chosen, tmp_path, pairs=pairs, previous=before)
    assert after[:9]["split"].equals(before["split"])
    hit = finding("groups_whole", audit_sample_splits(grown, after, chosen))
    both = sorted({before["split"][0], before["split"][3]})
    assert (hit.status, hit.offenders) == (Status.FAILED, (f"s000000: {', '.join(both)}",))
    assert json.loads((tmp_path / "split_config.json").read_text())["parted_groups"] == {"s000000": both}


def test_an_earlier_split_without_a_ratio_is_refused() -> None:
    before = pl.DataFrame({"sample_id": ["s000000"], "split": ["dev"]})
    with pytest.raises(ValueError, match="samples are in split 'dev', which has no ratio: add it"):
        split_samples(VIDEOS, SplitSettings(), previous=before)


@pytest.mark.parametrize(
    ("splits", "name", "status", "offenders"),
    [
        (["train"] * 10, "splits_filled", Status.FAILED, ("val", "test")),
        (
            ["train"] * 5 + ["val"] * 4 + ["test"],
            "split_ratios",
            Status.WARNING,
            ("train: 5 samples, -30.00 points", "val: 4 samples, +30.00 points"),
        ),
        (
            ["train"] * 8 + ["val", "test"],
            "class_shares",
            Status.WARNING,
            (
                "cat in train: +12.50 points",
                "cat in val: -50.00 points",
                "cat in test: -50.00 points",
                "dog in train: -12.50 points",
                "dog in val: +50.00 points",
                "dog in test: +50.00 points",
            ),
        ),
    ],
)
def test_the_audit_names_what_is_wrong(
    splits: list[str], name: str, status: Status, offenders: tuple[str, ...]
) -> None:
    samples = table([(n, ("cat",) if n < 5 else ("dog",)) for n in range(10)])
    ids = samples["sample_id"]
    made = pl.DataFrame({"sample_id": ids, "group": ids, "split": splits})
    found = finding(name, audit_sample_splits(samples, made, SplitSettings()))
    assert (found.status, found.offenders) == (status, offenders)


def test_many_classes_in_many_groups_keep_their_shares_to_a_tenth_of_a_point() -> None:
    draw = np.random.default_rng(0)
    rows = [
        (int(video), tuple(f"c{label}" for label in draw.integers(0, 80, 2)))
        for video in draw.integers(0, 10_000, 100_000)
    ]
    samples = table(rows)
    splits = split_samples(samples, SplitSettings(), keys=["video_id"])
    found = finding("class_shares", audit_sample_splits(samples, splits, SplitSettings()))
    assert found.counts["largest_deviation_points"] < 0.1


def test_hash_randomisation_changes_nothing() -> None:
    program = (
        "import polars as pl; from vdata_assets.splits.sample_splits import split_samples\n"
        "from vdata_assets.splits.settings import SplitSettings\n"
        "rows = [(f's{n:03}', f'v{n % 17}', [f'c{n % 7}', f'c{n % 5}']) for n in range(200)]\n"
        "frame = pl.DataFrame(rows, schema=['sample_id', 'video_id', 'labels'], orient='row')\n"
        "print(split_samples(frame, SplitSettings(), keys=['video_id']).write_csv())"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert len(outputs) == 1
