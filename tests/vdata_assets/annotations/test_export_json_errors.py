"""JSON of the wrong shape: what spoils the export is named, what spoils an object stays with it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from export_zips import a_frame, an_object, read_export, refusal

from vdata_assets.annotations.labels import label_problem

MakeZip = Callable[..., Path]

END = "export it again, or repair the field"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"annotations": "[]"}, "$: Expected `object`, got `array`"),
        ({"annotations": ""}, "$: Input data was truncated"),
        ({"annotations": "not JSON"}, "$: JSON is malformed: invalid character"),
        ({"annotations": '{"annotations": [{"frame_index": 0'}, "$: Input data was truncated"),
        ({"annotations": '{"annotations": [1,]}'}, "$.annotations[0]: Expected `object`, got `int`"),
        ({"annotations": b'{"video": {"filename": "\xff"}, "annotations": []}'}, "$: text that is no UTF-8"),
        ({"annotations": '{"x": ' + "[" * 100_000}, "$: nested too deeply"),
        ({"annotations": {"annotations": ...}}, "$: Object missing required field `annotations`"),
        ({"annotations": {"annotations": {}}}, "$.annotations: Expected `array`, got `object`"),
        ({"annotations": {"annotations": [None]}}, "$.annotations[0]: Expected `object`, got `null`"),
        ({"annotations": {"video": []}}, "$.video: Expected `object | null`, got `array`"),
        ({"video": {"width": ...}}, "$.video: Object missing required field `width`"),
        ({"video": {"width": "64"}}, "$.video.width: Expected `int`, got `str`"),
        ({"video": {"height": -48}}, "$.video.height: Expected `int` >= 1"),
        ({"video": {"height": 0}}, "$.video.height: Expected `int` >= 1"),
        ({"video": {"width": 65_536}}, "$.video.width: Expected `int` <= 65535"),
        (
            {"video": {"width": 65_535, "height": 65_535}},
            "$.video: 65535 x 65535 is more than 2147483647 pixels",
        ),
        ({"video": {"source_fps": -30}}, "$.video.source_fps: Expected `float` >= 0.0"),
        ({"video": {"source_fps": float("nan")}}, "$.video.source_fps: Expected `float | null`, got `str`"),
        ({"video": {"total_frames": 1.5}}, "$.video.total_frames: Expected `int | null`, got `float`"),
        ({"video": {"filename": "a\nb.mp4"}}, "$.video.filename: has the control character U+000A"),
        ({"video": {"filename": "a" * 256}}, "$.video.filename: has 256 characters, more than 255"),
        ({"frames": [a_frame(-1)]}, "$.annotations[0].frame_index: Expected `int` >= 0"),
        ({"frames": [a_frame(2**32)]}, "$.annotations[0].frame_index: Expected `int` <= 4294967295"),
        (
            {"frames": [a_frame(0), a_frame(0, frame_index="6")]},
            "$.annotations[1].frame_index: Expected `int`, got `str`",
        ),
        (
            {"frames": [a_frame(0, frame_index=...)]},
            "$.annotations[0]: Object missing required field `frame_index`",
        ),
        ({"frames": [a_frame(0, objects=...)]}, "$.annotations[0]: Object missing required field `objects`"),
        ({"frames": [a_frame(0, objects={})]}, "$.annotations[0].objects: Expected `array`, got `object`"),
        (
            {"frames": [a_frame(0), a_frame(6, timestamp_sec=-0.2)]},
            "$.annotations[1].timestamp_sec: Expected `float` >= 0.0",
        ),
        (
            {"frames": [a_frame(0, timestamp_sec=float("inf"))]},
            "$.annotations[0].timestamp_sec: Expected `float | null`, got `str`",
        ),
        (
            {"annotations": {"export_config": {"frame_indices": [0, -6]}}},
            "$.export_config.frame_indices[1]: Expected `int` >= 0",
        ),
    ],
)
def test_what_makes_an_export_unusable_is_named(
    make_zip: MakeZip, change: dict[str, Any], message: str
) -> None:
    path = make_zip(**{"frames": 1, "pictures": None} | change)
    assert refusal(path) == f"annotations.json: {message}: {END}"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"frames": [a_frame(0), a_frame(6), a_frame(0)]},
            "annotations.json: $.annotations[2].frame_index: 0 is that of $.annotations[0], too: "
            "keep one of them",
        ),
        (
            {"annotations": {"video": ...}},
            "annotations.json: $.video is missing: export it again, or add width and height of the video",
        ),
        ({"metadata": "[]"}, f"metadata.json: $: Expected `object`, got `array`: {END}"),
        (
            {"metadata": {"export_info": {"exporter": 7}}},
            f"metadata.json: $.export_info.exporter: Expected `str`, got `int`: {END}",
        ),
        (
            {"folder": "x/", "video": {"width": None}},
            f"x/annotations.json: $.video.width: Expected `int`, got `null`: {END}",
        ),
    ],
    ids=["frame twice", "no video", "metadata", "exporter", "nested"],
)
def test_what_else_makes_an_export_unusable_is_named(
    make_zip: MakeZip, change: dict[str, Any], message: str
) -> None:
    assert refusal(make_zip(**{"frames": 1, "pictures": None} | change)) == message


NAN = float("nan")
SIZED = {"size": [48, 64], "counts": "PXV;"}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"label": ""}, "label is empty"),
        ({"label": "  "}, "label is empty"),
        ({"label": ...}, "label is empty: it is missing"),
        ({"label": 7}, "label is empty: Expected `str`, got `int` ('7')"),
        ({"label": "x" * 101}, "label has 101 characters, more than 100"),
        ({"label": "a\0b"}, "label has the control character U+0000"),
        ({"label": "a\u200bb"}, "label has the control character U+200B"),
        ({"label": "<image>"}, "label has markup ('<' or '>')"),
        ({"object_id": ...}, "object_id is missing"),
        ({"object_id": 1.5}, "object_id: Expected `int | str`, got `float` ('1.5')"),
        ({"object_id": ""}, "object_id is empty"),
        ({"confidence": NAN}, "confidence: Expected `float | null`, got `str` ('NaN')"),
        ({"confidence": -0.1}, "confidence: Expected `float` >= 0.0 ('-0.1')"),
        ({"confidence": 1.5}, "confidence: Expected `float` <= 1.0 ('1.5')"),
        ({"mask_rle": ...}, "mask_rle is missing"),
        ({"mask_rle": None}, "mask_rle is missing"),
        ({"mask_rle": 12}, "mask_rle: Expected `str | object | null`, got `int` ('12')"),
        ({"mask_rle": [[1, 2, 3, 4]]}, "mask_rle: Expected `str | object | null`, got `array`"),
        ({"mask_rle": {"counts": "x"}}, "mask_rle: Object missing required field `size`"),
        ({"mask_rle": SIZED | {"size": [48]}}, "mask_rle.size: Expected `array` of length 2, got 1"),
        ({"mask_rle": SIZED | {"size": [-1, 5]}}, "mask_rle.size[0]: Expected `int` >= 1"),
        ({"mask_rle": SIZED | {"size": [65_536, 5]}}, "mask_rle.size[0]: Expected `int` <= 65535"),
        (
            {"mask_rle": SIZED | {"size": [65_535, 65_535]}},
            "mask_rle.size: 65535 x 65535 is more than 2147483647 pixels",
        ),
        ({"mask_rle": SIZED | {"counts": [1, NAN]}}, "mask_rle.counts[1]: Expected `int`, got `str`"),
        (
            {"mask_rle": SIZED | {"counts": [10**30]}},
            "mask_rle.counts[0]: Expected `int` <= 9007199254740992",
        ),
        (
            {"object_id": None, "confidence": 2},
            "object_id: Expected `int | str`, got `null`; confidence: Expected `float` <= 1.0 ('2')",
        ),
    ],
)
def test_a_bad_object_keeps_its_row_and_spoils_no_other(
    make_zip: MakeZip, fields: dict[str, Any], reason: str
) -> None:
    frames = [a_frame(0, an_object(), an_object(**fields), an_object(label="last")), a_frame(6, an_object())]
    _, objects = read_export(make_zip(frames))
    assert objects.select("frame_index", "position", "reason").rows() == [
        (0, 0, None), (0, 1, reason), (0, 2, None), (6, 0, None),
    ]  # fmt: skip
    assert objects["label"][2] == "last"


@pytest.mark.parametrize("entry", [7, None, "x", []])
def test_an_object_that_is_none_keeps_its_row(make_zip: MakeZip, entry: object) -> None:
    _, objects = read_export(make_zip([a_frame(0, entry, an_object())]))  # type: ignore[arg-type]
    kind = {int: "int", type(None): "null", str: "str", list: "array"}[type(entry)]
    assert objects["reason"].to_list() == [f"object: Expected `object`, got `{kind}`", None]


def test_text_that_is_no_utf_8_spoils_its_object_only(make_zip: MakeZip) -> None:
    document = json.dumps(
        {
            "video": {"width": 64, "height": 48},
            "annotations": [a_frame(0, an_object(label="ball?"), an_object())],
        }
    )
    _, objects = read_export(make_zip(0, annotations=document.encode().replace(b"ball?", b"ball\xff")))
    assert objects["reason"].to_list() == ["object: text that is no UTF-8", None]


def test_objects_beyond_the_videos_end_are_kept_with_a_reason(make_zip: MakeZip) -> None:
    frames = [a_frame(246, an_object()), a_frame(247, an_object())]
    _, objects = read_export(make_zip(frames, video={"total_frames": 247}))
    reason = "frame_index: 247 lies beyond the video's 247 frames"
    assert objects["reason"].to_list() == [None, reason]


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("person", None),
        ("x" * 100, None),
        ("Übergang \u72ac", None),
        (" ball ", None),
        ("x" * 101, "has 101 characters, more than 100"),
        ("\t", "is empty"),
        ("a\tb", "has the control character U+0009"),
        ("a\u2028b", "has the control character U+2028"),
        ("\u202elab", "has the control character U+202E"),
        ("a<b", "has markup ('<' or '>')"),
        ("a>b", "has markup ('<' or '>')"),
    ],
)
def test_labels(label: str, expected: str | None) -> None:
    assert label_problem(label) == expected
