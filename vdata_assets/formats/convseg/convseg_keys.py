"""Names of runs as stems of files: safe, short, and no two alike."""

import re
from collections.abc import Sequence
from hashlib import blake2b
from itertools import chain, count

from vdata_assets.dataengine.run_folder import slug
from vdata_assets.dataengine.schema import RUN_PREFIX
from vdata_assets.formats.convseg.run_model import FoundRun

SAFE_STEM = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9_-])?")
MOST_STEM = 80


def image_keys(runs: Sequence[FoundRun]) -> dict[str, FoundRun]:
    """The runs by the stem of their image's file: the image's stem, safe and no one else's.

    A stem that is not safe as a file name gets a hash of the run's name, and one that another run of the
    order has already, in any case, a hash of its origin and name; so that a key depends on nothing else.

    Raises:
        ValueError: a run is given twice.
    """
    keys: dict[str, FoundRun] = {}
    taken: set[str] = set()
    seen: set[tuple[str, str]] = set()
    for run in runs:
        if (run.origin, run.name) in seen:
            raise ValueError(f"run {run.name} of {run.origin} is given twice: give it once")
        seen.add((run.origin, run.name))
        stem = run.name.removeprefix(RUN_PREFIX)
        short = slug(stem, MOST_STEM)
        own = stem if SAFE_STEM.fullmatch(stem) else f"{short}-{_digest(run.name)}"
        others = (f"{short}-{_digest(run.origin, run.name, *('+' * more))}" for more in count())
        key = next(key for key in chain([own], others) if key.casefold() not in taken)
        taken.add(key.casefold())
        keys[key] = run
    return keys


def _digest(*names: str) -> str:
    content = "\x1f".join(names).encode(errors="surrogateescape")
    return blake2b(content, digest_size=4).hexdigest()


def shown_name(name: str) -> str:
    """A file's name as text: bytes that are no UTF-8 as ``\\xff``."""
    return name.encode(errors="surrogateescape").decode(errors="backslashreplace")
