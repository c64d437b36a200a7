"""The images of a data engine: shards and run folders that stay, whatever is added."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from vdata_assets.dataengine.image_table import audit_images, image_table, run_names
from vdata_assets.dataengine.schema import RUN_PREFIX
from vdata_assets.dataengine.settings import EngineImageSettings
from vdata_assets.quality.findings import Status


def picture(file, colour, size=(40, 30), **options):
    file.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full((size[1], size[0], 3), colour, np.uint8)
    pixels[::7] = 255
    Image.fromarray(pixels).save(file, **options)


def make(root, tmp_path, shard_size=2, previous=None):
    return image_table(
        root, EngineImageSettings(shard_size=shard_size), tmp_path / "hashes.sqlite", previous, print
    )


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        pytest.param(["a.jpg", "b.png"], ["a", "b"], id="plain stems"),
        pytest.param(["x/a.jpg", "y/a.jpg"], ["a", "a-"], id="the same stem in two folders"),
        pytest.param(["a.jpg", "a.png"], ["a", "a-"], id="the same stem with two endings"),
        pytest.param(["A.jpg", "a.png"], ["A", "a-"], id="stems that differ in case"),
        pytest.param(["Zoë am See.jpg"], ["Zoë am See"], id="umlauts and spaces"),
        pytest.param(["v1.2.final.jpg"], ["v1.2.final"], id="dots"),
        pytest.param(["a\nb.jpg"], ["a_b-"], id="a control character"),
        pytest.param(["a\\b.jpg"], ["a_b-"], id="a backslash"),
        pytest.param([f"{'x' * 300}.jpg"], ["x" * 80 + "-"], id="a long stem"),
    ],
)
def test_a_run_folder_is_named_by_the_stem_and_a_hash_where_that_is_not_its_own(paths, expected):
    names = run_names(paths, {})
    for path, start in zip(paths, expected, strict=True):
        stem = names[path].removeprefix(RUN_PREFIX)
        assert stem == start or (
            start.endswith("-") and stem.startswith(start) and len(stem) == len(start) + 8
        )


names_of_files = st.lists(
    st.text(
        st.characters(blacklist_characters="/\0", blacklist_categories=["Cs"]), min_size=1, max_size=12
    ).map(lambda stem: f"{stem}.jpg"),
    unique=True,
    max_size=20,
)


@given(names_of_files, names_of_files)
def test_run_folders_are_distinct_in_any_case_and_stay_when_images_are_added(before, added):
    first = run_names(sorted(before), {})
    grown = run_names(sorted({*before, *added}), first)
    assert {path: grown[path] for path in before} == first
    assert len({name.casefold() for name in grown.values()}) == len(grown)
    assert all(
        "/" not in name and "\\" not in name and name.startswith(RUN_PREFIX) for name in grown.values()
    )


def test_every_file_has_a_row_and_a_bad_one_its_reason(tmp_path):
    root = tmp_path / "photos"
    picture(root / "a.jpg", (200, 10, 10))
    picture(root / "sub" / "b ü.png", (10, 200, 10))
    whole = (root / "a.jpg").read_bytes()
    (root / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (root / "text.png").write_text("no image")
    (root / "notes.txt").write_text("not looked at")
    table = make(root, tmp_path)
    assert table.select("path", "shard", "width", "height").rows() == [
        ("a.jpg", "shard-0000", 40, 30),
        ("cut.jpg", "shard-0000", None, None),
        ("sub/b ü.png", "shard-0001", 40, 30),
        ("text.png", "shard-0001", None, None),
    ]
    assert [reason is None for reason in table["reason"]] == [True, False, True, False]
    found, readable = audit_images(table)
    assert (found.status, found.message) == (Status.PASSED, "2 of 4 image files can be used")
    assert readable.status is Status.WARNING
    assert readable.message == "2 of 4 image files cannot be read"
    assert [line.partition(":")[0] for line in readable.offenders] == ["cut.jpg", "text.png"]


def test_a_tree_without_a_usable_image_fails(tmp_path):
    root = tmp_path / "photos"
    root.mkdir()
    table = make(root, tmp_path)
    assert table.height == 0
    found, readable = audit_images(table)
    assert (found.status, found.message) == (Status.FAILED, "0 of 0 image files can be used")
    assert readable.status is Status.PASSED


def test_a_missing_root_is_refused_by_name(tmp_path):
    with pytest.raises(ValueError, match=r"root: .*nowhere does not exist"):
        make(tmp_path / "nowhere", tmp_path)


def test_size_and_hash_are_those_of_the_upright_picture(tmp_path):
    root = tmp_path / "photos"
    exif = Image.Exif()
    exif[0x0112] = 6
    picture(root / "turned.jpg", (90, 90, 200), exif=exif)
    table = make(root, tmp_path)
    assert table.select("width", "height").rows() == [(30, 40)]


def test_what_was_there_keeps_its_shard_and_run_folder_and_what_is_gone_leaves_no_row(tmp_path):
    root = tmp_path / "photos"
    for name in ("b.jpg", "c.jpg", "d.jpg"):
        picture(root / name, (len(name) * 20, 80, 80))
    before = make(root, tmp_path)
    (root / "c.jpg").unlink()
    picture(root / "a.jpg", (1, 2, 3))
    picture(root / "x" / "b.jpg", (100, 2, 3))
    after = make(root, tmp_path, previous=before)
    assert dict(after.select("path", "shard").iter_rows()) == {
        "b.jpg": "shard-0000",
        "d.jpg": "shard-0001",
        "a.jpg": "shard-0001",
        "x/b.jpg": "shard-0002",
    }
    assert after.filter(path="b.jpg")["run"].item() == f"{RUN_PREFIX}b"
    assert after.filter(path="x/b.jpg")["run"].item().startswith(f"{RUN_PREFIX}b-")
