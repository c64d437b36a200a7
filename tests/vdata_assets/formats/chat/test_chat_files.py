"""The services' rules of a whole file, and Together's own check of ours."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from made_chats import FIREWORKS, JPEG, OPENAI, PNG, TOGETHER, asked, row

from vdata_assets.formats.chat.chat_messages import ChatMessages
from vdata_assets.formats.chat.chat_rules import check_chat_file
from vdata_assets.formats.conversation import Picture


@pytest.mark.parametrize(
    ("made", "change", "rows", "told"),
    [
        (FIREWORKS, {}, 2, "2 rows: Fireworks takes at least 3 rows: add some"),
        (FIREWORKS, {"most_rows": 3}, 4, "4 rows: Fireworks takes at most 3 rows: split the file"),
        (OPENAI, {}, 9, "9 rows: OpenAI takes at least 10 rows: add some"),
        (
            OPENAI,
            {"most_picture_rows": 10},
            11,
            "11 rows with pictures: OpenAI takes at most 10 of them: split the file",
        ),
        (TOGETHER, {"most_file_bytes": 9}, 0, "0 rows: Together takes at least 1 rows: add some"),
    ],
)
def test_a_broken_rule_of_the_file_is_told(
    made: ChatMessages, change: dict[str, int], rows: int, told: str, tmp_path: Path
) -> None:
    (tmp_path / "a.jsonl").write_text(f"{json.dumps(row(made))}\n" * rows)
    found: list[str] = []
    rules = replace(made.rules, **change)
    assert check_chat_file(tmp_path / "a.jsonl", rules, lambda one: found.append(str(one))) == rows
    assert found == [f"a.jsonl: file: {told}"]


def test_the_documents_limits_are_the_rules() -> None:
    assert (FIREWORKS.rules.least_rows, FIREWORKS.rules.most_rows) == (3, 3_000_000)
    assert (OPENAI.rules.most_picture_rows, OPENAI.rules.most_file_bytes) == (50_000, 8_000_000_000)
    assert TOGETHER.rules.most_file_bytes == 53_794_465_382


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("\ufeff", "", "a byte order mark: Together reads it as part of the first row: save without it"),
        ("\n", "", "a blank line: Together reads it as a row that is no JSON: remove blank lines"),
        ("", "\r\n", "a blank line: Together reads it as a row that is no JSON: remove blank lines"),
    ],
    ids=["mark", "blank line first", "blank line last"],
)
def test_lines_that_are_no_rows_are_told(before: str, after: str, told: str, tmp_path: Path) -> None:
    line = json.dumps(row(TOGETHER))
    (tmp_path / "a.jsonl").write_bytes(f"{before}{line}\n{line}\n{after}".encode())
    found: list[str] = []
    assert check_chat_file(tmp_path / "a.jsonl", TOGETHER.rules, lambda one: found.append(str(one))) == 2
    assert found == [f"a.jsonl: file: {told}"]
    found.clear()
    rules = replace(FIREWORKS.rules, least_rows=1)
    assert check_chat_file(tmp_path / "a.jsonl", rules, lambda one: found.append(str(one))) == 2
    assert found == []


def test_broken_lines_count_as_rows_and_hide_no_blank_one(tmp_path: Path) -> None:
    line = json.dumps(row(TOGETHER))
    (tmp_path / "a.jsonl").write_text(f"{line}\n\n{line}\n[]\nno JSON\n")
    found: list[str] = []
    assert check_chat_file(tmp_path / "a.jsonl", TOGETHER.rules, lambda one: found.append(str(one))) == 4
    assert [problem.split(": ")[:2] for problem in found] == [
        ["a.jsonl:4", "row"],
        ["a.jsonl:5", "row"],
        ["a.jsonl", "file"],
    ]


def test_a_large_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps(row(TOGETHER)) + "\n")
    size = (tmp_path / "a.jsonl").stat().st_size
    found: list[str] = []
    rules = replace(TOGETHER.rules, most_file_bytes=size - 1)
    check_chat_file(tmp_path / "a.jsonl", rules, lambda one: found.append(str(one)))
    assert found == [f"a.jsonl: file: {size} bytes: Together takes at most {size - 1} bytes a file: split it"]


def test_our_rows_pass_togethers_own_check(tmp_path: Path) -> None:
    """The rules that its client states in ``check_file``, in as many words and apart from ours."""
    some = [asked(Picture(data=PNG), "Hi", Picture(data=JPEG)), asked("Hi"), asked(Picture(data=PNG))]
    (file,) = TOGETHER.save({"train": some}, tmp_path, tmp_path)
    with (tmp_path / file).open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    assert len(rows) == 3
    for found in rows:
        assert list(found) == ["messages"]
        messages = found["messages"]
        assert [message["role"] for message in messages] == ["user", "assistant"]
        forms = {type(message["content"]) for message in messages}
        assert len(forms) == 1
        if forms == {str}:
            continue
        assert all(part["type"] in ("text", "image_url") for one in messages for part in one["content"])
        assert all(isinstance(part["text"], str) for part in messages[1]["content"])
        shown = [part["image_url"]["url"] for part in messages[0]["content"] if part["type"] == "image_url"]
        assert 1 <= len(shown) <= 10
        kinds = tuple(f"data:image/{kind};base64," for kind in ("jpeg", "png", "webp"))
        assert all(url.startswith(kinds) and len(url) <= 23 + 4 * 10 * 2**20 // 3 for url in shown)
