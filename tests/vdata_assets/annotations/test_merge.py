"""Exports become one dataset: each picture once, nothing that is there moved, the same by whatever steps."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from export_tables import HEIGHT, WIDTH, a_frame, an_object, bad_object, publish, unreadable
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco

from vdata_assets.annotations import added_objects
from vdata_assets.annotations.merge import Merged, Part, merge
from vdata_assets.annotations.schema import MergedExports, MergedFrames, Objects

Frame = Mapping[str, Any]


def merged(folder: Path, parts: Sequence[Part], previous: Path | None = None) -> Merged:
    """Merge into a folder, pictures linked."""

    def link(source: Path, target: str) -> None:
        place = folder / target
        place.parent.mkdir(parents=True, exist_ok=True)
        os.link(source, place)

    folder.mkdir()
    return merge(parts, previous, folder, link, lambda line: None)


def shown(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All that a merge holds, its pictures included."""
    frames = pl.read_parquet(folder / "frames.parquet")
    pictures = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.jpg"))
    assert pictures == sorted(frames["file"])
    assert all(
        (folder / file).read_text() == content
        for file, content in frames.select("file", "content_hash").rows()
    )
    objects = pl.read_parquet(folder / "objects.parquet")
    assert sum(frames["objects"]) == objects.height
    assert objects["frame_id"].to_list() == [
        frame_id for frame_id, count in frames.select("frame_id", "objects").rows() for _ in range(count)
    ]
    MergedFrames.validate(frames)
    Objects.validate(objects)
    exports = MergedExports.validate(pl.read_parquet(folder / "exports.parquet"))
    return {"frames": frames.rows(), "objects": objects.rows(), "exports": exports.rows()}


def listed(folder: Path) -> list[tuple[Any, ...]]:
    objects = pl.read_parquet(folder / "objects.parquet")
    return objects.select("frame_id", "position", "object_id", "label").rows()


def test_500_samples_are_added_to_1000_and_the_old_ones_stay_as_they_are(tmp_path: Path) -> None:
    old = publish(tmp_path, "b", [a_frame(f"b{n}", an_object()) for n in range(1000)])
    new = publish(tmp_path, "a", [a_frame(f"a{n}", an_object("dog")) for n in range(500)])
    merged(tmp_path / "v1", [old])
    before = shown(tmp_path / "v1")
    (old.folder / "objects.parquet").unlink()  # it is not read again
    result = merged(tmp_path / "v2", [new, old], tmp_path / "v1")
    after = shown(tmp_path / "v2")
    assert (len(after["frames"]), len(after["objects"]), result.objects) == (1500, 1500, 1500)
    assert after["frames"][:1000] == before["frames"]
    assert after["objects"][:1000] == before["objects"]
    assert after["exports"] == [("b", "1", 1000, 0, 1000, 0), ("a", "1", 500, 0, 500, 0)]
    assert (result.added, result.rebuilt) == (("a",), None)
    assert shown(tmp_path / "v1") == before


def test_a_picture_lies_under_its_exports_key(tmp_path: Path) -> None:
    parts = [publish(tmp_path, export, [a_frame(export, an_object())]) for export in ("a", "b")]
    merged(tmp_path / "v1", parts)
    assert pl.read_parquet(tmp_path / "v1/frames.parquet")["file"].to_list() == [
        "frames/a/frame_000000.jpg",
        "frames/b/frame_000000.jpg",
    ]


def test_rows_with_a_reason_are_left_out_and_counted(tmp_path: Path) -> None:
    part = publish(
        tmp_path,
        "a",
        [
            unreadable("truncated", an_object(), an_object()),
            a_frame("x", bad_object("the mask is empty"), an_object(), an_object("dog")),
            a_frame("y", bad_object("the mask is empty")),
        ],
    )
    merged(tmp_path / "v1", [part])
    assert shown(tmp_path / "v1")["exports"] == [("a", "1", 2, 0, 2, 5)]
    assert listed(tmp_path / "v1") == [("a-000001", 1, "1", "ball"), ("a-000001", 2, "1", "dog")]
    frames = pl.read_parquet(tmp_path / "v1/frames.parquet")
    assert frames.select("frame_id", "objects", "labels").rows() == [
        ("a-000001", 2, ["ball", "dog"]),
        ("a-000002", 0, []),
    ]


BALL = (2, 3, 10, 10)


@pytest.mark.parametrize(
    ("entry", "added"),
    [
        pytest.param(an_object("ball", BALL), False, id="the same label and mask"),
        pytest.param(an_object("ball", (2, 3, 10, 8)), False, id="IoU 0.8"),
        pytest.param(an_object("ball", (2, 3, 10, 7)), True, id="IoU 0.7"),
        pytest.param(an_object("dog", BALL), True, id="another label"),
        pytest.param(an_object("ball", (15, 3, 10, 10)), True, id="elsewhere"),
        pytest.param(bad_object("the mask is empty"), False, id="one that cannot be used"),
    ],
)
def test_a_copys_new_objects_are_added_to_the_frame_that_stands(
    tmp_path: Path, entry: dict[str, Any], added: bool
) -> None:
    first = publish(
        tmp_path, "a", [a_frame("x", an_object("ball", BALL), an_object("cat")), a_frame("y", an_object())]
    )
    second = publish(tmp_path, "b", [a_frame("x", entry)])
    result = merged(tmp_path / "v1", [first, second])
    shown(tmp_path / "v1")
    expected = [("a-000000", 0, "1", "ball"), ("a-000000", 1, "1", "cat")]
    expected += [("a-000000", 2, "b:1", entry["label"])] if added else []
    assert listed(tmp_path / "v1") == [*expected, ("a-000001", 0, "1", "ball")]
    assert result.exports.filter(export="b").select("frames", "duplicates", "objects").row(0) == (0, 1, added)


def test_a_copy_within_an_export_is_left_out_too_and_keeps_the_objects_ids(tmp_path: Path) -> None:
    part = publish(
        tmp_path,
        "a",
        [a_frame("x"), a_frame("y", an_object()), a_frame("x", an_object("dog", object_id="7"))],
    )
    merged(tmp_path / "v1", [part])
    assert listed(tmp_path / "v1") == [("a-000000", 0, "7", "dog"), ("a-000001", 0, "1", "ball")]
    assert shown(tmp_path / "v1")["exports"] == [("a", "1", 2, 1, 2, 0)]


@pytest.mark.parametrize(
    ("second", "reason", "order"),
    [
        pytest.param([], "gone: b", ["a", "c"], id="gone"),
        pytest.param([("b", "2")], "changed: b", ["b", "a", "c"], id="changed"),
    ],
)
def test_a_changed_or_vanished_export_has_all_built_anew_in_the_order_of_arrival(
    tmp_path: Path, second: list[tuple[str, str]], reason: str, order: list[str]
) -> None:
    b, a = (publish(tmp_path, export, [a_frame(export, an_object())]) for export in ("b", "a"))
    merged(tmp_path / "v1", [b])
    merged(tmp_path / "v2", [b, a], tmp_path / "v1")
    parts = [publish(tmp_path, export, [a_frame("new", an_object())], digest) for export, digest in second]
    parts += [a, publish(tmp_path, "c", [a_frame("c", an_object())])]
    result = merged(tmp_path / "v3", parts, tmp_path / "v2")
    assert result.rebuilt == reason
    assert result.exports["export"].to_list() == order
    assert result.frames["frame_id"].to_list() == [f"{export}-000000" for export in order]
    shown(tmp_path / "v3")


def test_a_frame_of_the_version_before_stands_before_a_copy_in_a_changed_export(tmp_path: Path) -> None:
    first, second = (
        publish(tmp_path, "a", [a_frame("x")]),
        publish(tmp_path, "b", [a_frame("y", an_object())]),
    )
    merged(tmp_path / "v1", [first])
    merged(tmp_path / "v2", [first, second], tmp_path / "v1")
    changed = publish(tmp_path, "a", [a_frame("y", an_object("dog")), a_frame("x")], "2")
    merged(tmp_path / "v3", [changed, second], tmp_path / "v2")
    frames = pl.read_parquet(tmp_path / "v3/frames.parquet")
    assert frames.select("frame_id", "labels").rows() == [("a-000001", []), ("b-000000", ["ball", "dog"])]


def test_no_export_is_an_empty_dataset(tmp_path: Path) -> None:
    merged(tmp_path / "v1", [])
    assert shown(tmp_path / "v1") == {"frames": [], "objects": [], "exports": []}


def test_an_export_named_twice_is_refused(tmp_path: Path) -> None:
    part = publish(tmp_path, "a", [])
    with pytest.raises(ValueError, match=r"^an export is named twice among \['a', 'a'\]$"):
        merged(tmp_path / "v1", [part, part])


def test_objects_out_of_order_are_refused(tmp_path: Path) -> None:
    part = publish(tmp_path, "a", [a_frame("x", an_object()), a_frame("y", an_object())])
    table = pl.read_parquet(part.folder / "objects.parquet")
    table.reverse().write_parquet(part.folder / "objects.parquet")
    with pytest.raises(ValueError, match="objects are not in the order of their frames and positions"):
        merged(tmp_path / "v1", [part])


BOXES = [(2, 3, 10, 10), (2, 3, 10, 9), (2, 3, 10, 7), (14, 1, 8, 8), (0, 0, 1, 1)]
OBJECTS = st.one_of(
    st.builds(an_object, st.sampled_from(["ball", "dog"]), st.sampled_from(BOXES)),
    st.just(bad_object("the mask is empty")),
)
FRAMES = st.lists(
    st.one_of(
        st.builds(
            lambda content, entries: a_frame(content, *entries),
            st.sampled_from("pqrs"),
            st.lists(OBJECTS, max_size=3),
        ),
        st.builds(lambda entries: unreadable("truncated", *entries), st.lists(OBJECTS, max_size=2)),
    ),
    max_size=5,
)


def overlap(a: str, b: str) -> float:
    size = [HEIGHT, WIDTH]
    one, other = (coco.decode({"size": size, "counts": counts}).astype(bool) for counts in (a, b))
    return float(np.sum(one & other) / np.sum(one | other))


def one_by_one(exports: Sequence[tuple[str, Sequence[Frame]]]) -> list[tuple[str, int, str, str, str]]:
    """The objects of a merge, as its documentation says, in plain steps."""
    stands: dict[str, tuple[str, str]] = {}
    own: dict[str, list[tuple[int, str, str, str]]] = {}
    for export, frames in exports:
        copies = []
        for index, frame in enumerate(frames):
            if frame["reason"]:
                continue
            usable = [(n, e) for n, e in enumerate(frame["listed"]) if not e["reason"]]
            if frame["content_hash"] in stands:
                copies.append((frame, usable))
                continue
            frame_id = f"{export}-{index:06}"
            stands[frame["content_hash"]] = (frame_id, export)
            own[frame_id] = [(n, e["object_id"], e["label"], e["rle"]) for n, e in usable]
        for frame, usable in copies:
            frame_id, home = stands[frame["content_hash"]]
            there = own[frame_id]
            for _, e in usable:
                if not any(
                    e["label"] == label and overlap(e["rle"], rle) >= 0.8 for _, _, label, rle in there
                ):
                    place = there[-1][0] + 1 if there else 0
                    name = e["object_id"] if home == export else f"{export}:{e['object_id']}"
                    there.append((place, name, e["label"], e["rle"]))
    return [(frame_id, *entry) for frame_id, entries in own.items() for entry in entries]


@settings(max_examples=20)
@given(st.lists(FRAMES, min_size=1, max_size=3), st.integers(1, 3))
def test_adding_one_by_one_equals_merging_all_at_once_and_the_plain_reference(
    contents: list[list[Frame]], together: int
) -> None:
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(added_objects, "FRAMES_AT_ONCE", together)
        patch.setattr(added_objects, "MASKS_AT_ONCE", together)
        folder = Path(name)
        parts = [publish(folder, f"e{number}", frames) for number, frames in enumerate(contents)]
        merged(folder / "all", parts)
        whole = shown(folder / "all")
        before: Path | None = None
        for number in range(len(parts)):
            merged(folder / f"v{number}", parts[: number + 1], before)
            before = folder / f"v{number}"
        assert before is not None
        assert shown(before) == whole
        columns = ["frame_id", "position", "object_id", "label", "rle"]
        reference = one_by_one([(part.export, frames) for part, frames in zip(parts, contents, strict=True)])
        assert pl.read_parquet(folder / "all/objects.parquet").select(columns).rows() == reference


SCRIPT = """
import sys
from pathlib import Path
from vdata_assets.annotations.merge import Part, merge
folder, out = Path(sys.argv[1]), Path(sys.argv[2])
out.mkdir()
merge([Part(name, "1", folder / f"{name}@1") for name in "ab"], None, out, lambda source, target: None, print)
"""


def test_the_tables_bytes_depend_on_neither_hash_seed_nor_cores(tmp_path: Path) -> None:
    copies = [a_frame(f"x{n}", an_object("dog", (n % 9, 2, 9, 9))) for n in range(0, 900, 7)]
    publish(tmp_path, "a", [a_frame(f"x{n}", *[an_object()] * (n % 4)) for n in range(900)])
    publish(tmp_path, "b", [*copies, *(a_frame(f"z{n}", an_object()) for n in range(500))])
    parts = [Part(name, "1", tmp_path / f"{name}@1") for name in "ab"]
    (tmp_path / "here").mkdir()
    merge(parts, None, tmp_path / "here", lambda source, target: None, lambda line: None)
    environment = {**os.environ, "PYTHONHASHSEED": "1", "POLARS_MAX_THREADS": "1"}
    arguments = [sys.executable, "-c", SCRIPT, tmp_path, tmp_path / "there"]
    subprocess.run(arguments, check=True, env=environment, capture_output=True)
    here, there = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("here", "there")
    )
    assert here == there
    assert here.keys() == {"frames.parquet", "objects.parquet", "exports.parquet"}
