"""Frames of a video by their number."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from vdata_assets.annotations.video import UnreadableVideo, VideoFacts, frames_at, probe_video

COUNT = 247
UNTURNED = struct.pack(">5i", 0x10000, 0, 0, 0, 0x10000)
# Matrices of a tkhd box (ISO/IEC 14496-12, 8.3.2): a, b, u, c, d, v, x, y, w.
TURNS = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}


@pytest.fixture(scope="module")
def juggle(test_data):
    return test_data("sam2-export-genuine") / "05_default_juggle.mp4"


def turned(data, clockwise):
    """The same video with another display matrix."""
    header = data.index(b"tkhd")
    at = data.index(UNTURNED, header)
    a, b, c, d = (0x10000 * value for value in TURNS[clockwise])
    return data[:at] + struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 0x40000000) + data[at + 36 :]


def test_a_video_is_described_as_it_is_and_not_as_its_export_says(juggle):
    assert probe_video(juggle) == VideoFacts(1280, 720, 24, COUNT)


def test_frames_are_those_that_a_full_decoding_gives(juggle):
    wanted = [0, 6, 120, 246]
    found = list(frames_at(juggle, wanted))
    assert [frame.index for frame in found] == wanted
    assert [frame.timestamp for frame in found] == [index / 24 for index in wanted]
    folder = juggle.with_name("05_default_juggle.clean_frames")
    for frame in found:  # those files are JPEGs at quality 55 of the decoded frames
        jpeg = io.BytesIO()
        frame.image.save(jpeg, "JPEG", quality=55)
        expected = np.asarray(Image.open(folder / f"frame_{frame.index:06d}.jpg"), np.int16)
        assert np.abs(np.asarray(Image.open(jpeg), np.int16) - expected).mean() < 0.1


@pytest.mark.parametrize("clockwise", [90, 180, 270])
def test_frames_are_upright(juggle, tmp_path, clockwise):
    path = tmp_path / "phone.mp4"
    path.write_bytes(turned(juggle.read_bytes(), clockwise))
    (plain,), (upright,) = (list(frames_at(video, [0])) for video in (juggle, path))
    np.testing.assert_array_equal(upright.image, np.rot90(plain.image, -clockwise // 90))
    facts = probe_video(path)
    assert (facts.width, facts.height) == upright.image.size


def test_nothing_is_opened_where_no_frame_is_wanted(tmp_path):
    assert list(frames_at(tmp_path / "none.mp4", [])) == []


def test_frames_beyond_the_end_are_told_after_those_before(juggle):
    frames = frames_at(juggle, [245, 300])
    assert next(frames).index == 245
    with pytest.raises(UnreadableVideo, match=r"^05_default_juggle.mp4 has 247 frames, none with index 300$"):
        next(frames)


def test_a_video_that_is_cut_off_gives_what_it_has(juggle, tmp_path):
    path = tmp_path / "cut.mp4"
    path.write_bytes(juggle.read_bytes()[:900_000])
    frames = frames_at(path, [0, 246])
    assert next(frames).index == 0
    with pytest.raises(UnreadableVideo, match=r"^cut.mp4 has \d+ frames of the 247 that it declares, none "):
        next(frames)


def test_nothing_is_read_beyond_damage(juggle, tmp_path):
    data = juggle.read_bytes()
    path = tmp_path / "damaged.mp4"
    path.write_bytes(data[:600_000] + bytes(300_000) + data[900_000:])
    with pytest.raises(UnreadableVideo, match=r"^damaged.mp4 is damaged after \d+ frames: "):
        list(frames_at(path, range(COUNT)))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"no video" * 100, id="text"),
        pytest.param(b"ffconcat version 1.0\nfile other.mp4\n", id="a list of other files"),
        pytest.param(
            b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nother.mp4\n#EXT-X-ENDLIST\n", id="a playlist"
        ),
    ],
)
def test_what_is_no_video_is_named(juggle, tmp_path, content):
    (tmp_path / "other.mp4").write_bytes(juggle.read_bytes())
    path = tmp_path / "video.mp4"
    path.write_bytes(content)
    for read in (probe_video, lambda video: list(frames_at(video, [0]))):
        with pytest.raises(UnreadableVideo, match=r"^video.mp4 cannot be read as a video: "):
            read(path)


def test_a_missing_video_is_named(tmp_path):
    with pytest.raises(UnreadableVideo, match=r"^a.mp4 cannot be read as a video: No such file"):
        probe_video(tmp_path / "a.mp4")
