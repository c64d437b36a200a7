"""Sensors of the real code location, ticked by the daemon's own code on a real instance."""

from pathlib import Path

from PIL import Image

from vdata_assets.workflows.retention_runs import old_ticks


def test_a_dropped_zip_is_registered_and_launched_once_also_over_a_restart(start_daemon):
    daemon = start_daemon().alone("clips_inbox")
    inbox = daemon.home / "samples/clips"
    inbox.mkdir(parents=True)
    (inbox / "one.zip").write_bytes(b"half")
    daemon.sensors(0)
    (inbox / "one.zip").write_bytes(b"whole")
    for _ in range(3):
        daemon.sensors(11)
    assert daemon.instance.get_dynamic_partitions("clips/export") == ["one"]
    assert [(run.job_name, run.tags["dagster/partition"]) for run in daemon.runs()] == [("clips", "one")]
    assert [status for status, _ in daemon.ticks("clips_inbox")] == [
        "SKIPPED",
        "SKIPPED",
        "SUCCESS",
        "SKIPPED",
    ]
    again = start_daemon()
    again.now = daemon.now
    again.sensors(11)
    again.sensors(11)
    assert len(again.runs()) == 1


def photo(folder: Path) -> None:
    folder.mkdir(parents=True)
    Image.new("RGB", (8, 8), "red").save(folder / "1.png")


def test_a_new_category_folder_is_a_partition_within_a_minute_and_starts_nothing(start_daemon):
    daemon = start_daemon().alone("objects_categories")
    root = daemon.home / "samples/objects"
    photo(root / "bag" / "one")
    daemon.sensors(0)
    photo(root / "pet animal" / "one")
    daemon.sensors(30)
    assert daemon.instance.get_dynamic_partitions("objects/category") == ["bag"]
    daemon.sensors(31)
    assert daemon.instance.get_dynamic_partitions("objects/category") == ["bag", "pet-animal"]
    assert daemon.ticks("objects_categories")[-1] == (
        "SKIPPED",
        "2 categories; new: pet-animal; vanished, key kept: none",
    )
    assert daemon.runs() == []
    assert old_ticks(daemon.instance, daemon.now - 60, dry_run=False) == {"objects_categories": 1}
    assert old_ticks(daemon.instance, daemon.now + 1, dry_run=True) == {"objects_categories": 1}


def test_only_sensors_that_start_nothing_unasked_are_on(start_daemon):
    daemon = start_daemon()
    repository = daemon.repository
    on = {sensor.name for sensor in repository.get_sensors() if sensor.default_status.value == "RUNNING"}
    assert on == {
        "clips_inbox",
        "garments_categories",
        "garments_shards",
        "objects_categories",
        "tabletops_shards",
    }
    assert not [
        schedule.name for schedule in repository.get_schedules() if schedule.default_status.value != "STOPPED"
    ]
