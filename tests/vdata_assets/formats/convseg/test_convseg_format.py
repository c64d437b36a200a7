"""Conversational segmentation as a format: prompts and masks, written and read."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_exports import exported, many
from made_prompts import marked, prompt, prompts
from made_samples import HEIGHT, WIDTH, image_bytes
from PIL import Image

from vdata_assets.formats.conversation import Picture, Sample, Turn
from vdata_assets.formats.convert import Lost, adapted
from vdata_assets.formats.convseg.convseg import ABSENT, Convseg
from vdata_assets.formats.convseg.convseg_masks import read_mask
from vdata_assets.formats.problems import Problem
from vdata_resources.images import load_rgb

PNG = image_bytes("PNG")


def unexpected(problem: Problem) -> None:
    raise AssertionError(problem)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root/cats").mkdir(parents=True)
    (tmp_path / "root/cats/a.png").write_bytes(PNG)
    return tmp_path / "root"


def saved(folder: Path, root: Path, *samples: Sample) -> Path:
    folder.mkdir()
    Convseg().save({"train": samples}, folder, root)
    return folder


def test_files_are_those_that_train_and_eval_read(root: Path, tmp_path: Path) -> None:
    """Byte for byte as the export's own shapes: a line a prompt, and one object with an item a line."""
    out = tmp_path / "out"
    out.mkdir()
    given_ = [prompt(marked(4, 6, 30, 40), name="s/1", text="A „box“"), replace(prompt(), label=None)]
    assert Convseg().save({"train": given_, "val": []}, out, root) == [
        Path(f"{split}_convseg.{end}") for split in ("train", "val") for end in ("jsonl", "json")
    ]
    assert (out / "train_convseg.jsonl").read_text() == (
        '{"image":"cats/a.png","mask_merged":"masks/train_000000.png","prompt":"A „box“"}\n'
        '{"image":"cats/a.png","mask_merged":"masks/train_000001.png","prompt":"Mark it"}\n'
    )
    assert (out / "train_convseg.json").read_text() == (
        '{\n  "dataset": "train",\n  "count": 2,\n  "items": [\n'
        '    {"id":"s/1","image":"cats/a.png","mask":"masks/train_000000.png","prompt":"A „box“",'
        '"concept":"cat"},\n'
        '    {"id":"s","image":"cats/a.png","mask":"masks/train_000001.png","prompt":"Mark it"}\n'
        "  ]\n}\n"
    )
    assert (out / "val_convseg.jsonl").read_bytes() == b""
    assert json.loads((out / "val_convseg.json").read_bytes()) == {"dataset": "val", "count": 0, "items": []}
    assert (out / "cats/a.png").read_bytes() == PNG
    with Image.open(out / "masks/train_000000.png") as mask:
        pixels = np.zeros((HEIGHT, WIDTH), np.uint8)
        pixels[6:40, 4:30] = 255
        assert mask.mode == "L"
        assert np.array_equal(np.asarray(mask), pixels)
    assert Convseg().splits(out) == ["train", "val"]
    assert sorted(path.name for path in out.rglob("*.part")) == []


@given(st.lists(prompts(), max_size=4, unique_by=lambda one: one.id))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, given_: list[Sample]) -> None:
    root, out = tmp_path_factory.mktemp("root"), tmp_path_factory.mktemp("out")
    for picture in (picture for one in given_ for picture in one.pictures):
        (root / str(picture.path)).parent.mkdir(parents=True, exist_ok=True)
        (root / str(picture.path)).write_bytes(PNG)
    Convseg(workers=1).save({"train": given_}, out, root)
    assert list(Convseg(workers=1).load(out, "train", unexpected)) == given_
    assert Convseg(workers=1).validate(out, "train", unexpected) == len(given_)


def test_objects_become_one_mask_of_the_samples_class(root: Path, tmp_path: Path) -> None:
    boxes = [(2, 2, 9, 9), (5, 5, 20, 12)]
    two = prompt(*(marked(*box, label=label) for box, label in zip(boxes, ("cat", "dog"), strict=True)))
    (found,) = Convseg().load(saved(tmp_path / "out", root, two), "train", unexpected)
    union = np.zeros((HEIGHT, WIDTH), np.bool_)
    for left, top, right, bottom in boxes:
        union[top:bottom, left:right] = True
    mask = read_mask(tmp_path / "out/masks/train_000000.png")
    assert np.array_equal(mask, union)
    assert [(one.label, one.box) for one in found.objects] == [("cat", (2, 2, 20, 12))]
    lost = Lost()
    assert len(list(adapted([two], Convseg(), root, lost))) == 1
    assert str(lost) == "lost: single objects of 1; left out: 0 of 1 samples"


def test_the_objects_class_stands_for_the_samples(root: Path, tmp_path: Path) -> None:
    given_ = replace(prompt(marked(2, 2, 9, 9), marked(3, 3, 20, 9)), label=None)
    (found,) = Convseg().load(saved(tmp_path / "out", root, given_), "train", unexpected)
    assert (found.label, found.objects[0].label) == ("cat", "cat")


def test_another_answer_is_lost_and_counted(root: Path, tmp_path: Path) -> None:
    turns = (Turn("user", (Picture("cats/a.png"), "Mark it")), Turn("assistant", ("Here.",)))
    given_ = replace(prompt(marked(2, 2, 9, 9)), turns=turns)
    lost = Lost()
    (said,) = adapted([given_], Convseg(), root, lost)
    assert str(lost) == "lost: texts of 1; left out: 0 of 1 samples"
    assert list(Convseg().load(saved(tmp_path / "out", root, said), "train", unexpected)) == [
        prompt(marked(2, 2, 9, 9))
    ]


def test_a_sample_without_an_id_gets_one(root: Path, tmp_path: Path) -> None:
    folder = saved(tmp_path / "out", root, prompt(name=""))
    assert [one.id for one in Convseg().load(folder, "train", unexpected)] == ["train_000000"]


def test_a_rotated_picture_is_stored_upright_as_its_mask_is(
    test_data: Callable[[str], Path], tmp_path: Path
) -> None:
    photo = test_data("edge-images") / "pillow" / "hopper_orientation_6.jpg"
    upright = load_rgb(photo)
    turns = (Turn("user", (Picture(photo.name), "Mark nothing")), Turn("assistant", (ABSENT,)))
    folder = saved(tmp_path / "out", photo.parent, Sample("s", turns))
    with Image.open(folder / photo.name) as stored:
        assert np.array_equal(np.asarray(stored), np.asarray(upright))
    assert Convseg().validate(folder, "train", unexpected) == 1


def test_pictures_that_lie_in_the_folder_stay(root: Path) -> None:
    Convseg().save({"train": [prompt(marked(2, 2, 9, 9))]}, root, root)
    assert (root / "cats/a.png").read_bytes() == PNG
    assert Convseg().validate(root, "train", unexpected) == 1


ASKED = Turn("user", (Picture("cats/a.png"), "Mark it"))
REFUSED: dict[str, tuple[Sample, str]] = {
    "no mask": (
        replace(prompt(), turns=(ASKED, Turn("assistant", ("Yes.",)))),
        f"sample 's': no mask, and the answer is not {ABSENT!r}: nothing says what is to be marked",
    ),
    "box alone": (
        prompt(replace(marked(2, 2, 9, 9), mask=None)),
        "sample 's': object 'cat' has no mask in the picture: leave the sample out",
    ),
    "no prompt": (
        prompt(text=" \n"),
        "sample 's': there is no prompt beside the picture: add one or leave it out",
    ),
    "an unsound mask": (prompt(replace(marked(2, 2, 9, 9), mask="zz")), "sample 's': mask of 'cat': "),
    "a mask of another size": (
        replace(prompt(marked(2, 2, 9, 9)), sizes=((WIDTH, WIDTH),)),
        f"sample 's': size {(WIDTH, WIDTH)}: the picture has {(WIDTH, HEIGHT)} upright",
    ),
    "gone": (
        prompt(path="cats/b.png"),
        "sample 's': picture cats/b.png: cannot be read: No such file or directory",
    ),
    "no picture's file": (prompt(path="cats/text"), "sample 's': picture cats/text: "),
    "outside": (
        prompt(path="../a.png"),
        "sample 's': picture ../a.png: the path must not leave the dataset's folder with ..",
    ),
    "the place of masks": (
        prompt(path="masks/train_000000.png"),
        "sample 's': picture masks/train_000000.png: the path is that of another file of the format "
        "(masks/, lists and descriptions): rename it",
    ),
    "the place of a list": (
        prompt(path="train_convseg.json"),
        "sample 's': picture train_convseg.json: the path is that of another file of the format ",
    ),
    "two rounds": (
        replace(prompt(), turns=prompt().turns * 2),
        "sample 's': convseg cannot say: several pictures, picture in another turn than the first, several "
        "rounds; convert the samples first",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_prompt_with_a_mask_is_refused(case: str, root: Path, tmp_path: Path) -> None:
    (root / "cats/text").write_text("no picture")
    bad, message = REFUSED[case]
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is compared
        saved(tmp_path / "out", root, bad)
    assert str(caught.value).startswith(message)


def test_another_picture_of_the_same_path_is_not_written_over(root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    (folder / "cats").mkdir(parents=True)
    (folder / "cats/a.png").write_bytes(image_bytes("PNG", 9))
    with pytest.raises(ValueError, match=r"cats/a.png: is another picture: save to an empty folder$"):
        Convseg().save({"train": [prompt()]}, folder, root)


@pytest.mark.parametrize("path_mode", ["relative", "absolute"])
@pytest.mark.parametrize("name", ["dataset.jsonl", "items.json"])
def test_the_data_engines_own_lists_are_read(tmp_path: Path, name: str, path_mode: str) -> None:
    """Also where absolute paths are of the place where the export was to be."""
    export = exported(many(tmp_path / "runs", 3), tmp_path / "out", path_mode=path_mode)
    found = list(Convseg().load_file(tmp_path / "out" / name, unexpected))
    assert [one.id for one in found] == export.samples["sample_id"].to_list()
    assert [one.turns[0].text for one in found] == export.samples["prompt"].to_list()
    assert [one.pictures[0].path for one in found] == [f"images/{key:02}.jpg" for key in range(3)]
    assert [one.label for one in found] == [None if name == "dataset.jsonl" else "entities"] * 3
    assert all(one.objects[0].mask for one in found)


LINE = '{"image": "cats/a.png", "mask_merged": "masks/train_000000.png", "prompt": "p", "split": "x"}'
ITEM = '{"id": "1", "image": "cats/a.png", "mask": "masks/train_000000.png", "prompt": "p"}'
ODD = {
    "mark and CRLF": f"\ufeff\r\n{LINE}\r\n\r\n",
    "one line": f'{{"items": [{ITEM}], "count": 1, "dataset": "x"}}',
    "with a mark": f'\ufeff{{\n"dataset": "x",\n"count": 1, "items": [\n{ITEM}\n]}}\n',
}


@pytest.mark.parametrize("case", ODD)
def test_lists_of_any_layout_are_read(case: str, root: Path, tmp_path: Path) -> None:
    folder = saved(tmp_path / "out", root, prompt(marked(2, 2, 9, 9)))
    (folder / "theirs").write_text(ODD[case], encoding="utf-8", newline="")
    (found,) = Convseg().load_file(folder / "theirs", unexpected)
    assert (found.turns[0].text, found.objects[0].box) == ("p", (2, 2, 9, 9))


UNREADABLE: dict[str, tuple[str, str]] = {
    "no text": (
        LINE.replace('"p"', "1"),
        "theirs:2: prompt: 1: has to be a text",
    ),
    "outside": (
        LINE.replace("cats/a.png", "../a.png"),
        "theirs:2: image: '../a.png': must not leave the dataset's folder with ..",
    ),
    "an absolute path to nothing": (
        LINE.replace("masks/train_000000.png", "/etc/passwd"),
        "theirs:2: mask: '/etc/passwd': there is no etc/passwd beside the list: use relative paths",
    ),
    "no mask": (
        LINE.replace("000000", "000007"),
        "theirs:2: mask: 'masks/train_000007.png': is missing",
    ),
    "no JSON": ("x", "theirs:2: row: 'x': has to be a JSON object in UTF-8: "),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_a_row_that_cannot_be_read_is_told_and_the_others_are_read(
    case: str, root: Path, tmp_path: Path
) -> None:
    row, told = UNREADABLE[case]
    folder = saved(tmp_path / "out", root, prompt(marked(2, 2, 9, 9)))
    (folder / "theirs").write_text("\n".join((LINE, row, LINE)))
    problems: list[Problem] = []
    assert len(list(Convseg().load_file(folder / "theirs", problems.append))) == 2
    assert [str(problem)[: len(told)] for problem in problems] == [told]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"dataset": "x",\n"count": 1}', "theirs: file: {'dataset': 'x', 'count': 1}: has to be "),
        ('{"items": [' + ITEM + "", "theirs: file: "),
        ('{\n"items": [1]}', "theirs:1: row: 1: has to be a JSON object"),
        ('{\n"items": [{"id": 1}]}', "theirs:1: image: None: has to be a text"),
    ],
    ids=["no items", "cut", "a number", "no image"],
)
def test_items_that_are_none_are_told(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text(text)
    problems: list[Problem] = []
    assert list(Convseg().load_file(tmp_path / "theirs", problems.append)) == []
    assert str(problems[0]).startswith(told)


def test_memory_holds_some_samples(root: Path, tmp_path: Path) -> None:
    read = 0

    def samples() -> Any:
        nonlocal read
        for _ in range(300):
            read += 1
            yield prompt()
            assert read < 60 or len(os.listdir(tmp_path / "out/masks")) > read - 60

    saved(tmp_path / "out", root)
    Convseg(workers=2).save({"train": samples()}, tmp_path / "out", root)
    assert read == 300
