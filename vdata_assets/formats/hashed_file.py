"""A large file in the making: hashed and written in a thread, while the next bytes are made."""

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import xxhash

MOST_WAITING = 32_000_000


class HashedFile:
    """A new file for ``pyarrow.PythonFile``.

    Attributes:
        size: bytes given to it.
        closed: whether it is closed.
    """

    def __init__(self, path: Path) -> None:
        self.size = 0
        self.closed = False
        self._hash = xxhash.xxh3_128()
        self._file = path.open("wb", buffering=0)
        self._thread = ThreadPoolExecutor(1)
        self._waiting: deque[tuple[int, Future[None]]] = deque()
        self._waiting_bytes = 0

    @property
    def digest(self) -> bytes:
        """xxh3-128 of all bytes of the closed file, 16 bytes."""
        return self._hash.digest()

    def write(self, data: bytes) -> int:
        """Append the bytes; their number. Waits while 32 MB are not written yet.

        Raises:
            OSError: the disk could not take these or earlier bytes.
        """
        count = memoryview(data).nbytes
        self.size += count
        self._waiting.append((count, self._thread.submit(self._append, data)))
        self._waiting_bytes += count
        self._settle(MOST_WAITING)
        return count

    def flush(self) -> None:
        """Nothing is held back for long."""

    def close(self) -> None:
        """Write what is left and close the file.

        Raises:
            OSError: the disk could not take it.
        """
        if self.closed:
            return
        self.closed = True
        try:
            self._settle(0)
        finally:
            self._thread.shutdown()
            self._file.close()

    def _append(self, data: bytes) -> None:
        left = memoryview(data).cast("B")
        self._hash.update(left)
        while left.nbytes:
            left = left[self._file.write(left) :]

    def _settle(self, most: int) -> None:
        while self._waiting_bytes > most or (self._waiting and self._waiting[0][1].done()):
            count, written = self._waiting.popleft()
            self._waiting_bytes -= count
            written.result()
