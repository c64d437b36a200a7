"""YAML from people, read so that no file can do harm."""

from collections.abc import Hashable
from pathlib import Path

import yaml

MAX_BYTES = 1_000_000
MAX_DEPTH = 20


class _StrictLoader(yaml.SafeLoader):
    """Plain data only: no aliases (they can grow without bound), no deep nesting, no key twice."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: object) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.MarkedYAMLError(None, None, "an alias (*name) is not allowed: write it out", mark)
        if self.depth >= MAX_DEPTH:
            mark = self.peek_event().start_mark
            raise yaml.MarkedYAMLError(None, None, f"nested deeper than {MAX_DEPTH} levels", mark)
        self.depth += 1
        node = super().compose_node(parent, index)  # type: ignore[arg-type]
        self.depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(None, None, "a key has to be a word", key.start_mark)
            if key.value in seen:
                raise yaml.MarkedYAMLError(None, None, f"key {key.value!r} is there twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_strict_yaml(path: Path) -> object:
    """The one document of a YAML file, as plain Python values.

    Args:
        path: at most :data:`MAX_BYTES` of UTF-8, without aliases, nested at most :data:`MAX_DEPTH` deep.

    Raises:
        ValueError: the file is missing, too large, not UTF-8 or not such YAML; names the file and the line.
    """
    if not path.is_file():
        raise ValueError(f"{path}: there is no such file")
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError(f"{path}: larger than {MAX_BYTES} bytes")
    try:
        # The loader behind it is a SafeLoader: it builds plain values, never objects.
        return yaml.load(content.decode("utf-8"), _StrictLoader)  # noqa: S506
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not UTF-8 at byte {error.start}") from error
    except yaml.MarkedYAMLError as error:
        line = f" line {error.problem_mark.line + 1}:" if error.problem_mark is not None else ""
        raise ValueError(f"{path}:{line} {error.problem}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from error
