"""The Croissant file by its specification and as mlcroissant reads it."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from made_about import exported

from vdata_assets.formats.about import About, Column, SplitAbout, columns_of
from vdata_assets.formats.checksums import Digest
from vdata_assets.formats.croissant import write_croissant
from vdata_assets.formats.tables.conversation_rows import features
from vdata_assets.formats.tables.hf_conversations import HuggingFace
from vdata_assets.formats.tables.parquet_conversations import ParquetImages
from vdata_assets.formats.tables.webdataset import WebDataset

FORMATS = [
    ParquetImages(),
    ParquetImages(shard_bytes=1),
    HuggingFace(),
    WebDataset(),
    WebDataset(shard_samples=1),
]
NAMES = ["parquet", "parquet-shards", "huggingface", "webdataset", "webdataset-shards"]
every = pytest.mark.parametrize("format_", FORMATS, ids=NAMES)


def written(folder: Path, about: About) -> dict[str, Any]:
    return json.loads(write_croissant(folder, about).read_text(encoding="utf-8"))


@every
def test_every_file_is_listed_with_its_digest(format_: Any, tmp_path: Path) -> None:
    told = written(tmp_path, exported(tmp_path, format_))
    assert told["conformsTo"] == "http://mlcommons.org/croissant/1.0"
    assert told["license"] == "https://creativecommons.org/licenses/by/4.0/"
    files = [one for one in told["distribution"] if one["@type"] == "cr:FileObject"]
    names = sorted(file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*") if file.is_file())
    assert [one["@id"] for one in files] == [name for name in names if name != "croissant.json"]
    for one in files:
        content = (tmp_path / one["contentUrl"]).read_bytes()
        assert one["sha256"] == hashlib.sha256(content).hexdigest()
        assert one["contentSize"] == f"{len(content)} B"


@every
def test_fields_have_sources_that_are_there(format_: Any, tmp_path: Path) -> None:
    told = written(tmp_path, exported(tmp_path, format_))
    known = {one["@id"] for one in told["distribution"]}
    assert len(known) == len(told["distribution"])
    sources = []

    def look(fields: list[dict[str, Any]]) -> None:
        for one in fields:
            look(one.get("subField", []))
            if "source" in one:
                sources.append(one["source"].get("fileSet", one["source"].get("fileObject"))["@id"])

    for records in told["recordSet"]:
        look(records["field"])
    assert sources
    assert set(sources) <= known
    assert told["recordSet"][0]["@id"] == "train"


def test_known_digests_are_not_computed_again(tmp_path: Path) -> None:
    told = written(tmp_path, exported(tmp_path, ParquetImages()))
    again = json.loads(
        write_croissant(tmp_path, exported_again(), {"x.parquet": Digest("0" * 64, 5)}).read_text()
    )
    assert [one["sha256"] for one in again["distribution"]] == ["0" * 64]
    assert len(told["distribution"]) == 2


def exported_again() -> About:
    return About("x", "x", "parquet", (SplitAbout("train", 1, ("x.parquet",), 5),))


def test_columns_are_told_by_the_features() -> None:
    found = {column.name: column for column in columns_of(features(["a"]))}
    assert found["images"] == Column("images", "picture", repeated=True)
    assert found["label"].kind == "integer"
    assert found["messages"].holds == "list of {role, content}"
    assert found["objects"].parts[2] == Column("box", "number", repeated=True)
    assert found["id"].holds == "text"


def test_any_text_is_written(tmp_path: Path) -> None:
    about = replace(
        exported(tmp_path, ParquetImages()), name='"\n<b>', license="my own", description="\u2028"
    )
    told = written(tmp_path, about)
    assert (told["name"], told["license"], told["description"]) == ('"\n<b>', "my own", "\u2028")


@every
def test_mlcroissant_finds_no_fault(format_: Any, tmp_path: Path) -> None:
    mlcroissant = pytest.importorskip("mlcroissant")
    write_croissant(tmp_path, exported(tmp_path, format_))
    dataset = mlcroissant.Dataset(str(tmp_path / "croissant.json"))
    assert not dataset.metadata.ctx.issues.errors
    assert {text.rpartition("/")[2].split('"')[0] for text in dataset.metadata.ctx.issues.warnings} <= {
        "citeAs"
    }


@pytest.mark.parametrize("format_", FORMATS[:2], ids=NAMES[:2])
def test_mlcroissant_reads_the_rows(format_: Any, tmp_path: Path) -> None:
    mlcroissant = pytest.importorskip("mlcroissant")
    write_croissant(tmp_path, exported(tmp_path, format_))
    rows = list(mlcroissant.Dataset(str(tmp_path / "croissant.json")).records("train"))
    assert [row["train/id"] for row in rows] == [b"0", b"1", b"2"]
    assert [row["train/label"] for row in rows] == [0, 1, 0]
    assert rows[0]["train/images"][0].size == (64, 48)


def test_mlcroissant_reads_lines(tmp_path: Path) -> None:
    mlcroissant = pytest.importorskip("mlcroissant")
    (tmp_path / "train_llava.jsonl").write_text('{"id": "a", "conversations": [{"from": "human"}]}\n')
    part = Column("from", "text")
    columns = (Column("id", "text"), Column("conversations", "object", repeated=True, parts=(part,)))
    split = SplitAbout("train", 1, ("train_llava.jsonl",), 1)
    write_croissant(tmp_path, About("x", "x", "llava", (split,), columns=columns))
    (row,) = mlcroissant.Dataset(str(tmp_path / "croissant.json")).records("train")
    assert row["train/id"] == b"a"
