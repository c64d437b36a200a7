"""Whether a dataset's columns are declared so that TRL's trainers take them."""

from typing import Any

from vdata_assets.formats.problems import Problem, shown


def declared_problems(features: Any, file: str) -> list[Problem]:
    """What is wrong with a dataset's features.

    Args:
        features: ``datasets.Features``.
        file: name of the file or split.
    """
    from datasets import ClassLabel, Image, LargeList, List

    problems = []
    images = features.get("images")
    if not isinstance(images, List | LargeList) or not isinstance(images.feature, Image):
        rule = "is declared List(Image()): else a trainer gets bytes for pictures"
        problems.append(Problem(file, 0, "images", shown(images), rule))
    messages = features.get("messages")
    message = messages.feature if isinstance(messages, List | LargeList) else None
    if not isinstance(message, dict) or not {"role", "content"} <= message.keys():
        rule = "is declared List({role, content}): TRL's trainers look for it"
        problems.append(Problem(file, 0, "messages", shown(messages), rule))
    elif _has_image(message["content"]):
        rule = "has no image: TRL fills only parts without the key"
        problems.append(Problem(file, 0, "messages.content", shown(message["content"]), rule))
    label = features.get("label")
    if label is not None and not isinstance(label, ClassLabel):
        rule = "is declared ClassLabel, with the names of the classes"
        problems.append(Problem(file, 0, "label", shown(label), rule, warning=True))
    elif isinstance(label, ClassLabel) and label.names != sorted(label.names):
        rule = "has sorted names, so that numbers do not depend on the order of the samples"
        problems.append(Problem(file, 0, "label", shown(label.names), rule, warning=True))
    return problems


def _has_image(content: Any) -> bool:
    part = getattr(content, "feature", None)
    return isinstance(part, dict) and "image" in part
