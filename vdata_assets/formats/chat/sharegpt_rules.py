"""What LLaMA-Factory asks of a row: hiyouga/LLaMA-Factory, ``src/llamafactory/data``.

Stated from the trainer alone (``converter.py`` and ``mm_plugin.py``), and independent of how rows are written
and read here.
"""

from typing import Any

from vdata_assets.formats.chat.dataset_info import Entry
from vdata_assets.formats.chat.llava_rules import Fault, reference_fault
from vdata_assets.formats.json_lines import Row

PLACEHOLDER = "<image>"
OTHER_PLACEHOLDERS = {"<video>": "videos", "<audio>": "audios"}
INNER_PLACEHOLDERS = ("{{image}}", "{{video}}", "{{audio}}")
RESERVED = (PLACEHOLDER, *OTHER_PLACEHOLDERS, *INNER_PLACEHOLDERS)
"""What a text must not have in it by chance."""


def entry_fault(entry: Entry) -> tuple[str, object, str] | None:
    """What keeps the trainer from reading a dataset by its entry: field, value and rule; None if nothing."""
    columns, tags = entry.columns, entry.tags
    needed = {
        "columns.messages": columns.messages,
        "columns.images": columns.images,
        "tags.role_tag": tags.role_tag,
        "tags.content_tag": tags.content_tag,
        "tags.user_tag": tags.user_tag,
        "tags.assistant_tag": tags.assistant_tag,
    }
    lacking = next((field for field, value in needed.items() if value is None), None)
    if entry.formatting != "sharegpt":
        return "formatting", entry.formatting, "has to be 'sharegpt'"
    if lacking is not None:
        return lacking, None, "has to be stated, for what is stated beside it replaces the defaults"
    return None


def check_row(row: Row, entry: Entry, fault: Fault) -> None:
    """Check a row by the trainer's rules.

    Turns (``SharegptDatasetConverter.__call__``): the first may be the system's; then user (or observation)
    and assistant (or function) alternate, an even number; any other row is skipped. Pictures
    (``_validate_messages``): as many as ``<image>`` in the turns after the system's, else the run ends with a
    ValueError; so it does at ``<video>`` and ``<audio>`` without such files. ``{{image}}`` is what it makes
    of ``<image>`` on the way to the model's token. A path is looked for in ``media_dir`` (``_find_medias``).
    """
    images = _check_images(row, entry, fault)
    field = str(entry.columns.messages)
    turns = row.get(field)
    if not isinstance(turns, list) or not turns:
        fault(field, turns, "has to be a list of turns")
        return
    tags = entry.tags
    system = (
        tags.system_tag is not None
        and isinstance(turns[0], dict)
        and turns[0].get(str(tags.role_tag)) == tags.system_tag
    )
    texts = [
        _check_turn(turn, place - system, f"{field}[{place}]", entry, fault)
        for place, turn in enumerate(turns)
    ]
    said = len(texts) - system
    if said % 2 or not said:
        fault(
            field, said, "the turns after the system's have to be of an even number, else the row is skipped"
        )
    found = sum(text.count(PLACEHOLDER) for text in texts[system:])
    if found != len(images):
        rule = f"there has to be one {PLACEHOLDER} in the texts for each, not {found}, else the run ends"
        fault(str(entry.columns.images), images, rule)


def _check_images(row: Row, entry: Entry, fault: Fault) -> list[Any]:
    """Check the list of pictures; the list."""
    field = str(entry.columns.images)
    images = row.get(field)
    if not isinstance(images, list):
        fault(field, images, "has to be a list of paths, empty where there is no picture")
        return []
    for place, image in enumerate(images):
        if not isinstance(image, str):
            fault(f"{field}[{place}]", image, "has to be a path")
            continue
        wrong = reference_fault(image)
        if wrong is not None:
            fault(f"{field}[{place}]", image, wrong)
    return images


def _check_turn(turn: Any, place: int, field: str, entry: Entry, fault: Fault) -> str:
    """Check a turn, the system's at place -1; its text."""
    tags = entry.tags
    role, content = str(tags.role_tag), str(tags.content_tag)
    if not isinstance(turn, dict):
        fault(field, turn, f"has to be an object with {role!r} and {content!r}")
        return ""
    accepted = (tags.user_tag, tags.observation_tag), (tags.assistant_tag, tags.function_tag)
    words = [word for word in accepted[place % 2] if word is not None]
    if place >= 0 and turn.get(role) not in words:
        fault(f"{field}.{role}", turn.get(role), f"turns alternate, here {' or '.join(words)}")
    text = turn.get(content)
    if not isinstance(text, str):
        fault(f"{field}.{content}", text, "has to be a string")
        return ""
    _check_text(text, place, f"{field}.{content}", entry, fault)
    return text


def _check_text(text: str, place: int, field: str, entry: Entry, fault: Fault) -> None:
    if not text:
        fault(field, text, "is empty", warning=True)
    if PLACEHOLDER in text and place < 0:
        fault(field, text, f"{PLACEHOLDER} in the system's text stands for no picture")
    elif PLACEHOLDER in text and place % 2:
        rule = "a picture in what the model has to say: its tokens are trained as text"
        fault(field, text, rule, warning=True)
    for word, column in OTHER_PLACEHOLDERS.items():
        if word in text and place >= 0 and getattr(entry.columns, column) is None:
            fault(field, text, f"without {column} there is no {word}, else the run ends")
    for word in INNER_PLACEHOLDERS:
        if word in text:
            fault(field, text, f"some of the trainer's templates make a token of {word}", warning=True)
