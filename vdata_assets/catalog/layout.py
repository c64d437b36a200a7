"""How a tree of folders is read: which one is a category, a concept, a split."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from vdata_assets.catalog.listing import Folder, display, list_files
from vdata_assets.catalog.settings import Layout, LayoutName


@dataclass(frozen=True)
class Place:
    """What the images of a folder are.

    Attributes:
        category: the category folder's name.
        concept: the concept folder's name.
        split: ``train``, ``test`` or ``negative``; None where it is yet to be drawn.
    """

    category: str
    concept: str
    split: str | None


def resolve(layout: Layout, folders: Iterable[Folder]) -> LayoutName:
    """The layout of a tree: the one that is set or, for ``auto``, the one that it has."""
    if layout.layout != "auto":
        return layout.layout
    explicit = (isinstance(place(folder.parts, layout, "explicit"), Place) for folder in folders)
    return "explicit" if any(explicit) else "auto_split"


def place(parts: tuple[str, ...], layout: Layout, resolved: LayoutName) -> Place | str:
    """What the images of one folder are, or the problem if the layout has no place for them.

    Args:
        parts: names of the folders from the root down to the images.
        layout: the names of the special folders.
        resolved: from :func:`resolve`.
    """
    split = None
    if resolved == "explicit":
        if not parts or parts[0] not in layout.split_dirnames:
            folders = " or ".join(f"{name}/" for name in layout.split_dirnames)
            return f"outside the split folders: move it to <category>/<concept>/ under {folders}"
        split, parts = layout.split_dirnames[parts[0]], parts[1:]
    if len(parts) < 2:
        return f"above the concept folders: move it down into {'' if parts else '<category>/'}<concept>/"
    category, concept, *rest = parts
    if concept == layout.negatives_dirname:
        return "negatives outside a concept: move the folder into the concept it is about"
    if rest and rest == [layout.negatives_dirname]:
        return Place(category, concept, "negative")
    if rest:
        return "below a concept folder: move it up into the concept's own folder"
    return Place(category, concept, split)


def present_categories(root: str | Path, layout: Layout) -> list[str]:
    """Display names of the categories that have image files, in order. No file is opened.

    Raises:
        ValueError: ``root`` is missing, is no folder or cannot be listed.
    """
    folders = list_files(root).folders
    resolved = resolve(layout, folders)
    places = (place(folder.parts, layout, resolved) for folder in folders)
    return sorted({display(where.category) for where in places if isinstance(where, Place)})
