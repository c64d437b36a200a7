"""A dataset's Croissant file: what its files are and what their rows hold, for search engines and loaders.

By the Croissant format specification 1.0 (https://docs.mlcommons.org/croissant/docs/croissant-spec-1.0.html).
"""

import glob
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vdata_assets.formats.about import CROISSANT, DESCRIPTIONS, LICENSES, About, Column, SplitAbout
from vdata_assets.formats.checksums import Digest, digests
from vdata_assets.formats.dataset_card import data_files, pattern

CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The context that the specification asks for, whole (its section "JSON-LD context")."""

TYPES = {
    "text": "sc:Text",
    "integer": "sc:Integer",
    "number": "sc:Float",
    "boolean": "sc:Boolean",
    "picture": "sc:ImageObject",
    "object": "sc:Text",
}
MEDIA = {
    ".arrow": "application/vnd.apache.arrow.stream",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".json": "application/json",
    ".jsonl": "application/jsonlines",
    ".parquet": "application/x-parquet",
    ".png": "image/png",
    ".tar": "application/x-tar",
}
EMBEDDING = (".parquet", ".arrow")
"""Files in which a picture is a structure of bytes and path."""

OTHER = "application/octet-stream"


def write_croissant(folder: Path, about: About, known: Mapping[str, Digest] | None = None) -> Path:
    """Write croissant.json; the file.

    A split is a RecordSet with the split's name; one of several files takes them as a FileSet.

    Args:
        folder: of the export; all files in it but the descriptions are listed with their SHA-256, and those
            of pictures in folders as sets, for there may be very many: ``checksums.sha256`` has theirs.
        about: what to tell.
        known: digests of all files, if they are known: then none is read.
    """
    files = {
        name: found
        for name, found in (digests(folder) if known is None else known).items()
        if name not in DESCRIPTIONS
    }
    told: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": about.name,
        "description": about.description,
        "version": about.version,
        "keywords": [*about.tags, about.format],
        "inLanguage": list(about.languages),
    }
    if about.license is not None:
        told["license"] = LICENSES.get(about.license, about.license)
    if about.url is not None:
        told["url"] = about.url
    if about.published is not None:
        told["datePublished"] = about.published
    loose = {name for name in files if "/" in name and _media(name).startswith("image/")}
    told["distribution"] = [_file(name, found) for name, found in files.items() if name not in loose]
    told["distribution"] += _picture_sets(loose)
    told["recordSet"] = []
    for split in about.splits:
        if split.rows and about.columns:
            told["distribution"] += _file_sets(split, about)
            told["recordSet"] += _record_sets(split, about)
    target = folder / CROISSANT
    target.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
    return target


def _file(name: str, found: Digest) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": name,
        "contentSize": f"{found.size} B",
        "encodingFormat": _media(name),
        "sha256": found.sha256,
    }


def _media(name: str) -> str:
    return MEDIA.get(Path(name).suffix.lower(), OTHER)


def _is_tar(split: SplitAbout) -> bool:
    return Path(data_files(split)[0]).suffix == ".tar"


def _file_sets(split: SplitAbout, about: About) -> Iterator[dict[str, Any]]:
    """Sets of files: those in a split's archives, or the split's files if they are several."""
    files = data_files(split)
    if _is_tar(split):
        archives = [{"@id": file} for file in files]
        for end, media in ((".json", MEDIA[".json"]), (".jpg", MEDIA[".jpg"])):
            if end == ".json" or _pictures(about):
                yield _file_set(f"{split.name}/*{end}", f"*{end}", media) | {"containedIn": archives}
    elif len(files) > 1:
        yield _file_set(f"{split.name}/files", pattern(split), _media(files[0]))


def _picture_sets(names: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Sets of the pictures in a folder and below it, by the ends of their names."""
    for folder, end in sorted({(name.partition("/")[0], Path(name).suffix) for name in names}):
        within = glob.escape(folder)
        yield _file_set(f"{folder}/*{end}", [f"{within}/*{end}", f"{within}/**/*{end}"], _media(f"x{end}"))


def _file_set(name: str, includes: str | list[str], media: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": name,
        "name": name,
        "includes": includes,
        "encodingFormat": media,
    }


def _pictures(about: About) -> list[Column]:
    return [column for column in about.columns if column.kind == "picture"]


def _record_sets(split: SplitAbout, about: About) -> Iterator[dict[str, Any]]:
    """The split's rows; and, where they are files in archives, its pictures."""
    pictures = _pictures(about) if _is_tar(split) else []
    columns = [column for column in about.columns if column not in pictures]
    source = _source(split)
    fields = [_field(column, split.name, source) for column in columns]
    yield _record_set(split.name, f"{split.rows} rows of the split {split.name}.", fields)
    if pictures:
        name, files = f"{split.name}/pictures", {"fileSet": {"@id": f"{split.name}/*.jpg"}}
        parts = (("filename", "sc:Text"), ("content", "sc:ImageObject"))
        found = [_typed(f"{name}/{part}", kind, part) for part, kind in parts]
        for field in found:
            field["source"] = files | {"extract": {"fileProperty": field["name"]}}
        yield _record_set(name, f"Pictures of the split {split.name}, by the names of their files.", found)


def _record_set(name: str, description: str, fields: list[dict[str, Any]]) -> dict[str, Any]:
    told = {"@type": "cr:RecordSet", "@id": name, "name": name}
    return told | {"description": description, "field": fields}


@dataclass(frozen=True)
class _Source:
    """Where a split's rows are: their file or files, and how a field is named there."""

    files: dict[str, Any]
    suffix: str

    def of(self, column: Column, path: tuple[Column, ...]) -> dict[str, Any]:
        """Of a field; ``path`` is of the objects that it is in, outermost first."""
        first, *inner = (*path, column)
        prefix = {".tar": "$.", ".json": "$[*]."}.get(self.suffix)
        extract = {"column": first.name} if prefix is None else {"jsonPath": prefix + first.name}
        steps = [one.name + "[*]" * (one.repeated and one is not column) for one in inner]
        if column.kind == "picture" and self.suffix in EMBEDDING:
            steps.append("bytes")
        found = self.files | {"extract": extract}
        return found | {"transform": {"jsonPath": ".".join(steps)}} if steps else found


def _source(split: SplitAbout) -> _Source:
    files = data_files(split)
    suffix = Path(files[0]).suffix
    if suffix == ".tar":
        return _Source({"fileSet": {"@id": f"{split.name}/*.json"}}, suffix)
    if len(files) > 1:
        return _Source({"fileSet": {"@id": f"{split.name}/files"}}, suffix)
    return _Source({"fileObject": {"@id": files[0]}}, suffix)


def _field(column: Column, within: str, source: _Source, path: tuple[Column, ...] = ()) -> dict[str, Any]:
    name = f"{within}/{column.name}"
    # What has fields of its own needs no type; an object of any content, that is JSON, is a text.
    kind = None if column.parts else TYPES[column.kind]
    found = _typed(name, kind, column.description or column.name)
    if column.repeated:
        found["repeated"] = True
    if column.parts:
        found["subField"] = [_field(part, name, source, (*path, column)) for part in column.parts]
    else:
        found["source"] = source.of(column, path)
    return found


def _typed(name: str, kind: str | None, description: str) -> dict[str, Any]:
    told = {"@type": "cr:Field", "@id": name, "name": name.rpartition("/")[2], "description": description}
    return told if kind is None else told | {"dataType": kind}
