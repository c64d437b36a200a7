"""What the assets of one dataset share: names, keys, partitions and the level of each check."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import dagster as dg

from vdata_assets.quality.findings import Check, Status
from vdata_assets.workflows.cadence import ScheduleSettings


@dataclass(frozen=True)
class Dataset:
    """One dataset of one workflow.

    Attributes:
        name: the defs folder's name: asset key prefix, group, and folder in the store.
        root: folder of the raw data, absolute.
        levels: check name -> level of a hit, where it differs from the check's default.
        owners: people or teams, as Dagster writes them: an email or ``team:name``.
        one_run: a backfill of many partitions is one run; otherwise one run a partition.
        dimension: what a partition is: category, export, shard.
        step_tags: asset name -> tags of its steps, for the executor.
        schedules: when its schedules are due.
        license: of the data, for the cards of what is exported; None if it is not known.
    """

    name: str
    root: Path
    levels: Mapping[str, Status] = field(default_factory=dict)
    owners: Sequence[str] = ()
    one_run: bool = True
    dimension: str = "category"
    step_tags: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    schedules: ScheduleSettings = field(default_factory=ScheduleSettings)
    license: str | None = None

    def divided_by(self, dimension: str) -> Self:
        """The dataset for assets whose partitions are of another dimension."""
        return replace(self, dimension=dimension)

    @property
    def partitions(self) -> dg.DynamicPartitionsDefinition:
        """The dataset's partitions: one a category, or whatever the workflow divides by."""
        return dg.DynamicPartitionsDefinition(name=self.partitions_name)

    @property
    def partitions_name(self) -> str:
        """Name of the partition set in the instance."""
        return f"{self.name}/{self.dimension}"

    @property
    def backfill_policy(self) -> dg.BackfillPolicy:
        """How many partitions a run of a backfill takes."""
        return dg.BackfillPolicy.single_run() if self.one_run else dg.BackfillPolicy.multi_run(1)

    @property
    def slug(self) -> str:
        """The name where Dagster takes letters, digits and underscores only: groups, jobs, sensors."""
        return self.name.replace("-", "_")

    def key(self, asset: str) -> dg.AssetKey:
        """Key of one of this dataset's assets."""
        return dg.AssetKey([self.name, asset])

    def level(self, check: Check) -> Status:
        """How bad a hit of this check is in this dataset."""
        return self.levels.get(check.name, check.default)
