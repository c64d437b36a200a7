"""Rows as JSON lines and as one array."""

import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vdata_assets.annotations import json_stream
from vdata_assets.formats.json_lines import (
    array_of_lines,
    check_rows,
    read_array,
    read_lines,
    read_rows,
    write_array,
    write_lines,
)

BOM = b"\xef\xbb\xbf"
SHAPE = "the file has to be one JSON array of objects: [{...}, {...}]"
OBJECT = "has to be a JSON object"
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('ab[]{},"\\', max_size=3), inner),
    max_leaves=6,
)


def read(reader, tmp_path: Path, content: bytes, **options) -> tuple[list, list[str]]:
    file = tmp_path / "rows.json"
    file.write_bytes(content)
    problems = []
    return list(reader(file, problems.append, **options)), [str(problem) for problem in problems]


@given(rows=st.lists(st.dictionaries(st.text(max_size=3), VALUES, max_size=3), max_size=4))
@pytest.mark.parametrize(("write", "reader"), [(write_lines, read_lines), (write_array, read_array)])
def test_what_is_written_is_read(write, reader, rows: list, tmp_path_factory) -> None:
    file = tmp_path_factory.mktemp("rows") / "rows.json"
    problems = []
    assert write(file, rows) == len(rows)
    assert list(reader(file, problems.append, strict=True)) == list(enumerate(rows, start=1))
    assert problems == []
    assert [row for _, row in read_rows(file, problems.append)] == rows


@pytest.mark.parametrize(
    ("content", "rows", "problems"),
    [
        (b"", [], []),
        (BOM + b'{"a":1}\r\n\r\n  \n{"a":2}', [(1, {"a": 1}), (4, {"a": 2})], []),
        (b'{"a":1}\n[1]\n', [(1, {"a": 1})], [f"rows.json:2: row: [1]: {OBJECT}"]),
        (
            b'{"a":}\n{"a":2}\n',
            [(2, {"a": 2})],
            [
                "rows.json:1: row: '{\"a\":}': has to be a JSON object in UTF-8: "
                "JSON is malformed: invalid character (byte 5)"
            ],
        ),
        (
            b'{"a":"\xff"}\n',
            [],
            [
                'rows.json:1: row: \'{"a":"\ufffd"}\': has to be a JSON object in UTF-8: '
                "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"
            ],
        ),
        (
            '{"a":1}'.encode("utf-16"),
            [],
            ["rows.json: file: UTF-16: has to be UTF-8: save it as such"],
        ),
    ],
    ids=["empty", "bom, crlf, blank", "no object", "malformed", "not utf-8", "utf-16"],
)
def test_lines_as_people_have_them(content: bytes, rows: list, problems: list[str], tmp_path: Path) -> None:
    assert read(read_lines, tmp_path, content) == (rows, problems)
    assert read(read_rows, tmp_path, content) == (rows, problems)


@pytest.mark.parametrize(
    ("content", "rows", "problems"),
    [
        (b"[]", [], []),
        (BOM + b'\r\n [{"a":"],["},\r\n\t{"b":[{}]} ]\n\n', [(1, {"a": "],["}), (2, {"b": [{}]})], []),
        (b'[{"a":1}, 5, {"a":3}]', [(1, {"a": 1}), (3, {"a": 3})], [f"rows.json:2: row: 5: {OBJECT}"]),
        (b'[{"a":1}', [(1, {"a": 1})], [f"rows.json: file: ends within the array: {SHAPE}"]),
        (b'[{"a":"x}]', [], [f"rows.json: file: ends within the array: {SHAPE}"]),
        (
            b'[{"a":1}]\n{"a":2}',
            [(1, {"a": 1})],
            [f"rows.json: file: goes on after the array: '{{\"a\":2}}': {SHAPE}"],
        ),
        (
            b'[{"a":1},]',
            [(1, {"a": 1})],
            ["rows.json:2: row: '': has to be a JSON object in UTF-8: Input data was truncated"],
        ),
    ],
    ids=["empty", "bom, crlf, brackets", "no object", "cut", "cut in a text", "more after it", "comma"],
)
def test_arrays_as_people_have_them(content: bytes, rows: list, problems: list[str], tmp_path: Path) -> None:
    assert read(read_array, tmp_path, content) == (rows, problems)
    assert read(read_rows, tmp_path, content) == (rows, problems)


@pytest.mark.parametrize(("content", "first"), [(b"", "''"), (b'{"a":1}', "'{'"), (b" x", "'x'")])
def test_what_is_no_array_is_told(content: bytes, first: str, tmp_path: Path) -> None:
    assert read(read_array, tmp_path, content) == ([], [f"rows.json: file: begins with {first}: {SHAPE}"])


@pytest.mark.parametrize("reader", [read_lines, read_array])
def test_an_endless_nesting_is_a_problem_of_its_row(reader, tmp_path: Path) -> None:
    content = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    content = content + b'\n{"a":2}' if reader is read_lines else b"[" + content + b',{"a":2}]'
    rows, problems = read(reader, tmp_path, content)
    assert rows == [(2, {"a": 2})]
    assert len(problems) == 1
    assert "maximum recursion depth exceeded" in problems[0]


def test_long_rows_are_named_and_passed_over(tmp_path: Path) -> None:
    long = b'{"a":"' + b"x" * (3 << 20) + b'"}'
    lines = b'{"a":1}\n' + long + b'\n{"a":3}\n' + long
    rule = "at most 100 bytes a row: split it"
    assert read(read_lines, tmp_path, lines, limit=100) == (
        [(1, {"a": 1}), (3, {"a": 3})],
        [
            f"rows.json:2: row: a line of {len(long) + 1} bytes: {rule}",
            f"rows.json:4: row: a line of {len(long)} bytes: {rule}",
        ],
    )
    array = b'[{"a":1},' + long + b',{"a":3}]'
    assert read(read_array, tmp_path, array, limit=100) == (
        [(1, {"a": 1}), (3, {"a": 3})],
        [f"rows.json:2: row: an element of {len(long)} bytes: {rule}"],
    )


def test_an_array_element_without_end_stops_the_reading(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(json_stream, "MAX_HELD_BYTES", 1 << 20)
    content = b'[{"a":1},{"a":"' + b"x" * (4 << 20)
    assert read(read_array, tmp_path, content) == (
        [(1, {"a": 1})],
        [
            "rows.json:2: row: an element without an end: "
            "at most 1048576 bytes an element; nothing after it was read"
        ],
    )


@pytest.mark.parametrize("reader", [read_lines, read_array, read_rows])
def test_memory_is_that_of_a_row(reader, tmp_path: Path) -> None:
    file = tmp_path / "rows.json"
    write = write_array if reader is read_array else write_lines
    for _ in read(reader, tmp_path, b"[{}]" if reader is read_array else b"{}")[0]:
        pass  # what is loaded at the first use does not count
    tracemalloc.start()
    write(file, ({"text": "x" * 1000} for _ in range(20_000)))
    assert sum(1 for _ in reader(file, print)) == 20_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < file.stat().st_size / 2


def test_strict_reading_tells_what_the_json_module_refuses(tmp_path: Path) -> None:
    mark = "rows.json: file: a byte order mark: json.load refuses it: save without"
    assert read(read_array, tmp_path, BOM + b"[{}]", strict=True) == ([(1, {})], [mark])
    assert read(read_lines, tmp_path, BOM + b"{}\n\n{}\n", strict=True) == (
        [(1, {}), (3, {})],
        [mark, "rows.json:2: line: blank: trainers read every line: remove it"],
    )


def test_rows_are_counted_with_those_that_cannot_be_read(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_bytes(b'{"a":1}\n\n5\nnonsense\n{"a":2}\n')
    problems, checked = [], []
    assert check_rows(read_lines, file, problems.append, lambda *row: checked.append(row)) == 4
    assert checked == [(1, {"a": 1}), (5, {"a": 2})]
    assert [problem.row for problem in problems] == [2, 3, 4]


def test_the_bytes_that_are_written(tmp_path: Path) -> None:
    lines, array = tmp_path / "a.jsonl", tmp_path / "a.json"
    rows = [{"b": "é\n", "a": 1}, {}]
    write_lines(lines, rows)
    assert lines.read_bytes() == '{"b":"é\\n","a":1}\n{}\n'.encode()
    write_array(array, rows)
    assert array.read_bytes() == '[\n{"b":"é\\n","a":1},\n{}\n]\n'.encode()
    assert array_of_lines(lines, tmp_path / "b.json") == 2
    assert (tmp_path / "b.json").read_bytes() == array.read_bytes()
    write_array(array, [])
    assert array.read_bytes() == b"[]\n"


def test_a_lone_surrogate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnicodeEncodeError, match="surrogates not allowed"):
        write_lines(tmp_path / "a.jsonl", [{"a": "\ud83d"}])
