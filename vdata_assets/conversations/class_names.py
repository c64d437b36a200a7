"""Classes as they are spoken of, numbered."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vdata_assets.conversations.class_grammar import article, plural, shown_name
from vdata_assets.conversations.class_settings import ClassName, ClassWordingSettings
from vdata_assets.retrieval.draws import draw_keys, pair_draws

NONE = -1


@dataclass(frozen=True)
class Classes:
    """The classes of a dataset.

    Attributes:
        folders: their folders' names, in order; a class's number is its place here.
        names: how each is spoken of.
        keys: a seeded number of each, which depends on its folder's name alone.
    """

    folders: list[str]
    names: list[ClassName]
    keys: NDArray[np.uint64]

    @property
    def numbers(self) -> dict[str, int]:
        """Number by folder."""
        return {folder: number for number, folder in enumerate(self.folders)}

    def values(self, number: int) -> dict[str, str]:
        """Values of the placeholders for a sample's own class."""
        spoken = self.names[number]
        return {
            "class": spoken.name,
            "breed": spoken.name,
            "article": spoken.article or article(spoken.name),
            "plural": spoken.plural or plural(spoken.name),
        }

    def other_values(self, number: int) -> dict[str, str]:
        """Values of the placeholders for the class that is asked about."""
        values = self.values(number)
        return {
            "other": values["class"],
            "other_article": values["article"],
            "other_plural": values["plural"],
        }


def named_classes(folders: Iterable[str], settings: ClassWordingSettings) -> Classes:
    """Classes as the settings name them.

    Args:
        folders: names of the folders, in any order.
        settings: names and seed.

    A class whose folder's name would be written like another's keeps it as it is, underscores and all.

    Raises:
        ValueError: two classes are written alike all the same, or one as nothing; names them.
    """
    ordered = sorted(set(folders))
    shown = {folder: settings.names.get(folder, shown_name(folder)) for folder in ordered}
    times = Counter(name if isinstance(name, str) else name.name for name in shown.values())
    names = []
    written: dict[str, str] = {}
    for folder in ordered:
        name = shown[folder]
        if isinstance(name, str) and times[name] > 1 and folder not in settings.names:
            name = folder
        if not name:
            raise ValueError(f"class {folder!r} has no name that can be written: set one in names")
        spoken = name if isinstance(name, ClassName) else ClassName(name=name)
        other = written.setdefault(spoken.name, folder)
        if other != folder:
            raise ValueError(
                f"classes {other!r} and {folder!r} are both written {spoken.name!r}: set another in names"
            )
        names.append(spoken)
    return Classes(ordered, names, draw_keys(settings.seed, "class", ordered))


def candidates(
    classes: Classes, look_alikes: Mapping[str, list[str]] | None, number: int
) -> NDArray[np.int64]:
    """The classes that each class may be confused with in a question: rows of numbers, filled up with -1.

    Args:
        classes: all of them.
        look_alikes: by folder the folders that look most like it, the nearest first; None or a class without
            an entry: other classes in a seeded order. Classes that are gone are passed over.
        number: most for a class.
    """
    numbers = classes.numbers
    table = np.full((len(classes.folders), min(number, max(1, len(classes.folders) - 1))), NONE)
    for own, folder in enumerate(classes.folders):
        near = None if look_alikes is None else look_alikes.get(folder)
        if near is None:
            draws = pair_draws(classes.keys[own], classes.keys)
            draws[own] = -1
            others = [int(at) for at in np.argsort(-draws, kind="stable")[: table.shape[1]] if at != own]
        else:
            others = [numbers[name] for name in near if name in numbers and name != folder]
        kept = others[: table.shape[1]]
        table[own, : len(kept)] = kept
    return table
