"""Pictures within JSON as base64 data URIs (RFC 2397), made at the speed of base64 and read within bounds."""

from dataclasses import dataclass, field

import msgspec

MOST_BYTES = 64 << 20
"""Largest picture that is decoded unless a format says less: more than any of the trainers takes."""

LONGEST_HEADER = 200
SIGNATURES = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
)
_ENCODER = msgspec.json.Encoder()


class BadDataUri(ValueError):  # noqa: N818 - it is a fact about a file, not a fault of the program
    """Text that is no data URI of a picture; says why and what is allowed."""


@dataclass(frozen=True, slots=True)
class DataUri:
    """What a data URI holds.

    Attributes:
        media_type: as declared, in lower case, e.g. ``image/jpeg``; not checked against the bytes.
        data: the decoded bytes.
    """

    media_type: str
    data: bytes = field(repr=False)


def media_type_of(data: bytes) -> str | None:
    """The type that an image file's first bytes tell; None if they are of none that occurs in the wild."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((name for start, name in SIGNATURES if data.startswith(start)), None)


def parse(uri: str, limit: int = MOST_BYTES) -> DataUri:
    """Decode a data URI.

    Args:
        uri: ``data:<media type>[;<parameters>];base64,<text>``; the base64 is that of RFC 4648, section 4,
            padded and without line ends.
        limit: bytes of the largest picture that is decoded; a longer text is refused before it is decoded.

    Raises:
        BadDataUri: it is no such URI, or too long.
    """
    comma = uri.find(",", 0, LONGEST_HEADER)
    if uri[:5].lower() != "data:" or comma < 0:
        raise BadDataUri("has to be data:<media type>;base64,<text>")
    media_type, *parameters = uri[5:comma].lower().split(";")
    if parameters[-1:] != ["base64"]:
        raise BadDataUri("has to be in base64: data:<media type>;base64,<text>")
    length = decoded_length(uri, comma + 1)
    if length > limit:
        raise BadDataUri(f"at most {limit} bytes a picture, not {length}: make it smaller")
    try:
        data = msgspec.convert(uri[comma + 1 :], bytes)
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        raise BadDataUri(
            "no base64 after the comma: it has A-Z, a-z, 0-9, + and /, is padded with = to four characters "
            "and has no line ends"
        ) from error
    return DataUri(media_type, data)


def decoded_length(uri: str, start: int) -> int:
    """How many bytes the base64 text from ``start`` on stands for."""
    return (len(uri) - start) * 3 // 4 - uri.count("=", max(start, len(uri) - 2))


def append_data_uri(row: bytearray, data: bytes, media_type: str) -> None:
    """Add a data URI and the quotation mark that ends it to a row of JSON in the making.

    The base64 text is encoded straight into the row and copied nowhere: about half the time of
    ``base64.b64encode``.

    Args:
        row: ends with the quotation mark that begins the string.
        data: bytes of an image file.
        media_type: what they are.
    """
    row += f"data:{media_type};base64,".encode()
    comma = len(row) - 1
    _ENCODER.encode_into(data, row, comma)  # as a string of its own, whose first quotation mark takes the
    row[comma] = ord(",")  # comma's place for a moment
