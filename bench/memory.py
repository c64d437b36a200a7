"""How much memory a process and its descendants take together."""

import threading
from collections.abc import Callable

import psutil


def resident(process: psutil.Process) -> int:
    """Resident bytes."""
    return int(process.memory_info().rss)


def private(process: psutil.Process) -> int:
    """Resident bytes that are the process's own: without pages of mapped files, which are cache."""
    memory = process.memory_info()
    return int(memory.rss - memory.shared)


class PeakMemory:
    """Largest memory of this process and all its descendants together while the block runs, in MB.

    Args:
        of: what is counted of each process.
    """

    def __init__(self, of: Callable[[psutil.Process], int] = resident) -> None:
        self.of = of

    def __enter__(self) -> "PeakMemory":
        self.mb = 0.0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.over.set()
        self.thread.join()

    def watch(self) -> None:
        """Look ten times a second until the block is over."""
        own = psutil.Process()
        while not self.over.wait(0.1):
            total = 0
            for process in (own, *own.children(recursive=True)):
                try:
                    total += self.of(process)
                except psutil.NoSuchProcess:
                    continue
            self.mb = max(self.mb, total / 2**20)
