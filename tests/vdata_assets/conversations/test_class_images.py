"""A tree of class folders is read whole, and what has no class or cannot be read is told."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from vdata_assets.conversations.class_audit import audit_class_images
from vdata_assets.conversations.class_checks import CLASS_IMAGES_CHECKS
from vdata_assets.conversations.class_images import class_images
from vdata_assets.conversations.class_settings import ClassBalanceSettings, ClassWordingSettings
from vdata_assets.quality.findings import Status


def picture(path: Path, colour: str = "red") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (40, 30), colour).save(path)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "images"
    picture(root / "Persian" / "1.jpg", "red")
    picture(root / "Persian" / "2.PNG", "blue")
    picture(root / "Birman" / "1.png", "blue")
    (root / "Birman" / "2.png").write_bytes((root / "Persian" / "2.PNG").read_bytes())
    picture(root / "Birman" / "deep" / "3.jpg", "green")
    picture(root / "above.jpg", "green")
    (root / "Birman" / "broken.jpg").write_bytes(b"no picture")
    damaged = root / "Birman" / "damaged.png"
    Image.effect_noise((40, 40), 90).save(damaged)
    content = damaged.read_bytes()
    damaged.write_bytes(content[:60] + bytes(400) + content[460:])
    (root / "notes.txt").write_text("none")
    return root


def test_every_image_of_a_class_folder_is_there_and_others_are_told(root: Path, tmp_path: Path) -> None:
    catalog = class_images(root, tmp_path / "hashes.sqlite", workers=1)
    images = catalog.images
    assert images.select("path", "class", "width").rows() == [
        ("Birman/1.png", "Birman", 40),
        ("Birman/2.png", "Birman", 40),
        ("Birman/broken.jpg", "Birman", None),
        ("Birman/damaged.png", "Birman", 40),
        ("Persian/1.jpg", "Persian", 40),
        ("Persian/2.PNG", "Persian", 40),
    ]
    assert images["reason"].is_null().to_list() == [True, True, False, False, True, True]
    assert images["phash"].is_null().to_list() == [False, False, True, True, False, False]
    assert catalog.misplaced.rows() == [
        ("Birman/deep/3.jpg", "below a class folder: move it up into the class's own folder"),
        ("above.jpg", "above the class folders: move it into the folder of its class"),
    ]
    assert catalog.other_files == 1


def test_without_hashes_nothing_is_decoded(root: Path) -> None:
    images = class_images(root, None, workers=1).images
    assert images["phash"].null_count() == images.height
    assert images["reason"].null_count() == images.height - 1


def test_the_audit_names_what_is_wrong(root: Path, tmp_path: Path) -> None:
    catalog = class_images(root, tmp_path / "hashes.sqlite", workers=1)
    balance = ClassBalanceSettings(priority_classes=["Persian", "Manx"])
    wording = ClassWordingSettings(names={"Bobtail": "bobtail"})
    found = audit_class_images(catalog, balance, wording)
    assert [finding.name for finding in found] == [check.name for check in CLASS_IMAGES_CHECKS]
    told = {finding.name: finding for finding in found}
    assert told["images_found"].status is Status.PASSED
    assert told["images_found"].message == "4 of 6 image files of 2 classes can be used"
    assert told["images_readable"].offenders[1] == (
        "Birman/damaged.png: the picture is damaged: it cannot be decoded"
    )
    assert told["images_placed"].message == (
        "2 images or folders are in no class folder; 1 other files were ignored"
    )
    assert told["one_class_each"].offenders == ("Birman/1.png", "Birman/2.png", "Persian/2.PNG")
    assert told["classes_known"].offenders == ("priority_classes: Manx", "names: Bobtail")
    assert told["classes_known"].status is Status.WARNING


def test_a_root_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"holds no image \(bmp, .*\): set it to the folder that holds them"):
        class_images(tmp_path, None)


def test_real_breeds(test_data: Callable[[str], Path], tmp_path: Path) -> None:
    catalog = class_images(test_data("cat-breeds") / "data" / "images", tmp_path / "hashes.sqlite", workers=1)
    assert dict(catalog.images.group_by("class").len().iter_rows()) == {
        "Abyssinian": 9,
        "Bengal": 10,
        "Birman": 8,
        "Persian": 6,
        "Ragdoll": 3,
        "Siamese": 1,
    }
    found = audit_class_images(catalog, ClassBalanceSettings(), ClassWordingSettings())
    assert {finding.status for finding in found} == {Status.PASSED}
