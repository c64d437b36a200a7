"""Rows and datasets of pictures and messages, sound and broken."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from made_samples import HEIGHT, WIDTH, image_bytes

from vdata_assets.formats.conversation import MarkedObject, Picture, Sample, Turn
from vdata_assets.formats.problems import Problem
from vdata_assets.formats.tables.conversation_rows import features

PNG = image_bytes("PNG")
CLASSES = ["cat", "dog"]
BOX = (1.0, 2.0, 30.0, 40.0)


def sound() -> dict[str, Any]:
    """A row without fault."""
    return {
        "id": "a",
        "images": [{"bytes": PNG, "path": "cats/a.png"}],
        "messages": [
            {"role": "user", "content": [{"type": "image", "text": None}, {"type": "text", "text": "What?"}]},
            {"role": "assistant", "content": [{"type": "text", "text": "A cat."}]},
        ],
        "label": 0,
        "objects": [{"label": "cat", "picture": 0, "box": list(BOX), "mask": None}],
        "sizes": [{"width": WIDTH, "height": HEIGHT}],
        "metadata": '{"breed": "x"}',
    }


def sample(name: str, label: str | None = "cat", data: bytes = PNG) -> Sample:
    """The sound row's sample under another name."""
    return Sample(
        id=name,
        turns=(
            Turn("user", (Picture(data=data), "What?")),
            Turn("assistant", ("A cat.",)),
        ),
        objects=(MarkedObject("cat", 0, BOX),),
        sizes=((WIDTH, HEIGHT),),
        label=label,
        metadata={"breed": "x"},
    )


def table(rows: Iterable[dict[str, Any]], classes: list[str] = CLASSES) -> Any:
    """Rows as an Arrow table with the columns declared."""
    import pyarrow as pa

    return pa.Table.from_pylist(list(rows), features(classes).arrow_schema)


def tree(folder: Path) -> dict[str, bytes]:
    """Every file's bytes."""
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def told(problems: list[Problem]) -> list[str]:
    """Problems as they are shown."""
    return [str(problem) for problem in problems]


def with_json(**changes: Any) -> bytes:
    """A WebDataset sample's JSON, changed."""
    row = {name: value for name, value in sound().items() if name not in ("images", "label")}
    for message in row["messages"]:
        for part in message["content"]:
            part["text"] = part["text"] or ""
    said = row | {"label": "cat"} | {name: json.dumps(row[name]) for name in ("objects", "sizes")} | changes
    return json.dumps(said).encode()
