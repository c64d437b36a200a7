"""Which batch jobs are under way, kept in SQLite: a killed run's successor takes them up again."""

import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from vdata_resources.store.shared import sqlite_journal

KEPT_DAYS = 14
"""Rows of older jobs are removed: the service has forgotten their answers by then."""

TABLES = """
CREATE TABLE IF NOT EXISTS jobs (display_name TEXT PRIMARY KEY, name TEXT, created REAL NOT NULL);
CREATE TABLE IF NOT EXISTS requests (key TEXT PRIMARY KEY, display_name TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS requests_of_job ON requests (display_name);
"""


@dataclass(frozen=True)
class BatchJob:
    """A job that was submitted, or was about to be.

    Attributes:
        display_name: the name that we gave it, unique.
        name: the service's name; None if it did not arrive before the process ended.
    """

    display_name: str
    name: str | None


class BatchJobs:
    """Jobs and the cache keys of their requests. Several processes may share the file.

    Each method is one transaction and is on disk when it returns.

    Args:
        path: of the SQLite file; made if it is not there, with its folder.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(path, timeout=60, isolation_level=None)
        self._database.execute(f"PRAGMA journal_mode = {sqlite_journal(path.parent)}")
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.executescript(TABLES)
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")
            self._database.execute(
                "DELETE FROM jobs WHERE created < ?", (time.time() - KEPT_DAYS * 24 * 3600,)
            )
            self._remove_orphans()

    def intend(self, display_name: str, keys: Iterable[str]) -> None:
        """Note a job before it is created."""
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")
            self._database.execute("INSERT INTO jobs VALUES (?, NULL, ?)", (display_name, time.time()))
            self._database.executemany(
                "INSERT OR REPLACE INTO requests VALUES (?, ?)", ((key, display_name) for key in keys)
            )

    def created(self, display_name: str, name: str) -> None:
        """Note the service's name of a job."""
        self._database.execute("UPDATE jobs SET name = ? WHERE display_name = ?", (name, display_name))

    def job_of(self, key: str) -> BatchJob | None:
        """The job that answers a request, if there is one."""
        row = self._database.execute(
            "SELECT display_name, name FROM requests JOIN jobs USING (display_name) WHERE key = ?", (key,)
        ).fetchone()
        return BatchJob(*row) if row else None

    def keys_of(self, display_name: str) -> list[str]:
        """The requests of a job."""
        rows = self._database.execute("SELECT key FROM requests WHERE display_name = ?", (display_name,))
        return [key for (key,) in rows]

    def forget(self, display_name: str) -> None:
        """Remove a job that will answer nothing."""
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")
            self._database.execute("DELETE FROM jobs WHERE display_name = ?", (display_name,))
            self._remove_orphans()

    def release(self, keys: Iterable[str]) -> None:
        """Part requests from their jobs, and remove jobs that have none left."""
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")
            self._database.executemany("DELETE FROM requests WHERE key = ?", ((key,) for key in keys))
            self._database.execute(
                "DELETE FROM jobs WHERE display_name NOT IN (SELECT display_name FROM requests)"
            )

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _remove_orphans(self) -> None:
        self._database.execute(
            "DELETE FROM requests WHERE display_name NOT IN (SELECT display_name FROM jobs)"
        )
