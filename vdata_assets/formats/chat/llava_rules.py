"""What LLaVA's trainer asks of a row: ``llava/train/train.py`` of haotian-liu/LLaVA.

Stated from the trainer alone, and independent of how rows are written and read here.
"""

from collections.abc import Callable
from typing import Any

from vdata_assets.formats.inline_pictures import path_fault
from vdata_assets.formats.json_lines import Row

IMAGE = "<image>"
SPEAKERS = ("human", "gpt")
SEPARATORS = ("</s>", " ASSISTANT: ")

Fault = Callable[..., object]
"""Told field, value and rule; ``warning=True`` for what does not make the row unusable."""


def reference_fault(image: str) -> str | None:
    """Why a trainer that opens files would not find a picture in its folder; None if it would."""
    if "://" in image or image.startswith("data:"):
        return "has to be a path, not a URL"
    return path_fault(image)


def check_row(row: Row, fault: Fault) -> None:
    """Check a row by the trainer's rules.

    ``image``: the trainer opens ``image_folder / image`` wherever there is the key, even if it is null
    (``LazySupervisedDataset.__getitem__``). Turns: ``preprocess_v1`` fails at any role but human and gpt,
    drops a first turn that is not human's, and asserts that they alternate; a conversation that ends with
    human, or has an empty text, does not fit its separators, and its targets are all ignored. ``<image>``:
    ``preprocess_multimodal`` moves it to the beginning of its turn, several of a turn becoming one; the model
    takes one picture a token (``prepare_inputs_labels_for_multimodal``), so a second token takes that of the
    next sample.
    """
    if "image" in row:
        _check_image(row["image"], fault)
    turns = row.get("conversations")
    if not isinstance(turns, list) or not turns:
        fault("conversations", turns, "has to be a list of turns of human and gpt")
        return
    texts = [_check_turn(turn, place, fault) for place, turn in enumerate(turns)]
    if len(turns) % 2:
        fault("conversations", turns[-1], "has to end with a turn of gpt, else nothing of it is trained")
    _check_tokens(row, texts, fault)


def _check_image(image: Any, fault: Fault) -> None:
    if not isinstance(image, str):
        fault("image", image, "has to be one path; leave the key out where there is no picture")
        return
    wrong = reference_fault(image)
    if wrong is not None:
        fault("image", image, wrong)


def _check_turn(turn: Any, place: int, fault: Fault) -> str:
    """Check a turn; its text."""
    field = f"conversations[{place}]"
    if not isinstance(turn, dict):
        fault(field, turn, "has to be an object with 'from' and 'value'")
        return ""
    expected = SPEAKERS[place % 2]
    if turn.get("from") != expected:
        fault(f"{field}.from", turn.get("from"), f"human and gpt alternate from human on, here {expected}")
    text = turn.get("value")
    if not isinstance(text, str):
        fault(f"{field}.value", text, "has to be a string")
        return ""
    if not text:
        fault(f"{field}.value", text, "is empty, for which nothing of the conversation is trained")
    for separator in SEPARATORS:
        if separator in text:
            rule = (
                f"has the separator {separator!r} of the template v1 in it: the conversation is not trained"
            )
            fault(f"{field}.value", text, rule, warning=True)
    return text


def _check_tokens(row: Row, texts: list[str], fault: Fault) -> None:
    found = sum(text.count(IMAGE) for text in texts)
    first = next((place for place, text in enumerate(texts) if IMAGE in text), 0)
    field = f"conversations[{first}].value"
    if "image" not in row and found:
        fault(field, texts[first], f"without an image there is no {IMAGE}")
    elif "image" in row and found != 1:
        fault("image", row["image"], f"with an image there is one {IMAGE} in the texts, not {found}")
    elif first:
        fault(field, texts[first], f"{IMAGE} has to be in the first turn of human")
    elif IMAGE in texts[0].replace(IMAGE, ""):
        rule = f"what is left around {IMAGE} is another once the trainer has moved it"
        fault("conversations[0].value", texts[0], rule)
