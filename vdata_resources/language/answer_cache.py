"""Answers of language models by what was asked, kept in one SQLite file: nothing is paid for twice."""

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import BaseModel
from tenacity import retry, retry_if_exception, stop_after_delay, wait_random

from vdata_resources.language.protocol import Answer, Request, Usage
from vdata_resources.store.shared import sqlite_journal

LOCK_SECONDS = 60
APPLICATION_ID = 0x76644163
LAYOUT = 1
DIGEST_BYTES = 32

CREATE = """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY,
    model TEXT NOT NULL,
    prompt TEXT NOT NULL,
    purpose TEXT NOT NULL,
    answer TEXT NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    answered_at TEXT NOT NULL
) STRICT
"""


@dataclass(frozen=True)
class CacheOverview:
    """What a cache holds: the number of answers and the tokens that were paid for them."""

    answers: int
    input_tokens: int
    output_tokens: int


def cache_key(model_identity: str, request: Request) -> str:
    """Digest of all that an answer depends on, 64 hex digits (BLAKE2b).

    That is the model, the prompt with its version, the text, every image's bytes, the JSON schema, the
    temperature and the limit of output tokens; not the purpose, which is for counting only. The order of a
    schema's fields counts, as models answer in it.
    """
    facts = [
        model_identity,
        request.prompt,
        request.text,
        [blake2b(image, digest_size=DIGEST_BYTES).hexdigest() for image in request.images],
        _json_schema(request.schema),
        float(request.temperature),
        request.max_output_tokens,
    ]
    # A JSON array of strings, numbers and one list of digests: no two lists of facts are written alike.
    return blake2b(json.dumps(facts).encode(), digest_size=DIGEST_BYTES).hexdigest()


@lru_cache(maxsize=1024)
def _json_schema(schema: type[BaseModel]) -> str:
    return json.dumps(schema.model_json_schema())


class AnswerCache:
    """Answers in an SQLite file with a write-ahead log, for any number of threads and processes of a machine.

    An answer is on disk once :meth:`put` returns: neither SIGKILL nor a power cut loses it
    (https://sqlite.org/pragma.html#pragma_synchronous, FULL). Images and keys of services are never stored.
    The file must be on a local disk: a write-ahead log does not work across machines
    (https://sqlite.org/wal.html, section 1).

    Args:
        path: the file; it is made if it is missing, its folder too.

    Raises:
        ValueError: the file is damaged, or no cache of answers.
        OSError: it cannot be opened or written. Every method raises both likewise.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._named_errors():
            self._connection = sqlite3.connect(
                path, timeout=LOCK_SECONDS, isolation_level=None, check_same_thread=False
            )
        try:
            with self._named_errors():
                self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; the cache cannot be used any more."""
        with self._lock:
            self._connection.close()

    def get(self, key: str) -> Answer | None:
        """The answer under a key of :func:`cache_key`; None if there is none."""
        with self._lock, self._named_errors():
            row = self._connection.execute(
                "SELECT answer, input_tokens, output_tokens FROM answers WHERE key = ?", (key,)
            ).fetchone()
        return None if row is None else Answer(row[0], Usage(row[1], row[2]))

    def put(self, key: str, request: Request, model: str, answer: Answer) -> None:
        """Keep an answer for good, in place of one that is there already.

        Args:
            key: of :func:`cache_key`.
            request: what was asked.
            model: identity of the model that answered.
            answer: what it said: JSON of the request's schema.
        """
        answered_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        usage = answer.usage
        row = (key, model, request.prompt, request.purpose, answer.text, usage.input_tokens)
        with self._lock, self._named_errors():
            self._connection.execute(
                "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (*row, usage.output_tokens, answered_at),
            )

    def overview(self) -> CacheOverview:
        """Count what is in the cache."""
        with self._lock, self._named_errors():
            totals = self._connection.execute(
                "SELECT count(*), total(input_tokens), total(output_tokens) FROM answers"
            ).fetchone()
        return CacheOverview(*map(int, totals))

    def _prepare(self) -> None:
        self._connection.execute("BEGIN")  # one look, however many processes make the file
        owner, layout, tables = (
            self._connection.execute(query).fetchone()[0]
            for query in (
                "PRAGMA application_id",
                "PRAGMA user_version",
                "SELECT count(*) FROM sqlite_master",
            )
        )
        self._connection.execute("COMMIT")
        if (owner or layout or tables) and owner != APPLICATION_ID:
            raise sqlite3.DatabaseError("another program's database")
        if layout not in (0, LAYOUT):
            raise sqlite3.DatabaseError(f"layout {layout}; this version knows {LAYOUT}")
        self._choose_journal()
        self._connection.execute("PRAGMA synchronous = FULL")
        if not tables:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            self._connection.execute(f"PRAGMA user_version = {LAYOUT}")
            self._connection.execute(CREATE)
            self._connection.execute("COMMIT")

    # The step from one journal to the other does not wait for locks by itself.
    @retry(
        retry=retry_if_exception(lambda error: isinstance(error, sqlite3.OperationalError) and _busy(error)),
        wait=wait_random(0.005, 0.05),
        stop=stop_after_delay(LOCK_SECONDS),
        reraise=True,
    )
    def _choose_journal(self) -> None:
        self._connection.execute(f"PRAGMA journal_mode = {sqlite_journal(self.path.parent)}")

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.ProgrammingError:  # used after it was closed
            raise
        except sqlite3.OperationalError as error:
            raise OSError(
                f"answer cache: {self.path} cannot be used ({error}): see that the folder can be written, "
                "that the disk has space and that no other program holds the file"
            ) from error
        except sqlite3.DatabaseError as error:
            raise ValueError(
                f"answer cache: {self.path} is damaged or no cache of answers ({error}): move it away; "
                "a new one is made, and what was in it is asked and paid for again"
            ) from error


def _busy(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
