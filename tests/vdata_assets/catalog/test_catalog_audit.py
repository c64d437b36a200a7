"""What the audit says about good and bad trees."""

from collections.abc import Callable
from pathlib import Path

import pytest

from vdata_assets.catalog.audit import audit
from vdata_assets.catalog.build import build_catalog
from vdata_assets.catalog.checks import CATALOG_CHECKS
from vdata_assets.catalog.settings import AutoSplit, Layout
from vdata_assets.quality.findings import Finding, Status

Plant = Callable[..., Path]
ALL = AutoSplit(train_fraction=1)


def finding(root: Path, name: str, **settings: object) -> Finding:
    (answer,) = [answer for answer in audit(build_catalog(root, **settings)) if answer.name == name]
    return answer


def test_a_good_tree_passes_every_check(plant: Plant) -> None:
    root = plant({f"bag/{concept}/{n}.png": 10 * concept + n for concept in range(3) for n in range(10)})
    findings = audit(build_catalog(root))
    assert [answer.name for answer in findings] == [check.name for check in CATALOG_CHECKS]
    assert {answer.status for answer in findings} == {Status.PASSED}


def test_default_levels() -> None:
    failing = {check.name for check in CATALOG_CHECKS if check.default is Status.FAILED}
    assert failing == {"images_found", "splits_disjoint"}


@pytest.mark.parametrize(
    ("files", "settings", "expected"),
    [
        pytest.param(
            {"bag/a/1.png": b"x", "bag/2.png": 2},
            {},
            Finding(
                "images_found",
                Status.FAILED,
                "0 readable images of 0 concepts in 0 categories",
                ("bag/a/1.png", "bag/2.png"),
                {"offenders": 2, "readable": 0},
            ),
            id="none readable",
        ),
        pytest.param(
            {"bag/a/1.png": 1, "bag/a/2.png": b"xyz", "bag/a/3.png": b"abc", "bag/a/4.png": b""},
            {},
            Finding(
                "images_readable",
                Status.WARNING,
                "3 of 4 images cannot be read (2: not an image in a known format; 1: the file is empty)",
                ("bag/a/2.png", "bag/a/3.png", "bag/a/4.png"),
                {"offenders": 3, "images": 4, "not an image in a known format": 2, "the file is empty": 1},
            ),
            id="unreadable",
        ),
        pytest.param(
            {"bag/a/1.png": 1, "bag/2.png": 2, "notes.txt": b""},
            {},
            Finding(
                "images_placed",
                Status.WARNING,
                "1 images or folders have no place in the layout auto_split "
                "(1: above the concept folders: move it down into <concept>/); 1 other files were ignored",
                ("bag/2.png",),
                {"offenders": 1, "other_files": 1},
            ),
            id="misplaced",
        ),
        pytest.param(
            {"train/bag/1.png": 1, "test/bag/2.png": 2},
            {},
            Finding(
                "layout_clear",
                Status.WARNING,
                "the layout is auto_split (found); 2 of its categories are named like a split folder",
                ("test", "train"),
                {"offenders": 2},
            ),
            id="perhaps split folders",
        ),
        pytest.param(
            {"train/bag/1.png": 1},
            {"layout": Layout(layout="auto_split")},
            Finding(
                "layout_clear",
                Status.PASSED,
                "the layout is auto_split (set); 0 of its categories are named like a split folder",
                (),
                {"offenders": 0},
            ),
            id="no split folders by decree",
        ),
        pytest.param(
            {"bag/a/1.png": 1},
            {"known_partitions": {"bag": "bag", "cup": "cup"}},
            Finding(
                "categories_present",
                Status.WARNING,
                "1 published categories have no image any more",
                ("cup",),
                {"offenders": 1, "categories": 1},
            ),
            id="vanished category",
        ),
        pytest.param(
            {"bag/a/1.PNG": 1, "bag/a/2.JPeg": 1, "bag/a/3.tif": 1},
            {},
            Finding(
                "extension_matches_content",
                Status.PASSED,
                "0 of 3 images are not what their extension says",
                (),
                {"offenders": 0},
            ),
            id="extensions in any case",
        ),
        pytest.param(
            {"bag/a/1.png": 1, "bag/a/2.png": 1, "bag/a/3.png": 1, "bag/a/4.png": 4, "bag/b/5.png": 5},
            {},
            Finding(
                "exact_duplicates",
                Status.WARNING,
                "3 files hold 1 pictures more than once within a concept",
                ("bag/a/1.png", "bag/a/2.png", "bag/a/3.png"),
                {"offenders": 3, "surplus_files": 2},
            ),
            id="copies in a concept",
        ),
        pytest.param(
            {"bag/a/1.png": 1, "bag/a/not/2.png": 1},
            {"layout": Layout(negatives_dirname="not")},
            Finding(
                "exact_duplicates",
                Status.WARNING,
                "2 files hold 1 pictures more than once within a concept",
                ("bag/a/1.png", "bag/a/not/2.png"),
                {"offenders": 2, "surplus_files": 1},
            ),
            id="an image and its negative are one",
        ),
        pytest.param(
            {"bag/a/1.png": 1, "bag/b/2.png": 1, "cup/a/3.png": 1, "cup/a/4.png": 4},
            {},
            Finding(
                "duplicates_across_concepts",
                Status.WARNING,
                "3 files hold 1 pictures of more than one concept",
                ("bag/a/1.png", "bag/b/2.png", "cup/a/3.png"),
                {"offenders": 3},
            ),
            id="copies in several concepts",
        ),
        pytest.param(
            {"bag/a/1.png": 1, "bag/b/not/2.png": 1},
            {"layout": Layout(negatives_dirname="not")},
            Finding(
                "duplicates_across_concepts",
                Status.PASSED,
                "0 files hold 0 pictures of more than one concept",
                (),
                {"offenders": 0},
            ),
            id="a negative shows another concept",
        ),
        pytest.param(
            {"train/bag/a/1.png": 1, "test/bag/a/2.png": 1, "test/bag/a/3.png": 3},
            {},
            Finding(
                "splits_disjoint",
                Status.FAILED,
                "1 pictures are in train and in test, 1 of them within a concept",
                ("test/bag/a/2.png", "train/bag/a/1.png"),
                {"offenders": 2, "leaked_pictures": 1},
            ),
            id="leak within a concept",
        ),
        pytest.param(
            {"train/bag/a/1.png": 1, "test/cup/b/2.png": 1},
            {},
            Finding(
                "splits_disjoint",
                Status.FAILED,
                "1 pictures are in train and in test, 0 of them within a concept",
                ("test/cup/b/2.png", "train/bag/a/1.png"),
                {"offenders": 2, "leaked_pictures": 1},
            ),
            id="leak across concepts",
        ),
        pytest.param(
            {"bag/a/1.png": 1, "bag/a/2.png": 2, "bag/b/3.png": 3, "bag/b/4.png": b"x", "bag/c/5.png": b"x"},
            {"split": ALL},
            Finding(
                "concepts_large_enough",
                Status.WARNING,
                "2 of 3 concepts have fewer than 2 readable training images",
                ("bag/b", "bag/c"),
                {"offenders": 2, "concepts": 3},
            ),
            id="small concepts",
        ),
        pytest.param(
            {f"bag/{concept}/{n}.png": n for concept, size in (("a", 22), ("b", 2)) for n in range(size)},
            {"split": ALL},
            Finding(
                "class_balance",
                Status.WARNING,
                "the largest concept has 11.0 times the images of the smallest; "
                "1 of 2 concepts are more than 10 times smaller than it",
                ("bag/b",),
                {"offenders": 1, "imbalance": 11.0},
            ),
            id="out of balance",
        ),
    ],
)
def test_findings(
    plant: Plant, files: dict[str, int | bytes], settings: dict[str, object], expected: Finding
) -> None:
    assert finding(plant(files), expected.name, **settings) == expected


def test_wrong_extension(test_data: Callable[[str], Path], plant: Plant) -> None:
    photo = (test_data("edge-images") / "formats" / "ukbench09380.bmp").read_bytes()  # really a JPEG
    root = plant({"bag/a/1.bmp": photo, "bag/a/2.png": 2})
    answer = finding(root, "extension_matches_content")
    assert (answer.status, answer.offenders) == (Status.WARNING, ("bag/a/1.bmp",))
    assert answer.message == "1 of 2 images are not what their extension says"


def test_limits_are_settings(plant: Plant) -> None:
    root = plant({"bag/a/1.png": 1, "bag/b/2.png": 2, "bag/b/3.png": 3, "bag/b/4.png": 4})
    catalog = build_catalog(root, split=ALL)
    answers = {answer.name: answer for answer in audit(catalog, min_train_images=4, max_imbalance=2)}
    assert answers["concepts_large_enough"].offenders == ("bag/a", "bag/b")
    assert answers["class_balance"].offenders == ("bag/a",)


@pytest.mark.parametrize("seed", range(5))
def test_the_draw_leaks_nothing_within_a_concept(plant: Plant, seed: int) -> None:
    root = plant({f"bag/a/{n}.png": n // 2 for n in range(20)})
    assert finding(root, "splits_disjoint", split=AutoSplit(seed=seed)).status is Status.PASSED
