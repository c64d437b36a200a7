"""Schedules of the real code location, ticked by the daemon's own code on a real instance."""

from datetime import UTC, datetime

SATURDAY = datetime(2031, 3, 1, 12, tzinfo=UTC).timestamp()
DAY = 86_400


def asked(daemon) -> list[str]:
    return sorted(run.job_name for run in daemon.runs())


def test_once_turned_on_they_are_due_every_night_and_the_audit_on_sundays(start_daemon):
    daemon = start_daemon()
    daemon.schedules(SATURDAY)
    for name in (
        "objects_observation",
        "tabletops_observation",
        "objects_full_audit_weekly",
        "retention_nightly",
    ):
        daemon.turn_on(name)
    daemon.schedules(SATURDAY + DAY)
    first_night = ["objects_full_audit", "objects_observe", "retention", "tabletops_observe"]
    assert asked(daemon) == first_night
    daemon.schedules(SATURDAY + 2 * DAY)
    assert asked(daemon) == sorted([*first_night, "objects_observe", "retention", "tabletops_observe"])
    # Prunes for real: a launch by hand would be a dry run.
    (config, _) = [run.run_config for run in daemon.runs() if run.job_name == "retention"]
    assert config["ops"]["prune"]["config"]["dry_run"] is False
