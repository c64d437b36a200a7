"""Every question that is asked of the samples has a case that it hits."""

from collections.abc import Callable

import polars as pl
import pytest
from class_data import all_in, image_rows

from vdata_assets.conversations.class_audit import audit_class_samples
from vdata_assets.conversations.class_balance import sample_rows
from vdata_assets.conversations.class_checks import CLASS_SAMPLES_CHECKS
from vdata_assets.conversations.class_samples import Conversations
from vdata_assets.conversations.class_settings import (
    ClassAuditSettings,
    ClassBalanceSettings,
    ClassWordingSettings,
)
from vdata_assets.quality.findings import Finding, Status
from vdata_assets.splits.settings import SplitSettings

IMAGES = image_rows({"a": 4, "b": 3})
WORDING = ClassWordingSettings()
SAMPLES = pl.concat(
    Conversations(
        sample_rows(
            IMAGES,
            all_in(IMAGES).with_columns(split=pl.Series(["train"] * 3 + ["val", "train", "train", "test"])),
            SplitSettings(),
            ClassBalanceSettings(priority_classes=["b"], priority_copies=2),
            42,
        ),
        WORDING,
    ).batches()
).sort("sample_id")


def audited(
    samples: pl.DataFrame = SAMPLES,
    images: pl.DataFrame = IMAGES,
    wording: ClassWordingSettings = WORDING,
    settings: ClassAuditSettings | None = None,
) -> dict[str, Finding]:
    audit = settings or ClassAuditSettings()
    found = audit_class_samples(samples.lazy(), images, SplitSettings(), wording, audit)
    assert [finding.name for finding in found] == [check.name for check in CLASS_SAMPLES_CHECKS]
    return {finding.name: finding for finding in found}


def saying(text: str | None) -> pl.DataFrame:
    turns = pl.Series(
        [[{"role": "user", "text": text}, {"role": "assistant", "text": "a"}]], dtype=SAMPLES.schema["turns"]
    )
    first = pl.int_range(pl.len()) == 0
    return SAMPLES.with_columns(turns=pl.when(first).then(turns.implode().explode()).otherwise("turns"))


def test_sound_samples_pass() -> None:
    assert {finding.status for finding in audited().values()} == {Status.PASSED}
    assert audited()["copies_in_training_only"].counts == {"offenders": 0, "copies": 2}


def edit(**columns: pl.Expr) -> Callable[[], pl.DataFrame]:
    return lambda: SAMPLES.with_columns(**columns)


@pytest.mark.parametrize(
    ("name", "samples", "status", "message", "offenders"),
    [
        (
            "sample_ids_unique",
            edit(sample_id=pl.col("sample_id").replace("a_0001", "a_0000")),
            Status.FAILED,
            "2 of 9 samples share their id with another",
            ("a_0000",),
        ),
        (
            "sample_images_exist",
            edit(path=pl.col("path").replace("a/0001.jpg", "a/9999.jpg")),
            Status.FAILED,
            "images of 1 of 9 samples are not in the catalog or cannot be read",
            ("a_0001",),
        ),
        (
            "samples_disjoint",
            edit(split=pl.when(pl.col("sample_id") == "b_0000_copy1").then(pl.lit("val")).otherwise("split")),
            Status.FAILED,
            "1 of 7 pictures are in samples of more than one split",
            ("b_0000", "b_0000_copy1"),
        ),
        (
            "copies_in_training_only",
            edit(copy=pl.when(pl.col("split") == "val").then(pl.lit(1, pl.UInt32)).otherwise("copy")),
            Status.FAILED,
            "1 samples outside train are copies; 3 copies are in all",
            ("a_0003",),
        ),
    ],
)
def test_what_is_wrong_with_samples_is_named(
    name: str, samples: Callable[[], pl.DataFrame], status: Status, message: str, offenders: tuple[str, ...]
) -> None:
    found = audited(samples())[name]
    assert (found.status, found.message, found.offenders) == (status, message, offenders)


def test_an_image_that_cannot_be_read_is_named() -> None:
    broken = pl.when(pl.col("path") == "a/0000.jpg").then(pl.lit("damaged")).otherwise("reason")
    found = audited(images=IMAGES.with_columns(reason=broken))["sample_images_exist"]
    assert found.offenders == ("a_0000",)


@pytest.mark.parametrize(
    ("text", "check", "offender"),
    [
        (" \n", "texts_sound", "a_0000: user: ' \\n'"),
        (None, "texts_sound", "a_0000: user: ''"),
        ("x" * 2001, "texts_sound", f"a_0000: user: '{'x' * 80}'"),
        ("What {noun} is this?", "placeholders_filled", "a_0000: user: 'What {noun} is this?'"),
        ("A {class}.", "placeholders_filled", "a_0000: user: 'A {class}.'"),
    ],
)
def test_a_bad_text_is_named(text: str | None, check: str, offender: str) -> None:
    found = audited(saying(text))
    assert (found[check].status, found[check].offenders) == (Status.FAILED, (offender,))
    assert found[check].counts["offenders"] == 1
    assert sum(finding.status is Status.FAILED for finding in found.values()) == 1


def test_other_braces_are_no_placeholders() -> None:
    assert audited(saying("{x} {Class} {}"))["placeholders_filled"].status is Status.PASSED


def test_a_class_that_is_named_like_a_placeholder_is_no_fault() -> None:
    images = image_rows({"{class}": 2, "b": 2})
    rows = sample_rows(images, all_in(images), SplitSettings(), ClassBalanceSettings(), 42)
    made = pl.concat(Conversations(rows, WORDING).batches())
    assert audited(made, images)["placeholders_filled"].status is Status.PASSED


def test_imbalance_is_told_before_and_after_copies() -> None:
    found = audited(settings=ClassAuditSettings(max_imbalance=1.1))["training_balanced"]
    assert found.status is Status.WARNING
    assert found.offenders == ("a: 3 samples of 3 images",)
    assert found.message == (
        "the largest class has 1.3 times the training samples of the smallest, 1.5 times before copies; "
        "1 of 2 classes are more than 1.1 times smaller than it"
    )


def test_nothing_to_train_on_is_no_crash() -> None:
    assert audited(SAMPLES.filter(pl.col("split") != "train"))["training_balanced"].status is Status.PASSED
    assert audited(SAMPLES.clear())["texts_sound"].status is Status.PASSED
