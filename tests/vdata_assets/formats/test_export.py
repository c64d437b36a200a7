"""A dataset in every format at once: what is written, told and asked of it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from made_rows import PNG, tree

from vdata_assets.formats.about import About
from vdata_assets.formats.conversation import Picture, Sample, Turn
from vdata_assets.formats.convseg.convseg import ABSENT
from vdata_assets.formats.export import Exported, describe, export, formats_of
from vdata_assets.formats.export_audit import audit_export
from vdata_assets.formats.export_checks import EXPORT_CHECKS
from vdata_assets.formats.export_settings import PlainFormat, WebDatasetFormat
from vdata_assets.formats.registry import FORMAT_NAMES, format_named
from vdata_assets.quality.findings import Finding, Status

ABOUT = About("Cats", "Cats and dogs.", "", (), license="cc-by-4.0", provenance={"source": "tests"})
OPTIONS = {"gemini": {"prefix": "gs://bucket/cats"}}
Given = Mapping[str, Iterable[Sample]]


def cat(number: int, *, path: str = "a.png", text: str = "What?") -> Sample:
    turns = (Turn("user", (Picture(path=path), text)), Turn("assistant", (ABSENT,)))
    return Sample(f"cat-{number}", turns, label=f"c{number % 2}", metadata={"k": "v"})


def cats(train: int = 12, val: int = 10) -> dict[str, list[Sample]]:
    return {"train": [cat(n) for n in range(train)], "val": [cat(100 + n) for n in range(val)]}


def written(folder: Path, splits: Given, names: Iterable[str], **more: Any) -> tuple[Exported, Path]:
    root, out = folder / "root", folder / "out"
    root.mkdir(exist_ok=True)
    out.mkdir()
    (root / "a.png").write_bytes(PNG)
    formats = [format_named(name, OPTIONS.get(name, {})) for name in names]
    return export(lambda: splits, formats, root, out, ABOUT, **more), out


def audited(exported: Exported, out: Path) -> dict[str, Finding]:
    found = audit_export(exported, out)
    assert [one.name for one in found] == [check.name for check in EXPORT_CHECKS]
    return {one.name: one for one in found}


def statuses(found: dict[str, Finding]) -> dict[str, str]:
    return {name: one.status.value for name, one in found.items() if one.status is not Status.PASSED}


def test_every_format_has_rows_a_card_croissant_and_checksums(tmp_path: Path) -> None:
    log: list[str] = []
    exported, out = written(tmp_path, cats(), FORMAT_NAMES, log=log.append)
    assert sorted(folder.name for folder in out.iterdir()) == sorted(FORMAT_NAMES)
    for one in exported.formats:
        folder = out / one.name
        names = {file.relative_to(folder) for file in folder.rglob("*") if file.is_file()}
        told = {Path("README.md"), Path("croissant.json"), Path("checksums.sha256")}
        assert told < names
        assert one.bytes == sum((folder / name).stat().st_size for name in names - told)
        assert [(split.name, split.rows) for split in one.splits] == [("train", 12), ("val", 10)]
        assert all(split.files for split in one.splits)
        assert (one.rows, one.lost.left_out) == (22, 0)
        croissant = json.loads((folder / "croissant.json").read_text())
        assert {record["name"].split("/")[0] for record in croissant["recordSet"]} == {"train", "val"}
        assert f"Format: {one.name.replace('_', chr(92) + '_')}" in (folder / "README.md").read_text()
    assert log[:2] == [
        "exports: llava: writing",
        f"exports: llava: 22 rows, {exported.formats[0].bytes:,} bytes; lost: nothing; left out: 0 of 22 "
        "samples",
    ]
    found = audited(exported, out)
    assert statuses(found) == {}
    assert found["formats_valid"].message.startswith("330 rows in 15 formats: 0 problems")


QUICK = [name for name in FORMAT_NAMES if name not in ("huggingface", "parquet", "webdataset")]
"""Without those that import ``datasets``, which takes seconds."""

PROGRAM = """
import sys
from pathlib import Path
from test_export import QUICK, cats, written
folder = Path(sys.argv[1])
folder.mkdir()
written(folder, cats(), QUICK)
"""


def test_the_same_samples_give_the_same_bytes_under_any_hash_seed(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": os.pathsep.join(sys.path)}
    other = tmp_path / "other"
    subprocess.run([sys.executable, "-c", PROGRAM, str(other)], env=environment, check=True)
    _, out = written(tmp_path, cats(), QUICK)
    assert len(tree(out)) > 4 * len(QUICK)
    assert tree(out) == tree(other / "out")


def test_the_same_samples_give_the_same_bytes_twice(tmp_path: Path) -> None:
    trees = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        _, out = written(tmp_path / name, cats(), FORMAT_NAMES)
        trees.append(tree(out))
    assert trees[0] == trees[1]


def test_what_a_format_cannot_say_is_left_out_and_named(tmp_path: Path) -> None:
    splits = cats()
    splits["train"] += [cat(12, text="an <image>"), cat(13, path="gone.png")]
    exported, out = written(tmp_path, splits, ["llava", "openai", "parquet"])
    assert [one.rows for one in exported.formats] == [22, 23, 23]
    found = audited(exported, out)
    assert statuses(found) == {"export_complete": "WARNING"}
    complete = found["export_complete"]
    assert complete.message == (
        "4 samples are left out of a format: llava lost: nothing; left out: 2 of 24 samples; openai lost: "
        "id of 24, label of 24, metadata of 24; left out: 1 of 24 samples; parquet lost: nothing; left out: "
        "1 of 24 samples"
    )
    assert complete.counts == {
        "offenders": 4,
        "llava_left_out": 2,
        "openai_left_out": 1,
        "parquet_left_out": 1,
    }
    assert complete.offenders[0] == (
        "llava: cat-12: the user's text has '<image>' in it, which the trainer takes for a picture or the "
        "like: reword it"
    )
    assert [offender.split(": ")[:2] for offender in complete.offenders] == [
        ["llava", "cat-12"],
        ["llava", "cat-13"],
        ["openai", "cat-13"],
        ["parquet", "cat-13"],
    ]


def test_too_few_rows_are_a_warning_that_names_the_file(tmp_path: Path) -> None:
    exported, out = written(tmp_path, cats(12, 2), ["fireworks", "openai", "llava"])
    found = audited(exported, out)
    assert statuses(found) == {"service_limits": "WARNING"}
    assert found["service_limits"].offenders == (
        "fireworks: val_fireworks.jsonl: file: 2 rows: Fireworks takes at least 3 rows: add some",
        "openai: val_openai.jsonl: file: 2 rows: OpenAI takes at least 10 rows: add some",
    )


@pytest.mark.parametrize("name", FORMAT_NAMES)
def test_an_empty_split_is_no_failure(name: str, tmp_path: Path) -> None:
    exported, out = written(tmp_path, cats(12, 0), [name])
    assert [split.rows for split in exported.formats[0].splits] == [12, 0]
    found = audited(exported, out)
    assert "FAILED" not in statuses(found).values(), found


@pytest.mark.parametrize("name", FORMAT_NAMES)
def test_no_split_is_told(name: str, tmp_path: Path) -> None:
    found = audited(*written(tmp_path, {}, [name]))
    assert statuses(found) == {"service_limits": "WARNING"}
    assert found["service_limits"].offenders == (f"{name}: no split: there is nothing to train on",)


def change(file: Path, old: bytes, new: bytes) -> None:
    content = file.read_bytes()
    assert old in content
    file.write_bytes(content.replace(old, new, 1))


DAMAGE: dict[str, tuple[str, Callable[[Path], object], dict[str, str]]] = {
    "a role": (
        "llava",
        lambda out: change(out / "train_llava.jsonl", b'"gpt"', b'"bot"'),
        {
            "formats_valid": "llava: train_llava.jsonl:1: conversations[1].from: 'bot': human and gpt "
            "alternate from human on, here gpt",
            "export_loads_back": "llava: train_llava.jsonl:1: conversations[1].from: 'bot': ",
            "checksums_hold": "llava: checksums.sha256:",
        },
    ),
    "an id": (
        "llava",
        lambda out: change(out / "train_llava.jsonl", b"cat-1", b"cat-7"),
        {
            "export_loads_back": "llava: train: other ids, or in another order, than were written",
            "checksums_hold": "llava: checksums.sha256:",
        },
    ),
    "a row": (
        "fireworks",
        lambda out: change(out / "val_fireworks.jsonl", b"\n", b"\nx\n"),
        {
            "formats_valid": "fireworks: val_fireworks.jsonl:2: row: 'x': ",
            "export_loads_back": "fireworks: val_fireworks.jsonl:2: row: 'x': ",
            "checksums_hold": "fireworks: checksums.sha256:",
        },
    ),
    "a file": (
        "coco",
        lambda out: (out / "val_coco.json").unlink(),
        {
            "formats_valid": "coco: val: cannot be read: [Errno 2] No such file or directory: "
            "'val_coco.json'",
            "export_loads_back": "coco: val: cannot be read: ",
            "checksums_hold": "coco: checksums.sha256:",
        },
    ),
    "the checksums": (
        "llava",
        lambda out: (out / "checksums.sha256").unlink(),
        {"checksums_hold": "llava: checksums.sha256: there is no such file"},
    ),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_what_was_changed_afterwards_fails(case: str, tmp_path: Path) -> None:
    name, damage, expected = DAMAGE[case]
    exported, out = written(tmp_path, cats(), [name])
    damage(out / name)
    found = audited(exported, out)
    assert statuses(found) == dict.fromkeys(expected, "FAILED")
    for check, offender in expected.items():
        assert found[check].offenders[0].startswith(offender)


def test_more_offenders_than_are_shown_are_counted(tmp_path: Path) -> None:
    exported, out = written(tmp_path, cats(60), ["llava"])
    file = out / "llava" / "train_llava.jsonl"
    file.write_bytes(file.read_bytes().replace(b'"gpt"', b'"bot"'))
    found = audited(exported, out)["formats_valid"]
    assert (len(found.offenders), found.counts["offenders"]) == (20, 60)


def test_the_card_can_be_told_the_findings_afterwards(tmp_path: Path) -> None:
    exported, out = written(tmp_path, cats(), ["llava"])
    describe(exported, out, replace(ABOUT, findings=audit_export(exported, out)))
    assert "formats\\_valid" in (out / "llava" / "README.md").read_text()
    assert statuses(audited(exported, out)) == {}


def test_pictures_bytes_are_left_out_of_formats_of_paths_unless_they_become_files(tmp_path: Path) -> None:
    turns = (Turn("user", (Picture(data=PNG), "What?")), Turn("assistant", ("A cat.",)))
    splits = {"train": [Sample("a", turns)]}
    exported, out = written(tmp_path, splits, ["llava"])
    assert exported.formats[0].lost.left_out == 1
    shutil.rmtree(out)
    exported, out = written(tmp_path, splits, ["llava"], own_pictures=True)
    (row,) = (json.loads(line) for line in (out / "llava" / "train_llava.jsonl").read_text().splitlines())
    assert (out / "llava" / row["image"]).read_bytes() == PNG
    assert statuses(audited(exported, out)) == {}


def test_formats_of_settings_know_the_classes() -> None:
    entries = [
        PlainFormat(format="huggingface"),
        WebDatasetFormat(format="webdataset", shard_samples=5),
        PlainFormat(format="llava"),
    ]
    first, second, third = formats_of(entries, ["cat", "dog"])
    assert (first.classes, second.shard_samples, third.name) == (["cat", "dog"], 5, "llava")  # type: ignore[attr-defined]
    assert formats_of(entries)[0].classes is None  # type: ignore[attr-defined]


def test_a_folder_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    written(tmp_path, cats(), ["llava"])
    with pytest.raises(FileExistsError):
        export(cats, [format_named("llava")], tmp_path / "root", tmp_path / "out", ABOUT)
