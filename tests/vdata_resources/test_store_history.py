"""Any sequence of publishing, rejecting, crashing and reading keeps the store's rules."""

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from unittest import mock

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from store_content import fingerprint, names, publish

from vdata_resources.store import Store, Version


class StoreHistory(RuleBasedStateMachine):
    """The store beside a model of it: which number is published, how many ids were given, who reads what."""

    def __init__(self) -> None:
        super().__init__()
        self.cleanup = ExitStack()
        # Durability is not the subject here, and costs most of the time.
        self.cleanup.enter_context(mock.patch("os.fsync"))
        self.root = Path(self.cleanup.enter_context(tempfile.TemporaryDirectory()))
        self.given: list[str] = []
        self.published: list[str] = []
        self.rejected: list[str] = []
        self.readers: list[tuple[Version, ExitStack]] = []

    @initialize(keep=st.integers(1, 3))
    def configure(self, keep: int) -> None:
        self.keep = keep
        self.target = Store(self.root, keep).artifact("pets", "retrieval", "cat")

    @rule(number=st.integers(0, 9))
    def publish(self, number: int) -> None:
        version = publish(self.target, number)
        self.given.append(version.id)
        self.published.append(version.id)
        assert self.target.reusable(fingerprint(number)) == version

    @rule(number=st.integers(0, 9))
    def reject(self, number: int) -> None:
        with self.target.draft(fingerprint(number)) as draft:
            self.given.append(draft.reject({}).name)
        self.rejected.append(self.given[-1])

    @rule(number=st.integers(0, 9))
    def abandon(self, number: int) -> None:
        with self.target.draft(fingerprint(number)) as draft:
            (draft.path / "rows.txt").write_text("half")

    @rule(number=st.integers(0, 9), flipped=st.booleans())
    def crash(self, number: int, flipped: bool) -> None:
        """A writer dies before it renamed its draft, or before it replaced the link."""
        versions = self.target.folder / "versions"
        above = max((int(name[:6]) for name in self.given), default=0) + 1
        name = f"{above:06}-{fingerprint(number)[:8]}"
        folder = versions / (name if flipped else f".draft-{name}")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "manifest.json").write_text("{}")

    @rule()
    def start_reading(self) -> None:
        if self.published:
            lease = ExitStack()
            self.readers.append((lease.enter_context(self.target.reading()), lease))

    @rule(which=st.integers(0, 5))
    def stop_reading(self, which: int) -> None:
        if which < len(self.readers):
            self.readers.pop(which)[1].close()

    @invariant()
    def current_is_the_last_published(self) -> None:
        current = self.target.current()
        assert (current.id if current else None) == (self.published[-1] if self.published else None)

    @invariant()
    def ids_only_grow(self) -> None:
        numbers = [int(name[:6]) for name in self.given]
        assert numbers == sorted(set(numbers))

    @invariant()
    def the_newest_and_the_read_are_kept(self) -> None:
        kept = set(names(self.target.folder / "versions"))
        assert kept >= set(self.published[-self.keep :])
        assert kept >= {version.id for version, _ in self.readers}
        assert names(self.target.folder / "rejected") == self.rejected[-self.keep :]

    @invariant()
    def what_is_read_is_whole(self) -> None:
        for version, _ in self.readers:
            assert version.missing_files() == []

    def teardown(self) -> None:
        for _, lease in self.readers:
            lease.close()
        with self.target.draft(fingerprint(0)) as draft:
            draft.publish({}, {})
        kept = names(self.target.folder / "versions")
        assert kept == [*self.published, draft.id][-self.keep :], "nothing is left when nobody reads"
        assert sorted(os.listdir(self.target.folder / "versions")) == kept
        self.cleanup.close()


StoreHistory.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestStoreHistory = StoreHistory.TestCase
