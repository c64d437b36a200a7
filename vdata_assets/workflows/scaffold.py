"""`dg scaffold defs`: the defs.yaml that a new dataset starts from."""

import json
from typing import Any

import dagster as dg
from pydantic import BaseModel, Field

TEMPLATE = """\
# Every field and its default: dg utils inspect-component {type}
# Check this file: dg check yaml
type: {type}
attributes:
  root: {root}
"""


class DatasetParams(BaseModel):
    """What `dg scaffold defs` asks for."""

    root: str = Field(
        default="path/to/photos",
        description="Folder of the raw data; relative paths start at the project's folder.",
    )


class DatasetScaffolder(dg.Scaffolder[DatasetParams]):
    """Writes a defs.yaml with the one field that has no default."""

    @classmethod
    def get_scaffold_params(cls) -> type[DatasetParams]:
        """The command's options."""
        return DatasetParams

    def scaffold(self, request: dg.ScaffoldRequest[Any]) -> None:
        """Write the file.

        Raises:
            ValueError: another format than YAML was asked for.
        """
        if request.scaffold_format != "yaml":
            raise ValueError("a dataset is described in YAML: leave --format out")
        file = request.target_path / "defs.yaml"
        # JSON strings are YAML strings: quotes and backslashes of a path stay what they are.
        text = TEMPLATE.format(
            type=request.type_name, root=json.dumps(request.params.root, ensure_ascii=False)
        )
        with file.open("a" if request.append else "w", encoding="utf-8") as out:
            out.write(f"---\n{text}" if request.append else text)
