"""Every format to every other, and what is lost by it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from made_prompts import prompts
from made_samples import HEIGHT, WIDTH, image_bytes, samples
from pycocotools import mask as coco

from vdata_assets.formats.conversation import Feature, MarkedObject, Picture, Sample, Turn
from vdata_assets.formats.convert import LeftOut, Lost, adapted, convert
from vdata_assets.formats.convseg.convseg import ABSENT
from vdata_assets.formats.features import features_of
from vdata_assets.formats.format import Format
from vdata_assets.formats.problems import Problem
from vdata_assets.formats.registry import FORMAT_NAMES, format_named

PNG = image_bytes("PNG")
PLACEHOLDERS = ("<image", "<img>", "<video>", "<audio>", "{{", "<ref-object>", "<bbox>")
PLAIN = st.text("abcxyz", min_size=1, max_size=8)
OPTIONS = {"gemini": {"prefix": "gs://bucket/cats"}}
Source = Callable[[str], tuple[Format, Path, Path, list[Sample]]]


def made(name: str) -> Format:
    return format_named(name, OPTIONS.get(name, {}))


def drawn(format_: Format, count: int = 6) -> list[Sample]:
    """Samples of everything that the format expresses, the same at every run."""
    found: list[Sample] = []

    held = samples(
        format_.expresses,
        reserved=PLACEHOLDERS,
        labels=PLAIN,
        metadata=st.dictionaries(PLAIN, PLAIN, max_size=2),
        weighted=("assistant",),
    )

    @settings(max_examples=count, derandomize=True, database=None, phases=[Phase.generate], deadline=None)
    @given(prompts(reserved=PLACEHOLDERS, labels=PLAIN) if format_.name == "convseg" else held)
    def draw(sample: Sample) -> None:
        found.append(replace(sample, id=f"{sample.id}{len(found)}") if sample.id else sample)

    draw()
    return found


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """A dataset of a format: it, its folder, the pictures' folder, its samples. Each is written once."""
    kept: dict[str, tuple[Format, Path, Path, list[Sample]]] = {}

    def written(name: str) -> tuple[Format, Path, Path, list[Sample]]:
        if name not in kept:
            folder, root = tmp_path_factory.mktemp(name), tmp_path_factory.mktemp("root")
            format_ = made(name)
            given_ = textless(drawn(format_)) if name == "coco" else drawn(format_)
            for picture in (picture for one in given_ for picture in one.pictures):
                if picture.path is not None:
                    (root / picture.path).parent.mkdir(parents=True, exist_ok=True)
                    (root / picture.path).write_bytes(PNG)
            format_.save({"train": given_}, folder, root)
            kept[name] = format_, folder, root, list(format_.load(folder, "train", unexpected))
        return kept[name]

    return written


def textless(some: list[Sample]) -> list[Sample]:
    """With one picture and one turn, as COCO is read."""
    return [Sample(one.id, (Turn("user", one.pictures),), one.objects, one.sizes) for one in some]


def unexpected(problem: Problem) -> None:
    raise AssertionError(problem)


def sound(problem: Problem) -> None:
    assert problem.warning or "rows" in problem.value, problem


@pytest.mark.parametrize("to", FORMAT_NAMES)
@pytest.mark.parametrize("of", FORMAT_NAMES)
def test_what_is_lost_is_what_the_target_lacks(of: str, to: str, source: Source, tmp_path: Path) -> None:
    format_, folder, root, before = source(of)
    target = made(to)
    lost = convert(format_, folder, target, tmp_path, root, unexpected)

    held = frozenset[Feature]().union(*map(features_of, before))
    said = target.expresses | ({Feature.PATH} if target.inlines else {Feature.DATA})
    assert set(lost.features) == held - said
    after = list(target.load(tmp_path, "train", unexpected))
    assert (lost.samples, len(after)) == (len(before), len(before) - lost.left_out)
    assert target.validate(tmp_path, "train", sound) == len(after)
    if Feature.ID in format_.expresses & target.expresses and not lost.left_out:
        assert [one.id for one in after] == [one.id for one in before]
    own = {Feature.PATH, Feature.DATA} & format_.expresses & target.expresses
    if of == "coco" and to != "coco":
        assert lost.left_out == len(before)  # nothing is said, so nothing can be learned
    elif of == to or (held <= target.expresses and own == {Feature.PATH, Feature.DATA} & format_.expresses):
        # A blank at a path's end is a path to all but ms-swift.
        assert lost.left_out == sum("has no blank at its ends" in one.reason for one in lost.first)
        assert lost.left_out or after == before
    assert of != to or not lost.left_out


A, B = Picture(path="a.png"), Picture(path="b.png")
READ = Picture(data=PNG)
"""A picture by path, once it was read for a format that has the bytes in its rows."""
ANSWER = Turn("assistant", ("A cat.",))
NOTHING = Turn("assistant", (ABSENT,))


def mask() -> str:
    pixels = np.zeros((HEIGHT, WIDTH), np.uint8, order="F")
    pixels[2:10, 3:20] = 1
    return coco.encode(pixels)["counts"].decode()


def asked(*parts: Any, **more: Any) -> Sample:
    return Sample("s", (Turn("user", parts), ANSWER), **more)


LEFT: dict[str, tuple[str, Sample, Sample]] = {
    "system turn": (
        "llava",
        Sample("s", (Turn("system", ("Be brief.",)), Turn("user", (A, "What?")), ANSWER)),
        asked(A, "Be brief.\n\nWhat?"),
    ),
    "system turn and no question": (
        "llava",
        Sample("s", (Turn("system", ("Be brief.",)), Turn("user", (A,)), ANSWER)),
        asked(A, "Be brief."),
    ),
    "place of a picture": ("llava", asked("See", A, "there"), asked(A, "See\nthere")),
    "picture in another turn": (
        "llava",
        Sample("s", (Turn("user", ("Hi",)), ANSWER, Turn("user", (A, "And?")), ANSWER)),
        Sample("s", (Turn("user", (A, "Hi")), ANSWER, Turn("user", ("And?",)), ANSWER)),
    ),
    "weights": (
        "openai",
        Sample("s", (Turn("user", (A,), 1.0), Turn("assistant", ("x",), 0.0))),
        Sample("", (Turn("user", (READ,)), Turn("assistant", ("x",), 0.0))),
    ),
    "box of a mask": (
        "swift",
        asked(A, objects=(MarkedObject("cat", 0, None, mask()),), sizes=((WIDTH, HEIGHT),)),
        asked(A, objects=(MarkedObject("cat", 0, (3.0, 2.0, 20.0, 10.0)),), sizes=((WIDTH, HEIGHT),)),
    ),
    "mask of unknown size": ("swift", asked(A, objects=(MarkedObject("cat", 0, None, mask()),)), asked(A)),
    "boxes, label, metadata and sizes": (
        "fireworks",
        asked(
            A,
            objects=(MarkedObject("cat", 0, (1.0, 1.0, 2.0, 2.0)),),
            sizes=((WIDTH, HEIGHT),),
            label="cat",
            metadata={"k": "v"},
        ),
        Sample("", (Turn("user", (READ,)), ANSWER)),
    ),
    "system turn before a prompt": (
        "convseg",
        Sample(
            "s", (Turn("system", ("Be brief.",)), Turn("user", (A, "Cats")), NOTHING), metadata={"k": "v"}
        ),
        Sample("s", (Turn("user", (A, "Be brief.\n\nCats")), NOTHING)),
    ),
}


@pytest.mark.parametrize("case", LEFT)
def test_the_rest_of_a_sample_makes_sense(case: str, pictures: Path) -> None:
    name, before, after = LEFT[case]
    lost = Lost()
    assert list(adapted([before], made(name), pictures, lost)) == [after]
    missing = features_of(before) - made(name).expresses - {Feature.PATH}
    assert set(lost.features) == missing | ({Feature.WEIGHT} if case == "weights" else set())


LARGE = PNG + bytes(11 << 20)
REFUSED: dict[str, tuple[str, Sample, str]] = {
    "placeholder for llava": (
        "llava",
        asked(A, "an <image>"),
        "the user's text has '<image>' in it, which the trainer takes for a picture or the like: reword it",
    ),
    "placeholder for sharegpt": (
        "sharegpt",
        asked(A, "a <video>"),
        "the user's text has '<video>' in it, which the trainer takes for a picture or the like: reword it",
    ),
    "two pictures": ("llava", asked(A, B), "several pictures: llava cannot say it"),
    "no picture": ("coco", asked("What?"), "no picture: coco cannot say it"),
    "url": ("llava", asked(Picture(url="https://x.org/a")), "picture by URL: llava cannot say it"),
    "bytes": ("llava", asked(Picture(data=PNG)), "picture's bytes: llava cannot say it"),
    "picture in an answer": (
        "together",
        Sample("s", (Turn("user", ("Draw",)), Turn("assistant", (A,)))),
        "picture in an assistant's turn: together cannot say it",
    ),
    "picture of a system": (
        "sharegpt",
        Sample("s", (Turn("system", (A,)), Turn("user", ("Hi",)), ANSWER)),
        "a picture in the system's turn: move it to the user's",
    ),
    "too large": (
        "openai",
        asked(Picture(data=LARGE)),
        f"picture 0: {len(LARGE)} bytes as image/png, at most 10000000: make it smaller",
    ),
    "too many": ("together", asked(*[A] * 11), "11 pictures: Together takes at most 10"),
    "gone, by path": (
        "llava",
        asked(Picture(path="gone.png")),
        "picture gone.png: there is no such file: restore it or leave it out",
    ),
    "gone, inline": (
        "fireworks",
        asked(Picture(path="gone.png")),
        "picture gone.png: cannot be read (No such file or directory): leave it out or repair it",
    ),
    "gone, embedded": (
        "parquet",
        asked(Picture(path="gone.png")),
        "picture 0: gone.png: cannot be read: No such file or directory",
    ),
    "outside": (
        "fireworks",
        asked(Picture(path="../a.png")),
        "picture ../a.png: the path must not leave the dataset's folder with ..",
    ),
    "no answer": (
        "huggingface",
        Sample("s", (Turn("user", (A,)),)),
        "turns are of user and assistant in turn, after a system's or not, not user",
    ),
    "nothing left in a turn": (
        "llava",
        Sample("s", (Turn("user", ("Hi",)), ANSWER, Turn("user", (A,)), ANSWER)),
        "a turn of user has nothing in it: leave the round out",
    ),
    "half a character": ("llava", asked("\ud83d"), r"'\ud83d' is half a surrogate pair: remove it"),
    "unsound mask": (
        "swift",
        asked(A, objects=(MarkedObject("cat", 0, None, "zz"),), sizes=((WIDTH, HEIGHT),)),
        "mask of 'cat': ",
    ),
    "gemini without a prefix": (
        "gemini",
        asked(A),
        "turn 0: picture a.png: the service reads no local file: give the format a prefix such as "
        "gs://bucket/cats",
    ),
    "two prompts": (
        "convseg",
        Sample("s", (Turn("user", (A, "Cats")), NOTHING, Turn("user", ("Dogs",)), NOTHING)),
        "several rounds: convseg cannot say it",
    ),
    "an answer that says nothing of pixels": (
        "convseg",
        asked(A, "What?"),
        f"no mask, and the answer is not {ABSENT!r}: nothing says what is to be marked",
    ),
    "a box where there are masks": (
        "convseg",
        asked(A, "What?", objects=(MarkedObject("cat", 0, (1.0, 1.0, 2.0, 2.0)),)),
        "object 'cat' has no mask in the picture: leave the sample out",
    ),
    "empty label": (
        "webdataset",
        asked(A, label=""),
        "label '' is that of a sample without one: leave it out",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_sample_that_cannot_be_said_is_named_and_the_rest_goes_on(case: str, pictures: Path) -> None:
    name, bad, reason = REFUSED[case]
    good = asked(A, "What?")
    if name == "convseg":
        good = Sample("g", (Turn("user", (A, "Cats")), NOTHING))
    if name == "gemini":
        good = asked(Picture(url="gs://b/a.png"), "What?")
    lost = Lost()
    written = list(adapted([good, bad, good], format_named(name), pictures, lost))
    assert len(written) == (1 if name == "webdataset" else 2)  # the good ones are of one id
    assert lost.first[0].sample == "s"
    assert lost.first[0].reason.startswith(reason)
    assert lost.samples == 3


def test_a_sample_that_comes_twice_in_a_row_is_one_in_a_tar(pictures: Path) -> None:
    lost = Lost()
    assert len(list(adapted([asked(A), asked(B), asked(A)], made("webdataset"), pictures, lost))) == 1
    reason = "comes twice in a row, which is one in a tar: name them apart"
    assert lost.first == [LeftOut("s", reason)] * 2
    assert str(lost) == "lost: nothing; left out: 2 of 3 samples"


def test_texts_that_coco_does_not_hold_are_counted(pictures: Path) -> None:
    lost = Lost()
    (only,) = adapted([asked(A, "What?", label="x")], made("coco"), pictures, lost)
    assert only == Sample("s", (Turn("user", (A,)),))
    assert str(lost) == "lost: label of 1, texts of 1; left out: 0 of 1 samples"


@pytest.mark.parametrize("name", ["llava", "fireworks"])
def test_memory_holds_some_samples(name: str, pictures: Path) -> None:
    read = 0

    def many() -> Any:
        nonlocal read
        for _ in range(1000):
            read += 1
            yield asked(A)

    found = adapted(many(), made(name), pictures, Lost())
    for _ in range(10):
        next(found)
    assert read < 40


def test_rows_of_the_source_that_are_none_are_told_once(pictures: Path, tmp_path: Path) -> None:
    folder = tmp_path / "swift"
    folder.mkdir()
    made("swift").save({"train": [asked(Picture(data=PNG), "a"), asked(A, "b")]}, folder, pictures)
    with (folder / "train_swift.jsonl").open("a") as file:
        file.write("broken\n")
    told: list[Problem] = []
    lost = convert(made("swift"), folder, made("llava"), tmp_path / "llava", pictures, told.append)
    assert [(one.file, one.row) for one in told] == [("train_swift.jsonl", 3)]
    assert (lost.samples, lost.left_out) == (2, 0)
    first, second = made("llava").load(tmp_path / "llava", "train", unexpected)
    assert first.pictures == second.pictures
    assert str(first.pictures[0].path).startswith("pictures/")
