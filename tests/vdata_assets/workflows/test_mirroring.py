"""Assets whose published versions are mirrored: what a run says when object storage takes or refuses them."""

import json
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from s3_server import BUCKET, SECRET, serve, set_environment

from vdata_assets.quality.findings import Check, Status
from vdata_assets.workflows.dataset import Dataset
from vdata_assets.workflows.publish import published_asset
from vdata_assets.workflows.recipe import Built, Recipe
from vdata_assets.workflows.resources import CredentialsResource, StoreResource, publish_to
from vdata_resources.object_store import ObjectStore

CHECK = Check("all_even", "Is every number even?", Status.FAILED)
KEY = dg.AssetKey(["pets", "numbers"])
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    yield from serve()


class Mirrored:
    """An asset of numbers in a store that is mirrored."""

    def __init__(self, lab, url: str):
        self.lab, self.url = lab, url
        self.built = 0

    def run(self, number: int) -> tuple[dg.ExecuteInProcessResult, str]:
        """Makes the asset of one number; gives its result and what its step failed with."""

        def build(step, out: Path, number: int) -> Built:
            """Numbers."""
            self.built += 1
            (out / "numbers.json").write_text(json.dumps(number))
            return Built([CHECK.finding("odd", [str(number)] if number % 2 else [])])

        recipe = Recipe(lambda step: {"number": number}, build, None, "1", (CHECK,))
        dataset = Dataset("pets", Path("/nowhere"))
        result = dg.materialize(
            [published_asset(dataset, "numbers", recipe, deps=[], kinds={"json"})],
            instance=self.lab.instance,
            resources={
                "store": StoreResource(home=str(self.lab.home), keep=2, publish_to=self.url),
                "credentials": CredentialsResource(),
            },
            run_config=QUIET,
            raise_on_error=False,
        )
        logs = self.lab.instance.all_logs(result.run_id)
        assert not [entry for entry in logs if SECRET in str(entry)]
        failures = [e.step_failure_data.error.to_string() for e in result.get_step_failure_events()]
        return result, "".join(failures)

    def local(self) -> int | None:
        version = self.lab.store.artifact("pets", "numbers").current()
        return json.loads(version.file("numbers.json").read_bytes()) if version else None

    def remote(self) -> int | None:
        version = ObjectStore(self.url).artifact("pets", "numbers").current()
        return json.loads(version.read("numbers.json")) if version else None


@pytest.fixture
def asset(lab, s3, tmp_path) -> Mirrored:
    return Mirrored(lab, f"s3://{BUCKET}{tmp_path}")


def test_every_published_version_is_mirrored_and_old_ones_go(asset):
    for number in (2, 4, 6):
        result, _ = asset.run(number)
        assert result.success
        assert (asset.local(), asset.remote()) == (number, number)
    assert len(ObjectStore(asset.url).artifact("pets", "numbers").versions()) == 2


def test_what_is_rejected_is_not_mirrored(asset):
    asset.run(2)
    result, _ = asset.run(3)
    assert not result.success
    assert (asset.local(), asset.remote()) == (2, 2)


def test_a_failed_upload_fails_the_step_and_the_next_run_sends_what_is_missing(asset, s3, monkeypatch):
    asset.run(2)
    with monkeypatch.context() as patch:
        set_environment(patch, "http://127.0.0.1:9")
        result, failure = asset.run(4)
    assert not result.success
    version = asset.lab.store.artifact("pets", "numbers").current()
    assert (
        f"version {version.id} is published in {version.path}, but not mirrored, and "
        f"{asset.url}/pets/numbers stands as it was: {asset.url}/pets/numbers/current: unreachable or failing"
    ) in failure
    assert "Materialize it again: the version is reused, and what is missing is sent" in failure
    set_environment(monkeypatch, s3)
    assert (asset.local(), asset.remote()) == (4, 2), "published is published"
    assert asset.built == 2
    result, _ = asset.run(4)
    assert result.success
    assert asset.built == 2, "the version is reused"
    assert asset.remote() == 4
    (event,) = result.asset_materializations_for_node("pets__numbers")
    assert event.metadata["reused"].value is True


def test_turning_it_on_later_mirrors_what_is_reused(asset):
    url, asset.url = asset.url, ""
    asset.run(2)
    asset.url = url
    assert asset.remote() is None
    asset.run(2)
    assert (asset.built, asset.remote()) == (1, 2)


@pytest.mark.parametrize(("variable", "place"), [(None, ""), ("s3://datasets/x", "s3://datasets/x")])
def test_the_environment_says_where(monkeypatch, variable, place):
    monkeypatch.delenv("VDATA_PUBLISH_TO", raising=False)
    if variable:
        monkeypatch.setenv("VDATA_PUBLISH_TO", variable)
    assert publish_to() == place
    store = StoreResource(home="/home", publish_to=publish_to()).store()
    assert store.objects == (ObjectStore(place) if place else None)
