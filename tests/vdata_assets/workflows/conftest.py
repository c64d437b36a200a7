"""Runs of a dataset's assets on an instance and a store of their own."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import engine_model
import pytest
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

from vdata_assets.workflows.resources import CredentialsResource, StoreResource
from vdata_resources.store import Store

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class Lab:
    """An instance and a store.

    Attributes:
        instance: Dagster's, ephemeral.
        home: the store's folder.
        credentials: keys of services; none unless set.
    """

    instance: dg.DagsterInstance
    home: Path
    credentials: CredentialsResource = field(default_factory=CredentialsResource)

    @property
    def store(self) -> Store:
        return Store(self.home)

    def run(
        self,
        definitions: dg.Definitions,
        *assets: dg.AssetKey,
        partition: str | None = None,
        span: tuple[str, str] | None = None,
    ) -> dg.ExecuteInProcessResult:
        """Materialize assets; all of them if none are named. ``span`` is a range of partitions in one run."""
        whole = dg.Definitions.merge(
            definitions,
            dg.Definitions(
                resources={"store": StoreResource(home=str(self.home)), "credentials": self.credentials}
            ),
        )
        job = whole.resolve_implicit_global_asset_job_def()
        options: dict[str, Any] = {"partition_key": partition} if partition else {}
        if span:
            options["tags"] = {
                ASSET_PARTITION_RANGE_START_TAG: span[0],
                ASSET_PARTITION_RANGE_END_TAG: span[1],
            }
        return job.execute_in_process(
            asset_selection=list(assets) or None,
            instance=self.instance,
            raise_on_error=False,
            run_config=QUIET,
            **options,
        )

    def verdicts(self, result: dg.ExecuteInProcessResult) -> set[tuple[str, str | None, bool, str]]:
        """Check name, partition, passed and severity of every evaluation of a run."""
        # The result itself lacks what a step that failed has logged; the instance has it.
        events = self.instance.all_logs(result.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
        evaluations = [entry.get_dagster_event().asset_check_evaluation_data for entry in events]
        return {(e.check_name, e.partition, e.passed, e.severity.value) for e in evaluations}


def _labs(tmp_path_factory) -> Iterator[Callable[[], Lab]]:
    instances = []

    def make() -> Lab:
        instance = dg.DagsterInstance.ephemeral()
        instances.append(instance)
        return Lab(instance, tmp_path_factory.mktemp("home"))

    yield make
    for instance in instances:
        instance.dispose()


@pytest.fixture
def make_lab(tmp_path_factory) -> Iterator[Callable[[], Lab]]:
    yield from _labs(tmp_path_factory)


@pytest.fixture(scope="module")
def make_module_lab(tmp_path_factory) -> Iterator[Callable[[], Lab]]:
    """Labs for what is made once and looked at by all tests of a module."""
    yield from _labs(tmp_path_factory)


@pytest.fixture
def lab(make_lab) -> Lab:
    return make_lab()


@pytest.fixture
def boxes(tmp_path):
    engine_model.write_boxes(tmp_path / "boxes", 3)
    return tmp_path / "boxes"
