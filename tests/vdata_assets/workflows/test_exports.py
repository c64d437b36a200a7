"""``exports`` of every workflow: valid, whole, splits apart, described, made once; what is gone is named."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest
import yaml
from exports_lab import NAME, WORKFLOWS, Workflow, failure, findings, key, published, told
from markdown_it import MarkdownIt

from vdata_assets.formats.conversation import Picture, Sample
from vdata_assets.formats.format import Format
from vdata_assets.formats.problems import Problem
from vdata_assets.formats.registry import format_named

TOO_FEW = "takes at least"


@dataclass(frozen=True)
class Made:
    """A dataset with its exports.

    Attributes:
        name: of the workflow.
        workflow: it.
        lab: where it was made.
        root: of its raw data.
    """

    name: str
    workflow: Workflow
    lab: Any
    root: Path

    @property
    def formats(self) -> dict[str, Format]:
        """Those of the YAML, by name."""
        entries = (one if isinstance(one, str) else one["format"] for one in self.workflow.formats)
        return {name: format_named(name) for name in entries}

    @property
    def folder(self) -> Path:
        return published(self.lab, "exports")

    def run(self, **settings: Any) -> dg.ExecuteInProcessResult:
        """Materialize ``exports`` alone."""
        return self.lab.run(self.workflow.definitions(self.root, **settings), key("exports"))

    def loaded(self, name: str) -> dict[str, list[Sample]]:
        """The samples of a format by split, read without a problem."""
        found, problems = self.formats[name], list[Problem]()
        folder = self.folder / name
        samples = {split: list(found.load(folder, split, problems.append)) for split in found.splits(folder)}
        assert [problem for problem in problems if not problem.warning] == []
        return samples

    def content(self, picture: Picture) -> bytes:
        """A picture's bytes, inline or by path."""
        if picture.data is not None:
            return picture.data
        return (Path(told(self.lab)["pictures_relative_to"]) / str(picture.path)).read_bytes()


@pytest.fixture(scope="module", params=WORKFLOWS)
def made(request, make_module_lab, tmp_path_factory) -> Made:
    workflow, lab = WORKFLOWS[request.param], make_module_lab()
    root = tmp_path_factory.mktemp("raw") / "root"
    workflow.write(root)
    found = Made(request.param, workflow, lab, root)
    workflow.materialize(lab, workflow.definitions(root))
    result = found.run()
    assert result.success, failure(lab, result)
    return found


def test_every_split_of_every_format_obeys_its_trainer_and_loads_with_all_its_rows(made):
    rows = 0
    for name, one in made.formats.items():
        folder = made.folder / name
        assert one.splits(folder) == list(made.workflow.splits), name
        problems: list[Problem] = []
        valid = {split: one.validate(folder, split, problems.append) for split in made.workflow.splits}
        # How many rows a service takes is asked apart: these datasets are small.
        faults = [str(problem) for problem in problems if not problem.warning]
        assert [fault for fault in faults if TOO_FEW not in fault] == [], name
        assert {split: len(samples) for split, samples in made.loaded(name).items()} == valid
        rows += sum(valid.values())
    assert told(made.lab)["dagster/row_count"] == rows > 0
    assert told(made.lab)["formats"] == list(made.formats)


def held_out_concepts(made: Made) -> set[bytes]:
    """Pictures of the concepts that validate; the games have none of them, and no split but train."""
    splits = pl.read_parquet(published(made.lab, "concept_splits") / "concept_splits.parquet")
    return {(made.root / path).read_bytes() for path in splits.filter(pl.col("role") == "validation")["path"]}


def test_no_picture_that_trains_is_held_out(made):
    apart = held_out_concepts(made) if made.workflow.splits == ("train",) else set()
    for name in made.formats:
        shown = {
            split: {made.content(picture) for sample in samples for picture in sample.pictures}
            for split, samples in made.loaded(name).items()
        }
        held_out = apart.union(*(shown[split] for split in shown if split != "train"))
        assert held_out
        assert shown["train"].isdisjoint(held_out), name


def test_what_a_format_cannot_say_is_told(made):
    message = findings(made.lab)["export_complete"]["message"]
    table = told(made.lab)["table of formats"]
    for name, lost in made.workflow.lost.items():
        (said,) = [part for part in message.split("; ") if f"{name} lost: " in part]
        words = said.partition(f"{name} lost: ")[2].split(", ")
        assert ", ".join(word.rpartition(" of ")[0] for word in words) == lost
        assert all(f"{word}" in table for word in lost.split(", "))


def front_matter(card: str) -> tuple[dict[str, Any], str]:
    _, head, body = card.split("---\n", 2)
    return yaml.safe_load(head), body


def test_the_card_has_the_hubs_metadata_and_says_of_what_and_how_it_was_made(made):
    artifacts = {dep: made.lab.store.artifact(NAME, dep) for dep in made.workflow.made_of}
    versions = {dep: artifact.current() for dep, artifact in artifacts.items()}
    for name, one in made.formats.items():
        card = (made.folder / name / "README.md").read_text(encoding="utf-8")
        metadata, body = front_matter(card)
        assert metadata["license"] == "cc0-1.0"
        assert metadata["size_categories"] == ["n<1K"]
        assert name in metadata["tags"]
        rows = {split: len(samples) for split, samples in made.loaded(name).items()}
        patterns = metadata.get("configs", [{"data_files": []}])[0]["data_files"]
        assert [entry["split"] for entry in patterns] == [split for split in rows if rows[split]], name
        if one.inlines and "dataset_info" in metadata:
            assert {one["name"]: one["num_examples"] for one in metadata["dataset_info"]["splits"]} == rows
        for dep, version in versions.items():
            assert version.digest in body, dep
        for heading in ("Splits", "Provenance", "Settings", "Audits", "Files", "How to load"):
            assert f"\n## {heading}\n" in body
        assert '"formats": [' in body
        assert "formats\\_valid" in body


def test_hostile_names_stay_data(made):
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table")
    for name in made.formats:
        _, body = front_matter((made.folder / name / "README.md").read_text(encoding="utf-8"))
        kinds = {child.type for token in tokens.parse(body) for child in (token, *(token.children or ()))}
        assert not kinds & {"html_block", "html_inline", "image", "link_open"}, name
    assert "<" not in told(made.lab)["table of formats"]
    whole = [one for samples in made.loaded(made.workflow.whole).values() for one in samples]
    labels = {one.label for one in whole} | {marked.label for one in whole for marked in one.objects}
    texts = [turn.text for one in whole for turn in one.turns]
    assert made.workflow.label in labels or any(made.workflow.label in text for text in texts)


def test_mlcroissant_takes_every_croissant_file_and_sha256sum_every_checksum(made):
    mlcroissant = pytest.importorskip("mlcroissant")
    for name in made.formats:
        folder = made.folder / name
        dataset = mlcroissant.Dataset(str(folder / "croissant.json"))
        assert not dataset.metadata.ctx.issues.errors, name
        command = ["sha256sum", "--check", "--strict", "--quiet", "checksums.sha256"]
        checked = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
        lines = (folder / "checksums.sha256").read_text(encoding="utf-8").splitlines()
        assert len(lines) == sum(path.is_file() for path in folder.rglob("*")) - 1


class TestAnew:
    """In this order: each changes what is published."""

    def test_the_same_again_is_no_work(self, made):
        before = made.folder
        assert made.run().success
        assert made.folder == before
        assert told(made.lab)["reused"] is True

    def test_a_changed_setting_of_the_samples_is_heeded(self, made):
        before = made.folder
        assert made.run(**made.workflow.changed).success
        assert made.folder != before
        assert told(made.lab)["reused"] is False
        assert made.workflow.changed_seen in (made.folder / made.workflow.whole / "README.md").read_text()

    def test_another_list_gives_other_folders(self, made):
        before = made.folder
        assert made.run(formats=[made.workflow.by_path]).success
        assert before != made.folder
        assert {path.name for path in made.folder.iterdir() if path.is_dir()} == {made.workflow.by_path}

    def test_a_picture_that_is_gone_is_named_and_a_kept_one_is_not_missed(self, made):
        first = next(one for samples in made.loaded(made.workflow.by_path).values() for one in samples)
        gone = first.pictures[0].path
        if made.workflow.keeps_pictures:
            shutil.rmtree(made.root)
        else:
            (made.root / gone).unlink()
        assert made.run(formats=[made.workflow.by_path, made.workflow.whole]).success
        complete = findings(made.lab)["export_complete"]
        named = [line for line in complete["offenders"] if gone in line]
        assert bool(named) is not made.workflow.keeps_pictures
        assert (complete["status"] == "WARNING") is bool(named)
        assert all("no such file" in line.lower() for line in named), named
