"""Every way in which an export can be wrong is found over all rows, with ids, figures and a status."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from export_tables import HEIGHT, WIDTH, a_frame, an_object, bad_object, rle, tables, unreadable

from vdata_assets.annotations.checks import EXPORT_CHECKS
from vdata_assets.annotations.export_audit import archive_broken, archive_sound, audit_export, drop
from vdata_assets.annotations.import_export import import_export
from vdata_assets.annotations.painted_masks import PaintedReport
from vdata_assets.annotations.rle_order import OrderDecision
from vdata_assets.annotations.settings import AnnotationAuditSettings, ExportSettings
from vdata_assets.quality.findings import Finding, Status
from vdata_assets.quality.report import overall

CLEAR = OrderDecision("column", "all masks are COCO's", clear=True)
EMPTY_MASK = "the mask is empty"


def audited(
    frames: list[dict[str, Any]],
    settings: ExportSettings | None = None,
    order: OrderDecision = CLEAR,
    painted: PaintedReport | None = None,
    twin: str | None = None,
    **limits: Any,
) -> dict[str, Finding]:
    """Findings by name, after dropping what the settings drop."""
    kept_frames, kept_objects, dropped = drop(*tables("clip", frames), settings or ExportSettings())
    findings = audit_export(
        kept_frames,
        kept_objects,
        audit=AnnotationAuditSettings(**{"tiny_area": 0, **limits}),
        order=order,
        painted=painted,
        twin=twin,
        dropped=dropped,
    )
    assert [finding.name for finding in findings] == [check.name for check in EXPORT_CHECKS[1:]]
    return {finding.name: finding for finding in findings}


def frames(count: int, empty: int = 0) -> list[dict[str, Any]]:
    """``count`` frames, the last ``empty`` of them without objects."""
    return [
        a_frame(str(number), *([an_object()] if number < count - empty else [])) for number in range(count)
    ]


def ids(*numbers: int) -> tuple[str, ...]:
    return tuple(f"clip-{number:06}" for number in numbers)


def test_a_sound_export_passes_every_check() -> None:
    findings = audited(frames(3)).values()
    assert {finding.name for finding in findings if finding.status is not Status.PASSED} == set()
    assert overall(findings) == "PASSED"


def test_15_of_1000_frames_without_annotations_fail_with_the_documents_message_and_ids() -> None:
    findings = audited(frames(1000, empty=15))
    finding = findings["missing_annotations"]
    assert finding.message == "15 frames (1.5%) have no annotations"
    assert finding.offenders == ids(*range(985, 1000))
    assert finding.counts == {"offenders": 15, "frames": 1000, "dropped": 0}
    assert overall(findings.values()) == "FAILED"


@pytest.mark.parametrize(
    ("count", "empty", "message"),
    [
        pytest.param(1000, 1, "1 frame (0.1%) has no annotations", id="one"),
        pytest.param(1000, 0, "0 frames (0.0%) have no annotations", id="none"),
        pytest.param(3, 3, "3 frames (100.0%) have no annotations", id="all"),
        pytest.param(0, 0, "there is no annotated frame", id="no frames"),
    ],
)
def test_messages_on_missing_annotations(count: int, empty: int, message: str) -> None:
    finding = audited(frames(count, empty))["missing_annotations"]
    assert finding.message == message
    assert finding.status is (Status.FAILED if empty or not count else Status.PASSED)


def test_dropping_frames_without_annotations_passes_and_says_how_many() -> None:
    finding = audited(frames(1000, 15), ExportSettings(on_missing_annotations="drop"))["missing_annotations"]
    assert finding.message == "0 frames (0.0%) have no annotations; 15 were dropped"
    assert (finding.status, finding.counts["dropped"]) == (Status.PASSED, 15)


def test_dropping_every_frame_is_no_way_to_pass() -> None:
    finding = audited(frames(2, 2), ExportSettings(on_missing_annotations="drop"))["missing_annotations"]
    assert finding.message == "there is no annotated frame; 2 were dropped"
    assert finding.status is Status.FAILED


HOSTILE = [
    pytest.param({"rle": "!"}, "character '!' at 0 is no COCO run length", id="malformed"),
    pytest.param(
        {"rle": "P1"},
        "run lengths sum to 32, the image has 30 x 20 = 600 pixels: the mask is of another size",
        id="of another size",
    ),
    pytest.param({"rle": rle((0, 0, 0, 0))}, EMPTY_MASK, id="empty"),
    pytest.param({"rle": None}, "there is no mask", id="none"),
    pytest.param({"rle": None, "reason": "character 'x' at 3 is no digit"}, None, id="known already"),
]


@pytest.mark.parametrize(("fields", "reason"), HOSTILE)
def test_a_bad_mask_fails_with_its_id_and_reason(fields: dict[str, Any], reason: str | None) -> None:
    rows = [a_frame("a", an_object(), an_object("dog", **fields)), a_frame("b", an_object())]
    finding = audited(rows)["mask_integrity"]
    assert finding.message == "1 object (33.3%) has a bad mask"
    assert finding.offenders == (f"clip-000000#1: {reason or fields['reason']}",)
    assert finding.status is Status.FAILED


def test_a_mask_of_a_frame_without_a_picture_is_the_frames_fault() -> None:
    findings = audited([unreadable("truncated", an_object()), a_frame("b", an_object())])
    assert findings["frames_readable"].offenders == ("clip-000000: truncated",)
    assert findings["frames_readable"].message == "1 frame (50.0%) has no picture that can be read"
    assert findings["mask_integrity"].status is Status.PASSED


def test_a_bad_label_is_the_labels_fault_not_the_masks() -> None:
    findings = audited([a_frame("a", bad_object("label has markup ('<' or '>')", "<image>"), an_object())])
    assert findings["labels_valid"].offenders == ("clip-000000#0: the label has markup ('<' or '>')",)
    assert findings["labels_valid"].message == "1 object (50.0%) has a bad label"
    assert findings["mask_integrity"].status is Status.PASSED


MIXED = [
    unreadable("truncated", an_object(), an_object("dog")),
    a_frame("b", bad_object(EMPTY_MASK), bad_object("label is empty", label="")),
    a_frame("c", an_object(), bad_object(EMPTY_MASK)),
    a_frame("d"),
]


@pytest.mark.parametrize(
    ("settings", "kept", "dropped"),
    [
        pytest.param(
            {},
            [("clip-000000", 2), ("clip-000001", 2), ("clip-000002", 2), ("clip-000003", 0)],
            {},
            id="fail",
        ),
        pytest.param(
            {"on_bad_frame": "drop"},
            [("clip-000001", 2), ("clip-000002", 2), ("clip-000003", 0)],
            {"bad_frames": 1, "objects_of_bad_frames": 2},
            id="bad frames, with their objects",
        ),
        pytest.param(
            {"on_bad_mask": "drop"},
            [("clip-000000", 2), ("clip-000001", 0), ("clip-000002", 1), ("clip-000003", 0)],
            {"bad_masks": 2, "bad_labels": 1},
            id="bad objects",
        ),
        pytest.param(
            {"on_bad_mask": "drop", "on_missing_annotations": "drop"},
            [("clip-000000", 2), ("clip-000002", 1)],
            {"bad_masks": 2, "bad_labels": 1, "frames_without_annotations": 2},
            id="bad objects, then frames left without any",
        ),
        pytest.param(
            {"on_bad_frame": "drop", "on_bad_mask": "drop", "on_missing_annotations": "drop"},
            [("clip-000002", 1)],
            {
                "bad_frames": 1,
                "objects_of_bad_frames": 2,
                "bad_masks": 2,
                "bad_labels": 1,
                "frames_without_annotations": 2,
            },
            id="all",
        ),
    ],
)
def test_what_is_dropped_is_gone_counted_and_the_counts_of_objects_stay_true(
    settings: dict[str, Any], kept: list[tuple[str, int]], dropped: dict[str, int]
) -> None:
    kept_frames, kept_objects, figures = drop(*tables("clip", MIXED), ExportSettings(**settings))
    assert kept_frames.select("frame_id", "objects").rows() == kept
    assert {name: count for name, count in figures.items() if count} == dropped
    own = dict(kept_objects.group_by("frame_id").len().iter_rows())
    assert own == {frame_id: count for frame_id, count in kept if count}


def test_findings_say_what_was_dropped() -> None:
    drop_all = ExportSettings(on_bad_frame="drop", on_bad_mask="drop", on_missing_annotations="drop")
    messages = {name: finding.message for name, finding in audited(MIXED, drop_all).items()}
    assert messages["frames_readable"] == (
        "0 frames (0.0%) have no picture that can be read; 1 was dropped with 2 objects"
    )
    assert messages["missing_annotations"] == "0 frames (0.0%) have no annotations; 2 were dropped"
    assert messages["mask_integrity"] == "0 objects (0.0%) have a bad mask; 2 were dropped"
    assert messages["labels_valid"] == "0 objects (0.0%) have a bad label; 1 was dropped"


@pytest.mark.parametrize(
    ("fields", "message", "offender"),
    [
        pytest.param(
            {"box": [2, 3, 10, 8]},
            "1 of 1 objects have a box or an area that is not their mask's, 0 a box that leaves the image",
            "clip-000000#0: box [2.0, 3.0, 10.0, 8.0] and area 90, its mask has [2.0, 3.0, 10.0, 9.0] and 90",
            id="another box",
        ),
        pytest.param(
            {"box": [25, 3, 9, 9]},
            "1 of 1 objects have a box or an area that is not their mask's, 1 a box that leaves the image",
            "clip-000000#0: box [25.0, 3.0, 9.0, 9.0] and area 90, its mask has [2.0, 3.0, 10.0, 9.0] and 90",
            id="outside",
        ),
        pytest.param(
            {"area": 91},
            "1 of 1 objects have a box or an area that is not their mask's, 0 a box that leaves the image",
            "clip-000000#0: box [2.0, 3.0, 10.0, 9.0] and area 91, its mask has [2.0, 3.0, 10.0, 9.0] and 90",
            id="another area",
        ),
        pytest.param(
            {"box": None},
            "1 of 1 objects have a box or an area that is not their mask's, 0 a box that leaves the image",
            "clip-000000#0: box None and area 90, its mask has [2.0, 3.0, 10.0, 9.0] and 90",
            id="no box",
        ),
    ],
)
def test_boxes_are_held_against_masks_and_image(fields: dict[str, Any], message: str, offender: str) -> None:
    finding = audited([a_frame("a", an_object(**fields))])["boxes_match_masks"]
    assert (finding.message, finding.offenders, finding.status) == (message, (offender,), Status.FAILED)


GRID = {"source_height": HEIGHT // 2, "source_width": WIDTH // 3}
BOX = (6, 4, 12, 10)  # on the grid: [2, 2, 4, 5], 20 pixels


@pytest.mark.parametrize(
    ("stored", "tolerance", "hits"),
    [
        pytest.param(
            {"source_box": [2, 2, 4, 5], "source_area": 20}, 0, (0, 0), id="exact on the stored grid"
        ),
        pytest.param({"source_box": [3, 2, 4, 5]}, 0.1, (0, 0), id="a box within the tolerance"),
        pytest.param({"source_box": [4, 2, 4, 5]}, 0.1, (1, 0), id="a box beyond it"),
        pytest.param({"source_box": [2, 2, 5, 4], "source_area": 20}, 0.1, (0, 0), id="one pixel of ten"),
        pytest.param({"source_box": [6, 4, 12, 10], "source_area": 120}, 0.1, (1, 1), id="of the image"),
        pytest.param({"source_area": 26}, 0.1, (0, 1), id="an area beyond it"),
        pytest.param({}, 0, (0, 0), id="nothing stored"),
    ],
)
def test_stored_geometry_is_compared_on_the_stored_grid(
    stored: dict[str, Any], tolerance: float, hits: tuple[int, int]
) -> None:
    rows = [a_frame("a", an_object(filled=BOX, **GRID, **stored))]
    finding = audited(rows, geometry_tolerance=tolerance)["stored_geometry"]
    assert (finding.counts["boxes"], finding.counts["areas"]) == hits
    assert finding.status is (Status.WARNING if any(hits) else Status.PASSED)


def test_stored_geometry_without_a_grid_is_not_asked() -> None:
    finding = audited([a_frame("a", an_object(source_box=[9, 9, 9, 9], source_area=1))])["stored_geometry"]
    assert finding.message == "0 of 0 stored boxes and 0 of 0 stored areas disagree with the mask"


def test_tiny_objects_and_crowded_frames_warn() -> None:
    rows = [a_frame("a", *[an_object()] * 3), a_frame("b", an_object(filled=(0, 0, 3, 3)))]
    findings = audited(rows, tiny_area=10, max_objects_per_frame=2)
    assert findings["tiny_objects"].message == "1 of 4 masks have fewer than 10 pixels"
    assert findings["tiny_objects"].offenders == ("clip-000001#0: 9 pixels",)
    assert (
        findings["objects_per_frame"].message
        == "1 of 2 frames have more than 2 objects; the most in one are 3"
    )
    assert findings["objects_per_frame"].offenders == ("clip-000000: 3 objects",)
    assert overall(findings.values()) == "PASSED_WITH_WARNINGS"


@pytest.mark.parametrize(
    ("asked", "check", "offenders", "message"),
    [
        pytest.param(
            {"twin": "other"},
            "archive_new",
            ("other",),
            "the archive is, byte by byte, that of export other",
            id="the same archive again",
        ),
        pytest.param(
            {"order": OrderDecision("row", "a guess", clear=False)},
            "rle_order_clear",
            ("a guess",),
            "masks are read in row-major order: a guess",
            id="an order that is not clear",
        ),
        pytest.param(
            {"painted": PaintedReport(painted=True, share=0.5, frames=[1], grounds="alpha 0.5")},
            "frames_clean",
            ids(1),
            "masks are painted into 50% of the frames looked at: alpha 0.5",
            id="painted masks",
        ),
        pytest.param(
            {"painted": PaintedReport(painted=False, share=0.0, frames=[], grounds="no constant colour")},
            "frames_clean",
            (),
            "no masks are painted into the frames: no constant colour",
            id="clean frames",
        ),
    ],
)
def test_what_is_known_of_the_archive(
    asked: dict[str, Any], check: str, offenders: tuple[str, ...], message: str
) -> None:
    finding = audited(frames(2), **asked)[check]
    assert (finding.message, finding.offenders) == (message, offenders)
    assert finding.status is (Status.WARNING if offenders else Status.PASSED)


def test_an_archive_that_cannot_be_used_fails_with_its_reason() -> None:
    assert archive_sound("clip.zip").status is Status.PASSED
    broken = archive_broken("clip.zip", "it is encrypted: export it without a password")
    assert broken.status is Status.FAILED
    assert broken.message == "clip.zip cannot be used: it is encrypted: export it without a password"
    assert broken.offenders == ("clip.zip",)


def test_all_rows_are_asked_in_slices_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vdata_assets.annotations.mask_audit.MASKS_AT_ONCE", 2)
    rows = [a_frame(str(n), an_object(area=90 + (n % 3 == 0))) for n in range(7)]
    finding = audited(rows)["boxes_match_masks"]
    assert [offender[:13] for offender in finding.offenders] == [
        "clip-000000#0",
        "clip-000003#0",
        "clip-000006#0",
    ]


def test_an_object_of_no_frame_is_named() -> None:
    frame_table, object_table = tables("clip", frames(2))
    findings = audit_export(
        frame_table.head(1),
        object_table,
        audit=AnnotationAuditSettings(),
        order=CLEAR,
        painted=None,
        twin=None,
        dropped={},
    )
    named = next(finding for finding in findings if finding.name == "mask_integrity")
    assert named.offenders == ("clip-000001#0: its frame is not in the frames table",)


JUGGLED, WITHOUT_OBJECTS = "31e95181-6046-4ade-a792-a92b5027b88f", "3b4d8878-6706-40bb-af20-ba61a76ae85e"


def genuine(folder: Path, key: str, out: Path) -> dict[str, Finding]:
    """Findings on a genuine export, its pictures from its video."""
    videos = {key: str(folder / "05_default_juggle.mp4")}
    imported = import_export(
        folder / f"{key}.zip", key, out, ExportSettings(videos=videos), AnnotationAuditSettings(), twins={}
    )
    return {finding.name: finding for finding in imported.findings}


def test_the_genuine_export_without_objects_fails(test_data: Callable[[str], Path], tmp_path: Path) -> None:
    findings = genuine(test_data("sam2-export-genuine"), WITHOUT_OBJECTS, tmp_path)
    assert findings["missing_annotations"].message == "42 frames (100.0%) have no annotations"
    assert findings["missing_annotations"].offenders[:2] == (
        f"{WITHOUT_OBJECTS}-000000",
        f"{WITHOUT_OBJECTS}-000006",
    )
    assert overall(findings.values()) == "FAILED"


def test_boxes_that_the_genuine_tool_stored_disagree_with_its_masks(
    test_data: Callable[[str], Path], tmp_path: Path
) -> None:
    findings = genuine(test_data("sam2-export-genuine"), JUGGLED, tmp_path)
    assert findings["stored_geometry"].message == (
        "28 of 42 stored boxes and 0 of 42 stored areas disagree with the mask"
    )
    assert findings["boxes_match_masks"].status is Status.PASSED
