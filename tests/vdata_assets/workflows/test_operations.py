"""Jobs, the observation schedule and the sensor that keeps partitions in step."""

import dagster as dg
import pytest
from PIL import Image

from vdata_assets.workflows import ConceptRetrieval
from vdata_assets.workflows.resources import StoreResource


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "photos"
    for category in ("bag", "pet animal"):
        folder = root / category / "one"
        folder.mkdir(parents=True)
        Image.new("RGB", (8, 8), "red").save(folder / "1.png")
    return root


@pytest.fixture
def definitions(root):
    component = ConceptRetrieval(root=str(root))
    return component.definitions(component.dataset("my-pets", root.parent))


def tick(lab, definitions) -> dg.SensorResult:
    (sensor,) = definitions.sensors
    with dg.build_sensor_context(
        instance=lab.instance, resources={"store": StoreResource(home=str(lab.home))}
    ) as context:
        return sensor(context)


def test_new_categories_are_registered_once(lab, definitions):
    result = tick(lab, definitions)
    assert result.skip_reason.skip_message == "2 categories; new: bag, pet-animal; vanished, key kept: none"
    (request,) = result.dynamic_partitions_requests
    assert request.partitions_def_name == "my-pets/category"
    assert request.partition_keys == ["bag", "pet-animal"]
    lab.instance.add_dynamic_partitions("my-pets/category", request.partition_keys)
    assert not tick(lab, definitions).dynamic_partitions_requests


def test_a_vanished_category_is_reported_and_its_key_kept(lab, definitions, root):
    lab.instance.add_dynamic_partitions("my-pets/category", ["bag", "pet-animal"])
    (root / "bag").rename(root.parent / "away")
    result = tick(lab, definitions)
    assert result.skip_reason.skip_message == "1 categories; new: none; vanished, key kept: bag"
    assert not result.dynamic_partitions_requests


def test_a_root_that_is_away_for_a_while_changes_nothing(lab, definitions, root):
    root.rename(root.parent / "unmounted")
    result = tick(lab, definitions)
    assert result.skip_reason.skip_message.startswith(f"cannot list {root}")
    assert not result.dynamic_partitions_requests


def test_the_sensor_gives_the_keys_that_the_catalog_gives(lab, definitions, root):
    (root / "pet-animal" / "one").mkdir(parents=True)
    Image.new("RGB", (8, 8), "blue").save(root / "pet-animal" / "one" / "1.png")
    (request,) = tick(lab, definitions).dynamic_partitions_requests
    lab.run(definitions, dg.AssetKey(["my-pets", "catalog"]))
    assert sorted(lab.instance.get_dynamic_partitions("my-pets/category")) == request.partition_keys


def test_observation_is_nightly_but_off(definitions):
    (schedule,) = definitions.schedules
    assert (schedule.name, schedule.cron_schedule) == ("my_pets_observation", "0 2 * * *")
    assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED
