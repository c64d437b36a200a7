"""What is told of an exported dataset in its card and its Croissant file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from vdata_assets.quality.findings import Finding

Kind = Literal["text", "integer", "number", "boolean", "picture", "object"]

CARD = "README.md"
CROISSANT = "croissant.json"
CHECKSUMS = "checksums.sha256"
DESCRIPTIONS = (CARD, CROISSANT, CHECKSUMS)

LICENSES = {
    "apache-2.0": "https://www.apache.org/licenses/LICENSE-2.0",
    "bsd-3-clause": "https://opensource.org/license/bsd-3-clause",
    "cc-by-2.0": "https://creativecommons.org/licenses/by/2.0/",
    "cc-by-3.0": "https://creativecommons.org/licenses/by/3.0/",
    "cc-by-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "cc-by-nc-4.0": "https://creativecommons.org/licenses/by-nc/4.0/",
    "cc-by-nc-nd-4.0": "https://creativecommons.org/licenses/by-nc-nd/4.0/",
    "cc-by-nc-sa-4.0": "https://creativecommons.org/licenses/by-nc-sa/4.0/",
    "cc-by-nd-4.0": "https://creativecommons.org/licenses/by-nd/4.0/",
    "cc-by-sa-3.0": "https://creativecommons.org/licenses/by-sa/3.0/",
    "cc-by-sa-4.0": "https://creativecommons.org/licenses/by-sa/4.0/",
    "cc0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "cdla-permissive-2.0": "https://cdla.dev/permissive-2-0/",
    "gpl-3.0": "https://www.gnu.org/licenses/gpl-3.0.html",
    "mit": "https://opensource.org/license/mit",
    "odbl": "https://opendatacommons.org/licenses/odbl/1-0/",
    "odc-by": "https://opendatacommons.org/licenses/by/1-0/",
    "pddl": "https://opendatacommons.org/licenses/pddl/1-0/",
}
"""Licences as the Hub names them (https://huggingface.co/docs/hub/repositories-licenses), and their texts."""


@dataclass(frozen=True)
class Column:
    """A field of each row.

    Attributes:
        name: of a column, or a key of a JSON object.
        kind: what it holds.
        description: a sentence.
        repeated: whether it holds a list of these.
        parts: fields of an object.
    """

    name: str
    kind: Kind
    description: str = ""
    repeated: bool = False
    parts: "tuple[Column, ...]" = ()

    @property
    def holds(self) -> str:
        """What it holds, for a person."""
        inner = ", ".join(part.name for part in self.parts)
        told = f"{{{inner}}}" if self.parts else self.kind
        return f"list of {told}" if self.repeated else told


@dataclass(frozen=True)
class SplitAbout:
    """A split of the dataset.

    Attributes:
        name: of it.
        rows: number of them.
        files: relative to the export's folder, POSIX, in order.
        bytes: of these files together.
    """

    name: str
    rows: int
    files: tuple[str, ...]
    bytes: int


@dataclass(frozen=True)
class About:
    """An exported dataset.

    Attributes:
        name: of the dataset, of any characters.
        description: plain text; paragraphs are parted by an empty line.
        format: name of its format, as the YAML has it.
        splits: in order.
        license: as the Hub names it, or any other text; None if it is not known.
        version: by semver.org.
        columns: fields of each row.
        features: columns and types as ``datasets.Features`` where ``datasets`` reads the files; else None.
        classes: names of the labels.
        provenance: where the data comes from, e.g. ``{"source": ..., "catalog version": ...}``.
        settings: what it was made with; JSON values.
        findings: of all audits.
        languages: ISO 639-1.
        tasks: ``task_categories`` of the Hub.
        tags: for the Hub.
        url: of the dataset's page.
        published: ISO 8601 date.
        loading: Python that loads it; None for what the format usually takes.
    """

    name: str
    description: str
    format: str
    splits: tuple[SplitAbout, ...]
    license: str | None = None
    version: str = "1.0.0"
    columns: tuple[Column, ...] = ()
    features: Any = None
    classes: tuple[str, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    findings: Sequence[Finding] = ()
    languages: tuple[str, ...] = ("en",)
    tasks: tuple[str, ...] = ("image-text-to-text", "visual-question-answering")
    tags: tuple[str, ...] = ()
    url: str | None = None
    published: str | None = None
    loading: str | None = None

    @property
    def rows(self) -> int:
        """Of all splits."""
        return sum(split.rows for split in self.splits)


def split_about(folder: Path, name: str, rows: int, files: Sequence[Path]) -> SplitAbout:
    """A split and the size of its files.

    Args:
        folder: of the export.
        name: of the split.
        rows: number of them.
        files: relative to the folder, as ``save`` gives them.
    """
    sizes = sum((folder / file).stat().st_size for file in files)
    return SplitAbout(name, rows, tuple(file.as_posix() for file in files), sizes)


def columns_of(features: Any) -> tuple[Column, ...]:
    """Columns of ``datasets.Features``."""
    from datasets import ClassLabel, Image, LargeList, List, Value

    def column(name: str, feature: Any, repeated: bool = False) -> Column:
        if isinstance(feature, List | LargeList):
            return column(name, feature.feature, True)  # a list of lists is told as a list
        if isinstance(feature, Mapping):
            parts = tuple(column(part, inner) for part, inner in feature.items())
            return Column(name, "object", repeated=repeated, parts=parts)
        if isinstance(feature, Image):
            return Column(name, "picture", repeated=repeated)
        kind: Kind = "integer" if isinstance(feature, ClassLabel) else "text"
        if isinstance(feature, Value):
            types: dict[str, Kind] = {
                "int": "integer",
                "uint": "integer",
                "float": "number",
                "bool": "boolean",
            }
            kind = types.get(feature.dtype.rstrip("0123456789"), "text")
        return Column(name, kind, repeated=repeated)

    return tuple(column(name, feature) for name, feature in features.items())


def require_inside(file: str) -> str:
    """A file's name, relative to the export's folder.

    Raises:
        ValueError: it is absolute or leaves the folder.
    """
    path = PurePosixPath(file)
    if path.is_absolute() or ".." in path.parts or not file:
        raise ValueError(f"files: {file!r}: is relative to the export's folder, without ..")
    return file
