"""Data URIs: made within JSON, and read within bounds."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vdata_assets.formats.data_uri import BadDataUri, DataUri, append_data_uri, media_type_of, parse

FORM = "has to be data:<media type>;base64,<text>"
BASE64 = (
    "no base64 after the comma: it has A-Z, a-z, 0-9, + and /, is padded with = to four characters "
    "and has no line ends"
)


@given(st.binary(max_size=200), st.binary(max_size=50))
def test_what_is_appended_is_json_and_is_parsed_again(data: bytes, before: bytes) -> None:
    row = bytearray(json.dumps(before.hex()).encode() + b', "')
    append_data_uri(row, data, "image/png")
    told, uri = json.loads(b"[" + row + b"]")
    assert told == before.hex()
    assert uri == "data:image/png;base64," + base64.b64encode(data).decode()
    assert parse(uri) == DataUri("image/png", data)


@pytest.mark.parametrize(
    ("uri", "media_type"),
    [
        ("data:image/jpeg;base64,QUJD", "image/jpeg"),
        ("DATA:Image/JPEG;Base64,QUJD", "image/jpeg"),
        ("data:image/png;charset=utf-8;base64,QUJD", "image/png"),
        ("data:;base64,QUJD", ""),
    ],
)
def test_other_writings_are_read(uri: str, media_type: str) -> None:
    assert parse(uri) == DataUri(media_type, b"ABC")


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("", FORM),
        ("QUJD", FORM),
        ("https://example.org/a.jpg,b", FORM),
        ("data:image/jpeg;base64", FORM),
        (f"data:{'a' * 300};base64,QUJD", FORM),
        ("data:image/jpeg,QUJD", "has to be in base64: data:<media type>;base64,<text>"),
        ("data:image/jpeg;base64;x=1,QUJD", "has to be in base64: data:<media type>;base64,<text>"),
        ("data:image/jpeg;base64,QUJ", BASE64),
        ("data:image/jpeg;base64,QU\nJD", BASE64),
        ("data:image/jpeg;base64,QUJ-", BASE64),
        ("data:image/jpeg;base64,QUJé", BASE64),
        ("data:image/jpeg;base64,QUJ\ud800", BASE64),
        ("data:image/jpeg;base64,QUJDQUJDQUI=", "at most 7 bytes a picture, not 8: make it smaller"),
    ],
)
def test_what_is_wrong_is_said(uri: str, message: str) -> None:
    with pytest.raises(BadDataUri) as error:
        parse(uri, 7)
    assert str(error.value) == message


@pytest.mark.parametrize("size", [5, 6, 7])
def test_the_limit_is_exact(size: int) -> None:
    uri = "data:image/jpeg;base64," + base64.b64encode(bytes(size)).decode()
    assert len(parse(uri, size).data) == size
    with pytest.raises(BadDataUri):
        parse(uri, size - 1)


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"RIFF....WEBPVP8 ", "image/webp"),
        (b"RIFF....WAVEfmt ", None),
        (b"GIF89a", "image/gif"),
        (b"BM", "image/bmp"),
        (b"MM\0*", "image/tiff"),
        (b"<svg", None),
        (b"", None),
    ],
)
def test_a_type_is_told_by_the_first_bytes(data: bytes, media_type: str | None) -> None:
    assert media_type_of(data) == media_type
