"""How old the results of a dataset may become before the UI says so."""

from datetime import timedelta

import dagster as dg
from pydantic import Field, model_validator

from vdata_assets.workflows.settings import Settings


class FreshnessSettings(Settings):
    """When a dataset's results are out of date: counted from when they were last made, or found unchanged."""

    fail_days: float = Field(gt=0, le=3650, description="From this age on an asset is overdue.")
    warn_days: float | None = Field(None, gt=0, description="From this age on it warns; null: no warning.")
    assets: tuple[str, ...] = Field(
        (),
        description="Names of the assets that are to be fresh. None: the dataset's results, which no other "
        "asset of it is made of.",
    )

    @model_validator(mode="after")
    def _warns_before_it_fails(self) -> "FreshnessSettings":
        if self.warn_days is not None and self.warn_days >= self.fail_days:
            raise ValueError(f"warn_days {self.warn_days:g} is not below fail_days {self.fail_days:g}")
        return self

    @property
    def policy(self) -> dg.FreshnessPolicy:
        """As Dagster takes it."""
        warn = None if self.warn_days is None else timedelta(days=self.warn_days)
        return dg.FreshnessPolicy.time_window(fail_window=timedelta(days=self.fail_days), warn_window=warn)


def with_freshness(defs: dg.Definitions, settings: FreshnessSettings | None) -> dg.Definitions:
    """The definitions of a dataset, its results with a freshness policy.

    Raises:
        ValueError: a named asset is none that the dataset publishes.
    """
    if settings is None:
        return defs
    published = [asset for asset in defs.assets or () if isinstance(asset, dg.AssetsDefinition)]
    published = [asset for asset in published if asset.is_materializable]
    names = {key.path[-1]: key for asset in published for key in asset.keys}
    if unknown := sorted(set(settings.assets) - set(names)):
        raise ValueError(
            f"freshness.assets: nothing is published as {', '.join(unknown)}; allowed are "
            f"{', '.join(sorted(names))}"
        )
    used = {key for asset in published for key in asset.dependency_keys}
    chosen = {names[name] for name in settings.assets} or set(names.values()) - used

    def fresh(spec: dg.AssetSpec) -> dg.AssetSpec:
        return spec.replace_attributes(freshness_policy=settings.policy) if spec.key in chosen else spec

    # Definitions.map_asset_specs refuses those that hold an observable source asset.
    return defs.permissive_map_resolved_asset_specs(fresh, selection=None)
