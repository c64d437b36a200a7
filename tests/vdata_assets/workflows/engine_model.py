"""A service that looks at pictures of a red and a blue box, and answers as a model would."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

REJECTED = "Segment the blue one that is red."
KEY = "AIza-secret-of-the-tests-0123456789"
WIDTH, HEIGHT = 240, 160
RED, BLUE = (30, 40, 89, 119), (150, 40, 209, 119)


def write_boxes(root: Path, count: int) -> None:
    """Pictures of a red and a blue box, each on another ground."""
    root.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        pixels = np.full((HEIGHT, WIDTH, 3), 90 + 15 * number, np.uint8)
        pixels[: 10 + 5 * number] = 250
        for (x0, y0, x1, y1), colour in ((RED, (200, 20, 20)), (BLUE, (20, 20, 200))):
            pixels[y0 : y1 + 1, x0 : x1 + 1] = colour
        Image.fromarray(pixels).save(root / f"boxes {number}.png")


def box_2d(box: tuple[int, int, int, int]) -> list[float]:
    """ymin, xmin, ymax, xmax from 0 to 1000."""
    x0, y0, x1, y1 = box
    return [round(1000 * v) for v in (y0 / HEIGHT, x0 / WIDTH, (y1 + 1) / HEIGHT, (x1 + 1) / WIDTH)]


def family(asked: Any) -> str:
    """A tail that tells families apart, so that no prompt is asked twice of a picture."""
    names = ("entities", "spatial", "affordances", "relations", "physics")
    return next(f", by its {name}" for name in names if f"{name.capitalize()}: " in asked.prompt)


def answer(asked: Any) -> dict[str, Any]:
    """What the model writes, by the shape that is asked for."""
    fields = asked.schema["properties"].keys()
    if "regions" in fields:
        return {
            "regions": [
                {"label": "red box", "attributes": ["red"], "place": "center left"},
                {"label": "blue box", "attributes": ["blue"], "place": "center right"},
                {"label": "green box", "attributes": [], "place": "center"},
            ]
        }
    if "boxes" in fields:
        return {
            "boxes": [
                {"index": 0, "box_2d": box_2d(RED)},
                {"index": 1, "box_2d": box_2d(BLUE)},
                {"index": 1, "box_2d": [10, 10, 5, 5]},
                {"index": 7, "box_2d": [0, 0, 10, 10]},
            ]
        }
    if "verdict" in fields:
        return {"reason": "it is so", "verdict": "REJECT" if REJECTED in asked.prompt else "ACCEPT"}
    if "choice" in fields:
        return {"reason": "closer to the outline", "choice": "second"}
    return {
        "prompts": [
            {"prompt": f"Segment the red one{family(asked)}.", "candidates": [0, 1], "satisfying": [0]},
            {"prompt": REJECTED, "candidates": [0, 1], "satisfying": [1]},
            {"prompt": "Segment all of them.", "candidates": [0, 1], "satisfying": [0, 1]},
        ]
    }
