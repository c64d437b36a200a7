"""Where the pictures of an export come from."""

import shutil
from fractions import Fraction
from types import SimpleNamespace

import polars as pl
import pytest

from vdata_assets.annotations.errors import BadExport
from vdata_assets.annotations.picture_source import find_source, numbered_pictures, plain_video_name
from vdata_assets.annotations.settings import ExportSettings

KEY = "first-export"


@pytest.fixture(scope="module")
def video(test_data):
    return test_data("sam2-export-genuine") / "05_default_juggle.mp4"


@pytest.fixture
def inbox(tmp_path, video):
    """A function that lays out files beside an export: names of videos, and of frames in folders."""

    def lay_out(*names):
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True, parents=True)
            if path.suffix == ".mp4":
                shutil.copyfile(video, path)
            else:
                path.write_bytes(b"not looked into")
        return tmp_path / "first.zip"

    return lay_out


def container(members=(None, None), video_name="clip.mp4", video_member=None):
    indices = [6 * place for place in range(len(members))]
    frames = pl.DataFrame(
        {"frame_index": indices, "timestamp": [None] * len(indices), "member": list(members)},
        schema={"frame_index": pl.UInt32, "timestamp": pl.Float64, "member": pl.String},
    )
    facts = SimpleNamespace(name=video_name, width=1280, height=720, fps=Fraction(30), frames=None)
    return SimpleNamespace(frames=frames, video=facts, video_member=video_member)


PACKED = container(("images/frame_000000.jpg", None))
BOTH_PACKED = container(("images/frame_000000.jpg", None), video_member="video.mp4")
BARE = container()


@pytest.mark.parametrize(
    ("export", "names", "settings", "origin", "place"),
    [
        pytest.param(
            PACKED,
            ["first.frames/frame_000000.jpg", "first.mp4"],
            {},
            "folder",
            "first.frames",
            id="a folder first",
        ),
        pytest.param(
            BARE,
            ["first.clean_frames/6.png", "clip.mp4"],
            {},
            "folder",
            "first.clean_frames",
            id="one frame is enough",
        ),
        pytest.param(
            BARE,
            ["first/frame_6.JPG", "first.frames/notes.txt"],
            {},
            "folder",
            "first",
            id="the ZIP's own name",
        ),
        pytest.param(
            PACKED,
            ["first/frame_000001.jpg", "first.mp4"],
            {},
            "video",
            "first.mp4",
            id="a folder of other frames",
        ),
        pytest.param(
            BOTH_PACKED,
            ["first.mp4", "clip.mp4"],
            {},
            "video",
            "first.mp4",
            id="the ZIP's name before the video's",
        ),
        pytest.param(PACKED, ["clip.mp4"], {}, "video", "clip.mp4", id="the video's name"),
        pytest.param(
            PACKED, ["videos/clip.mp4"], {}, "video", "videos/clip.mp4", id="in the folder of videos"
        ),
        pytest.param(BOTH_PACKED, [], {}, "video", None, id="a video in the ZIP before its pictures"),
        pytest.param(PACKED, ["other.mp4"], {}, "archive", None, id="a video of another name is none of it"),
        pytest.param(PACKED, ["first.mp4"], {"frames": "archive"}, "archive", None, id="only the ZIP"),
        pytest.param(
            PACKED,
            ["first.frames/frame_000000.jpg", "first.mp4"],
            {"frames": "video"},
            "video",
            "first.mp4",
            id="only a video",
        ),
        pytest.param(
            PACKED,
            ["first.frames/frame_000000.jpg", "there/own.mp4"],
            {"videos": {KEY: "there/own.mp4"}},
            "video",
            "there/own.mp4",
            id="what the setting names comes first",
        ),
        pytest.param(
            PACKED,
            ["own/frame_000000.jpg"],
            {"videos": {KEY: "own"}},
            "folder",
            "own",
            id="it may name a folder",
        ),
        pytest.param(
            PACKED,
            ["own.mp4"],
            {"videos": {"other": "own.mp4"}},
            "archive",
            None,
            id="another export's setting",
        ),
    ],
)
def test_clean_pictures_come_before_those_in_the_zip(inbox, export, names, settings, origin, place):
    path = inbox(*names)
    source = find_source(path, export, ExportSettings(**settings), KEY)
    assert source.origin == origin
    assert source.path == (None if place is None else path.parent / place)
    assert source.member == (export.video_member if origin == "video" and place is None else None)


def test_the_choice_is_explained_with_what_differs_from_the_export(inbox):
    source = find_source(inbox("clip.mp4"), BARE, ExportSettings(), KEY)
    assert source.why == (
        "Frames are cut from clip.mp4 (1280x720; 24 fps, the export says 30): "
        "it is named as the export's video."
    )
    assert source.fps == 24


def test_the_video_tells_the_rate_even_where_pictures_come_from_elsewhere(inbox):
    path = inbox("first.frames/frame_000000.jpg", "first.mp4")
    assert find_source(path, BARE, ExportSettings(), KEY).fps == 24
    assert find_source(path, PACKED, ExportSettings(frames="archive"), KEY).fps == 24


def test_a_video_that_cannot_be_read_stays_the_source(inbox):
    path = inbox()
    path.with_suffix(".mp4").write_bytes(b"still being copied")
    source = find_source(path, PACKED, ExportSettings(), KEY)
    assert source.origin == "video"
    assert source.why.startswith("first.mp4 cannot be read as a video: ")


def test_where_nothing_is_found_it_is_said_what_was_looked_for(inbox):
    source = find_source(inbox(), BARE, ExportSettings(), KEY)
    assert source.files == {}
    assert source.why == (
        "There are no pictures; looked for frame_000000.jpg and so on in first/, first.frames/, "
        "first.clean_frames/; first.mp4 (or .mov, .m4v, .avi, .mkv, .webm) or clip.mp4 beside the ZIP or in "
        "videos/, and a video in the ZIP; pictures in the ZIP."
    )
    assert source.absent == (
        "no picture: none in the ZIP, and neither a folder first.frames/ nor a video first.mp4 beside it"
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"frames": "folder"},
            "first.zip: frames: folder is set, but there is no such source; looked for frame_000000.jpg and "
            "so on in first/, first.frames/, first.clean_frames/",
        ),
        (
            {"frames": "archive"},
            "first.zip: frames: archive is set, but there is no such source; looked for pictures in the ZIP",
        ),
        (
            {"videos": {KEY: "gone.mp4"}},
            "videos: 'gone.mp4', named for first-export, is no file and no folder: correct the path",
        ),
        (
            {"frames": "folder", "videos": {KEY: "clip.mp4"}},
            "frames: folder is set, but videos names a video for first-export: remove one of the two",
        ),
    ],
    ids=["no folder", "no pictures", "a path to nothing", "two settings that disagree"],
)
def test_what_is_asked_for_must_be_there(inbox, settings, message):
    with pytest.raises(BadExport) as caught:
        find_source(inbox("clip.mp4"), BARE, ExportSettings(**settings), KEY)
    assert caught.value.reason == message


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("clip.mp4", "clip.mp4"),
        (" session 1.MOV ", "session 1.MOV"),
        ("../../etc/clip.mp4", "clip.mp4"),
        ("C:\\videos\\clip.mp4", "clip.mp4"),
        ("/etc/passwd", None),
        ("..", None),
        ("", None),
        (".hidden.mp4", None),
        ("clip\0.mp4", None),
        ("clip.mp4/", None),
        ("a" * 252 + ".mp4", None),
    ],
)
def test_of_a_videos_name_only_a_plain_last_component_is_used(name, expected):
    assert plain_video_name(name) == expected


@pytest.mark.parametrize("name", ["../clip.mp4", "/clip.mp4", "videos/../../clip.mp4"])
def test_no_video_outside_of_the_inbox_is_read(inbox, name):
    path = inbox("clip.mp4", "box/notes.txt").parent / "box" / "first.zip"
    assert find_source(path, container(video_name=name), ExportSettings(), KEY).origin == "archive"


def test_frames_are_found_by_the_number_in_their_names():
    names = [
        "frame_000012.jpg",
        "frame_12.jpg",
        "7.PNG",
        "img-0003.webp",
        "frame_5.txt",
        "notes.jpg",
        "12.png",
    ]
    assert numbered_pictures(iter(names)) == {3: "img-0003.webp", 7: "7.PNG", 12: "frame_000012.jpg"}
