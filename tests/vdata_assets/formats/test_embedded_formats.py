"""What holds of every format whose files hold the pictures: huggingface, parquet and webdataset."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_rows import PNG, sample, tree
from made_samples import samples

from vdata_assets.formats.conversation import Feature, Picture, Sample, Turn
from vdata_assets.formats.tables.conversation_rows import EXPRESSES
from vdata_assets.formats.tables.embedded_pictures import with_pictures
from vdata_assets.formats.tables.hf_conversations import HuggingFace
from vdata_assets.formats.tables.parquet_conversations import ParquetImages
from vdata_assets.formats.tables.webdataset import WebDataset
from vdata_resources.images import load_rgb

FORMATS = [HuggingFace(), ParquetImages(), WebDataset()]
NAMES = [one.name for one in FORMATS]
every = pytest.mark.parametrize("format_", FORMATS, ids=NAMES)


def unexpected(problem: object) -> None:
    raise AssertionError(problem)


@every
@settings(max_examples=15)
@given(
    st.lists(samples(EXPRESSES), max_size=6, unique_by=lambda one: one.id),
    st.lists(samples(EXPRESSES), max_size=1),
)
def test_samples_come_back_as_they_were_written_and_are_valid(
    format_: Any, train: list[Sample], test: list[Sample]
) -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        written = format_.save({"train": iter(train), "test": iter(test)}, folder, folder)
        assert sorted(file.as_posix() for file in written) == list(tree(folder))
        assert format_.splits(folder) == ["train", "test"]
        assert list(format_.load(folder, "train", unexpected)) == train
        assert list(format_.load(folder, "test", unexpected)) == test
        problems: list[Any] = []
        assert format_.validate(folder, "train", problems.append) == len(train)
        assert [problem for problem in problems if not problem.warning] == []


def photos(root: Path) -> list[Sample]:
    files = sorted(file.relative_to(root).as_posix() for file in root.rglob("*.jpg"))
    turns = [(Turn("user", (Picture(path=file), "What?")), Turn("assistant", ("A cat.",))) for file in files]
    return [Sample(file, said, label=file.split("/")[-2]) for file, said in zip(files, turns, strict=True)]


@every
def test_real_photos_are_their_own_bytes(
    format_: Any, test_data: Callable[[str], Path], tmp_path: Path
) -> None:
    root = test_data("cat-breeds")
    made = photos(root)
    format_.save({"train": made}, tmp_path, root)
    loaded = list(format_.load(tmp_path, "train", unexpected))
    assert [(one.id, one.label) for one in loaded] == [(one.id, one.label) for one in made]
    for before, after in zip(made, loaded, strict=True):
        assert after.pictures[0].data == (root / str(before.pictures[0].path)).read_bytes()
    assert format_.validate(tmp_path, "train", unexpected) == len(made) == 37


@every
def test_a_rotated_picture_is_upright_for_any_reader(
    format_: Any, test_data: Callable[[str], Path], tmp_path: Path
) -> None:
    root = test_data("edge-images") / "pillow"
    turns = (Turn("user", (Picture(path="hopper_orientation_6.jpg"),)), Turn("assistant", ("A woman.",)))
    format_.save({"train": [Sample("a", turns)]}, tmp_path, root)
    (loaded,) = format_.load(tmp_path, "train", unexpected)
    content = loaded.pictures[0].data
    assert content.startswith(b"\x89PNG")
    assert load_rgb(content).tobytes() == load_rgb(root / "hopper_orientation_6.jpg").tobytes()


ASKED = (Turn("user", ("Hi",)), Turn("assistant", ("Ho",)))
REFUSED = {
    "url": (
        Sample("a", (Turn("user", (Picture(url="https://example.org/a.jpg"),)), ASKED[1])),
        r"sample 'a': {name} cannot say: picture by URL; convert the samples first",
    ),
    "weight": (
        Sample("a", (ASKED[0], Turn("assistant", ("Ho",), 1.0))),
        r"sample 'a': {name} cannot say: weight; convert the samples first",
    ),
    "outside": (
        Sample("a", (Turn("user", (Picture(path="../a.jpg"),)), ASKED[1])),
        r"sample 'a': picture 0: \.\./a\.jpg: must not leave the dataset's folder with \.\.",
    ),
    "absolute": (
        Sample("a", (Turn("user", (Picture(path="/etc/passwd"),)), ASKED[1])),
        r"sample 'a': picture 0: /etc/passwd: has to be relative to the dataset's folder",
    ),
    "gone": (
        Sample("a", (Turn("user", ("See", Picture(path="gone.jpg"))), ASKED[1])),
        r"sample 'a': picture 0: gone\.jpg: cannot be read: No such file or directory",
    ),
    "no picture": (
        Sample("a", (Turn("user", (Picture(data=b"GIF89 not"),)), ASKED[1])),
        r"sample 'a': picture 0: not an image in a known format \(starts with 47 49 46 38 39 20 6e 6f\)",
    ),
    "half a character": (
        Sample("a", (Turn("user", ("a\ud83d",)), ASKED[1])),
        r"sample 'a': '\\ud83d' is half a surrogate pair: remove it",
    ),
}


@every
@pytest.mark.parametrize("refused", REFUSED)
def test_what_cannot_be_written_is_refused(format_: Any, refused: str, tmp_path: Path) -> None:
    bad, message = REFUSED[refused]
    with pytest.raises(ValueError, match=message.format(name=format_.name)):
        format_.save({"train": [sample("b"), bad]}, tmp_path, tmp_path)


PROGRAM = """
import sys
from pathlib import Path
from made_rows import sample
from test_embedded_formats import FORMATS
for format_ in FORMATS:
    folder = Path(sys.argv[1]) / format_.name
    folder.mkdir()
    format_.save({"train": [sample(f"{n}", f"c{n % 7}") for n in range(20)], "val": []}, folder, folder)
"""


def test_the_same_samples_give_the_same_bytes_under_any_hash_seed(tmp_path: Path) -> None:
    for seed in ("1", "7"):
        (tmp_path / seed).mkdir()
        subprocess.run(
            [sys.executable, "-c", PROGRAM, str(tmp_path / seed)],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            check=True,
        )
    assert len(tree(tmp_path / "1")) == 11
    assert tree(tmp_path / "1") == tree(tmp_path / "7")


def test_samples_are_read_as_they_are_written(tmp_path: Path) -> None:
    """Memory holds some pictures and never all."""
    asked = 0

    def many() -> Any:
        nonlocal asked
        for number in range(1000):
            asked += 1
            yield sample(f"{number}")

    read = with_pictures(many(), tmp_path, EXPRESSES, "parquet", 2)
    for _ in range(10):
        next(read)
    assert asked < 40


@pytest.mark.parametrize("format_", FORMATS[:2], ids=NAMES[:2])
def test_labels_are_numbered_by_their_sorted_names(format_: Any, tmp_path: Path) -> None:
    made = [sample("1", "pug"), sample("2", None), sample("3", "Abyssinian")]
    format_.save({"train": made[:2], "val": made[2:]}, tmp_path, tmp_path)
    names = type(format_)(classes=["pug", "Abyssinian"])
    (tmp_path / "known").mkdir()
    names.save({"train": made[:2], "val": made[2:]}, tmp_path / "known", tmp_path)
    known = tree(tmp_path / "known")
    assert {name: content for name, content in tree(tmp_path).items() if "known" not in name} == known
    assert [one.label for one in format_.load(tmp_path, "train", unexpected)] == ["pug", None]


@pytest.mark.parametrize("format_", FORMATS[:2], ids=NAMES[:2])
def test_a_label_that_is_none_of_the_classes_is_refused(format_: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="sample 'a': label 'cow' is none of the 1 classes"):
        type(format_)(classes=["cat"]).save({"train": [sample("a", "cow")]}, tmp_path, tmp_path)


def test_a_picture_shown_twice_is_there_twice(tmp_path: Path) -> None:
    twice = Picture(data=PNG)
    made = Sample("a", (Turn("user", (twice, "and", twice)), Turn("assistant", ("Same.",))))
    HuggingFace().save({"train": [made]}, tmp_path, tmp_path)
    assert list(HuggingFace().load(tmp_path, "train", unexpected)) == [made]
    assert Feature.PATH not in EXPRESSES
