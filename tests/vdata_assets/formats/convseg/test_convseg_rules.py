"""What train.py and eval.py ask of lists, masks and pictures is found where it is not kept."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made_prompts import marked, prompt
from made_samples import HEIGHT, WIDTH, image_bytes
from PIL import Image

from vdata_assets.formats.convseg.convseg import Convseg
from vdata_assets.formats.problems import Problem


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "root/cats").mkdir(parents=True)
    (tmp_path / "root/cats/a.png").write_bytes(image_bytes("PNG"))
    out = tmp_path / "out"
    out.mkdir()
    given = [prompt(marked(2, 2, 9, 9), name=f"s{number}", text=f"Mark {number}") for number in range(3)]
    Convseg().save({"train": given}, out, tmp_path / "root")
    return out


def problems_in(folder: Path) -> tuple[int, list[str]]:
    found: list[Problem] = []
    rows = Convseg().validate(folder, "train", found.append)
    return rows, [str(problem) for problem in found]


LINES, ITEMS, MASK = "train_convseg.jsonl", "train_convseg.json", "masks/train_000001.png"


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def both(folder: Path, old: str, new: str) -> None:
    for name in (LINES, ITEMS):
        change(folder / name, old, new)


def mask(folder: Path, pixels: np.ndarray) -> None:
    Image.fromarray(pixels).save(folder / MASK)


BROKEN: dict[str, tuple[Callable[[Path], object], list[str]]] = {
    "nothing": (lambda out: None, []),
    "a blank prompt": (
        lambda out: both(out, "Mark 1", " "),
        [
            f"{LINES}:2: prompt: ' ': is empty",
            f"{ITEMS}:2: prompt: ' ': is empty",
        ],
    ),
    "another key": (
        lambda out: change(out / LINES, '"prompt":"Mark 1"', '"prompt":"Mark 1","split":"x"'),
        [f"{LINES}:2: split: 'x': is none of image, mask_merged, prompt: leave it out"],
    ),
    "a path that leaves the folder": (
        lambda out: both(out, MASK, "../m.png"),
        [f"{LINES}:2: mask_merged: '../m.png': must not leave the dataset's folder with .."],
    ),
    "a missing mask": (
        lambda out: (out / MASK).unlink(),
        [f"{LINES}:2: mask_merged: '{MASK}': is missing: has to be a PNG file of one channel"],
    ),
    "a mask of colours": (
        lambda out: mask(out, np.zeros((HEIGHT, WIDTH, 3), np.uint8)),
        [f"{LINES}:2: mask_merged: '{MASK}': has the mode RGB, not L: has to be a PNG file of one channel"],
    ),
    "a mask of 0 and 1": (
        lambda out: mask(out, np.ones((HEIGHT, WIDTH), np.uint8)),
        [f"{LINES}:2: mask_merged: '{MASK}': has pixels that are neither 0 nor 255"],
    ),
    "a mask of another size": (
        lambda out: mask(out, np.zeros((HEIGHT, WIDTH - 1), np.uint8)),
        [f"{LINES}:2: mask_merged: '{MASK}': has to be of the picture's {WIDTH} x {HEIGHT} pixels"],
    ),
    "a grey picture": (
        lambda out: Image.new("L", (WIDTH, HEIGHT)).save(out / "cats/a.png"),
        [
            f"{LINES}:{number}: image: 'cats/a.png': has the mode L, not RGB: has to be a picture that is "
            "RGB as it is stored"
            for number in (1, 2, 3)
        ],
    ),
    "lists that differ": (
        lambda out: change(out / ITEMS, "Mark 1", "Mark it"),
        [f"{ITEMS}:2: row: "],
    ),
    "an item less": (
        lambda out: (out / ITEMS).write_text(
            json.dumps({"dataset": "x", "count": 1, "items": items(out)[:1]})
        ),
        [f"{ITEMS}: file: '1 items': {LINES} has more: write both of the same samples"],
    ),
    "an item more": (
        lambda out: change(out / LINES, (out / LINES).read_text().splitlines()[2] + "\n", ""),
        [f"{ITEMS}:3: row: "],
    ),
    "another count": (
        lambda out: change(out / ITEMS, '"count": 3', '"count": 4'),
        [f"{ITEMS}: count: 4: has to be the number of items, 3"],
    ),
    "no name, and another key": (
        lambda out: change(out / ITEMS, '"dataset": "train"', '"split": "train"'),
        [
            f"{ITEMS}: dataset: None: has to be a name",
            f"{ITEMS}: split: 'train': is none of dataset, count and items: leave it out",
        ],
    ),
    "no id": (
        lambda out: change(out / ITEMS, '"id":"s1"', '"id":""'),
        [f"{ITEMS}:2: id: '': is empty"],
    ),
    "a concept that is no text": (
        lambda out: change(out / ITEMS, '"concept":"cat"', '"concept":null'),
        [f"{ITEMS}:1: concept: None: has to be a text"],
    ),
    "a byte order mark": (
        lambda out: (out / LINES).write_bytes(b"\xef\xbb\xbf" + (out / LINES).read_bytes()),
        [f"{LINES}: file: a byte order mark: "],
    ),
}


def items(folder: Path) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads((folder / ITEMS).read_bytes())["items"]
    return found


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_rule_is_told_with_its_place(case: str, folder: Path) -> None:
    spoil, told = BROKEN[case]
    spoil(folder)
    rows, found = problems_in(folder)
    assert rows == (2 if case == "an item more" else 3)
    assert len(found) == len(told), found
    for problem, start in zip(found, told, strict=True):
        assert problem.startswith(start)


def test_a_line_that_is_none_counts_as_a_row(folder: Path) -> None:
    change(folder / LINES, '{"image"', '"image"')
    rows, found = problems_in(folder)
    assert rows == 3
    assert found[0].startswith(f"{LINES}:1: row: ")


def test_a_list_that_is_gone_is_an_error(folder: Path) -> None:
    (folder / ITEMS).unlink()
    with pytest.raises(FileNotFoundError):
        problems_in(folder)
