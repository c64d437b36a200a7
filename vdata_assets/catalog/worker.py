"""Processes that read files, asked over pipes.

``multiprocessing`` is not used: its safe start methods load the caller's main module into every worker
(Dagster's takes seconds), need a guard in scripts, and a plain fork can deadlock in a threaded caller.
"""

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import IO, Self, cast

from vdata_assets.catalog.fingerprint import Fingerprint, fingerprints

PROGRAM = "import sys; sys.path = sys.argv[1:]; from vdata_assets.catalog.worker import serve; serve()"


class Worker:
    """A process that fingerprints files of one root; a context manager. One thread may ask at a time."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.process = subprocess.Popen(  # noqa: S603 - this interpreter, with this process's own path
            [sys.executable, "-c", PROGRAM, *sys.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.process.kill()
        self.process.communicate()

    def fingerprints(self, paths: Sequence[str]) -> list[Fingerprint]:
        """The fingerprint of each file, in order.

        Raises:
            RuntimeError: the process has died.
        """
        questions, answers = cast(IO[bytes], self.process.stdin), cast(IO[bytes], self.process.stdout)
        try:
            pickle.dump((self.root, paths), questions)
            questions.flush()
            rows: list[Fingerprint] = pickle.load(answers)  # noqa: S301 - from our own process
        except (BrokenPipeError, EOFError, pickle.UnpicklingError) as error:
            raise RuntimeError(
                f"a process that reads images ended with status {self.process.wait()} (negative: a signal, "
                "-9 mostly for want of memory); what it said is above"
            ) from error
        return rows


def serve() -> None:
    """Answer questions from standard input on standard output until the asker closes it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is the asker's to handle
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing that is printed gets between the answers
    while True:
        try:
            root, paths = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the process that started this one
        except EOFError:
            return
        pickle.dump(fingerprints(root, paths), answers)
        answers.flush()
