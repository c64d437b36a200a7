"""Tar shards as webdataset and datasets read them."""

import io
import json
import re
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_rows import PNG, sample, told, with_json

from vdata_assets.formats.conversation import Picture, Sample, Turn
from vdata_assets.formats.problems import Problem
from vdata_assets.formats.tables.webdataset import WebDataset, features, sample_key

FORMAT = WebDataset()
NAME = "train-000000.tar"


def validated(folder: Path, split: str = "train") -> tuple[int, list[str]]:
    problems: list[Problem] = []
    return FORMAT.validate(folder, split, problems.append), told(problems)


def archive(file: Path, *entries: tuple[str, bytes]) -> None:
    with tarfile.open(file, "w") as target:
        for name, content in entries:
            header = tarfile.TarInfo(name)
            header.size = len(content)
            target.addfile(header, io.BytesIO(content))


def base_plus_ext(name: str) -> tuple[str, str]:
    """As in ``webdataset/tariterators.py`` (1.0)."""
    match = re.match(r"^((?:.*/|)[^.]+)[.]([^/]*)$", name)
    assert match is not None
    return match[1], match[2]


def grouped(file: Path) -> Iterator[dict[str, Any]]:
    """``group_by_keys`` of ``webdataset/tariterators.py`` (1.0)."""
    current: dict[str, Any] = {}
    with tarfile.open(file) as source:
        for entry in source:
            content = source.extractfile(entry)
            assert content is not None
            key, field = base_plus_ext(entry.name)
            if current and key != current["__key__"]:
                yield current
                current = {}
            assert field not in current
            current |= {"__key__": key, field: content.read()}
    if current:
        yield current


def test_a_sample_is_its_json_and_pictures_one_after_another(tmp_path: Path) -> None:
    jpeg = Picture(data=PNG)
    made = replace(sample("Cats/a.b c"), turns=(Turn("user", (jpeg, "?", jpeg)), Turn("assistant", ("A.",))))
    assert FORMAT.save({"train": [replace(made, sizes=()), sample("x")]}, tmp_path, tmp_path) == [Path(NAME)]
    first, second = grouped(tmp_path / NAME)
    assert list(first) == ["__key__", "json", "0.jpg", "1.jpg"]
    assert first["__key__"].startswith("cats-a-b-c-")
    assert first["1.jpg"] == PNG
    assert json.loads(second["json"]) == {
        "id": "x",
        "messages": [
            {"role": "user", "content": [{"type": "image", "text": ""}, {"type": "text", "text": "What?"}]},
            {"role": "assistant", "content": [{"type": "text", "text": "A cat."}]},
        ],
        "label": "cat",
        "objects": '[{"label": "cat", "picture": 0, "box": [1.0, 2.0, 30.0, 40.0], "mask": null}]',
        "sizes": '[{"width": 64, "height": 48}]',
        "metadata": '{"breed": "x"}',
    }


def test_headers_have_no_times_and_owners(tmp_path: Path) -> None:
    FORMAT.save({"train": [sample("x")]}, tmp_path, tmp_path)
    with tarfile.open(tmp_path / NAME) as source:
        for entry in source:
            assert (entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname) == (0, 0, 0, "", "")
            assert (entry.mode, entry.isreg(), entry.pax_headers) == (0o644, True, {})


@given(st.text(max_size=200), st.text(max_size=200))
def test_keys_are_taken_by_both_readers_and_differ_as_ids_do(one: str, other: str) -> None:
    try:
        (one + other).encode()
    except UnicodeEncodeError:
        return
    key = sample_key(one, 0)
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,79}", key)
    assert base_plus_ext(f"{key}.0.jpg") == (key, "0.jpg")
    assert (key == sample_key(other, 0)) == (one == other)


def test_shards_are_bounded_in_bytes_and_samples(tmp_path: Path) -> None:
    made = [sample(f"{number}") for number in range(7)]
    (tmp_path / "few").mkdir()
    few = WebDataset(shard_samples=3).save({"train": made}, tmp_path / "few", tmp_path)
    assert [file.name for file in few] == [f"train-{number:06d}.tar" for number in range(3)]
    small = WebDataset(shard_bytes=1).save({"train": made}, tmp_path, tmp_path)
    assert len(small) == 7
    assert list(FORMAT.load(tmp_path, "train", print)) == list(FORMAT.load(tmp_path / "few", "train", print))
    assert validated(tmp_path) == (7, [])
    assert max(len(list(grouped(tmp_path / "few" / file))) for file in few) == 3


def test_datasets_loads_samples_that_begin_without_labels_and_objects(tmp_path: Path) -> None:
    from datasets import load_dataset

    plain = [replace(sample(f"{number}", None), objects=(), sizes=(), metadata={}) for number in range(6)]
    FORMAT.save({"train": [*plain, sample("last")]}, tmp_path, tmp_path)
    data = load_dataset(
        "webdataset", data_files=str(tmp_path / NAME), split="train", cache_dir=str(tmp_path / "c")
    )
    assert data.features.keys() == features(1).keys()
    assert data[6]["json"]["label"] == "cat"
    assert json.loads(data[6]["json"]["objects"])[0]["label"] == "cat"
    assert data[6]["0.jpg"].size == (64, 48)


def test_other_numbers_of_pictures_are_a_warning_and_load_with_features(tmp_path: Path) -> None:
    from datasets import load_dataset

    without = replace(
        sample("b"), turns=(Turn("user", ("?",)), Turn("assistant", ("A.",))), objects=(), sizes=()
    )
    FORMAT.save({"train": [sample("a"), without]}, tmp_path, tmp_path)
    count, problems = validated(tmp_path)
    assert count == 2
    assert problems == [
        f"{NAME}:2: {sample_key('b', 1)}: ['json']: has the files of the first sample, ['0.jpg', 'json']: "
        "datasets needs its features declared, for it takes them from the first five"
    ]
    data = load_dataset(
        "webdataset",
        data_files=str(tmp_path / NAME),
        split="train",
        features=features(1),
        cache_dir=str(tmp_path / "c"),
    )
    assert data[1]["0.jpg"] is None


def test_a_split_without_samples_is_a_warning(tmp_path: Path) -> None:
    FORMAT.save({"train": []}, tmp_path, tmp_path)
    assert FORMAT.splits(tmp_path) == ["train"]
    assert validated(tmp_path) == (0, ["train: : 0 samples: has a sample: webdataset stops without"])


def test_what_a_tar_cannot_say_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="sample 'a': comes twice in a row, which is one in a tar"):
        FORMAT.save({"train": [sample("a"), sample("a")]}, tmp_path, tmp_path)
    with pytest.raises(ValueError, match="sample 'a': label '' is that of a sample without one"):
        FORMAT.save({"train": [sample("a", "")]}, tmp_path, tmp_path)
    with pytest.raises(ValueError, match="split 'a b': datasets takes letters"):
        FORMAT.save({"a b": []}, tmp_path, tmp_path)


BROKEN: dict[str, tuple[list[tuple[str, bytes]], str]] = {
    "no JSON file": ([("k.0.jpg", PNG)], ":2: k.json: : has a file .json with the messages"),
    "no JSON": ([("k.json", b"{"), ("k.0.jpg", PNG)], ":2: k.json: : is JSON: Expecting property name"),
    "a list": ([("k.json", b"[]")], ":2: k.json: : is a JSON object"),
    "deep JSON": ([("k.json", b"[" * 200_000)], ":2: k.json: : is JSON: "),
    "objects": (
        [("k.json", with_json(objects="x")), ("k.0.jpg", PNG)],
        ":2: k.json: : has objects in JSON: Expecting value",
    ),
    "picture missing": (
        [("k.json", with_json(objects="[]", sizes="[]"))],
        ":2: messages: 1: has as many placeholders for pictures as images has: 0",
    ),
    "no picture": (
        [("k.json", with_json(sizes="[]", objects="[]")), ("k.0.jpg", b"GIF")],
        ":2: images[0]: b'GIF': decodes: not an image in a known format (starts with 47 49 46)",
    ),
    "the same name twice": (
        [("k.json", with_json()), ("k.0.jpg", PNG), ("k.0.jpg", PNG)],
        ":2: 'k.0.jpg': : is there once in its sample, which has at most 10000 files: webdataset stops here",
    ),
    "the same key later": (
        [("a.json", with_json()), ("a.0.jpg", PNG)],
        ":3: a.json: : has a key of its own: it came before",
    ),
    "a slash": (
        [("d/k.json", with_json()), ("d/k.0.jpg", PNG)],
        ":2: d/k.json: : has a key without slashes",
    ),
    "no field": (
        [("README", b"x"), ("k.json", with_json()), ("k.0.jpg", PNG)],
        ": 'README': : is <key>.<field>, and begins with neither a dot nor __: loaders pass it over",
    ),
    "hidden": ([(".k.json", b"{}")], ": '.k.json': : is <key>.<field>, and begins with neither a dot nor __"),
    "passed over": ([("__k.json", b"{}")], ": '__k.json': : is <key>.<field>, and begins with neither"),
    "absolute": (
        [("/k.json", with_json())],
        ": /k.json: b'0': has to be relative to the dataset's folder; it is left out",
    ),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_sample_is_named_by_archive_and_place(broken: str, tmp_path: Path) -> None:
    entries, problem = BROKEN[broken]
    first = [("a.json", with_json()), ("a.0.jpg", PNG)]
    if broken == "the same key later":
        first += [("b.json", with_json()), ("b.0.jpg", PNG)]
    archive(tmp_path / NAME, *first, *entries)
    _, problems = validated(tmp_path)
    assert [text for text in problems if text.startswith(NAME + problem)] != [], problems


def test_a_missing_archive_is_a_problem(tmp_path: Path) -> None:
    WebDataset(shard_samples=1).save({"train": [sample("a"), sample("b")]}, tmp_path, tmp_path)
    (tmp_path / NAME).unlink()
    assert validated(tmp_path)[1][0] == (
        "train: archives: ['train-000001.tar']: are numbered from 000000 without a gap"
    )


def test_a_broken_sample_is_left_out_and_the_rest_is_read(tmp_path: Path) -> None:
    said = with_json(objects="[]", sizes="[]", label="", metadata="{}", id="x")
    archive(
        tmp_path / "any.tar",
        ("a.json", said),
        ("a.jpg", PNG),
        ("b.json", said),
        ("c.JSON", said),
        ("c.0.png", PNG),
        ("c.txt", b"what?"),
    )
    problems: list[Problem] = []
    turns = (Turn("user", (Picture(data=PNG), "What?")), Turn("assistant", ("A cat.",)))
    assert list(FORMAT.load_file(tmp_path / "any.tar", problems.append)) == [Sample("x", turns)] * 2
    assert told(problems) == [
        "any.tar:2: messages[0].content[0]: {'type': 'image', 'text': ''}: "
        "a placeholder has a picture in images; there are fewer"
    ]


def test_pictures_come_by_number_and_not_by_name(tmp_path: Path) -> None:
    shown = [Picture(data=PNG + bytes([number])) for number in range(12)]
    made = Sample("a", (Turn("user", tuple(shown)), Turn("assistant", ("A.",))))
    FORMAT.save({"train": [made]}, tmp_path, tmp_path)
    assert list(FORMAT.load(tmp_path, "train", print)) == [made]
