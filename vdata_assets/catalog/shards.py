"""Shards: partition keys that rows fill one after another and keep."""

from collections.abc import Iterable, Mapping


def shard_keys(names: Iterable[str], size: int, known: Mapping[str, str]) -> dict[str, str]:
    """The partition key of every row: ``shard-0000`` and so on.

    Args:
        names: of the rows, distinct, in order.
        size: rows that a shard takes.
        known: keys by name that stay as they are.

    Returns:
        Key by name, known ones included. New names fill the last shard and then begin others, so that no full
        shard changes.
    """
    keys = dict(known)
    number = max((int(key.rpartition("-")[2]) for key in known.values()), default=0)
    room = size - sum(key == _shard_key(number) for key in known.values())
    for name in names:
        if name in keys:
            continue
        if room <= 0:
            number, room = number + 1, size
        keys[name] = _shard_key(number)
        room -= 1
    return keys


def _shard_key(number: int) -> str:
    return f"shard-{number:04d}"
