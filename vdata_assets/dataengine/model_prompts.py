"""The language model's prompts, made fit to work with."""

import re
from collections.abc import Sequence, Set

from vdata_assets.dataengine.annotator import MAX_PROMPTS, Prompt, Written
from vdata_assets.dataengine.answers import ConversationalPrompts
from vdata_assets.dataengine.prompts.template import MAX_PROMPT, one_line, quoted

# A prompt that shows through what the writer was shown: "region 3", "mask #2".
NUMBERED = re.compile(r"\b(?:region|mask|candidate)s?\s*(?:number\s*|no\.?\s*)?#?\d", re.IGNORECASE)
MAX_SHOWN = 80
MAX_LISTED = 8
MAX_DIGITS = 12


def usable_prompts(answer: ConversationalPrompts, indices: Set[int], *, negative: bool) -> Written:
    """The first :data:`MAX_PROMPTS` prompts that keep the rules; the note tells why each other one does not.

    Args:
        answer: what the model wrote.
        indices: of the picture's regions.
        negative: whether the prompts' target must be absent.
    """
    prompts: dict[str, Prompt] = {}
    left_out: list[str] = []
    for position, written in enumerate(answer.prompts):
        prompt = Prompt(
            one_line(written.prompt, MAX_PROMPT + 1),
            tuple(sorted(set(written.candidates))),
            tuple(sorted(set(written.satisfying))),
        )
        key = prompt.text.casefold().rstrip(".!? ")
        fault = _fault(prompt, indices, negative=negative)
        if not fault and key in prompts:
            fault = "asked already"
        if not fault and len(prompts) == MAX_PROMPTS:
            fault = f"more than {MAX_PROMPTS}"
        if fault:
            left_out.append(f"prompt {position} {quoted(prompt.text, MAX_SHOWN)} left out: {fault}")
        else:
            prompts[key] = prompt
    if not answer.prompts:
        return Written((), "the model found nothing to write")
    return Written(tuple(prompts.values()), "; ".join(left_out))


def _fault(prompt: Prompt, indices: Set[int], *, negative: bool) -> str:
    """Which rule the prompt breaks; empty if none."""
    candidates, satisfying = set(prompt.candidates), set(prompt.satisfying)
    unknown = sorted((candidates | satisfying) - indices)
    if not any(character.isalnum() for character in prompt.text):
        return "no text"
    if len(prompt.text) > MAX_PROMPT:
        return f"longer than {MAX_PROMPT} characters"
    if NUMBERED.search(prompt.text):
        return "names a region by its number"
    if unknown:
        return f"there is no region {_listed(unknown)}"
    if negative:
        return f"its target is said to be there: {_listed(prompt.satisfying)}" if satisfying else ""
    if not satisfying:
        return "nothing satisfies it"
    if not satisfying < candidates:
        return (
            f"satisfying {_listed(prompt.satisfying)} is no strict subset of "
            f"candidates {_listed(prompt.candidates) or 'none'}"
        )
    return ""


def _listed(numbers: Sequence[int]) -> str:
    shown = ", ".join(str(number)[:MAX_DIGITS] for number in numbers[:MAX_LISTED])
    return f"{shown}, ..." if len(numbers) > MAX_LISTED else shown
