"""Whatever a folder is called, the page shows that name and nothing else happens."""

import html
import re

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from vdata_assets.reports.markdown import escaped, image, table
from vdata_assets.reports.names import one_line

JPEG = b"\xff\xd8\xff"
HOSTILE = st.text(st.sampled_from("ab1 |`*_~<>&;#[]()!\\\n-+.:/@\"'$\u202e\x00é猫"), min_size=1, max_size=30)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("pet animal", "pet animal", id="plain"),
        pytest.param("a|b", r"a\|b", id="pipe"),
        pytest.param("`rm`", r"\`rm\`", id="backticks"),
        pytest.param("<script>", r"\<script\>", id="html"),
        pytest.param("&lt;", r"\&lt\;", id="entity"),
        pytest.param("[x](y)", r"\[x\]\(y\)", id="link"),
        pytest.param("a\r\n\n# b", r"a \# b", id="newlines"),
        pytest.param("a\\", r"a\\", id="backslash"),
        pytest.param("猫 é", "猫 é", id="unicode"),
        pytest.param("gpj\u202efdp\x00", "gpj\ufffdfdp\ufffd", id="control and bidi override"),
        pytest.param("http://x.y", "http\u2060\\:\\/\\/x\\.y", id="address"),
        pytest.param("WWW.x.y", "WWW\u2060\\.x\\.y", id="bare address"),
        pytest.param("a@b.c", "a\u2060\\@b\\.c", id="mail"),
    ],
)
def test_names_are_escaped(name: str, expected: str) -> None:
    assert escaped(name) == expected


@given(HOSTILE)
def test_a_name_renders_as_itself(name: str) -> None:
    rendered = MarkdownIt("commonmark").render(f"x{escaped(name)}x")
    assert shown(rendered.removeprefix("<p>").removesuffix("</p>\n")) == f"x{one_line(name)}x"


@given(HOSTILE)
def test_a_cell_renders_as_itself(name: str) -> None:
    rendered = (
        MarkdownIt("commonmark").enable("table").render(table(pl.DataFrame({"name": [name], "n": [1]})))
    )
    cells = re.findall(r"<td[^>]*>(.*?)</td>", rendered, re.DOTALL)
    assert [shown(cell) for cell in cells] == [one_line(name), "1"]


@given(HOSTILE)
def test_a_title_renders_as_alternative_text(name: str) -> None:
    rendered = MarkdownIt("commonmark").render(image(name, JPEG))
    found = re.fullmatch(r'<p><img src="data:image/jpeg;base64,/9j/" alt="([^"]*)" /></p>\n', rendered)
    assert found is not None
    assert shown(found[1]) == one_line(name)


def shown(rendered: str) -> str:
    """The text of rendered HTML, which must be without markup."""
    assert "<" not in rendered
    return html.unescape(rendered).replace("\u2060", "")


def test_a_table_aligns_numbers_and_counts_what_it_leaves_out() -> None:
    frame = pl.DataFrame(
        {"name": ["a", None, "c"], "n": [1, 2000, 3], "x": [0.5, None, 2.0], "ok": [True] * 3}
    )
    assert table(frame, max_rows=2).splitlines() == [
        "| name | n | x | ok |",
        "| --- | ---: | ---: | --- |",
        "| a | 1 | 0.50 | True |",
        "|  | 2,000 |  | True |",
        "",
        "1 more rows are not shown.",
    ]


def test_a_long_cell_is_cut() -> None:
    assert table(pl.DataFrame({"n": ["x" * 500]})).splitlines()[-1] == "| " + "x" * 119 + "… |"
