"""Fingerprints of many files, in parallel where it pays."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from queue import SimpleQueue

import polars as pl

from vdata_assets.catalog.fingerprint import Fingerprint, fingerprints
from vdata_assets.catalog.worker import Worker
from vdata_resources.parallel import ordered_map
from vdata_resources.progress import Progress

COLUMNS = {
    "image_id": pl.String,
    "content_hash": pl.String,
    "width": pl.UInt32,
    "height": pl.UInt32,
    "format": pl.String,
    "bytes": pl.UInt64,
    "reason": pl.String,
}
CHUNK = 1024
# Seconds of work before processes are started, which takes about as long.
ALONE_FOR = 1.0


def table(rows: Sequence[Fingerprint]) -> pl.DataFrame:
    """Fingerprints as a table, in order."""
    return pl.DataFrame(rows, schema=COLUMNS, orient="row")


def scan(root: str, paths: Sequence[str], workers: int, log: Callable[[str], object]) -> pl.DataFrame:
    """The fingerprint of every file, in the order of ``paths``, whatever the number of workers.

    Memory: the table, and as many files at a time as there are workers.

    Args:
        root: the dataset's root.
        paths: relative to the root.
        workers: processes, started if this one alone is not soon done.
        log: where a line of progress goes every few seconds.
    """
    progress = Progress("catalog: read", len(paths), "images", log)
    parts = [table([])]
    chunks = [paths[start : start + CHUNK] for start in range(0, len(paths), CHUNK)]
    for rows in _alone_then_in_processes(root, chunks, workers):
        parts.append(table(rows))
        progress.advance(len(rows))
    return pl.concat(parts)


def _alone_then_in_processes(
    root: str, chunks: Sequence[Sequence[str]], workers: int
) -> Iterator[list[Fingerprint]]:
    start = time.monotonic()
    for n, chunk in enumerate(chunks):
        if workers > 1 and time.monotonic() - start >= ALONE_FOR:
            yield from _in_processes(root, chunks[n:], workers)
            return
        yield fingerprints(root, chunk)


def _in_processes(root: str, chunks: Sequence[Sequence[str]], workers: int) -> Iterator[list[Fingerprint]]:
    with ExitStack() as running:
        idle: SimpleQueue[Worker] = SimpleQueue()
        for _ in range(min(workers, len(chunks))):
            idle.put(running.enter_context(Worker(root)))

        def ask(chunk: Sequence[str]) -> list[Fingerprint]:
            worker = idle.get()
            try:
                return worker.fingerprints(chunk)
            finally:
                idle.put(worker)

        yield from ordered_map(ask, chunks, workers, ahead=2 * workers)
