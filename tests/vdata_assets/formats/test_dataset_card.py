"""The dataset card as the Hub and datasets read it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from made_about import exported
from made_rows import CLASSES
from markdown_it import MarkdownIt

from vdata_assets.formats.about import SplitAbout
from vdata_assets.formats.dataset_card import data_files, loading, pattern, write_card
from vdata_assets.formats.tables import webdataset
from vdata_assets.formats.tables.conversation_rows import features
from vdata_assets.formats.tables.hf_conversations import HuggingFace
from vdata_assets.formats.tables.parquet_conversations import ParquetImages
from vdata_assets.formats.tables.webdataset import WebDataset

HOSTILE = '---\n<script>x</script> | [a](javascript:b) ``` # h\n{{x}} "q"'


def parted(file: Path) -> tuple[dict[str, Any], str]:
    """The metadata and the body."""
    text = file.read_text(encoding="utf-8")
    assert text.startswith("---\n")
    metadata, _, body = text[4:].partition("\n---\n")
    return yaml.safe_load(metadata), body


def test_the_metadata_is_what_the_hub_reads(tmp_path: Path) -> None:
    metadata, body = parted(write_card(tmp_path, exported(tmp_path, ParquetImages(), tags=("cats",))))
    size = (tmp_path / "data/train-00000-of-00001.parquet").stat().st_size
    info = metadata.pop("dataset_info")
    assert metadata == {
        "pretty_name": "Cats",
        "license": "cc-by-4.0",
        "language": ["en"],
        "size_categories": ["n<1K"],
        "task_categories": ["image-text-to-text", "visual-question-answering"],
        "tags": ["cats", "parquet"],
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": "train", "path": "data/train-00000-of-00001.parquet"}],
            }
        ],
    }
    assert info["splits"] == [{"name": "train", "num_bytes": size, "num_examples": 3}]
    assert {"name": "label", "dtype": {"class_label": {"names": {"0": "cat", "1": "dog"}}}} in info[
        "features"
    ]
    assert {"name": "images", "list": "image"} in info["features"]
    heads = [line for line in body.splitlines() if line.startswith("#")]
    assert heads == [
        "# Cats", "## Splits", "## Fields", "## Classes (2)", "## Provenance", "## Settings", "## Audits",
        "## Files", "## How to load",
    ]  # fmt: skip
    assert "| ids\\_unique | PASSED | 3 ids are unique |" in body
    assert "- source: tests" in body
    assert '"seed": 23' in body


@pytest.mark.parametrize(
    ("format_", "declared"),
    [
        (ParquetImages(), features(CLASSES)),
        (HuggingFace(), features(CLASSES)),
        (WebDataset(), webdataset.features(1)),
    ],
    ids=["parquet", "huggingface", "webdataset"],
)
def test_datasets_loads_the_folder_by_its_card(format_: Any, declared: Any, tmp_path: Path) -> None:
    from datasets import load_dataset

    (tmp_path / "export").mkdir()
    write_card(tmp_path / "export", exported(tmp_path / "export", format_, features=declared))
    data = load_dataset(str(tmp_path / "export"), cache_dir=str(tmp_path / "cache"))
    assert list(data) == ["train"]
    assert data["train"].features == declared
    assert data["train"].num_rows == 3


def test_text_from_outside_stays_text(tmp_path: Path) -> None:
    from vdata_assets.quality.findings import Finding, Status

    about = exported(
        tmp_path,
        ParquetImages(),
        name=HOSTILE,
        description=HOSTILE,
        license=HOSTILE,
        classes=(HOSTILE,),
        provenance={HOSTILE: HOSTILE},
        settings={HOSTILE: HOSTILE},
        findings=[Finding(HOSTILE, Status.FAILED, HOSTILE)],
        tags=(HOSTILE,),
    )
    file = write_card(tmp_path, about)
    metadata, body = parted(file)
    assert metadata["license"] == "other"
    assert metadata["license_name"] == "script-x-script-a-javascript-b-h-x-q"
    assert metadata["tags"] == [HOSTILE, "parquet"]
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(body)
    inline = [child for token in tokens for child in token.children or []]
    assert not [token for token in [*tokens, *inline] if "html" in token.type or "link" in token.type]
    fences = [token for token in tokens if token.type == "fence"]
    assert [token.info for token in fences] == ["json", "python"]
    assert [token.tag for token in tokens if token.type == "heading_open"] == ["h1"] + ["h2"] * 8


def test_a_licence_that_is_not_known_is_said_to_be_so(tmp_path: Path) -> None:
    metadata, body = parted(write_card(tmp_path, exported(tmp_path, ParquetImages(), license=None)))
    assert "license" not in metadata
    assert "licence: not known." in body


@pytest.mark.parametrize(
    ("rows", "size"),
    [(0, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (126_607, "100K<n<1M"), (2 * 10**9, "n>1B")],
)
def test_the_size_category(rows: int, size: str, tmp_path: Path) -> None:
    about = exported(tmp_path, ParquetImages())
    about = replace(about, splits=(replace(about.splits[0], rows=rows),))
    assert parted(write_card(tmp_path, about))[0]["size_categories"] == [size]


PATTERNS: dict[str, tuple[tuple[str, ...], str | list[str]]] = {
    "one": (("train_llava.jsonl",), "train_llava.jsonl"),
    "shards": (
        tuple(f"data/train-{number:05d}-of-00012.parquet" for number in range(12)),
        "data/train-000*-of-00012.parquet",
    ),
    "tars": (("train-000000.tar", "train-000001.tar"), "train-00000*.tar"),
    "others": (("a/x.jsonl", "b/x.jsonl"), ["a/x.jsonl", "b/x.jsonl"]),
    "brackets": (("train[1].jsonl",), "train[[]1].jsonl"),
    "descriptions beside": (
        ("train/data-00000-of-00001.arrow", "train/dataset_info.json", "train/state.json"),
        "train/data-00000-of-00001.arrow",
    ),
    "lines and the same as an array": (("train.json", "train.jsonl"), "train.jsonl"),
}


@pytest.mark.parametrize("case", PATTERNS)
def test_a_splits_data_files(case: str) -> None:
    files, expected = PATTERNS[case]
    assert pattern(SplitAbout("train", 1, files, 1)) == expected


def test_pictures_beside_are_no_data_files() -> None:
    assert data_files(SplitAbout("train", 1, ("train.jsonl", "a.jpg"), 1)) == ["train.jsonl"]


@pytest.mark.parametrize("file", ["/etc/passwd.jsonl", "../x.jsonl"])
def test_a_file_outside_is_refused(file: str, tmp_path: Path) -> None:
    about = replace(exported(tmp_path, ParquetImages()), splits=(SplitAbout("train", 1, (file,), 1),))
    with pytest.raises(ValueError, match="is relative to the export's folder, without"):
        write_card(tmp_path, about)


def test_how_to_load_is_told_by_the_format(tmp_path: Path) -> None:
    about = exported(tmp_path, HuggingFace())
    assert loading(about) == 'from datasets import load_from_disk\n\ndataset = load_from_disk(".")'
    lines = replace(about, format="llava", splits=(SplitAbout("train", 1, ("train_llava.jsonl",), 1),))
    assert loading(lines) == (
        "from datasets import load_dataset\n\n"
        "dataset = load_dataset('json', data_files={'train': 'train_llava.jsonl'})"
    )
    other = replace(about, format="x", splits=(SplitAbout("train", 1, ("train.bin",), 1),))
    assert loading(other) == "# see the format's trainer"
