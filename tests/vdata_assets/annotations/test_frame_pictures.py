"""The frames of an export as files and rows."""

import io
import shutil
import zipfile
from fractions import Fraction
from types import SimpleNamespace

import polars as pl
import pytest
import xxhash
from PIL import Image

from vdata_assets.annotations.errors import BadExport
from vdata_assets.annotations.picture_source import find_source
from vdata_assets.annotations.pictures import picture_loader, write_frames
from vdata_assets.annotations.schema import Frames
from vdata_assets.annotations.settings import ExportSettings
from vdata_resources.perceptual_hash import perceptual_hash_of

KEY = "first-export"


class Zip:
    """Entries of a ZIP in memory; some are damaged."""

    def __init__(self, entries):
        self.entries = entries

    def read(self, name):
        data = self.entries[name]
        if data is None:
            raise BadExport(f"first.zip: {name} has a wrong CRC")
        return data

    def copy(self, name, out):
        out.write(self.read(name))


@pytest.fixture(scope="module")
def genuine(test_data):
    return test_data("sam2-export-genuine")


@pytest.fixture(scope="module")
def photo(genuine):
    return (genuine / "05_default_juggle.clean_frames" / "frame_000006.jpg").read_bytes()


def encoded(image_format, size=(40, 30)):
    data = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(data, image_format)
    return data.getvalue()


def container(members, timestamps=None, name="clip.mp4", fps=None, video_member=None):
    frames = pl.DataFrame(
        {
            "frame_index": list(members),
            "timestamp": timestamps or [None] * len(members),
            "member": list(members.values()),
        },
        schema={"frame_index": pl.UInt32, "timestamp": pl.Float64, "member": pl.String},
    )
    facts = SimpleNamespace(name=name, width=1280, height=720, fps=fps, frames=None)
    return SimpleNamespace(frames=frames, video=facts, video_member=video_member)


def written(export, entries, folder, **settings):
    """The table of an export at ``folder/first.zip``, its files in ``folder/out``."""
    chosen = ExportSettings(**settings)
    source = find_source(folder / "first.zip", export, chosen, KEY)
    indices = export.frames["frame_index"].to_list()
    return write_frames(Zip(entries), export, source, indices, KEY, folder / "out", chosen)


def test_pictures_of_the_zip_are_copied_as_they_are_and_described(tmp_path, photo):
    frames = written(container({6: "a.jpg"}, name="my clip.mp4"), {"a.jpg": photo}, tmp_path)
    Frames.validate(frames)
    assert (tmp_path / "out" / "frames" / "frame_000006.jpg").read_bytes() == photo
    assert frames.rows(named=True) == [
        {
            "frame_id": "first-export-000006",
            "export": "first-export",
            "video_id": "my clip",
            "frame_index": 6,
            "timestamp": 0.2,
            "width": 1280,
            "height": 720,
            "file": "frames/frame_000006.jpg",
            "content_hash": xxhash.xxh3_128_hexdigest(photo),
            "phash": perceptual_hash_of(photo),
            "upright_rgb": True,
            "origin": "archive",
            "objects": 0,
            "reason": None,
        }
    ]


def test_frames_are_in_order_and_the_real_size_counts(tmp_path, photo):
    members = {index: f"{index}.PNG" for index in range(0, 400, 4)}
    entries = {name: encoded("PNG", (index + 8, 30)) for index, name in members.items()}
    frames = written(container(members), entries, tmp_path)
    assert frames["frame_index"].to_list() == list(members)
    assert frames["width"].to_list() == [index + 8 for index in members]
    assert frames["file"][1] == "frames/frame_000004.png"


@pytest.mark.parametrize(
    ("name", "image_format", "ending"),
    [("a.JPEG", "JPEG", "jpeg"), ("a.png", "JPEG", "png"), ("a", "JPEG", "jpg"), ("a.exe", "PNG", "png")],
)
def test_the_ending_is_the_sources_if_it_is_a_pictures(tmp_path, name, image_format, ending):
    frames = written(container({0: name}), {name: encoded(image_format)}, tmp_path)
    assert frames["file"].to_list() == [f"frames/frame_000000.{ending}"]


def test_a_bad_picture_is_a_row_with_its_reason_and_no_file(tmp_path, photo):
    members = {0: "a.jpg", 1: "b.jpg", 2: "c.jpg", 3: "d.jpg", 4: None}
    entries = {"a.jpg": photo[:9000], "b.jpg": b"no image", "c.jpg": None, "d.jpg": photo}
    frames = written(container(members), entries, tmp_path)
    assert frames["reason"].to_list() == [
        "a.jpg cannot be decoded: image file is truncated (30 bytes not processed)",
        "b.jpg cannot be decoded: not an image in a known format (starts with 6e 6f 20 69 6d 61 67 65)",
        "first.zip: c.jpg has a wrong CRC",
        None,
        "no picture: the ZIP has none of this frame",
    ]
    bad = frames.filter(pl.col("reason").is_not_null())
    for column in ("file", "content_hash", "phash", "width", "height"):
        assert bad[column].null_count() == 4
    assert [file.name for file in (tmp_path / "out" / "frames").iterdir()] == ["frame_000003.jpg"]


def test_without_any_picture_every_frame_says_so(tmp_path):
    frames = written(container({0: None, 6: None}), {}, tmp_path)
    assert frames["reason"].unique().to_list() == [
        "no picture: none in the ZIP, and neither a folder first.frames/ nor a video first.mp4 beside it"
    ]
    assert frames["file"].null_count() == 2


@pytest.mark.parametrize(
    ("stored", "fps", "expected"),
    [
        ([None, None], None, [0.0, 0.2]),
        ([None, None], Fraction(24), [0.0, 0.25]),
        ([0.5, None], Fraction(24), [0.5, 0.25]),
        ([0.5, 0.75], Fraction(24), [0.5, 0.75]),
    ],
    ids=["30 a second", "the export's rate", "what is stored, where it is", "what is stored"],
)
def test_times_without_a_video_are_the_exports(tmp_path, photo, stored, fps, expected):
    export = container({0: "a.jpg", 6: "a.jpg"}, stored, fps=fps)
    assert written(export, {"a.jpg": photo}, tmp_path)["timestamp"].to_list() == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("clip.mp4", "clip"),
        (" ../a/b.c.mp4 ", "b.c"),
        ("C:\\v\\clip.mov", "clip"),
        ("", "video"),
        ("  ", "video"),
    ],
)
def test_the_videos_id_is_its_name(tmp_path, photo, name, expected):
    frames = written(container({0: "a.jpg"}, name=name), {"a.jpg": photo}, tmp_path)
    assert frames["video_id"].to_list() == [expected]


@pytest.mark.parametrize("packed", [False, True], ids=["beside the ZIP", "in the ZIP"])
def test_a_videos_frames_are_encoded_once_with_its_own_times(tmp_path, genuine, packed):
    video = (genuine / "05_default_juggle.mp4").read_bytes()
    if not packed:
        (tmp_path / "clip.mp4").write_bytes(video)
    export = container(
        {0: None, 6: None, 12: None, 300: None},
        [0.0, 0.2, 0.4, 10.0],
        video_member="v.mp4" if packed else None,
    )
    frames = written(export, {"v.mp4": video}, tmp_path, jpeg_quality=55)
    assert frames["origin"].unique().to_list() == ["video"]
    assert frames["timestamp"].to_list()[:3] == [0.0, 0.25, 0.5]
    name = "v.mp4" if packed else "clip.mp4"
    assert frames["reason"].to_list() == [
        *[None] * 3,
        f"no picture: {name} has 247 frames, none with index 300",
    ]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["frames"]
    clean = genuine / "05_default_juggle.clean_frames" / "frame_000006.jpg"
    ours = tmp_path / "out" / "frames" / "frame_000006.jpg"
    assert abs(ours.stat().st_size - clean.stat().st_size) < 500


def test_a_video_that_cannot_be_read_leaves_rows_with_its_reason(tmp_path):
    (tmp_path / "first.mp4").write_bytes(b"no video")
    frames = written(container({0: None, 6: None}), {}, tmp_path)
    assert frames["reason"].unique().to_list() == [
        "no picture: first.mp4 cannot be read as a video: Invalid data found when processing input"
    ]


def test_a_damaged_video_in_the_zip_leaves_rows_with_its_reason(tmp_path):
    export = container({0: None, 6: None}, video_member="v.mp4")
    frames = written(export, {"v.mp4": None}, tmp_path)
    assert frames["reason"].to_list() == ["no picture: first.zip: v.mp4 has a wrong CRC"] * 2


def test_a_folder_beside_the_zip_gives_clean_frames(tmp_path, genuine):
    shutil.copytree(genuine / "05_default_juggle.clean_frames", tmp_path / "first.frames")
    export = container({0: "painted.jpg", 6: "painted.jpg", 7: "painted.jpg"})
    frames = written(export, {"painted.jpg": b""}, tmp_path)
    assert frames["origin"].unique().to_list() == ["folder"]
    assert frames["reason"].to_list() == [None, None, "no picture: first.frames/ has none of this frame"]


def test_the_same_export_gives_the_same_table_and_files(tmp_path, genuine):
    shutil.copyfile(genuine / "05_default_juggle.mp4", tmp_path / "first.mp4")
    export = container(dict.fromkeys(range(0, 60, 6)))
    first = written(export, {}, tmp_path)
    shutil.rmtree(tmp_path / "out")
    assert written(export, {}, tmp_path).equals(first)


def test_pictures_load_by_frame_index(tmp_path, photo):
    frames = written(container({0: "a.jpg", 6: "b.jpg"}), {"a.jpg": photo, "b.jpg": b""}, tmp_path)
    load = picture_loader(frames, tmp_path / "out")
    image = load(0)
    assert image is not None
    assert image.size == (1280, 720)
    assert load(6) is None
    assert load(7) is None


def test_a_real_export_is_read_whole(tmp_path, test_data):
    path = test_data("sam2-export") / "bmx-trees.zip"
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist() if name.startswith("images/")}
    members = {int(name[-10:-4]): name for name in entries}
    frames = written(container(members), entries, tmp_path)
    assert frames.select("width", "height").unique().rows() == [(432, 240)]
    assert frames["reason"].null_count() == 20
    assert frames["phash"].n_unique() == 20
