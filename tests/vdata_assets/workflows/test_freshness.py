"""Freshness policies: which assets have one, and what Dagster's daemon makes of it on a real instance."""

import time
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.freshness import FreshnessState, TimeWindowFreshnessPolicy
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.test_utils import InProcessTestWorkspaceLoadTarget, freeze_time
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._daemon.freshness import FreshnessDaemon

from vdata_assets.workflows import ConceptRetrieval
from vdata_assets.workflows.freshness import FreshnessSettings, with_freshness
from vdata_assets.workflows.resources import CredentialsResource, StoreResource

NAME = "pets"
DAY = 86_400


def definitions(**settings) -> dg.Definitions:
    """A dataset as its component builds it."""
    component = ConceptRetrieval(root="photos")
    defs = component.definitions(component.dataset(NAME, Path("/raw")))
    fresh = with_freshness(defs, FreshnessSettings(**settings) if settings else None)
    resources = {"store": StoreResource(home="/nowhere"), "credentials": CredentialsResource()}
    return dg.Definitions.merge(fresh, dg.Definitions(resources=resources))


# What the daemon loads.
monthly = definitions(fail_days=30, warn_days=20, assets=("analysis",))


def policies(defs: dg.Definitions) -> dict[str, dg.FreshnessPolicy]:
    specs = defs.resolve_all_asset_specs()
    return {spec.key.path[-1]: spec.freshness_policy for spec in specs if spec.freshness_policy}


def test_without_the_setting_nothing_has_a_policy():
    assert policies(definitions()) == {}


def test_a_dataset_s_results_have_the_policy_and_what_they_are_made_of_has_none():
    found = policies(definitions(fail_days=30, warn_days=0.5))
    assert sorted(found) == [
        "analysis",
        "concept_definitions",
        "concept_subset",
        "training_dataset",
    ]
    assert set(found.values()) == {
        TimeWindowFreshnessPolicy.from_timedeltas(timedelta(days=30), timedelta(hours=12))
    }


def test_assets_can_be_named():
    assert sorted(policies(definitions(fail_days=1, assets=("catalog", "retrieval")))) == [
        "catalog",
        "retrieval",
    ]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"fail_days": 0}, "greater than 0"),
        ({"fail_days": 3, "warn_days": 3}, "warn_days 3 is not below fail_days 3"),
        (
            {"fail_days": 3, "assets": ("images",)},
            "freshness.assets: nothing is published as images; allowed are",
        ),
    ],
)
def test_wrong_settings_are_named(settings, said):
    with pytest.raises(ValueError, match=said):
        definitions(**settings)


def test_the_daemon_says_when_a_result_is_out_of_date(tmp_path):
    origin = LoadableTargetOrigin(python_file=__file__, attribute="monthly")
    key, now = dg.AssetKey([NAME, "analysis"]), time.time()
    states = []
    with (
        dg.instance_for_test(temp_dir=str(tmp_path)) as instance,
        WorkspaceProcessContext(
            instance, InProcessTestWorkspaceLoadTarget(InProcessCodeLocationOrigin(origin))
        ) as workspace,
    ):
        assert "FRESHNESS_DAEMON" in instance.get_required_daemon_types()

        def look(days: float) -> None:
            with freeze_time(now + days * DAY):
                list(FreshnessDaemon().run_iteration(workspace))
            states.append(instance.get_freshness_state_records([key])[key].freshness_state)

        look(0)
        instance.report_runless_asset_event(dg.AssetMaterialization(key))
        for days in (1, 21, 31):
            look(days)
    assert states == [
        FreshnessState.UNKNOWN,
        FreshnessState.PASS,
        FreshnessState.WARN,
        FreshnessState.FAIL,
    ]
