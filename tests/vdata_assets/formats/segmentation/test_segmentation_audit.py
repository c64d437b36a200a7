"""What the audits of segmentation datasets find."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from vdata_assets.formats.segmentation.annotation_hf import write_annotation_hf
from vdata_assets.formats.segmentation.segmentation_audit import audit_annotation_hf, audit_llava
from vdata_assets.formats.segmentation.segmentation_samples import WrittenSamples
from vdata_assets.quality.findings import Status
from vdata_resources.images import load_rgb

LABELS = [["person"], ["person", "car", "person"], [], ["car"], ["dog", "person"], ["dog", "!car"], ["cup"]]
Rows = list[dict[str, Any]]


@pytest.fixture
def made(annotations):
    return annotations(LABELS)


@pytest.fixture
def hf(made, tmp_path: Path) -> WrittenSamples:
    return write_annotation_hf(made.source, made.splits, tmp_path / "hf")


@pytest.fixture
def llava(made, linked, tmp_path: Path) -> WrittenSamples:
    return linked(made, tmp_path / "llava")


def test_written_datasets_pass_and_frames_left_out_are_counted(hf, llava) -> None:
    for findings, name in (
        (audit_annotation_hf(hf), "dataset_hf_loads"),
        (audit_llava(llava), "dataset_llava_loads"),
    ):
        loads, samples = findings
        assert (loads.name, loads.status, loads.offenders) == (name, Status.PASSED, ())
        assert loads.message == "0 problems in 6 samples of 9 objects"
        assert (samples.name, samples.status) == ("samples_written", Status.WARNING)
        assert samples.message == "1 of 7 frames are left out: 1 without objects, 0 without split"
        assert samples.offenders == ("cup-000002: no objects",)


def test_frames_without_split_are_counted(annotations, tmp_path: Path) -> None:
    made = annotations(LABELS)
    written = write_annotation_hf(made.source, made.splits.head(5), tmp_path / "hf")
    _, samples = audit_annotation_hf(written)
    assert samples.counts == {"offenders": 3, "frames_without_objects": 1, "frames_without_split": 2}
    assert samples.offenders == ("cup-000002: no objects", "cup-000005: no split", "cup-000006: no split")


def test_rotated_pictures_pass_as_upright_ones(annotations, linked, test_data, tmp_path: Path) -> None:
    photo = test_data("edge-images") / "pillow" / "hopper_orientation_6.jpg"
    made = annotations([["person"]], {0: photo}, load_rgb(photo).size[::-1])
    for findings in (
        audit_annotation_hf(write_annotation_hf(made.source, made.splits, tmp_path / "hf")),
        audit_llava(linked(made, tmp_path / "llava")),
    ):
        assert [finding.status for finding in findings] == [Status.PASSED, Status.PASSED]


@pytest.mark.parametrize("labels", [[], [[]]])
def test_no_samples_at_all_fail(labels: list[list[str]], annotations, linked, tmp_path: Path) -> None:
    made = annotations(labels)
    for findings in (
        audit_annotation_hf(write_annotation_hf(made.source, made.splits, tmp_path / "hf")),
        audit_llava(linked(made, tmp_path / "llava")),
    ):
        assert findings[0].status is Status.FAILED
        assert findings[0].offenders == ("there are no samples: annotate frames, and materialize splits",)


def rewrite(file: Path, change: Callable[[Rows], object]) -> None:
    """Change the rows of an Arrow file."""
    with pa.OSFile(str(file)) as opened, pa.ipc.open_stream(opened) as stream:
        table = stream.read_all()
    rows = table.to_pylist()
    change(rows)
    with pa.OSFile(str(file), "wb") as opened, pa.ipc.new_stream(opened, table.schema) as stream:
        stream.write_table(pa.Table.from_pylist(rows, table.schema))


def put(row: int, name: str, value: Any) -> Callable[[Rows], None]:
    def change(rows: Rows) -> None:
        rows[row][name] = value

    return change


def other_answer(rows: Rows) -> None:
    for turn in rows[0]["conversations"][1::2]:
        turn["value"] = turn["value"].replace("1 person", "1 dog")


def other_box(rows: Rows) -> None:
    rows[0]["bounding_boxes"][0][0] += 1


def other_mask(rows: Rows) -> None:
    rows[1]["masks"][0]["counts"], rows[1]["masks"][1]["counts"] = (
        rows[1]["masks"][1]["counts"],
        rows[1]["masks"][0]["counts"],
    )


def transposed(rows: Rows) -> None:
    rows[0]["masks"][0]["size"].reverse()


def other_image(rows: Rows) -> None:
    rows[0]["image"], rows[1]["image"] = rows[1]["image"], rows[0]["image"]


NOT_THE_OBJECTS = "masks, boxes, labels, ids and areas are not those of the objects table"


@pytest.mark.parametrize(
    ("change", "problems"),
    [
        (lambda rows: rows.pop(1), ["train: sample cup-000001 is missing"]),
        (
            lambda rows: rows.append(rows[0]),
            ["train: sample cup-000000 is there 2 times", "train: sample cup-000000 is there 2 times"],
        ),
        (lambda rows: rows.reverse(), ["train: samples are not in the order of the frames"]),
        (
            put(0, "id", "cup-000003"),
            [
                "train: sample cup-000000 is missing",
                "train: sample cup-000003 does not belong there",
                "train: sample cup-000003 is there 2 times",
                "val: sample cup-000003 is there 2 times",
            ],
        ),
        (
            other_image,
            [
                f"train: {name}: the image is not frames/cup/frame_{name[4:]}.jpg of the annotations"
                for name in ("cup-000000", "cup-000001")
            ],
        ),
        (put(0, "video_id", "x"), ["train: cup-000000: video_id is x, expected cup final"]),
        (put(0, "frame_index", 9), ["train: cup-000000: frame_index is 9, expected 0"]),
        (put(0, "labels", ["dog"]), [f"train: cup-000000: {NOT_THE_OBJECTS}"]),
        (put(0, "labels", []), [f"train: cup-000000: {NOT_THE_OBJECTS}"]),
        (put(0, "object_ids", ["x"]), [f"train: cup-000000: {NOT_THE_OBJECTS}"]),
        (put(0, "areas", [21]), [f"train: cup-000000: {NOT_THE_OBJECTS}"]),
        (other_box, [f"train: cup-000000: {NOT_THE_OBJECTS}"]),
        (other_mask, [f"train: cup-000001: {NOT_THE_OBJECTS}"]),
        (transposed, ["train: cup-000000: a mask's size is [32, 24], expected [24, 32]"]),
        (
            put(0, "conversations", []),
            ["train: cup-000000: turns are from [], expected human and gpt by turns"],
        ),
        (
            other_answer,
            ["train: cup-000000: the classes and boxes of the answers are not those of the objects"],
        ),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_every_row_of_a_dataset_dict_is_compared(
    change: Callable[[Rows], object], problems: list[str], hf: WrittenSamples
) -> None:
    rewrite(hf.folder / "train/data-00000-of-00001.arrow", change)
    loads, _ = audit_annotation_hf(hf)
    assert loads.status is Status.FAILED
    assert list(loads.offenders) == problems


def truncate(folder: Path) -> None:
    file = folder / "val/data-00000-of-00001.arrow"
    file.write_bytes(file.read_bytes()[:300])


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda folder: shutil.rmtree(folder), "does not load: "),
        (lambda folder: (folder / "train/state.json").write_text("{"), "does not load: "),
        (truncate, "does not load: "),
        (
            lambda folder: (folder / "dataset_dict.json").write_text('{"splits": ["train", "val"]}'),
            "is not a DatasetDict with the splits ['train', 'val', 'test']: ",
        ),
    ],
    ids=["gone", "state", "truncated", "split gone"],
)
def test_a_dataset_dict_that_does_not_load_fails(
    damage: Callable[[Path], object], problem: str, hf: WrittenSamples
) -> None:
    damage(hf.folder)
    loads, _ = audit_annotation_hf(hf)
    assert loads.status is Status.FAILED
    assert loads.offenders[0].startswith(problem)


def rewrite_lines(folder: Path, change: Callable[[Rows], object]) -> None:
    """Change the samples of LLaVA's train split in both files."""
    rows = [json.loads(line) for line in (folder / "train.jsonl").read_text().splitlines()]
    change(rows)
    lines = [json.dumps(row) for row in rows]
    (folder / "train.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "train.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")


def swapped_masks(rows: Rows) -> None:
    rows[1]["masks"].append(rows[1]["masks"].pop(0))


@pytest.mark.parametrize(
    ("change", "problems"),
    [
        (lambda rows: rows.pop(1), ["train: sample cup-000001 is missing"]),
        (
            put(0, "image", "images/cup/frame_000001.jpg"),
            [
                "train: cup-000000: image is images/cup/frame_000001.jpg, "
                "expected images/cup/frame_000000.jpg",
                "train: cup-000000: the image is not frames/cup/frame_000000.jpg of the annotations",
            ],
        ),
        (other_box, ["train: cup-000000: masks and boxes are not those of the objects table"]),
        (swapped_masks, ["train: cup-000001: masks and boxes are not those of the objects table"]),
        (
            other_answer,
            ["train: cup-000000: the classes and boxes of the answers are not those of the objects"],
        ),
    ],
    ids=["sample gone", "other image", "other box", "swapped masks", "other answer"],
)
def test_every_line_is_compared(
    change: Callable[[Rows], object], problems: list[str], llava: WrittenSamples
) -> None:
    rewrite_lines(llava.folder, change)
    loads, _ = audit_llava(llava)
    assert loads.status is Status.FAILED
    assert list(loads.offenders) == problems


def edit(name: str, old: str, new: str) -> Callable[[Path], object]:
    def damage(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1))

    return damage


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda folder: (folder / "val.jsonl").unlink(), "val: there is no file val.jsonl"),
        (lambda folder: (folder / "val.json").unlink(), "val: there is no file val.json"),
        (edit("val.jsonl", '{"id"', '{"more":1,"id"'), "val: Object contains unknown field `more`"),
        (edit("val.jsonl", '"masks"', '"mask"'), "val: Object contains unknown field `mask`"),
        (edit("val.jsonl", "}\n", ""), "val: "),
        (edit("val.json", "\n]\n", "\n]"), "val.json is not the lines of val.jsonl as one array"),
        (edit("train.json", "},\n", "}\n"), "train.json is not the lines of train.jsonl as one array"),
        (
            edit("samples_manifest.json", '"objects": 3}', '"objects": 2}'),
            "samples_manifest.json: ListedSample(",
        ),
        (
            edit("samples_manifest.json", "images/cup/frame_000003", "images/cup/frame_000001"),
            "samples_manifest.json: ListedSample(id='cup-000003'",
        ),
        (edit("samples_manifest.json", '"samples": [', '"s": ['), "samples_manifest.json: Object missing"),
        (
            lambda folder: (folder / "samples_manifest.json").unlink(),
            "samples_manifest.json: there is no file samples_manifest.json",
        ),
        (
            lambda folder: (folder / "images/cup/frame_000003.jpg").unlink(),
            "val: cup-000003: there is no file frame_000003.jpg",
        ),
    ],
)
def test_llava_files_that_cannot_be_read_or_differ_fail(
    damage: Callable[[Path], object], problem: str, llava: WrittenSamples
) -> None:
    damage(llava.folder)
    loads, _ = audit_llava(llava)
    assert loads.status is Status.FAILED
    assert loads.offenders[0].startswith(problem)
