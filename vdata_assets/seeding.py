"""Random choices as seeded functions of stable keys: no generator state, no iteration order, no hash()."""

from collections.abc import Iterable
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SEPARATOR = b"\x1f"


def seeded_int(seed: int, purpose: str, *keys: str) -> int:
    """A uniform unsigned 64-bit integer that depends on nothing but its arguments.

    Args:
        seed: the user's seed.
        purpose: what the number decides, e.g. ``"catalog-split"``, so that decisions are independent.
        keys: what it is decided for: an id, a path, a category and a concept.
    """
    material = SEPARATOR.join(part.encode() for part in (str(seed), purpose, *keys))
    return int.from_bytes(blake2b(material, digest_size=8).digest(), "little")


def seeded_ints(seed: int, purpose: str, ids: Iterable[str]) -> "NDArray[np.uint64]":
    """:func:`seeded_int` of each of many ids, in their order."""
    import numpy as np

    before = SEPARATOR.join((str(seed).encode(), purpose.encode(), b""))
    digests = b"".join(blake2b(before + key.encode(), digest_size=8).digest() for key in ids)
    return np.frombuffer(digests, "<u8").astype(np.uint64)


def seeded_uniform(seed: int, purpose: str, *keys: str) -> float:
    """A uniform float in [0, 1), from :func:`seeded_int`."""
    return (seeded_int(seed, purpose, *keys) >> 11) / (1 << 53)


def seeded_order(seed: int, purpose: str, ids: Iterable[str]) -> list[str]:
    """The ids in a random order in which adding or removing one id leaves the order of the others."""
    return sorted(ids, key=lambda key: (seeded_int(seed, purpose, key), key))
