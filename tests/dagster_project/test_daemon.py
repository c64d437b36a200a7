"""How often backfills are looked at."""

import pytest

from dagster_project import daemon


@pytest.mark.parametrize(("look", "wait"), [(0.0, 3.0), (0.5, 3.0), (5.0, 20.0)])
def test_a_look_that_takes_long_comes_less_often(monkeypatch, look, wait):
    clock = iter([100.0, 100.0 + look])
    monkeypatch.setattr(daemon.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(daemon, "execute_backfill_iteration", lambda *_: iter([None]))
    backfills = daemon.PromptBackfillDaemon()
    assert backfills.interval_seconds == 3.0
    assert list(backfills.run_iteration(None)) == [None]
    assert backfills.interval_seconds == wait
