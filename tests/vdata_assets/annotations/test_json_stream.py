"""A JSON document read element by element is the document."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vdata_assets.annotations import json_stream
from vdata_assets.annotations.errors import BadExport

Json = st.recursive(
    st.none()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(['"', "\\", "[{", "}]", ",", "annotations"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(
    before=st.dictionaries(st.text(max_size=5), Json, max_size=3),
    elements=st.lists(Json, max_size=5),
    after=st.dictionaries(st.text(max_size=5), Json, max_size=3),
    step=st.integers(1, 40),
    indent=st.sampled_from([None, 1]),
)
def test_a_document_comes_apart_into_elements_and_the_rest(
    before: dict[str, object], elements: list[object], after: dict[str, object], step: int, indent: int | None
) -> None:
    document = before | {"annotations": elements} | {key: v for key, v in after.items() if key not in before}
    text = json.dumps(document, indent=indent).encode()
    pieces = (text[start : start + step] for start in range(0, len(text), step))
    stream = json_stream.ArrayStream(pieces, "annotations", "annotations.json")
    assert [json.loads(element) for element in stream] == elements
    assert json.loads(stream.rest) == document | {"annotations": []}


def test_a_part_of_a_document_that_would_fill_the_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "MAX_HELD_BYTES", 1 << 20)
    pieces = (piece for piece in [b'{"annotations": [', *[b" " * 100_000] * 20])
    stream = json_stream.ArrayStream(pieces, "annotations", "annotations.json")
    with pytest.raises(
        BadExport, match=r"^annotations\.json: a part has more than 1 MiB: export fewer frames$"
    ):
        list(stream)
