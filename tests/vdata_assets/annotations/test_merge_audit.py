"""The whole dataset is validated again after every merge: history, duplicates, labels, classes, masks."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from export_tables import a_frame, an_object, publish

from vdata_assets.annotations.checks import ANNOTATIONS_CHECKS, HISTORY_KEPT
from vdata_assets.annotations.merge import Part, merge
from vdata_assets.annotations.merge_audit import audit_annotations, known_frames
from vdata_assets.annotations.settings import AnnotationAuditSettings
from vdata_assets.quality.findings import Finding, Status
from vdata_assets.quality.report import overall

Frame = Mapping[str, Any]


def merged(folder: Path, parts: Sequence[Part], previous: Path | None = None) -> Path:
    folder.mkdir()
    merge(parts, previous, folder, lambda source, target: None, lambda line: None)
    return folder


def audited(
    folder: Path,
    previous: Path | None = None,
    missing: Mapping[str, str] | None = None,
    change: Mapping[str, pl.Expr] | None = None,
    **limits: Any,
) -> dict[str, Finding]:
    """Findings on a merge by name; ``change`` alters its objects first."""
    findings = audit_annotations(
        pl.read_parquet(folder / "frames.parquet"),
        pl.read_parquet(folder / "objects.parquet").with_columns(**change or {}),
        pl.read_parquet(folder / "exports.parquet"),
        missing=missing or {},
        previous=None if previous is None else known_frames(previous),
        audit=AnnotationAuditSettings(**limits),
    )
    assert [finding.name for finding in findings] == [check.name for check in ANNOTATIONS_CHECKS]
    return {finding.name: finding for finding in findings}


def one_export(tmp_path: Path, frames: Sequence[Frame]) -> Path:
    return merged(tmp_path / "v1", [publish(tmp_path, "a", frames)])


def hits(findings: Mapping[str, Finding]) -> set[str]:
    return {name for name, finding in findings.items() if finding.status is not Status.PASSED}


def test_a_grown_dataset_is_validated_as_a_whole(tmp_path: Path) -> None:
    old = publish(tmp_path, "b", [a_frame(f"b{n}", an_object()) for n in range(100)])
    new = publish(tmp_path, "a", [a_frame(f"a{n}", an_object("dog")) for n in range(50)])
    before = merged(tmp_path / "v1", [old])
    findings = audited(merged(tmp_path / "v2", [old, new], before), before)
    assert hits(findings) == set()
    assert overall(findings.values()) == "PASSED"
    assert findings["annotations_found"].message == "150 annotated frames of 2 exports"
    assert findings["history_kept"].message == (
        "of 100 frames of the last version whose exports are as they were, "
        "0 are gone and 0 have another content"
    )


def test_the_documents_class_imbalance_passes_with_warnings(tmp_path: Path) -> None:
    entries = [
        an_object(label) for label, count in (("person", 28), ("car", 9), ("dog", 3)) for _ in range(count)
    ]
    numbered = [entry | {"object_id": str(number)} for number, entry in enumerate(entries)]
    findings = audited(one_export(tmp_path, [a_frame("x", *numbered)]))
    assert findings["class_imbalance"].message == (
        "Severe class imbalance detected: person/dog = 9.3:1; augment dog"
    )
    assert hits(findings) == {"class_imbalance"}
    assert overall(findings.values()) == "PASSED_WITH_WARNINGS"


def test_frames_that_the_merge_left_without_objects_fail(tmp_path: Path) -> None:
    finding = audited(one_export(tmp_path, [a_frame("x", an_object()), a_frame("y")]))["missing_annotations"]
    assert (finding.message, finding.offenders) == ("1 frame (50.0%) has no annotations", ("a-000001",))
    assert finding.status is Status.FAILED


@pytest.mark.parametrize(
    ("change", "check", "offender"),
    [
        pytest.param(
            {"rle": pl.lit("!")},
            "mask_integrity",
            "a-000000#0: character '!' at 0 is no COCO run length",
            id="a mask",
        ),
        pytest.param(
            {"area": pl.lit(89, pl.UInt32)},
            "boxes_match_masks",
            "a-000000#0: box [2.0, 3.0, 10.0, 9.0] and area 89, its mask has [2.0, 3.0, 10.0, 9.0] and 90",
            id="an area",
        ),
        pytest.param(
            {"area": pl.lit(9, pl.UInt32)}, "tiny_objects", "a-000000#0: 9 pixels", id="a tiny object"
        ),
    ],
)
def test_every_mask_is_checked_again(
    tmp_path: Path, change: Mapping[str, pl.Expr], check: str, offender: str
) -> None:
    findings = audited(one_export(tmp_path, [a_frame("x", an_object())]), change=change)
    assert findings[check].offenders == (offender,)


def test_no_annotated_frame_fails(tmp_path: Path) -> None:
    finding = audited(merged(tmp_path / "v1", []))["annotations_found"]
    assert (finding.status, finding.message) == (Status.FAILED, "0 annotated frames of 0 exports")


def test_exports_that_are_not_merged_are_listed_with_the_reason(tmp_path: Path) -> None:
    folder = one_export(tmp_path, [a_frame("x", an_object())])
    finding = audited(folder, missing={"z": "it was rejected", "b": "it is encrypted"})["exports_merged"]
    assert finding.message == "2 of 3 exports are not in the dataset"
    assert finding.offenders == ("b: it is encrypted", "z: it was rejected")
    assert finding.status is Status.WARNING


def test_duplicates_are_counted_by_export(tmp_path: Path) -> None:
    parts = [
        publish(tmp_path, "a", [a_frame("x", an_object()), a_frame("x", an_object())]),
        publish(tmp_path, "b", [a_frame("x", an_object()), a_frame("y", an_object())]),
    ]
    finding = audited(merged(tmp_path / "v1", parts))["duplicate_frames"]
    assert finding.message == "2 copies of frames left out, 2 frames kept"
    assert finding.offenders == ("a: 1 frame", "b: 1 frame")


@pytest.mark.parametrize(
    ("labels", "offenders"),
    [
        pytest.param(["person", "Person", "person"], ("person (2), Person (1)",), id="case"),
        pytest.param(
            ["traffic light", "traffic_light", "Traffic-Light"],
            ("Traffic-Light (1), traffic light (1), traffic_light (1)",),
            id="space, _ and -",
        ),
        pytest.param(["STRASSE", "straße"], ("STRASSE (1), straße (1)",), id="letters of other scripts"),
        pytest.param(["car", "cart"], (), id="other words"),
    ],
)
def test_one_class_has_one_spelling(tmp_path: Path, labels: list[str], offenders: tuple[str, ...]) -> None:
    entries = [an_object(label, object_id=str(number)) for number, label in enumerate(labels)]
    finding = audited(one_export(tmp_path, [a_frame("x", *entries)]))["labels_consistent"]
    assert finding.offenders == offenders
    assert finding.status is (Status.WARNING if offenders else Status.PASSED)


@pytest.mark.parametrize(
    ("second", "offenders"),
    [
        pytest.param({"label": "dog"}, ("object 1 of clip in a: ball, dog",), id="another class"),
        pytest.param({"label": "dog", "object_id": "2"}, (), id="another object"),
        pytest.param({"label": "ball"}, (), id="the same"),
    ],
)
def test_an_object_of_a_video_has_one_class(
    tmp_path: Path, second: dict[str, Any], offenders: tuple[str, ...]
) -> None:
    folder = one_export(tmp_path, [a_frame("x", an_object()), a_frame("y", an_object(**second))])
    assert audited(folder)["labels_consistent"].offenders == offenders


def test_objects_of_two_exports_or_videos_may_be_numbered_alike(tmp_path: Path) -> None:
    parts = [
        publish(tmp_path, "a", [a_frame("x", an_object()), a_frame("z", an_object("cat"), video_id="other")]),
        publish(tmp_path, "b", [a_frame("x", an_object("dog")), a_frame("y", an_object("dog"))]),
    ]
    assert audited(merged(tmp_path / "v1", parts))["labels_consistent"].status is Status.PASSED


KNOWN = {"frame_id": "a-000000", "export": "a", "content_hash": "0", "digest": "1"}


@pytest.mark.parametrize(
    ("known", "offenders"),
    [
        pytest.param({}, (), id="kept"),
        pytest.param({"frame_id": "a-000009"}, ("a-000009: gone",), id="gone"),
        pytest.param({"content_hash": "1"}, ("a-000000: another content",), id="another content"),
        pytest.param({"content_hash": "1", "digest": "0"}, (), id="of a changed export"),
        pytest.param({"frame_id": "b-000000", "export": "b"}, (), id="of an export that is gone"),
    ],
)
def test_history_is_kept(known: dict[str, str], offenders: tuple[str, ...], tmp_path: Path) -> None:
    folder = one_export(tmp_path, [a_frame("x", an_object())])
    true_hash = pl.read_parquet(folder / "frames.parquet")["content_hash"][0]
    finding = next(
        finding
        for finding in audit_annotations(
            pl.read_parquet(folder / "frames.parquet"),
            pl.read_parquet(folder / "objects.parquet"),
            pl.read_parquet(folder / "exports.parquet"),
            missing={},
            previous=pl.DataFrame([KNOWN | {"content_hash": true_hash} | known]),
            audit=AnnotationAuditSettings(),
        )
        if finding.name == HISTORY_KEPT.name
    )
    assert finding.offenders == offenders
    assert finding.status is (Status.FAILED if offenders else Status.PASSED)


def test_history_stands_through_a_rebuild_in_which_a_changed_export_brings_a_known_picture(
    tmp_path: Path,
) -> None:
    first = publish(tmp_path, "a", [a_frame("x", an_object())])
    second = publish(tmp_path, "b", [a_frame("y", an_object())])
    before = merged(tmp_path / "v1", [first, second])
    changed = publish(tmp_path, "a", [a_frame("y", an_object()), a_frame("x", an_object())], "2")
    after = merged(tmp_path / "v2", [changed, second], before)
    assert audited(after, before)["history_kept"].status is Status.PASSED
