"""Which folder is a category, a concept, a split."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from vdata_assets.catalog.layout import Place, place, present_categories, resolve
from vdata_assets.catalog.listing import Folder
from vdata_assets.catalog.settings import CatalogSettings, Layout, LayoutName

ABOVE = "above the concept folders: move it down into "
BELOW = "below a concept folder: move it up into the concept's own folder"
OUTSIDE = "outside the split folders: move it to <category>/<concept>/ under train/ or test/"
ASTRAY = "negatives outside a concept: move the folder into the concept it is about"


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("bag/backpack", Place("bag", "backpack", None)),
        ("train/bag", Place("train", "bag", None)),
        ("", ABOVE + "<category>/<concept>/"),
        ("bag", ABOVE + "<concept>/"),
        ("bag/backpack/negatives", BELOW),
        ("bag/backpack/old/older", BELOW),
    ],
)
def test_auto_split(folder: str, expected: Place | str) -> None:
    assert place(tuple(filter(None, folder.split("/"))), Layout(), "auto_split") == expected


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("train/bag/backpack", Place("bag", "backpack", "train")),
        ("test/bag/backpack", Place("bag", "backpack", "test")),
        ("", OUTSIDE),
        ("val/bag/backpack", OUTSIDE),
        ("Train/bag/backpack", OUTSIDE),
        ("train", ABOVE + "<category>/<concept>/"),
        ("test/bag", ABOVE + "<concept>/"),
        ("train/bag/backpack/old", BELOW),
    ],
)
def test_explicit(folder: str, expected: Place | str) -> None:
    assert place(tuple(filter(None, folder.split("/"))), Layout(), "explicit") == expected


@pytest.mark.parametrize(
    ("folder", "resolved", "expected"),
    [
        ("bag/a/not", "auto_split", Place("bag", "a", "negative")),
        ("train/bag/a/not", "explicit", Place("bag", "a", "negative")),
        ("bag/not", "auto_split", ASTRAY),
        ("train/bag/not", "explicit", ASTRAY),
        ("bag/a/not/old", "auto_split", BELOW),
    ],
)
def test_negatives(folder: str, resolved: LayoutName, expected: Place | str) -> None:
    assert place(tuple(folder.split("/")), Layout(negatives_dirname="not"), resolved) == expected


@pytest.mark.parametrize(
    ("folders", "layout", "expected"),
    [
        (["train/bag/a", "test/bag/a"], Layout(), "explicit"),
        (["train/bag/a"], Layout(), "explicit"),
        (["test/bag/a"], Layout(), "explicit"),
        (["bag/a", "test/bag/a"], Layout(), "explicit"),
        (["bag/a", "cup/b"], Layout(), "auto_split"),
        (["train/a", "bag/b"], Layout(), "auto_split"),
        (["train", "test"], Layout(), "auto_split"),
        (["learn/bag/a"], Layout(train_dirname="learn"), "explicit"),
        (["train/bag/a"], Layout(train_dirname="learn"), "auto_split"),
        (["train/a/not", "bag/b"], Layout(negatives_dirname="not"), "auto_split"),
        (["train/bag/a"], Layout(layout="auto_split"), "auto_split"),
        (["bag/a"], Layout(layout="explicit"), "explicit"),
        ([], Layout(), "auto_split"),
    ],
)
def test_the_layout_is_found(folders: list[str], layout: Layout, expected: str) -> None:
    listed = [Folder(tuple(folder.split("/")), ["1.png"], []) for folder in folders]
    assert resolve(layout, listed) == expected


def test_present_categories(plant: Callable[..., Path]) -> None:
    root = plant(
        {"train/pet animal/cat/1.png": 1, "test/bag/a/1.png": 2, "val/cup/b/1.png": 3, "train/x.png": 4}
    )
    (root / "train" / "empty" / "concept").mkdir(parents=True)
    assert present_categories(root, Layout()) == ["bag", "pet animal"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"layout": "imagefolder"}, "Input should be 'auto', 'explicit' or 'auto_split'"),
        ({"train_dirname": ""}, "train_dirname: '' is not the name of a visible folder"),
        ({"test_dirname": "a/b"}, "test_dirname: 'a/b' is not the name of a visible folder"),
        ({"negatives_dirname": ".not"}, "negatives_dirname: '.not' is not the name of a visible folder"),
        ({"test_dirname": "train"}, "train_dirname and test_dirname are both 'train'"),
        ({"train_fraction": 0}, "Input should be greater than 0"),
        ({"train_fraction": 1.5}, "Input should be less than or equal to 1"),
        ({"num_train": 0}, "Input should be greater than or equal to 1"),
        ({"fraction": 0.5}, "Extra inputs are not permitted"),
    ],
)
def test_bad_settings_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        CatalogSettings.model_validate(settings)
    assert next(iter(settings)) in str(error.value)
