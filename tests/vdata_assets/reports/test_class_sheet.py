"""The sheet shows samples of all classes beside their conversations, or why a picture is not there."""

import numpy as np
import pytest
from made_class_tables import images, sample, samples
from PIL import Image

from vdata_assets.reports.class_sheet import (
    SHOWN,
    Shown,
    conversation_lines,
    conversation_sheet,
    shown_samples,
)
from vdata_assets.reports.fonts import font

GREEN = (0, 192, 0)


@pytest.fixture
def root(tmp_path):
    for path in ("owl/a.png", "owl/tall.png", "outside.png", "owl/broken.jpg"):
        (tmp_path / "raw" / path).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 80) if "tall" in path else (400, 200), GREEN).save(tmp_path / "raw" / path)
    whole = (tmp_path / "raw/owl/broken.jpg").read_bytes()
    (tmp_path / "raw/owl/broken.jpg").write_bytes(whole[:-40])
    return tmp_path / "raw"


def shown_ids(drawn, root, seed=0):
    return [each.sample["sample_id"] for each in shown_samples(drawn, images({}), root, seed)]


def test_the_classes_take_turns(root):
    drawn = samples(sample(f"class {k}/{n}.jpg") for k in range(5) for n in range(1 if k < 2 else 50))
    shown = [each.sample["class"] for each in shown_samples(drawn, images({}), root, 0)]
    assert len(shown) == SHOWN
    assert shown == sorted(shown)
    assert sorted(shown.count(f"class {k}") for k in range(5)) == [1, 1, 3, 3, 4]


def test_of_many_classes_each_is_shown_once(root):
    drawn = samples(sample(f"class {k}/{n}.jpg") for k in range(20) for n in range(3))
    shown = [each.sample["class"] for each in shown_samples(drawn, images({}), root, 0)]
    assert len(set(shown)) == len(shown) == SHOWN


def test_the_choice_depends_on_the_seed_and_not_on_the_order(root):
    drawn = samples(sample(f"owl/{n}.jpg") for n in range(100))
    chosen = shown_ids(drawn, root)
    assert shown_ids(drawn.reverse(), root) == chosen
    assert shown_ids(drawn.lazy(), root) == chosen
    assert shown_ids(drawn, root, seed=1) != chosen


@pytest.mark.parametrize(
    ("path", "reason", "said"),
    [
        pytest.param("owl/a.png", "no longer wanted", "no longer wanted", id="known to the catalog"),
        pytest.param("owl/broken.jpg", None, "image file is truncated", id="does not decode"),
        pytest.param("owl/absent.jpg", None, "No such file", id="is not there"),
        pytest.param("../raw/outside.png", None, "its path leaves the dataset's folder", id="leaves"),
        pytest.param("{root}/outside.png", None, "its path leaves the dataset's folder", id="absolute"),
        pytest.param("owl/\0.jpg", None, "its path leaves the dataset's folder", id="zero byte"),
    ],
)
def test_a_picture_that_cannot_be_shown_has_its_reason(root, path, reason, said):
    path = path.format(root=root)
    (shown,) = shown_samples(samples([sample(path)]), images({path: reason}), root, 0)
    assert shown.picture is None
    assert said.lower() in shown.reason.lower()
    sheet = np.asarray(conversation_sheet([shown], "x", ""))
    assert (sheet == (0x8C, 0x8C, 0x8C)).all(axis=2).sum() > 20_000


def test_pictures_keep_their_shape(root):
    drawn = samples([sample("owl/a.png"), sample("owl/tall.png")])
    assert [each.picture.size for each in shown_samples(drawn, images({}), root, 0)] == [(176, 88), (88, 176)]


def test_the_sheet_fits_the_dialog_and_is_the_same_twice(root):
    drawn = samples(sample("owl/a.png", copy=copy) for copy in range(SHOWN + 1))
    shown = shown_samples(drawn, images({}), root, 0)
    sheet = conversation_sheet(shown, "Conversations " * 50, "note " * 500)
    assert sheet.width <= 1140
    assert (np.asarray(sheet) == GREEN).all(axis=2).sum() >= SHOWN * 176 * 86
    np.testing.assert_array_equal(
        np.asarray(sheet), np.asarray(conversation_sheet(shown, "Conversations " * 50, "note " * 500))
    )
    assert conversation_sheet([], "x", "").width == sheet.width


def test_what_is_said_stands_beside_the_picture(root):
    (shown,) = shown_samples(samples([sample("owl/a.png")]), images({}), root, 0)
    silent = Shown(shown.sample, (), shown.picture)
    said, nothing = (np.asarray(conversation_sheet([each], "x", "")) for each in (shown, silent))
    rows, columns = np.nonzero((said != nothing).any(axis=2))
    assert columns.min() > 12 + 176
    assert columns.max() < 12 + 552
    assert rows.max() - rows.min() < 40


@pytest.mark.parametrize(
    ("turns", "lines", "roles", "last"),
    [
        pytest.param([("user", "a"), ("assistant", "b")], 2, ["user", "assistant"], "b", id="just fits"),
        pytest.param(
            [("user", "a"), ("assistant", "b"), ("user", "c")], 2, ["user", ""], "2 more turns", id="too many"
        ),
        pytest.param(
            [("user", "a"), ("assistant", "w " * 400)], 2, ["user", ""], "1 more turn", id="too long"
        ),
        pytest.param([("user", "")], 2, ["user"], "", id="empty"),
        pytest.param([], 2, [], None, id="none"),
    ],
)
def test_a_conversation_takes_no_more_lines_than_there_are(turns, lines, roles, last):
    found = conversation_lines(turns, 200, lines)
    assert [role for role, _ in found] == roles
    assert (found[-1][1] if found else None) == last


def test_a_long_text_takes_four_lines_and_none_is_too_wide():
    found = conversation_lines([("user", "猫" * 50 + " word" * 100_000), ("assistant", "b")], 200, 8)
    assert [role for role, _ in found] == ["user", "", "", "", "assistant"]
    assert all(font(11).getlength(line) <= 200 for _, line in found)
    assert "…" in found[3][1]
