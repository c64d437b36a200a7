"""What a host does with the shared store: a program that is run in namespaces of its own.

It answers in lines, and goes on when its standard input gives a line.
"""

import os
import socket
import sys
from pathlib import Path

from store_content import artifact, assert_whole, fingerprint, held_number, publish, write, write_in_turn


def hold(root: Path) -> None:
    """Begins a draft and never ends it."""
    with artifact(root).draft(fingerprint(1)) as draft:
        write(draft, 1)
        say(f"pid {os.getpid()} on {socket.gethostname()}")
        sys.stdin.readline()


def cut_off(root: Path) -> None:
    """Begins a draft, is cut off, and later tries to publish it."""
    with artifact(root).draft(fingerprint(1)) as draft:
        write(draft, 1)
        say(draft.id)
        sys.stdin.readline()
        try:
            draft.publish({"number": 1}, {"findings": [1]})
        except RuntimeError as error:
            say(str(error))


def read_until(root: Path, last: int) -> None:
    """Reads whole versions, none older than the one before, until it sees the last."""
    seen = [held_number(artifact(root))]
    say("reading")
    while seen[-1] != last:
        seen.append(held_number(artifact(root)))
    assert seen == sorted(seen)
    say(str(len(set(seen))))


def lease(root: Path) -> None:
    """Holds a version, and reads it again when told to."""
    with artifact(root).reading() as version:
        say(str(assert_whole(version)))
        for _ in sys.stdin:
            say(str(assert_whole(version)))


def publish_all(root: Path, first: int, last: int) -> None:
    """Publishes one version after the other, and keeps one."""
    for number in range(first, last + 1):
        publish(artifact(root, keep=1), number)


def say(line: str) -> None:
    print(line, flush=True)


ACTS = {act.__name__: act for act in (hold, cut_off, read_until, lease, publish_all, write_in_turn)}


if __name__ == "__main__":
    act, root, *numbers = sys.argv[1:]
    ACTS[act](Path(root), *map(int, numbers))
