"""A verdict over findings, for programs as JSON, for people as Markdown that renders as just its text."""

import pytest
from markdown_it import MarkdownIt

from vdata_assets.quality.findings import Check, Finding, Status
from vdata_assets.quality.report import overall, report_json
from vdata_assets.reports.quality_page import report_markdown

FINE = Check("fine", "Is it fine?", Status.FAILED).finding("all is fine", counts={"rows": 3})
ODD = Check("odd", "Is it odd? Look at it.", Status.WARNING).finding("2 rows are odd", ["a", "b"])
BAD = Check("bad", "Is it sound? Mend it.", Status.FAILED).finding(
    "25 rows are bad", [f"row {number}" for number in range(25)]
)
ADVICE = {"fine": "Is it fine?", "odd": "Is it odd? Look at it.", "bad": "Is it sound? Mend it."}


@pytest.mark.parametrize(
    ("findings", "status"),
    [
        pytest.param([], "PASSED", id="none"),
        pytest.param([FINE], "PASSED", id="passed"),
        pytest.param([FINE, ODD], "PASSED_WITH_WARNINGS", id="a warning"),
        pytest.param([FINE, BAD, ODD], "FAILED", id="a failure among warnings"),
    ],
)
def test_the_overall_status(findings: list[Finding], status: str) -> None:
    assert overall(findings) == status
    assert report_json(findings)["status"] == status
    assert f"**{status.replace('_', chr(92) + '_')}**" in report_markdown("x", findings, ADVICE)


def test_the_json_holds_every_finding_as_it_is() -> None:
    assert report_json([FINE, ODD]) == {
        "status": "PASSED_WITH_WARNINGS",
        "findings": [
            {
                "name": "fine",
                "status": "PASSED",
                "message": "all is fine",
                "offenders": [],
                "counts": {"offenders": 0, "rows": 3},
            },
            {
                "name": "odd",
                "status": "WARNING",
                "message": "2 rows are odd",
                "offenders": ["a", "b"],
                "counts": {"offenders": 2},
            },
        ],
    }


def test_the_page_lists_all_checks_and_for_hits_what_to_do_and_the_first_offenders() -> None:
    page = report_markdown("shots/export clip", [FINE, BAD], ADVICE)
    rendered = MarkdownIt("commonmark").enable("table").render(page)
    assert "<h1>Audit of shots/export clip</h1>" in rendered
    assert rendered.count("<tr>") == 3
    assert "<h2>bad: FAILED</h2>" in rendered
    assert "Is it sound? Mend it." in rendered
    assert "Is it fine?" not in rendered
    assert rendered.count("<li>row ") == 20
    assert "<li>and 5 more</li>" in rendered


def test_what_comes_from_data_is_text_and_nothing_else() -> None:
    nasty = "<script>|</td>\n# [x](http://a.b) `c` ![d](e) **f**"
    hit = Check("odd", "What?", Status.WARNING).finding(nasty, [nasty])
    rendered = MarkdownIt("commonmark").enable("table").render(report_markdown(nasty, [hit], {"odd": nasty}))
    assert not any(tag in rendered for tag in ("<script", "<a ", "<img", "<code", "<em"))
    assert rendered.count("<tr>") == 2
    assert rendered.count("<h1>") == 1
