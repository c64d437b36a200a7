"""COCO files entry by entry."""

import json
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vdata_assets.formats.coco import coco_document
from vdata_assets.formats.coco.coco_document import CocoDocument

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def opened(folder: Path, content: str | bytes) -> tuple[list, list, list, list[str]]:
    """Images, annotations of no image, categories, and problems."""
    file = folder / "x.json"
    file.write_bytes(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)
    found: list = []
    with closing(CocoDocument(file, found.append)) as document:
        images, orphans = list(document.images()), list(document.orphans())
        return images, orphans, document.categories, [str(problem) for problem in found]


@given(st.lists(VALUES, max_size=4), st.lists(VALUES, max_size=4), VALUES, st.integers(0, 3), st.randoms())
def test_any_layout(tmp_path_factory, images, categories, info, indent, random) -> None:
    parts = [("images", images), ("categories", categories), ("annotations", [7, None]), ("info", info)]
    random.shuffle(parts)
    folder = tmp_path_factory.mktemp("coco")
    text = json.dumps(dict(parts), indent=indent or None, ensure_ascii=random.random() < 0.5)
    found, orphans, listed, problems = opened(folder, text)
    assert problems == []
    assert [(place, entry) for place, entry, _ in found] == list(enumerate(images))
    assert listed == categories
    assert [entry for _, entry in orphans if entry == 7] == ([] if found else [7])


def test_small_pieces_make_no_difference(tmp_path: Path, monkeypatch) -> None:
    images = [{"id": at, "file_name": f"{'é' * at}.jpg", "n": 10**at} for at in range(20)]
    text = json.dumps(
        {"images": images, "annotations": [], "categories": [], "last": 12345}, ensure_ascii=False
    )
    for piece in (1, 2, 7, 64):
        monkeypatch.setattr(coco_document, "PIECE", piece)
        found, _, _, problems = opened(tmp_path, text)
        assert ([entry for _, entry, _ in found], problems) == (images, [])


def test_annotations_of_an_image_in_any_order(tmp_path: Path) -> None:
    annotations = [{"id": at, "image_id": at % 3} for at in range(1200)]
    (tmp_path / "x.json").write_text(
        json.dumps(
            {"annotations": annotations, "categories": [], "images": [{"id": 2}, {"id": 0}, {"id": 2}]}
        )
    )
    with closing(CocoDocument(tmp_path / "x.json", pytest.fail)) as document:
        assert [(place, first) for place, _, first in document.images()] == [(0, 0), (1, 1), (2, 0)]
        assert [place for place, _ in document.annotations(2)] == list(range(2, 1200, 3))
        assert [place for place, _ in document.orphans()] == list(range(1, 1200, 3))
        assert list(document.repeated_annotations()) == []


@pytest.mark.parametrize(
    ("text", "images", "problem"),
    [
        pytest.param("", 0, "file: its end: has to be a JSON object: { is expected there", id="empty"),
        pytest.param("[]", 0, "file: '[]': has to be a JSON object: { is expected there", id="array"),
        pytest.param(
            '{"images": [1, 2', 2, "file: its end: has to be a JSON object: , is expected there", id="cut"
        ),
        pytest.param(
            '{"images": [1, {"a',
            1,
            "images[1]: '{\"a': is JSON: Unterminated string starting at",
            id="cut in an entry",
        ),
        pytest.param(
            '{"images": [1 2]}', 1, "file: '2]}': has to be a JSON object: , is expected there", id="no comma"
        ),
        pytest.param(
            '{"images": [NaN]}', 0, "images[0]: 'NaN]}': is JSON: NaN is no number of JSON", id="NaN"
        ),
        pytest.param('{"images": {}}', 0, "images: {}: is an array", id="no array"),
        pytest.param('{"images": [], "images": []}', 0, "images: twice: is there once", id="twice"),
        pytest.param(
            '{"images": [1], "annotations": []}',
            1,
            "categories: missing: is an array of the document's object",
            id="missing",
        ),
        pytest.param(
            '{"images": [1], "annotations": [], "categories": []} x',
            1,
            "file: 'x': ends after the object",
            id="more",
        ),
        pytest.param("{1: 2}", 0, "file: 1: has to be a JSON object of arrays", id="key"),
        pytest.param(
            '{"images": [' + "[" * 200_000,
            0,
            "images[0]: too many brackets in each other: is an entry of COCO",
            id="deep",
        ),
    ],
)
def test_a_malformed_document(tmp_path: Path, text, images, problem) -> None:
    found, _, _, problems = opened(tmp_path, text)
    assert len(found) == images
    assert problems == [f"x.json: {problem}"]


def test_no_utf_8(tmp_path: Path) -> None:
    assert opened(tmp_path, b'{"images": ["\xff"]}')[3] == ["x.json: file: byte 0xff: has to be UTF-8"]


def test_an_entry_that_is_too_long(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(coco_document, "LONGEST_ENTRY", 100)
    monkeypatch.setattr(coco_document, "PIECE", 16)
    _, _, _, (problem,) = opened(tmp_path, '{"images": [1, "' + "x" * 500)
    assert problem.startswith("x.json: images[1]: '\"xxx")
    assert problem.endswith("': has at most 100 characters, and is JSON")
