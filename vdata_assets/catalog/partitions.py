"""Partition keys: names of categories as short, safe slugs."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from hashlib import blake2b

from vdata_resources.store import RESERVED

SLUG = r"^[a-z0-9][a-z0-9_-]{0,62}$"
MAX_LENGTH = 63
NAMELESS = "category"


def partition_keys(categories: Iterable[str], known: Mapping[str, str] | None = None) -> dict[str, str]:
    """A key for every category: ``{"pet animal": "pet-animal", "包": "category-72576d77"}``.

    A key is the name in lower case without accents, other characters as ``-``. It gets a hash of the
    name appended where letters or digits would be lost, which depends on the name alone, and where the
    plain slug is taken. It is taken first by the keys already published, then by a name that is its own
    slug ("pet-animal" before "pet animal"), then in the names' order. So the key of a published category
    never changes, and without ``known`` only a name with a better claim to the slug can change one.

    Args:
        categories: display names.
        known: keys already published, by category; also of categories that are gone, whose keys stay
            taken.

    Returns:
        Key by category, in the names' order; known categories that are not in ``categories`` are left out.

    Raises:
        ValueError: a known key is no slug or stands for two categories.
    """
    known = known or {}
    for category, key in known.items():
        if not re.fullmatch(SLUG, key):
            raise ValueError(f"known partition {key!r} of category {category!r} does not match {SLUG}")
    if len(set(known.values())) < len(known):
        raise ValueError(f"two known categories share a partition: {dict(known)}")
    names = sorted(set(categories))
    keys = {name: known[name] for name in names if name in known}
    # The store keeps its own folders beside a partition's.
    taken = set(known.values()) | RESERVED
    for name in sorted(
        (name for name in names if name not in known), key=lambda name: _slug(name) != (name, True)
    ):
        keys[name] = _free_key(name, taken)
        taken.add(keys[name])
    return {name: keys[name] for name in names}


def own_key(name: str) -> str:
    """A key that depends on the name alone: the name where it is a slug, else a slug with a hash of it.

    ``"clip-7"`` is ``"clip-7"``, ``"Clip 7"`` is ``"clip-7-"`` and 8 digits: no other name ever changes it.
    """
    if _slug(name) == (name, True) and name not in RESERVED:
        return name
    return _hashed_key(name, 8)


def _slug(name: str) -> tuple[str, bool]:
    """The plain slug, and whether it keeps every letter and digit of the name."""
    # Decomposed, an accented letter is a letter and a mark; marks are no letters and fall away.
    letters = unicodedata.normalize("NFKD", name.casefold())
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    slug = re.sub(r"[^a-z0-9_-]+", "-", bare).strip("-_")
    lost = any(letter.isalnum() and not letter.isascii() for letter in bare)
    return slug or NAMELESS, bool(slug) and not lost and len(slug) <= MAX_LENGTH


def _free_key(name: str, taken: set[str]) -> str:
    slug, faithful = _slug(name)
    if faithful and slug not in taken:
        return slug
    # 8 digits do; more only where a category is named like another one's key.
    candidates = (_hashed_key(name, digits) for digits in range(8, 33))
    return next(key for key in candidates if key not in taken)


def _hashed_key(name: str, digits: int) -> str:
    """The name's slug, shortened, and as many hexadecimal digits of the name's hash."""
    slug, _ = _slug(name)
    digest = blake2b(name.encode(errors="surrogateescape"), digest_size=16).hexdigest()
    return f"{slug[: MAX_LENGTH - 1 - digits].rstrip('-_')}-{digest[:digits]}"
