"""Classes of unequal size are found, named with their ratios, and recommended for augmentation."""

import polars as pl
import pytest

from vdata_assets.annotations.class_balance import class_balance
from vdata_assets.annotations.settings import AnnotationAuditSettings
from vdata_assets.quality.findings import Status
from vdata_assets.quality.report import overall

DOCUMENT = {"person": 2800, "car": 900, "dog": 300}


def objects(sizes: dict[str, int], reason: str | None = None) -> pl.DataFrame:
    labels = [label for label, size in sizes.items() for _ in range(size)]
    return pl.DataFrame(
        {"label": labels, "reason": [reason] * len(labels)},
        schema={"label": pl.String, "reason": pl.String},
    )


def test_the_documents_severe_imbalance_is_a_warning_that_recommends_augmentation() -> None:
    finding = class_balance(objects(DOCUMENT), AnnotationAuditSettings())
    assert finding.message == "Severe class imbalance detected: person/dog = 9.3:1; augment dog"
    assert finding.offenders == ("dog: 300 of 4000 instances, person/dog = 9.3:1",)
    assert finding.counts == {"offenders": 1, "instances": 4000, "classes": 3, "largest_ratio": 9.333}
    assert overall([finding]) == "PASSED_WITH_WARNINGS"


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        pytest.param({"a": 90, "b": 10}, "Severe class imbalance detected: a/b = 9.0:1; augment b", id="9:1"),
        pytest.param(
            {"a": 89, "b": 10}, "Moderate class imbalance detected: a/b = 8.9:1; augment b", id="8.9:1"
        ),
        pytest.param(
            {"a": 50, "b": 10}, "Moderate class imbalance detected: a/b = 5.0:1; augment b", id="5:1"
        ),
        pytest.param(
            {"a": 49, "b": 10},
            "2 classes, 59 instances: the largest, a, has at most 4.9 times those of another",
            id="4.9:1",
        ),
        pytest.param(
            {"a": 100, "c": 20, "b": 5, "d": 20, "e": 50},
            "Severe class imbalance detected: a/b = 20.0:1, a/c = 5.0:1, a/d = 5.0:1; augment b, c, d",
            id="every minority, the smallest first",
        ),
        pytest.param(
            {"b": 5, "a": 5},
            "2 classes, 10 instances: the largest, a, has at most 1.0 times those of another",
            id="equal",
        ),
        pytest.param({"a": 1}, "fewer than two classes to compare: a with 1 instance", id="one class"),
        pytest.param({}, "fewer than two classes to compare: there are no objects", id="none"),
    ],
)
def test_messages(sizes: dict[str, int], message: str) -> None:
    finding = class_balance(objects(sizes), AnnotationAuditSettings())
    assert finding.message == message
    assert finding.status is (Status.WARNING if "imbalance" in message else Status.PASSED)


@pytest.mark.parametrize(
    ("limits", "start"),
    [
        pytest.param({"severe_imbalance": 9.5}, "Moderate", id="severe from 9.5"),
        pytest.param({"severe_imbalance": 20, "moderate_imbalance": 10}, "3 classes", id="both above"),
    ],
)
def test_the_limits_are_settings(limits: dict[str, float], start: str) -> None:
    assert class_balance(objects(DOCUMENT), AnnotationAuditSettings(**limits)).message.startswith(start)


def test_objects_that_cannot_be_used_are_no_instances() -> None:
    rows = pl.concat([objects({"a": 10, "b": 10}), objects({"a": 500}, "the mask is empty")])
    assert class_balance(rows, AnnotationAuditSettings()).status is Status.PASSED


def test_of_hundreds_of_minorities_the_message_names_twenty_and_counts_the_rest() -> None:
    finding = class_balance(
        objects({"most": 900} | {f"c{n:03}": 1 for n in range(300)}), AnnotationAuditSettings()
    )
    assert finding.message.endswith("c018, c019 and 280 more")
    assert (len(finding.offenders), finding.counts["offenders"]) == (20, 300)
