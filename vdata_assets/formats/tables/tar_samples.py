"""Samples in WebDataset's tar archives: files whose names agree up to the first dot, one after another.

A name divides as in ``base_plus_ext`` of ``webdataset/tariterators.py``, which ``datasets`` has copied
(``packaged_modules/webdataset/webdataset.py``): the key is all up to the first dot of the last part, the
field all after it. A new sample begins where the key changes.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from vdata_assets.formats.problems import Problem, Report, shown
from vdata_assets.formats.tables.tar_members import Member, members

NAME = re.compile(r"((?:.*/|)[^./][^.]*|)\.([^/]*)", re.DOTALL)
PICTURE = re.compile(r"(?:(\d{1,6})\.)?(jpe?g|jfif|png|webp|gif|bmp|tiff?|avif|jp2|ppm)", re.IGNORECASE)
MOST_SAMPLE_BYTES = 1 << 30
MOST_JSON_BYTES = 1 << 26
MOST_FIELDS = 10_000


@dataclass(frozen=True)
class TarSample:
    """Files of one key.

    Attributes:
        number: of the sample in its archive, from 1.
        key: what their names begin with.
        fields: rest of the name in lower case, and the file.
    """

    number: int
    key: str
    fields: dict[str, Member] = field(default_factory=dict)

    def row(self, source: BinaryIO) -> tuple[dict[str, Any], str | None]:
        """What the JSON says, with the pictures as ``images``; and why not, if it cannot be read."""
        if "json" not in self.fields:
            return {}, "has a file .json with the messages"
        if self.fields["json"].size > MOST_JSON_BYTES:
            return {}, f"has at most {MOST_JSON_BYTES} bytes of JSON"
        if sum(member.size for member in self.fields.values()) > MOST_SAMPLE_BYTES:
            return {}, f"has at most {MOST_SAMPLE_BYTES} bytes"
        try:
            said = json.loads(self.fields["json"].read(source))
        except (ValueError, RecursionError) as error:
            return {}, f"is JSON: {error}"
        if not isinstance(said, dict):
            return {}, "is a JSON object"
        images = [{"bytes": self.fields[name].read(source), "path": None} for name in self.pictures]
        return {name: value for name, value in said.items() if name != "image"} | {"images": images}, None

    @property
    def pictures(self) -> list[str]:
        """The fields that are pictures, by number."""
        numbers = {name: match[1] for name in self.fields if (match := PICTURE.fullmatch(name))}
        return sorted(numbers, key=lambda name: (int(numbers[name] or -1), name))


def tar_samples(source: BinaryIO, file: Path, report: Report) -> Iterator[TarSample]:
    """The samples of an archive, in order; files that no loader reads are problems.

    Args:
        source: the archive, opened; it may be moved in between.
        file: its name, for problems.
        report: told of every problem.
    """
    current: TarSample | None = None
    number = 0
    for member in members(source, file, report):
        match = NAME.fullmatch(member.name)
        base = member.name.rpartition("/")[2]
        if match is None or not match[1] or base.startswith((".", "__")):
            rule = "is <key>.<field>, and begins with neither a dot nor __: loaders pass it over"
            report(Problem(file.name, 0, shown(member.name), "", rule, warning=True))
            continue
        key, name = match[1], match[2].lower()
        if current is None or key != current.key:
            if current is not None:
                yield current
            number += 1
            current = TarSample(number, key)
        if name in current.fields or len(current.fields) == MOST_FIELDS:
            rule = (
                f"is there once in its sample, which has at most {MOST_FIELDS} files: webdataset stops here"
            )
            report(Problem(file.name, number, shown(member.name), "", rule))
            continue
        current.fields[name] = member
    if current is not None:
        yield current
