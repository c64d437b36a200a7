"""What becomes of pictures when samples go from one format to another."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from made_samples import image_bytes

from vdata_assets.formats import inline_pictures
from vdata_assets.formats.conversation import Picture, Sample, Turn
from vdata_assets.formats.convert import Lost, adapted, convert
from vdata_assets.formats.convseg.convseg import ABSENT
from vdata_assets.formats.problems import Problem
from vdata_assets.formats.registry import format_named
from vdata_resources.images import load_rgb

PNG = image_bytes("PNG")
A, B = Picture(path="a.png"), Picture(path="b.png")


def unexpected(problem: Problem) -> None:
    raise AssertionError(problem)


def asked(picture: Picture, name: str = "s") -> Sample:
    return Sample(name, (Turn("user", (picture, "Cats")), Turn("assistant", (ABSENT,))))


def test_pictures_bytes_become_files_by_their_content(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    lost = Lost()
    given_ = [asked(Picture(data=PNG), "1"), asked(A, "2"), asked(Picture(data=image_bytes("JPEG")), "3")]
    bad = [asked(Picture(data=b"text")), asked(Picture(path="../x"))]
    found = list(adapted([*given_, *bad], format_named("llava"), pictures, lost, out))
    paths = [one.pictures[0].path for one in found]
    assert paths[0] == paths[1] != paths[2]
    assert [(out / str(path)).read_bytes() for path in paths] == [PNG, PNG, image_bytes("JPEG")]
    assert sorted(file.suffix for file in (out / "pictures").iterdir()) == [".jpg", ".png"]
    assert [one.reason for one in lost.first] == [
        "a picture's bytes are no image (JPEG, PNG, WebP, GIF, BMP, TIFF): leave it out",
        "picture ../x: the path must not leave the dataset's folder with ..",
    ]


@pytest.mark.parametrize("name", ["fireworks", "openai", "together", "gemini_inline"])
def test_pictures_that_rows_hold_are_read_once(
    name: str, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def counted(file: str, *options: Any, **more: Any) -> Any:
        read.append(file)
        return open(file, *options, **more)

    monkeypatch.setattr(inline_pictures, "open", counted, raising=False)
    out = tmp_path / "out"
    out.mkdir()
    samples = adapted([asked(A), asked(B)], format_named(name), pictures, Lost())
    format_named(name).save({"train": samples}, out, pictures)
    assert sorted(read) == [f"{pictures}/a.png", f"{pictures}/b.png"]
    assert [one.pictures for one in format_named(name).load(out, "train", unexpected)] == [
        (Picture(data=PNG),)
    ] * 2


@pytest.mark.parametrize("angle", [6, 3])
def test_rotated_bytes_become_upright_files_beside_their_masks(
    angle: int, test_data: Callable[[str], Path], tmp_path: Path
) -> None:
    pictures = test_data("edge-images") / "pillow" / f"hopper_orientation_{angle}.jpg"
    rows, out = tmp_path / "rows", tmp_path / "out"
    rows.mkdir()
    rotated = asked(Picture(data=pictures.read_bytes()), "")
    format_named("fireworks").save({"train": [rotated]}, rows, tmp_path)
    assert (
        convert(format_named("fireworks"), rows, format_named("convseg"), out, tmp_path, unexpected).left_out
        == 0
    )
    assert format_named("convseg").validate(out, "train", unexpected) == 1
    (found,) = format_named("convseg").load(out, "train", unexpected)
    assert found.sizes == (load_rgb(pictures).size,)
