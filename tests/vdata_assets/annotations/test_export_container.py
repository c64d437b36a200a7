"""What an export's JSON says, and what is said when it says it wrongly."""

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from export_zips import a_frame, an_object, picture, read_export, refusal

from vdata_assets.annotations import contents
from vdata_assets.annotations.archive import open_archive
from vdata_assets.annotations.container import Video, read_container
from vdata_assets.annotations.settings import ExportSettings

MakeZip = Callable[..., Path]
NAN = float("nan")


def test_a_documented_export_is_read(make_zip: MakeZip) -> None:
    container, objects = read_export(
        make_zip(2, metadata={"export_info": {"exporter": "SAM2 Demo Export Tool"}})
    )
    assert container.video == Video("clip.mp4", 64, 48, Fraction(30), 1000)
    assert container.exporter == "SAM2 Demo Export Tool"
    assert container.video_member is None
    assert container.frames.rows() == [
        (0, 0.0, "images/frame_000000.jpg"),
        (6, 0.2, "images/frame_000006.jpg"),
    ]
    assert objects.drop("text").row(0) == (
        0, 0, "1", "ball", "text", None, None, None, [8.0, 6.0, 16.0, 12.0], 192.0, 0.9, None,
    )  # fmt: skip


@pytest.mark.parametrize("folder", ["", "export/", "a/b/"])
@pytest.mark.parametrize(
    "pictures",
    [
        "images/frame_{:06d}.jpg",
        "frames/frame_{}.jpg",
        "data/frame-{:06d}.png",
        "images/{:06d}.jpg",
        "images/{:05d}.jpeg",
        "Frames/img_{:06d}.webp",
        "images/IMG{:05d}.JPG",
        "images/clip.2_{:06d}.jpg",
        "frame_{:06d}.jpg",
        "{:05d}.jpg",
    ],
)
def test_pictures_are_found_by_the_number_in_their_names(
    make_zip: MakeZip, folder: str, pictures: str
) -> None:
    path = make_zip([a_frame(0, an_object()), a_frame(12)], folder=folder, pictures=None, extra={
        folder + pictures.format(index): b"picture" for index in (0, 12)
    } | {f"__MACOSX/{folder}._frame_000012.jpg": b"x", folder + "readme.txt": b"x"})  # fmt: skip
    container, _ = read_export(path)
    assert container.frames["member"].to_list() == [folder + pictures.format(0), folder + pictures.format(12)]


@pytest.mark.parametrize("name", ["poster.jpg", "preview12.jpg", "other/frame_000012.jpg", "images/12.txt"])
def test_what_is_no_frame_is_none(make_zip: MakeZip, name: str) -> None:
    container, _ = read_export(make_zip([a_frame(12)], pictures=None, extra={name: b"x"}))
    assert container.frames.rows() == [(12, 0.4, None)]


def test_two_pictures_of_a_frame_are_refused(make_zip: MakeZip) -> None:
    path = make_zip(1, extra={"frames/0.png": b"x"})
    assert refusal(path) == "images/frame_000000.jpg and frames/0.png are both frame 0: keep one of them"


@pytest.mark.parametrize(
    ("annotations", "pictures", "expected"),
    [
        ({"export_config": {"frame_indices": [0, 6, 12]}}, [0, 6, 12, 18], [0, 6, 12]),
        ({}, [0, 18], [0, 6, 18]),
    ],
    ids=["as exported", "as pictured"],
)
def test_frames_that_nobody_annotated_are_frames(
    make_zip: MakeZip, annotations: dict[str, Any], pictures: list[int], expected: list[int]
) -> None:
    files = {f"images/frame_{index:06d}.jpg": picture(index) for index in pictures}
    container, objects = read_export(make_zip(2, annotations=annotations, pictures=None, extra=files))
    assert container.frames["frame_index"].to_list() == expected
    assert objects["frame_index"].to_list() == [0, 6]


def test_frames_are_in_order_whatever_the_order_of_the_json(make_zip: MakeZip) -> None:
    frames = [a_frame(12, an_object(label="c")), a_frame(0, an_object(label="a")), a_frame(6)]
    container, objects = read_export(make_zip(frames))
    assert container.frames["frame_index"].to_list() == [0, 6, 12]
    assert objects.select("frame_index", "label").rows() == [(0, "a"), (12, "c")]


def test_objects_come_in_chunks_of_whole_frames(make_zip: MakeZip, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vdata_assets.annotations.export_json.FRAMES_AT_ONCE", 2)
    path = make_zip([a_frame(index, an_object(), an_object()) for index in range(5)])
    with open_archive(path, ExportSettings()) as archive:
        container = read_container(archive)
        chunks = [chunk.select("frame_index", "position").rows() for chunk in container.objects()]
        some = [chunk["frame_index"].to_list() for chunk in container.objects([1, 4, 99])]
    assert [[index for index, position in chunk if position == 0] for chunk in chunks] == [
        [0, 1],
        [2, 3],
        [4],
    ]
    assert chunks[0] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert some == [[1, 1, 4, 4]]


def test_chunks_are_bounded_in_bytes(make_zip: MakeZip, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vdata_assets.annotations.export_json.BYTES_AT_ONCE", 100)
    assert contents.BYTES_AT_ONCE > 100
    with open_archive(make_zip(3), ExportSettings()) as archive:
        assert [chunk.height for chunk in read_container(archive).objects()] == [1, 1, 1]


@pytest.mark.parametrize(
    ("video", "expected"),
    [
        ({"source_fps": 23.976}, Video("clip.mp4", 64, 48, Fraction(2997, 125), 1000)),
        ({"source_fps": ..., "fps": 25}, Video("clip.mp4", 64, 48, Fraction(25), 1000)),
        ({"source_fps": 0, "total_frames": 0}, Video("clip.mp4", 64, 48, None, None)),
        ({"source_fps": ..., "total_frames": ...}, Video("clip.mp4", 64, 48, None, None)),
        ({"filename": "../../etc/clip.mp4"}, Video("clip.mp4", 64, 48, Fraction(30), 1000)),
        ({"filename": "C:\\videos\\clip.mp4"}, Video("clip.mp4", 64, 48, Fraction(30), 1000)),
        ({"filename": ..., "codec": "h264"}, Video("", 64, 48, Fraction(30), 1000)),
    ],
    ids=["fraction", "metadata's name", "unknown as 0", "unknown", "path", "Windows path", "no name"],
)
def test_the_video(make_zip: MakeZip, video: dict[str, Any], expected: Video) -> None:
    assert read_export(make_zip(1, video=video))[0].video == expected


def test_metadata_fills_what_the_annotations_leave_out(make_zip: MakeZip) -> None:
    metadata = {
        "video": {"filename": "m.mp4", "width": 640, "height": 480, "fps": 24.0, "total_frames": 10},
        "export_config": {"frame_indices": [0, 3]},
    }
    container, _ = read_export(make_zip(1, annotations={"video": ...}, metadata=metadata))
    assert container.video == Video("m.mp4", 640, 480, Fraction(24), 10)
    assert container.frames["frame_index"].to_list() == [0, 3]
    assert container.exporter == ""


@pytest.mark.parametrize(
    ("videos", "found"),
    [([], None), (["other.mov"], "other.mov"), (["video/clip.mp4", "other.mp4"], "video/clip.mp4")],
)
def test_a_video_in_the_archive_is_found(make_zip: MakeZip, videos: list[str], found: str | None) -> None:
    assert read_export(make_zip(1, extra=dict.fromkeys(videos, b"x")))[0].video_member == found


def test_several_videos_of_other_names_are_refused(make_zip: MakeZip) -> None:
    path = make_zip(1, extra={"a.mp4": b"x", "b.mp4": b"x"})
    assert refusal(path) == "export.zip holds several videos (a.mp4, b.mp4): keep that of the annotations"


def test_an_archive_without_annotations_is_refused(tmp_path: Path) -> None:
    with ZipFile(tmp_path / "a.zip", "w") as archive:
        for number in range(7):
            archive.writestr(f"{number}.txt", "x")
    assert refusal(tmp_path / "a.zip") == (
        "a.zip holds no annotations.json and no SA-V masklets (<video>_manual.json, <video>_auto.json), only "
        "0.txt, 1.txt, 2.txt, 3.txt, 4.txt and 2 more: drop the ZIP that the tool exported"
    )


def test_two_exports_in_an_archive_are_refused(make_zip: MakeZip) -> None:
    path = make_zip(1, folder="a/", extra={"b/annotations.json": b"{}"})
    assert refusal(path) == (
        "export.zip holds a/annotations.json and b/annotations.json: drop one ZIP for each export"
    )


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ({"bbox": [1, 2, 3]}, {"source_box": None}),
        ({"bbox": [1, 2, NAN, 4]}, {"source_box": None}),
        ({"bbox": "1 2 3 4"}, {"source_box": None}),
        ({"bbox": [1, 2.5, 3, 4]}, {"source_box": [1, 2.5, 3, 4]}),
        ({"area": NAN}, {"source_area": None}),
        ({"area": "many"}, {"source_area": None}),
        ({"bbox": ..., "area": ..., "confidence": ...}, {"source_box": None, "confidence": None}),
        ({"object_id": "player 7"}, {"object_id": "player 7"}),
        ({"label": " traffic light "}, {"label": "traffic light"}),
        ({"depth": 12, "tags": ["a", {"b": None}]}, {"label": "ball"}),
        ({"mask_rle": {"size": [48, 64], "counts": "PXV;"}}, {"form": "compressed", "declared_width": 64}),
        ({"mask_rle": {"size": [1, 4], "counts": [1, 3]}}, {"form": "list", "counts": [1, 3]}),
        ({"mask_rle": ..., "segmentation": "1 2"}, {"form": "text", "text": "1 2"}),
        ({"mask_rle": ..., "rle": {"size": [9, 8], "counts": "x"}}, {"declared_height": 9, "text": "x"}),
    ],
)
def test_what_is_optional_may_be_missing_or_odd(
    make_zip: MakeZip, stored: dict[str, Any], expected: dict[str, Any]
) -> None:
    _, objects = read_export(make_zip([a_frame(0, an_object(**stored))]))
    row = objects.row(0, named=True)
    assert row["reason"] is None
    assert {
        name: list(row[name]) if name == "source_box" and row[name] else row[name] for name in expected
    } == (expected)


def test_a_byte_order_mark_does_no_harm(make_zip: MakeZip) -> None:
    document = {"video": {"width": 64, "height": 48}, "annotations": [a_frame(0, an_object())]}
    text = json.dumps(document, indent=2)
    container, objects = read_export(
        make_zip(0, annotations=b"\xef\xbb\xbf" + text.encode(), metadata="\ufeff{}")
    )
    assert (container.frames.height, objects.height) == (1, 1)


def test_the_genuine_exports_of_the_public_tool(test_data: Callable[[str], Path]) -> None:
    folder = test_data("sam2-export-genuine")
    ball, empty = "31e95181-6046-4ade-a792-a92b5027b88f.zip", "3b4d8878-6706-40bb-af20-ba61a76ae85e.zip"
    container, objects = read_export(folder / ball)
    assert container.video == Video(
        "session_33d27e50-a04d-420a-8610-f87aff59b570.mp4", 1280, 720, Fraction(30), 247
    )
    assert container.frames["frame_index"].to_list() == list(range(0, 247, 6))
    assert container.frames["member"].null_count() == 42
    assert (objects.height, objects["reason"].null_count()) == (42, 42)
    assert objects.drop("text").row(0) == (
        0, 0, "0", "object_0", "text", None, None, None, [101.0, 123.0, 28.0, 16.0], 333.0, 0.95, None,
    )  # fmt: skip
    container, objects = read_export(folder / empty)
    assert (container.frames.height, objects.height) == (42, 0)


def test_the_documented_exports(test_data: Callable[[str], Path]) -> None:
    folder = test_data("sam2-export")
    figures = {}
    for path in sorted(folder.glob("*.zip")):
        container, objects = read_export(path)
        assert container.frames["member"].null_count() == 0
        assert objects["reason"].null_count() == objects.height
        figures[path.stem] = (
            container.video.width,
            container.video.height,
            container.frames.height,
            objects.height,
        )
    assert figures == {
        "bmx-trees": (432, 240, 20, 20),
        "coco-142238": (640, 427, 1, 17),
        "coco-439180": (640, 360, 1, 30),
    }
