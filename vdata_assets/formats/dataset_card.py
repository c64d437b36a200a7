"""A dataset's card: README.md with the metadata that the Hugging Face Hub reads.

Keys are those of https://github.com/huggingface/hub-docs/blob/main/datasetcard.md and, for ``configs`` and
``dataset_info``, of ``datasets/info.py`` and ``datasets/packaged_modules``. Text from outside is escaped: in
the metadata by YAML, in the body as Markdown.
"""

import glob
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from vdata_assets.formats.about import CARD, CHECKSUMS, LICENSES, About, SplitAbout, require_inside
from vdata_assets.reports.markdown import escaped, table
from vdata_assets.reports.names import one_line

MOST_FILES = 50
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"),
         (10_000_000, "1M<n<10M"), (100_000_000, "10M<n<100M"), (1_000_000_000, "100M<n<1B"))  # fmt: skip
READERS = {".parquet": "parquet", ".tar": "webdataset", ".arrow": "arrow", ".jsonl": "json", ".json": "json"}
"""Module of ``datasets`` that reads a file, by the end of its name."""

RESERVED = "all"
"""Name that ``datasets.load_dataset`` keeps for the union of all splits."""


def write_card(folder: Path, about: About) -> Path:
    """Write README.md; the file.

    Raises:
        ValueError: a split's file is not inside the folder.
    """
    file = folder / CARD
    file.write_text("\n\n".join(_parts(about)) + "\n", encoding="utf-8", newline="\n")
    return file


def _parts(about: About) -> Iterator[str]:
    yield _metadata(about)
    yield f"# {escaped(about.name)}"
    yield from (escaped(text) for text in re.split(r"\n\s*\n", about.description) if text.strip())
    told = [f"Format: {escaped(about.format)}", f"version: {escaped(about.version)}"]
    yield ", ".join([*told, f"licence: {escaped(about.license or 'not known')}"]) + "."
    yield "## Splits"
    yield table(
        _frame(
            split=[split.name for split in about.splits],
            rows=[split.rows for split in about.splits],
            bytes=[split.bytes for split in about.splits],
        )
    )
    if about.columns:
        yield "## Fields"
        yield table(
            _frame(
                field=[column.name for column in about.columns],
                holds=[column.holds for column in about.columns],
                about=[column.description for column in about.columns],
            )
        )
    if about.classes:
        yield f"## Classes ({len(about.classes):,})"
        yield table(_frame(number=list(range(len(about.classes))), name=list(about.classes)))
    yield "## Provenance"
    yield _pairs(about.provenance) or "Not stated."
    yield "## Settings"
    yield _fenced(json.dumps(dict(about.settings), indent=2, ensure_ascii=False, default=str), "json")
    yield "## Audits"
    yield _audits(about)
    yield "## Files"
    files = [file for split in about.splits for file in split.files]
    yield "\n".join(f"- {escaped(file)}" for file in files[:MOST_FILES]) or "None."
    if len(files) > MOST_FILES:
        yield f"{len(files) - MOST_FILES:,} more are not shown."
    yield f"`sha256sum --check {CHECKSUMS}` checks all of them."
    yield "## How to load"
    yield _fenced(about.loading or loading(about), "python")


def _metadata(about: About) -> str:
    import yaml

    found: dict[str, Any] = {"pretty_name": one_line(about.name)}
    if about.license in LICENSES:
        found["license"] = about.license
    elif about.license:
        found |= {"license": "other", "license_name": _slug(about.license)}
    found["language"] = list(about.languages)
    found["size_categories"] = [next((name for most, name in SIZES if about.rows < most), "n>1B")]
    found["task_categories"] = list(about.tasks)
    found["tags"] = [*about.tags, about.format]
    # A split without rows: datasets refuses the whole dataset ("corresponds to no data").
    splits = [split for split in about.splits if split.rows]
    patterns = [{"split": split.name, "path": pattern(split)} for split in splits]
    named = all(split.name != RESERVED for split in splits)
    if patterns and named and reader(about) is not None:
        found["configs"] = [{"config_name": "default", "data_files": patterns}]
    if about.features is not None:
        size = sum(split.bytes for split in splits)
        found["dataset_info"] = {
            "features": about.features._to_yaml_list(),
            "splits": [
                {"name": split.name, "num_bytes": split.bytes, "num_examples": split.rows} for split in splits
            ],
            "download_size": size,
            "dataset_size": size,
        }
    return f"---\n{yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=1 << 20)}---"


def pattern(split: SplitAbout) -> str | list[str]:
    """What matches a split's data files and no others: a name, a glob, or names."""
    files = [require_inside(file) for file in data_files(split)]
    if len(files) == 1:
        return glob.escape(files[0])
    start = _common(files)
    end = _common([file[len(start) :][::-1] for file in files])[::-1]
    middles = [file[len(start) : len(file) - len(end)] for file in files]
    if "/" not in "".join(middles) and all(middle.isdigit() for middle in middles):
        return f"{glob.escape(start)}*{glob.escape(end)}"
    return [glob.escape(file) for file in files]


def _common(texts: list[str]) -> str:
    """The characters that all of them begin with."""
    return os.path.commonprefix(texts)  # noqa: RUF071 - of characters, not of folders


def data_files(split: SplitAbout) -> list[str]:
    """A split's files that hold rows: of the kind that most of them are, by name, if a reader knows it."""
    ends = [Path(file).suffix for file in split.files]
    known = [end for end in ends if end in READERS]
    if not known:
        return list(split.files)
    first = min(known, key=list(READERS).index)
    return [file for file, end in zip(split.files, ends, strict=True) if end == first]


def reader(about: About) -> str | None:
    """The module of ``datasets`` that reads the files; None if there is none."""
    files = [file for split in about.splits for file in data_files(split)]
    return READERS.get(Path(files[0]).suffix) if files else None


def loading(about: About) -> str:
    """Python that loads the dataset, as its format is usually loaded."""
    if about.format == "huggingface":
        return 'from datasets import load_from_disk\n\ndataset = load_from_disk(".")'
    module = reader(about)
    if module is None:
        return "# see the format's trainer"
    names = {split.name: pattern(split) for split in about.splits if split.rows}
    return f"from datasets import load_dataset\n\ndataset = load_dataset({module!r}, data_files={names!r})"


def _audits(about: About) -> str:
    if not about.findings:
        return "None were made."
    found = list(about.findings)
    return table(
        _frame(
            audit=[finding.name for finding in found],
            verdict=[finding.status.value for finding in found],
            message=[finding.message for finding in found],
        ),
        max_rows=len(found),
    )


def _pairs(pairs: Any) -> str:
    return "\n".join(f"- {escaped(str(name))}: {escaped(str(value))}" for name, value in pairs.items())


def _frame(**columns: list[Any]) -> pl.DataFrame:
    numbers = {"rows", "bytes", "number"}
    types = {name: pl.Int64 if name in numbers else pl.String for name in columns}
    return pl.DataFrame(columns, types)


def _fenced(text: str, language: str) -> str:
    """Text as it is, whatever backticks it has (CommonMark 0.31, section 4.5)."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-.") or "unnamed"
